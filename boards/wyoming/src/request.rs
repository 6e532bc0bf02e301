//! What a client says.

use serde_json::{Map, Value};

use crate::codec::Message;

/// How samples lie in a payload; channels are interleaved, integers little-endian.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Format {
    /// Frames per second.
    pub rate: u32,
    /// Bytes of a sample.
    pub width: u16,
    /// Channels of a frame.
    pub channels: u16,
}

/// A message, as far as a wake word service understands it.
#[derive(Clone, Debug, PartialEq)]
pub enum Request {
    /// What are you?
    Describe,
    /// Listen for these words from now on; for all if there are none.
    Detect(Vec<String>),
    /// Sound begins.
    AudioStart(Format),
    /// The next samples.
    AudioChunk(Format, Vec<u8>),
    /// The sound is over.
    AudioStop,
    /// Are you there? The text goes back.
    Ping(Option<String>),
    /// Anything else: not for us.
    Other,
}

/// A message of a known kind that says nothing sensible.
#[derive(Debug, PartialEq, Eq, thiserror::Error)]
#[error("{kind}: {field} is missing, or not what it should be")]
pub struct RequestError {
    /// Which message.
    pub kind: &'static str,
    /// Which part of its data.
    pub field: &'static str,
}

impl TryFrom<Message> for Request {
    type Error = RequestError;

    fn try_from(message: Message) -> Result<Self, RequestError> {
        let Message { kind, data, payload } = message;
        match kind.as_str() {
            "describe" => Ok(Request::Describe),
            "detect" => names(&data).map(Request::Detect),
            "audio-start" => format("audio-start", &data).map(Request::AudioStart),
            "audio-chunk" => Ok(Request::AudioChunk(format("audio-chunk", &data)?, payload)),
            "audio-stop" => Ok(Request::AudioStop),
            "ping" => Ok(Request::Ping(data.get("text").and_then(Value::as_str).map(str::to_owned))),
            _ => Ok(Request::Other),
        }
    }
}

/// No list, and an empty one, mean every word.
fn names(data: &Map<String, Value>) -> Result<Vec<String>, RequestError> {
    let wrong = || RequestError { kind: "detect", field: "names" };
    match data.get("names") {
        None | Some(Value::Null) => Ok(Vec::new()),
        Some(Value::Array(names)) => {
            names.iter().map(|name| name.as_str().map(str::to_owned).ok_or_else(wrong)).collect()
        }
        Some(_) => Err(wrong()),
    }
}

fn format(kind: &'static str, data: &Map<String, Value>) -> Result<Format, RequestError> {
    let number = |field| data.get(field).and_then(Value::as_u64).ok_or(RequestError { kind, field });
    let small = |field| u16::try_from(number(field)?).map_err(|_| RequestError { kind, field });
    Ok(Format {
        rate: u32::try_from(number("rate")?).map_err(|_| RequestError { kind, field: "rate" })?,
        width: small("width")?,
        channels: small("channels")?,
    })
}
