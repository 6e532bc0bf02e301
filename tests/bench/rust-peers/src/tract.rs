//! tract, given the exact length of the recording, which it optimises best for.

use std::path::Path;

use tract_linalg::multithread::{Executor, set_default_executor};
use tract_onnx::prelude::*;

use crate::{Infer, Outputs};

pub fn load(model: &Path, samples: Vec<f32>, threads: usize) -> anyhow::Result<Infer> {
    let waveform = Tensor::from_shape(&[1, samples.len()], &samples)?;
    let plan = tract_onnx::onnx()
        .model_for_path(model)?
        .with_input_fact(0, f32::fact([1, samples.len()]).into())?
        .into_optimized()?
        .into_runnable()?;
    let infer = move || {
        let outputs = plan.run(tvec!(waveform.clone().into_tvalue()))?;
        let values =
            |index: usize| anyhow::Ok(outputs[index].try_as_plain_ram()?.as_slice::<f32>()?.to_vec());
        Ok(Outputs { embeddings: values(0)?, logits: values(1)? })
    };

    let executor = if threads == 1 { Executor::SingleThread } else { Executor::multithread(threads) };
    set_default_executor(executor.clone());
    Ok(match executor {
        // Inside the pool, where the calling thread is one of those that compute.
        Executor::MultiThread(pool) => Box::new(move || pool.install(&infer)),
        _ => Box::new(infer),
    })
}
