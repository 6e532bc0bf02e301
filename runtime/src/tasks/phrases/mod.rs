//! Which phrase was said, of phrases that no training knew: their phones are searched for in what the CTC head gives.
//!
//! ```text
//! alphabet    what the head can say, and when
//! frames      logits of sliding windows -> rows, one for each frame: how much less likely each phone is than the likeliest
//! search      rows -> how well each phrase ends at each frame
//! ends        the best ends, one event for each time that a phrase is said
//! spotter     logits of sliding windows -> detections: all of the above
//! background  hours of rows without any phrase, as a file
//! decode      rows -> the phones that were said
//! model       a session of the head over a whole sound: waveform -> logits
//! threshold   how often a score is reached there -> the threshold for so many false alarms an hour
//! ```
//!
//! The score of a phrase is exp(-loss / phones), 1 at best, where the loss is the difference between the logarithms of the
//! best alignment of its phones and of the free phone loop over the same frames (Rohlicek et al., 1989, with a filler of all
//! phones; here on CTC posteriors). A frame between two phones of the phrase may say anything, at a small loss: the head is
//! more ready to say a phone too many than to miss one.

mod alphabet;
mod background;
mod decode;
mod ends;
mod frames;
mod model;
mod search;
mod spotter;
mod threshold;

pub use alphabet::{Alphabet, SpellingError};
pub use background::{Background, BackgroundError, MAX_BACKGROUND_BYTES};
pub use decode::phones;
pub use model::PhoneModel;
pub use search::best_score;
pub(super) use search::smallest_losses;
pub use spotter::{Phrase, PhraseSpotter};
pub use threshold::{Alarms, Thresholds};
