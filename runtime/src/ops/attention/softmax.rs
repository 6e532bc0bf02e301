//! The softmax that is carried from one block of keys to the next.

use wavlm_kernels::Kernels;

use super::QUERY_BLOCK;

/// Largest score and sum of powers of every query of a block, over the keys so far.
pub(super) struct Softmax {
    pub max: [f32; QUERY_BLOCK],
    pub sum: [f32; QUERY_BLOCK],
}

impl Default for Softmax {
    fn default() -> Softmax {
        Softmax { max: [f32::NEG_INFINITY; QUERY_BLOCK], sum: [0.0; QUERY_BLOCK] }
    }
}

impl Softmax {
    /// Takes in the largest score of more keys: where it is the largest of all, what a query has summed and `mixed` so far
    /// becomes smaller accordingly.
    pub fn raise(&mut self, kernels: &Kernels, query: usize, largest: f32, mixed: &mut [f32]) {
        let before = self.max[query];
        if largest > before {
            self.max[query] = largest;
            // Before the first keys there is nothing.
            if before > f32::NEG_INFINITY {
                let correction = (before - largest).exp();
                self.sum[query] *= correction;
                kernels.scale(mixed, correction);
            }
        }
    }
}
