//! How well each phrase ends at each frame: one token in every state of a tree of phones (Young et al., 1989), where phrases
//! share their beginnings.

use super::frames::{FLOOR, row};

/// Longest time that a phrase may take, in frames for each phone.
const FRAMES_PER_PHONE: u64 = 8;
/// What a frame between two phones loses at most: anything may be said there.
const BETWEEN: f32 = -0.3;

/// What a frame between two phones loses.
pub(super) fn between(row: &[f32], blank: usize) -> f32 {
    row.get(blank).copied().unwrap_or(BETWEEN).max(BETWEEN)
}

/// The best way into a state, and the sample at which it begins.
#[derive(Clone, Copy, Debug)]
struct Token {
    loss: f32,
    since: u64,
}

const NOBODY: Token = Token { loss: f32::NEG_INFINITY, since: 0 };

impl Token {
    fn or(self, other: Token) -> Token {
        if other.loss > self.loss { other } else { self }
    }

    fn and(self, loss: f32) -> Token {
        Token { loss: self.loss + loss, ..self }
    }
}

/// A phone of a pronunciation, or of several that begin alike.
#[derive(Clone, Debug)]
struct Node {
    phone: usize,
    /// The phone before it; its number is smaller.
    before: Option<usize>,
    /// Samples that the longest phrase through here may take.
    longest: u64,
    /// In the phone, and behind it.
    inside: Token,
    behind: Token,
}

/// Where a pronunciation ends.
#[derive(Clone, Debug)]
struct End {
    node: usize,
    phrase: usize,
    phones: usize,
}

/// The end of a phrase at the latest frame.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Ending {
    /// Which of the phrases.
    pub(super) phrase: usize,
    /// From 0 to 1.
    pub(super) score: f32,
    /// Phones of the pronunciation.
    pub(super) phones: usize,
    /// The sample at which it begins.
    pub(super) since: u64,
}

/// The search for some phrases in one sound.
#[derive(Clone, Debug)]
pub(super) struct Search {
    nodes: Vec<Node>,
    ends: Vec<End>,
    blank: usize,
}

impl Search {
    /// A search that has heard nothing yet for phrases, each of which may be said in several ways. `frame`: samples from one
    /// frame to the next.
    pub(super) fn new<'a>(
        phrases: impl IntoIterator<Item = &'a [Vec<usize>]>,
        blank: usize,
        frame: usize,
    ) -> Self {
        let mut search = Search { nodes: Vec::new(), ends: Vec::new(), blank };
        for (phrase, ways) in phrases.into_iter().enumerate() {
            for way in ways {
                let longest = way.len() as u64 * FRAMES_PER_PHONE * frame as u64;
                let last = way.iter().fold(None, |before, &phone| Some(search.node(before, phone, longest)));
                search.ends.extend(last.map(|node| End { node, phrase, phones: way.len() }));
            }
        }
        search
    }

    /// The node of a phone behind another, which is made if there is none.
    fn node(&mut self, before: Option<usize>, phone: usize, longest: u64) -> usize {
        let known = self.nodes.iter_mut().enumerate().find(|(_, n)| n.before == before && n.phone == phone);
        if let Some((number, node)) = known {
            node.longest = node.longest.max(longest);
            return number;
        }
        self.nodes.push(Node { phone, before, longest, inside: NOBODY, behind: NOBODY });
        self.nodes.len() - 1
    }

    /// Takes the row of the next frame, which begins at this sample.
    pub(super) fn push(&mut self, at: u64, row: &[f32]) {
        let of = |token: usize| row.get(token).copied().unwrap_or(f32::NEG_INFINITY);
        let between = between(row, self.blank);
        // A node reads what the one before it held at the frame before: so the last ones go first.
        for number in (0..self.nodes.len()).rev() {
            let (earlier, [node, ..]) = self.nodes.split_at_mut(number) else { continue };
            let arriving = match node.before.and_then(|before| earlier.get(before)) {
                None => Token { loss: 0.0, since: at },
                // Of two equal phones the second is another one only if something is between.
                Some(before) if before.phone == node.phone => before.behind,
                Some(before) => before.behind.or(before.inside),
            };
            let lives = |token: Token| if at - token.since < node.longest { token } else { NOBODY };
            let behind = lives(node.behind.or(node.inside)).and(between);
            node.inside = lives(node.inside.or(arriving)).and(of(node.phone));
            node.behind = behind;
        }
    }

    /// How the phrases end at the latest frame, pronunciation by pronunciation.
    pub(super) fn endings(&self) -> impl Iterator<Item = Ending> {
        self.ends.iter().filter_map(|end| {
            let token = self.nodes.get(end.node)?.inside;
            let score = (token.loss / end.phones as f32).exp();
            Some(Ending { phrase: end.phrase, score, phones: end.phones, since: token.since })
        })
    }
}

/// The best score, from 0 to 1, of a phrase that may be said in several ways, in a sound whose logits these are, `width` for
/// each frame.
pub fn best_score(ways: &[Vec<usize>], logits: &[f32], width: usize, blank: usize) -> f32 {
    let mut best = 0.0_f32;
    each_ending([ways], logits, width, blank, |ending| best = best.max(ending.score));
    best
}

/// What each phrase loses at least, all its phones together, 0 at best, wherever it may be in a sound whose logits these are,
/// `width` for each frame. A phrase that has no way to be said loses nothing; one that has no room, as much as a phrase can.
pub(in crate::tasks) fn smallest_losses(
    phrases: &[Vec<Vec<usize>>],
    logits: &[f32],
    width: usize,
    blank: usize,
) -> Vec<f32> {
    let shortest = |ways: &Vec<Vec<usize>>| ways.iter().map(Vec::len).min().unwrap_or(0);
    let mut losses: Vec<f32> = phrases.iter().map(|ways| -FLOOR * shortest(ways) as f32).collect();
    each_ending(phrases.iter().map(Vec::as_slice), logits, width, blank, |ending| {
        if let Some(loss) = losses.get_mut(ending.phrase) {
            *loss = loss.max(ending.phones as f32 * ending.score.ln());
        }
    });
    losses
}

/// Gives how phrases end at every frame of a sound whose logits these are, `width` for each frame.
fn each_ending<'a>(
    phrases: impl IntoIterator<Item = &'a [Vec<usize>]>,
    logits: &[f32],
    width: usize,
    blank: usize,
    mut give: impl FnMut(Ending),
) {
    let mut search = Search::new(phrases, blank, 1);
    for (at, frame) in logits.chunks(width.max(1)).enumerate() {
        let row: Vec<f32> = row(frame).collect();
        search.push(at as u64, &row);
        search.endings().for_each(&mut give);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const WIDTH: usize = 5;

    /// Rows that say these tokens for sure; the second number is what every other token loses.
    fn rows(said: &[(usize, f32)]) -> Vec<Vec<f32>> {
        let row = |&(token, loss): &(usize, f32)| {
            (0..WIDTH).map(|n| if n == token { 0.0 } else { -loss }).collect()
        };
        said.iter().map(row).collect()
    }

    /// The best ending of each phrase: its score, where it begins and where it ends.
    fn best(phrases: &[&[Vec<usize>]], rows: &[Vec<f32>]) -> Vec<(f32, u64, u64)> {
        let mut search = Search::new(phrases.iter().copied(), 0, 1);
        let mut best = vec![(0.0, 0, 0); phrases.len()];
        for (at, row) in rows.iter().enumerate() {
            search.push(at as u64, row);
            for ending in search.endings() {
                if ending.score > best[ending.phrase].0 {
                    best[ending.phrase] = (ending.score, ending.since, at as u64);
                }
            }
        }
        best
    }

    #[test]
    fn what_is_said_loses_nothing_and_what_is_not_loses_its_share() {
        let rows = rows(&[(0, 6.0), (1, 6.0), (0, 6.0), (2, 6.0), (2, 6.0), (3, 6.0), (0, 6.0)]);
        let found = best(&[&[vec![1, 2, 3]], &[vec![1, 2, 4]], &[vec![4], vec![3]]], &rows);
        assert_eq!(found[0], (1.0, 1, 5));
        assert!((found[1].0 - (-6.0_f32 / 3.0).exp()).abs() < 1e-6, "{found:?}");
        assert_eq!(found[2], (1.0, 5, 5));
    }

    #[test]
    fn something_between_loses_little() {
        let rows = rows(&[(1, 6.0), (4, 6.0), (4, 6.0), (2, 6.0)]);
        let (score, ..) = best(&[&[vec![1, 2]]], &rows)[0];
        assert!((score - (2.0 * BETWEEN / 2.0).exp()).abs() < 1e-6);
    }

    #[test]
    fn a_phone_twice_needs_something_between() {
        let twice: &[&[Vec<usize>]] = &[&[vec![1, 1]]];
        assert_eq!(best(twice, &rows(&[(1, 6.0), (0, 6.0), (1, 6.0)]))[0].0, 1.0);
        let (held, ..) = best(twice, &rows(&[(1, 6.0), (1, 6.0), (1, 6.0)]))[0];
        assert!((held - (BETWEEN / 2.0).exp()).abs() < 1e-6, "a frame of it passes for a pause: {held}");
    }

    #[test]
    fn a_phrase_has_an_end() {
        let mut said = vec![(1, 6.0)];
        said.extend([(0, 6.0); 40]);
        said.push((2, 6.0));
        assert!(best(&[&[vec![1, 2]]], &rows(&said))[0].0 < 0.5);
    }

    #[test]
    fn phrases_that_begin_alike_share_their_beginning_and_are_found_as_if_alone() {
        let (a, b) = ([vec![1, 2, 3]], [vec![1, 2, 4], vec![1, 2]]);
        assert_eq!(Search::new([&a[..], &b[..]], 0, 1).nodes.len(), 4);
        let said = rows(&[(1, 1.0), (2, 3.0), (3, 2.0), (4, 1.0), (1, 2.0), (0, 1.0), (2, 1.0), (4, 4.0)]);
        let together = best(&[&a, &b], &said);
        assert_eq!(together[0].0, best(&[&a], &said)[0].0);
        assert_eq!(together[1].0, best(&[&b], &said)[0].0);
    }

    #[test]
    fn of_a_whole_sound_the_best_score_counts() {
        let logits: Vec<f32> = rows(&[(4, 6.0), (1, 6.0), (2, 6.0), (4, 6.0)]).concat();
        assert_eq!(best_score(&[vec![1, 2]], &logits, WIDTH, 0), 1.0);
        assert_eq!(best_score(&[], &logits, WIDTH, 0), 0.0);
        let phrases = [vec![vec![1, 2]], vec![vec![3, 2], vec![2, 1]], Vec::new()];
        assert_eq!(smallest_losses(&phrases, &logits, WIDTH, 0), [0.0, -6.0, 0.0]);
        assert_eq!(smallest_losses(&phrases, &[], WIDTH, 0), [-12.0, -12.0, 0.0]);
    }
}
