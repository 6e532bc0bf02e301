//! What `wavlm listen` is told: a TOML file, which `boards/listen.toml` documents.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Deserializer, de::Error as _};
use wavlm_format::Decision;
use wavlm_pins::Line;
use wavlm_runtime::frontend::Channel;
use wavlm_runtime::tasks::words::Tuning;
use wavlm_settings::Settings;

use crate::cli::{Hearing, Threshold};

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
    /// What is kept of the sound.
    pub record: Option<Record>,
    /// What holds the lock.
    pub lock: Option<Lock>,
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
    /// A file of words, as `wavlm words` writes it: what is heard is what it says.
    pub file: Option<PathBuf>,
    /// Smallest accepted score, 0 to 1.
    pub threshold: Option<f32>,
    /// The same of single words.
    pub thresholds: BTreeMap<String, f32>,
    /// Take the model's lower threshold.
    pub eager: bool,
    /// Time between two windows, in seconds.
    pub hop_s: Option<f32>,
    /// Windows whose scores are averaged.
    pub smoothing_windows: Option<u32>,
    /// Windows in a row that must reach the threshold.
    pub trigger_windows: Option<u32>,
    /// Words are told by the window in which they are first heard, and not once their score has passed its peak. So they are
    /// unless this is `false`: who speaks to a device waits for it.
    pub at_once: Option<bool>,
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
    /// The same of a voice that says what it was enrolled with, by `wavlm enroll --phrase`; `threshold` or the model's own if none
    /// is given.
    pub phrase_threshold: Option<f32>,
}

/// `[record]`
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Record {
    /// Where words and near misses go, as sound files.
    pub folder: PathBuf,
    /// Most bytes of all files together, in megabytes; the oldest go first.
    #[serde(default = "default_most_mb")]
    pub most_mb: u32,
}

impl Record {
    /// A folder with the usual bound.
    pub fn new(folder: PathBuf) -> Self {
        Record { folder, most_mb: default_most_mb() }
    }
}

fn default_most_mb() -> u32 {
    100
}

/// `[lock]`
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged, deny_unknown_fields, expecting = "either `socket`, or `serial` and `baud`")]
pub enum Lock {
    /// `wavlm-lock`.
    Socket {
        /// Its socket.
        socket: PathBuf,
    },
    /// A microcontroller.
    Serial {
        /// The serial line to it.
        serial: PathBuf,
        /// Bits per second.
        #[serde(default = "default_baud")]
        baud: u32,
    },
}

impl Lock {
    /// Where it is.
    pub fn place(&self) -> &Path {
        match self {
            Lock::Socket { socket } => socket,
            Lock::Serial { serial, .. } => serial,
        }
    }
}

fn default_baud() -> u32 {
    115_200
}

/// `[[action]]`
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Action {
    /// Words that it belongs to; every word if empty.
    pub words: Vec<String>,
    /// Voices that may say them; anybody if empty.
    pub only: Vec<String>,
    /// The program and its arguments, as they are: no shell reads them.
    pub command: Vec<String>,
    /// The program is ended after this time, in seconds.
    pub timeout_s: f32,
    /// How many of it may run at once; a word that comes while they do is told and not acted on.
    pub at_most: u16,
    /// A line that is switched on, of `chip` if it is a number.
    pub line: Option<Line>,
    /// The GPIO chip of the line.
    pub chip: PathBuf,
    /// For so long, in seconds.
    pub line_s: f32,
    /// A Wyoming service that is told of the word, `tcp://HOST:PORT`.
    pub wyoming: Option<String>,
    /// Opens the lock for so long, in seconds; the lock has a limit of its own.
    pub open_s: Option<f32>,
}

impl Default for Action {
    fn default() -> Self {
        Action {
            words: Vec::new(),
            only: Vec::new(),
            command: Vec::new(),
            timeout_s: 10.0,
            at_most: 1,
            line: None,
            chip: "/dev/gpiochip0".into(),
            line_s: 0.5,
            wyoming: None,
            open_s: None,
        }
    }
}

impl Settings for Config {
    fn check(&self) -> Result<(), String> {
        for action in &self.actions {
            if !action.does_something() {
                return Err("an action needs a command, a line, wyoming or open_s".to_owned());
            }
            if action.command.first().is_some_and(|program| !Path::new(program).is_absolute()) {
                return Err("an action's command must begin with the full path of a program".to_owned());
            }
            action.check_opening(self.lock.is_some())?;
            if !(0.1..=3600.0).contains(&action.timeout_s) {
                return Err(format!("timeout_s is {}; it must be from 0.1 to 3600", action.timeout_s));
            }
            if !(0.01..=3600.0).contains(&action.line_s) {
                return Err(format!("line_s is {}; it must be from 0.01 to 3600", action.line_s));
            }
            if action.at_most == 0 {
                return Err("at_most is 0; it must be at least 1".to_owned());
            }
        }
        Ok(())
    }
}

impl Config {
    /// Where voices are to be found, if they matter.
    pub fn voices(&self) -> Option<Voices> {
        let matter = self.voices.is_some() || self.actions.iter().any(|action| !action.only.is_empty());
        matter.then(|| self.voices.clone().unwrap_or_default())
    }

    /// Every word that is named: those with a threshold of their own, and those that actions wait for.
    pub fn named_words(&self) -> impl Iterator<Item = &String> {
        self.words.thresholds.keys().chain(self.actions.iter().flat_map(|action| &action.words))
    }
}

impl Action {
    fn does_something(&self) -> bool {
        !self.command.is_empty() || self.line.is_some() || self.wyoming.is_some() || self.open_s.is_some()
    }

    /// Nobody is let in whose voice was not enrolled.
    fn check_opening(&self, has_lock: bool) -> Result<(), String> {
        let Some(open_s) = self.open_s else { return Ok(()) };
        if !(0.05..=60.0).contains(&open_s) {
            return Err(format!("open_s is {open_s}; it must be from 0.05 to 60"));
        }
        if self.only.is_empty() {
            return Err("an action with open_s must say whose voices may: only = [\"anna\"]".to_owned());
        }
        if has_lock { Ok(()) } else { Err("an action with open_s needs the section [lock]".to_owned()) }
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

    /// Puts options of the command line in the place of what stands here.
    pub fn change(&mut self, options: &Hearing) {
        self.file = options.words.clone().or(self.file.take());
        self.eager |= options.eager;
        for Threshold { word, value } in &options.threshold {
            match word {
                Some(word) => drop(self.thresholds.insert(word.clone(), *value)),
                None => (self.threshold, self.eager) = (Some(*value), false),
            }
        }
        if options.eager {
            self.threshold = None;
        }
        self.hop_s = options.hop.or(self.hop_s);
        self.smoothing_windows = options.smoothing.or(self.smoothing_windows);
        self.trigger_windows = options.trigger.or(self.trigger_windows);
        self.at_once = options.at_once.or(self.at_once);
        self.refractory_s = options.refractory.or(self.refractory_s);
    }

    /// What is changed beyond the decision.
    pub fn tuning(&self) -> Tuning {
        let usual = Tuning::default();
        Tuning {
            thresholds: self.thresholds.iter().map(|(word, &threshold)| (word.clone(), threshold)).collect(),
            trigger_windows: self.trigger_windows.unwrap_or(usual.trigger_windows),
            at_once: self.at_once.unwrap_or(true),
            ..usual
        }
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
        assert_eq!((config.actions.len(), config.voices.is_some(), config.lock.is_some()), (1, true, true));
        assert_eq!(config.record.map(|record| record.most_mb), Some(default_most_mb()));
    }

    #[test]
    fn what_is_wrong_is_named_with_its_line() {
        let refused = |text: &str| Config::parse(text).expect_err("refused");
        assert!(refused("[sound]\ndevise = \"hw:1\"").starts_with("line 2: unknown field `devise`"));
        assert!(refused("[words]\nthreshold = \"high\"").starts_with("line 2: "));
        assert!(refused("[sound]\nchannel = 0").contains("counted from 1"));
        assert!(refused("[[action]]\ncommand = []").contains("needs a command"));
        assert!(refused("[[action]]\ncommand = [\"logger\"]").contains("full path"));
        assert!(refused("[[action]]\ncommand = [\"/bin/true\"]\ntimeout_s = 0").contains("timeout_s is 0"));
        assert!(refused("[[action]]\ncommand = [\"/bin/true\"]\nat_most = 0").contains("at_most"));
        assert!(refused("[lock]\nbaud = 9600").contains("either `socket`"));
        assert!(refused("[lock]\nsocket = \"/a\"\nserial = \"/b\"").contains("either `socket`"));
        assert!(!refused("[words\n").contains('\n'));
    }

    #[test]
    fn a_lock_opens_for_enrolled_voices_alone() {
        let lock = "[lock]\nsocket = \"/run/socket\"\n";
        let anna = "[[action]]\nopen_s = 1.0\nonly = [\"anna\"]\n";
        assert!(Config::parse(&format!("{lock}{anna}")).is_ok());
        let refused = |text: String| Config::parse(&text).expect_err("refused");
        assert!(refused(format!("{lock}[[action]]\nopen_s = 1.0")).contains("whose voices"));
        assert!(refused(anna.to_owned()).contains("[lock]"));
        assert!(
            refused(format!("{lock}[[action]]\nopen_s = 0.0\nonly = [\"anna\"]")).contains("open_s is 0")
        );
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
    fn the_command_line_goes_before_the_file() {
        let options = |threshold: &[&str], eager| Hearing {
            words: None,
            threshold: threshold.iter().map(|text| text.parse().expect("a threshold")).collect(),
            eager,
            hop: Some(0.5),
            smoothing: None,
            trigger: Some(2),
            at_once: Some(false),
            refractory: None,
        };
        let file = Words { threshold: Some(0.9), smoothing_windows: Some(4), ..Words::default() };
        let mut words = file.clone();
        words.change(&options(&["0.8", "go=0.7"], false));
        assert_eq!(
            (words.threshold, words.thresholds.get("go"), words.hop_s),
            (Some(0.8), Some(&0.7), Some(0.5))
        );
        assert_eq!((words.smoothing_windows, words.tuning().trigger_windows), (Some(4), 2));
        assert!(file.tuning().at_once && !words.tuning().at_once);
        let mut words = file;
        words.change(&options(&[], true));
        assert_eq!((words.threshold, words.eager), (None, true));
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
