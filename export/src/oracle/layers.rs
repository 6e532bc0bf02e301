//! The layers that every part of the model is made of.

use std::cell::RefCell;
use std::collections::BTreeMap;

use ndarray::{Array2, ArrayView2, Axis};

use super::arithmetic::{convolve, normalise};
use crate::canonical::CanonicalModel;

/// Evaluates a model on one utterance at a time.
#[derive(Clone, Copy, Debug)]
pub struct Oracle<'a> {
    pub(super) model: &'a CanonicalModel,
    pub(super) keep_attentions: bool,
    watcher: Option<&'a Watcher>,
    /// A weight of a linear layer, by its name, and what stands in its place.
    changed: Option<(&'a str, &'a Array2<f32>)>,
}

/// Keeps what each linear layer reads, by the layer's name.
pub type Watcher = RefCell<BTreeMap<String, Vec<Array2<f32>>>>;

/// The utterance's length at every rate: all of it, and the part before the padding.
#[derive(Clone, Copy, Debug)]
pub(super) struct Length {
    pub samples: usize,
    /// Samples before the padding, where an attention mask is given.
    pub valid: Option<usize>,
}

impl<'a> Oracle<'a> {
    /// An oracle for `model`.
    pub fn new(model: &'a CanonicalModel) -> Self {
        Self { model, keep_attentions: false, watcher: None, changed: None }
    }

    /// Also gives the attention weights, whose size grows with the square of the utterance's length.
    #[must_use]
    pub fn with_attentions(self) -> Self {
        Self { keep_attentions: true, ..self }
    }

    /// Lets somebody see what the linear layers read.
    #[must_use]
    pub fn watched_by(self, watcher: &'a Watcher) -> Self {
        Self { watcher: Some(watcher), ..self }
    }

    /// Puts other values in the place of one linear layer's weight.
    #[must_use]
    pub fn with_weight(self, name: &'a str, values: &'a Array2<f32>) -> Self {
        Self { changed: Some((name, values)), ..self }
    }

    /// The convolution of that name, with its bias if it has one.
    pub(super) fn convolution(&self, frames: &Array2<f32>, name: &str, stride: usize) -> Array2<f32> {
        let weight = self.model.tensors.matrix(&format!("{name}.weight"));
        let mut out = convolve(frames.view(), weight, stride, 1);
        let bias = format!("{name}.bias");
        if self.model.tensors.get(&bias).is_some() {
            out += &self.model.tensors.vector(&bias);
        }
        out
    }

    /// The linear layer of that name.
    pub(super) fn linear(&self, frames: &Array2<f32>, name: &str) -> Array2<f32> {
        if let Some(watcher) = self.watcher {
            watcher.borrow_mut().entry(name.to_owned()).or_default().push(frames.clone());
        }
        let tensors = &self.model.tensors;
        let weight = format!("{name}.weight");
        let weight: ArrayView2<'_, f32> = match self.changed {
            Some((changed, values)) if changed == weight => values.view(),
            _ => tensors.matrix(&weight),
        };
        frames.dot(&weight.t()) + tensors.vector(&format!("{name}.bias"))
    }

    /// The layer norm of that name.
    pub(super) fn norm(&self, frames: &Array2<f32>, name: &str, eps: f32) -> Array2<f32> {
        let tensors = &self.model.tensors;
        let weight = tensors.vector(&format!("{name}.weight"));
        normalise(frames, Axis(1), eps, weight, tensors.vector(&format!("{name}.bias")))
    }
}
