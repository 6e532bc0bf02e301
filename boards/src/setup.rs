//! Model, cores, kernels and threads, from options and environment.

use std::env;

use wavlm_kernels::Kernels;
use wavlm_runtime::{Model, SessionOptions};

use crate::builtin;
use crate::cli::Common;
use crate::cores::{self, Cores, Wish};
use crate::failure::Failure;

/// Overrides the choice of kernels.
pub const KERNEL_VARIABLE: &str = "WAVLM_KERNEL";

/// What every command starts from.
#[derive(Debug)]
pub struct Setup {
    /// The model.
    pub model: Model,
    /// How messages call it.
    pub model_name: String,
    /// Kernels and threads; all heads.
    pub options: SessionOptions,
    /// Where the threads run.
    pub cores: Cores,
}

impl Setup {
    /// Opens the model, keeps this thread and those to come to the fast cores, chooses the kernels.
    ///
    /// # Errors
    /// The model is none, `WAVLM_KERNEL` names kernels that this machine cannot run, or `WAVLM_CORES` is unknown.
    pub fn new(common: &Common) -> Result<Self, Failure> {
        let (model_name, model) = match &common.model {
            Some(path) => (
                path.display().to_string(),
                Model::open(path).map_err(|error| Failure::Open(Box::new(error)))?,
            ),
            None => {
                let name = "built-in model".to_owned();
                let model = Model::from_static(builtin::default_model()).map_err(Failure::model(&name))?;
                (name, model)
            }
        };
        let threads = usize::from(common.threads);
        let cores = Cores::keep(wish()?, threads);
        let kernels = kernels(&cores)?;
        let options = SessionOptions { threads, kernels, ..SessionOptions::default() };
        Ok(Setup { model, model_name, options, cores })
    }
}

/// Names of the kernels that this machine runs, the preferred ones last.
pub fn available_kernels() -> Vec<&'static str> {
    Kernels::available().into_iter().map(Kernels::name).collect()
}

fn kernels(cores: &Cores) -> Result<&'static Kernels, Failure> {
    match env::var_os(KERNEL_VARIABLE) {
        None => Ok(Kernels::detect_for(cores.kind())),
        Some(name) => Kernels::by_name(&name.to_string_lossy())
            .map_err(|error| Failure::Kernel { error, available: available_kernels().join(", ") }),
    }
}

fn wish() -> Result<Wish, Failure> {
    let value = env::var_os(cores::VARIABLE);
    Wish::of(value.as_deref())
        .ok_or_else(|| Failure::Cores(value.unwrap_or_default().to_string_lossy().into_owned()))
}
