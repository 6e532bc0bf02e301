//! The command line. Names are fixed: scripts rely on them.

mod words;

use std::num::ParseFloatError;
use std::path::PathBuf;
use std::str::FromStr;

use clap::builder::NonEmptyStringValueParser;
use clap::{Args, Parser, Subcommand};
use wavlm_runtime::frontend::{Channel, RawFormat, SoundOptions};

pub use words::{Add, Book, Learn, Rate, Remove, Room, Say, Typed, Words};

/// Keywords and voices in sound, offline.
#[derive(Debug, Parser)]
#[command(version, arg_required_else_help = true)]
#[command(after_help = "\
WAVLM_KERNEL=NAME overrides the choice of kernels; `wavlm doctor` lists them.
WAVLM_CORES=all computes on all cores; otherwise little ones are left out where there are enough big ones.")]
pub struct Arguments {
    /// Options of every command.
    #[command(flatten)]
    pub common: Common,
    /// What to do.
    #[command(subcommand)]
    pub command: Command,
}

/// Options of every command.
#[derive(Debug, Args)]
pub struct Common {
    /// Model file; the one inside the program if none is given
    #[arg(long, global = true, value_name = "M.wlm")]
    pub model: Option<PathBuf>,
    /// Threads to compute with; results do not depend on it
    #[arg(long, global = true, default_value_t = 1, value_parser = clap::value_parser!(u16).range(1..=256))]
    pub threads: u16,
    /// Print results as JSON, one object per line
    #[arg(long, global = true)]
    pub json: bool,
}

/// One subcommand.
#[derive(Debug, Subcommand)]
pub enum Command {
    /// Hear keywords: what, how sure, from when to when
    Spot(Spot),
    /// Hear keywords in a live microphone, and act on them
    Listen(Listen),
    /// Hear keywords for Home Assistant and whoever else speaks the Wyoming protocol
    Serve(Serve),
    /// Phrases of one's own: what they sound like, from when on they count, in which file they are
    #[command(subcommand)]
    Words(Words),
    /// List the microphones, or listen to one for five seconds and say what is wrong with it
    Devices(Devices),
    /// Learn a voice from recordings of one person
    Enroll(Enroll),
    /// Is this the voice of NAME? Exit status 0 if so, 1 if not
    Verify(Verify),
    /// Whose voice is this? Exit status 0 if it is known, 1 if not
    Identify(Identify),
    /// Say what is said: text, or phones, as the model's CTC head has them
    Transcribe(Transcribe),
    /// Say who speaks when, by the model's frame head, as lines of RTTM
    Diarize(Diarize),
    /// Run the model on a recording and write its tensors
    Infer(Infer),
    /// Measure speed and memory
    Bench(Bench),
    /// Say what this machine and this model are, and what is wrong with either
    Doctor(Doctor),
}

/// What is said about sound beside its bytes.
#[derive(Clone, Debug, Default, Args)]
pub struct Sound {
    /// Which channel to hear: a number, counted from 1, or `mix` for the mean of all
    #[arg(long, value_name = "N|mix", default_value = "mix")]
    pub channel: Channel,
    /// Read samples without a header, whatever they look like: any of rate=HZ, format=NAME, channels=N, with commas
    /// between them; the default is rate=16000,format=s16le,channels=1. Formats: u8, s8, alaw, mulaw, and s16, s24, s32,
    /// f32, f64 with le or be behind them
    #[arg(long, value_name = "rate=HZ,format=NAME,channels=N")]
    pub raw: Option<RawFormat>,
}

impl Sound {
    /// The same, as the runtime takes it.
    pub fn options(&self) -> SoundOptions {
        SoundOptions { channel: self.channel, raw: self.raw }
    }
}

/// `wavlm spot`
#[derive(Debug, Args)]
pub struct Spot {
    /// When a word counts.
    #[command(flatten)]
    pub hearing: Hearing,
    /// Sound files of any kind; `-` reads the same, or raw s16le at 16 kHz, from stdin and prints keywords as they are
    /// heard
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// What is said about the sound.
    #[command(flatten)]
    pub sound: Sound,
}

/// `wavlm transcribe`
#[derive(Debug, Args)]
pub struct Transcribe {
    /// Sound files of any kind; `-` reads one from stdin
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Take the likeliest text over all ways to say it, with so many beginnings at a time, in place of the likeliest token of
    /// each frame
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u16).range(1..=1000))]
    pub beam: Option<u16>,
    /// What is said about the sound.
    #[command(flatten)]
    pub sound: Sound,
}

/// `wavlm diarize`
#[derive(Debug, Args)]
pub struct Diarize {
    /// Sound files of any kind; `-` reads one from stdin
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// A frame has a label whose probability is above this, 0 to 1
    #[arg(long, value_name = "X", default_value_t = 0.5)]
    pub threshold: f32,
    /// A frame has a label that most of so many frames around it have; 1 changes nothing
    #[arg(long, value_name = "FRAMES", default_value_t = 11)]
    pub median: usize,
    /// Leave out turns that are shorter, in seconds
    #[arg(long, value_name = "SECONDS", default_value_t = 0.0)]
    pub shortest: f64,
    /// What is said about the sound.
    #[command(flatten)]
    pub sound: Sound,
}

/// `wavlm listen`
#[derive(Debug, Args)]
pub struct Listen {
    /// What to listen to and what to do; `boards/listen.toml` says what it may hold
    #[arg(long, value_name = "F.toml")]
    pub config: Option<PathBuf>,
    /// The microphone, as `wavlm devices` lists it [default: default]
    #[arg(long, value_name = "D", conflicts_with = "file")]
    pub device: Option<String>,
    /// A sound file in place of a microphone; `-` reads stdin
    #[arg(long, value_name = "F")]
    pub file: Option<PathBuf>,
    /// Which channel to hear: a number, counted from 1, or `mix` for the mean of all [default: mix]
    #[arg(long, value_name = "N|mix")]
    pub channel: Option<Channel>,
    /// Samples of the file, which has no header; see `wavlm spot --help`
    #[arg(long, value_name = "rate=HZ,format=NAME,channels=N", requires = "file")]
    pub raw: Option<RawFormat>,
    /// When a word counts.
    #[command(flatten)]
    pub hearing: Hearing,
    /// Show bars for each word, the level and what would be heard, on this terminal; no action is done
    #[arg(long, conflicts_with = "json")]
    pub tune: bool,
    /// Keep words and near misses as sound files in this folder, 100 MB of them at most
    #[arg(long, value_name = "DIR")]
    pub record: Option<PathBuf>,
    /// Run the model in silence, too
    #[arg(long)]
    pub no_gate: bool,
}

/// `wavlm serve`
#[derive(Debug, Args)]
pub struct Serve {
    /// Where to be reached: tcp://HOST:PORT; 0.0.0.0 as the host is every address of this machine
    #[arg(long, value_name = "URI")]
    pub uri: String,
    /// Tell the local network (mDNS) that this service is here, under this name: Home Assistant then finds it by itself
    #[arg(long, value_name = "NAME")]
    pub advertise: Option<String>,
    /// Thresholds and voices; `boards/listen.toml` says what it may hold. Its actions are for `listen` alone
    #[arg(long, value_name = "F.toml")]
    pub config: Option<PathBuf>,
    /// When a word counts.
    #[command(flatten)]
    pub hearing: Hearing,
}

/// When a word counts as heard, in place of what the configuration and the model say.
#[derive(Debug, Args)]
pub struct Hearing {
    /// Hear what this file of words says, in place of all of the model's keywords; `wavlm words` writes it
    #[arg(long, value_name = "words.toml")]
    pub words: Option<PathBuf>,
    /// Smallest accepted score, 0 to 1, of all words or, as `go=0.7`, of one; may be given several times
    #[arg(long, value_name = "X|WORD=X")]
    pub threshold: Vec<Threshold>,
    /// Take the model's lower threshold: hear more words, and raise more false alarms
    #[arg(long, conflicts_with = "threshold")]
    pub eager: bool,
    /// Time between two windows, in seconds
    #[arg(long, value_name = "S")]
    pub hop: Option<f32>,
    /// Windows whose scores are averaged
    #[arg(long, value_name = "N")]
    pub smoothing: Option<u32>,
    /// Windows in a row that must reach the threshold
    #[arg(long, value_name = "N")]
    pub trigger: Option<u32>,
    /// Tell a word by the window in which it is first heard, or with `false` once its score has passed its peak, half a second
    /// later: of two words over the same sound the better one. Live sound is heard at once, unless told otherwise, and `spot`
    /// waits
    #[arg(long, value_name = "BOOL", require_equals = true, num_args = 0..=1, default_missing_value = "true")]
    pub at_once: Option<bool>,
    /// Shortest time between two events of one word, in seconds
    #[arg(long, value_name = "S")]
    pub refractory: Option<f32>,
}

/// A threshold of all words, or of the one that is named.
#[derive(Clone, Debug, PartialEq)]
pub struct Threshold {
    /// Which; all if there is none.
    pub word: Option<String>,
    /// Smallest accepted score.
    pub value: f32,
}

impl FromStr for Threshold {
    type Err = ParseFloatError;

    fn from_str(text: &str) -> Result<Self, ParseFloatError> {
        let (word, value) =
            text.rsplit_once('=').map_or((None, text), |(word, value)| (Some(word.to_owned()), value));
        Ok(Threshold { word, value: value.parse()? })
    }
}

/// `wavlm devices`
#[derive(Debug, Args)]
pub struct Devices {
    /// Listen to this one for five seconds
    #[arg(long, value_name = "D", num_args = 0..=1, default_missing_value = "default")]
    pub test: Option<String>,
}

/// Where voices are kept, and when two are the same.
#[derive(Debug, Args)]
pub struct Voices {
    /// Folder of voiceprints [default: $XDG_DATA_HOME/wavlm/voices or ~/.local/share/wavlm/voices]
    #[arg(long, value_name = "DIR")]
    pub store: Option<PathBuf>,
    /// Smallest accepted score, -1 to 1, of a recording beside a voice, or beside the others of an enrolment; the model's own
    /// if none is given
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub threshold: Option<f32>,
}

/// `wavlm enroll`
#[derive(Debug, Args)]
pub struct Enroll {
    /// Whose voice it is
    pub name: String,
    /// Sound files of that person alone; three or more of some seconds each work best
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// The files hold this word or phrase and nothing else: where it is heard, it is compared with them. Call it as the model or
    /// the file of words does
    #[arg(long, value_parser = NonEmptyStringValueParser::new())]
    pub phrase: Option<String>,
    /// What is said about the sound.
    #[command(flatten)]
    pub sound: Sound,
    /// Where voices are kept.
    #[command(flatten)]
    pub voices: Voices,
}

/// `wavlm verify`
#[derive(Debug, Args)]
pub struct Verify {
    /// Whose voice it should be
    pub name: String,
    /// Sound file; `-` reads stdin
    pub file: PathBuf,
    /// The file holds this word or phrase and nothing else, with which that person was enrolled
    #[arg(long)]
    pub phrase: Option<String>,
    /// What is said about the sound.
    #[command(flatten)]
    pub sound: Sound,
    /// Where voices are kept.
    #[command(flatten)]
    pub voices: Voices,
}

/// `wavlm identify`
#[derive(Debug, Args)]
pub struct Identify {
    /// Sound file; `-` reads stdin
    pub file: PathBuf,
    /// What is said about the sound.
    #[command(flatten)]
    pub sound: Sound,
    /// Where voices are kept.
    #[command(flatten)]
    pub voices: Voices,
}

/// `wavlm infer`
#[derive(Debug, Args)]
pub struct Infer {
    /// File to write, under transformers' tensor names and without the batch dimension
    #[arg(long, value_name = "OUT.safetensors")]
    pub output: PathBuf,
    /// Also write `hidden_states.N`
    #[arg(long)]
    pub hidden_states: bool,
    /// Also write `attentions.N`, of every head
    #[arg(long)]
    pub attentions: bool,
    /// Sound file; `-` reads stdin
    pub file: PathBuf,
    /// What is said about the sound.
    #[command(flatten)]
    pub sound: Sound,
}

/// `wavlm bench`
#[derive(Debug, Args)]
pub struct Bench {
    /// Length of the sound, in seconds
    #[arg(long, value_name = "S", default_value_t = 1.0)]
    pub seconds: f32,
}

/// `wavlm doctor`
#[derive(Debug, Args)]
pub struct Doctor {
    /// Folder of voiceprints
    #[arg(long, value_name = "DIR")]
    pub store: Option<PathBuf>,
}

#[cfg(test)]
mod tests {
    use clap::CommandFactory;

    use super::*;

    #[test]
    fn the_definition_is_consistent() {
        Arguments::command().debug_assert();
    }

    #[test]
    fn options_of_sound_are_read_or_refused() {
        let parse = |line: &str| Arguments::try_parse_from(line.split(' '));
        let line = "wavlm infer --output o --channel 2 --raw rate=48000,format=s32le a.raw";
        match parse(line).expect("a command line").command {
            Command::Infer(Infer {
                sound: Sound { channel: Channel::Number(number), raw: Some(raw) },
                ..
            }) => {
                assert_eq!((number.get(), raw.rate, raw.channels), (2, 48_000, 1));
            }
            other => panic!("{other:?}"),
        }
        for wrong in ["--channel 0", "--channel left", "--raw s16le", "--raw rate=0"] {
            assert!(parse(&format!("wavlm spot {wrong} a.wav")).is_err(), "{wrong}");
        }
    }

    #[test]
    fn common_options_may_follow_the_command() {
        let line = "wavlm spot --json --threshold 0.5 --model m.wlm --threads 2 a.wav -";
        let arguments = Arguments::parse_from(line.split(' '));
        assert!(arguments.common.json);
        assert_eq!(arguments.common.threads, 2);
        assert!(
            matches!(arguments.command, Command::Spot(Spot { hearing: Hearing { threshold, .. }, files, .. })
                if files.len() == 2 && threshold == [Threshold { word: None, value: 0.5 }])
        );
    }
}
