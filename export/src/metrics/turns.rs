//! Errors of diarisation: time in which somebody speaks who is missed, invented or taken for another (NIST's diarisation
//! error rate, as pyannote.metrics computes it, overlapping speech included).

use std::collections::BTreeMap;

use pathfinding::kuhn_munkres::kuhn_munkres;
use pathfinding::matrix::Matrix;
use serde::Serialize;

/// Times are compared in whole microseconds.
const MICROSECONDS: f64 = 1e6;

/// A stretch of one speaker's speech.
#[derive(Clone, Debug, PartialEq)]
pub struct Segment {
    /// Who speaks.
    pub speaker: String,
    /// Where it begins, in seconds.
    pub start_s: f64,
    /// Where it ends.
    pub end_s: f64,
}

/// Errors over some recordings, in seconds of speech; overlapping speech counts once for each who speaks.
#[derive(Clone, Copy, Debug, Default, PartialEq, Serialize)]
pub struct DiarizationErrors {
    /// Speech.
    pub speech_s: f64,
    /// Speech that was not found.
    pub missed_s: f64,
    /// Speech that was found where there is none.
    pub false_alarm_s: f64,
    /// Speech that was taken for that of another.
    pub confused_s: f64,
}

impl DiarizationErrors {
    /// Adds one recording. Speakers are called as they like on both sides: those pairs are taken that agree for the longest
    /// time. So much time around every boundary of the reference is left out, half of it before and half behind: pyannote's
    /// `collar`; NIST's of 0.25 s on either side is 0.5 here.
    pub fn add(&mut self, reference: &[Segment], found: &[Segment], collar_s: f64) {
        let (reference, found) = (Side::of(reference), Side::of(found));
        let half = (collar_s / 2.0 * MICROSECONDS).round() as i64;
        let mut cuts: Vec<i64> = reference.cuts().chain(found.cuts()).collect();
        cuts.extend(reference.cuts().flat_map(|cut| [cut - half, cut + half]));
        cuts.sort_unstable();
        cuts.dedup();
        let forgiven: Vec<[i64; 2]> = reference.cuts().map(|cut| [cut - half, cut + half]).collect();

        let mut together = vec![vec![0_i64; found.speakers.len()]; reference.speakers.len()];
        let mut pieces = Vec::new();
        for cut in cuts.windows(2) {
            let &[start, end] = cut else { continue };
            if forgiven.iter().any(|&[from, to]| from <= start && end <= to) {
                continue;
            }
            let (said, heard) = (reference.active(start, end), found.active(start, end));
            for &a in &said {
                heard.iter().for_each(|&b| together[a][b] += end - start);
            }
            pieces.push((end - start, said, heard));
        }
        let partner = partners(&together);
        for (length, said, heard) in pieces {
            let right = said.iter().filter(|&&a| partner[a].is_some_and(|b| heard.contains(&b))).count();
            let seconds = |count: usize| count as f64 * length as f64 / MICROSECONDS;
            self.speech_s += seconds(said.len());
            self.missed_s += seconds(said.len().saturating_sub(heard.len()));
            self.false_alarm_s += seconds(heard.len().saturating_sub(said.len()));
            self.confused_s += seconds(said.len().min(heard.len()) - right);
        }
    }

    /// The diarisation error rate; it can exceed 1.
    pub fn rate(&self) -> f64 {
        let wrong = self.missed_s + self.false_alarm_s + self.confused_s;
        if self.speech_s > 0.0 { wrong / self.speech_s } else { f64::from(u8::from(wrong > 0.0)) }
    }
}

/// Stretches by speaker, in microseconds, joined where those of one speaker overlap.
struct Side {
    speakers: Vec<Vec<[i64; 2]>>,
}

impl Side {
    fn of(segments: &[Segment]) -> Self {
        let mut by_speaker: BTreeMap<&str, Vec<[i64; 2]>> = BTreeMap::new();
        for Segment { speaker, start_s, end_s } in segments {
            let stretch = [start_s, end_s].map(|time| (time * MICROSECONDS).round() as i64);
            by_speaker.entry(speaker).or_default().push(stretch);
        }
        let join = |mut stretches: Vec<[i64; 2]>| {
            stretches.sort_unstable();
            let mut joined: Vec<[i64; 2]> = Vec::new();
            for [start, end] in stretches.into_iter().filter(|[start, end]| start < end) {
                match joined.last_mut() {
                    Some(last) if start <= last[1] => last[1] = last[1].max(end),
                    _ => joined.push([start, end]),
                }
            }
            joined
        };
        Self { speakers: by_speaker.into_values().map(join).collect() }
    }

    fn cuts(&self) -> impl Iterator<Item = i64> {
        self.speakers.iter().flatten().flatten().copied()
    }

    /// Who speaks in a stretch that no cut parts.
    fn active(&self, start: i64, end: i64) -> Vec<usize> {
        let speaks =
            |stretches: &Vec<[i64; 2]>| stretches.iter().any(|&[from, to]| from <= start && end <= to);
        (0..self.speakers.len()).filter(|&speaker| speaks(&self.speakers[speaker])).collect()
    }
}

/// For each of the one side the one of the other, so that all agree for the longest time in all.
fn partners(together: &[Vec<i64>]) -> Vec<Option<usize>> {
    let (rows, columns) = (together.len(), together.first().map_or(0, Vec::len));
    if rows == 0 || columns == 0 {
        return vec![None; rows];
    }
    // The library wants as many columns as rows, or more.
    let size = rows.max(columns);
    let time =
        |(row, column)| together.get(row).and_then(|row: &Vec<i64>| row.get(column)).copied().unwrap_or(0);
    let (_, chosen) = kuhn_munkres(&Matrix::from_fn(size, size, time));
    let real = |(row, column)| Some(column).filter(|_| time((row, column)) > 0);
    chosen.into_iter().enumerate().take(rows).map(real).collect()
}

/// The segments in the lines of an RTTM file whose type is SPEAKER.
///
/// # Errors
/// The number of the line that is not as it should be.
pub fn read_rttm(text: &str) -> Result<Vec<Segment>, usize> {
    let mut segments = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let fields: Vec<&str> = line.split_whitespace().collect();
        if fields.first() != Some(&"SPEAKER") {
            continue;
        }
        let number = |field: usize| {
            fields.get(field).and_then(|text| text.parse::<f64>().ok()).filter(|x| x.is_finite() && *x >= 0.0)
        };
        let (Some(start_s), Some(length), Some(speaker)) = (number(3), number(4), fields.get(7)) else {
            return Err(index + 1);
        };
        segments.push(Segment { speaker: (*speaker).to_owned(), start_s, end_s: start_s + length });
    }
    Ok(segments)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn segments(list: &[(&str, f64, f64)]) -> Vec<Segment> {
        let segment = |&(speaker, start_s, end_s): &(&str, f64, f64)| Segment {
            speaker: speaker.to_owned(),
            start_s,
            end_s,
        };
        list.iter().map(segment).collect()
    }

    fn errors(
        reference: &[(&str, f64, f64)],
        found: &[(&str, f64, f64)],
        collar_s: f64,
    ) -> DiarizationErrors {
        let mut errors = DiarizationErrors::default();
        errors.add(&segments(reference), &segments(found), collar_s);
        errors
    }

    #[test]
    fn the_example_of_pyannote() {
        let reference = [("A", 0.0, 10.0), ("B", 12.0, 20.0), ("A", 24.0, 27.0), ("D", 30.0, 40.0)];
        let found =
            [("a", 2.0, 13.0), ("d", 13.0, 14.0), ("b", 14.0, 20.0), ("c", 22.0, 38.0), ("d", 38.0, 40.0)];
        let found = errors(&reference, &found, 0.0);
        assert!((found.rate() - 0.516_129_032_258_064_5).abs() < 1e-9, "{}", found.rate());
    }

    #[test]
    fn names_do_not_matter_and_collars_forgive() {
        let reference = [("anna", 0.0, 4.0), ("bert", 3.0, 6.0)];
        assert_eq!(errors(&reference, &[("2", 0.0, 4.0), ("1", 3.0, 6.0)], 0.0).rate(), 0.0);
        assert_eq!(errors(&reference, &[("2", 0.1, 4.0), ("1", 3.0, 5.9)], 0.25).rate(), 0.0);
        let late = errors(&reference, &[("2", 0.1, 4.0), ("1", 3.0, 6.0)], 0.0);
        assert!((late.missed_s - 0.1).abs() < 1e-9 && (late.rate() - 0.1 / 7.0).abs() < 1e-9);
        assert_eq!(errors(&[], &[], 0.0).rate(), 0.0);
        assert_eq!(errors(&[], &[("1", 0.0, 1.0)], 0.0).rate(), 1.0);
    }

    #[test]
    fn rttm_is_read() {
        let text = "SPKR-INFO x\nSPEAKER clip 1 0.5 1.25 <NA> <NA> anna <NA> <NA>\n";
        assert_eq!(read_rttm(text), Ok(segments(&[("anna", 0.5, 1.75)])));
        assert_eq!(read_rttm("SPEAKER clip 1 zero 1"), Err(1));
    }
}
