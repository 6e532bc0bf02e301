//! What PEFT calls its tensors.

/// Parts of names that only adapters have: those of LoRA and its kin, then the beginnings that PEFT gives the parameters
/// of every other method.
const LORA: [&str; 5] = ["lora_A", "lora_B", "lora_embedding_A", "lora_embedding_B", "lora_magnitude_vector"];
const COPY: &str = "modules_to_save";
const WRAPPERS: [&str; 5] = [COPY, "base_layer", "original_module", "token_adapter", "internal_modules"];
const OTHER_METHODS: [&str; 32] = [
    "lora_",
    "ia3_",
    "hada_",
    "lokr_",
    "oft_",
    "boft_",
    "hra_",
    "vera_",
    "vblora_",
    "fourierft_",
    "ln_tuning_",
    "randlora_",
    "road_",
    "shira_",
    "poly_",
    "c3a_",
    "miss_",
    "bone_",
    "trainable_tokens_",
    "delora_",
    "gralora_",
    "hira_",
    "waveft_",
    "osf_",
    "pvera_",
    "psoft_",
    "tinylora_",
    "adamss_",
    "supertuning_",
    "shadow_",
    "adaption_",
    "prompt_",
];

/// Whether a tensor is part of an adapter.
pub(super) fn is_of_adapter(name: &str) -> bool {
    let of_adapter = |part: &str| {
        WRAPPERS.contains(&part) || OTHER_METHODS.iter().any(|beginning| part.starts_with(beginning))
    };
    name.split('.').any(of_adapter)
}

/// Whether a tensor is part of a trained copy of a layer.
pub(super) fn is_copy(name: &str) -> bool {
    name.split('.').any(|part| part == COPY)
}

/// The parts of a layer's low-rank update.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Part {
    /// From the inputs to the rank.
    A,
    /// From the rank to the outputs.
    B,
    /// The bias behind `B`.
    Bias,
    /// As `A`, for an embedding; both as they are multiplied, not as a linear layer keeps them.
    EmbeddingA,
    EmbeddingB,
    /// The lengths of the merged weight's rows (DoRA).
    Magnitude,
}

/// The name of one part, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct LoraName<'a> {
    /// The layer.
    pub module: &'a str,
    pub part: Part,
    /// The adapter's name, where the file gives it.
    pub adapter: Option<&'a str>,
}

impl<'a> LoraName<'a> {
    pub fn parse(name: &'a str) -> Option<Self> {
        let (module, kind, rest) = LORA.iter().find_map(|kind| {
            let (module, rest) = name.split_once(&format!(".{kind}"))?;
            (rest.is_empty() || rest.starts_with('.')).then_some((module, *kind, rest))
        })?;
        let rest: Vec<&str> = rest.split('.').skip(1).collect();
        let (adapter, leaf) = match (kind, rest.as_slice()) {
            ("lora_A" | "lora_B", [leaf]) => (None, *leaf),
            ("lora_A" | "lora_B", [adapter, leaf]) => (Some(*adapter), *leaf),
            ("lora_A" | "lora_B", _) => return None,
            // Parameters without a layer of their own, but for DoRA's of today.
            (_, [] | ["weight"]) => (None, "weight"),
            (_, [adapter] | [adapter, "weight"]) => (Some(*adapter), "weight"),
            _ => return None,
        };
        let part = match (kind, leaf) {
            ("lora_A", "weight") => Part::A,
            ("lora_B", "weight") => Part::B,
            ("lora_B", "bias") => Part::Bias,
            ("lora_embedding_A", "weight") => Part::EmbeddingA,
            ("lora_embedding_B", "weight") => Part::EmbeddingB,
            ("lora_magnitude_vector", "weight") => Part::Magnitude,
            _ => return None,
        };
        Some(Self { module, part, adapter })
    }
}

/// The name of a tensor of a trained copy, `classifier.modules_to_save.default.weight`, taken apart.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct TrainedCopy<'a> {
    pub module: &'a str,
    pub adapter: &'a str,
    pub part: &'a str,
}

impl<'a> TrainedCopy<'a> {
    pub fn parse(name: &'a str) -> Option<Self> {
        let (module, rest) = name.split_once(".modules_to_save.")?;
        let (adapter, part) = rest.split_once('.')?;
        Some(Self { module, adapter, part })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_spelling_is_understood() {
        for (name, part, adapter) in [
            ("q.lora_A.weight", Part::A, None),
            ("q.lora_A.default.weight", Part::A, Some("default")),
            ("q.lora_B.words.weight", Part::B, Some("words")),
            ("q.lora_B.bias", Part::Bias, None),
            ("q.lora_B.default.bias", Part::Bias, Some("default")),
            ("q.lora_embedding_A", Part::EmbeddingA, None),
            ("q.lora_embedding_B.default", Part::EmbeddingB, Some("default")),
            ("q.lora_magnitude_vector", Part::Magnitude, None),
            ("q.lora_magnitude_vector.weight", Part::Magnitude, None),
            ("q.lora_magnitude_vector.default", Part::Magnitude, Some("default")),
            ("q.lora_magnitude_vector.default.weight", Part::Magnitude, Some("default")),
        ] {
            assert_eq!(LoraName::parse(name), Some(LoraName { module: "q", part, adapter }), "{name}");
            assert!(is_of_adapter(name), "{name}");
        }
        for name in
            ["q.weight", "q.lora_A", "q.lora_E.default", "q.lora_Ab.weight", "lora_A.weight", "q.lora_A.bias"]
        {
            assert_eq!(LoraName::parse(name), None, "{name}");
        }
    }

    #[test]
    fn other_methods_are_adapters_too() {
        for name in [
            "q.ia3_l.default",
            "q.lora_E.default",
            "q.hada_w1_a.default",
            "q.oft_R.default.weight",
            "q.vera_lambda_b.default",
            "classifier.modules_to_save.default.weight",
            "classifier.original_module.weight",
        ] {
            assert!(is_of_adapter(name), "{name}");
        }
        for name in
            ["encoder.layers.0.attention.q_proj.weight", "adapter.layers.0.conv.weight", "projector.bias"]
        {
            assert!(!is_of_adapter(name), "{name}");
        }
    }
}
