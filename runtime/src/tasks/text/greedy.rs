//! The best path: the likeliest token of each frame, repetitions joined, blanks dropped (Graves et al., 2006, section 3.2).

use crate::tasks::words::probabilities;

/// A token that was heard.
#[derive(Clone, Debug, PartialEq)]
pub struct Token {
    /// Its number in the vocabulary.
    pub number: usize,
    /// The first of its frames, and the one behind the last.
    pub frames: std::ops::Range<u64>,
    /// The mean of its probability over its frames, 0 to 1.
    pub confidence: f32,
}

/// Decodes frames as they come.
#[derive(Clone, Debug)]
pub struct Greedy {
    blank: usize,
    frame: u64,
    /// The token that the latest frame belongs to, with the sum of its probabilities.
    open: Option<(usize, u64, f32)>,
    tokens: Vec<Token>,
}

impl Greedy {
    /// A decoder that has heard nothing yet; `blank` is the token that stands for none.
    pub fn new(blank: usize) -> Self {
        Greedy { blank, frame: 0, open: None, tokens: Vec::new() }
    }

    /// Takes the logits of the next frame. The first of equal ones counts, as in transformers.
    pub fn push(&mut self, logits: &[f32]) {
        let chances = probabilities(logits);
        let better = |best: Option<(usize, f32)>, (number, &chance): (usize, &f32)| match best {
            Some((_, highest)) if chance <= highest => best,
            _ => Some((number, chance)),
        };
        let best = chances.iter().enumerate().fold(None, better);
        match (&mut self.open, best) {
            (Some((number, _, sum)), Some((heard, chance))) if *number == heard => *sum += chance,
            (_, best) => {
                self.close();
                self.open = best
                    .filter(|(number, _)| *number != self.blank)
                    .map(|(number, chance)| (number, self.frame, chance));
            }
        }
        self.frame += 1;
    }

    /// All tokens, once the sound is over.
    pub fn finish(mut self) -> Vec<Token> {
        self.close();
        self.tokens
    }

    fn close(&mut self) {
        if let Some((number, first, sum)) = self.open.take() {
            let frames = first..self.frame;
            self.tokens.push(Token { number, confidence: sum / (self.frame - first) as f32, frames });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn repetitions_are_joined_and_blanks_part() {
        let mut greedy = Greedy::new(0);
        for best in [0, 1, 1, 0, 1, 2, 2] {
            let mut logits = [0.0; 3];
            logits[best] = 4.0;
            greedy.push(&logits);
        }
        let tokens = greedy.finish();
        let found: Vec<_> = tokens.iter().map(|token| (token.number, token.frames.clone())).collect();
        assert_eq!(found, [(1, 1..3), (1, 4..5), (2, 5..7)]);
        assert!(tokens.iter().all(|token| (token.confidence - 0.965).abs() < 0.001), "{tokens:?}");
    }

    #[test]
    fn of_equal_logits_the_first_counts() {
        let mut greedy = Greedy::new(2);
        greedy.push(&[0.5, 0.5, 0.5]);
        assert_eq!(greedy.finish()[0].number, 0);
        assert!(Greedy::new(0).finish().is_empty());
    }
}
