//! `wavlm serve` as Home Assistant uses it, and as nobody should.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Map, Value, json};
use wavlm_tests::{Background, Program, repository};
use wavlm_wyoming::{Decoder, Message};

/// Longer than anything takes here, also where it is emulated.
const PATIENCE: Duration = Duration::from_secs(60);

/// The service, and where it is.
struct Service {
    address: String,
    _running: Background,
}

fn service() -> Service {
    service_with(&[])
}

fn service_with(options: &[PathBuf]) -> Service {
    let running = Program::new("wavlm").args(["serve", "--uri", "tcp://127.0.0.1:0"]).args(options).start();
    let line = running.next_error(PATIENCE).expect("a line with the address");
    let address = line.rsplit("tcp://").next().expect("the address").to_owned();
    Service { address, _running: running }
}

/// A client of the service.
struct Client {
    stream: TcpStream,
    decoder: Decoder,
}

impl Client {
    fn connect(service: &Service) -> Client {
        Client::connect_to(&service.address)
    }

    fn connect_to(address: &str) -> Client {
        let stream = TcpStream::connect(address).expect("a connection");
        stream.set_read_timeout(Some(PATIENCE)).expect("an option");
        Client { stream, decoder: Decoder::new() }
    }

    fn say(&mut self, kind: &str, data: Value, payload: &[u8]) -> io::Result<()> {
        let data = if let Value::Object(data) = data { data } else { Map::new() };
        let message = Message { kind: kind.to_owned(), data, payload: payload.to_vec() };
        self.stream.write_all(&message.to_bytes())
    }

    /// The next message; `None` if the service hung up.
    fn hear(&mut self) -> Option<Message> {
        let mut buffer = [0; 4096];
        loop {
            if let Some(message) = self.decoder.next_message().expect("messages") {
                return Some(message);
            }
            match self.stream.read(&mut buffer) {
                Ok(count) if count > 0 => self.decoder.push(&buffer[..count]),
                _ => return None,
            }
        }
    }

    fn ask(&mut self, kind: &str, data: Value) -> Message {
        self.say(kind, data, &[]).expect("sent");
        self.hear().expect("an answer")
    }

    /// Sends a recording in blocks of 10 ms, as Home Assistant does, until the service has hung up.
    fn send(&mut self, samples: &[u8]) {
        let format = json!({"rate": 16000, "width": 2, "channels": 1});
        self.say("audio-start", format.clone(), &[]).expect("sent");
        for chunk in samples.chunks(320) {
            if self.say("audio-chunk", format.clone(), chunk).is_err() {
                return;
            }
        }
    }
}

/// Samples of a recording beside the built-in model.
fn samples(name: &str) -> Vec<u8> {
    let file = fs::read(repository().join("models/samples").join(name)).expect("the sample");
    file[44..].to_vec()
}

#[test]
fn describe_lists_the_phrases_of_the_file_as_it_is_now() {
    let folder = tempfile::tempdir().expect("a folder");
    let book = folder.path().join("words.toml");
    let add = |phrase: &str| {
        let added = Program::new("wavlm").args(["words", "add", phrase]).arg_pair("--file", &book).run();
        assert_eq!(added.status, Some(0), "{}", added.stderr);
    };
    add("this morning");
    let service = service_with(&["--words".into(), book.clone()]);
    let names = |info: &Message| -> Vec<String> {
        let models = info.data["wake"][0]["models"].as_array().expect("models").clone();
        models.iter().map(|model| model["name"].as_str().expect("a name").to_owned()).collect()
    };
    let mut client = Client::connect(&service);
    assert_eq!(names(&client.ask("describe", json!({}))), ["this morning"]);
    client.say("detect", json!({"names": ["this morning"]}), &[]).expect("sent");
    let sound = fs::read(repository().join("models/samples/speaker-a-1.wav")).expect("the sample");
    client.send(&sound[44..]);
    client.say("audio-stop", json!({}), &[]).expect("sent");
    let heard = client.hear().expect("an answer");
    assert_eq!((heard.kind.as_str(), &heard.data["name"]), ("detection", &json!("this morning")));
    add("was cold");
    let mut later = Client::connect(&service);
    assert_eq!(names(&later.ask("describe", json!({}))), ["this morning", "was cold"]);
}

#[test]
fn it_says_what_it_listens_for() {
    let service = service();
    let info = Client::connect(&service).ask("describe", Value::Null);
    assert_eq!(info.kind, "info");
    let wake = info.data["wake"].as_array().expect("services");
    assert_eq!(wake.len(), 1);
    let names: Vec<&str> = wake[0]["models"]
        .as_array()
        .expect("words")
        .iter()
        .filter_map(|word| word["name"].as_str())
        .collect();
    assert!(names.contains(&"stop") && !names.iter().any(|name| name.starts_with('_')), "{names:?}");
}

#[test]
fn every_run_is_a_connection_of_its_own_and_ends_with_the_word() {
    let service = service();
    for _ in 0..3 {
        let mut client = Client::connect(&service);
        client.say("detect", json!({"names": ["stop"], "context": null}), &[]).expect("sent");
        client.send(&[samples("stop-b.wav"), vec![0; 64_000]].concat());
        let heard = client.hear().expect("a detection");
        assert_eq!((heard.kind.as_str(), &heard.data["name"]), ("detection", &json!("stop")));
        let time = heard.data["timestamp"].as_u64().expect("a time");
        assert!((500..1500).contains(&time), "{time}");
        client.stream.shutdown(Shutdown::Both).expect("hung up");
    }
}

#[test]
fn only_the_words_that_were_asked_for_are_told() {
    let service = service();
    let mut client = Client::connect(&service);
    client.say("detect", json!({"names": ["stop", "left"]}), &[]).expect("sent");
    client.send(&samples("commands-a.wav"));
    client.say("audio-stop", Value::Null, &[]).expect("sent");
    let mut told = || client.hear().expect("a word").data["name"].as_str().expect("a name").to_owned();
    assert_eq!([told(), told()], ["stop", "left"]);
    assert_eq!(client.ask("ping", json!({"text": "still here?"})).data["text"], "still here?");

    client.say("detect", json!({"names": null}), &[]).expect("sent");
    client.send(&samples("sentence-a.wav"));
    assert_eq!(client.ask("audio-stop", Value::Null).kind, "not-detected");
    let refused = client.ask("detect", json!({"names": ["open sesame"]}));
    assert_eq!(refused.kind, "error");
    assert!(refused.data["text"].as_str().expect("a text").contains("open sesame"));
}

#[test]
fn sound_of_other_rates_and_without_a_beginning_is_heard() {
    let service = service();
    let mut client = Client::connect(&service);
    // Every sample twice, on both of two channels: 32 kHz stereo.
    let wide: Vec<u8> = samples("stop-b.wav").chunks(2).flat_map(|sample| sample.repeat(4)).collect();
    let format = json!({"rate": 32000, "width": 2, "channels": 2});
    for chunk in wide.chunks(8192) {
        client.say("audio-chunk", format.clone(), chunk).expect("sent");
    }
    client.say("audio-stop", Value::Null, &[]).expect("sent");
    assert_eq!(client.hear().expect("a detection").data["name"], "stop");
    let refused = client.ask("audio-start", json!({"rate": 16000, "width": 9, "channels": 1}));
    assert_eq!(refused.kind, "error");
}

#[test]
fn what_is_no_message_ends_that_connection_and_no_other() {
    let service = service();
    let mut steady = Client::connect(&service);
    assert_eq!(steady.ask("ping", Value::Null).kind, "pong");
    let endless = vec![b'x'; 1 << 20];
    let attacks: [&[u8]; 5] = [
        b"nonsense\n",
        b"{\"type\": \"x\", \"payload_length\": 18446744073709551615}\n",
        b"{\"type\": \"x\", \"data_length\": 9}\n[[[[[[[[[",
        b"\x00\xff\xfe\n",
        &endless,
    ];
    for attack in attacks {
        let mut hostile = Client::connect(&service);
        let _ = hostile.stream.write_all(attack); // it may be hung up while this is sent
        let last = std::iter::from_fn(|| hostile.hear()).last();
        assert!(last.is_none_or(|message| message.kind == "error"));
    }
    assert_eq!(steady.ask("ping", Value::Null).kind, "pong");
}

#[test]
fn silent_and_slow_clients_keep_nobody_out() {
    let service = service();
    let mut held: Vec<TcpStream> =
        (0..100).map(|_| TcpStream::connect(&service.address).expect("a connection")).collect();
    for stream in &mut held {
        let _ = stream.write_all(b"{\"type\": \"audio-st"); // the service may have hung up
    }
    let begun = Instant::now();
    for _ in 0..10 {
        assert_eq!(Client::connect(&service).ask("describe", Value::Null).kind, "info");
    }
    assert!(begun.elapsed() < PATIENCE);
}

#[test]
fn several_clients_are_heard_at_once() {
    let service = service();
    thread::scope(|scope| {
        for (file, word) in
            [("stop-b.wav", "stop"), ("go-c.wav", "go"), ("left-b.wav", "left"), ("yes-a.wav", "yes")]
        {
            let address = service.address.as_str();
            scope.spawn(move || {
                let mut client = Client::connect_to(address);
                client.send(&samples(file));
                client.say("audio-stop", Value::Null, &[]).expect("sent");
                assert_eq!(client.hear().expect("a detection").data["name"], word);
            });
        }
    });
}

#[test]
fn addresses_that_are_none_are_refused() {
    for uri in ["localhost:10400", "tcp://", "tcp://localhost", "udp://localhost:1", "tcp://256.0.0.1:10400"]
    {
        let finished = Program::new("wavlm").args(["serve", "--uri", uri]).run();
        finished.refused(&[uri]);
    }
}
