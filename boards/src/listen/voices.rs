//! The voices that may say something.

use wavlm_runtime::Model;
use wavlm_runtime::tasks::fingerprint;
use wavlm_runtime::tasks::speaker::{Embedding, SpeakerVerifier, UNTUNED_THRESHOLD, Voiceprint};

use super::config;
use crate::failure::Failure;
use crate::store::Store;

/// Voices that are known, as they were when the program began.
#[derive(Debug)]
pub struct Voices {
    prints: Vec<Voiceprint>,
    model: u32,
    threshold: f32,
}

/// Whose voice it is.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Likeness {
    /// The closest of those that are known, if it is close enough.
    pub speaker: Option<String>,
    /// How close, if any is known.
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
        let stored = head.decision.map(|decision| decision.threshold);
        let threshold = config.threshold.or(stored).unwrap_or(UNTUNED_THRESHOLD);
        if !(-1.0..=1.0).contains(&threshold) {
            return Err(Failure::Threshold(threshold));
        }
        let store = Store::new(config.store.as_deref())?;
        let model = fingerprint(model.header(), &head.name);
        let names = store.names()?;
        let prints = names.iter().map(|name| {
            let print = store.load(name)?;
            if print.model == model { Ok(print) } else { Err(Failure::OtherModel { name: name.clone() }) }
        });
        Ok(Voices { prints: prints.collect::<Result<_, _>>()?, model, threshold })
    }

    /// Whether somebody of that name is enrolled.
    pub fn knows(&self, name: &str) -> bool {
        self.prints.iter().any(|print| print.name == name)
    }

    /// Whose voice this is.
    pub fn likeness(&self, voice: &Embedding) -> Likeness {
        let scores =
            self.prints.iter().filter_map(|print| Some((&print.name, print.score(self.model, voice)?)));
        let Some((name, score)) = scores.max_by(|a, b| a.1.total_cmp(&b.1)) else {
            return Likeness::default();
        };
        Likeness { speaker: (score >= self.threshold).then(|| name.clone()), score: Some(score) }
    }
}

#[cfg(test)]
mod tests {
    use wavlm_runtime::tasks::speaker::Quality;

    use super::*;

    fn voices(names: &[(&str, [f32; 2])]) -> Voices {
        let print = |&(name, values): &(&str, [f32; 2])| Voiceprint {
            name: name.to_owned(),
            model: 7,
            embedding: Embedding::new(&values).expect("a direction"),
            recordings: 1,
            quality: Quality { speech_s: 3.0, snr_db: 30.0, agreement: 1.0 },
        };
        Voices { prints: names.iter().map(print).collect(), model: 7, threshold: 0.8 }
    }

    #[test]
    fn the_closest_voice_is_named_if_it_is_close_enough() {
        let known = voices(&[("anna", [1.0, 0.0]), ("bert", [0.0, 1.0])]);
        let heard = |values: [f32; 2]| known.likeness(&Embedding::new(&values).expect("a direction"));
        assert_eq!(heard([1.0, 0.1]).speaker.as_deref(), Some("anna"));
        assert_eq!(heard([0.2, 1.0]).speaker.as_deref(), Some("bert"));
        let between = heard([1.0, 1.0]);
        assert_eq!(between.speaker, None);
        assert!(between.score.is_some_and(|score| (0.7..0.72).contains(&score)));
    }

    #[test]
    fn where_nobody_is_known_nobody_is_named() {
        let nobody = voices(&[]);
        let voice = Embedding::new(&[1.0, 0.0]).expect("a direction");
        assert_eq!(nobody.likeness(&voice), Likeness::default());
        let mut of_another_model = voices(&[("anna", [1.0, 0.0])]);
        of_another_model.model = 8;
        assert_eq!(of_another_model.likeness(&voice), Likeness::default());
    }
}
