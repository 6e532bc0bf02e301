//! Figures of merit, computed from scores, labels, texts and turns alone.

mod counts;
mod detection;
mod text;
mod turns;

pub use counts::{Confusion, poisson_interval};
pub use detection::{Calibration, Errors, Trials};
pub use text::TextErrors;
pub use turns::{DiarizationErrors, Segment, read_rttm};
