//! Addresses of services, as `tcp://HOST:PORT`.

use std::io;
use std::net::{SocketAddr, ToSocketAddrs};
use std::str::FromStr;

/// How they begin.
pub const SCHEME: &str = "tcp://";

/// A host, which may be a name, and a port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address(String);

impl Address {
    /// The first address of the host, as the system knows it now.
    ///
    /// # Errors
    /// It knows none.
    pub fn resolve(&self) -> io::Result<SocketAddr> {
        self.0.to_socket_addrs()?.next().ok_or_else(|| io::Error::other("the host has no address"))
    }
}

impl FromStr for Address {
    type Err = io::Error;

    fn from_str(uri: &str) -> io::Result<Self> {
        let wrong = || {
            io::Error::other(format!("not an address; use {SCHEME}HOST:PORT, such as {SCHEME}0.0.0.0:10400"))
        };
        let place = uri.strip_prefix(SCHEME).ok_or_else(wrong)?;
        let (host, port) = place.rsplit_once(':').ok_or_else(wrong)?;
        if host.is_empty() || port.parse::<u16>().is_err() {
            return Err(wrong());
        }
        Ok(Address(place.to_owned()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_and_a_port_are_an_address_and_nothing_else_is() {
        for uri in ["tcp://127.0.0.1:10400", "tcp://[::1]:0", "tcp://localhost:1"] {
            assert!(uri.parse::<Address>().is_ok_and(|address| address.resolve().is_ok()), "{uri}");
        }
        for uri in ["", "127.0.0.1:1", "tcp://", "tcp://host", "tcp://:1", "tcp://host:65536", "udp://h:1"] {
            assert!(uri.parse::<Address>().is_err(), "{uri}");
        }
    }
}
