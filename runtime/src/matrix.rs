//! Weights as the ops hold them: references into the mapped file, with the products that read them in place. Their shapes
//! need no check here: a file that opened has those of its schema.

use std::ops::Range;
use std::sync::Arc;

use wavlm_format::{ModelFile, Packing, Precision, TensorRef};
use wavlm_kernels::{Epilogue, GROUP_I4, MatMut, PanelsF32, PanelsI4, PanelsI8, RowsF32, RowsI8, padded};

use crate::engine::Engine;
use crate::error::Error;
use crate::scratch::Scratch;

/// Most rows that are computed at a time where something is laid out for them, codes or taps or a wide intermediate: that
/// must not grow with the length of the sound. More rows leave the second-level cache between their products, fewer have
/// the weights read too often; three seconds are 149.
const BLOCK_ROWS: usize = 168;

/// Rows per block of so many, at least one: about equal blocks, since each has all weights read.
pub(crate) fn block_rows(rows: usize) -> usize {
    rows.div_ceil(rows.div_ceil(BLOCK_ROWS).max(1)).max(1)
}

/// A dense f32 tensor of the file; equal to another if both are the same tensor of the same mapping.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Vector(TensorRef);

impl Vector {
    /// The tensor `name`, which must be dense.
    pub fn load(file: &Arc<ModelFile>, name: &str) -> Result<Vector, Error> {
        let tensor = file.tensor(name)?;
        tensor.finite()?;
        Ok(Vector(tensor))
    }

    /// The values, row-major.
    pub fn values(&self) -> &[f32] {
        self.0.dense().expect("`load` has read this tensor as a dense one")
    }
}

/// A weight matrix `[1, rows, columns]` that is f32 whatever the file's precision; a row makes one output channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct MatrixF32(TensorRef);

impl MatrixF32 {
    /// The tensor `name`, which must be packed in f32 panels.
    pub fn load(file: &Arc<ModelFile>, name: &str) -> Result<MatrixF32, Error> {
        let tensor = file.tensor(name)?;
        tensor.panels_f32()?;
        Ok(MatrixF32(tensor))
    }

    /// The panels.
    pub fn panels(&self) -> PanelsF32<'_> {
        let view = self.0.panels_f32().expect("`load` has read this tensor as f32 panels");
        PanelsF32::new(view.data, view.rows, view.columns)
    }
}

/// A weight matrix `[groups, rows, columns]`, packed in panels of 16 rows; a row makes one output channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Matrix {
    tensor: TensorRef,
    precision: Precision,
    rows: usize,
    columns: usize,
}

/// A linear map: `weight · x + bias`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Affine {
    /// As many groups as the map has.
    pub weight: Matrix,
    /// One value per output channel of all groups.
    pub bias: Vector,
}

/// One group of a matrix, ready for its kernel.
pub(crate) enum Panels<'a> {
    F32(PanelsF32<'a>),
    I8(PanelsI8<'a>),
    I4(PanelsI4<'a>),
}

/// Windows of `columns` values each, `stride` apart: row `i` is `data[i * stride ..][..columns]`. They may overlap.
#[derive(Clone, Copy)]
pub(crate) struct Windows<'a> {
    pub data: &'a [f32],
    pub stride: usize,
    pub rows: usize,
}

impl<'a> Windows<'a> {
    /// Rows that lie side by side.
    pub fn dense(data: &'a [f32], columns: usize) -> Windows<'a> {
        Windows { data, stride: columns, rows: data.len() / columns.max(1) }
    }

    fn row(&self, i: usize, columns: usize) -> &'a [f32] {
        &self.data[i * self.stride..][..columns]
    }

    fn part(&self, rows: Range<usize>) -> Windows<'a> {
        Windows { data: &self.data[rows.start * self.stride..], rows: rows.len(), ..*self }
    }

    /// `length` rows at a time, the last block shorter.
    fn blocks(self, length: usize) -> impl Iterator<Item = Windows<'a>> {
        let starts = (0..self.rows).step_by(length);
        starts.map(move |first| self.part(first..self.rows.min(first + length)))
    }
}

impl Matrix {
    /// The tensor `name`, which must be packed in panels.
    pub fn load(file: &Arc<ModelFile>, name: &str) -> Result<Matrix, Error> {
        let tensor = file.tensor(name)?;
        let (precision, rows, columns) = match tensor.entry().packing {
            Packing::PanelsI4 => {
                let view = tensor.panels_i4()?;
                (Precision::Int4, view.rows, view.columns)
            }
            Packing::PanelsI8 => {
                let view = tensor.panels_i8()?;
                (Precision::Int8, view.rows, view.columns)
            }
            // Refuses a dense tensor.
            Packing::PanelsF32 | Packing::DenseF32 => {
                let view = tensor.panels_f32()?;
                (Precision::F32, view.rows, view.columns)
            }
        };
        Ok(Matrix { tensor, precision, rows, columns })
    }

    /// Output channels per group.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Input values per output.
    pub fn columns(&self) -> usize {
        self.columns
    }

    /// Whether products with it are int8.
    pub fn is_int8(&self) -> bool {
        self.precision != Precision::F32
    }

    /// The panels of one group.
    pub fn group(&self, group: usize) -> Panels<'_> {
        const LOADED: &str = "`load` has read this tensor in its packing";
        match self.precision {
            Precision::Int8 => {
                let view = self.tensor.panels_i8_again().expect(LOADED);
                let (n, k) = (padded(view.rows), padded(view.columns));
                Panels::I8(PanelsI8::new(
                    &view.data[group * n * k..][..n * k],
                    &view.scales[group * n..][..n],
                    &view.sums[group * n..][..n],
                    view.rows,
                    view.columns,
                ))
            }
            Precision::Int4 => {
                let view = self.tensor.panels_i4_again().expect(LOADED);
                let (n, in_groups) = (padded(view.rows), view.columns.div_ceil(GROUP_I4));
                let (codes, multipliers) = (n * in_groups * GROUP_I4 / 2, n * in_groups);
                Panels::I4(PanelsI4::new(
                    &view.codes[group * codes..][..codes],
                    &view.multipliers[group * multipliers..][..multipliers],
                    &view.scales[group * n..][..n],
                    &view.sums[group * n..][..n],
                    view.rows,
                    view.columns,
                ))
            }
            Precision::F32 => {
                let view = self.tensor.panels_f32().expect(LOADED);
                let length = padded(view.rows) * view.columns;
                Panels::F32(PanelsF32::new(&view.data[group * length..][..length], view.rows, view.columns))
            }
        }
    }

    /// `out[m][n] = epilogue(input[m] · weight[n])`, of a matrix of one group.
    ///
    /// int8 and int4 weights quantise each input window by its own range.
    pub fn apply(&self, engine: Engine, input: Windows<'_>, epilogue: Epilogue<'_>, out: MatMut<'_>) {
        let panels = self.group(0);
        assert_eq!(input.rows, out.rows(), "rows of input and output");
        let length = block_rows(input.rows);
        for (input, out) in input.blocks(length).zip(out.row_blocks(length)) {
            match &panels {
                Panels::F32(panels) => engine.each(engine.windows(out), |window| {
                    let (part, panels) = (input.part(window.rows()), panels.panels(window.panels()));
                    let rows = RowsF32::new(part.data, part.stride, part.rows);
                    let epilogue = epilogue.columns(window.columns());
                    engine.kernels.matmul_f32(&rows, &panels, &epilogue, window.out);
                }),
                Panels::I8(panels) => {
                    let rows = Quantised::new(engine, input, self.columns);
                    engine.each(engine.windows(out), |window| {
                        let (rows, panels) = (rows.part(window.rows()), panels.panels(window.panels()));
                        let epilogue = epilogue.columns(window.columns());
                        engine.kernels.matmul_i8(&rows, &panels, &epilogue, window.out);
                    });
                }
                Panels::I4(panels) => {
                    let rows = Quantised::new(engine, input, self.columns);
                    engine.each(engine.windows(out), |window| {
                        let (rows, panels) = (rows.part(window.rows()), panels.panels(window.panels()));
                        let mut unpacked = Scratch::<i8>::new(engine.kernels.unpacked_i4(self.columns));
                        let epilogue = epilogue.columns(window.columns());
                        engine.kernels.matmul_i4(&rows, &panels, &epilogue, window.out, &mut unpacked);
                    });
                }
            }
        }
    }
}

impl Affine {
    /// Output channels per group.
    pub fn rows(&self) -> usize {
        self.weight.rows()
    }

    /// Input values per output.
    pub fn columns(&self) -> usize {
        self.weight.columns()
    }

    /// `out[m][n] = epilogue(input[m] · weight[n] + bias[n])`, of a map of one group. The epilogue has no bias of its own.
    pub fn apply(&self, engine: Engine, input: Windows<'_>, epilogue: Epilogue<'_>, out: MatMut<'_>) {
        let epilogue = Epilogue { bias: Some(self.bias.values()), ..epilogue };
        self.weight.apply(engine, input, epilogue, out);
    }
}

/// Windows as int8 rows, each quantised by its own range; rows of codes are padded to a multiple of 16.
struct Quantised {
    codes: Scratch<u8>,
    scales: Scratch<f32>,
    offsets: Scratch<f32>,
    width: usize,
}

impl Quantised {
    fn new(engine: Engine, input: Windows<'_>, columns: usize) -> Self {
        let width = padded(columns);
        let mut codes = Scratch::<u8>::new(input.rows * width);
        let (mut scales, mut offsets) = (Scratch::<f32>::new(input.rows), Scratch::<f32>::new(input.rows));
        let per_task = engine.rows_per_task(input.rows);
        let quantisations = scales.chunks_mut(per_task).zip(offsets.chunks_mut(per_task));
        let tasks = codes.chunks_mut(per_task * width).zip(quantisations).enumerate();
        engine.each(tasks, |(task, (codes, (scales, offsets)))| {
            for (i, codes) in codes.chunks_exact_mut(width).enumerate() {
                let quantisation =
                    engine.kernels.quantise_row(input.row(task * per_task + i, columns), codes);
                (scales[i], offsets[i]) = (quantisation.scale, quantisation.offset);
            }
        });
        Self { codes, scales, offsets, width }
    }

    /// Some of the rows.
    fn part(&self, rows: Range<usize>) -> RowsI8<'_> {
        let codes = &self.codes[rows.start * self.width..];
        RowsI8::new(codes, self.width, &self.scales[rows.clone()], &self.offsets[rows])
    }
}
