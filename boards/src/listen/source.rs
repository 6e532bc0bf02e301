//! Where the sound comes from.

use std::path::PathBuf;

use wavlm_runtime::frontend::{AudioReader, SoundOptions};

use crate::failure::Failure;
use crate::input;
#[cfg(feature = "microphone")]
use crate::microphone::Microphone;

/// A microphone, or sound that ends.
pub enum Source {
    /// A file, or `-`.
    File(PathBuf),
    /// A device, which may go and come back.
    #[cfg(feature = "microphone")]
    Microphone {
        /// What ALSA calls it.
        device: String,
        /// Reads it.
        microphone: Microphone,
    },
    /// The file was read.
    Over,
}

impl Source {
    /// Begins to read a microphone.
    ///
    /// # Errors
    /// This program was built without that.
    #[cfg(feature = "microphone")]
    pub fn microphone(device: String) -> Result<Self, Failure> {
        let microphone =
            Microphone::start(&device).map_err(|error| Failure::Device { device: device.clone(), error })?;
        Ok(Source::Microphone { device, microphone })
    }

    /// Begins to read a microphone.
    ///
    /// # Errors
    /// This program was built without that.
    #[cfg(not(feature = "microphone"))]
    pub fn microphone(_device: String) -> Result<Self, Failure> {
        Err(Failure::NoMicrophone)
    }

    /// The next sound without a break in it; `None` after a file. Waits for a microphone that is not there, and calls
    /// `waiting` many times a second meanwhile.
    ///
    /// # Errors
    /// The file cannot be read.
    #[cfg_attr(
        not(feature = "microphone"),
        expect(unused_variables, reason = "only a microphone is waited for")
    )]
    pub fn next(
        &mut self,
        options: &SoundOptions,
        waiting: impl FnMut(),
    ) -> Result<Option<AudioReader>, Failure> {
        match self {
            Source::Over => Ok(None),
            Source::File(file) => {
                let reader = input::open(file, options)?;
                *self = Source::Over;
                Ok(Some(reader))
            }
            #[cfg(feature = "microphone")]
            Source::Microphone { device, microphone } => {
                let stream = microphone.next_stream(waiting);
                let options = SoundOptions { raw: Some(stream.format), ..options.clone() };
                let reader = AudioReader::from_stream(stream, &options);
                Ok(Some(reader.map_err(Failure::sound(device.as_ref()))?))
            }
        }
    }

    /// Bytes of sound that were lost since this was asked last.
    pub fn take_lost(&self) -> u64 {
        match self {
            #[cfg(feature = "microphone")]
            Source::Microphone { microphone, .. } => microphone.take_lost(),
            _ => 0,
        }
    }

    /// Whether it never ends.
    pub fn is_live(&self) -> bool {
        !matches!(self, Source::File(_) | Source::Over)
    }

    /// How messages call it.
    pub fn name(&self) -> String {
        match self {
            #[cfg(feature = "microphone")]
            Source::Microphone { device, .. } => device.clone(),
            Source::File(file) => file.display().to_string(),
            Source::Over => String::new(),
        }
    }
}
