//! What goes over the line between the board that listens and the lock.

use serde::{Deserialize, Serialize};

use crate::{Opener, Refusal, State};

/// Longest name of a word or a voice, in bytes of UTF-8.
pub const NAME_BYTES: usize = 48;

/// A word or a voice.
pub type Name = heapless::String<NAME_BYTES>;

/// A number that the lock hands out and that is worth something for a moment only. A request must quote a recent one, so
/// that bytes which were held up on their way, or which were recorded, open nothing.
pub type Token = u32;

/// From the board that listens to the lock.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// One more with each message, and around from the greatest to 0. A message that is not newer than the last is
    /// dropped.
    pub sequence: u32,
    /// The newest token that came from the lock; `None` before the first.
    pub token: Option<Token>,
    /// What is said.
    pub request: Request,
}

/// What a message asks for or tells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub enum Request {
    /// "I am here": a lock that hears no message for a while shuts.
    Heartbeat,
    /// Open for this long.
    Open {
        /// In milliseconds; the lock has a limit of its own.
        pulse: u32,
    },
    /// Shut now.
    Shut,
    /// A keyword was heard. Moves nothing: for a display or a log.
    Heard(Heard),
}

/// A keyword, and who said it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Heard {
    /// Which word.
    pub word: Name,
    /// How likely, from 0 to 1.
    pub score: f32,
    /// Whose voice, if voices were compared and one was close enough.
    pub speaker: Option<Name>,
    /// Likeness of the closest voice, from -1 to 1, if voices were compared.
    pub speaker_score: Option<f32>,
    /// End of the word on the listening board's clock, in milliseconds.
    pub time: u64,
}

/// From the lock to the board that listens, several times a second.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Answer {
    /// To be quoted in the next messages.
    pub token: Token,
    /// The lock's state.
    pub state: State,
    /// Who opened it, while it is open.
    pub opener: Option<Opener>,
    /// Sequence number of the newest message that was taken. An asker that started anew goes on from there.
    pub newest: Option<u32>,
    /// What came of the last request to open.
    pub outcome: Option<Outcome>,
}

/// What came of a request to open.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// The message that asked.
    pub sequence: u32,
    /// Why it stayed shut; `None` if it opened.
    pub refusal: Option<Refusal>,
}

/// Whether a sequence number comes after another one, half the way around at most.
pub(crate) const fn is_newer(sequence: u32, than: u32) -> bool {
    matches!(sequence.wrapping_sub(than), 1..0x8000_0000)
}
