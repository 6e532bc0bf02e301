//! Pieces of long sound put together. A head that was trained for diarisation numbers the speakers of each piece as it
//! likes, so where two pieces overlap, the numbers of the later are matched with those of the earlier.

/// Most labels of which every order is tried.
const MAX_LABELS: usize = 6;

/// Adds the frames of a piece that begins at frame `first` to those before it. In the overlap, the earlier piece's first
/// half and the later one's second half are kept.
pub(super) fn join(frames: &mut Vec<Vec<f32>>, first: usize, piece: Vec<Vec<f32>>) {
    let overlap = frames.len().saturating_sub(first);
    let order = best_order(frames.get(first..).unwrap_or_default(), &piece);
    let kept = overlap / 2;
    frames.truncate(first + kept);
    let ordered = |frame: Vec<f32>| order.iter().map(|&label| frame[label]).collect();
    frames.extend(piece.into_iter().skip(kept).map(ordered));
}

/// For every label of the earlier frames, that of the later ones that agrees best over all; labels keep their numbers where
/// nothing else is better.
fn best_order(earlier: &[Vec<f32>], later: &[Vec<f32>]) -> Vec<usize> {
    let labels = later.first().map_or(0, Vec::len);
    let same: Vec<usize> = (0..labels).collect();
    if labels > MAX_LABELS {
        return same;
    }
    let apart = |order: &[usize]| -> f64 {
        let difference = |(a, b): (&Vec<f32>, &Vec<f32>)| -> f64 {
            order.iter().zip(a).map(|(&label, a)| f64::from((a - b[label]).abs())).sum()
        };
        earlier.iter().zip(later).map(difference).sum()
    };
    let (mut best, mut least) = (same.clone(), apart(&same));
    for order in orders(labels) {
        let distance = apart(&order);
        if distance < least {
            (best, least) = (order, distance);
        }
    }
    best
}

/// Every order of the numbers below `count`.
fn orders(count: usize) -> Vec<Vec<usize>> {
    if count == 0 {
        return vec![Vec::new()];
    }
    let shorter = orders(count - 1);
    let with_last = |order: &Vec<usize>| {
        let at = |place: usize| {
            let mut order = order.clone();
            order.insert(place, count - 1);
            order
        };
        (0..count).map(at).collect::<Vec<_>>()
    };
    shorter.iter().flat_map(with_last).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn labels_are_matched_in_the_overlap() {
        let mut frames = vec![vec![0.9, 0.1, 0.0]; 6];
        // The later piece calls the first speaker its third.
        join(&mut frames, 2, vec![vec![0.0, 0.1, 0.8]; 8]);
        assert_eq!(frames.len(), 10);
        assert!(frames.iter().all(|frame| frame[0] >= 0.8), "{frames:?}");
    }

    #[test]
    fn every_order_is_tried_once() {
        let mut all = orders(4);
        all.sort();
        all.dedup();
        assert_eq!(all.len(), 24);
    }
}
