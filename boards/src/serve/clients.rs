//! Who is connected. There is room for so many; whoever comes when it is full waits a moment for a place, and then takes that
//! of the one that has been silent longest. So clients that hold a connection and say nothing, or a byte a minute, keep
//! nobody out, and a crowd of newcomers drives nobody away who has only just come.

use std::collections::HashMap;
use std::io;
use std::net::{Shutdown, TcpStream};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// How long a client may be silent before a newcomer may take its place, and how long a newcomer waits at most.
const PATIENCE: Duration = Duration::from_millis(500);

/// All clients.
#[derive(Debug)]
pub struct Clients {
    most: usize,
    present: Mutex<Present>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct Present {
    next: u64,
    clients: HashMap<u64, (TcpStream, Instant)>,
}

/// A client's place; it is free again when this is dropped.
#[derive(Debug)]
pub struct Place {
    number: u64,
    clients: Arc<Clients>,
}

impl Clients {
    /// Room for `most` of them.
    pub fn new(most: usize) -> Self {
        Clients { most, present: Mutex::default(), freed: Condvar::new() }
    }

    /// Gives a newcomer a place; waits for it, for less than a second.
    ///
    /// # Errors
    /// The connection is over already, or there are no descriptors left.
    pub fn enter(self: &Arc<Self>, stream: &TcpStream) -> io::Result<Place> {
        let handle = stream.try_clone()?;
        let mut present = self.present();
        let until = Instant::now() + PATIENCE;
        while present.clients.len() >= self.most {
            let longest = present.clients.iter().min_by_key(|(_, (_, spoke))| *spoke);
            let Some((number, spoke)) = longest.map(|(&number, &(_, spoke))| (number, spoke)) else { break };
            let left = until.min(spoke + PATIENCE).saturating_duration_since(Instant::now());
            if left.is_zero() {
                if let Some((silent, _)) = present.clients.remove(&number) {
                    // Its thread finds the connection closed. If it is closed already, all the better.
                    let _ = silent.shutdown(Shutdown::Both);
                }
            } else {
                present = self.freed.wait_timeout(present, left).unwrap_or_else(PoisonError::into_inner).0;
            }
        }
        let number = present.next;
        present.next += 1;
        present.clients.insert(number, (handle, Instant::now()));
        Ok(Place { number, clients: self.clone() })
    }

    /// Nothing that is done under this lock can leave it half done.
    fn present(&self) -> MutexGuard<'_, Present> {
        self.present.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Place {
    /// The client said something whole.
    pub fn spoke(&self) {
        if let Some((_, spoke)) = self.clients.present().clients.get_mut(&self.number) {
            *spoke = Instant::now();
        }
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        self.clients.present().clients.remove(&self.number);
        self.clients.freed.notify_one();
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read;
    use std::net::TcpListener;

    use super::*;

    fn pair(listener: &TcpListener) -> (TcpStream, TcpStream) {
        let near = TcpStream::connect(listener.local_addr().expect("an address")).expect("a connection");
        (near, listener.accept().expect("a connection").0)
    }

    #[test]
    fn whoever_was_silent_longest_makes_room() {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port");
        let clients = Arc::new(Clients::new(2));
        let (mut first, stream) = pair(&listener);
        let first_place = clients.enter(&stream).expect("a place");
        let (mut second, other) = pair(&listener);
        let _second_place = clients.enter(&other).expect("a place");
        first_place.spoke();
        let (_third, third_stream) = pair(&listener);
        let third_place = clients.enter(&third_stream).expect("a place");
        assert_eq!(second.read(&mut [0]).expect("the end"), 0, "the second was silent longest");
        let waited = Instant::now();
        drop(third_place);
        let (_fourth, fourth_stream) = pair(&listener);
        let _fourth_place = clients.enter(&fourth_stream).expect("a place");
        assert!(waited.elapsed() < PATIENCE, "there is room");
        first.set_nonblocking(true).expect("an option");
        assert!(first.read(&mut [0]).is_err(), "the first is still connected");
    }
}
