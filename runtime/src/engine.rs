//! Which arithmetic runs, and over how many threads: the part of every op that is not the model.

use wavlm_kernels::{Kernels, MatMut};

/// A kernel table and a thread count. Two engines are equal if they name the same table and count.
#[derive(Clone, Copy)]
pub(crate) struct Engine {
    pub kernels: &'static Kernels,
    pub threads: usize,
}

impl PartialEq for Engine {
    fn eq(&self, other: &Engine) -> bool {
        self.kernels.name() == other.kernels.name() && self.threads == other.threads
    }
}

impl Eq for Engine {}

impl std::fmt::Debug for Engine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}×{}", self.kernels.name(), self.threads)
    }
}

impl Engine {
    /// Runs `task` on every item; the items must be independent, since their order is not fixed.
    pub fn each<T: Send>(&self, items: impl IntoIterator<Item = T>, task: impl Fn(T) + Send + Sync) {
        #[cfg(feature = "parallel")]
        if self.threads > 1 {
            use rayon::prelude::*;
            let items: Vec<T> = items.into_iter().collect();
            return items.into_par_iter().for_each(task);
        }
        items.into_iter().for_each(task);
    }

    /// Splits `rows` into about equal runs, one or more per thread; never an empty one.
    pub fn rows_per_task(&self, rows: usize) -> usize {
        rows.div_ceil(self.threads).max(1)
    }

    /// Splits a matrix into windows of whole 16-column panels, `(first column, window)`, one per thread.
    pub fn column_windows<'a>(&self, out: MatMut<'a>) -> Vec<(usize, MatMut<'a>)> {
        let width = out.columns().div_ceil(16).div_ceil(self.threads).max(1) * 16;
        out.column_blocks(width).enumerate().map(|(i, window)| (i * width, window)).collect()
    }
}
