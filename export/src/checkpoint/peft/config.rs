//! `adapter_config.json`: which adapter, of which rank and strength, over which base.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::Value;

use crate::checkpoint::error::{AdapterProblem, CheckpointError};
use crate::checkpoint::json;
use crate::checkpoint::names::ENCODER;

/// Keys that do not change what a merged adapter computes. Any other key that is set makes it something that this
/// program does not know.
///
/// `fan_in_fan_out` is among them since PEFT itself ignores it for the layers that WavLM is made of.
const HARMLESS: [&str; 24] = [
    "bias",
    "corda_config",
    "ensure_weight_tying",
    "eva_config",
    "exclude_modules",
    "fan_in_fan_out",
    "inference_mode",
    "init_lora_weights",
    "layers_pattern",
    "layers_to_transform",
    "loftq_config",
    "lora_bias",
    "lora_dropout",
    "megatron_core",
    "parent_library",
    "peft_version",
    "qalora_group_size",
    "revision",
    "runtime_config",
    "target_modules",
    "task_type",
    "use_dora",
    "lora_ga_config",
    "inference_config",
];

/// Ways to begin training that leave the base's weights as they are. Others take a part of them out, which only a
/// whole saved model shows.
const INITIAL: [&str; 4] = ["gaussian", "eva", "orthogonal", "True"];

/// The keys that merging needs.
#[derive(Clone, Debug, Deserialize)]
pub(in crate::checkpoint) struct AdapterConfig {
    peft_type: Option<String>,
    base_model_name_or_path: Option<String>,
    auto_mapping: Option<AutoMapping>,
    r: Option<u32>,
    lora_alpha: Option<f64>,
    #[serde(default)]
    use_rslora: Option<bool>,
    rank_pattern: Option<BTreeMap<String, u32>>,
    alpha_pattern: Option<BTreeMap<String, f64>>,
    modules_to_save: Option<Vec<String>>,
    #[serde(flatten)]
    others: BTreeMap<String, Value>,
}

#[derive(Clone, Debug, Deserialize)]
struct AutoMapping {
    base_model_class: Option<String>,
}

impl AdapterConfig {
    /// The file's name.
    pub const FILE: &str = "adapter_config.json";

    /// Reads the file; `None` if there is none.
    pub fn read(path: &Path) -> Result<Option<Self>, CheckpointError> {
        json::read_optional(path)
    }

    /// The model that the adapter was trained on.
    pub fn base(&self) -> Option<&str> {
        self.base_model_name_or_path.as_deref()
    }

    /// The class of that model.
    pub fn class(&self) -> Option<&str> {
        self.auto_mapping.as_ref()?.base_model_class.as_deref()
    }

    /// Checks that this is an adapter that can be merged: LoRA, rank-stabilised or not, and DoRA.
    pub(super) fn check(&self) -> Result<(), AdapterProblem> {
        match self.peft_type.as_deref() {
            Some("LORA") | None => {}
            Some(other) => return Err(AdapterProblem::Kind { found: other.to_owned() }),
        }
        let set = |value: &Value| match value {
            Value::Null | Value::Bool(false) => false,
            Value::Array(items) => !items.is_empty(),
            Value::Object(items) => !items.is_empty(),
            _ => true,
        };
        let variant = self.others.iter().find(|(key, value)| set(value) && !HARMLESS.contains(&key.as_str()));
        if let Some((key, _)) = variant {
            return Err(AdapterProblem::Variant { key: key.clone() });
        }
        match self.others.get("init_lora_weights") {
            Some(Value::String(way)) if !INITIAL.contains(&way.as_str()) => {
                Err(AdapterProblem::Variant { key: format!("init_lora_weights: {way}") })
            }
            _ => Ok(()),
        }
    }

    /// Whether a trained copy of the layer counts.
    pub(super) fn saves(&self, module: &str) -> bool {
        self.modules_to_save.iter().flatten().any(|name| is_named(module, name))
    }

    /// What the product of the layer's two matrices is multiplied with. `rank` is that of the matrices.
    pub(super) fn scale(&self, module: &str, rank: usize) -> Result<f32, AdapterProblem> {
        let expected = self.of_pattern("rank_pattern", &self.rank_pattern, module)?.or(self.r);
        let expected = expected.ok_or(AdapterProblem::NotGiven { key: "r" })?;
        if expected as usize != rank || rank == 0 {
            return Err(AdapterProblem::Rank { module: module.to_owned(), found: rank, expected });
        }
        let alpha = self.of_pattern("alpha_pattern", &self.alpha_pattern, module)?.or(self.lora_alpha);
        let alpha = alpha.ok_or(AdapterProblem::NotGiven { key: "lora_alpha" })?;
        let rank = f64::from(expected);
        let divisor = if self.use_rslora.unwrap_or(false) { rank.sqrt() } else { rank };
        Ok((alpha / divisor) as f32)
    }

    /// What a pattern says of the layer. PEFT takes its keys for regular expressions; only plain names are understood
    /// here, and only one key may fit a layer.
    fn of_pattern<T: Copy>(
        &self,
        key: &'static str,
        pattern: &Option<BTreeMap<String, T>>,
        module: &str,
    ) -> Result<Option<T>, AdapterProblem> {
        let mut found = None;
        for (name, &value) in pattern.iter().flatten() {
            let plain = name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte));
            let fits = plain && is_named(module, name);
            if !plain || (fits && found.is_some()) {
                let (pattern, module) = (name.clone(), module.to_owned());
                return Err(AdapterProblem::Pattern { key, pattern, module });
            }
            if fits {
                found = Some(value);
            }
        }
        Ok(found)
    }
}

/// Whether `name` is a layer's name or the end of it, as in `attention.q_proj`.
fn is_named(module: &str, name: &str) -> bool {
    let whole = |module: &str| module == name || module.ends_with(&format!(".{name}"));
    whole(module) || whole(&format!("{ENCODER}.{module}"))
}
