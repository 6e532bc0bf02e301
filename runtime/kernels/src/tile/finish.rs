//! What becomes of a tile's sums on their way to the output.

use crate::layout::PANEL;
use crate::types::Activation;

/// What happens to a value between its sum and the output.
#[derive(Clone, Copy)]
pub(crate) struct Finish<'a> {
    pub(crate) activation: Option<Activation>,
    /// Add to the output instead of overwriting it.
    pub(crate) accumulate: bool,
    /// One vector per panel.
    pub(crate) bias: &'a [[f32; PANEL]],
}

/// What integer sums stand for: `sum · row scale · column scale + offset · weight sum`.
#[derive(Clone, Copy)]
pub(crate) struct Scales<'a> {
    /// One per row.
    pub(crate) rows: &'a [f32],
    /// One per row.
    pub(crate) offsets: &'a [f32],
    /// One vector per panel.
    pub(crate) columns: &'a [[f32; PANEL]],
    /// One vector per panel: what each column's weights sum to, scaled.
    pub(crate) scaled_sums: &'a [[f32; PANEL]],
}
