//! What `wavlm listen` is told: a TOML file, which `boards/listen.toml` documents.

use std::fs;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, de::Error as _};
use wavlm_format::Decision;
use wavlm_runtime::frontend::Channel;

use crate::failure::Failure;

/// Longest file that is read, in bytes.
const MAX_BYTES: u64 = 1 << 20;

/// The file. What is left out has its default; what is unknown is refused.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Config {
    /// Where sound comes from.
    pub sound: Sound,
    /// When a word counts as heard.
    pub words: Words,
    /// Whose voices are known. If the section is there, or an action is for certain voices, every event names its speaker.
    pub voices: Option<Voices>,
    /// What is done about words.
    #[serde(rename = "action")]
    pub actions: Vec<Action>,
}

/// `[sound]`
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Sound {
    /// ALSA's name of the microphone.
    pub device: String,
    /// A number from 1, or `mix`.
    #[serde(deserialize_with = "channel")]
    pub channel: Channel,
    /// Leave out windows in which nobody speaks.
    pub gate: bool,
}

impl Default for Sound {
    fn default() -> Self {
        Sound { device: "default".to_owned(), channel: Channel::Mix, gate: true }
    }
}

/// `[words]`; what is left out is the model's own.
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Words {
    /// Smallest accepted score, 0 to 1.
    pub threshold: Option<f32>,
    /// Take the model's lower threshold.
    pub eager: bool,
    /// Time between two windows, in seconds.
    pub hop_s: Option<f32>,
    /// Windows whose scores are averaged.
    pub smoothing_windows: Option<u32>,
    /// Shortest time between two events of one word, in seconds.
    pub refractory_s: Option<f32>,
}

/// `[voices]`
#[derive(Clone, Debug, Default, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Voices {
    /// Folder of voiceprints; that of `wavlm enroll` if none is given.
    pub store: Option<PathBuf>,
    /// Smallest accepted score, -1 to 1; the model's own if none is given.
    pub threshold: Option<f32>,
}

/// `[[action]]`
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Action {
    /// Words that it belongs to; every word if empty.
    #[serde(default)]
    pub words: Vec<String>,
    /// Voices that may say them; anybody if empty.
    #[serde(default)]
    pub only: Vec<String>,
    /// The program and its arguments, as they are: no shell reads them.
    pub command: Vec<String>,
    /// The program is ended after this time, in seconds.
    #[serde(default = "default_timeout")]
    pub timeout_s: f32,
    /// How many of it may run at once; a word that comes while they do is told and not acted on.
    #[serde(default = "default_at_most")]
    pub at_most: u16,
}

fn default_timeout() -> f32 {
    10.0
}

fn default_at_most() -> u16 {
    1
}

impl Config {
    /// Reads a file.
    ///
    /// # Errors
    /// It cannot be read, or is not understood; the place is named.
    pub fn read(file: &Path) -> Result<Self, Failure> {
        let about = fs::metadata(file).map_err(Failure::io(file))?;
        let refuse = |reason: String| Failure::Config { file: file.to_owned(), reason };
        if about.len() > MAX_BYTES {
            return Err(refuse(format!("{} bytes are no configuration", about.len())));
        }
        let text = fs::read_to_string(file).map_err(Failure::io(file))?;
        Self::parse(&text).map_err(refuse)
    }

    fn parse(text: &str) -> Result<Self, String> {
        let config: Config = toml::from_str(text).map_err(|error| one_line(text, &error))?;
        for action in &config.actions {
            if action.command.first().is_none_or(|program| !Path::new(program).is_absolute()) {
                return Err("an action's command must begin with the full path of a program".to_owned());
            }
            if !(0.1..=3600.0).contains(&action.timeout_s) {
                return Err(format!("timeout_s is {}; it must be from 0.1 to 3600", action.timeout_s));
            }
            if action.at_most == 0 {
                return Err("at_most is 0; it must be at least 1".to_owned());
            }
        }
        Ok(config)
    }

    /// Where voices are to be found, if they matter.
    pub fn voices(&self) -> Option<Voices> {
        let matter = self.voices.is_some() || self.actions.iter().any(|action| !action.only.is_empty());
        matter.then(|| self.voices.clone().unwrap_or_default())
    }

    /// Words that actions wait for and that the model does not know.
    pub fn unknown_words(&self, labels: &[String]) -> Vec<&str> {
        let all = self.actions.iter().flat_map(|action| &action.words);
        all.filter(|word| !labels.contains(word)).map(String::as_str).collect()
    }
}

impl Words {
    /// The model's decision with what was said here. `None` if the lower threshold is wanted and there is none.
    pub fn decide(&self, model: Decision) -> Option<Decision> {
        let stored = if self.eager { model.lower_threshold? } else { model.threshold };
        Some(Decision {
            threshold: self.threshold.unwrap_or(stored),
            hop_s: self.hop_s.unwrap_or(model.hop_s),
            smoothing_windows: self.smoothing_windows.unwrap_or(model.smoothing_windows),
            refractory_s: self.refractory_s.unwrap_or(model.refractory_s),
            ..model
        })
    }
}

/// A number, or a text as on the command line.
fn channel<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Channel, D::Error> {
    #[derive(Deserialize)]
    #[serde(untagged)]
    enum Written {
        Number(i64),
        Text(String),
    }
    let text = match Written::deserialize(deserializer)? {
        Written::Number(number) => number.to_string(),
        Written::Text(text) => text,
    };
    text.parse().map_err(D::Error::custom)
}

/// An error of the parser, with its line and without its picture.
fn one_line(text: &str, error: &toml::de::Error) -> String {
    let line = error.span().map(|span| text.get(..span.start).unwrap_or(text).matches('\n').count() + 1);
    let message = error.message().replace('\n', " ");
    line.map_or_else(|| message.clone(), |line| format!("line {line}: {message}"))
}

#[cfg(test)]
mod tests {
    use wavlm_runtime::tasks::words::UNTUNED;

    use super::*;

    #[test]
    fn an_empty_file_is_the_default_and_the_documented_one_is_read() {
        assert_eq!(Config::parse(""), Ok(Config::default()));
        let documented = include_str!("../../listen.toml");
        assert_eq!(Config::parse(documented), Ok(Config::default()), "it documents the defaults");
        let all: String = documented
            .lines()
            .map(|line| {
                line.strip_prefix("# ")
                    .filter(|rest| rest.contains(" = ") || rest.starts_with('['))
                    .unwrap_or(line)
            })
            .map(|line| format!("{line}\n"))
            .collect();
        let config = Config::parse(&all).expect("its examples are read, too");
        assert_eq!((config.actions.len(), config.voices.is_some()), (1, true));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let refused = |text: &str| Config::parse(text).expect_err("refused");
        assert!(refused("[sound]\ndevise = \"hw:1\"").starts_with("line 2: unknown field `devise`"));
        assert!(refused("[words]\nthreshold = \"high\"").starts_with("line 2: "));
        assert!(refused("[sound]\nchannel = 0").contains("counted from 1"));
        assert!(refused("[[action]]\ncommand = []").contains("full path"));
        assert!(refused("[[action]]\ncommand = [\"logger\"]").contains("full path"));
        assert!(refused("[[action]]\ncommand = [\"/bin/true\"]\ntimeout_s = 0").contains("timeout_s is 0"));
        assert!(refused("[[action]]\ncommand = [\"/bin/true\"]\nat_most = 0").contains("at_most"));
        assert!(!refused("[words\n").contains('\n'));
    }

    #[test]
    fn a_channel_is_a_number_or_a_text() {
        let channel =
            |value: &str| Config::parse(&format!("[sound]\nchannel = {value}")).expect("read").sound.channel;
        assert_eq!(channel("\"mix\""), Channel::Mix);
        assert_eq!(channel("2"), channel("\"2\""));
        assert!(matches!(channel("2"), Channel::Number(number) if number.get() == 2));
    }

    #[test]
    fn what_is_said_replaces_the_model_s_own() {
        let words = Words { threshold: Some(0.9), hop_s: Some(0.5), ..Words::default() };
        let decision = words.decide(UNTUNED).expect("a decision");
        assert_eq!((decision.threshold, decision.hop_s, decision.window_s), (0.9, 0.5, UNTUNED.window_s));
        let eager = Words { eager: true, ..Words::default() };
        assert_eq!(eager.decide(UNTUNED), None);
        let lower = Decision { lower_threshold: Some(0.3), ..UNTUNED };
        assert_eq!(eager.decide(lower).map(|decision| decision.threshold), Some(0.3));
    }
}
