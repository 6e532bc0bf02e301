//! Lines of the GPIO character device, and files that hold 0 or 1, as pins of `embedded-hal`.
//!
//! A pin is high while it is active, whatever the wire says.
#![forbid(unsafe_code)]

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use embedded_hal::digital::{ErrorKind, ErrorType, InputPin, OutputPin};
use gpiocdev::Request;
use gpiocdev::line::{Bias, Value};
use gpiocdev::request::Builder;
use serde::Deserialize;

/// A line, as settings name it.
#[derive(Clone, Debug, Deserialize, PartialEq)]
#[serde(untagged)]
pub enum Line {
    /// Of a chip.
    Number(u32),
    /// A file that holds 0 or 1, as an LED's `brightness` in `/sys/class/leds`.
    File(PathBuf),
}

/// Where a line is, and how the kernel shows who holds it.
#[derive(Clone, Copy, Debug)]
pub struct Place<'a> {
    /// The chip, such as `/dev/gpiochip0`; of no account for a file.
    pub chip: &'a Path,
    /// The line.
    pub line: &'a Line,
    /// The name of the holder.
    pub holder: &'a str,
}

/// What a button connects its line to while it is pressed; the board's own resistor pulls the line the other way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Button {
    /// Ground.
    ToGround,
    /// The supply.
    ToSupply,
}

/// Why a line is not held.
#[derive(Debug, thiserror::Error)]
pub enum PinError {
    /// Somebody else holds it, there is none, or this user may not.
    #[error("{}, line {line}: {error}; `gpioinfo` tells who holds it, and the group gpio may", chip.display())]
    Line {
        /// The chip.
        chip: PathBuf,
        /// The number of the line.
        line: u32,
        /// What the kernel says.
        error: gpiocdev::Error,
    },
    /// A file cannot be read or written.
    #[error("{}: {error}", file.display())]
    File {
        /// The file.
        file: PathBuf,
        /// The system's words.
        error: io::Error,
    },
}

/// A line that is held.
#[derive(Debug)]
pub enum Pin {
    /// Until it is dropped; nobody else can hold it meanwhile.
    Gpio(Request),
    /// Written or read each time.
    File(PathBuf),
    /// Never active.
    Nothing,
}

impl Pin {
    /// Takes an output, inactive. `active_low`: the wire is low while the pin is active.
    ///
    /// # Errors
    /// It cannot be held.
    pub fn output(place: Place<'_>, active_low: bool) -> Result<Self, PinError> {
        match place.line {
            Line::Number(number) => hold(place, *number, |builder| {
                builder.as_output(Value::Inactive);
                if active_low {
                    builder.as_active_low();
                }
            }),
            Line::File(file) => {
                let mut pin = Pin::File(file.clone());
                pin.set(false).map_err(|error| PinError::File { file: file.clone(), error })?;
                Ok(pin)
            }
        }
    }

    /// Takes the line of a button.
    ///
    /// # Errors
    /// It cannot be held.
    pub fn button(place: Place<'_>, button: Button) -> Result<Self, PinError> {
        match place.line {
            Line::Number(number) => hold(place, *number, |builder| {
                builder.as_input();
                match button {
                    Button::ToGround => builder.with_bias(Bias::PullUp).as_active_low(),
                    Button::ToSupply => builder.with_bias(Bias::PullDown),
                };
            }),
            Line::File(file) => {
                let pin = Pin::File(file.clone());
                pin.get().map_err(|error| PinError::File { file: file.clone(), error })?;
                Ok(pin)
            }
        }
    }

    fn set(&mut self, active: bool) -> io::Result<()> {
        match self {
            Pin::Gpio(line) => {
                let value = if active { Value::Active } else { Value::Inactive };
                line.set_lone_value(value).map_err(io::Error::other)
            }
            // It must be there: a name with a mistake in it would else become a file that moves nothing.
            Pin::File(file) => {
                OpenOptions::new().write(true).open(file)?.write_all(if active { b"1" } else { b"0" })
            }
            Pin::Nothing => Ok(()),
        }
    }

    fn get(&self) -> io::Result<bool> {
        match self {
            Pin::Gpio(line) => {
                line.lone_value().map(|value| value == Value::Active).map_err(io::Error::other)
            }
            Pin::File(file) => match fs::read_to_string(file)?.trim() {
                "0" => Ok(false),
                "1" => Ok(true),
                _ => Err(io::Error::new(io::ErrorKind::InvalidData, "holds neither 0 nor 1")),
            },
            Pin::Nothing => Ok(false),
        }
    }
}

fn hold(place: Place<'_>, line: u32, how: impl FnOnce(&mut Builder)) -> Result<Pin, PinError> {
    let mut builder = Request::builder();
    builder.on_chip(place.chip).with_consumer(place.holder).with_line(line);
    how(&mut builder);
    let held = builder.request().map(Pin::Gpio);
    held.map_err(|error| PinError::Line { chip: place.chip.to_owned(), line, error })
}

/// A line that cannot be read or set.
#[derive(Debug, thiserror::Error)]
#[error(transparent)]
pub struct Broken(#[from] io::Error);

impl embedded_hal::digital::Error for Broken {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

impl ErrorType for Pin {
    type Error = Broken;
}

impl OutputPin for Pin {
    fn set_low(&mut self) -> Result<(), Broken> {
        Ok(self.set(false)?)
    }

    fn set_high(&mut self) -> Result<(), Broken> {
        Ok(self.set(true)?)
    }
}

impl InputPin for Pin {
    fn is_high(&mut self) -> Result<bool, Broken> {
        Ok(self.get()?)
    }

    fn is_low(&mut self) -> Result<bool, Broken> {
        Ok(!self.get()?)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_an_output_that_must_be_there() {
        let folder = tempfile::tempdir().expect("a folder");
        let line = Line::File(folder.path().join("lamp"));
        let place = Place { chip: Path::new(""), line: &line, holder: "test" };
        assert!(matches!(Pin::output(place, false), Err(PinError::File { .. })));
        fs::write(folder.path().join("lamp"), "1").expect("a file");
        let mut pin = Pin::output(place, false).expect("held");
        assert!(pin.is_low().expect("read"), "off from the beginning");
        pin.set_high().expect("set");
        assert!(pin.is_high().expect("read"));
    }

    #[test]
    fn a_button_that_says_neither_is_broken() {
        let folder = tempfile::tempdir().expect("a folder");
        let line = Line::File(folder.path().join("button"));
        let place = Place { chip: Path::new(""), line: &line, holder: "test" };
        fs::write(folder.path().join("button"), "on").expect("a file");
        assert!(matches!(Pin::button(place, Button::ToGround), Err(PinError::File { .. })));
    }

    #[test]
    fn what_is_no_chip_is_named() {
        let place = Place { chip: Path::new("/dev/null"), line: &Line::Number(17), holder: "test" };
        let told = Pin::output(place, false).expect_err("no chip").to_string();
        assert!(told.starts_with("/dev/null, line 17: "), "{told}");
    }
}
