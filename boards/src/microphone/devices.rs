//! Which microphones there are.

use alsa::Direction;
use alsa::device_name::HintIter;

/// A device that sound can be taken from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Device {
    /// What `--device` takes.
    pub name: String,
    /// What it is, in the system's words.
    pub description: String,
}

/// All devices that ALSA knows at this moment.
///
/// # Errors
/// ALSA's configuration cannot be read.
pub fn list() -> Result<Vec<Device>, alsa::Error> {
    let hints = HintIter::new_str(None, "pcm")?;
    let inputs = hints.filter(|hint| hint.direction != Some(Direction::Playback));
    let named = inputs.filter_map(|hint| {
        let description = hint.desc.unwrap_or_default().replace('\n', ", ");
        Some(Device { name: hint.name?, description })
    });
    Ok(named.filter(|device| device.name != "null").collect())
}
