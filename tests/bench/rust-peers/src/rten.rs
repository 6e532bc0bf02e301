//! rten, with its weights packed when they are loaded: more memory, faster runs.

use std::path::Path;
use std::sync::Arc;

use anyhow::Result;
use rten::{ModelOptions, RunOptions, ThreadPool, Value};

use crate::{Infer, Outputs};

pub fn load(model: &Path, samples: Vec<f32>, threads: usize) -> Result<Infer> {
    let model = ModelOptions::with_all_ops().prepack_weights(true).load_file(model)?;
    let input = model.node_id("waveform")?;
    let outputs = [model.node_id("embeddings")?, model.node_id("logits")?];
    let waveform = Value::from_shape([1, samples.len()], samples)?;
    let options =
        RunOptions::default().with_thread_pool(Some(Arc::new(ThreadPool::with_num_threads(threads))));
    Ok(Box::new(move || {
        let values = model.run_n(vec![(input, (&waveform).into())], outputs, Some(options.clone()))?;
        let [embeddings, logits] = values.map(|value| value.into_shape_vec::<f32, 2>());
        Ok(Outputs { embeddings: embeddings?.1, logits: logits?.1 })
    }))
}
