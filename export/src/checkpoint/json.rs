//! JSON as Python writes and transformers reads it: `NaN` and `Infinity` among the numbers, and whole numbers with a
//! decimal point.

use std::path::Path;

use serde::de::{Deserialize, DeserializeOwned, Deserializer};
use serde_json::{Number, Value};

use super::error::{CheckpointError, Problem};

/// What Python writes for numbers that JSON does not have, longest first.
const NOT_FINITE: [&[u8]; 3] = [b"-Infinity", b"Infinity", b"NaN"];

/// The file as `T`.
pub(super) fn read<T: DeserializeOwned>(path: &Path) -> Result<T, CheckpointError> {
    let text = std::fs::read(path).map_err(|error| CheckpointError::new(path, error))?;
    parse(&text).map_err(|problem| CheckpointError::new(path, problem))
}

/// The file as `T`; `None` if it does not exist.
pub(super) fn read_optional<T: DeserializeOwned>(path: &Path) -> Result<Option<T>, CheckpointError> {
    if path.exists() { read(path).map(Some) } else { Ok(None) }
}

fn parse<T: DeserializeOwned>(text: &[u8]) -> Result<T, Problem> {
    let value = serde_json::from_slice(&without_not_finite(text))?;
    Ok(serde_json::from_value(with_whole_numbers(value))?)
}

/// Null takes the place of numbers that are not finite: where a model needs a number, neither will do.
fn without_not_finite(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let (mut rest, mut in_string) = (text, false);
    while let [first, behind @ ..] = rest {
        let number = NOT_FINITE.into_iter().find(|number| !in_string && rest.starts_with(number));
        if let Some(number) = number {
            out.extend(b"null");
            rest = &rest[number.len()..];
            continue;
        }
        out.push(*first);
        rest = behind;
        match (first, behind) {
            (b'\\', [escaped, behind @ ..]) => {
                out.push(*escaped);
                rest = behind;
            }
            (b'"', _) => in_string = !in_string,
            _ => {}
        }
    }
    out
}

/// 32.0 becomes 32, for all that count something.
fn with_whole_numbers(value: Value) -> Value {
    match value {
        Value::Number(number) => Value::Number(whole(&number).unwrap_or(number)),
        Value::Array(items) => items.into_iter().map(with_whole_numbers).collect(),
        Value::Object(items) => {
            items.into_iter().map(|(key, value)| (key, with_whole_numbers(value))).collect()
        }
        other => other,
    }
}

fn whole(number: &Number) -> Option<Number> {
    // Integers up to here are exact in f64.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    let value = number.as_f64().filter(|_| number.is_f64())?;
    (value.fract() == 0.0 && value.abs() <= EXACT).then(|| Number::from(value as i64))
}

/// What Python takes for true and false: null and 0 are false, other numbers true.
pub(super) fn truth<'de, D: Deserializer<'de>>(deserializer: D) -> Result<bool, D::Error> {
    match Value::deserialize(deserializer)? {
        Value::Null => Ok(false),
        Value::Bool(value) => Ok(value),
        Value::Number(number) => Ok(number.as_f64() != Some(0.0)),
        other => Err(serde::de::Error::custom(format_args!("{other} is neither true nor false"))),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn numbers_are_read_as_python_reads_them() {
        let text = br#"{"NaN \" NaN": NaN, "a": [Infinity, -Infinity, 32.0, -1.0, 1e-5, 1e99, 7]}"#;
        let parsed: BTreeMap<String, Value> = parse(text).unwrap();
        assert_eq!(parsed["NaN \" NaN"], Value::Null);
        assert_eq!(parsed["a"].to_string(), "[null,null,32,-1,0.00001,1e+99,7]");
    }

    #[test]
    fn damaged_text_is_an_error() {
        for text in [&b""[..], b"{\"a\\", b"nan", b"[NaNN]", b"\xff"] {
            assert!(parse::<Value>(text).is_err(), "{}", text.escape_ascii());
        }
    }
}
