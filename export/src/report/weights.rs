//! How the weights of a matrix lie.

use wavlm_format::{Packing, TensorError, TensorRef};

/// Bars, an odd number: the middle one is around zero.
const BARS: usize = 33;

/// Weights by the part that each is of the largest that its row, or its matrix in f32, can hold.
pub(super) struct Histogram {
    counts: [u64; BARS],
}

impl Histogram {
    /// Counts the weights of a matrix, padding left out.
    ///
    /// # Errors
    /// The tensor is none, or damaged.
    pub fn of(tensor: &TensorRef) -> Result<Self, TensorError> {
        let mut histogram = Self { counts: [0; BARS] };
        match tensor.entry().packing {
            Packing::PanelsI8 => {
                let view = tensor.panels_i8()?;
                let depth = view.columns.next_multiple_of(16);
                each(view.groups, view.rows, view.columns, |row, column| {
                    let code = view.data[row / 16 * 16 * depth + column / 4 * 64 + row % 16 * 4 + column % 4];
                    histogram.add(f64::from(code) / 127.0);
                });
            }
            Packing::PanelsI4 => {
                let view = tensor.panels_i4()?;
                let depth = view.columns.next_multiple_of(32);
                each(view.groups, view.rows, view.columns, |row, column| {
                    let panel = row / 16;
                    let byte = view.codes[panel * depth * 8 + column / 8 * 64 + row % 16 * 4 + column % 4];
                    let code = byte >> (column / 4 % 2 * 4) & 15;
                    let multiplier = view.multipliers[panel * depth / 2 + column / 32 * 16 + row % 16];
                    histogram.add((f64::from(code) - 8.0) * f64::from(multiplier) / 120.0);
                });
            }
            Packing::PanelsF32 | Packing::DenseF32 => {
                let view = tensor.panels_f32()?;
                let largest = view.data.iter().fold(f32::MIN_POSITIVE, |largest, w| largest.max(w.abs()));
                each(view.groups, view.rows, view.columns, |row, column| {
                    let weight = view.data[row / 16 * 16 * view.columns + column * 16 + row % 16];
                    histogram.add(f64::from(weight / largest));
                });
            }
        }
        Ok(histogram)
    }

    fn add(&mut self, part: f64) {
        let bar = ((part.clamp(-1.0, 1.0) + 1.0) / 2.0 * BARS as f64) as usize;
        self.counts[bar.min(BARS - 1)] += 1;
    }

    /// The height of every bar as a share of the highest.
    pub fn shares(&self) -> Vec<f64> {
        let highest = self.counts.iter().copied().max().unwrap_or(0).max(1);
        self.counts.iter().map(|&count| count as f64 / highest as f64).collect()
    }
}

/// Visits the padded row and the column of every weight.
fn each(groups: usize, rows: usize, columns: usize, mut visit: impl FnMut(usize, usize)) {
    let padded = rows.next_multiple_of(16);
    for group in 0..groups {
        for row in 0..rows {
            (0..columns).for_each(|column| visit(group * padded + row, column));
        }
    }
}
