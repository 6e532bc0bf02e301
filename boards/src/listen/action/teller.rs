//! A Wyoming service that is told of words: one connection for each, from a thread that may wait.

use std::io::{self, Write};
use std::net::TcpStream;
use std::sync::mpsc::{Receiver, SyncSender, TrySendError, channel, sync_channel};
use std::thread;
use std::time::Duration;

use wavlm_wyoming::{Message, Reply};

use super::Trouble;
use crate::address::Address;
use crate::failure::Failure;
use crate::listen::config;
use crate::listen::event::Event;

/// Words that wait to be told; more are not.
const WAITING: usize = 4;
/// Longest wait for a connection, and for a service that does not take what it is told.
const PATIENCE: Duration = Duration::from_secs(2);

/// The way to a service.
#[derive(Debug)]
pub struct Teller {
    uri: String,
    messages: SyncSender<Message>,
    /// What came of each message.
    told: Receiver<io::Result<()>>,
    telling: usize,
}

impl Teller {
    /// The service of an action, if it has one. Nobody is called yet.
    ///
    /// # Errors
    /// What is given is no address, or there can be no thread.
    pub fn of(action: &config::Action) -> Result<Option<Self>, Failure> {
        let Some(uri) = &action.wyoming else { return Ok(None) };
        let failed = |error| Failure::Address { uri: uri.clone(), error };
        let address: Address = uri.parse().map_err(failed)?;
        let (messages, waiting) = sync_channel(WAITING);
        let (results, told) = channel();
        let work = move || {
            waiting.iter().map(|message| tell(&address, &message)).try_for_each(|result| results.send(result))
        };
        thread::Builder::new().name("teller".to_owned()).spawn(work).map_err(failed)?;
        Ok(Some(Teller { uri: uri.clone(), messages, told, telling: 0 }))
    }

    /// Passes a word on; never waits.
    pub fn begin(&mut self, event: &Event) -> Result<(), Trouble> {
        let message = Message::from(Reply::Detection {
            name: event.keyword.clone(),
            timestamp: Duration::try_from_secs_f64(event.end_s).unwrap_or_default().as_millis() as u64,
            speaker: event.speaker.clone(),
        });
        match self.messages.try_send(message) {
            Ok(()) => {
                self.telling += 1;
                Ok(())
            }
            Err(TrySendError::Full(_)) => Err(self.trouble(io::Error::other("too many words wait already"))),
            Err(TrySendError::Disconnected(_)) => Err(self.trouble(io::Error::other("the thread ended"))),
        }
    }

    /// What kept words from being told since the last time.
    pub fn tend(&mut self) -> Vec<Trouble> {
        let results: Vec<_> = self.told.try_iter().collect();
        self.telling = self.telling.saturating_sub(results.len());
        results.into_iter().filter_map(Result::err).map(|error| self.trouble(error)).collect()
    }

    /// Whether there are words that were not told yet.
    pub fn is_telling(&self) -> bool {
        self.telling > 0
    }

    fn trouble(&self, error: io::Error) -> Trouble {
        Trouble::Teller { uri: self.uri.clone(), error }
    }
}

fn tell(address: &Address, message: &Message) -> io::Result<()> {
    let mut stream = TcpStream::connect_timeout(&address.resolve()?, PATIENCE)?;
    stream.set_write_timeout(Some(PATIENCE))?;
    stream.write_all(&message.to_bytes())
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::TcpListener;
    use std::time::Instant;

    use wavlm_runtime::tasks::words::Detection;

    use super::*;
    use crate::listen::voices::Likeness;

    fn teller(uri: String) -> Teller {
        let action = config::Action { wyoming: Some(uri), ..config::Action::default() };
        Teller::of(&action).expect("an address").expect("a teller")
    }

    fn event() -> Event {
        let detection = Detection { keyword: "go".to_owned(), score: 0.75, start_s: 1.0, end_s: 1.5 };
        Event {
            speaker: Some("anna".to_owned()),
            ..Event::now(detection, Likeness::default(), Instant::now())
        }
    }

    #[test]
    fn a_service_is_told_the_word_and_who_said_it() {
        let service = TcpListener::bind("127.0.0.1:0").expect("a port");
        let mut teller = teller(format!("tcp://{}", service.local_addr().expect("an address")));
        teller.begin(&event()).expect("passed on");
        let mut told = String::new();
        service.accept().expect("a connection").0.read_to_string(&mut told).expect("all of it");
        for part in ["\"detection\"", "\"name\":\"go\"", "\"timestamp\":1500", "\"speaker\":\"anna\""] {
            assert!(told.contains(part), "{part} in {told}");
        }
        while teller.is_telling() {
            assert!(teller.tend().is_empty());
        }
    }

    #[test]
    fn a_service_that_is_not_there_costs_no_time_and_is_told_of() {
        let service = TcpListener::bind("127.0.0.1:0").expect("a port");
        let mut teller = teller(format!("tcp://{}", service.local_addr().expect("an address")));
        drop(service);
        teller.begin(&event()).expect("passed on");
        let mut troubles = Vec::new();
        while teller.is_telling() {
            troubles.append(&mut teller.tend());
        }
        assert!(matches!(troubles[..], [Trouble::Teller { .. }]), "{troubles:?}");
    }
}
