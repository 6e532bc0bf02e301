//! A microphone that ALSA makes of a recording, for programs that listen to one.

use std::fs;
use std::path::{Path, PathBuf};

use crate::program::{Program, repository};

/// A folder with the ALSA device `room`, which plays a recording once; silence follows it.
#[derive(Debug)]
pub struct Room {
    device: String,
    configuration: PathBuf,
}

impl Room {
    /// A room in which a sample of `models/samples` is heard after some silence, its files in `folder`. It is not plugged in
    /// yet. `None`, told on stderr, where the programs were built without a microphone.
    ///
    /// # Panics
    /// If the sample or the folder cannot be used.
    pub fn new(folder: &Path, sample: &str, silence_s: f32) -> Option<Room> {
        let devices = Program::new("wavlm").args(["devices"]).run();
        if devices.stderr.contains("built without a microphone") {
            eprintln!("NOT RUN: {}", devices.stderr.trim());
            return None;
        }
        let sound = fs::read(repository().join("models/samples").join(sample)).expect("the sample");
        let mut heard = vec![0; 2 * (silence_s * 16_000.0) as usize];
        heard.extend(sound.get(44..).expect("samples behind the header"));
        let samples = folder.join("samples.raw");
        fs::write(&samples, heard).expect("a file");
        let device = format!(
            "pcm.room {{ type file slave.pcm null file /dev/null infile \"{}\" format raw }}\n",
            samples.display()
        );
        let configuration = folder.join("asound.conf");
        fs::write(&configuration, "").expect("a file");
        Some(Room { device, configuration })
    }

    /// Lets programs find the device, beside what else `devices` defines in ALSA's words.
    ///
    /// # Panics
    /// If the folder is gone.
    pub fn plug_in(&self, devices: &str) {
        fs::write(&self.configuration, format!("{}{devices}", self.device)).expect("a file");
    }

    /// `wavlm`, which looks for devices here.
    pub fn program(&self) -> Program {
        let path = format!("/usr/share/alsa/alsa.conf:{}", self.configuration.display());
        Program::new("wavlm").env("ALSA_CONFIG_PATH", path)
    }
}
