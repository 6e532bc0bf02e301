//! Which arithmetic runs, and over how many threads: the part of every op that is not the model.

use std::ops::Range;

use wavlm_kernels::{Kernels, MatMut, PANEL};

/// A multiple of the rows of most tiles.
const TILE_ROWS: usize = 48;

/// A kernel table and a thread count.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Engine {
    pub kernels: &'static Kernels,
    pub threads: usize,
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

    /// Splits a product's output into windows for the threads: whole panels, or rows where there are fewer
    /// panels than threads.
    pub fn windows<'a>(&self, out: MatMut<'a>) -> Vec<Window<'a>> {
        let (rows, columns) = (out.rows(), out.columns());
        let panels = columns.div_ceil(PANEL);
        if panels < self.threads {
            let height = self.rows_per_task(rows).next_multiple_of(TILE_ROWS);
            let blocks = out.row_blocks(height).enumerate();
            return blocks.map(|(i, out)| Window { first_row: i * height, first_panel: 0, out }).collect();
        }
        let width = panels.div_ceil(self.threads);
        let blocks = out.column_blocks(width * PANEL).enumerate();
        blocks.map(|(i, out)| Window { first_row: 0, first_panel: i * width, out }).collect()
    }
}

/// A part of a product's output.
pub(crate) struct Window<'a> {
    pub first_row: usize,
    pub first_panel: usize,
    pub out: MatMut<'a>,
}

impl<'a> Window<'a> {
    pub fn rows(&self) -> Range<usize> {
        self.first_row..self.first_row + self.out.rows()
    }

    pub fn panels(&self) -> Range<usize> {
        self.first_panel..self.first_panel + self.out.columns().div_ceil(PANEL)
    }

    pub fn columns(&self) -> Range<usize> {
        self.first_panel * PANEL..self.first_panel * PANEL + self.out.columns()
    }
}
