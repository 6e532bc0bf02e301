//! One connection.

use std::io::{self, Read};
use std::net::TcpStream;
use std::sync::{Arc, PoisonError};
use std::time::Duration;

use wavlm_wyoming::{CodecError, Decoder, Format, Message, Reply, Request};

use super::answers::Answers;
use super::clients::Place;
use super::hearing::{Hearing, Wanted};
use super::service::Service;

/// A client that says nothing for so long is gone.
const SILENCE: Duration = Duration::from_secs(300);
/// A client that does not take an answer for so long is gone.
const STUCK: Duration = Duration::from_secs(5);

/// Why a connection ended early.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// It broke, or was silent for too long.
    #[error(transparent)]
    Io(#[from] io::Error),
    /// What came was not understood.
    #[error(transparent)]
    Codec(#[from] CodecError),
}

/// Attends to a client until it leaves.
///
/// # Errors
/// It did not leave, but broke off, fell silent, or sent what is no message.
pub fn attend(service: &Arc<Service>, mut stream: TcpStream, place: &Place) -> Result<(), ClientError> {
    stream.set_nodelay(true)?;
    stream.set_read_timeout(Some(SILENCE))?;
    stream.set_write_timeout(Some(STUCK))?;
    let answers = Answers::new(stream.try_clone()?);
    let mut client = Client { service, answers, wanted: Wanted::default(), hearing: None };
    let mut decoder = Decoder::new();
    let mut buffer = [0; 8192];
    loop {
        let count = match stream.read(&mut buffer) {
            Ok(0) => return Ok(()),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            // Home Assistant hangs up as soon as it has heard a word.
            Err(error) if error.kind() == io::ErrorKind::ConnectionReset => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        decoder.push(buffer.get(..count).unwrap_or_default());
        loop {
            match decoder.next_message() {
                Ok(Some(message)) => {
                    place.spoke();
                    client.take(message);
                }
                Ok(None) => break,
                Err(error) => {
                    client.answers.send(Reply::Error(error.to_string()));
                    return Err(error.into());
                }
            }
        }
    }
}

struct Client<'a> {
    service: &'a Arc<Service>,
    answers: Answers,
    wanted: Wanted,
    hearing: Option<Hearing>,
}

impl Client<'_> {
    fn take(&mut self, message: Message) {
        match Request::try_from(message) {
            Ok(Request::Describe) => self.answers.send(Reply::Info(self.service.info())),
            Ok(Request::Detect(names)) => self.want(names),
            Ok(Request::AudioStart(format)) => {
                self.hearing = None;
                self.begin(format);
            }
            Ok(Request::AudioChunk(format, samples)) => self.hear(format, samples),
            Ok(Request::AudioStop) => {
                let found = self.hearing.take().is_some_and(Hearing::finish);
                if !found {
                    self.answers.send(Reply::NotDetected);
                }
            }
            Ok(Request::Ping(text)) => self.answers.send(Reply::Pong(text)),
            Ok(Request::Other) => {}
            Err(error) => self.answers.send(Reply::Error(error.to_string())),
        }
    }

    fn want(&mut self, names: Vec<String>) {
        let known = self.service.attention.words();
        if let Some(unknown) = names.iter().find(|name| !known.contains(name)) {
            self.answers.send(Reply::Error(format!("{unknown:?} is not one of the words of this service")));
        }
        *self.wanted.lock().unwrap_or_else(PoisonError::into_inner) = names;
    }

    fn begin(&mut self, format: Format) {
        self.hearing = Hearing::begin(self.service, format, &self.wanted, &self.answers);
        if self.hearing.is_none() {
            self.answers.send(Reply::Error(format!(
                "{format:?} cannot be heard; send 16-bit samples at 16000 Hz, mono"
            )));
        }
    }

    /// Sound without a beginning, or in another format than it began with, begins anew.
    fn hear(&mut self, format: Format, samples: Vec<u8>) {
        if self.hearing.as_ref().is_none_or(|hearing| hearing.format != format) {
            self.begin(format);
        }
        if let Some(hearing) = &self.hearing
            && !hearing.push(samples)
        {
            self.hearing = None;
        }
    }
}
