//! A planned graph with its state: waveforms in, named tensors out.

use std::sync::Arc;

use ndarray::{Array2, ArrayD};
use tract_core::internal::*;
use wavlm_format::schema::OutputSpec;
use wavlm_format::{AdapterConfig, HeadKind, Header, ModelFile};
use wavlm_kernels::Kernels;

use crate::engine::Engine;
use crate::error::Error;
use crate::graph::{self, Part, Request};
use crate::outputs::Outputs;
use crate::plan::{Plan, Threads};

/// What a session computes, and with what.
#[derive(Clone, Debug)]
pub struct SessionOptions {
    /// Heads to run; all of them if `None`.
    pub heads: Option<Vec<String>>,
    /// Also give `last_hidden_state` and `extract_features`.
    pub base: bool,
    /// Also give `hidden_states.N`, the input of layer 0 first.
    pub hidden_states: bool,
    /// Also give `attentions.N`, the weights of every head.
    pub attentions: bool,
    /// Accept batches with lengths.
    pub masked: bool,
    /// Threads to compute with; results do not depend on it. At least 1.
    pub threads: usize,
    /// Kernel table; results differ between tables within rounding.
    pub kernels: &'static Kernels,
}

impl Default for SessionOptions {
    fn default() -> SessionOptions {
        SessionOptions {
            heads: None,
            base: false,
            hidden_states: false,
            attentions: false,
            masked: false,
            threads: 1,
            kernels: Kernels::detect(),
        }
    }
}

impl SessionOptions {
    pub(crate) fn engine(&self) -> Engine {
        Engine { kernels: self.kernels, threads: self.threads.max(1) }
    }

    /// The heads that run.
    pub(crate) fn heads(&self, header: &Header) -> Vec<String> {
        self.heads.clone().unwrap_or_else(|| header.heads.iter().map(|head| head.name.clone()).collect())
    }

    /// What the graph is to give.
    pub(crate) fn request(&self, header: &Header) -> Request {
        Request {
            part: Part::Whole,
            heads: self.heads(header),
            base: self.base || header.heads.is_empty(),
            hidden_states: self.hidden_states,
            attentions: self.attentions,
            masked: self.masked,
        }
    }
}

/// One model ready to run, with working memory that is reused from run to run.
pub struct Session {
    file: Arc<ModelFile>,
    plan: Plan,
    masked: bool,
    needed: usize,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let outputs: Vec<String> = self.outputs().map(OutputSpec::to_string).collect();
        f.debug_struct("Session").field("outputs", &outputs).finish_non_exhaustive()
    }
}

impl Session {
    pub(crate) fn new(file: &Arc<ModelFile>, options: &SessionOptions) -> Result<Session, Error> {
        let request = options.request(file.header());
        let engine = options.engine();
        Ok(Session {
            plan: Plan::new(graph::build(file, engine, &request)?, Threads::new(engine.threads)?)?,
            file: file.clone(),
            masked: options.masked,
            needed: needed_samples(file.header(), &request.heads, options.masked),
        })
    }

    /// Samples that the shortest accepted waveform has.
    pub fn needed_samples(&self) -> usize {
        self.needed
    }

    /// What a run gives, in the order of [`Outputs::iter`]: names and shapes of one utterance, which have a batch dimension
    /// in front in [`run_batch`](Session::run_batch).
    pub fn outputs(&self) -> impl Iterator<Item = &OutputSpec> {
        self.plan.outputs()
    }

    /// What the file says about the model.
    pub fn header(&self) -> &Header {
        self.file.header()
    }

    /// Runs one utterance of 16 kHz mono samples; outputs have no batch dimension.
    ///
    /// # Errors
    /// The waveform is too short for the heads that run, or holds a NaN or an infinity.
    pub fn run(&mut self, waveform: &[f32]) -> Result<Outputs, Error> {
        let lengths = self.masked.then(|| vec![waveform.len()]);
        let tensor = Tensor::from_shape(&[1, waveform.len()], waveform)?;
        self.compute(waveform, tensor, lengths.as_deref()).map(Outputs::of_one)
    }

    /// Runs a batch of utterances, padded with zeros to equal length; outputs have the batch dimension first.
    ///
    /// `lengths` plays the part of transformers' attention mask: the number of real samples in each row. Without it, all
    /// samples are taken as real.
    ///
    /// # Errors
    /// As [`run`](Session::run); lengths do not fit the batch, are too short, or the session was made without `masked`.
    pub fn run_batch(
        &mut self,
        waveforms: &Array2<f32>,
        lengths: Option<&[usize]>,
    ) -> Result<Outputs, Error> {
        let (batch, samples) = waveforms.dim();
        if let Some(lengths) = lengths {
            self.check_lengths(lengths, batch, samples)?;
        }
        let all;
        let lengths = match (self.masked, lengths) {
            (true, None) => {
                all = vec![samples; batch];
                Some(all.as_slice())
            }
            (_, lengths) => lengths,
        };
        let values = waveforms.as_standard_layout();
        let values = values.as_slice().unwrap_or_default();
        let tensor = Tensor::from_shape(&[batch, samples], values)?;
        let mut outputs = Outputs::default();
        for (name, tensor) in self.compute(values, tensor, lengths)? {
            outputs.push(name, tensor);
        }
        Ok(outputs)
    }

    fn check_lengths(&self, lengths: &[usize], batch: usize, samples: usize) -> Result<(), Error> {
        let refuse = |reason: String| Err(Error::Lengths { reason });
        if !self.masked {
            return refuse("the session was made without `masked`".to_owned());
        }
        if lengths.len() != batch {
            return refuse(format!("{} lengths for a batch of {batch}", lengths.len()));
        }
        if let Some(&length) = lengths.iter().find(|&&length| length > samples) {
            return refuse(format!("a length of {length} in rows of {samples} samples"));
        }
        match lengths.iter().min() {
            Some(&samples) if samples < self.needed => Err(Error::TooShort { samples, needed: self.needed }),
            _ => Ok(()),
        }
    }

    /// Checks the samples, runs the plan, and names what comes out.
    fn compute(
        &mut self,
        samples: &[f32],
        tensor: Tensor,
        lengths: Option<&[usize]>,
    ) -> Result<Vec<(String, ArrayD<f32>)>, Error> {
        if tensor.shape()[0] == 0 {
            return Err(Error::Lengths { reason: "a batch without rows".to_owned() });
        }
        check(samples, tensor.shape()[1], self.needed)?;
        let mut inputs = tvec!(tensor.into_tvalue());
        if let Some(lengths) = lengths {
            let lengths: Vec<i64> = lengths.iter().map(|&length| length as i64).collect();
            inputs.push(Tensor::from_shape(&[lengths.len()], &lengths)?.into_tvalue());
        }
        self.plan.run(inputs)
    }
}

/// Refuses samples that no model computes with, and rows of fewer than `needed`.
pub(crate) fn check(samples: &[f32], per_row: usize, needed: usize) -> Result<(), Error> {
    if per_row < needed {
        return Err(Error::TooShort { samples: per_row, needed });
    }
    // Magnitudes in the order of their bits: many are compared at once, and where one is wrong is looked for then alone.
    let largest = samples.iter().fold(0, |largest, sample| sample.abs().to_bits().max(largest));
    if f32::from_bits(largest).is_finite() {
        return Ok(());
    }
    match samples.iter().position(|sample| !sample.is_finite()) {
        Some(at) => Err(Error::NonFinite { at }),
        None => Ok(()),
    }
}

/// The shortest waveform for which the adapter has enough frames, and the time-delay layers of every x-vector head that
/// runs leave the two frames that a standard deviation needs.
pub(crate) fn needed_samples(header: &Header, heads: &[String], masked: bool) -> usize {
    let encoder = &header.encoder;
    let before_adapter = |frames: usize| match encoder.adapter {
        Some(adapter) => (0..adapter.num_layers).fold(frames, |n, _| frames_before(&adapter, n)),
        None => frames,
    };
    let runs = header.heads.iter().filter(|head| heads.contains(&head.name));
    let per_head = runs.filter_map(|head| match &head.kind {
        HeadKind::XVector { tdnn, .. } => {
            let frames = tdnn.iter().fold(2usize, |n, layer| n.saturating_add(layer.reach() - 1));
            // With a mask, pooled lengths count the adapter even where the head does not read it.
            Some(if head.weighted_layer_sum && !masked { frames } else { before_adapter(frames) })
        }
        _ => None,
    });
    encoder.samples(per_head.chain([before_adapter(1)]).max().unwrap_or(1))
}

/// Input frames from which one layer of the adapter makes `frames`, by its kernel and by transformers' count of valid
/// frames, whichever asks for more.
fn frames_before(adapter: &AdapterConfig, frames: usize) -> usize {
    let span = (frames - 1).saturating_mul(adapter.stride as usize);
    let window = (adapter.kernel as usize).saturating_sub(2 * AdapterConfig::PADDING).max(1);
    span.saturating_add(window)
}
