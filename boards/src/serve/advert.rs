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
    use std::time::{Duration, Instant};

    use mdns_sd::ServiceEvent;

    use super::*;

    #[test]
    fn whoever_looks_for_services_finds_it() {
        let name = format!("wavlm {}", std::process::id());
        let address: SocketAddr = ([0, 0, 0, 0], 10_400).into();
        let Ok(_advert) = Advert::new(&name, address) else {
            eprintln!("NOT RUN: there is no multicast here");
            return;
        };
        let client = ServiceDaemon::new().expect("there is multicast here");
        let found = client.browse(KIND).expect("a search");
        let until = Instant::now() + Duration::from_secs(20);
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
