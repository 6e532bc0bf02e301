//! Medians over rounds. A round times every case once, so a drifting clock or a busy neighbour hits all alike.

use std::time::{Duration, Instant};

const ROUNDS: usize = 31;

/// A case is repeated within a round for at least as long, so that reading the clock costs nothing beside it; not for
/// much longer, so that the scheduler seldom lets others in between.
const SHORTEST: Duration = Duration::from_micros(200);

/// The kind of arithmetic of a product.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    Int8,
    Float,
}

impl Precision {
    pub fn name(self) -> &'static str {
        match self {
            Self::Int8 => "int8",
            Self::Float => "f32",
        }
    }
}

/// What is compared with what.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Group {
    /// Multiply-accumulates on registers alone.
    Peak(Precision),
    /// Multiply-accumulates of a product.
    Product(Precision),
    /// Elements of rows.
    Function,
}

/// Calls something so many times, and says how long it took.
pub type Run = Box<dyn FnMut(u32) -> Duration>;

/// One thing that one table does.
pub struct Case {
    pub kernel: &'static str,
    pub group: Group,
    pub name: String,
    /// Multiply-accumulates or elements of one call.
    pub work: u64,
    pub run: Run,
}

/// How fast a case is.
pub struct Measured {
    pub kernel: &'static str,
    pub group: Group,
    pub name: String,
    /// Work per nanosecond: GMAC/s, or elements per nanosecond.
    pub rate: f64,
}

/// Calls of `f`, and nothing else.
pub fn calls(mut f: impl FnMut() + 'static) -> Run {
    Box::new(move |calls| {
        let start = Instant::now();
        for _ in 0..calls {
            f();
        }
        start.elapsed()
    })
}

pub fn measure(mut cases: Vec<Case>) -> Vec<Measured> {
    let calls: Vec<u32> = cases.iter_mut().map(enough_calls).collect();
    let mut times = vec![Vec::with_capacity(ROUNDS); cases.len()];
    for _ in 0..ROUNDS {
        for ((case, &calls), times) in cases.iter_mut().zip(&calls).zip(&mut times) {
            times.push((case.run)(calls).as_secs_f64() / f64::from(calls));
        }
    }
    let measured = |(case, times): (Case, Vec<f64>)| Measured {
        kernel: case.kernel,
        group: case.group,
        name: case.name,
        rate: case.work as f64 / (median(times) * 1e9),
    };
    cases.into_iter().zip(times).map(measured).collect()
}

/// Calls that take [`SHORTEST`]; finding them warms up.
fn enough_calls(case: &mut Case) -> u32 {
    let mut calls = 1;
    while (case.run)(calls) < SHORTEST {
        calls *= 2;
    }
    calls
}

fn median(mut times: Vec<f64>) -> f64 {
    times.sort_by(f64::total_cmp);
    times[times.len() / 2]
}
