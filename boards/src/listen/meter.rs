//! What `--tune` shows: how probable each word is, how loud it is, whether anybody speaks, and what was heard.

use std::io::{self, Write};
use std::time::{Duration, Instant};

use super::event::Event;
use super::seen::Seen;

/// How often the picture changes.
const SHOWN_EVERY: Duration = Duration::from_millis(100);
/// A word's bar stays at its height for so long.
const HELD: Duration = Duration::from_secs(1);
/// Without a scored window for so long, nobody speaks.
const SILENT: Duration = Duration::from_millis(400);
/// Least width of the names.
const LEAST_WIDTH: usize = 12;
/// Width of a bar.
const BAR: usize = 30;
/// Events that stay in sight.
const EVENTS: usize = 5;
/// The end of a window whose level is shown, in samples.
const LATEST: usize = 3200;

/// A word, and how probable it was lately.
#[derive(Debug)]
struct Row {
    word: String,
    threshold: f32,
    /// The highest probability, and when.
    peak: Option<(f32, Instant)>,
}

/// Draws on a terminal.
#[derive(Debug)]
pub struct Meter {
    /// Of each label that is a keyword.
    rows: Vec<Option<Row>>,
    /// Of each phrase.
    phrases: Vec<Row>,
    level_db: f32,
    scored: Option<Instant>,
    events: Vec<String>,
    shown: Option<Instant>,
    /// Lines that were drawn last.
    drawn: usize,
}

impl Meter {
    /// Nothing is drawn yet. `keywords` gives, of each label that is a keyword, the word and its threshold.
    pub fn new(keywords: Vec<Option<(String, f32)>>) -> Self {
        let row = |(word, threshold)| Row { word, threshold, peak: None };
        Meter {
            rows: keywords.into_iter().map(|keyword| keyword.map(row)).collect(),
            phrases: Vec::new(),
            level_db: f32::NEG_INFINITY,
            scored: None,
            events: Vec::new(),
            shown: None,
            drawn: 0,
        }
    }

    /// A window was scored.
    pub fn see(&mut self, seen: &Seen<'_>) {
        let now = Instant::now();
        self.scored = Some(now);
        let latest = seen.samples.iter().rev().take(LATEST);
        let power = latest.map(|sample| sample * sample).sum::<f32>() / LATEST as f32;
        self.level_db = 10.0 * power.log10();
        for (row, &probability) in self.rows.iter_mut().zip(seen.probabilities) {
            if let Some(row) = row {
                row.see(probability, now);
            }
        }
    }

    /// The best scores of phrases since the last time, with their names and thresholds; other phrases are gone.
    pub fn see_phrases(&mut self, scores: Vec<(String, f32, f32)>) {
        let now = Instant::now();
        self.phrases.retain(|row| scores.iter().any(|(name, ..)| *name == row.word));
        for (word, score, threshold) in scores {
            match self.phrases.iter_mut().find(|row| row.word == word) {
                Some(row) => {
                    row.threshold = threshold;
                    row.see(score, now);
                }
                None => self.phrases.push(Row { word, threshold, peak: Some((score, now)) }),
            }
        }
    }

    /// A word was told.
    pub fn event(&mut self, event: &Event) {
        let speaker = event.speaker.as_ref().map(|name| format!("  {name}")).unwrap_or_default();
        self.events.push(format!("{}  {}  {:.3}{speaker}", event.time(), event.keyword, event.score));
        let surplus = self.events.len().saturating_sub(EVENTS);
        self.events.drain(..surplus);
    }

    /// Draws anew, if it is time for that.
    pub fn show(&mut self) {
        if self.shown.is_some_and(|at| at.elapsed() < SHOWN_EVERY) {
            return;
        }
        self.shown = Some(Instant::now());
        let lines = self.lines();
        let mut picture = String::new();
        if self.drawn > 0 {
            picture += &format!("\x1b[{}A", self.drawn);
        }
        for line in &lines {
            picture += &format!("\x1b[2K{line}\n");
        }
        self.drawn = lines.len();
        // Whoever watches the terminal may leave; listening goes on.
        let _ = io::stderr().write_all(picture.as_bytes());
    }

    fn lines(&self) -> Vec<String> {
        let speaks = self.scored.is_some_and(|at| at.elapsed() < SILENT);
        let level = if speaks { format!("{:.0} dB", self.level_db) } else { "silence".to_owned() };
        let rows = || self.rows.iter().flatten().chain(&self.phrases);
        let width = rows().map(|row| row.word.chars().count()).fold(LEAST_WIDTH, usize::max);
        let mut lines = vec![format!("{:>width$}  {level}", "level")];
        lines.extend(rows().map(|row| row.line(width)));
        lines.extend((0..EVENTS).map(|i| self.events.get(i).cloned().unwrap_or_default()));
        lines
    }
}

impl Row {
    /// A higher value counts at once, a lower one after a while.
    fn see(&mut self, value: f32, now: Instant) {
        if self.peak.is_none_or(|(peak, at)| value >= peak || now - at > HELD) {
            self.peak = Some((value, now));
        }
    }

    /// The word, its bar with a mark at the threshold, and the number.
    fn line(&self, width: usize) -> String {
        let probability = self.peak.filter(|(_, at)| at.elapsed() <= HELD).map_or(0.0, |(peak, _)| peak);
        let place = |value: f32| (value * BAR as f32) as usize;
        let bar: String = (0..BAR)
            .map(|i| match i {
                _ if i == place(self.threshold).min(BAR - 1) => '|',
                _ if i < place(probability) => '#',
                _ => ' ',
            })
            .collect();
        format!("{:>width$}  [{bar}] {probability:.3}", self.word)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bars_show_probabilities_beside_their_thresholds() {
        let mut meter = Meter::new(vec![Some(("go".to_owned(), 0.5)), None, Some(("stop".to_owned(), 0.9))]);
        assert!(meter.lines()[0].contains("silence"));
        let samples = vec![0.1; 16_000];
        meter.see(&Seen { start: 0, samples: &samples, probabilities: &[0.25, 0.0, 0.75] });
        let lines = meter.lines();
        assert!(lines[0].contains("-20 dB"), "{lines:?}");
        assert!(lines[1].contains("go  [#######        |") && lines[1].ends_with("0.250"), "{lines:?}");
        assert!(
            lines[2].contains("stop  [######################     |") && lines[2].ends_with("0.750"),
            "{lines:?}"
        );
        assert_eq!(lines.len(), 3 + EVENTS);
        let phrase = |name: &str, score: f32| (name.to_owned(), score, 0.4);
        meter.see_phrases(vec![phrase("hey you", 0.25), phrase("good bye", 0.1)]);
        meter.see_phrases(vec![phrase("hey you", 0.1)]);
        let lines = meter.lines();
        assert!(lines[3].contains("hey you  [#######     |") && lines[3].ends_with("0.250"), "{lines:?}");
        assert_eq!(lines.len(), 4 + EVENTS, "the other phrase is listened for no longer");
    }
}
