//! Entries go into the text of a file of words and out of it; everything else in it stays as a person wrote it.

use toml_edit::{Array, ArrayOfTables, DocumentMut, Item, Table, value};
use wavlm_runtime::tasks::phrases::Alphabet;

use super::book::{Entry, name_of};

/// Phrases may also be written in one line, where no comment between them could be kept.
const OTHER: &str = "write each phrase as a [[phrase]] of its own; then this program can change them";

/// The text with this phrase in it, in the place of an earlier one of that name; whether there was one.
///
/// # Errors
/// The text is no file of words.
pub fn put(text: &str, entry: &Entry, alphabet: &Alphabet) -> Result<(String, bool), String> {
    let mut document = parse(text)?;
    let was_there = take_out(&mut document, &entry.text)?;
    document.insert("model", value(name_of(alphabet)));
    let phrases = document.entry("phrase").or_insert_with(|| Item::ArrayOfTables(ArrayOfTables::new()));
    let phrases = phrases.as_array_of_tables_mut().ok_or(OTHER)?;
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
    let was_there = take_out(&mut document, name)?;
    Ok((document.to_string(), was_there))
}

fn take_out(document: &mut DocumentMut, name: &str) -> Result<bool, String> {
    let Some(phrases) = document.get_mut("phrase") else { return Ok(false) };
    let phrases = phrases.as_array_of_tables_mut().ok_or(OTHER)?;
    let before = phrases.len();
    phrases.retain(|table| table.get("text").and_then(Item::as_str) != Some(name));
    Ok(phrases.len() < before)
}

fn parse(text: &str) -> Result<DocumentMut, String> {
    text.parse().map_err(|error: toml_edit::TomlError| error.message().replace('\n', " "))
}

/// As many digits as matter.
fn rounded(threshold: f64) -> f64 {
    (threshold * 1e4).round() / 1e4
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_not_removed_and_what_is_written_otherwise_is_refused() {
        let text = "# mine\n[[phrase]] # a\ntext = \"a\"\n\n[[phrase]]\ntext = \"b\"\n";
        assert_eq!(remove(text, "c"), Ok((text.to_owned(), false)));
        let (without, was_there) = remove(text, "b").expect("a file of words");
        assert!(
            was_there
                && without.starts_with("# mine\n[[phrase]] # a\ntext = \"a\"\n")
                && !without.contains("\"b\"")
        );
        assert_eq!(remove("", "a"), Ok((String::new(), false)));
        assert!(remove("phrase = [{text = \"a\"}]", "a").expect_err("refused").contains("[[phrase]]"));
        assert!(remove("phrase = [", "a").is_err());
    }
}
