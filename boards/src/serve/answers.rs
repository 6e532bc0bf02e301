//! The way back to a client.

use std::io::Write;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Mutex, PoisonError};

use wavlm_wyoming::{Message, Reply};

/// The way back to a client, for all of its threads.
#[derive(Clone)]
pub struct Answers(Arc<Mutex<TcpStream>>);

impl Answers {
    /// Over this connection.
    pub fn new(stream: TcpStream) -> Self {
        Answers(Arc::new(Mutex::new(stream)))
    }

    /// Sends an answer. A client that does not take it is disconnected, which the thread that reads finds out.
    pub fn send(&self, reply: Reply) {
        let bytes = Message::from(reply).to_bytes();
        let mut stream = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if stream.write_all(&bytes).is_err() {
            // If it is gone already, all the better.
            let _ = stream.shutdown(Shutdown::Both);
        }
    }
}
