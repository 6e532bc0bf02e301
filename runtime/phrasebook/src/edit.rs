//! Entries go into the text of a file of words and out of it; everything else in it stays as a person wrote it.

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, value};
use wavlm_runtime::tasks::phrases::Alphabet;

use super::book::{Entry, name_of};

/// The text with this phrase in it, in the place of an earlier one of that name; whether there was one.
///
/// # Errors
/// The text is no file of words.
pub fn put(text: &str, entry: &Entry, alphabet: &Alphabet) -> Result<(String, bool), String> {
    let (without, was_there) = remove(text, &entry.text)?;
    let mut document = parse(&without)?;
    document.insert("model", value(name_of(alphabet)));
    let phrases = document.entry("phrase").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    let phrases = phrases.as_array_of_tables_mut().ok_or("`phrase` is something else than [[phrase]]")?;
    let mut table = Table::new();
    table.insert("text", value(&entry.text));
    table.insert("phones", value(Array::from_iter(&entry.phones)));
    table.insert("threshold", value(rounded(entry.threshold.into())));
    if let Some(rate) = entry.false_alarms_per_hour {
        table.insert("false_alarms_per_hour", value(rate));
    }
    if !entry.only.is_empty() {
        table.insert("only", value(Array::from_iter(&entry.only)));
    }
    phrases.push(table);
    Ok((document.to_string(), was_there))
}

/// The text without the phrase of that name; whether there was one.
///
/// # Errors
/// The text is no file of words.
pub fn remove(text: &str, name: &str) -> Result<(String, bool), String> {
    let mut document = parse(text)?;
    let Some(phrases) = document.get_mut("phrase").and_then(Item::as_array_of_tables_mut) else {
        return Ok((document.to_string(), false));
    };
    let before = phrases.len();
    phrases.retain(|table| table.get("text").and_then(Item::as_str) != Some(name));
    let was_there = phrases.len() < before;
    Ok((document.to_string(), was_there))
}

fn parse(text: &str) -> Result<DocumentMut, String> {
    text.parse().map_err(|error: toml_edit::TomlError| error.message().replace('\n', " "))
}

/// As many digits as matter.
fn rounded(threshold: f64) -> f64 {
    (threshold * 1e4).round() / 1e4
}
