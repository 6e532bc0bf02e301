//! What was said, as phones: the best way through the free phone loop, in which another phone costs a little, so that one frame
//! in between that says something else does not make two of one.

use super::frames;
use super::search::between;

/// What it costs to go to another phone: more than a frame in between does, so that a phone of one frame, which the head says
/// on its way from one to the next, is none.
const CHANGE: f32 = -0.4;

/// The phones of a sound whose logits these are, `width` for each frame.
pub fn phones(logits: &[f32], width: usize, blank: usize) -> Vec<usize> {
    let width = width.max(1);
    // The best way into each phone, and in the place of the blank between phones; and from where each frame was reached.
    let mut best: Vec<f32> =
        (0..width).map(|state| if state == blank { 0.0 } else { f32::NEG_INFINITY }).collect();
    let mut came_from: Vec<Vec<usize>> = Vec::new();
    for frame in logits.chunks_exact(width) {
        let row: Vec<f32> = frames::row(frame).collect();
        let likeliest = highest_of(&best);
        let highest = best[likeliest];
        let step = |state: usize| match state {
            _ if state == blank => (likeliest, highest + between(&row, blank)),
            _ if highest + CHANGE > best[state] => (likeliest, highest + CHANGE + row[state]),
            _ => (state, best[state] + row[state]),
        };
        let steps: Vec<(usize, f32)> = (0..width).map(step).collect();
        best = steps.iter().map(|&(_, score)| score).collect();
        came_from.push(steps.into_iter().map(|(from, _)| from).collect());
    }
    let mut state = highest_of(&best);
    let mut states: Vec<usize> = Vec::with_capacity(came_from.len());
    for from in came_from.iter().rev() {
        states.push(state);
        state = from[state];
    }
    states.reverse();
    states.dedup();
    states.retain(|&state| state != blank);
    states
}

/// Where the highest of some scores stands.
fn highest_of(scores: &[f32]) -> usize {
    (0..scores.len()).max_by(|&a, &b| scores[a].total_cmp(&scores[b])).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn said(frames: &[(usize, f32)]) -> Vec<usize> {
        let frame = |&(token, by): &(usize, f32)| (0..4).map(move |n| if n == token { by } else { 0.0 });
        phones(&frames.iter().flat_map(frame).collect::<Vec<f32>>(), 4, 0)
    }

    #[test]
    fn phones_are_told_once_and_blanks_part_them() {
        let frames = [0, 1, 1, 0, 1, 1, 2, 2, 0].map(|token| (token, 5.0));
        assert_eq!(said(&frames), [1, 1, 2]);
        assert_eq!(said(&[(0, 5.0); 4]), []);
        assert_eq!(phones(&[], 4, 0), []);
    }

    #[test]
    fn a_frame_on_the_way_to_another_phone_is_no_phone() {
        assert_eq!(said(&[1, 1, 2, 3, 3].map(|token| (token, 5.0))), [1, 3]);
        assert_eq!(said(&[1, 1, 2, 2, 3, 3].map(|token| (token, 5.0))), [1, 2, 3]);
    }

    #[test]
    fn a_doubtful_frame_does_not_part_a_phone() {
        assert_eq!(said(&[(1, 5.0), (1, 5.0), (3, 0.1), (1, 5.0), (1, 5.0)]), [1]);
    }
}
