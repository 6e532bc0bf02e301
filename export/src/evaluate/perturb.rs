//! Changes of a recording that leave what was said, and who said it, as it was.

use std::io::{self, Cursor, Write};
use std::process::{Command, Stdio};

use rubato::audioadapter_buffers::direct::SequentialSlice;
use rubato::{Fft, FixedSync, Resampler};
use wavlm_runtime::frontend::{AudioReader, SAMPLE_RATE, SoundOptions};

/// Frames per block of the resampler.
const BLOCK: usize = 1024;

/// One such change.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Perturbation {
    /// Every sample with the other sign.
    Polarity,
    /// A constant added to every sample, full scale being 1.
    Offset(f32),
    /// As many seconds of digital silence before and after.
    Silence(u32),
    /// Without what is quiet at both ends: the sound begins and ends with speech.
    Cut,
    /// Louder by as many decibels.
    Gain(i32),
    /// Resampled to this rate, in hertz, and back.
    Rate(u32),
    /// Compressed to MP3 with as many kbit/s, and back; needs `ffmpeg` on the PATH.
    Mp3(u32),
}

/// Why a recording could not be changed.
#[derive(Debug, thiserror::Error)]
#[error("{perturbation}: {why}")]
pub struct PerturbError {
    perturbation: Perturbation,
    why: String,
}

impl Perturbation {
    /// All that are tried.
    pub const ALL: [Perturbation; 14] = [
        Perturbation::Polarity,
        Perturbation::Offset(0.25),
        Perturbation::Offset(-0.25),
        Perturbation::Silence(1),
        Perturbation::Silence(3),
        Perturbation::Silence(10),
        Perturbation::Cut,
        Perturbation::Gain(-30),
        Perturbation::Gain(-20),
        Perturbation::Gain(-10),
        Perturbation::Gain(6),
        Perturbation::Rate(8000),
        Perturbation::Rate(48_000),
        Perturbation::Mp3(64),
    ];

    /// Why this machine cannot make it; `None` if it can.
    pub fn missing(self) -> Option<&'static str> {
        let runs =
            || Command::new("ffmpeg").arg("-version").stdout(Stdio::null()).stderr(Stdio::null()).status();
        match self {
            Perturbation::Mp3(_) if !runs().is_ok_and(|status| status.success()) => {
                Some("there is no ffmpeg on the PATH")
            }
            _ => None,
        }
    }

    /// The changed recording; 16 kHz mono, as `samples` are.
    ///
    /// # Errors
    /// `ffmpeg` failed, or the resampler did.
    pub fn apply(self, samples: &[f32]) -> Result<Vec<f32>, PerturbError> {
        let changed = match self {
            Perturbation::Polarity => Ok(samples.iter().map(|sample| -sample).collect()),
            Perturbation::Offset(offset) => Ok(samples.iter().map(|sample| sample + offset).collect()),
            Perturbation::Silence(seconds) => {
                let silence = vec![0.0; (seconds * SAMPLE_RATE) as usize];
                Ok([&silence, samples, &silence].concat())
            }
            Perturbation::Cut => Ok(without_quiet_ends(samples).to_vec()),
            Perturbation::Gain(decibels) => {
                let gain = 10.0_f32.powf(decibels as f32 / 20.0);
                Ok(samples.iter().map(|sample| sample * gain).collect())
            }
            Perturbation::Rate(rate) => there_and_back(samples, rate),
            Perturbation::Mp3(kilobits) => through_mp3(samples, kilobits),
        };
        changed.map_err(|why| PerturbError { perturbation: self, why })
    }
}

impl std::fmt::Display for Perturbation {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Perturbation::Polarity => write!(f, "polarity"),
            Perturbation::Offset(offset) => write!(f, "offset {offset:+}"),
            Perturbation::Silence(seconds) => write!(f, "{seconds} s of silence"),
            Perturbation::Cut => write!(f, "cut at both ends"),
            Perturbation::Gain(decibels) => write!(f, "gain {decibels:+} dB"),
            Perturbation::Rate(rate) => write!(f, "{} kHz", rate / 1000),
            Perturbation::Mp3(kilobits) => write!(f, "MP3 {kilobits} kbit/s"),
        }
    }
}

/// From the first to the last 10 ms that are at most 30 dB below the loudest; all of it where nothing is louder than the rest.
fn without_quiet_ends(samples: &[f32]) -> &[f32] {
    let frame = SAMPLE_RATE as usize / 100;
    let powers: Vec<f32> = samples.chunks(frame).map(|frame| frame.iter().map(|x| x * x).sum()).collect();
    let loudest = powers.iter().copied().fold(0.0_f32, f32::max);
    let loud = |power: &f32| *power >= 1e-3 * loudest && *power > 0.0;
    let (Some(first), Some(last)) = (powers.iter().position(loud), powers.iter().rposition(loud)) else {
        return samples;
    };
    &samples[first * frame..samples.len().min((last + 1) * frame)]
}

fn there_and_back(samples: &[f32], rate: u32) -> Result<Vec<f32>, String> {
    let copy = resample(samples, SAMPLE_RATE, rate)?;
    let mut back = resample(&copy, rate, SAMPLE_RATE)?;
    back.resize(samples.len(), 0.0);
    Ok(back)
}

fn resample(samples: &[f32], from: u32, to: u32) -> Result<Vec<f32>, String> {
    let said = |error: &dyn std::fmt::Display| error.to_string();
    let fft = Fft::<f32>::new(from as usize, to as usize, BLOCK, 1, FixedSync::Both);
    let mut fft = fft.map_err(|error| said(&error))?;
    let input = SequentialSlice::new(samples, 1, samples.len()).map_err(|error| said(&error))?;
    let output = fft.process_all(&input, samples.len(), None).map_err(|error| said(&error))?;
    Ok(output.take_data())
}

fn through_mp3(samples: &[f32], kilobits: u32) -> Result<Vec<f32>, String> {
    let rate = SAMPLE_RATE.to_string();
    let mut ffmpeg = Command::new("ffmpeg")
        .args(["-loglevel", "error", "-f", "f32le", "-ar", &rate, "-ac", "1", "-i", "-"])
        .args(["-b:a", &format!("{kilobits}k"), "-f", "mp3", "-"])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .map_err(|error| format!("ffmpeg: {error}"))?;
    let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
    let mut stdin = ffmpeg.stdin.take().ok_or("ffmpeg: no stdin")?;
    // ffmpeg writes while it reads, so both ends of it are served at once.
    let (written, output) = std::thread::scope(|scope| {
        let writer = scope.spawn(move || stdin.write_all(&bytes));
        let output = ffmpeg.wait_with_output();
        (writer.join().unwrap_or_else(|_| Err(io::ErrorKind::Other.into())), output)
    });
    let output = output.map_err(|error| format!("ffmpeg: {error}"))?;
    if !output.status.success() {
        return Err(format!("ffmpeg: {}", String::from_utf8_lossy(&output.stderr).trim()));
    }
    written.map_err(|error| format!("ffmpeg: {error}"))?;
    let mut reader = AudioReader::from_stream(Cursor::new(output.stdout), &SoundOptions::default())
        .map_err(|error| error.to_string())?;
    reader.read_to_end().map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sine(hertz: f32) -> Vec<f32> {
        let step = std::f32::consts::TAU * hertz / SAMPLE_RATE as f32;
        (0..16_001).map(|i| 0.5 * (i as f32 * step).sin()).collect()
    }

    fn apply(perturbation: Perturbation, samples: &[f32]) -> Vec<f32> {
        perturbation.apply(samples).expect("it can be changed")
    }

    /// Largest difference away from the ends.
    fn apart(a: &[f32], b: &[f32]) -> f32 {
        let middle = 2000..14_000;
        let pairs = a[middle.clone()].iter().zip(&b[middle]);
        pairs.fold(0.0, |most, (a, b)| most.max((a - b).abs()))
    }

    #[test]
    fn arithmetic_on_samples() {
        let samples = [0.5, -0.25];
        assert_eq!(apply(Perturbation::Polarity, &samples), [-0.5, 0.25]);
        assert_eq!(apply(Perturbation::Offset(-0.25), &samples), [0.25, -0.5]);
        assert_eq!(apply(Perturbation::Gain(-20), &samples), [0.05, -0.025]);
        let louder = apply(Perturbation::Gain(6), &samples);
        assert!((louder[0] - 0.998).abs() < 0.001, "{louder:?}");
    }

    #[test]
    fn what_is_quiet_at_both_ends_is_cut() {
        let mut samples = vec![0.001; 4800];
        samples[1600..3000].fill(0.5);
        let cut = Perturbation::Cut.apply(&samples).expect("a cut");
        assert_eq!((cut.len(), cut[0], cut[1399]), (1440, 0.5, 0.5));
        assert_eq!(Perturbation::Cut.apply(&[0.0; 500]).expect("silence"), [0.0; 500]);
    }

    #[test]
    fn silence_is_put_on_both_sides() {
        let padded = apply(Perturbation::Silence(1), &[0.5, 0.25]);
        assert_eq!(padded.len(), 32_002);
        assert_eq!(padded[15_999..16_003], [0.0, 0.5, 0.25, 0.0]);
    }

    #[test]
    fn copies_at_other_rates_keep_what_they_can() {
        let (low, high) = (sine(1000.0), sine(6000.0));
        for rate in [8000, 48_000] {
            let copy = apply(Perturbation::Rate(rate), &low);
            assert_eq!(copy.len(), low.len());
            assert!(apart(&copy, &low) < 0.01, "{rate} Hz: {}", apart(&copy, &low));
        }
        assert!(apart(&apply(Perturbation::Rate(48_000), &high), &high) < 0.01);
        let gone = apply(Perturbation::Rate(8000), &high);
        assert!(apart(&gone, &vec![0.0; gone.len()]) < 0.01, "8 kHz hold nothing at 6 kHz");
    }

    #[test]
    fn mp3_keeps_the_power() {
        let mp3 = Perturbation::Mp3(64);
        if let Some(why) = mp3.missing() {
            eprintln!("mp3_keeps_the_power: not tested, {why}");
            return;
        }
        let samples = sine(1000.0);
        let power = |samples: &[f32]| samples[4000..12_000].iter().map(|x| x * x).sum::<f32>() / 8000.0;
        // LAME takes 5 % off every sample, so that none is beyond full scale.
        let kept = power(&apply(mp3, &samples)) / power(&samples);
        assert!((0.85..1.05).contains(&kept), "{kept}");
    }

    #[test]
    fn names_tell_them_apart() {
        let mut names: Vec<String> = Perturbation::ALL.iter().map(ToString::to_string).collect();
        assert!(names.contains(&"gain -30 dB".to_owned()) && names.contains(&"offset +0.25".to_owned()));
        names.dedup();
        assert_eq!(names.len(), Perturbation::ALL.len());
    }
}
