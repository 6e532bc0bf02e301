//! What a service answers.

use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::codec::Message;

/// Who made something.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Attribution {
    /// A name.
    pub name: String,
    /// An address.
    pub url: String,
}

/// A word that can be listened for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Word {
    /// What clients call it, and what is said.
    pub name: String,
    /// Its languages, as `en`.
    pub languages: Vec<String>,
}

/// What the service is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Info {
    /// Its name.
    pub name: String,
    /// What it is, in a sentence.
    pub description: String,
    /// Its version.
    pub version: String,
    /// Who made it.
    pub attribution: Attribution,
    /// What it listens for.
    pub words: Vec<Word>,
}

/// An answer.
#[derive(Clone, Debug, PartialEq)]
pub enum Reply {
    /// To `describe`.
    Info(Info),
    /// A word was heard.
    Detection {
        /// Which one, as the client calls it.
        name: String,
        /// End of the word in the sound, in milliseconds.
        timestamp: u64,
        /// Whose voice, if it is known.
        speaker: Option<String>,
    },
    /// The sound is over, and no word was heard.
    NotDetected,
    /// To `ping`.
    Pong(Option<String>),
    /// Something is wrong with what was said.
    Error(String),
}

impl From<Reply> for Message {
    fn from(reply: Reply) -> Self {
        let (kind, data) = match reply {
            Reply::Info(info) => ("info", describe(&info)),
            Reply::Detection { name, timestamp, speaker } => {
                let mut data = json!({"name": name, "timestamp": timestamp});
                if let Some(speaker) = speaker {
                    data["speaker"] = speaker.into();
                }
                ("detection", data)
            }
            Reply::NotDetected => ("not-detected", Value::Null),
            Reply::Pong(text) => ("pong", text.map_or(Value::Null, |text| json!({"text": text}))),
            Reply::Error(text) => ("error", json!({"text": text})),
        };
        let data = match data {
            Value::Object(data) => data,
            _ => Map::new(),
        };
        Message { kind: kind.to_owned(), data, payload: Vec::new() }
    }
}

/// Every key that clients insist on; other kinds of services are left out.
fn describe(info: &Info) -> Value {
    let models: Vec<Value> = info
        .words
        .iter()
        .map(|word| {
            json!({
                "name": word.name, "phrase": word.name, "languages": word.languages, "installed": true,
                "attribution": info.attribution, "description": format!("the word \"{}\"", word.name),
                "version": info.version,
            })
        })
        .collect();
    json!({"wake": [{
        "name": info.name, "description": info.description, "version": info.version, "installed": true,
        "attribution": info.attribution, "models": models,
    }]})
}
