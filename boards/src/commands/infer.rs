//! `wavlm infer`: every tensor that a model gives for one recording, as a safetensors file.

use std::io::Write;

use safetensors::{Dtype, tensor::TensorView};
use wavlm_format::{Readers, write_atomically};
use wavlm_runtime::SessionOptions;

use super::Verdict;
use crate::cli::Infer;
use crate::failure::Failure;
use crate::input;
use crate::setup::Setup;

pub fn run(setup: &Setup, options: &Infer) -> Result<Verdict, Failure> {
    let samples = input::read(&options.file, &options.sound.options())?;
    let session_options = SessionOptions {
        base: true,
        hidden_states: options.hidden_states,
        attentions: options.attentions,
        ..setup.options.clone()
    };
    let session = setup.model.session(&session_options).map_err(Failure::model(&setup.model_name));
    let outputs = session?.run(&samples).map_err(Failure::model(options.file.display()))?;
    let tensors: Vec<(&str, &[usize], Vec<u8>)> = outputs
        .iter()
        .map(|(name, values)| {
            (name, values.shape(), values.iter().flat_map(|value| value.to_le_bytes()).collect())
        })
        .collect();
    let refused = |error| Failure::Tensors { file: options.output.clone(), error };
    let views: Result<Vec<_>, _> = tensors
        .iter()
        .map(|(name, shape, bytes)| Ok((*name, TensorView::new(Dtype::F32, shape.to_vec(), bytes)?)))
        .collect();
    let bytes = safetensors::serialize(views.map_err(refused)?, None).map_err(refused)?;
    write_atomically(&options.output, Readers::Umask, |out| out.write_all(&bytes))
        .map_err(Failure::io(&options.output))?;
    Ok(Verdict::Yes)
}
