//! Lines of the GPIO character device, and files that hold 0 or 1, as the pins that `wavlm-link` moves.

use std::fs::{self, OpenOptions};
use std::io::{self, Write};
use std::path::PathBuf;

use embedded_hal::digital::{Error, ErrorKind, ErrorType, InputPin, OutputPin};
use gpiocdev::Request;
use gpiocdev::line::{Bias, Value};

use crate::config;
use crate::failure::Failure;

/// How the kernel shows who holds a line.
const CONSUMER: &str = "wavlm-lock";

/// A line that is high while it is active, whatever the wire says.
#[derive(Debug)]
pub enum Pin {
    /// Held until it is dropped; nobody else can hold it meanwhile.
    Gpio(Request),
    /// Written or read each time.
    File(PathBuf),
    /// Never active.
    Nothing,
}

impl Pin {
    /// Takes the output, inactive.
    ///
    /// # Errors
    /// Somebody else holds it, there is none, or this user may not.
    pub fn output(lines: &config::Lines) -> Result<Self, Failure> {
        match &lines.output {
            config::Line::Number(number) => hold(lines, *number, |builder| {
                builder.as_output(Value::Inactive);
                if lines.output_active_low {
                    builder.as_active_low();
                }
            }),
            config::Line::File(file) => {
                let mut pin = Pin::File(file.clone());
                pin.set(false).map_err(Failure::io(file))?;
                Ok(pin)
            }
        }
    }

    /// Takes a button's line; a pin that is never active if there is no button.
    ///
    /// # Errors
    /// As of the output.
    pub fn button(lines: &config::Lines, button: Option<&config::Line>) -> Result<Self, Failure> {
        match button {
            None => Ok(Pin::Nothing),
            Some(config::Line::Number(number)) => hold(lines, *number, |builder| {
                builder.as_input();
                if lines.buttons_to_ground {
                    builder.with_bias(Bias::PullUp).as_active_low();
                } else {
                    builder.with_bias(Bias::PullDown);
                }
            }),
            Some(config::Line::File(file)) => {
                let pin = Pin::File(file.clone());
                pin.get().map_err(Failure::io(file))?;
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

fn hold(
    lines: &config::Lines,
    line: u32,
    how: impl FnOnce(&mut gpiocdev::request::Builder),
) -> Result<Pin, Failure> {
    let mut builder = Request::builder();
    builder.on_chip(&lines.chip).with_consumer(CONSUMER).with_line(line);
    how(&mut builder);
    let request = builder.request();
    request.map(Pin::Gpio).map_err(|error| Failure::Line { chip: lines.chip.clone(), line, error })
}

/// A line that cannot be read or set. `wavlm-link` asks only whether it is so.
#[derive(Debug)]
pub struct Broken;

impl Error for Broken {
    fn kind(&self) -> ErrorKind {
        ErrorKind::Other
    }
}

impl From<io::Error> for Broken {
    fn from(_: io::Error) -> Self {
        Broken
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
