//! Messages on the wire: a line of JSON, then JSON of a length that the line tells, then bytes of a length that it tells.

use serde::Deserialize;
use serde_json::{Map, Value, json};

/// Longest line, without its end, and longest JSON behind it, in bytes.
pub const MAX_JSON: usize = 64 << 10;
/// Longest payload, in bytes: five seconds of 48 kHz stereo.
pub const MAX_PAYLOAD: usize = 1 << 20;

/// The version of the protocol that is told; clients do not look at it.
const VERSION: &str = "1.10.2";

/// One message.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Message {
    /// What it is: `describe`, `audio-chunk` and so on.
    pub kind: String,
    /// What belongs to it, by name.
    pub data: Map<String, Value>,
    /// Bytes that belong to it, such as samples.
    pub payload: Vec<u8>,
}

/// Bytes that are no message. What follows cannot be understood either, so the connection is over.
#[derive(Debug, thiserror::Error)]
pub enum CodecError {
    /// A line that does not end in time.
    #[error("a line of over {MAX_JSON} bytes")]
    Line,
    /// A length beyond what is taken.
    #[error("{part} of {length} bytes; at most {most} are taken")]
    TooLong {
        /// Which part.
        part: &'static str,
        /// What was told.
        length: u64,
        /// What is taken.
        most: usize,
    },
    /// Not what it should be.
    #[error("not a message: {0}")]
    Json(#[from] serde_json::Error),
}

/// What the line tells.
#[derive(Debug, Deserialize)]
struct Header {
    #[serde(rename = "type")]
    kind: String,
    #[serde(default)]
    data: Option<Map<String, Value>>,
    #[serde(default)]
    data_length: Option<u64>,
    #[serde(default)]
    payload_length: Option<u64>,
}

/// Finds the messages in a stream of bytes, in whatever pieces they come.
#[derive(Debug, Default)]
pub struct Decoder {
    bytes: Vec<u8>,
    /// Bytes of `bytes` that were taken.
    taken: usize,
    /// Bytes behind `taken` in which no end of a line was found.
    searched: usize,
    waiting: Option<Waiting>,
}

/// A message whose line has been read.
#[derive(Debug)]
struct Waiting {
    message: Message,
    data: usize,
    payload: usize,
}

impl Decoder {
    /// A decoder at the beginning of a stream.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes. Call [`Decoder::next_message`] until it has no more, before the next bytes: that bounds what
    /// is kept.
    pub fn push(&mut self, bytes: &[u8]) {
        self.bytes.drain(..self.taken);
        self.taken = 0;
        self.bytes.extend_from_slice(bytes);
    }

    /// The next message, if all of it has come.
    ///
    /// # Errors
    /// The bytes are no message.
    pub fn next_message(&mut self) -> Result<Option<Message>, CodecError> {
        let waiting = match self.waiting.take() {
            Some(waiting) => waiting,
            None => match self.line()? {
                Some(line) => line,
                None => return Ok(None),
            },
        };
        let Waiting { mut message, data, payload } = waiting;
        let rest = self.bytes.get(self.taken..).unwrap_or_default();
        let Some((data_bytes, payload_bytes)) =
            rest.get(..data + payload).and_then(|all| all.split_at_checked(data))
        else {
            self.waiting = Some(Waiting { message, data, payload });
            return Ok(None);
        };
        if data > 0 {
            message.data.append(&mut serde_json::from_slice(data_bytes)?);
        }
        message.payload = payload_bytes.to_vec();
        self.taken += data + payload;
        Ok(Some(message))
    }

    /// Takes a line, if its end has come. Empty lines between messages are left out.
    fn line(&mut self) -> Result<Option<Waiting>, CodecError> {
        loop {
            let rest = self.bytes.get(self.taken..).unwrap_or_default();
            let end = rest.iter().skip(self.searched).position(|&byte| byte == b'\n');
            let Some(end) = end.map(|found| found + self.searched) else {
                self.searched = rest.len();
                return if self.searched > MAX_JSON { Err(CodecError::Line) } else { Ok(None) };
            };
            let line = rest.get(..end).unwrap_or_default();
            self.searched = 0;
            self.taken += end + 1;
            if line.len() > MAX_JSON {
                return Err(CodecError::Line);
            }
            if !line.trim_ascii().is_empty() {
                let header: Header = serde_json::from_slice(line)?;
                return Waiting::new(header).map(Some);
            }
        }
    }
}

impl Waiting {
    fn new(header: Header) -> Result<Self, CodecError> {
        let bounded = |part, length: Option<u64>, most: usize| {
            let length = length.unwrap_or(0);
            usize::try_from(length).ok().filter(|&length| length <= most).ok_or(CodecError::TooLong {
                part,
                length,
                most,
            })
        };
        Ok(Waiting {
            data: bounded("data", header.data_length, MAX_JSON)?,
            payload: bounded("a payload", header.payload_length, MAX_PAYLOAD)?,
            message: Message {
                kind: header.kind,
                data: header.data.unwrap_or_default(),
                payload: Vec::new(),
            },
        })
    }
}

impl Message {
    /// The bytes of this message. Data stands behind the line, so that the line stays short.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut line = json!({"type": self.kind, "version": VERSION});
        let mut tail = Vec::new();
        if !self.data.is_empty() {
            tail = Value::Object(self.data.clone()).to_string().into_bytes();
            line["data_length"] = tail.len().into();
        }
        if !self.payload.is_empty() {
            line["payload_length"] = self.payload.len().into();
            tail.extend_from_slice(&self.payload);
        }
        let mut bytes = line.to_string().into_bytes();
        bytes.push(b'\n');
        bytes.append(&mut tail);
        bytes
    }
}
