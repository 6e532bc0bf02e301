//! Every error of the program: one line that names its place, says what is wrong and, where it helps, what to do.

use std::io;
use std::path::{Path, PathBuf};

use wavlm_kernels::KernelError;
use wavlm_phrasebook::{BookError, ShownError, SpokenError};
use wavlm_runtime::frontend::AudioError;
use wavlm_runtime::tasks::phrases::{BackgroundError, SpellingError};
use wavlm_runtime::tasks::speaker::{EnrolError, Flaw, VoiceprintError};
use wavlm_runtime::tasks::words::DecisionError;

/// Why the program stops with exit status 2.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// A recording cannot be read.
    #[error("{}: {error}", file.display())]
    Sound {
        /// The recording, `-` for stdin.
        file: PathBuf,
        /// What is wrong with it.
        error: AudioError,
    },
    /// The model file cannot be opened; the error names it.
    #[error(transparent)]
    Open(Box<wavlm_runtime::Error>),
    /// The built-in model cannot be opened, or a model cannot be planned or not be run on this input.
    #[error("{place}: {error}")]
    Model {
        /// The model or the recording.
        place: String,
        /// What is wrong.
        error: Box<wavlm_runtime::Error>,
    },
    /// A recording that tells nothing about a voice.
    #[error("{}: {flaw}", file.display())]
    Unfit {
        /// The recording.
        file: PathBuf,
        /// Why not.
        flaw: Flaw,
    },
    /// The model gives no direction for a recording.
    #[error("{}: the model hears no voice in it; record it again", file.display())]
    NoVoice {
        /// The recording.
        file: PathBuf,
    },
    /// Recordings that make no voiceprint.
    #[error("{place}: {error}")]
    Enrol {
        /// The recordings, or whose voice it was to be.
        place: String,
        /// Why not.
        error: EnrolError,
    },
    /// A value of an option, or of the model's decision, makes no sense.
    #[error("decision: {0}; give another --threshold or export the model again")]
    Decision(#[from] DecisionError),
    /// `--eager`, of a model that was not tuned for it.
    #[error("{model}: stores no lower threshold for --eager; give --threshold X")]
    NotEager {
        /// The model.
        model: String,
    },
    /// A configuration that is not understood.
    #[error(transparent)]
    Config(#[from] wavlm_settings::Error),
    /// The line of an action cannot be held.
    #[error(transparent)]
    Line(#[from] wavlm_pins::PinError),
    /// A threshold or an action is for what the model never says.
    #[error("the configuration names {word:?}, which is not listened for; heard are: {known}")]
    UnknownWord {
        /// The word.
        word: String,
        /// What it could be.
        known: String,
    },
    /// Phrases are asked of a model that has no head for them.
    #[error("{model}: tells no phones, which phrases are made of; take another model")]
    NoPhones {
        /// The model.
        model: String,
    },
    /// A file of words that this model cannot use.
    #[error("{}: {error}", file.display())]
    Book {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        error: BookError,
    },
    /// Recordings that show no phrase.
    #[error("{}: {error}", file.display())]
    Shown {
        /// The recording.
        file: PathBuf,
        /// Why not.
        error: ShownError,
    },
    /// What cannot be said.
    #[error(transparent)]
    Spoken(SpokenError),
    /// A phone that the model does not tell.
    #[error("{0}: phrases are made of English phones; take another model")]
    Spelling(SpellingError),
    /// The background of phrases.
    #[error("{}: {error}", file.display())]
    Background {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        error: BackgroundError,
    },
    /// Thresholds of phrases cannot be chosen.
    #[error(
        "{hours:.1} hours of background are too little to choose a threshold by; give sound in which nobody says the phrase \
         to `wavlm words background FILE…`"
    )]
    LittleBackground {
        /// How much there is.
        hours: f64,
    },
    /// No default file of words can be found.
    #[error("no home folder is known; give --file words.toml")]
    NoBook,
    /// Voices are asked of a model that has no head for them.
    #[error("{model}: embeds no voices; leave out [voices] and `only`, or take another model")]
    NoVoices {
        /// The model.
        model: String,
    },
    /// An action waits for somebody who is not enrolled.
    #[error("something is only for {name:?}, who is not enrolled; use `wavlm enroll {name} FILE…` first")]
    UnknownVoice {
        /// The name.
        name: String,
    },
    /// The service cannot be reached there.
    #[error("{uri}: {error}")]
    Address {
        /// The address.
        uri: String,
        /// The system's words.
        error: io::Error,
    },
    /// A build for files and pipes alone.
    #[cfg(not(feature = "microphone"))]
    #[error(
        "this program was built without a microphone; build it with `--features microphone`, which needs Debian's \
         libasound2-dev, or give --file F"
    )]
    NoMicrophone,
    /// A microphone cannot be read.
    #[cfg(feature = "microphone")]
    #[error("{device}: {error}; `wavlm devices` lists microphones")]
    Device {
        /// What ALSA calls it.
        device: String,
        /// The system's words.
        error: io::Error,
    },
    /// `--tune` draws.
    #[error("--tune needs a terminal on stderr")]
    NoTerminal,
    /// `--threshold` of a voice.
    #[error("--threshold is {0}; it must be from -1 to 1")]
    Threshold(f32),
    /// `--seconds` of the bench.
    #[error("--seconds: {0} is no length; give a number from 0.1 to 600")]
    Seconds(f32),
    /// A name that cannot be a file's.
    #[error(
        "{name:?}: not a name; use up to {max} letters, digits, spaces, '-', '_' or '.', a letter or digit first"
    )]
    Name {
        /// The name.
        name: String,
        /// Most bytes.
        max: usize,
    },
    /// No default store can be found.
    #[error("no home folder is known; give --store DIR")]
    NoStore,
    /// Nobody is enrolled.
    #[error("{}: no voices that this model made; use `wavlm enroll NAME FILE…` first", store.display())]
    NobodyEnrolled {
        /// The store.
        store: PathBuf,
    },
    /// The person is enrolled, but not with this phrase.
    #[error(
        "{name}: not enrolled with {phrase:?}; use `wavlm enroll {name} FILE… --phrase {phrase:?}` first"
    )]
    NotEnrolledWith {
        /// Whose voice it should be.
        name: String,
        /// What was said.
        phrase: String,
    },
    /// The person is not enrolled.
    #[error("{name}: not enrolled in {}; use `wavlm enroll {name} FILE…` first", store.display())]
    NotEnrolled {
        /// The person.
        name: String,
        /// The store.
        store: PathBuf,
    },
    /// The file is no voiceprint.
    #[error("{}: {error}", file.display())]
    Voiceprint {
        /// The file.
        file: PathBuf,
        /// Why not.
        error: VoiceprintError,
    },
    /// The voiceprint means nothing to this model.
    #[error("{name}: enrolled with another model; enrol again")]
    OtherModel {
        /// The person.
        name: String,
    },
    /// `WAVLM_KERNEL` names a table that cannot be used.
    #[error("WAVLM_KERNEL: {error}; this machine runs {available}")]
    Kernel {
        /// Why not.
        error: KernelError,
        /// Those that can be.
        available: String,
    },
    /// `WAVLM_CORES` is neither of its values.
    #[error("WAVLM_CORES: {0:?} is unknown; use fast or all, and taskset for certain cores")]
    Cores(String),
    /// The model's bytes are not those that were written.
    #[error("{place}: {error}; copy or export it again")]
    Damaged {
        /// The model.
        place: String,
        /// Which bytes.
        error: Box<wavlm_format::VerifyError>,
    },
    /// A tensor cannot be written.
    #[error("{}: {error}", file.display())]
    Tensors {
        /// The file to write.
        file: PathBuf,
        /// Why not.
        error: safetensors::SafeTensorError,
    },
    /// A file or folder cannot be read or written.
    #[error("{}: {error}", file.display())]
    Io {
        /// The file or folder.
        file: PathBuf,
        /// The system's words.
        error: io::Error,
    },
    /// Results cannot be printed.
    #[error("stdout: {0}")]
    Stdout(#[from] io::Error),
    /// Some of several files failed; each has been reported.
    #[error("{failed} of {all} files could not be read")]
    Some {
        /// Failed.
        failed: usize,
        /// All.
        all: usize,
    },
}

impl Failure {
    /// Something went wrong with a file or folder.
    pub fn io(file: &Path) -> impl Fn(io::Error) -> Failure {
        move |error| Failure::Io { file: file.to_owned(), error }
    }

    /// Something is wrong with a recording.
    pub fn sound(file: &Path) -> impl Fn(AudioError) -> Failure {
        move |error| Failure::Sound { file: file.to_owned(), error }
    }

    /// The model refused something.
    pub fn model(place: impl ToString) -> impl Fn(wavlm_runtime::Error) -> Failure {
        move |error| Failure::Model { place: place.to_string(), error: Box::new(error) }
    }

    /// Nobody reads the results any more.
    pub fn is_broken_pipe(&self) -> bool {
        matches!(self, Failure::Stdout(error) if error.kind() == io::ErrorKind::BrokenPipe)
    }
}
