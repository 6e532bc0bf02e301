//! The end of a serial line that holds the lock.

use embedded_hal::digital::{InputPin, OutputPin};

use crate::{
    Answer, Clock, Decoder, Frame, Heard, Lock, Message, Millis, Outcome, Refusal, Request, Token, encode,
    message::is_newer,
};

/// How long a token is the current one, and at the same time how often the keeper answers, in milliseconds.
const TOKEN_PERIOD: Millis = 200;

/// How many tokens before the current one are still taken: a message may be under way for up to a second.
const TOKENS_BACK: u32 = 5;

/// Owns a [`Lock`] and moves it as the messages of one serial line ask.
///
/// A message counts if it is whole, newer than the last one, and quotes a token of the last second. Bytes that are lost,
/// broken, repeated, held up or recorded therefore open nothing. They are no defence against somebody who cuts the line
/// and speaks himself: that is what a housing is for.
#[derive(Debug)]
pub struct Keeper<O: OutputPin, R, S, C> {
    lock: Lock<O, R, S, C>,
    clock: C,
    decoder: Decoder,
    seed: Token,
    newest: Option<u32>,
    outcome: Option<Outcome>,
    answered: Option<Millis>,
}

impl<O: OutputPin, R: InputPin, S: InputPin, C: Clock + Clone> Keeper<O, R, S, C> {
    /// Takes a lock and its clock. `seed` must differ between two starts, such as a random number, or a count of starts
    /// times a great odd number: tokens of an earlier start are then worth nothing.
    pub fn new(lock: Lock<O, R, S, C>, clock: C, seed: Token) -> Self {
        Self { lock, clock, decoder: Decoder::new(), seed, newest: None, outcome: None, answered: None }
    }

    /// The lock.
    pub fn lock(&self) -> &Lock<O, R, S, C> {
        &self.lock
    }

    /// Whoever spoke is known to be gone: shuts what a request opened. The next one may begin its numbers anew.
    pub fn hang_up(&mut self) {
        self.lock.asker_is_gone();
        self.decoder = Decoder::new();
        self.newest = None;
        self.outcome = None;
    }

    /// How many frames were broken.
    pub fn broken(&self) -> u32 {
        self.decoder.broken()
    }

    /// Takes one byte from the line and does what it completes; a keyword, if one is told.
    pub fn receive(&mut self, byte: u8) -> Option<Heard> {
        let message: Message = self.decoder.push(byte)?;
        let fresh = message.token.is_some_and(|token| self.is_recent(token));
        let newer = self.newest.is_none_or(|newest| is_newer(message.sequence, newest));
        match message.request {
            // Shutting is never wrong, however late.
            Request::Shut => self.lock.shut(),
            _ if !newer => return None,
            Request::Open { pulse } => {
                let opened = if fresh {
                    self.lock.sign_of_life();
                    self.lock.open(pulse.into())
                } else {
                    Err(Refusal::Stale)
                };
                self.outcome = Some(Outcome { sequence: message.sequence, refusal: opened.err() });
                self.answered = None;
            }
            Request::Heartbeat if fresh => self.lock.sign_of_life(),
            Request::Heartbeat | Request::Heard(_) => {}
        }
        if newer {
            self.newest = Some(message.sequence);
        }
        match message.request {
            Request::Heard(heard) => Some(heard),
            _ => None,
        }
    }

    /// Does what time and buttons ask for; a frame for the line, if one is due. To be called every few milliseconds.
    pub fn poll(&mut self) -> Option<Frame> {
        self.lock.poll();
        let now = self.clock.now();
        if self.answered.is_some_and(|at| now.saturating_sub(at) < TOKEN_PERIOD) {
            return None;
        }
        self.answered = Some(now);
        encode(&Answer {
            token: self.token(),
            state: self.lock.state(),
            opener: self.lock.opener(),
            newest: self.newest,
            outcome: self.outcome,
        })
    }

    /// The current token. It follows the clock, so that a keeper that was busy takes nothing older for new.
    fn token(&self) -> Token {
        // Only the low bits matter: tokens are compared over a second.
        self.seed.wrapping_add((self.clock.now() / TOKEN_PERIOD) as u32)
    }

    fn is_recent(&self, token: Token) -> bool {
        self.token().wrapping_sub(token) <= TOKENS_BACK
    }
}
