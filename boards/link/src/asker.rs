//! The end of a serial line that listens and asks.

use crate::{Answer, Decoder, Frame, Message, Request, Token, encode, message::is_newer};

/// Numbers what is said to a [`Keeper`](crate::Keeper), and quotes the tokens that came from there.
///
/// Something must be said several times within [`Limits::silence`](crate::Limits::silence), a
/// [`Request::Heartbeat`] if nothing else, by the very loop that listens: a lock whose asker hangs then shuts.
#[derive(Debug, Default)]
pub struct Asker {
    decoder: Decoder,
    sequence: u32,
    token: Option<Token>,
}

impl Asker {
    /// An asker that has heard nothing yet; what it asks for before the first answer is refused.
    pub const fn new() -> Self {
        Self { decoder: Decoder::new(), sequence: 0, token: None }
    }

    /// The frame to be written for a request. `None` if it is too long, which no [`Request`] is.
    pub fn say(&mut self, request: Request) -> Option<Frame> {
        self.sequence = self.sequence.wrapping_add(1);
        encode(&Message { sequence: self.sequence, token: self.token, request })
    }

    /// Sequence number of what was said last: [`Outcome::sequence`](crate::Outcome::sequence) quotes it.
    pub const fn sequence(&self) -> u32 {
        self.sequence
    }

    /// Takes one byte from the line; the answer, if it ends one.
    pub fn receive(&mut self, byte: u8) -> Option<Answer> {
        let answer: Answer = self.decoder.push(byte)?;
        self.token = Some(answer.token);
        if let Some(newest) = answer.newest.filter(|&newest| is_newer(newest, self.sequence)) {
            self.sequence = newest;
        }
        Some(answer)
    }
}
