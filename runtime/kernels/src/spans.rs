//! Ranges cut into parts.

use std::mem;
use std::ops::Range;

/// `range` in spans of `length`, the last one shorter.
pub(crate) fn spans(range: Range<usize>, length: usize) -> impl Iterator<Item = Range<usize>> {
    range.clone().step_by(length).map(move |start| start..(start + length).min(range.end))
}

/// `range` in the fewest spans of at most `most`, of `step` or a multiple but for the last one, and otherwise about
/// equal: a short one at the end would have the weights read, or a tile wait for its sums, for few rows.
pub(crate) fn even_spans(
    range: Range<usize>,
    most: usize,
    step: usize,
) -> impl Iterator<Item = Range<usize>> {
    let steps = range.len().div_ceil(step);
    let count = steps.div_ceil((most / step).max(1));
    let (length, longer) = (steps / count.max(1), steps % count.max(1));
    let mut start = range.start;
    (0..count).map(move |i| {
        let end = range.end.min(start + (length + usize::from(i < longer)) * step);
        mem::replace(&mut start, end)..end
    })
}
