//! What sound may be like to be read: bounds that no recording of speech exceeds.

/// Lowest sampling rate read; telephones use 8000.
pub(super) const MIN_RATE: u32 = 1_000;
/// Highest sampling rate read; the fastest sound cards offer 384 000.
pub(super) const MAX_RATE: u32 = 384_000;
/// Most channels read; large microphone arrays have 64.
pub(super) const MAX_CHANNELS: u16 = 64;
