//! The losses that transformers computes when labels are given, from what a model gave and from the labels alone.

/// `-ln softmax(logits)[label]`: the loss of a head that classifies sequences (`torch.nn.CrossEntropyLoss`). Infinite for a
/// label that has no logit.
pub fn cross_entropy(logits: &[f32], label: usize) -> f64 {
    let logits: Vec<f64> = logits.iter().map(|&logit| f64::from(logit)).collect();
    logits.get(label).map_or(f64::INFINITY, |own| log_sum_exp(&logits) - own)
}

/// The mean cross-entropy of the frames of a sound: the loss of `WavLMForAudioFrameClassification`. `logits` has as many
/// numbers for each frame as there are labels; there is a label for each frame. 0 without frames.
pub fn frame_cross_entropy(logits: &[f32], labels: &[usize]) -> f64 {
    let width = logits.len() / labels.len().max(1);
    let frames = logits.chunks(width.max(1)).zip(labels);
    frames.map(|(frame, &label)| cross_entropy(frame, label)).sum::<f64>() / labels.len().max(1) as f64
}

/// The mean of squared differences (`torch.nn.MSELoss`): the loss of a head with one output, whose label is a number. 0 of
/// nothing.
pub fn mean_squared_error(found: &[f32], expected: &[f32]) -> f64 {
    let square = |(found, expected): (&f32, &f32)| (f64::from(*found) - f64::from(*expected)).powi(2);
    found.iter().zip(expected).map(square).sum::<f64>() / found.len().max(1) as f64
}

/// The additive-margin softmax (Wang et al., 2018, equation 5): the loss of `WavLMForXVector`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct AmSoftmax {
    /// What cosines are multiplied with.
    pub scale: f64,
    /// What is taken from the cosine of the speaker's own class.
    pub margin: f64,
}

impl Default for AmSoftmax {
    /// As transformers has them: 30 and 0.4.
    fn default() -> Self {
        Self { scale: 30.0, margin: 0.4 }
    }
}

impl AmSoftmax {
    /// The loss of one sound. `logits` are the head's; `classes` is the checkpoint's `objective.weight`, one row for each logit
    /// and one column for each speaker. Infinite for a speaker that has no column.
    pub fn loss(&self, logits: &[f32], classes: &[f32], speaker: usize) -> f64 {
        let speakers = classes.len() / logits.len().max(1);
        let norm =
            |values: &mut dyn Iterator<Item = f64>| values.map(|x| x * x).sum::<f64>().sqrt().max(1e-12);
        let own = norm(&mut logits.iter().map(|&x| f64::from(x)));
        let cosine = |column: usize| {
            let class = || classes.iter().skip(column).step_by(speakers.max(1)).map(|&x| f64::from(x));
            let product: f64 = class().zip(logits).map(|(x, &y)| x * f64::from(y)).sum();
            product / (own * norm(&mut class()))
        };
        let scaled =
            |column| self.scale * (cosine(column) - if column == speaker { self.margin } else { 0.0 });
        let scaled: Vec<f64> = (0..speakers).map(scaled).collect();
        scaled.get(speaker).map_or(f64::INFINITY, |own| log_sum_exp(&scaled) - own)
    }
}

/// The loss of connectionist temporal classification (Graves et al., 2006, section 4.1): minus the logarithm of the
/// probability that the frames say these tokens. `logits` has `width` numbers for each frame. Infinite if they cannot: if
/// there are fewer frames than they need, or a token without a logit.
pub fn ctc(logits: &[f32], width: usize, blank: usize, tokens: &[usize]) -> f64 {
    if tokens.iter().chain([&blank]).any(|&token| token >= width) {
        return f64::INFINITY;
    }
    // Blanks before, between and behind the tokens; a state can be entered from itself, from the one before, and from the token
    // before if it is another.
    let mut states = vec![blank];
    tokens.iter().for_each(|&token| states.extend([token, blank]));
    let mut reached = vec![f64::NEG_INFINITY; states.len()];
    for (number, frame) in logits.chunks(width.max(1)).enumerate() {
        let frame: Vec<f64> = frame.iter().map(|&logit| f64::from(logit)).collect();
        let all = log_sum_exp(&frame);
        for state in (0..states.len()).rev() {
            let token = states[state];
            let before = match number {
                0 if state < 2 => 0.0,
                0 => f64::NEG_INFINITY,
                _ => {
                    let skips = state >= 2 && token != blank && states[state - 2] != token;
                    let from =
                        |back: usize| state.checked_sub(back).map_or(f64::NEG_INFINITY, |at| reached[at]);
                    log_sum_exp(&[from(0), from(1), if skips { from(2) } else { f64::NEG_INFINITY }])
                }
            };
            reached[state] = before + frame[token] - all;
        }
    }
    if logits.is_empty() {
        return if tokens.is_empty() { 0.0 } else { f64::INFINITY };
    }
    -log_sum_exp(&reached[states.len().saturating_sub(2)..])
}

/// How the losses of several sounds become one (`ctc_loss_reduction`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CtcReduction {
    /// Their sum.
    Sum,
    /// The mean of each loss divided by its number of tokens.
    Mean,
}

impl CtcReduction {
    /// One loss out of several, each with its number of tokens. With `zero_infinity` (`ctc_zero_infinity`), sounds that cannot
    /// say their tokens count 0. 0 of nothing.
    pub fn reduce(self, losses: &[(f64, usize)], zero_infinity: bool) -> f64 {
        let losses = losses.iter().map(|&(loss, tokens)| match self {
            _ if zero_infinity && loss == f64::INFINITY => 0.0,
            Self::Sum => loss,
            Self::Mean => loss / tokens.max(1) as f64 / losses.len() as f64,
        });
        losses.sum()
    }
}

/// `ln(sum(exp(x)))`, without overflow.
fn log_sum_exp(values: &[f64]) -> f64 {
    let most = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
    if most == f64::NEG_INFINITY {
        return most;
    }
    most + values.iter().map(|value| (value - most).exp()).sum::<f64>().ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn of_equal_chances_the_loss_is_their_number() {
        assert!((cross_entropy(&[0.5; 4], 2) - 4_f64.ln()).abs() < 1e-12);
        assert!((frame_cross_entropy(&[1.0; 6], &[0, 1, 0]) - 2_f64.ln()).abs() < 1e-12);
        assert_eq!(cross_entropy(&[0.5; 4], 4), f64::INFINITY);
        assert_eq!(frame_cross_entropy(&[], &[]), 0.0);
        assert_eq!(mean_squared_error(&[1.0, 3.0], &[0.0, 1.0]), 2.5);
    }

    #[test]
    fn ctc_sums_over_all_ways_to_say_it() {
        // Of two frames of a blank and a letter, three of the four ways say the letter.
        assert!((ctc(&[0.0; 4], 2, 0, &[1]) + 0.75_f64.ln()).abs() < 1e-12);
        assert!((ctc(&[0.0; 4], 2, 0, &[]) + 0.25_f64.ln()).abs() < 1e-12);
        // A letter twice needs a blank between.
        assert_eq!(ctc(&[0.0; 4], 2, 0, &[1, 1]), f64::INFINITY);
        assert!((ctc(&[0.0; 6], 2, 0, &[1, 1]) + 0.125_f64.ln()).abs() < 1e-12);
        assert_eq!(ctc(&[0.0; 4], 2, 0, &[2]), f64::INFINITY);
        assert_eq!((ctc(&[], 2, 0, &[]), ctc(&[], 2, 0, &[1])), (0.0, f64::INFINITY));
    }

    #[test]
    fn reductions_are_those_of_torch() {
        let losses = [(2.0, 4), (f64::INFINITY, 1), (3.0, 0)];
        assert_eq!(CtcReduction::Sum.reduce(&losses, true), 5.0);
        assert_eq!(CtcReduction::Mean.reduce(&losses, true), (0.5 + 3.0) / 3.0);
        assert_eq!(CtcReduction::Sum.reduce(&losses, false), f64::INFINITY);
        assert_eq!(CtcReduction::Mean.reduce(&[], false), 0.0);
    }

    #[test]
    fn the_margin_is_taken_from_the_own_class() {
        let loss = AmSoftmax { scale: 1.0, margin: 0.5 };
        // Two classes, along the axes, the embedding along the first.
        let expected = (0.5_f64.exp() + 1.0).ln() - 0.5;
        assert!((loss.loss(&[2.0, 0.0], &[3.0, 0.0, 0.0, 1.0], 0) - expected).abs() < 1e-12);
        assert_eq!(loss.loss(&[2.0, 0.0], &[3.0, 0.0, 0.0, 1.0], 2), f64::INFINITY);
    }
}
