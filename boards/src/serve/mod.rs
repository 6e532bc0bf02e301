//! The wake word service that Home Assistant speaks to, over TCP.
//!
//! ```text
//! clients   who is connected; a newcomer takes the place of whoever was silent longest
//! client    one connection: messages in, answers out
//! hearing   the sound of one client, heard in a thread of its own
//! pipe      bytes from the one to the other
//! answers   the way back
//! service   what all clients share
//! advert    tells the local network that it is here
//! ```
//!
//! Nothing here holds an action or a lock: a client gets words, and can ask for nothing else.

mod advert;
mod answers;
mod client;
mod clients;
mod hearing;
mod pipe;
mod service;

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};

pub use advert::Advert;
use clients::Clients;
pub use service::Service;

/// Most clients at once.
const MAX_CLIENTS: usize = 32;
/// How often there is a sign of life.
const TURN: Timespec = Timespec { tv_sec: 1, tv_nsec: 0 };
/// Rest after a connection that could not be accepted, as when there are no descriptors left.
const REST: Duration = Duration::from_millis(100);

/// Serves until the program ends; returns only if the address cannot be used.
///
/// # Errors
/// The system's words about the address. `ready` is told the address that is used; what it returns is called every second.
pub fn serve<A: FnMut()>(
    service: Service,
    address: SocketAddr,
    ready: impl FnOnce(SocketAddr) -> A,
) -> io::Error {
    let (listener, address) = match listen(address) {
        Ok(listening) => listening,
        Err(error) => return error,
    };
    let mut alive = ready(address);
    let (service, clients) = (Arc::new(service), Arc::new(Clients::new(MAX_CLIENTS)));
    loop {
        alive();
        let mut knocking = [PollFd::new(&listener, PollFlags::IN)];
        // Woken by a signal, or out of memory for a moment: the next turn will tell.
        if !poll(&mut knocking, Some(&TURN)).is_ok_and(|ready| ready > 0) {
            continue;
        }
        // Whatever keeps one client out keeps the others neither.
        let accepted = listener
            .accept()
            .and_then(|(stream, from)| stream.set_nonblocking(false).map(|()| (stream, from)));
        let Ok((stream, from)) = accepted else {
            thread::sleep(REST);
            continue;
        };
        let Ok(place) = clients.enter(&stream) else { continue };
        let service = service.clone();
        let started = thread::Builder::new().name(format!("client {from}")).spawn(move || {
            if let Err(error) = client::attend(&service, stream, &place) {
                eprintln!("wavlm: client {from}: {error}");
            }
        });
        if let Err(error) = started {
            eprintln!("wavlm: client {from}: {error}");
            thread::sleep(REST);
        }
    }
}

/// A listener that never blocks, and the address that it got.
fn listen(address: SocketAddr) -> io::Result<(TcpListener, SocketAddr)> {
    let listener = TcpListener::bind(address)?;
    listener.set_nonblocking(true)?;
    let address = listener.local_addr()?;
    Ok((listener, address))
}
