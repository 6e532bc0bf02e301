//! Words said in one breath: a row of stretches from one long pause to the next, each of which is a keyword.
//!
//! In running speech many a stretch sounds like a keyword when its neighbours are taken away. Such a stretch is believed
//! only if its neighbours are keywords, too, all the way to a pause that ends the breath.

use std::ops::Range;

use super::rivals::Rival;

/// Bursts that end this soon after a word, in samples, are the rest of it: 50 ms.
const SLACK: u64 = 800;

/// Rows of words that began after a long pause and have no gap so far.
#[derive(Debug)]
pub(super) struct Rows {
    rows: Vec<Row>,
    /// Samples of silence that end a breath.
    breath: u64,
    /// Samples that a row may go on for before its words count without its end.
    longest: u64,
}

#[derive(Clone, Debug)]
struct Row {
    words: Vec<Rival>,
    start: u64,
    end: u64,
    /// An earlier part of it has been told.
    goes_on: bool,
}

impl Row {
    fn weight(&self) -> f32 {
        self.words.iter().map(|word| word.weight).sum()
    }

    /// Between this row and a burst at `start`, with the one before ending at `before`, there is nothing but a pause.
    fn leads_to(&self, start: u64, before: u64) -> bool {
        self.end <= start && before <= self.end + SLACK
    }
}

impl Rows {
    pub(super) fn new(breath: u64, longest: u64) -> Self {
        Rows { rows: Vec::new(), breath, longest }
    }

    /// Whether a word may begin at `start`, where the sound before ended at `before`.
    pub(super) fn may_begin(&self, start: u64, before: Option<u64>) -> bool {
        let Some(before) = before else { return true };
        before + self.breath <= start || self.rows.iter().any(|row| row.leads_to(start, before))
    }

    /// A word over the bursts `sound`, where the sound before ended at `before`.
    pub(super) fn add(&mut self, word: Rival, sound: &Range<u64>, before: Option<u64>) {
        let longer = before.and_then(|before| {
            let leading = self.rows.iter().filter(|row| row.leads_to(sound.start, before));
            leading.max_by(|a, b| a.weight().total_cmp(&b.weight()))
        });
        let mut row = match longer {
            Some(row) => row.clone(),
            None => Row { words: Vec::new(), start: sound.start, end: 0, goes_on: false },
        };
        row.words.push(word);
        row.end = sound.end;
        self.rows.push(row);
    }

    /// Looks at `bursts`, of which all that begin before `looked_at` have been tried, and that are known up to `known`.
    /// Rows that the next burst has not continued are dropped; words of rows that are complete are returned.
    pub(super) fn close(&mut self, bursts: &[Range<u64>], looked_at: u64, known: u64) -> Vec<Rival> {
        let mut complete: Vec<Row> = Vec::new();
        let breath = self.breath;
        self.rows.retain(|row| {
            let next = bursts.iter().find(|burst| burst.start >= row.end && burst.end > row.end + SLACK);
            match next {
                Some(next) if next.start < row.end + breath => next.start >= looked_at,
                _ if row.end + breath <= known => {
                    complete.push(row.clone());
                    false
                }
                _ => true,
            }
        });
        let mut words = Vec::new();
        if let Some(row) = complete.into_iter().max_by(|a, b| a.weight().total_cmp(&b.weight())) {
            // One word alone is the sliding windows' to hear.
            if row.words.len() > 1 || row.goes_on {
                words.extend(row.words);
            }
        }
        let is_long = |row: &Row| row.end - row.start > self.longest && row.words.len() > 1;
        if let Some(long) = self.rows.iter().position(is_long) {
            let row = self.rows.swap_remove(long);
            self.rows = vec![Row { words: Vec::new(), start: row.end, end: row.end, goes_on: true }];
            words.extend(row.words);
        }
        words
    }

    /// First sample of the earliest row.
    pub(super) fn since(&self) -> Option<u64> {
        self.rows.iter().map(|row| row.start).min()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const BREATH: u64 = 8000;

    /// Bursts of 4000 samples with pauses of 1000, from 10,000 on.
    fn bursts(count: u64) -> Vec<Range<u64>> {
        (0..count).map(|i| 10_000 + 5000 * i..14_000 + 5000 * i).collect()
    }

    fn word(sound: &Range<u64>, score: f32) -> Rival {
        Rival { label: 0, score, weight: score, start: sound.start, end: sound.end }
    }

    /// Words found of a row of which the bursts marked with 1 are keywords.
    fn found(keywords: &[u8]) -> usize {
        let bursts = bursts(keywords.len() as u64);
        let (mut rows, mut before) = (Rows::new(BREATH, 100_000), None);
        for (burst, &is_keyword) in bursts.iter().zip(keywords) {
            if is_keyword == 1 && rows.may_begin(burst.start, before) {
                rows.add(word(burst, 0.9), burst, before);
            }
            before = Some(burst.end);
            assert!(rows.close(&bursts, burst.start + 1, burst.start + 1).is_empty());
        }
        rows.close(&bursts, u64::MAX, before.unwrap_or(0) + BREATH).len()
    }

    #[test]
    fn a_long_row_is_told_before_it_ends() {
        let bursts = bursts(3);
        let (mut rows, mut before, mut told) = (Rows::new(BREATH, 8000), None, Vec::new());
        for burst in &bursts {
            rows.add(word(burst, 0.9), burst, before);
            before = Some(burst.end);
            told.push(rows.close(&bursts, burst.start + 1, burst.start + 1).len());
        }
        assert_eq!(told, [0, 2, 0]);
        assert_eq!(rows.close(&bursts, u64::MAX, u64::MAX).len(), 1, "the row went on");
    }

    #[test]
    fn a_row_is_keywords_from_pause_to_pause() {
        assert_eq!(found(&[1, 1]), 2);
        assert_eq!(found(&[1; 6]), 6);
        assert_eq!(found(&[1]), 0, "the sliding windows hear it");
        assert_eq!(found(&[1, 1, 0]), 0);
        assert_eq!(found(&[0, 1, 1]), 0);
        assert_eq!(found(&[1, 0, 1]), 0);
    }
}
