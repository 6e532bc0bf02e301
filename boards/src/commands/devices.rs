//! `wavlm devices`: which microphones there are, and what is wrong with one.

use super::{Printer, Verdict};
use crate::cli::Devices;
use crate::failure::Failure;

#[cfg(not(feature = "microphone"))]
pub fn run(_options: &Devices, _printer: &Printer) -> Result<Verdict, Failure> {
    Err(Failure::NoMicrophone)
}

#[cfg(feature = "microphone")]
pub fn run(options: &Devices, printer: &Printer) -> Result<Verdict, Failure> {
    match &options.test {
        Some(device) => live::test(device, printer),
        None => live::list(printer),
    }
}

#[cfg(feature = "microphone")]
mod live {
    use std::io::{self, IsTerminal, Read, Write};
    use std::time::{Duration, Instant};

    use serde::Serialize;

    use super::{Printer, Verdict};
    use crate::failure::Failure;
    use crate::microphone::{self, Levels, Microphone};

    /// How long a microphone is listened to.
    const TEST: Duration = Duration::from_secs(5);
    /// How often the meter moves.
    const METER: Duration = Duration::from_millis(100);
    /// Length of the meter; its left end is -60 dB.
    const BAR: usize = 30;

    #[derive(Serialize)]
    struct Record<'a> {
        device: &'a str,
        description: &'a str,
    }

    #[derive(Serialize)]
    struct Tested<'a> {
        device: &'a str,
        rate: u32,
        channels: u16,
        problems: Vec<String>,
    }

    pub fn list(printer: &Printer) -> Result<Verdict, Failure> {
        let failed = |error: alsa::Error| {
            let error = io::Error::from_raw_os_error(error.errno());
            Failure::Device { device: "ALSA".to_owned(), error }
        };
        let devices = microphone::list().map_err(failed)?;
        for device in &devices {
            let record = Record { device: &device.name, description: &device.description };
            printer.print(&record, || format!("{:40} {}", device.name, device.description))?;
        }
        if devices.is_empty() {
            printer
                .tell(|| "no microphone; is one plugged in, and are you in the group `audio`?".to_owned())?;
        }
        Ok(Verdict::from(!devices.is_empty()))
    }

    pub fn test(device: &str, printer: &Printer) -> Result<Verdict, Failure> {
        let failed = |error| Failure::Device { device: device.to_owned(), error };
        let mut stream = Microphone::start(device).map_err(failed)?.next_stream(|| {});
        let format = stream.format;
        eprintln!("wavlm: {device}: speak as you would to the finished thing, for {} s", TEST.as_secs());
        let shows = io::stderr().is_terminal();
        let mut levels = Levels::new(format);
        let (began, mut shown) = (Instant::now(), Instant::now());
        let mut buffer = [0; 4096];
        while began.elapsed() < TEST {
            let count = stream.read(&mut buffer).map_err(failed)?;
            if count == 0 {
                return Err(failed(io::Error::from(io::ErrorKind::NotConnected)));
            }
            levels.push(buffer.get(..count).unwrap_or_default());
            if shows && shown.elapsed() >= METER {
                shown = Instant::now();
                let bars: Vec<String> = levels.now().into_iter().map(bar).collect();
                // Whoever watches stderr may leave; the test goes on.
                let _ = write!(io::stderr(), "\r{}", bars.join("  "));
            }
        }
        if shows {
            eprintln!();
        }
        let problems: Vec<String> = levels.verdicts().iter().map(ToString::to_string).collect();
        let fine = problems.is_empty();
        let record = Tested { device, rate: format.rate, channels: format.channels, problems };
        printer.print(&record, || {
            let found = if fine { "nothing is wrong".to_owned() } else { record.problems.join("; ") };
            format!("{device}: {} Hz, {} channels: {found}", format.rate, format.channels)
        })?;
        Ok(Verdict::from(fine))
    }

    /// A level as a bar with its number.
    fn bar(level: f64) -> String {
        let filled = ((level + 60.0) / 60.0 * BAR as f64).clamp(0.0, BAR as f64) as usize;
        format!("[{}{}] {level:4.0} dB", "#".repeat(filled), " ".repeat(BAR - filled))
    }
}
