//! A session of a model's keyword head.

use wavlm_format::{Decision, Head, HeadKind};

use super::agreement::Agreement;
use super::labels::is_keyword;
use super::score::{LIKELY, probabilities};
use super::second_look::Look;
use super::{DecisionError, Detection, KeywordSpotter, Scored, UNTUNED, Window};
use crate::error::Error;
use crate::model::Model;
use crate::outputs::Outputs;
use crate::session::SessionOptions;
use crate::tasks::phrases::Alphabet;
use crate::tasks::speaker::SpeakerVerifier;
use crate::tasks::{find_head, no_ctc_head, output_of};
use crate::windows::WindowSession;

/// Scores windows with the sequence classification head named `words`, or the model's first one.
#[derive(Debug)]
pub struct WordModel {
    session: WindowSession,
    head: String,
    labels: Vec<String>,
    decision: Option<Decision>,
    /// Names of the heads that embed voices and tell phones, if they are run, too.
    speaker: Option<String>,
    phones: Option<String>,
    /// How phones have a say in the words, by the stored decision.
    agreement: Option<Agreement>,
}

/// What a session tells of each window beside its words, in the same pass of the encoder.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Beside {
    /// The voice in it: see [`Hearer::voice_of`](super::Hearer::voice_of).
    pub voices: bool,
    /// The phones in it, for [`Hearer::change_phrases`](super::Hearer::change_phrases).
    pub phones: bool,
}

impl WordModel {
    /// The head that would be used.
    pub fn head(model: &Model) -> Option<&Head> {
        find_head(model.header(), "words", |kind| matches!(kind, HeadKind::Sequence { .. }))
    }

    /// Plans a session of that head alone; `options.heads` is ignored.
    ///
    /// # Errors
    /// The model has no such head, or cannot be planned.
    pub fn new(model: &Model, options: &SessionOptions) -> Result<Self, Error> {
        Self::with(model, options, Beside::default())
    }

    /// Plans a session that also tells something else of each window.
    ///
    /// # Errors
    /// The model lacks one of the heads, or cannot be planned.
    pub fn with(model: &Model, options: &SessionOptions, beside: Beside) -> Result<Self, Error> {
        let speaker = beside.voices.then(|| SpeakerVerifier::head_or_error(model));
        let speaker = speaker.transpose()?.map(|head| head.name.clone());
        let head = Self::head(model).ok_or_else(|| Error::NoHead {
            name: "words".to_owned(),
            known: "none that classifies sequences".to_owned(),
        })?;
        let labels = head.kind.labels();
        let agreement = head.decision.and_then(|decision| Agreement::of(model, labels, &decision));
        let phones = match Alphabet::head(model) {
            None if beside.phones => return Err(no_ctc_head()),
            head => head.filter(|_| beside.phones || agreement.is_some()).map(|head| head.name.clone()),
        };
        let heads = [head.name.clone()].into_iter().chain(speaker.clone()).chain(phones.clone());
        let options = SessionOptions { heads: Some(heads.collect()), ..options.clone() };
        Ok(WordModel {
            session: model.window_session(&options)?,
            head: head.name.clone(),
            labels: labels.to_vec(),
            decision: head.decision,
            speaker,
            phones,
            agreement,
        })
    }

    /// The decision stored with the head, or [`UNTUNED`].
    pub fn decision(&self) -> Decision {
        self.decision.unwrap_or(UNTUNED)
    }

    /// What the logits stand for, in their order.
    pub fn labels(&self) -> &[String] {
        &self.labels
    }

    /// The labels that are words: those that do not start with `_`.
    pub fn keywords(&self) -> Vec<&str> {
        self.labels.iter().map(String::as_str).filter(|label| is_keyword(label)).collect()
    }

    /// Samples of the shortest sound that the model can take.
    pub fn needed_samples(&self) -> usize {
        self.session.needed_samples()
    }

    /// One logit per label for 16 kHz samples, as the head gives them: [`WordModel::score`] looks more closely.
    ///
    /// # Errors
    /// As [`Session::run`](crate::Session::run).
    pub fn logits(&mut self, window: &[f32]) -> Result<Vec<f32>, Error> {
        output_of(&self.session.run(window)?, &self.head, "logits")
    }

    /// A spotter for one sound. Any number of them can share this session; see [`WordModel::hear`].
    ///
    /// # Errors
    /// The decision makes no sense.
    pub fn spotter(&self, decision: &Decision) -> Result<KeywordSpotter, DecisionError> {
        KeywordSpotter::new(&self.labels, decision)
    }

    /// Scores all that is due in a spotter, and returns the keywords that this completes.
    ///
    /// # Errors
    /// As [`Session::run`](crate::Session::run).
    pub fn hear(&mut self, spotter: &mut KeywordSpotter) -> Result<Vec<Detection>, Error> {
        spotter.run(|window| Ok(self.score(window)?.logits))
    }

    /// What the model says of a window that is due in a spotter. A window that stands alone tells its words and no more.
    ///
    /// By the [`Confirmation`](wavlm_format::Confirmation) of the stored decision the phones have a say in the logits, if there
    /// is a CTC head that can spell the keywords; and a window in which a keyword is more probable than not is heard twice
    /// more, slower and faster, and has the mean of all logits.
    ///
    /// # Errors
    /// As [`Session::run`](crate::Session::run).
    pub fn score(&mut self, window: Window<'_>) -> Result<Scored, Error> {
        let Window { samples, place } = window;
        let Some((start, frames)) = place else {
            let logits = self.words_alone(samples)?;
            return Ok(Scored { logits: self.look_again(samples, logits)?, voice: None, phones: None });
        };
        let outputs = self.session.run_at(samples, start, frames)?;
        let of = |head: &Option<String>, tensor| {
            head.as_ref().map(|head| output_of(&outputs, head, tensor)).transpose()
        };
        let (voice, phones) = (of(&self.speaker, "embeddings")?, of(&self.phones, "logits")?);
        let logits = self.words(&outputs)?;
        Ok(Scored { logits: self.look_again(samples, logits)?, voice, phones })
    }

    /// The logits of the words, in which phones have had their say.
    fn words(&self, outputs: &Outputs) -> Result<Vec<f32>, Error> {
        let mut logits = output_of(outputs, &self.head, "logits")?;
        if let Some((agreement, phones)) = self.agreement.as_ref().zip(self.phones.as_ref()) {
            agreement.apply(&mut logits, &output_of(outputs, phones, "logits")?);
        }
        Ok(logits)
    }

    /// The same of samples that share nothing with other windows.
    fn words_alone(&mut self, samples: &[f32]) -> Result<Vec<f32>, Error> {
        let outputs = self.session.run(samples)?;
        self.words(&outputs)
    }

    /// The logits of a window, and the mean of more of them where a keyword is likely by these.
    fn look_again(&mut self, samples: &[f32], mut logits: Vec<f32>) -> Result<Vec<f32>, Error> {
        let confirmation = self.decision.and_then(|decision| decision.confirmation);
        let speed_change = confirmation.map_or(0.0, |confirmation| confirmation.speed_change);
        let is_likely = |(label, probability): (&String, f32)| is_keyword(label) && probability >= LIKELY;
        if speed_change == 0.0 || !self.labels.iter().zip(probabilities(&logits)).any(is_likely) {
            return Ok(logits);
        }
        let looks = Look::both(speed_change);
        let all = (1 + looks.len()) as f32;
        for look in looks {
            let again = self.words_alone(&look.of(samples))?;
            logits.iter_mut().zip(again).for_each(|(sum, logit)| *sum += logit);
        }
        logits.iter_mut().for_each(|sum| *sum /= all);
        Ok(logits)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MODELS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../models");

    /// What head and session say of a window, of the labels that are no words.
    fn others(words: &mut WordModel, samples: &[f32]) -> [Vec<f32>; 2] {
        let scored = words.score(Window { samples, place: None }).expect("scored").logits;
        let logits = words.logits(samples).expect("logits");
        let is_other = words.labels().iter().map(|label| !is_keyword(label)).collect::<Vec<_>>();
        [logits, scored]
            .map(|all| all.into_iter().zip(&is_other).filter(|(_, other)| **other).map(|(x, _)| x).collect())
    }

    #[test]
    fn only_a_likely_keyword_is_heard_again() {
        let bytes = std::fs::read(format!("{MODELS}/default.wlm")).expect("the default model");
        let model = Model::from_bytes(bytes).expect("a model");
        let mut words = WordModel::new(&model, &SessionOptions::default()).expect("its words");
        let [first, scored] = others(&mut words, &[0.0; 16_000]);
        assert_eq!(first, scored);
        let mut recording = hound::WavReader::open(format!("{MODELS}/samples/left-b.wav")).expect("a sample");
        let samples = recording.samples::<i16>().map(|sample| f32::from(sample.expect("a sample")) / 32768.0);
        let left: Vec<f32> = samples.skip(4000).take(16_000).collect();
        let [first, scored] = others(&mut words, &left);
        assert_ne!(first, scored);
    }
}
