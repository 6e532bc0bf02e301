//! A window that the model has scored.

/// What whoever watches gets to see.
#[derive(Debug)]
pub struct Seen<'a> {
    /// Its first sample, counted from the beginning of the sound.
    pub start: u64,
    /// 16 kHz samples.
    pub samples: &'a [f32],
    /// One probability per label.
    pub probabilities: &'a [f32],
}
