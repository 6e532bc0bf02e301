//! The command line. Names are fixed: scripts rely on them.

use std::path::PathBuf;

use clap::{Args, Parser, Subcommand};

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
    /// Learn a voice from recordings of one person
    Enroll(Enroll),
    /// Is this the voice of NAME? Exit status 0 if so, 1 if not
    Verify(Verify),
    /// Whose voice is this? Exit status 0 if it is known, 1 if not
    Identify(Identify),
    /// Run the model on a recording and write its tensors
    Infer(Infer),
    /// Measure speed and memory
    Bench(Bench),
    /// Say what this machine and this model are, and what is wrong with either
    Doctor(Doctor),
}

/// `wavlm spot`
#[derive(Debug, Args)]
pub struct Spot {
    /// Smallest accepted score, 0 to 1; the model's own if none is given
    #[arg(long, value_name = "X")]
    pub threshold: Option<f32>,
    /// WAV files; `-` reads WAV or raw s16le at 16 kHz from stdin and prints keywords as they are heard
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
}

/// Where voices are kept, and when two are the same.
#[derive(Debug, Args)]
pub struct Voices {
    /// Folder of voiceprints [default: $XDG_DATA_HOME/wavlm/voices or ~/.local/share/wavlm/voices]
    #[arg(long, value_name = "DIR")]
    pub store: Option<PathBuf>,
    /// Smallest accepted score, -1 to 1; the model's own if none is given
    #[arg(long, value_name = "X", allow_negative_numbers = true)]
    pub threshold: Option<f32>,
}

/// `wavlm enroll`
#[derive(Debug, Args)]
pub struct Enroll {
    /// Whose voice it is
    pub name: String,
    /// WAV files of that person alone; three or more of some seconds each work best
    #[arg(required = true, value_name = "FILE")]
    pub files: Vec<PathBuf>,
    /// Where voices are kept.
    #[command(flatten)]
    pub voices: Voices,
}

/// `wavlm verify`
#[derive(Debug, Args)]
pub struct Verify {
    /// Whose voice it should be
    pub name: String,
    /// WAV file; `-` reads stdin
    pub file: PathBuf,
    /// Where voices are kept.
    #[command(flatten)]
    pub voices: Voices,
}

/// `wavlm identify`
#[derive(Debug, Args)]
pub struct Identify {
    /// WAV file; `-` reads stdin
    pub file: PathBuf,
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
    /// WAV file; `-` reads stdin
    pub file: PathBuf,
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
    fn common_options_may_follow_the_command() {
        let line = "wavlm spot --json --threshold 0.5 --model m.wlm --threads 2 a.wav -";
        let arguments = Arguments::parse_from(line.split(' '));
        assert!(arguments.common.json);
        assert_eq!(arguments.common.threads, 2);
        assert!(
            matches!(arguments.command, Command::Spot(Spot { threshold: Some(0.5), files }) if files.len() == 2)
        );
    }
}
