//! The model that is part of the program, and what belongs to it.

use wavlm_format::Aligned;

/// `models/default.wlm`, at the alignment that the kernels read it with.
static DEFAULT: &Aligned<[u8]> = &Aligned(*include_bytes!("../../models/default.wlm"));

/// The bytes of the default model.
pub fn default_model() -> &'static [u8] {
    &DEFAULT.0
}

/// What the default model heard where nobody says a phrase of the user's: `models/default.bank`.
pub fn default_background() -> &'static [u8] {
    include_bytes!("../../models/default.bank")
}
