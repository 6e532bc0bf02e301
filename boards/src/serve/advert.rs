//! The service's name in the local network: multicast DNS (RFC 6762) with service discovery (RFC 6763).

use std::io;
use std::net::{IpAddr, SocketAddr};

use mdns_sd::{ServiceDaemon, ServiceInfo};
use rustix::system::uname;

/// What Home Assistant looks for.
const KIND: &str = "_wyoming._tcp.local.";

/// A name that is answered for until this is dropped.
pub struct Advert {
    daemon: ServiceDaemon,
}

impl Advert {
    /// Answers for a service at an address; for one at every address of this machine, with all of them as they change.
    ///
    /// # Errors
    /// The name is no name of a service, or multicast cannot be used here.
    pub fn new(name: &str, at: SocketAddr) -> io::Result<Self> {
        let everywhere = at.ip().is_unspecified();
        let addresses: &[IpAddr] = if everywhere { &[] } else { &[at.ip()] };
        let system = uname();
        let host = system.nodename().to_str().map_err(io::Error::other)?;
        let host = format!("{}.local.", host.split('.').next().unwrap_or(host));
        let info =
            ServiceInfo::new(KIND, name, &host, addresses, at.port(), None).map_err(io::Error::other)?;
        let info = if everywhere { info.enable_addr_auto() } else { info };
        let daemon = ServiceDaemon::new().map_err(io::Error::other)?;
        daemon.register(info).map_err(io::Error::other)?;
        Ok(Advert { daemon })
    }
}

impl Drop for Advert {
    fn drop(&mut self) {
        // The name goes with the process anyway.
        let _ = self.daemon.shutdown();
    }
}

#[cfg(test)]
mod tests {
    use std::net::{Ipv4Addr, UdpSocket};
    use std::time::{Duration, Instant};

    use mdns_sd::ServiceEvent;

    use super::*;

    /// Whether this machine hears what it says to a group.
    fn can_multicast() -> io::Result<()> {
        let group = Ipv4Addr::new(224, 0, 0, 251);
        let socket = UdpSocket::bind((Ipv4Addr::UNSPECIFIED, 0))?;
        socket.join_multicast_v4(&group, &Ipv4Addr::UNSPECIFIED)?;
        socket.set_read_timeout(Some(Duration::from_secs(2)))?;
        socket.send_to(b"?", (group, socket.local_addr()?.port()))?;
        socket.recv(&mut [0]).map(drop)
    }

    #[test]
    fn whoever_looks_for_services_finds_it() {
        if std::env::var_os("WAVLM_TEST_RUNNER").is_some() {
            eprintln!("NOT RUN: an emulated program is not told the addresses of its machine");
            return;
        }
        if let Err(error) = can_multicast() {
            eprintln!("NOT RUN: there is no multicast here: {error}");
            return;
        }
        let name = format!("wavlm {}", std::process::id());
        let address: SocketAddr = ([0, 0, 0, 0], 10_400).into();
        let _advert = Advert::new(&name, address).expect("an advert");
        let client = ServiceDaemon::new().expect("there is multicast here");
        let found = client.browse(KIND).expect("a search");
        let until = Instant::now() + Duration::from_secs(60);
        let is_it = |event| match event {
            ServiceEvent::ServiceResolved(service) => {
                service.get_fullname().starts_with(&name) && service.get_port() == address.port()
            }
            _ => false,
        };
        while !found.recv_deadline(until).is_ok_and(is_it) {
            assert!(Instant::now() < until, "nobody answers");
        }
    }
}
