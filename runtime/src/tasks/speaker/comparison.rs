//! What is heard beside what is known: how alike two voices are, and how alike they must be.

use wavlm_format::Decision;

use super::embedding::Embedding;
use super::voiceprint::Voiceprint;

/// Used for heads that carry no decision: what transformers' documentation of `WavLMForXVector` uses in its example, and
/// calls dependent on the data.
pub const UNTUNED_THRESHOLD: f32 = 0.7;

/// Smallest accepted cosines, each in -1..=1.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Thresholds {
    /// Of a voice, whatever it says.
    pub voice: f32,
    /// Of a voice that says the very phrase that it was enrolled with. Texts make voices alike, so this is higher.
    pub phrase: f32,
}

impl Thresholds {
    /// Those of a model's head; [`UNTUNED_THRESHOLD`] where it has none.
    pub fn stored(decision: Option<&Decision>) -> Self {
        let voice = decision.map_or(UNTUNED_THRESHOLD, |decision| decision.threshold);
        let phrase = decision.and_then(|decision| decision.text_dependent_threshold);
        Thresholds { voice, phrase: phrase.unwrap_or(voice) }
    }

    /// The same one for both.
    pub fn both(threshold: f32) -> Self {
        Thresholds { voice: threshold, phrase: threshold }
    }
}

/// A voice that was heard, beside one that is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Comparison {
    /// Cosine of the two, in -1..=1.
    pub score: f32,
    /// Smallest accepted one.
    pub needed: f32,
}

impl Comparison {
    /// Whether they are taken for one voice.
    pub fn is_accepted(&self) -> bool {
        self.score >= self.needed
    }

    /// By how much they are more alike than they must be.
    pub fn margin(&self) -> f32 {
        self.score - self.needed
    }
}

impl Voiceprint {
    /// Compares a voice that the same model embedded, saying `said`: with the voice saying that, if it is known, or else with the
    /// voice as it is.
    pub fn compare(&self, heard: &Embedding, said: Option<&str>, thresholds: &Thresholds) -> Comparison {
        match said.and_then(|said| self.saying(said)) {
            Some(voice) => Comparison { score: heard.cosine(&voice.embedding), needed: thresholds.phrase },
            None => Comparison { score: heard.cosine(&self.voice.embedding), needed: thresholds.voice },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tasks::speaker::{Quality, Voice};

    fn voice(values: &[f32]) -> Voice {
        let embedding = Embedding::new(values).expect("a direction");
        let quality = Quality { speech_s: 3.0, snr_db: 30.0, agreement: 1.0 };
        Voice { embedding, recordings: 3, quality }
    }

    #[test]
    fn a_phrase_is_compared_with_the_same_phrase() {
        let phrases = vec![("hello".to_owned(), voice(&[0.6, 0.8]))];
        let print = Voiceprint { name: "Ada".to_owned(), model: 7, voice: voice(&[1.0, 0.0]), phrases };
        let thresholds = Thresholds { voice: 0.7, phrase: 0.9 };
        let compared = |said| print.compare(&voice(&[1.0, 0.0]).embedding, said, &thresholds);
        for said in [None, Some("good night")] {
            assert_eq!(compared(said), Comparison { score: 1.0, needed: 0.7 });
        }
        let phrase = compared(Some("hello"));
        assert!((phrase.score - 0.6).abs() < 1e-6 && phrase.needed == 0.9 && !phrase.is_accepted());
        assert!(compared(None).is_accepted() && compared(None).margin() > phrase.margin());
    }

    #[test]
    fn a_model_may_have_no_threshold_or_one() {
        assert_eq!(Thresholds::stored(None), Thresholds::both(UNTUNED_THRESHOLD));
        let mut decision = crate::tasks::words::UNTUNED;
        decision.threshold = 0.75;
        assert_eq!(Thresholds::stored(Some(&decision)), Thresholds::both(0.75));
        decision.text_dependent_threshold = Some(0.8);
        assert_eq!(Thresholds::stored(Some(&decision)), Thresholds { voice: 0.75, phrase: 0.8 });
    }
}
