//! The model that is part of the program.

use wavlm_format::Aligned;

/// `models/default.wlm`, at the alignment that the kernels read it with.
static DEFAULT: &Aligned<[u8]> = &Aligned(*include_bytes!("../../models/default.wlm"));

/// The bytes of the default model.
pub fn default_model() -> &'static [u8] {
    &DEFAULT.0
}
