//! The likeliest tokens over all ways to say them: prefix search (Graves, 2012, section 7.5.3) with so many prefixes at a time.

use std::collections::{BTreeMap, HashMap};

use super::Token;

/// Tokens less likely than this, as a natural logarithm, do not go on with a prefix: 1 in 60,000.
const LEAST: f64 = -11.0;

/// Decodes frames as they come.
///
/// The greedy decoder takes the likeliest way; many less likely ways may say the same and be likelier together.
#[derive(Clone, Debug)]
pub struct Beam {
    blank: usize,
    width: usize,
    frame: u64,
    /// Number 0 has no token: the empty prefix.
    nodes: Vec<Node>,
    children: HashMap<(usize, usize), usize>,
    prefixes: Vec<Prefix>,
}

/// The last token of a prefix.
#[derive(Clone, Debug)]
struct Node {
    parent: usize,
    token: usize,
    /// The frame in which it was likeliest, and how likely.
    frame: u64,
    chance: f64,
}

/// Logarithms of the probability that the frames so far say a prefix.
#[derive(Clone, Copy, Debug)]
struct Prefix {
    node: usize,
    /// And end with a blank.
    blank: f64,
    /// And end with its last token.
    token: f64,
}

/// A prefix that may be kept: a known one, or one and a token more.
type Candidate = (usize, Option<usize>);

impl Prefix {
    fn all(&self) -> f64 {
        add(self.blank, self.token)
    }
}

impl Beam {
    /// A decoder that has heard nothing yet, and keeps `width` prefixes, one at least; `blank` is the token that stands for
    /// none.
    pub fn new(blank: usize, width: usize) -> Self {
        let empty = Node { parent: 0, token: blank, frame: 0, chance: 0.0 };
        Beam {
            blank,
            width: width.max(1),
            frame: 0,
            nodes: vec![empty],
            children: HashMap::new(),
            prefixes: vec![Prefix { node: 0, blank: 0.0, token: f64::NEG_INFINITY }],
        }
    }

    /// Takes the logits of the next frame.
    pub fn push(&mut self, logits: &[f32]) {
        let chances = log_probabilities(logits);
        // In the order of their prefixes, so that of equal ones the same are kept in every run.
        let mut candidates: BTreeMap<Candidate, Prefix> = BTreeMap::new();
        for prefix in &self.prefixes {
            let last = self.last(prefix.node);
            let own = kept(&mut candidates, (prefix.node, None));
            own.blank =
                add(own.blank, prefix.all() + chances.get(self.blank).copied().unwrap_or(f64::NEG_INFINITY));
            let repeated = last.and_then(|last| chances.get(last)).copied().unwrap_or(f64::NEG_INFINITY);
            own.token = add(own.token, prefix.token + repeated);
            for (token, &chance) in chances.iter().enumerate() {
                if token == self.blank || chance < LEAST {
                    continue;
                }
                let known = self.children.get(&(prefix.node, token));
                let longer =
                    kept(&mut candidates, known.map_or((prefix.node, Some(token)), |&node| (node, None)));
                // Directly behind itself a token is the same one; behind a blank it is said again.
                let before = if last == Some(token) { prefix.blank } else { prefix.all() };
                longer.token = add(longer.token, before + chance);
            }
        }
        let mut candidates: Vec<(Candidate, Prefix)> = candidates.into_iter().collect();
        candidates.sort_by(|a, b| b.1.all().total_cmp(&a.1.all()));
        candidates.truncate(self.width);
        self.prefixes.clear();
        for ((parent, token), prefix) in candidates {
            let node = token.map_or(parent, |token| self.child(parent, token));
            self.prefixes.push(Prefix { node, ..prefix });
            let chance = chances.get(self.nodes[node].token).copied().unwrap_or(f64::NEG_INFINITY).exp();
            if node != 0 && prefix.token >= prefix.blank && chance > self.nodes[node].chance {
                (self.nodes[node].frame, self.nodes[node].chance) = (self.frame, chance);
            }
        }
        self.frame += 1;
    }

    /// The tokens of the likeliest prefix, once the sound is over, each in the one frame that says it best.
    pub fn finish(self) -> Vec<Token> {
        let best = self.prefixes.iter().max_by(|a, b| a.all().total_cmp(&b.all()));
        let mut node = best.map_or(0, |best| best.node);
        let mut tokens = Vec::new();
        while node != 0 {
            let Node { parent, token, frame, chance } = self.nodes[node];
            tokens.push(Token { number: token, frames: frame..frame + 1, confidence: chance as f32 });
            node = parent;
        }
        tokens.reverse();
        tokens
    }

    fn last(&self, node: usize) -> Option<usize> {
        (node != 0).then(|| self.nodes[node].token)
    }

    fn child(&mut self, parent: usize, token: usize) -> usize {
        *self.children.entry((parent, token)).or_insert_with(|| {
            self.nodes.push(Node { parent, token, frame: self.frame, chance: 0.0 });
            self.nodes.len() - 1
        })
    }
}

fn kept(candidates: &mut BTreeMap<Candidate, Prefix>, candidate: Candidate) -> &mut Prefix {
    let nothing = Prefix { node: candidate.0, blank: f64::NEG_INFINITY, token: f64::NEG_INFINITY };
    candidates.entry(candidate).or_insert(nothing)
}

fn log_probabilities(logits: &[f32]) -> Vec<f64> {
    let most = f64::from(logits.iter().copied().fold(f32::NEG_INFINITY, f32::max));
    let sum: f64 = logits.iter().map(|&logit| (f64::from(logit) - most).exp()).sum();
    logits.iter().map(|&logit| f64::from(logit) - most - sum.ln()).collect()
}

/// `ln(exp(a) + exp(b))`
fn add(a: f64, b: f64) -> f64 {
    let (high, low) = if a > b { (a, b) } else { (b, a) };
    if low == f64::NEG_INFINITY { high } else { high + (low - high).exp().ln_1p() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::Greedy;
    use super::*;

    fn beam(frames: &[Vec<f32>], width: usize) -> Vec<usize> {
        let mut beam = Beam::new(0, width);
        frames.iter().for_each(|frame| beam.push(frame));
        beam.finish().iter().map(|token| token.number).collect()
    }

    /// The likeliest tokens, by all ways there are.
    fn by_hand(frames: &[Vec<f32>], tokens: usize) -> BTreeMap<Vec<usize>, f64> {
        let mut found: BTreeMap<Vec<usize>, f64> = BTreeMap::new();
        for way in 0..tokens.pow(frames.len() as u32) {
            let (mut rest, mut chance, mut last, mut said) = (way, 0.0, 0, Vec::new());
            for frame in frames {
                let token = rest % tokens;
                rest /= tokens;
                chance += log_probabilities(frame)[token];
                if token != 0 && token != last {
                    said.push(token);
                }
                last = token;
            }
            *found.entry(said).or_default() += chance.exp();
        }
        found
    }

    proptest! {
        #[test]
        fn wide_enough_it_finds_the_likeliest(
            frames in prop::collection::vec(prop::collection::vec(-2.0..2.0_f32, 3), 0..6),
        ) {
            let all = by_hand(&frames, 3);
            let best = all.values().copied().fold(0.0, f64::max);
            let found = beam(&frames, 1000);
            prop_assert!(all[&found] >= best - 1e-9, "{found:?}: {} of {best}", all[&found]);
        }
    }

    #[test]
    fn many_ways_outweigh_the_likeliest_one() {
        // The likeliest way is two blanks; but the letter is likelier, in any of three ways.
        let frames = vec![vec![0.6_f32.ln(), 0.4_f32.ln()]; 2];
        let mut greedy = Greedy::new(0);
        frames.iter().for_each(|frame| greedy.push(frame));
        assert_eq!(greedy.finish(), []);
        assert_eq!(beam(&frames, 4), [1]);
        assert_eq!(beam(&[], 4), []);
    }

    #[test]
    fn a_token_stands_where_it_is_likeliest() {
        let mut beam = Beam::new(0, 8);
        for chance in [0.1_f32, 0.3, 0.9, 0.6, 0.1, 0.1] {
            beam.push(&[(1.0 - chance).ln(), chance.ln()]);
        }
        let tokens = beam.finish();
        assert_eq!(tokens.len(), 1);
        assert_eq!(tokens[0].frames, 2..3);
        assert!((tokens[0].confidence - 0.9).abs() < 1e-5);
    }
}
