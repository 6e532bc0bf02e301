//! A word that was heard.

use std::time::{Duration, Instant, SystemTime};

use serde::{Serialize, Serializer};
use wavlm_runtime::tasks::words::Detection;

use super::voices::Likeness;

/// A word, how sure, who said it, and when.
#[derive(Clone, Debug, Serialize)]
pub struct Event {
    /// Which word.
    pub keyword: String,
    /// How likely, from 0 to 1.
    pub score: f32,
    /// Begin and end in the sound, in seconds since the microphone was opened, or since the beginning of the file.
    pub start_s: f64,
    /// See `start_s`.
    pub end_s: f64,
    /// Whose voice it is, of those that are known and close enough.
    pub speaker: Option<String>,
    /// Likeness of the closest known voice, from -1 to 1, if there is one.
    pub speaker_score: Option<f32>,
    /// When it was told, by the clock on the wall: what the clock showed may be wrong, or have been set since.
    #[serde(serialize_with = "rfc3339")]
    pub time: SystemTime,
    /// The same in seconds since the program began, by a clock that nobody sets.
    pub monotonic_s: f64,
}

impl Event {
    /// An event of this moment. `began` is when the program did.
    pub fn now(detection: Detection, likeness: Likeness, began: Instant) -> Self {
        let Detection { keyword, score, start_s, end_s } = detection;
        let Likeness { speaker, score: speaker_score } = likeness;
        let monotonic_s = began.elapsed().as_secs_f64();
        Event { keyword, score, start_s, end_s, speaker, speaker_score, time: SystemTime::now(), monotonic_s }
    }

    /// When it was told, as people write it, to the millisecond.
    pub fn time(&self) -> impl std::fmt::Display {
        moment(self.time)
    }
}

/// A time as people write it, to the millisecond.
pub fn moment(time: SystemTime) -> impl std::fmt::Display {
    humantime::format_rfc3339_millis(within_calendar(time))
}

fn rfc3339<S: Serializer>(time: &SystemTime, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&moment(*time))
}

/// A board without a battery may start before 1970, or anywhere; the calendar of [`humantime`] reaches from there to 9999.
fn within_calendar(time: SystemTime) -> SystemTime {
    let last = SystemTime::UNIX_EPOCH + Duration::from_secs(253_402_300_799);
    time.clamp(SystemTime::UNIX_EPOCH, last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_json_has_the_fixed_names_and_any_clock_can_be_told() {
        let detection = Detection { keyword: "go".to_owned(), score: 0.5, start_s: 1.0, end_s: 1.5 };
        let mut event = Event::now(detection, Likeness::default(), Instant::now());
        event.time = SystemTime::UNIX_EPOCH + Duration::from_millis(1_700_000_000_250);
        event.monotonic_s = 2.0;
        let json = serde_json::to_string(&event).expect("JSON");
        assert_eq!(
            json,
            r#"{"keyword":"go","score":0.5,"start_s":1.0,"end_s":1.5,"speaker":null,"speaker_score":null,"time":"2023-11-14T22:13:20.250Z","monotonic_s":2.0}"#
        );
        event.time = SystemTime::UNIX_EPOCH - Duration::from_secs(10);
        assert_eq!(event.time().to_string(), "1970-01-01T00:00:00.000Z");
        event.time = SystemTime::UNIX_EPOCH + Duration::from_secs(1 << 40);
        assert_eq!(event.time().to_string(), "9999-12-31T23:59:59.000Z");
    }
}
