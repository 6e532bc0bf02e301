//! The wake word service that Home Assistant speaks to, over TCP.
//!
//! ```text
//! clients   who is connected; a newcomer takes the place of whoever was silent longest
//! client    one connection: messages in, answers out
//! hearing   the sound of one client, heard in a thread of its own
//! pipe      bytes from the one to the other
//! answers   the way back
//! service   what all clients share
//! ```
//!
//! Nothing here holds an action or a lock: a client gets words, and can ask for nothing else.

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

use clients::Clients;
pub use service::Service;

/// Most clients at once.
const MAX_CLIENTS: usize = 32;
/// Rest after a connection that could not be accepted, as when there are no descriptors left.
const REST: Duration = Duration::from_millis(100);

/// Serves until the program ends; returns only if the address cannot be used.
///
/// # Errors
/// The system's words about the address. `ready` is told the address that is used.
pub fn serve(service: Service, address: SocketAddr, ready: impl FnOnce(SocketAddr)) -> io::Error {
    let listener =
        match TcpListener::bind(address).and_then(|listener| Ok((listener.local_addr()?, listener))) {
            Ok((address, listener)) => {
                ready(address);
                listener
            }
            Err(error) => return error,
        };
    let (service, clients) = (Arc::new(service), Arc::new(Clients::new(MAX_CLIENTS)));
    loop {
        // Whatever keeps one client out keeps the others neither.
        let Ok((stream, from)) = listener.accept() else {
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
