//! `wavlm words`: phrases of one's own.
//!
//! ```text
//! desk        the file of words, the background beside it, and what the model can say
//! say         what a phrase sounds like, and what to expect of it
//! add         typed phrases, and those that recordings show, go into the file
//! background  more sound without phrases; thresholds chosen anew
//! list        what is in the file; phrases go out of it
//! ```

mod add;
mod background;
mod desk;
mod list;
mod say;

use super::{Printer, Verdict};
use crate::cli::Words;
use crate::failure::Failure;
use crate::setup::Setup;

pub fn run(setup: &Setup, command: &Words, printer: &Printer) -> Result<Verdict, Failure> {
    match command {
        Words::Say(options) => say::run(setup, options, printer),
        Words::Add(options) => add::typed(setup, options, printer),
        Words::Learn(options) => add::shown(setup, options, printer),
        Words::Background(options) => background::run(setup, options, printer),
        Words::List(options) => list::list(options, printer),
        Words::Remove(options) => list::remove(options, printer),
    }
}
