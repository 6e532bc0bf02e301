//! Which kernel tables the whole-program tests go through.

use std::env;

use wavlm_kernels::Kernels;

/// All tables of this CPU; or those that `WAVLM_TEST_KERNELS` names, with commas between them. `tests/run` names one where
/// the same tests go through the others on another emulated CPU.
///
/// # Panics
/// If the variable names a table that this CPU lacks.
pub fn tables() -> Vec<&'static Kernels> {
    match env::var("WAVLM_TEST_KERNELS") {
        Ok(names) => {
            names.split(',').map(|name| Kernels::by_name(name).expect("a table of this CPU")).collect()
        }
        Err(_) => Kernels::available(),
    }
}
