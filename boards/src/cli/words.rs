//! `wavlm words`: phrases of one's own.

use std::path::PathBuf;
use std::str::FromStr;

use clap::{Args, Subcommand};

use super::Sound;

/// `wavlm words`
#[derive(Debug, Subcommand)]
pub enum Words {
    /// Print how a phrase is said, how many of its sayings will be heard, and what will be taken for it
    Say(Say),
    /// Listen for a phrase that is typed
    Add(Add),
    /// Listen for a phrase that three to five recordings show
    Learn(Learn),
    /// Learn how it sounds in a room where nobody says a phrase: thresholds are chosen by that
    Background(Room),
    /// Print the phrases of a file of words
    List(Book),
    /// Listen for a phrase no longer
    Remove(Remove),
}

/// The file of words.
#[derive(Clone, Debug, Args)]
pub struct Book {
    /// The file of words [default: $XDG_DATA_HOME/wavlm/words.toml or ~/.local/share/wavlm/words.toml]
    #[arg(long, value_name = "words.toml")]
    pub file: Option<PathBuf>,
}

/// How often a phrase may be heard that nobody said.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Rate(pub f64);

impl Rate {
    /// What is asked for where nothing is said.
    pub const USUAL: Self = Self(0.5);
}

impl FromStr for Rate {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let number: Result<f64, _> = text.strip_suffix("/h").unwrap_or(text).parse();
        let rate = number.ok().filter(|rate| (0.001..=100.0).contains(rate));
        rate.map(Rate).ok_or_else(|| "write how many in an hour, from 0.001 to 100, as 0.5/h".to_owned())
    }
}

/// A phrase that is typed.
#[derive(Clone, Debug, Args)]
pub struct Typed {
    /// The phrase, in English words; what it is called in events
    pub phrase: String,
    /// How it is said, in place of what the words tell: ARPAbet, as "HH AH L OW", or IPA, as "həˈloʊ"; may be given several
    /// times
    #[arg(long, value_name = "PHONES")]
    pub phones: Vec<String>,
    /// How often it may be heard that nobody said, in an hour
    #[arg(long, value_name = "N/h", default_value = "0.5/h")]
    pub false_alarms: Rate,
    /// The file of words.
    #[command(flatten)]
    pub book: Book,
}

/// `wavlm words say`
#[derive(Debug, Args)]
pub struct Say {
    /// The phrase.
    #[command(flatten)]
    pub typed: Typed,
}

/// `wavlm words add`
#[derive(Debug, Args)]
pub struct Add {
    /// The phrase.
    #[command(flatten)]
    pub typed: Typed,
    /// Whose voice may say it, as `wavlm enroll` calls it; anybody's if this is left out; may be given several times
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
}

/// `wavlm words learn`
#[derive(Debug, Args)]
pub struct Learn {
    /// What the phrase is called in events; if it is what the recordings say, others who say it are heard better
    pub phrase: String,
    /// Recordings of it and of nothing else, three to five by one person or by several
    #[arg(required = true, num_args = 2..=10, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// How often it may be heard that nobody said, in an hour
    #[arg(long, value_name = "N/h", default_value = "0.5/h")]
    pub false_alarms: Rate,
    /// Whose voice may say it, as `wavlm enroll` calls it; anybody's if this is left out; may be given several times
    #[arg(long, value_name = "NAME")]
    pub only: Vec<String>,
    /// The file of words.
    #[command(flatten)]
    pub book: Book,
    /// What is said about the sound.
    #[command(flatten)]
    pub sound: Sound,
}

/// `wavlm words background`
#[derive(Debug, Args)]
pub struct Room {
    /// Recordings in which nobody says a phrase: minutes to hours of talk, television, the room
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The file of words; the background lies beside it, and thresholds are chosen anew
    #[command(flatten)]
    pub book: Book,
    /// What is said about the sound.
    #[command(flatten)]
    pub sound: Sound,
}

/// `wavlm words remove`
#[derive(Debug, Args)]
pub struct Remove {
    /// The phrase, as `wavlm words list` prints it
    pub phrase: String,
    /// The file of words.
    #[command(flatten)]
    pub book: Book,
}
