//! What the lock is wired to and who may ask: a TOML file, which `boards/lock.toml` documents.

use std::path::PathBuf;

use serde::Deserialize;
use wavlm_link::Limits;
use wavlm_pins::Line;
use wavlm_settings::Settings;

/// What a pulse, a pause or a silence may last, in milliseconds. A door that is open for more than a minute is no lock.
const RANGE_MS: std::ops::RangeInclusive<u32> = 50..=60_000;

/// The file. What is unknown in it is refused.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Config {
    /// Where requests come from.
    #[serde(default)]
    pub socket: Socket,
    /// What is held.
    pub lines: Lines,
    /// What no request can change.
    #[serde(default)]
    pub limits: Times,
}

/// `[socket]`
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Socket {
    /// A UNIX socket, made when the program starts.
    pub path: PathBuf,
    /// The user who may ask; anybody else is sent away, whatever the permissions of the socket.
    pub user: String,
}

impl Default for Socket {
    fn default() -> Self {
        Socket { path: "/run/wavlm-lock/socket".into(), user: "wavlm".to_owned() }
    }
}

/// `[lines]`
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields)]
pub struct Lines {
    /// The GPIO chip that numbers are lines of.
    #[serde(default = "default_chip")]
    pub chip: PathBuf,
    /// Draws the bolt.
    pub output: Line,
    /// The output draws the bolt while it is low.
    #[serde(default)]
    pub output_active_low: bool,
    /// A button that releases the door from inside.
    pub release: Option<Line>,
    /// A button that shuts and keeps shut.
    pub stop: Option<Line>,
    /// Buttons connect their line to ground, and the board's own resistor pulls it up; otherwise they connect it to the
    /// supply, and the board pulls it down.
    #[serde(default = "default_buttons_to_ground")]
    pub buttons_to_ground: bool,
}

/// `[limits]`, all in milliseconds.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq)]
#[serde(deny_unknown_fields, default)]
pub struct Times {
    /// Longest time that the output is on.
    pub pulse_ms: u32,
    /// Shortest time from shutting to the next request that opens.
    pub pause_ms: u32,
    /// A lock that a request opened shuts after this time without a sign of life.
    pub silence_ms: u32,
}

impl Default for Times {
    fn default() -> Self {
        Times { pulse_ms: 3000, pause_ms: 1000, silence_ms: 800 }
    }
}

fn default_chip() -> PathBuf {
    "/dev/gpiochip0".into()
}

fn default_buttons_to_ground() -> bool {
    true
}

impl Settings for Config {
    fn check(&self) -> Result<(), String> {
        let Times { pulse_ms, pause_ms, silence_ms } = self.limits;
        for (name, value) in [("pulse_ms", pulse_ms), ("pause_ms", pause_ms), ("silence_ms", silence_ms)] {
            if !RANGE_MS.contains(&value) {
                return Err(format!(
                    "{name} is {value}; it must be from {} to {}",
                    RANGE_MS.start(),
                    RANGE_MS.end()
                ));
            }
        }
        let Lines { output, release, stop, .. } = &self.lines;
        if release.as_ref() == Some(output)
            || stop.as_ref() == Some(output)
            || (release == stop && stop.is_some())
        {
            return Err("two of output, release and stop are the same line".to_owned());
        }
        Ok(())
    }
}

impl From<Times> for Limits {
    fn from(times: Times) -> Self {
        Limits {
            pulse: times.pulse_ms.into(),
            pause: times.pause_ms.into(),
            silence: times.silence_ms.into(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_documented_file_is_read_with_and_without_its_examples() {
        let documented = include_str!("../../lock.toml");
        let config = Config::parse(documented).expect("it is read");
        assert_eq!(
            (&config.socket, config.limits),
            (&Socket::default(), Times::default()),
            "it documents the defaults"
        );
        let uncommented = |line: &str| {
            line.strip_prefix("# ").filter(|rest| rest.contains(" = ")).unwrap_or(line).to_owned()
        };
        let all: Vec<String> = documented.lines().map(uncommented).collect();
        let config = Config::parse(&all.join("\n")).expect("its examples are read, too");
        assert!(config.lines.release.is_some() && config.lines.stop.is_some());
    }

    #[test]
    fn what_is_wrong_is_named() {
        let refused = |text: &str| Config::parse(text).expect_err("refused");
        assert!(refused("").contains("lines"));
        assert!(refused("[lines]\noutput = 17\npulse = 3").starts_with("line 3: unknown field `pulse`"));
        assert!(refused("[lines]\noutput = 17\n[limits]\npulse_ms = 0").contains("pulse_ms is 0"));
        assert!(refused("[lines]\noutput = 17\n[limits]\nsilence_ms = 3600000").contains("silence_ms"));
        assert!(refused("[lines]\noutput = 17\nstop = 17").contains("the same line"));
    }

    #[test]
    fn a_line_is_a_number_or_a_file() {
        let output =
            |value: &str| Config::parse(&format!("[lines]\noutput = {value}")).expect("read").lines.output;
        assert_eq!(output("4"), Line::Number(4));
        assert_eq!(
            output("\"/sys/class/leds/led0/brightness\""),
            Line::File("/sys/class/leds/led0/brightness".into())
        );
    }
}
