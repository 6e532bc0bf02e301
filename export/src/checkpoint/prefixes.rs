//! What training programs put around a model, and thereby around the names of its tensors, taken off again.

use super::error::Problem;
use super::names::ENCODER;
use super::tensors::NamedTensors;

/// Names of objects around the model. `self.model = WavLM…` is how Lightning modules and trainers' classes hold it.
const OUTERMOST: [&str; 2] = ["model", "base_model"];

/// Names of objects around the model or around any layer of it: torch's `DataParallel`, `compile`, and sharded training.
const ANYWHERE: [&str; 5] =
    ["module", "_orig_mod", "_fsdp_wrapped_module", "_checkpoint_wrapped_module", "_forward_module"];

/// Brings names to those that transformers gives the encoder alone, without the `wavlm.` that heads put before it.
pub(super) fn strip(tensors: &mut NamedTensors) -> Result<(), Problem> {
    tensors.rename(stripped)
}

fn stripped(name: &str) -> String {
    let mut parts: Vec<&str> = name.split('.').filter(|part| !ANYWHERE.contains(part)).collect();
    let outside = parts.iter().take_while(|part| OUTERMOST.contains(part)).count();
    parts.drain(..outside);
    if parts.first() == Some(&ENCODER) {
        parts.remove(0);
    }
    parts.join(".")
}

#[cfg(test)]
mod tests {
    use super::stripped;

    #[test]
    fn wrappers_are_taken_off_in_any_number() {
        for (name, bare) in [
            ("encoder.layer_norm.weight", "encoder.layer_norm.weight"),
            ("wavlm.encoder.layer_norm.weight", "encoder.layer_norm.weight"),
            ("module.wavlm.encoder.layer_norm.weight", "encoder.layer_norm.weight"),
            ("_orig_mod.module.model.wavlm.encoder.layer_norm.weight", "encoder.layer_norm.weight"),
            ("base_model.model.classifier.weight", "classifier.weight"),
            (
                "wavlm._orig_mod.encoder.layers.0._checkpoint_wrapped_module.layer_norm.bias",
                "encoder.layers.0.layer_norm.bias",
            ),
            ("feature_extractor.weight", "feature_extractor.weight"),
            ("module", ""),
        ] {
            assert_eq!(stripped(name), bare, "{name}");
        }
    }
}
