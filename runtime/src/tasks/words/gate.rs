//! Silence need not be scored.

use std::collections::VecDeque;
use std::ops::Range;

use earshot::Detector;

use super::labels::{SILENCE, is_keyword};

/// Samples that the detector takes at a time: 16 ms.
const FRAME: usize = 256;
/// A frame is active from this on. The detector's usual limit is 0.5; here a frame too many costs a little work, and one too
/// few a word.
const ACTIVE: f32 = 0.35;

/// What the sound is multiplied with, once for each detector: one hears it as it is, the other what is said softly or from
/// afar, 24 dB louder.
const GAINS: [f32; 2] = [1.0, 16.0];

/// Tells windows in which nobody can be speaking, and stands in for the model there.
///
/// Detectors of voice activity, far smaller than the model, listen to all of the sound. A window without an active frame
/// gets the logits of silence; every other window is scored as always, so what is heard in it does not depend on the gate.
/// Since it drops windows and no sound, no beginning of a word is lost.
pub struct Gate {
    detectors: [Box<Detector>; GAINS.len()],
    /// Samples of the unfinished frame.
    pending: Vec<f32>,
    frames: u64,
    /// Numbers of the active frames that a coming window may hold, in order.
    active: VecDeque<u64>,
    silence: Vec<f32>,
}

impl std::fmt::Debug for Gate {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Gate").field("frames", &self.frames).finish_non_exhaustive()
    }
}

impl Gate {
    /// A gate for a model with these labels. `None` if no label stands for what is no keyword; `_silence_` does so before
    /// others.
    pub fn new(labels: &[String]) -> Option<Self> {
        let silence = labels.iter().position(|label| label == SILENCE);
        let silence = silence.or_else(|| labels.iter().position(|label| !is_keyword(label)))?;
        Some(Gate {
            detectors: GAINS.map(|_| Detector::default_boxed()),
            pending: Vec::with_capacity(FRAME),
            frames: 0,
            active: VecDeque::new(),
            // A softmax of these leaves the keywords less than 1e-12.
            silence: (0..labels.len()).map(|label| if label == silence { 0.0 } else { -30.0 }).collect(),
        })
    }

    /// Takes the next 16 kHz samples of the sound.
    pub fn push(&mut self, samples: &[f32]) {
        for &sample in samples {
            self.pending.push(sample);
            if self.pending.len() == FRAME {
                if self.is_active() {
                    self.active.push_back(self.frames);
                }
                self.frames += 1;
                self.pending.clear();
            }
        }
    }

    /// Whether anybody speaks in the frame that is complete now.
    fn is_active(&mut self) -> bool {
        let mut active = false;
        for (detector, gain) in self.detectors.iter_mut().zip(GAINS) {
            let mut frame = [0.0; FRAME];
            for (louder, sample) in frame.iter_mut().zip(&self.pending) {
                *louder = (gain * sample).clamp(-1.0, 1.0);
            }
            active |= detector.predict_f32(&frame) >= ACTIVE;
        }
        active
    }

    /// The logits for a window over these samples of the sound, if nobody speaks in it. Later windows must not begin earlier;
    /// before the sound stands silence.
    ///
    /// Frames that go on behind the window do not count: whether they have come already is a matter of chance.
    pub fn silence(&mut self, window: &Range<i64>) -> Option<&[f32]> {
        let (first, end) = (window.start.max(0) as u64 / FRAME as u64, window.end.max(0) as u64);
        while self.active.front().is_some_and(|&frame| frame < first) {
            self.active.pop_front();
        }
        let is_active = self.active.front().is_some_and(|&frame| (frame + 1) * FRAME as u64 <= end);
        (!is_active).then_some(&self.silence)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn labels(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    /// A buzz of 120 Hz under a moving formant: voiced, by any measure.
    fn buzz(samples: usize) -> Vec<f32> {
        let mut voice = [0.0_f32; 2];
        (0..samples)
            .map(|i| {
                let pulse = if i % 133 == 0 { 1.0 } else { 0.0 };
                let turn = 0.3 + 0.1 * (i as f32 / 3000.0).sin();
                let next = pulse + 1.9 * turn.cos() * voice[0] - 0.95 * voice[1];
                voice = [next, voice[0]];
                0.1 * next
            })
            .collect()
    }

    #[test]
    fn silence_is_told_and_a_voice_is_let_through() {
        let mut gate = Gate::new(&labels(&["yes", "_unknown_", "_silence_"])).expect("a gate");
        gate.push(&[0.0; 16_000]);
        assert!(gate.silence(&(-16_000..0)).is_some());
        assert_eq!(gate.silence(&(0..16_000)), Some(&[-30.0, -30.0, 0.0][..]));
        gate.push(&buzz(8000));
        gate.push(&[0.0; 32_000]);
        assert_eq!(gate.silence(&(4000..20_000)), None);
        assert_eq!(gate.silence(&(8000..24_000)), None);
        assert!(gate.silence(&(32_000..48_000)).is_some());
    }

    #[test]
    fn it_does_not_depend_on_the_pieces() {
        let mut sound = vec![0.0; 10_000];
        sound.extend(buzz(9000));
        sound.extend([0.0; 30_000]);
        let told = |piece: usize| {
            let mut gate = Gate::new(&labels(&["yes", "_silence_"])).expect("a gate");
            let (mut next, mut received, mut open) = (0, 0, Vec::new());
            for samples in sound.chunks(piece) {
                gate.push(samples);
                received += samples.len() as i64;
                while next + 8000 <= received {
                    open.push(gate.silence(&(next..next + 8000)).is_none());
                    next += 2000;
                }
            }
            open
        };
        let whole = told(usize::MAX);
        assert!(whole.contains(&true) && whole.contains(&false));
        for piece in [1, 160, 255, 4096] {
            assert_eq!(told(piece), whole, "{piece}");
        }
    }

    #[test]
    fn a_model_that_knows_keywords_alone_has_no_gate() {
        assert!(Gate::new(&labels(&["yes", "no"])).is_none());
        assert!(Gate::new(&labels(&["yes", "_unknown_"])).is_some());
    }
}
