//! What the phones of a window have against its keywords.

use std::collections::BTreeSet;

use wavlm_format::Decision;
use wavlm_lexicon::say;

use super::labels::is_keyword;
use crate::model::Model;
use crate::tasks::phrases::{Alphabet, smallest_losses};

/// Two heads that say the same are both believed: what the phones of a keyword lose against the likeliest phones is taken
/// from its logit, so many times. That is a log-linear combination of two classifiers over one encoder.
#[derive(Debug)]
pub(super) struct Agreement {
    weight: f32,
    /// The ways to say each label; none of labels that are no words, of words that the dictionary lacks, and of those that
    /// the alphabet cannot spell.
    ways: Vec<Vec<Vec<usize>>>,
    alphabet: Alphabet,
}

impl Agreement {
    /// That of a model whose words have this decision; `None` if it wants none, or there is no head that tells phones, or its
    /// alphabet spells no keyword.
    pub(super) fn of(model: &Model, labels: &[String], decision: &Decision) -> Option<Self> {
        let weight = decision.confirmation?.phone_weight;
        let alphabet = if weight > 0.0 { Alphabet::of(model)? } else { return None };
        let agreement = Agreement::new(labels, alphabet, weight);
        agreement.ways.iter().any(|ways| !ways.is_empty()).then_some(agreement)
    }

    /// Keywords are said as English words are.
    fn new(labels: &[String], alphabet: Alphabet, weight: f32) -> Self {
        let spell = |label: &String| {
            let said = if is_keyword(label) { say(label).unwrap_or_default() } else { Vec::new() };
            let known = said.iter().filter(|way| way.guessed.is_empty());
            let names = known.map(|way| way.phones.iter().map(|phone| phone.name()).collect::<Vec<_>>());
            let ways: BTreeSet<_> = names.flat_map(|way| [merged(&way), way]).collect();
            ways.into_iter().map(|way| alphabet.spell(way)).collect::<Result<_, _>>().unwrap_or_default()
        };
        Agreement { weight, ways: labels.iter().map(spell).collect(), alphabet }
    }

    /// Changes the logits of a window, one per label, by those of its phones, frame by frame.
    pub(super) fn apply(&self, logits: &mut [f32], phones: &[f32]) {
        let losses = smallest_losses(&self.ways, phones, self.alphabet.len(), self.alphabet.blank());
        for (logit, loss) in logits.iter_mut().zip(losses) {
            *logit += self.weight * loss;
        }
    }
}

/// A pronunciation by those who say "caught" as they say "cot", as many speakers of English do.
fn merged<'a>(way: &[&'a str]) -> Vec<&'a str> {
    way.iter().map(|&phone| if phone == "AO" { "AA" } else { phone }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn default_model() -> Model {
        let bytes = std::fs::read(concat!(env!("CARGO_MANIFEST_DIR"), "/../models/default.wlm"));
        Model::from_bytes(bytes.expect("the default model")).expect("a model")
    }

    #[test]
    fn a_keyword_pays_for_phones_that_nobody_said() {
        let alphabet = Alphabet::of(&default_model()).expect("phones");
        let said = alphabet.spell(["N", "OW"]).expect("phones of its own");
        let tokens = alphabet.len();
        let row = |phone| (0..tokens).map(move |token| if token == phone { 0.0 } else { -20.0 });
        let phones: Vec<f32> = said.into_iter().flat_map(row).collect();
        let labels = ["no", "yes", "_unknown_", "zvuk"].map(str::to_owned);
        let mut logits = [1.0; 4];
        Agreement::new(&labels, alphabet, 2.0).apply(&mut logits, &phones);
        let three_phones = 2.0 * 3.0 * 6.0;
        assert_eq!(logits, [1.0, 1.0 - three_phones, 1.0, 1.0], "what nobody can spell pays nothing");
    }

    #[test]
    fn off_may_be_said_with_either_vowel() {
        let alphabet = Alphabet::of(&default_model()).expect("phones");
        let ways = [["AA", "F"], ["AO", "F"]].map(|way| alphabet.spell(way).expect("phones of its own"));
        assert_eq!(Agreement::new(&["off".to_owned()], alphabet, 1.0).ways, [ways]);
    }

    #[test]
    fn only_who_asks_for_it_has_it() {
        let model = default_model();
        let words = model.header().heads.iter().find(|head| head.name == "words").expect("the head");
        let decision = words.decision.expect("its decision");
        let labels = ["no".to_owned()];
        assert!(Agreement::of(&model, &labels, &decision).is_some());
        assert!(Agreement::of(&model, &labels, &Decision { confirmation: None, ..decision }).is_none());
        assert!(Agreement::of(&model, &["zvuk".to_owned()], &decision).is_none(), "no keyword can be spelt");
    }
}
