//! Figures of merit, computed from scores, labels, texts and turns alone.

mod counts;
mod detection;
mod losses;
mod text;
mod turns;

pub use counts::{Confusion, poisson_interval};
pub use detection::{Calibration, Errors, Trials};
pub use losses::{AmSoftmax, CtcReduction, cross_entropy, ctc, frame_cross_entropy, mean_squared_error};
pub use text::TextErrors;
pub use turns::{DiarizationErrors, Segment, read_rttm};
