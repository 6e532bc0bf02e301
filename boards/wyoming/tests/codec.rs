//! Bytes to messages and back: the shapes that clients send, what is refused, and that nothing breaks it.

use proptest::prelude::*;
use serde_json::json;
use wavlm_wyoming::codec::{MAX_JSON, MAX_PAYLOAD};
use wavlm_wyoming::{
    Attribution, CodecError, Decoder, Format, Info, Message, Reply, Request, RequestError, Word,
};

fn all(bytes: &[u8], piece: usize) -> Result<Vec<Message>, CodecError> {
    let mut decoder = Decoder::new();
    let mut found = Vec::new();
    for piece in bytes.chunks(piece) {
        decoder.push(piece);
        while let Some(message) = decoder.next_message()? {
            found.push(message);
        }
    }
    Ok(found)
}

fn request(text: &str) -> Result<Request, RequestError> {
    let mut messages = all(text.as_bytes(), 7).expect("a message");
    assert_eq!(messages.len(), 1, "{text}");
    Request::try_from(messages.remove(0))
}

#[test]
fn data_may_stand_in_the_line_or_behind_it_or_in_both() {
    let expected = Ok(Request::AudioStart(Format { rate: 16_000, width: 2, channels: 1 }));
    let behind = r#"{"rate": 16000, "width": 2, "channels": 1}"#;
    for text in [
        format!("{{\"type\": \"audio-start\", \"data\": {behind}}}\n"),
        format!(
            "{{\"type\": \"audio-start\", \"version\": \"1.5.4\", \"data_length\": {}}}\n{behind}",
            behind.len()
        ),
        format!(
            "{{\"type\": \"audio-start\", \"data\": {{\"rate\": 8000, \"width\": 2}}, \"data_length\": {}}}\n{behind}",
            behind.len()
        ),
    ] {
        assert_eq!(request(&text), expected, "{text}");
    }
}

#[test]
fn what_clients_say_is_understood() {
    assert_eq!(request("{\"type\": \"describe\"}\n"), Ok(Request::Describe));
    assert_eq!(request("{\"type\": \"describe\", \"data\": null}\n"), Ok(Request::Describe));
    assert_eq!(request("{\"type\": \"detect\"}\n"), Ok(Request::Detect(vec![])));
    assert_eq!(request("{\"type\": \"detect\", \"data\": {\"names\": null}}\n"), Ok(Request::Detect(vec![])));
    assert_eq!(
        request("{\"type\": \"detect\", \"data\": {\"names\": [\"go\"], \"context\": {}}}\n"),
        Ok(Request::Detect(vec!["go".to_owned()]))
    );
    assert_eq!(request("{\"type\": \"ping\"}\n"), Ok(Request::Ping(None)));
    assert_eq!(
        request("{\"type\": \"ping\", \"data\": {\"text\": \"x\"}}\n"),
        Ok(Request::Ping(Some("x".to_owned())))
    );
    assert_eq!(request("{\"type\": \"audio-stop\", \"data\": {\"timestamp\": 5}}\n"), Ok(Request::AudioStop));
    assert_eq!(request("{\"type\": \"run-pipeline\", \"data\": {\"x\": [1]}}\n"), Ok(Request::Other));
    let chunk = "{\"type\": \"audio-chunk\", \"data\": {\"rate\": 48000, \"width\": 4, \"channels\": 2}, \"payload_length\": 3}\nabc";
    let format = Format { rate: 48_000, width: 4, channels: 2 };
    assert_eq!(request(chunk), Ok(Request::AudioChunk(format, b"abc".to_vec())));
}

#[test]
fn what_makes_no_sense_is_named() {
    let refused = |text: &str| request(text).expect_err("refused");
    assert_eq!(refused("{\"type\": \"detect\", \"data\": {\"names\": \"go\"}}\n").field, "names");
    assert_eq!(refused("{\"type\": \"detect\", \"data\": {\"names\": [1]}}\n").field, "names");
    assert_eq!(refused("{\"type\": \"audio-start\"}\n").field, "rate");
    assert_eq!(refused("{\"type\": \"audio-start\", \"data\": {\"rate\": -1}}\n").field, "rate");
    let wide =
        "{\"type\": \"audio-chunk\", \"data\": {\"rate\": 16000, \"width\": 70000, \"channels\": 1}}\n";
    assert_eq!(refused(wide).field, "width");
}

#[test]
fn what_is_no_message_is_refused() {
    for text in [
        "[]\n",
        "{}\n",
        "{\"type\": 5}\n",
        "nonsense\n",
        "\u{0}\n",
        "{\"type\": \"x\", \"data_length\": -1}\n",
    ] {
        assert!(matches!(all(text.as_bytes(), 3), Err(CodecError::Json(_))), "{text:?}");
    }
    assert!(matches!(
        all("{\"type\": \"x\", \"data_length\": 2}\n[]".as_bytes(), 3),
        Err(CodecError::Json(_))
    ));
    let endless = vec![b'{'; MAX_JSON + 2];
    assert!(matches!(all(&endless, 1000), Err(CodecError::Line)));
    for (key, most) in [("data_length", MAX_JSON), ("payload_length", MAX_PAYLOAD)] {
        for length in [most as u64 + 1, u64::MAX] {
            let text = format!("{{\"type\": \"x\", \"{key}\": {length}}}\n");
            assert!(matches!(all(text.as_bytes(), 9), Err(CodecError::TooLong { .. })), "{text}");
        }
    }
}

#[test]
fn empty_lines_between_messages_are_left_out() {
    let found = all(b"\n\r\n{\"type\": \"describe\"}\n\n{\"type\": \"ping\"}\n", 1).expect("messages");
    assert_eq!(found.iter().map(|message| message.kind.as_str()).collect::<Vec<_>>(), ["describe", "ping"]);
}

#[test]
fn answers_hold_every_key_that_clients_insist_on() {
    let attribution = Attribution { name: "someone".to_owned(), url: "https://example.org".to_owned() };
    let word = Word { name: "go".to_owned(), languages: vec!["en".to_owned()] };
    let info = Info {
        name: "wavlm".to_owned(),
        description: "words".to_owned(),
        version: "1".to_owned(),
        attribution,
        words: vec![word],
    };
    let message = Message::from(Reply::Info(info));
    let wake = &message.data["wake"][0];
    for key in ["name", "attribution", "installed", "models"] {
        assert!(!wake[key].is_null(), "{key}");
        assert!(key == "models" || !wake["models"][0][key].is_null(), "{key}");
    }
    assert_eq!(wake["models"][0]["languages"], json!(["en"]));

    let heard = |speaker: Option<&str>| {
        Message::from(Reply::Detection {
            name: "go".to_owned(),
            timestamp: 1500,
            speaker: speaker.map(str::to_owned),
        })
    };
    assert_eq!(serde_json::Value::Object(heard(None).data), json!({"name": "go", "timestamp": 1500}));
    assert_eq!(heard(Some("anna")).data["speaker"], "anna");
    let bytes = Message::from(Reply::NotDetected).to_bytes();
    assert_eq!(
        bytes, b"{\"type\":\"not-detected\",\"version\":\"1.10.2\"}\n",
        "no data, rather than none of a length"
    );
}

proptest! {
    #[test]
    fn messages_survive_any_cut(
        kind in "[a-z-]{1,12}",
        names in prop::collection::vec(".{0,9}", 0..4),
        payload in prop::collection::vec(any::<u8>(), 0..300),
        piece in 1..50usize,
    ) {
        let mut data = serde_json::Map::new();
        if !names.is_empty() {
            data.insert("names".to_owned(), json!(names));
        }
        let message = Message { kind, data, payload };
        let bytes = [message.to_bytes(), message.to_bytes()].concat();
        prop_assert_eq!(all(&bytes, piece).expect("messages"), vec![message.clone(), message]);
    }

    #[test]
    fn bytes_give_messages_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..500), piece in 1..50usize) {
        let _ = all(&bytes, piece);
    }

    #[test]
    fn json_gives_messages_or_an_error(
        key in "type|data|data_length|payload_length|x",
        value in "-?[0-9]{1,20}|null|\\[\\]|\\{\\}|\"[a-z]*\"",
        tail in ".{0,40}",
    ) {
        let text = format!("{{\"type\": \"detect\", \"{key}\": {value}}}\n{tail}");
        if let Ok(found) = all(text.as_bytes(), 5) {
            for message in found {
                let _ = Request::try_from(message);
            }
        }
    }
}
