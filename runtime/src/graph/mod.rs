//! From a header to a graph: which nodes there are, in the order in which data flows through them.

mod builder;
mod encoder;
mod heads;

use std::sync::Arc;

use tract_core::internal::*;
use wavlm_format::ModelFile;

use crate::engine::Engine;
use crate::error::Error;
use builder::Builder;
pub(crate) use builder::{Graph, Request};

/// Builds and plans the graph of `file`. Inputs: waveform `(B, S)`, and lengths `(B)` if masked; both sizes are symbols.
pub(crate) fn build(file: &Arc<ModelFile>, engine: Engine, request: &Request) -> Result<Graph, Error> {
    let mut builder = Builder::new(file, engine);
    let (batch, samples) = (builder.model.symbols.sym("B"), builder.model.symbols.sym("S"));
    let waveform = builder.model.add_source("waveform", f32::fact([batch.to_dim(), samples.to_dim()]))?;
    let lengths = match request.masked {
        true => Some(builder.model.add_source("lengths", i64::fact([batch.to_dim()]))?),
        false => None,
    };
    let encoded = builder.encoder(waveform, lengths, request)?;
    for name in &request.heads {
        builder.head(name, &encoded, lengths)?;
    }
    builder.finish()
}
