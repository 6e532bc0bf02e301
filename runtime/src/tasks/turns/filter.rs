//! Turns out of probabilities: a threshold, a median over time, and a shortest length.

/// A stretch of sound that has one label.
#[derive(Clone, Debug, PartialEq)]
pub struct Turn {
    /// The label's number.
    pub label: usize,
    /// Where it begins, in frames.
    pub first: usize,
    /// The frame behind its last.
    pub end: usize,
    /// The mean of the label's probability over its frames, 0 to 1.
    pub confidence: f32,
}

/// What makes a turn.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TurnOptions {
    /// A frame has a label whose probability is above this, 0 to 1.
    pub threshold: f32,
    /// A frame's label is what most of so many frames around it have; 1 leaves each as it is.
    pub median_frames: usize,
    /// Shorter turns are left out, in frames.
    pub shortest_frames: usize,
}

impl TurnOptions {
    /// The threshold of transformers' example and the median of SUPERB's diarisation.
    pub const USUAL: Self = Self { threshold: 0.5, median_frames: 11, shortest_frames: 1 };
}

/// The turns of every label, in the order in which they begin. `probabilities` has a row for each frame.
pub(super) fn turns(probabilities: &[Vec<f32>], options: &TurnOptions) -> Vec<Turn> {
    let labels = probabilities.first().map_or(0, Vec::len);
    let mut turns: Vec<Turn> =
        (0..labels).flat_map(|label| of_label(probabilities, label, options)).collect();
    turns.sort_by_key(|turn| (turn.first, turn.label));
    turns
}

fn of_label(probabilities: &[Vec<f32>], label: usize, options: &TurnOptions) -> Vec<Turn> {
    let active: Vec<bool> = probabilities.iter().map(|frame| frame[label] > options.threshold).collect();
    let active = majority(&active, options.median_frames);
    let mut turns = Vec::new();
    let mut first = 0;
    for run in active.chunk_by(|a, b| a == b) {
        let frames = first..first + run.len();
        first = frames.end;
        if run[0] && run.len() >= options.shortest_frames {
            let sum: f32 = probabilities[frames.clone()].iter().map(|frame| frame[label]).sum();
            let confidence = sum / run.len() as f32;
            turns.push(Turn { label, first: frames.start, end: frames.end, confidence });
        }
    }
    turns
}

/// Whether most of `width` frames around each are active. Frames beyond either end count as inactive, as in SciPy's
/// `medfilt`; an even width counts as the next odd one.
fn majority(active: &[bool], width: usize) -> Vec<bool> {
    let half = width / 2;
    let mut before = vec![0];
    before.extend(active.iter().scan(0, |count, &active| {
        *count += usize::from(active);
        Some(*count)
    }));
    let around = |frame: usize| {
        let (first, end) = (frame.saturating_sub(half), (frame + half + 1).min(active.len()));
        before[end] - before[first] > half
    };
    (0..active.len()).map(around).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(text: &str, median_frames: usize, shortest_frames: usize) -> Vec<(usize, usize)> {
        let frames: Vec<Vec<f32>> = text.chars().map(|c| vec![if c == '#' { 0.9 } else { 0.1 }]).collect();
        let options = TurnOptions { threshold: 0.5, median_frames, shortest_frames };
        turns(&frames, &options).iter().map(|turn| (turn.first, turn.end)).collect()
    }

    #[test]
    fn runs_of_active_frames_are_turns() {
        assert_eq!(found("..###..#", 1, 1), [(2, 5), (7, 8)]);
        assert_eq!(found("..###..#", 1, 2), [(2, 5)]);
        assert_eq!(found("", 11, 1), []);
    }

    #[test]
    fn the_median_closes_gaps_and_drops_specks() {
        assert_eq!(found("..##.###....#....", 3, 1), [(2, 8)]);
    }

    #[test]
    fn labels_have_turns_of_their_own() {
        let frames = vec![vec![0.9, 0.2], vec![0.8, 0.7], vec![0.1, 0.6]];
        let found = turns(&frames, &TurnOptions { median_frames: 1, ..TurnOptions::USUAL });
        let spans: Vec<_> = found.iter().map(|turn| (turn.label, turn.first, turn.end)).collect();
        assert_eq!(spans, [(0, 0, 2), (1, 1, 3)]);
        assert!((found[0].confidence - 0.85).abs() < 1e-6);
    }
}
