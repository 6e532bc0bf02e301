//! A planned graph that runs: its state, which is reused from run to run, and the threads that it computes with.

#[cfg(feature = "parallel")]
use std::sync::{Arc, Mutex};

use ndarray::ArrayD;
use tract_core::internal::*;
use wavlm_format::schema::OutputSpec;

use crate::error::Error;
use crate::graph::Graph;

/// Threads that plans share.
#[derive(Clone)]
pub(crate) struct Threads {
    #[cfg(feature = "parallel")]
    pool: Option<Arc<rayon::ThreadPool>>,
}

impl Threads {
    /// So many threads; one is the calling thread.
    #[cfg(feature = "parallel")]
    pub fn new(threads: usize) -> Result<Threads, Error> {
        if threads == 1 {
            return Ok(Threads { pool: None });
        }
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
        let pool = pool.map_err(|error| Error::Threads { threads, reason: error.to_string() })?;
        Ok(Threads { pool: Some(Arc::new(pool)) })
    }

    /// The calling thread, which is all that this build computes with.
    #[cfg(not(feature = "parallel"))]
    pub fn new(_threads: usize) -> Result<Threads, Error> {
        Ok(Threads {})
    }
}

/// A plan with its state.
pub(crate) struct Plan {
    state: TypedSimpleState,
    /// What the plan gives, and where.
    outputs: Vec<(OutputSpec, usize)>,
    #[cfg_attr(not(feature = "parallel"), expect(dead_code, reason = "there is one thread"))]
    threads: Threads,
}

impl Plan {
    pub fn new(graph: Graph, threads: Threads) -> Result<Plan, Error> {
        Ok(Plan { state: graph.plan.spawn()?, outputs: graph.outputs, threads })
    }

    /// What a run gives, in its order.
    pub fn outputs(&self) -> impl Iterator<Item = &OutputSpec> {
        self.outputs.iter().map(|(spec, _)| spec)
    }

    /// Runs it, and names what comes out.
    pub fn run(&mut self, inputs: TVec<TValue>) -> Result<Vec<(String, ArrayD<f32>)>, Error> {
        let tensors = self.run_state(inputs)?;
        let named = self.outputs.iter().map(|(spec, index)| {
            let view = tensors[*index].to_plain_array_view::<f32>()?;
            Ok((spec.name.clone(), view.to_owned()))
        });
        named.collect()
    }

    #[cfg(feature = "parallel")]
    fn run_state(&mut self, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        let state = &mut self.state;
        match &self.threads.pool {
            Some(pool) => on_first_worker(pool, || run_afresh(state, inputs)),
            None => run_afresh(state, inputs),
        }
    }

    #[cfg(not(feature = "parallel"))]
    fn run_state(&mut self, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
        run_afresh(&mut self.state, inputs)
    }
}

/// Runs the plan. After a failed run the state is reset, so that the next run starts clean.
fn run_afresh(state: &mut TypedSimpleState, inputs: TVec<TValue>) -> TractResult<TVec<TValue>> {
    let outputs = state.run(inputs);
    if outputs.is_err() {
        state.reset_turn()?;
    }
    outputs
}

/// Runs `task` in the pool, always on the same one of its threads: `install` would take any, and after some runs every
/// thread would keep a set of the large buffers.
#[cfg(feature = "parallel")]
fn on_first_worker<R: Send>(pool: &rayon::ThreadPool, task: impl FnOnce() -> R + Send) -> R {
    let task = Mutex::new(Some(task));
    let results = pool.broadcast(|worker| {
        let task = if worker.index() == 0 { task.lock().ok()?.take() } else { None };
        task.map(|task| task())
    });
    results.into_iter().flatten().next().expect("the first worker ran the task")
}
