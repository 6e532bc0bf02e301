//! The thread that reads the device, for as long as the program runs. A device that is missing, or that is unplugged, is
//! looked for until it is there.

use std::thread;
use std::time::{Duration, Instant};

use alsa::pcm::{Access, Format, HwParams, PCM, State};
use alsa::{Direction, Output, ValueOr};
use wavlm_runtime::frontend::{RawFormat, SAMPLE_RATE, SampleFormat};

use super::ring::{Filler, Item};

/// How often a missing device is looked for.
const RETRY: Duration = Duration::from_secs(1);
/// A device that gives no sound for so long hangs, and is opened anew.
const HANGS_MS: u32 = 3000;
/// What is read at a time, in microseconds.
const PERIOD_US: u32 = 20_000;
/// What the device holds while this thread does not run, in microseconds.
const BUFFER_US: u32 = 500_000;
/// A device that is so far ahead of the clock has none of its own, as ALSA's `null`: it would fill the ring at once.
const MOST_AHEAD: Duration = Duration::from_secs(2);

/// Formats, those preferred first that need no conversion in most devices.
const FORMATS: [(Format, SampleFormat); 4] = [
    (Format::S16LE, SampleFormat::S16Le),
    (Format::S32LE, SampleFormat::S32Le),
    (Format::FloatLE, SampleFormat::F32Le),
    (Format::S243LE, SampleFormat::S24Le),
];

/// Reads the device into the ring, and opens it again whenever it is gone. Never returns.
pub fn run(device: &str, mut filler: Filler) {
    // The library says on stderr what it returns as an error, too; each attempt would do so.
    let _silenced = Output::local_error_handler();
    let mut told = String::new();
    loop {
        match open(device) {
            Ok((pcm, format, period)) => {
                told.clear();
                eprintln!("wavlm: {device}: listening ({} Hz, {} channels)", format.rate, format.channels);
                filler.push_event(Item::Opened(format));
                let error = read(&pcm, format, period, &mut filler);
                filler.push_event(Item::Closed);
                eprintln!("wavlm: {device}: {error}; waiting for it to come back");
            }
            Err(error) => {
                let reason = error.to_string();
                if reason != told {
                    eprintln!("wavlm: {device}: {reason}; `wavlm devices` lists microphones; waiting for it");
                    told = reason;
                }
            }
        }
        thread::sleep(RETRY);
        // What was plugged in since is in none of the lists that the library has read. If they cannot be dropped, the
        // next attempt fails as the last one did.
        let _ = alsa::config::update_free_global();
    }
}

/// Opens a device as it is: its own channels, and the rate nearest to ours; the frames of a period.
pub fn open(device: &str) -> Result<(PCM, RawFormat, usize), alsa::Error> {
    let pcm = PCM::new(device, Direction::Capture, false)?;
    let (format, period) = {
        let params = HwParams::any(&pcm)?;
        params.set_access(Access::RWInterleaved)?;
        let (theirs, ours) = FORMATS
            .into_iter()
            .find(|&(format, _)| params.test_format(format).is_ok())
            .unwrap_or((Format::S16LE, SampleFormat::S16Le));
        params.set_format(theirs)?;
        let channels = params.set_channels_near(1)?;
        let rate = params.set_rate_near(SAMPLE_RATE, ValueOr::Nearest)?;
        params.set_period_time_near(PERIOD_US, ValueOr::Nearest)?;
        params.set_buffer_time_near(BUFFER_US, ValueOr::Nearest)?;
        pcm.hw_params(&params)?;
        let period = params.get_period_size()?;
        let channels = u16::try_from(channels).unwrap_or(u16::MAX);
        (RawFormat { rate, format: ours, channels }, usize::try_from(period).unwrap_or(0).max(1))
    };
    Ok((pcm, format, period))
}

/// Reads until the device fails for good, and says how.
fn read(pcm: &PCM, format: RawFormat, period: usize, filler: &mut Filler) -> String {
    let frame = pcm.frames_to_bytes(1).max(1) as usize;
    let mut buffer = vec![0; period * frame];
    let (began, mut frames) = (Instant::now(), 0_u64);
    loop {
        if pcm.state() == State::Prepared
            && let Err(error) = pcm.start()
        {
            return error.to_string();
        }
        match pcm.wait(Some(HANGS_MS)) {
            Ok(true) => {}
            Ok(false) => return format!("it gave no sound for {} s", HANGS_MS / 1000),
            Err(error) => match pcm.try_recover(error, true) {
                Ok(()) => filler.add_lost((period * frame) as u64),
                Err(error) => return error.to_string(),
            },
        }
        match pcm.io_bytes().readi(&mut buffer) {
            Ok(count) => {
                filler.push_sound(buffer.get(..count * frame).unwrap_or(&buffer));
                frames += count as u64;
            }
            // An overrun inside the device: at least a period is missing.
            Err(error) => match pcm.try_recover(error, true) {
                Ok(()) => filler.add_lost((period * frame) as u64),
                Err(error) => return error.to_string(),
            },
        }
        let heard = Duration::from_secs_f64(frames as f64 / f64::from(format.rate));
        if let Some(ahead) = heard.checked_sub(began.elapsed() + MOST_AHEAD) {
            thread::sleep(ahead);
        }
    }
}
