//! The tokens of a CTC head, as transformers' `Wav2Vec2CTCTokenizer` saves them, brought to what a runtime needs to write
//! text: `|` between words, nothing for special tokens, lower case where the tokenizer writes it.

use std::collections::{BTreeMap, BTreeSet};

use serde::Deserialize;
use serde_json::Value;

use super::error::{CheckpointError, ConfigProblem};
use super::json;
use super::json_files::JsonFiles;

/// What stands between words in a file's vocabulary.
const DELIMITER: &str = "|";

/// The texts of tokens by number.
pub(super) type Vocabulary = BTreeMap<u32, String>;

/// The keys of `tokenizer_config.json` that matter, with their defaults.
#[derive(Deserialize)]
#[serde(default)]
struct TokenizerConfig {
    word_delimiter_token: Value,
    do_lower_case: Option<bool>,
    target_lang: Option<String>,
    added_tokens_decoder: BTreeMap<String, AddedToken>,
    #[serde(flatten)]
    special: Special,
}

impl Default for TokenizerConfig {
    fn default() -> Self {
        Self {
            word_delimiter_token: DELIMITER.into(),
            do_lower_case: None,
            target_lang: None,
            added_tokens_decoder: BTreeMap::new(),
            special: Special::default(),
        }
    }
}

/// The special tokens that `tokenizer_config.json` and `special_tokens_map.json` name.
#[derive(Default, Deserialize)]
#[serde(default)]
struct Special {
    bos_token: Value,
    eos_token: Value,
    unk_token: Value,
    pad_token: Value,
    additional_special_tokens: Value,
}

impl Special {
    fn texts(&self) -> impl Iterator<Item = &str> {
        let single = [&self.bos_token, &self.eos_token, &self.unk_token, &self.pad_token];
        let several = self.additional_special_tokens.as_array().into_iter().flatten();
        single.into_iter().chain(several).filter_map(text_of)
    }
}

#[derive(Deserialize)]
struct AddedToken {
    content: String,
    #[serde(default)]
    special: bool,
}

/// A token is saved as its text, or as an object that has it.
fn text_of(token: &Value) -> Option<&str> {
    token.as_str().or_else(|| token.get("content")?.as_str())
}

/// Reads the files of a tokenizer; empty where there is none. `language` chooses among vocabularies of several languages.
pub(super) fn read(files: &JsonFiles, language: Option<&str>) -> Result<Vocabulary, CheckpointError> {
    let path = files.file("vocab.json");
    let vocabulary: Option<BTreeMap<String, Value>> = json::read_optional(&path)?;
    let added: Option<BTreeMap<String, u32>> = json::read_optional(&files.file("added_tokens.json"))?;
    let config: Option<TokenizerConfig> = json::read_optional(&files.file("tokenizer_config.json"))?;
    let map: Option<Special> = json::read_optional(&files.file("special_tokens_map.json"))?;
    let config = config.unwrap_or_default();
    let language = language.or(config.target_lang.as_deref());
    let fail = |problem: ConfigProblem| CheckpointError::new(&path, problem);
    let mut tokens = numbered(vocabulary.unwrap_or_default(), language).map_err(fail)?;
    tokens.extend(added.unwrap_or_default().into_iter().map(|(text, number)| (number, text)));
    let mut special: BTreeSet<String> = ["<s>", "</s>", "<unk>", "<pad>"].map(str::to_owned).into();
    special.extend(config.special.texts().chain(map.iter().flat_map(Special::texts)).map(str::to_owned));
    for (number, token) in config.added_tokens_decoder {
        if token.special {
            special.insert(token.content.clone());
        }
        if let Ok(number) = number.parse() {
            tokens.insert(number, token.content);
        }
    }
    let delimiter = text_of(&config.word_delimiter_token);
    for text in tokens.values_mut() {
        if special.contains(text) && Some(text.as_str()) != delimiter {
            text.clear();
        } else if Some(text.as_str()) == delimiter {
            DELIMITER.clone_into(text);
        } else if config.do_lower_case == Some(true) {
            *text = text.to_lowercase();
        }
    }
    Ok(tokens)
}

/// The vocabulary of one language by number.
fn numbered(
    vocabulary: BTreeMap<String, Value>,
    language: Option<&str>,
) -> Result<Vocabulary, ConfigProblem> {
    let nested = vocabulary.values().any(Value::is_object);
    let known = || vocabulary.keys().cloned().collect::<Vec<_>>().join(", ");
    let tokens: BTreeMap<String, Value> = match (nested, language) {
        (false, _) => vocabulary,
        (true, None) => return Err(ConfigProblem::Languages { known: known() }),
        (true, Some(language)) => {
            let own = vocabulary.get(language).and_then(Value::as_object);
            let missing = || ConfigProblem::NoLanguage { language: language.to_owned(), known: known() };
            own.ok_or_else(missing)?.clone().into_iter().collect()
        }
    };
    let number = |(text, number): (String, Value)| {
        let number = number.as_u64().and_then(|number| u32::try_from(number).ok());
        number.map(|number| (number, text.clone())).ok_or(ConfigProblem::Token { text })
    };
    tokens.into_iter().map(number).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read_files(files: &[(&str, Value)], language: Option<&str>) -> Result<Vec<String>, String> {
        let folder = tempfile::tempdir().expect("a folder");
        for (name, value) in files {
            std::fs::write(folder.path().join(name), value.to_string()).expect("room");
        }
        let read = read(&JsonFiles::of(folder.path()), language);
        read.map(|tokens| tokens.into_values().collect()).map_err(|error| error.to_string())
    }

    #[test]
    fn special_tokens_are_silent_and_words_parted() {
        let vocabulary = json!({"[PAD]": 0, "A": 1, "_": 2, "<laugh>": 3, "<s>": 4});
        let config = json!({
            "word_delimiter_token": "_", "pad_token": {"content": "[PAD]"}, "do_lower_case": true,
            "added_tokens_decoder": {"5": {"content": "<noise>", "special": true}, "6": {"content": "OH"}},
        });
        let files = [("vocab.json", vocabulary), ("tokenizer_config.json", config)];
        assert_eq!(read_files(&files, None).unwrap(), ["", "a", "|", "<laugh>", "", "", "oh"]);
        let files =
            [("vocab.json", json!({"|": 0, "X": 1})), ("special_tokens_map.json", json!({"unk_token": "X"}))];
        assert_eq!(read_files(&files, None).unwrap(), ["|", ""]);
    }

    #[test]
    fn of_several_languages_one_is_chosen() {
        let files = [("vocab.json", json!({"eng": {"a": 0, "|": 1}, "deu": {"ä": 0}}))];
        assert_eq!(read_files(&files, Some("eng")).unwrap(), ["a", "|"]);
        assert!(read_files(&files, None).unwrap_err().contains("--target-lang: deu, eng"));
        assert!(read_files(&files, Some("fra")).unwrap_err().contains("no language `fra`"));
        assert!(read_files(&[("vocab.json", json!({"a": -1}))], None).unwrap_err().contains("`a`"));
    }
}
