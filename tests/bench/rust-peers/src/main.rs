//! Runs an ONNX model with an engine that is written in Rust, in the manner of `worker.py`: one recording, again
//! and again for a while, and one JSON line of what was seen.
//!
//! `rust-peers tract|rten MODEL.onnx FILE.wav THREADS RUNS SECONDS`

mod rten;
mod tract;

use std::path::Path;
use std::time::{Duration, Instant};
use std::{env, fs};

use anyhow::{Context, Result, bail};
use serde::Serialize;

/// Runs before the clock counts: what an engine sets up lazily, caches, page faults.
const WARM_UPS: usize = 2;

/// One run of a loaded model over the recording that it was loaded for.
type Infer = Box<dyn FnMut() -> Result<Outputs>>;

#[derive(Serialize)]
struct Outputs {
    embeddings: Vec<f32>,
    logits: Vec<f32>,
}

#[derive(Serialize)]
struct Record {
    load_ms: f64,
    runs_ms: Vec<f64>,
    peak_rss_bytes: u64,
    #[serde(flatten)]
    outputs: Outputs,
}

fn main() -> Result<()> {
    let arguments: Vec<String> = env::args().skip(1).collect();
    let [engine, model, wav, threads, runs, seconds] = arguments.as_slice() else {
        bail!("usage: rust-peers tract|rten MODEL.onnx FILE.wav THREADS RUNS SECONDS");
    };
    let load = match engine.as_str() {
        "tract" => tract::load,
        "rten" => rten::load,
        other => bail!("no engine is called {other}"),
    };
    let samples = read(Path::new(wav))?;
    let start = Instant::now();
    let infer = load(Path::new(model), samples, threads.parse()?)?;
    let load_ms = milliseconds(start.elapsed());
    let record = measure(load_ms, infer, runs.parse()?, Duration::from_secs_f64(seconds.parse()?))?;
    println!("{}", serde_json::to_string(&record)?);
    Ok(())
}

/// At least `runs` runs for at least `time`.
fn measure(load_ms: f64, mut infer: Infer, runs: usize, time: Duration) -> Result<Record> {
    let mut outputs = infer()?;
    for _ in 1..WARM_UPS {
        infer()?;
    }
    let mut runs_ms = Vec::new();
    let start = Instant::now();
    while runs_ms.len() < runs || start.elapsed() < time {
        let start = Instant::now();
        outputs = infer()?;
        runs_ms.push(milliseconds(start.elapsed()));
    }
    Ok(Record { load_ms, runs_ms, peak_rss_bytes: peak_rss()?, outputs })
}

/// The samples of a 16-bit recording, full scale ±1.
fn read(wav: &Path) -> Result<Vec<f32>> {
    let samples = hound::WavReader::open(wav)?.into_samples::<i16>();
    samples.map(|sample| Ok(f32::from(sample?) / 32_768.0)).collect()
}

fn milliseconds(duration: Duration) -> f64 {
    duration.as_secs_f64() * 1e3
}

/// Most memory that this process has had resident, as Linux counts it.
fn peak_rss() -> Result<u64> {
    let status = fs::read_to_string("/proc/self/status")?;
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:")).context("no VmHWM")?;
    let kibibytes: u64 = line.trim().trim_end_matches(" kB").parse()?;
    Ok(kibibytes * 1024)
}
