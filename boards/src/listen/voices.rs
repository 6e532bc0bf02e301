//! The voices that may say something.

use wavlm_runtime::Model;
use wavlm_runtime::tasks::fingerprint;
use wavlm_runtime::tasks::speaker::{Embedding, SpeakerVerifier, Thresholds, Voiceprint};

use super::config;
use crate::failure::Failure;
use crate::store::Store;

/// Voices that are known, as they were when the program began.
#[derive(Debug)]
pub struct Voices {
    prints: Vec<Voiceprint>,
    thresholds: Thresholds,
}

/// Whose voice it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Likeness {
    /// The closest of those that are known, if it is close enough.
    pub speaker: Option<String>,
    /// How close, if any is known: the cosine with the voice that is furthest above its threshold, or least below it.
    pub score: Option<f32>,
}

impl Voices {
    /// Reads all voiceprints of the store.
    ///
    /// # Errors
    /// The model embeds no voices, a threshold makes no sense, or a voiceprint cannot be used: whoever is refused should
    /// learn that now, and not before the door.
    pub fn read(config: &config::Voices, model: &Model, model_name: &str) -> Result<Self, Failure> {
        let no_head = || Failure::NoVoices { model: model_name.to_owned() };
        let head = SpeakerVerifier::head(model).ok_or_else(no_head)?;
        let given = config.threshold.map(Thresholds::both);
        let mut thresholds = given.unwrap_or_else(|| Thresholds::stored(head.decision.as_ref()));
        thresholds.phrase = config.phrase_threshold.unwrap_or(thresholds.phrase);
        for threshold in [thresholds.voice, thresholds.phrase] {
            if !(-1.0..=1.0).contains(&threshold) {
                return Err(Failure::Threshold(threshold));
            }
        }
        let store = Store::new(config.store.as_deref())?;
        let model = fingerprint(model.header(), &head.name);
        let names = store.names()?;
        let prints = names.iter().map(|name| {
            let print = store.load(name)?;
            if print.model == model { Ok(print) } else { Err(Failure::OtherModel { name: name.clone() }) }
        });
        Ok(Voices { prints: prints.collect::<Result<_, _>>()?, thresholds })
    }

    /// Whether somebody of that name is enrolled.
    pub fn knows(&self, name: &str) -> bool {
        self.prints.iter().any(|print| print.name == name)
    }

    /// Whose voice this is, saying `said`.
    pub fn likeness(&self, voice: &Embedding, said: &str) -> Likeness {
        let compared =
            self.prints.iter().map(|print| (&print.name, print.compare(voice, Some(said), &self.thresholds)));
        let Some((name, closest)) = compared.max_by(|a, b| a.1.margin().total_cmp(&b.1.margin())) else {
            return Likeness::default();
        };
        Likeness { speaker: closest.is_accepted().then(|| name.clone()), score: Some(closest.score) }
    }
}

#[cfg(test)]
mod tests {
    use wavlm_runtime::tasks::speaker::{Quality, Voice};

    use super::*;

    fn voice(values: &[f32]) -> Voice {
        Voice {
            embedding: Embedding::new(values).expect("a direction"),
            recordings: 1,
            quality: Quality { speech_s: 3.0, snr_db: 30.0, agreement: 1.0 },
        }
    }

    fn voices(names: &[(&str, [f32; 2])]) -> Voices {
        let print = |&(name, values): &(&str, [f32; 2])| Voiceprint {
            name: name.to_owned(),
            model: 7,
            voice: voice(&values),
            phrases: Vec::new(),
        };
        let thresholds = Thresholds { voice: 0.8, phrase: 0.9 };
        Voices { prints: names.iter().map(print).collect(), thresholds }
    }

    #[test]
    fn the_closest_voice_is_named_if_it_is_close_enough() {
        let known = voices(&[("anna", [1.0, 0.0]), ("bert", [0.0, 1.0])]);
        let heard = |values: [f32; 2]| known.likeness(&voice(&values).embedding, "go");
        assert_eq!(heard([1.0, 0.1]).speaker.as_deref(), Some("anna"));
        assert_eq!(heard([0.2, 1.0]).speaker.as_deref(), Some("bert"));
        let between = heard([1.0, 1.0]);
        assert_eq!(between.speaker, None);
        assert!(between.score.is_some_and(|score| (0.7..0.72).contains(&score)));
    }

    #[test]
    fn a_voice_that_is_known_saying_the_word_is_compared_with_that() {
        let mut known = voices(&[("anna", [1.0, 0.0]), ("bert", [0.0, 1.0])]);
        known.prints[0].add("go", voice(&[0.6, 0.8]));
        let heard = |said| known.likeness(&voice(&[1.0, 0.0]).embedding, said).speaker;
        assert_eq!((heard("stop").as_deref(), heard("go")), (Some("anna"), None));
    }

    #[test]
    fn where_nobody_is_known_nobody_is_named() {
        assert_eq!(voices(&[]).likeness(&voice(&[1.0, 0.0]).embedding, "go"), Likeness::default());
    }
}
