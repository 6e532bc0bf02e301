//! Words that were heard in the same sound compete: one stretch of sound is one word.

/// A word with the sound that it was heard in.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Rival {
    /// Number of its label.
    pub(super) label: usize,
    /// Its probability.
    pub(super) score: f32,
    /// What speaks for it against others over the same sound.
    pub(super) weight: f32,
    /// Its sound, in samples.
    pub(super) start: u64,
    pub(super) end: u64,
}

impl Rival {
    /// The middle half of its sound. Ends are estimates, so two words are rivals only where their middles meet.
    fn core(&self) -> (u64, u64) {
        let quarter = self.end.saturating_sub(self.start) / 4;
        (self.start + quarter, self.end - quarter)
    }

    fn meets(&self, other: &Rival) -> bool {
        let ((a, b), (c, d)) = (self.core(), other.core());
        a < d && c < b
    }

    /// Whether it stands in the way of another over the same sound that comes later. It does not if it is much fainter and
    /// another word.
    fn blocks(&self, later: &Rival) -> bool {
        self.label == later.label || 2.0 * self.weight >= later.weight
    }

    /// More than half of the shorter one's sound is the other's, too: they cannot both be words.
    fn covers(&self, other: &Rival) -> bool {
        let common = self.end.min(other.end).saturating_sub(self.start.max(other.start));
        let length = |rival: &Rival| rival.end.saturating_sub(rival.start);
        2 * common > length(self).min(length(other))
    }
}

/// Words that wait for their rivals.
#[derive(Debug, Default)]
pub(super) struct Rivals {
    held: Vec<Rival>,
    /// Words that won lately: what comes later and meets them is too late, unless it is much stronger.
    told: Vec<Rival>,
}

impl Rivals {
    pub(super) fn add(&mut self, rival: Rival) {
        if !self.told.iter().any(|told| told.meets(&rival) && told.blocks(&rival)) {
            self.held.push(rival);
        }
    }

    /// Decides on the words that end at or before `frontier`, a sample before which no more will be heard. The winners
    /// come in the order of their sound. Winners that end before `forget` need not be remembered.
    pub(super) fn settle(&mut self, frontier: u64, forget: u64) -> Vec<Rival> {
        self.told.retain(|told| told.end > forget);
        self.held.sort_by_key(|rival| (rival.start, rival.end));
        let mut winners = Vec::new();
        for group in groups(std::mem::take(&mut self.held)) {
            if group.iter().any(|rival| rival.end > frontier) {
                self.held.extend(group);
            } else {
                winners.extend(best(group));
            }
        }
        let winners = self.uncovered(winners);
        self.told.extend(winners.iter().cloned());
        winners
    }

    /// Winners whose sound is mostly another one's, too, give way to those that weigh more or are told already: the span
    /// of a faint word, an estimate, may reach over its neighbours.
    fn uncovered(&self, mut winners: Vec<Rival>) -> Vec<Rival> {
        winners.sort_by(|a, b| b.weight.total_cmp(&a.weight));
        let mut kept: Vec<Rival> = Vec::new();
        for winner in winners {
            if !self.told.iter().chain(&kept).any(|other| other.covers(&winner) && other.blocks(&winner)) {
                kept.push(winner);
            }
        }
        kept.sort_by_key(|rival| (rival.start, rival.end));
        kept
    }
}

/// Rivals, sorted by start, in groups that do not meet each other.
fn groups(rivals: Vec<Rival>) -> Vec<Vec<Rival>> {
    let mut groups: Vec<Vec<Rival>> = Vec::new();
    for rival in rivals {
        let mut joined = vec![rival];
        let (meeting, apart) = groups
            .into_iter()
            .partition(|group| group.iter().any(|other| joined.iter().any(|rival| rival.meets(other))));
        groups = apart;
        let meeting: Vec<Vec<Rival>> = meeting;
        joined.splice(0..0, meeting.into_iter().flatten());
        groups.push(joined);
    }
    groups
}

/// Of a group, those that do not meet and weigh most together: weighted interval scheduling over their middles.
fn best(mut group: Vec<Rival>) -> Vec<Rival> {
    group.sort_by_key(|rival| rival.core().1);
    // The best weight among the first `n`, and whether number `n - 1` is part of it.
    let mut totals = vec![0.0_f32];
    let mut taken = Vec::with_capacity(group.len());
    for (i, rival) in group.iter().enumerate() {
        let earlier = group.iter().take(i).filter(|other| other.core().1 <= rival.core().0).count();
        let with = totals.get(earlier).copied().unwrap_or(0.0) + rival.weight;
        let without = totals.last().copied().unwrap_or(0.0);
        taken.push((with > without, earlier));
        totals.push(with.max(without));
    }
    let mut winners = Vec::new();
    let mut left = group.len();
    while let Some(&(is_taken, earlier)) = left.checked_sub(1).and_then(|last| taken.get(last)) {
        left = if is_taken {
            winners.extend(group.get(left - 1).cloned());
            earlier
        } else {
            left - 1
        };
    }
    winners.reverse();
    winners
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rival(label: usize, score: f32, start: u64, end: u64) -> Rival {
        Rival { label, score, weight: score, start, end }
    }

    fn settled(rivals: &[Rival]) -> Vec<usize> {
        let mut all = Rivals::default();
        rivals.iter().cloned().for_each(|rival| all.add(rival));
        all.settle(u64::MAX, 0).iter().map(|rival| rival.label).collect()
    }

    #[test]
    fn one_span_gives_the_best_word() {
        assert_eq!(settled(&[rival(0, 0.2, 100, 200), rival(1, 0.9, 110, 190), rival(2, 0.3, 90, 210)]), [1]);
    }

    #[test]
    fn two_words_beat_one_over_both() {
        let whole = rival(0, 0.95, 0, 700);
        assert_eq!(settled(&[whole.clone(), rival(1, 0.9, 0, 300), rival(2, 0.9, 330, 700)]), [1, 2]);
        assert_eq!(settled(&[whole, rival(1, 0.4, 0, 300), rival(2, 0.5, 330, 700)]), [0]);
    }

    #[test]
    fn a_faint_word_over_its_neighbours_gives_way() {
        assert_eq!(
            settled(&[rival(0, 0.9, 0, 200), rival(1, 0.01, 20, 1500), rival(2, 0.9, 1400, 1800)]),
            [0, 2]
        );
        assert_eq!(settled(&[rival(0, 0.9, 0, 400), rival(1, 0.01, 300, 430)]), [0]);
    }

    #[test]
    fn neighbours_whose_ends_overlap_are_both_words() {
        assert_eq!(settled(&[rival(1, 0.9, 400, 800), rival(0, 0.8, 0, 450)]), [0, 1]);
    }

    #[test]
    fn a_faint_word_that_was_told_does_not_hide_a_strong_one() {
        let mut rivals = Rivals::default();
        rivals.add(rival(0, 0.01, 0, 400));
        assert_eq!(rivals.settle(400, 0).len(), 1);
        rivals.add(rival(1, 0.9, 250, 500));
        rivals.add(rival(0, 0.9, 100, 300));
        let later: Vec<usize> = rivals.settle(u64::MAX, 0).iter().map(|rival| rival.label).collect();
        assert_eq!(later, [1], "the same word is heard once");
    }

    #[test]
    fn a_word_waits_until_no_rival_can_come_and_wins_once() {
        let mut rivals = Rivals::default();
        rivals.add(rival(0, 0.9, 0, 400));
        assert!(rivals.settle(399, 0).is_empty());
        rivals.add(rival(1, 0.95, 0, 400));
        assert_eq!(rivals.settle(400, 0).len(), 1);
        rivals.add(rival(0, 1.0, 0, 400));
        rivals.add(rival(0, 0.7, 390, 800));
        let later = rivals.settle(u64::MAX, 0);
        assert_eq!(later.iter().map(|rival| rival.start).collect::<Vec<_>>(), [390]);
        assert!(rivals.settle(u64::MAX, 800).is_empty());
        assert!(rivals.told.is_empty());
    }
}
