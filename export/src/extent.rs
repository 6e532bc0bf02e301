//! How much of each recording is compared. Seconds do not bound it: a model may make a frame of every third sample, and
//! attention reads every frame from every frame.

use wavlm_format::{EncoderConfig, Head, HeadKind};
use wavlm_runtime::frontend::SAMPLE_RATE;

use crate::audio::Recording;
use crate::work;

/// Most frames that are compared of one recording: 20 s of a published model.
pub const MAX_FRAMES: usize = 1000;

/// Most bytes that the reference may need for one recording beyond the weights: half of what converting may.
const MAX_BYTES: f64 = 1e9;

/// Most products of one recording. 10 s of WavLM Large have 250 billion, which take the reference half a minute.
const MAX_PRODUCTS: f64 = 3e11;

/// Products that take as long as one value of an activation, which the reference computes in f64.
const PRODUCTS_PER_ACTIVATION: f64 = 100.0;

/// What is compared, and what is left out.
#[derive(Clone, Debug)]
pub struct Extent {
    /// The part of each recording. None at all if even the shortest input takes too much memory or time.
    pub recordings: Vec<Recording>,
    /// What is left out, in words.
    pub left_out: Option<String>,
}

/// Cuts recordings down to what can be compared, and repeats those that are too short for the model.
pub fn fit(encoder: &EncoderConfig, heads: &[Head], recordings: &[Recording]) -> Extent {
    let shortest = shortest(encoder, heads);
    let Some(shortest) = shortest.filter(|&samples| is_affordable(encoder, heads, samples)) else {
        let left_out = "left out of verification: everything, since even the shortest sound that this model \
                        takes needs too much memory or time";
        return Extent { recordings: Vec::new(), left_out: Some(left_out.to_owned()) };
    };
    let cut = |recording: &Recording| {
        let samples = recording.samples.iter().copied();
        let samples = if recording.samples.len() < shortest && !recording.samples.is_empty() {
            samples.cycle().take(shortest).collect()
        } else {
            let longest = longest(encoder, heads, shortest..recording.samples.len());
            samples.take(longest).collect()
        };
        Recording { name: recording.name.clone(), samples }
    };
    let fitted: Vec<_> = recordings.iter().map(cut).collect();
    let shortened =
        fitted.iter().zip(recordings).find(|(cut, whole)| cut.samples.len() < whole.samples.len());
    let left_out = shortened.map(|(cut, whole)| {
        let frames = encoder.frames(SAMPLE_RATE as usize).unwrap_or(0);
        format!(
            "left out of verification: all but the first {:.2} of {:.1} s of {}; the model makes {frames} frames of a \
             second, and more would take too much memory or time",
            cut.seconds(),
            whole.seconds(),
            whole.name
        )
    });
    Extent { recordings: fitted, left_out }
}

/// The fewest samples of which the model makes something; `None` if they are more than [`MAX_FRAMES`] frames.
fn shortest(encoder: &EncoderConfig, heads: &[Head]) -> Option<usize> {
    let is_enough = |frames: usize| {
        let Some(behind_adapter) = encoder.adapter.map_or(Some(frames), |adapter| adapter.frames(frames))
        else {
            return false;
        };
        heads.iter().all(|head| match &head.kind {
            HeadKind::XVector { tdnn, .. } => {
                let frames = if head.weighted_layer_sum { frames } else { behind_adapter };
                // A deviation over time needs two.
                tdnn.iter().try_fold(frames, |n, layer| layer.frames(n)).is_some_and(|pooled| pooled >= 2)
            }
            _ => true,
        })
    };
    (1..=MAX_FRAMES).find(|&frames| is_enough(frames)).map(|frames| encoder.samples(frames))
}

/// The most samples within a range whose shortest is affordable that still are.
fn longest(encoder: &EncoderConfig, heads: &[Head], within: std::ops::Range<usize>) -> usize {
    let (mut good, mut bad) = (within.start, within.end + 1);
    while bad - good > 1 {
        let middle = good + (bad - good) / 2;
        if is_affordable(encoder, heads, middle) {
            good = middle;
        } else {
            bad = middle;
        }
    }
    good
}

fn is_affordable(encoder: &EncoderConfig, heads: &[Head], samples: usize) -> bool {
    let frames = encoder.frames(samples).unwrap_or(0);
    let Cost { bytes, products } = cost(encoder, heads, samples);
    frames <= MAX_FRAMES && bytes <= MAX_BYTES && products <= MAX_PRODUCTS
}

/// What the reference needs for an utterance, nearly.
#[derive(Clone, Copy, Debug, Default)]
struct Cost {
    bytes: f64,
    products: f64,
}

/// Grows with the number of samples.
fn cost(encoder: &EncoderConfig, heads: &[Head], samples: usize) -> Cost {
    let mut cost = Cost::default();
    for step in work::steps(encoder, heads, samples) {
        cost.bytes = cost.bytes.max(step.bytes());
        cost.products += step.products() + PRODUCTS_PER_ACTIVATION * step.activations();
    }
    // Every hidden state, of both sides, as they are computed and as they are returned.
    let frames = encoder.frames(samples).unwrap_or(0) as f64;
    cost.bytes += 4.0 * 4.0 * f64::from(encoder.num_layers + 1) * frames * f64::from(encoder.hidden_size);
    cost
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::work::tests::{STANDARD, encoder};

    fn recording(seconds: usize) -> Vec<Recording> {
        vec![Recording { name: "a.wav".to_owned(), samples: vec![0.1; seconds * SAMPLE_RATE as usize] }]
    }

    #[test]
    fn published_models_are_compared_on_all_that_is_read() {
        for (hidden, layers) in [(768, 12), (1024, 24)] {
            let extent = fit(&encoder(&STANDARD, hidden, layers), &[], &recording(10));
            assert_eq!(extent.recordings[0].samples.len(), 160_000);
            assert_eq!(extent.left_out, None);
        }
    }

    #[test]
    fn frames_memory_and_products_are_bounded() {
        for encoder in [
            encoder(&[[64, 3, 3]], 64, 2),
            encoder(&[[1, 1, 1]], 16, 256),
            encoder(&[[8, 1, 1], [65536, 1, 1], [8, 1, 500]], 64, 2),
            encoder(&[[32768, 10, 1], [8, 1, 320]], 64, 2),
            encoder(&STANDARD, 16384, 2),
        ] {
            let extent = fit(&encoder, &[], &recording(60));
            let samples = extent.recordings[0].samples.len();
            assert!(samples < 60 * SAMPLE_RATE as usize);
            assert!(encoder.frames(samples).unwrap() <= MAX_FRAMES);
            let cost = cost(&encoder, &[], samples);
            assert!(cost.bytes <= MAX_BYTES && cost.products <= MAX_PRODUCTS, "{cost:?}");
            let left_out = extent.left_out.unwrap();
            assert!(left_out.contains("of 60.0 s of a.wav"), "{left_out}");
        }
    }

    #[test]
    fn short_recordings_are_repeated() {
        let encoder = encoder(&[[8, 10, 5], [8, 60_000, 7]], 64, 2);
        let extent = fit(&encoder, &[], &recording(1));
        assert_eq!(extent.recordings[0].samples.len(), encoder.samples(1));
        assert_eq!(extent.left_out, None);
    }

    #[test]
    fn what_cannot_be_compared_is_said() {
        let encoder = encoder(&[[16384, 65536, 1], [8, 65536, 1]], 64, 2);
        let extent = fit(&encoder, &[], &recording(1));
        assert!(extent.recordings.is_empty());
        assert!(extent.left_out.unwrap().starts_with("left out of verification: everything"));
    }
}
