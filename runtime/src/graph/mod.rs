//! From a header to a graph: which nodes there are, in the order in which data flows through them.

mod builder;
mod encoder;
mod heads;

use std::sync::Arc;

use tract_core::internal::*;
use wavlm_format::ModelFile;
use wavlm_format::schema::OutputSpec;

use crate::engine::Engine;
use crate::error::Error;
use builder::Builder;
pub(crate) use builder::{Graph, Part, Request};

/// Builds and plans the graph of `file`. Inputs: waveform `(B, S)`, or frames `(B, S, hidden size)` where the graph begins with
/// them; then lengths `(B)` if masked. `B` and `S` are symbols.
pub(crate) fn build(file: &Arc<ModelFile>, engine: Engine, request: &Request) -> Result<Graph, Error> {
    let mut builder = Builder::new(file, engine);
    let [batch, length] = ["B", "S"].map(|name| builder.model.symbols.sym(name).to_dim());
    let input = match request.part {
        Part::Whole | Part::Frames => {
            let waveform = f32::fact([batch.clone(), length]);
            builder.model.add_source("waveform", waveform)?
        }
        Part::Context => {
            let width = file.header().encoder.hidden_size as usize;
            builder.model.add_source("frames", f32::fact([batch.clone(), length, width.to_dim()]))?
        }
    };
    let lengths = match request.masked {
        true => Some(builder.model.add_source("lengths", i64::fact([batch]))?),
        false => None,
    };
    let frames = match request.part {
        Part::Whole | Part::Frames => builder.frames(input, lengths, request)?,
        Part::Context => input,
    };
    if request.part == Part::Frames {
        builder.output(&OutputSpec { name: "frames".to_owned(), shape: Vec::new() }, frames);
        return builder.finish();
    }
    let encoded = builder.encoder(frames, lengths, request)?;
    for name in &request.heads {
        builder.head(name, &encoded, lengths)?;
    }
    builder.finish()
}
