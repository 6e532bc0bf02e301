//! Windows that slide over a sound and share sound with each other: what depends on a frame alone is computed once.

use std::sync::Arc;

use tract_core::internal::*;
use wavlm_format::{EncoderConfig, Header, ModelFile, StemNorm};

use crate::error::Error;
use crate::graph::{self, Part};
use crate::outputs::Outputs;
use crate::plan::{Plan, Threads};
use crate::session::{Session, SessionOptions, check, needed_samples};

/// A session for windows of sounds, which gives what [`Session::run`] gives for each of them, bit for bit.
///
/// In a model whose stem has layer norms and whose waveform is not normalised, a frame depends on its own samples alone.
/// Then a window whose start differs from the last one's by a multiple of the stem's hop takes over the frames that the two
/// share, and the stem runs over new sound alone. Every other model computes each window as a whole.
pub struct WindowSession {
    way: Way,
}

enum Way {
    Whole(Box<Session>),
    Shared(Box<Shared>),
}

struct Shared {
    encoder: EncoderConfig,
    frames: Plan,
    context: Plan,
    needed: usize,
}

/// Frames of one sound, for a [`WindowSession`] to take up; a new sound needs a new one.
#[derive(Clone, Debug, Default)]
pub struct SharedFrames {
    /// Number of the first frame: frame `n` begins `n` hops after sample `phase`.
    first: i64,
    phase: i64,
    /// Frames, one after another, `hidden_size` numbers each.
    values: Vec<f32>,
}

impl std::fmt::Debug for WindowSession {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("WindowSession").field("shares_frames", &self.shares_frames()).finish_non_exhaustive()
    }
}

impl WindowSession {
    pub(crate) fn new(file: &Arc<ModelFile>, options: &SessionOptions) -> Result<WindowSession, Error> {
        let request = options.request(file.header());
        if !can_share(file.header()) || request.base || request.masked {
            return Ok(WindowSession { way: Way::Whole(Box::new(Session::new(file, options)?)) });
        }
        let engine = options.engine();
        let threads = Threads::new(engine.threads)?;
        let plan = |part| {
            let request = graph::Request { part, ..request.clone() };
            Plan::new(graph::build(file, engine, &request)?, threads.clone())
        };
        Ok(WindowSession {
            way: Way::Shared(Box::new(Shared {
                encoder: file.header().encoder.clone(),
                frames: plan(Part::Frames)?,
                context: plan(Part::Context)?,
                needed: needed_samples(file.header(), &request.heads, false),
            })),
        })
    }

    /// Whether overlapping windows share frames.
    pub fn shares_frames(&self) -> bool {
        matches!(self.way, Way::Shared(_))
    }

    /// Samples that the shortest accepted window has.
    pub fn needed_samples(&self) -> usize {
        match &self.way {
            Way::Whole(session) => session.needed_samples(),
            Way::Shared(shared) => shared.needed,
        }
    }

    /// Runs a window that stands alone; outputs have no batch dimension.
    ///
    /// # Errors
    /// As [`Session::run`].
    pub fn run(&mut self, window: &[f32]) -> Result<Outputs, Error> {
        self.run_at(window, 0, &mut SharedFrames::default())
    }

    /// Runs the window that begins at sample `start` of a sound, or before it, where silence stands. `frames` belongs to that sound: where a sample was in an
    /// earlier window, it must be the same in this one.
    ///
    /// # Errors
    /// As [`Session::run`].
    pub fn run_at(
        &mut self,
        window: &[f32],
        start: i64,
        frames: &mut SharedFrames,
    ) -> Result<Outputs, Error> {
        match &mut self.way {
            Way::Whole(session) => session.run(window),
            Way::Shared(shared) => shared.run_at(window, start, frames),
        }
    }
}

impl Shared {
    fn run_at(&mut self, window: &[f32], start: i64, frames: &mut SharedFrames) -> Result<Outputs, Error> {
        check(window, window.len(), self.needed)?;
        let (hop, width) = (self.encoder.hop(), self.encoder.hidden_size as usize);
        let count = self.encoder.frames(window.len()).unwrap_or(0);
        frames.move_to(start, hop, width);
        let known = frames.values.len() / width;
        if known < count {
            let new = window.get(known * hop..).unwrap_or_default();
            let tensor = Tensor::from_shape(&[1, new.len()], new)?;
            for (_, values) in self.frames.run(tvec!(tensor.into_tvalue()))? {
                frames.values.extend_from_slice(values.as_slice().expect("outputs of a plan are dense"));
            }
        }
        let values = frames.values.get(..count * width).unwrap_or_default();
        let tensor = Tensor::from_shape(&[1, count, width], values)?;
        self.context.run(tvec!(tensor.into_tvalue())).map(Outputs::of_one)
    }
}

impl SharedFrames {
    /// Keeps the frames from the window at `start` on. Frames of another phase, or with a gap in between, are of no use.
    fn move_to(&mut self, start: i64, hop: usize, width: usize) {
        let (phase, first) = (start.rem_euclid(hop as i64), start.div_euclid(hop as i64));
        let known = self.first..self.first + (self.values.len() / width) as i64;
        if phase == self.phase && known.contains(&first) {
            let gone = (first - self.first) as usize * width;
            self.values.drain(..gone);
        } else {
            self.values.clear();
        }
        (self.phase, self.first) = (phase, first);
    }
}

/// Whether a frame depends on its own samples alone.
fn can_share(header: &Header) -> bool {
    header.encoder.stem_norm == StemNorm::Layer && !header.preprocessing.normalize
}
