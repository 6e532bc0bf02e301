//! Operands of the products: views whose bounds are checked when they are made, and trusted afterwards.

mod columns;
mod epilogue;
mod panels;
mod rows;
mod window;

pub(crate) use columns::Columns;
pub use epilogue::{Activation, Epilogue};
pub(crate) use panels::check_panels_i8;
pub use panels::{PanelsF32, PanelsI4, PanelsI8};
pub use rows::{Quantisation, RowsF32, RowsI8};
pub use window::MatMut;
