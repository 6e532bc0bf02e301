//! How a model did in an evaluation: figures, and the curves of what it misses beside what it takes wrongly.

use std::collections::BTreeMap;

use serde_json::Value;

use super::Results;
use super::page::{Page, escape};
use super::plot::{Axis, Line, lines};

/// What a table tells of each kind of recordings, by the names that results have for it.
const FIGURES: [&str; 14] = [
    "clips",
    "accuracy",
    "loss",
    "eer",
    "eer_interval",
    "min_dcf",
    "fnmr_at_fmr",
    "cllr",
    "wer",
    "cer",
    "der",
    "der_collar",
    "hours",
    "changed",
];

/// Adds what there is.
pub(super) fn section(page: &mut Page, results: &Results) {
    if results.is_empty() {
        return;
    }
    page.section("Evaluated");
    let row = |result: &Value| {
        let known = FIGURES.iter().filter_map(|&key| Some(format!("{key} {}", short(result.get(key)?))));
        let cells = ["head", "group", "kind"].map(|key| escape(&text(result, key)));
        cells.into_iter().chain([escape(&known.collect::<Vec<_>>().join(", "))]).collect()
    };
    page.table(&["head", "group", "kind", "figures"], results.iter().map(row));
    voices(page, results);
    keywords(page, results);
    alarms(page, results);
}

/// A curve for each group of voices.
fn voices(page: &mut Page, results: &Results) {
    for result in results {
        let point = |errors: &Value| Some((errors.get("fmr")?.as_f64()?, errors.get("fnmr")?.as_f64()?));
        let points: Vec<(f64, f64)> = items(result, "curve").filter_map(point).collect();
        if points.is_empty() {
            continue;
        }
        let group = text(result, "group");
        page.text(&format!("Voices of {group}: false non-matches beside false matches, at every threshold."));
        let axis = |name| Axis { name, low: -3, high: 0, label: percent };
        let line = Line { name: &group, points: &points };
        page.figure(&lines(&axis("false match rate"), &axis("false non-match rate"), &[line]));
    }
}

/// Keywords missed in each group of clips, beside the false alarms of all speech, at every threshold.
fn keywords(page: &mut Page, results: &Results) {
    let rates = alarms_per_hour(results);
    let curves: Vec<(String, Vec<(f64, f64)>)> = results
        .iter()
        .map(|result| (text(result, "group"), missed(result, &rates)))
        .filter(|(_, points)| points.len() > 1)
        .collect();
    if curves.is_empty() {
        return;
    }
    page.text("Keywords missed beside false alarms an hour in all of the speech, at every threshold.");
    let lines_of: Vec<Line<'_>> = curves.iter().map(|(name, points)| Line { name, points }).collect();
    let across = Axis { name: "false alarms an hour", low: -1, high: 3, label: |rate| rate.to_string() };
    let up = Axis { name: "keywords missed", low: -3, high: 0, label: percent };
    page.figure(&lines(&across, &up, &lines_of));
}

/// (threshold, false alarms an hour) over all groups of speech.
fn alarms_per_hour(results: &Results) -> Vec<(f64, f64)> {
    let mut hours = 0.0;
    let mut alarms: BTreeMap<u64, (f64, f64)> = BTreeMap::new();
    for result in results.iter().filter(|result| text(result, "kind") == "speech") {
        hours += number(result, "hours");
        let points: BTreeMap<u64, f64> = items(result, "points")
            .map(|point| (number(point, "threshold").to_bits(), number(point, "false_alarms")))
            .collect();
        for (threshold, count) in points {
            alarms.entry(threshold).or_insert((f64::from_bits(threshold), 0.0)).1 += count;
        }
    }
    if hours <= 0.0 {
        return Vec::new();
    }
    alarms.into_values().map(|(threshold, count)| (threshold, count / hours)).collect()
}

/// (false alarms an hour, share of keywords missed), the highest threshold first.
fn missed(result: &Value, rates: &[(f64, f64)]) -> Vec<(f64, f64)> {
    let mut points: Vec<(f64, f64)> = items(result, "spotted")
        .filter(|point| number(point, "keywords") > 0.0)
        .filter_map(|point| {
            let threshold = number(point, "threshold");
            let &(_, rate) = rates.iter().find(|&&(known, _)| known == threshold)?;
            Some((rate, 1.0 - number(point, "heard") / number(point, "keywords")))
        })
        .collect();
    points.sort_by(|a, b| a.0.total_cmp(&b.0).then(a.1.total_cmp(&b.1)));
    points
}

fn alarms(page: &mut Page, results: &Results) {
    let rows: Vec<Vec<String>> = results
        .iter()
        .flat_map(|result| {
            items(result, "points").map(move |point| {
                let cell = |key: &str| escape(&point.get(key).map(short).unwrap_or_default());
                let figures = ["point", "threshold", "false_alarms", "per_hour", "interval"].map(cell);
                [escape(&text(result, "group"))].into_iter().chain(figures).collect()
            })
        })
        .collect();
    if !rows.is_empty() {
        let columns = ["group", "point", "threshold", "false alarms", "an hour", "95 % interval"];
        page.table(&columns, rows.into_iter());
    }
}

fn items<'a>(value: &'a Value, key: &str) -> impl Iterator<Item = &'a Value> {
    value.get(key).and_then(Value::as_array).into_iter().flatten()
}

fn number(value: &Value, key: &str) -> f64 {
    value.get(key).and_then(Value::as_f64).unwrap_or_default()
}

fn text(value: &Value, key: &str) -> String {
    value.get(key).map(short).unwrap_or_default()
}

fn percent(rate: f64) -> String {
    format!("{} %", 100.0 * rate)
}

/// A number with few digits.
fn short(value: &Value) -> String {
    match value {
        Value::Number(number) if number.is_f64() => format!("{:.4}", number.as_f64().unwrap_or_default()),
        Value::Array(items) => items.iter().map(short).collect::<Vec<_>>().join(" to "),
        Value::String(text) => text.clone(),
        other => other.to_string(),
    }
}
