//! int4 weights of a tile, as they are stored.

use super::Coming;
use super::integer::{IntegerTile, Weights};
use crate::layout::{GROUP_CODES, GROUP_I4, PANEL};
use crate::types::{PanelsI4, RowsI8};
use std::ops::Range;

/// Operands of one int4 tile.
pub(crate) type TileI4<'a> = IntegerTile<'a, WeightsI4<'a>>;

/// Codes and multipliers as [`PanelsI4`] has them.
#[derive(Clone, Copy)]
pub(crate) struct WeightsI4<'a> {
    codes: &'a [[u8; GROUP_CODES]],
    multipliers: &'a [[u8; PANEL]],
}

impl Weights for WeightsI4<'_> {
    #[inline]
    fn check(&self, panels: usize, k: usize) {
        let groups = panels * k.div_ceil(GROUP_I4);
        assert!(self.codes.len() >= groups && self.multipliers.len() >= groups, "{panels} panels");
    }
}

impl<'a> TileI4<'a> {
    /// Rows `rows` of `a` by all panels of `w`. `next` are weights that the tiles to come want, to be fetched from memory
    /// meanwhile.
    ///
    /// # Panics
    /// If there are no rows or no panels, or a row does not have its codes.
    #[inline]
    pub(crate) fn new(a: &RowsI8<'a>, rows: Range<usize>, w: &PanelsI4<'a>, next: Coming<'a>) -> Self {
        let weights =
            WeightsI4 { codes: w.codes().as_chunks().0, multipliers: w.multipliers().as_chunks().0 };
        Self::of(a, rows, w.columns().depth(), weights, w.count(), next)
    }
}

/// No other architecture has a tile for them.
#[cfg(target_arch = "x86_64")]
impl<'a> TileI4<'a> {
    /// Groups of inputs that share multipliers. The last one has 16 inputs where the others have 32, if
    /// [`k`](Self::k) ends there; its weights are all there.
    #[inline]
    pub(crate) fn groups(&self) -> usize {
        self.k().div_ceil(GROUP_I4)
    }

    /// The codes of a group of inputs of a panel, and its multipliers.
    ///
    /// # Panics
    /// If there is no such panel, or no such group.
    #[inline]
    pub(crate) fn group(&self, panel: usize, group: usize) -> (&'a [u8; GROUP_CODES], &'a [u8; PANEL]) {
        let at = panel * self.groups() + group;
        (&self.weights.codes[at], &self.weights.multipliers[at])
    }
}
