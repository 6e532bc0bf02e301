//! `wavlm serve`: keywords for Home Assistant, over the Wyoming protocol.

use std::net::{SocketAddr, ToSocketAddrs};
use std::sync::Mutex;

use wavlm_settings::Settings;
use wavlm_wyoming::{Attribution, Info, Word};

use super::Verdict;
use crate::cli::Serve;
use crate::failure::Failure;
use crate::listen::config::Config;
use crate::listen::ears::Ears;
use crate::serve::{self, Service};
use crate::setup::Setup;
use crate::supervisor::Supervisor;

/// How addresses begin.
const SCHEME: &str = "tcp://";

pub fn run(setup: &Setup, options: &Serve) -> Result<Verdict, Failure> {
    let address = resolve(&options.uri)?;
    let mut config = options.config.as_deref().map_or_else(|| Ok(Config::default()), Config::read)?;
    config.words.change(&options.hearing);
    let service = service(setup, &config)?;
    let failed = serve::serve(service, address, |address| {
        eprintln!("wavlm: serving {SCHEME}{address}");
        let mut supervisor = Supervisor::ready();
        move || supervisor.alive()
    });
    Err(Failure::Address { uri: options.uri.clone(), error: failed })
}

fn service(setup: &Setup, config: &Config) -> Result<Service, Failure> {
    let Ears { model, attention } = Ears::new(setup, config, config.voices.as_ref())?;
    let word = |name: &str| Word { name: name.to_owned(), languages: vec!["en".to_owned()] };
    let info = Info {
        name: "wavlm".to_owned(),
        description: "Keywords, and who said them, by WavLM on this machine".to_owned(),
        version: env!("CARGO_PKG_VERSION").to_owned(),
        attribution: Attribution {
            name: "wavlm-edge".to_owned(),
            url: "https://arxiv.org/abs/2110.13900".to_owned(),
        },
        words: model.keywords().into_iter().map(word).collect(),
    };
    Ok(Service { model: Mutex::new(model), attention, info })
}

/// `tcp://HOST:PORT` as an address.
fn resolve(uri: &str) -> Result<SocketAddr, Failure> {
    let refuse = |error| Failure::Address { uri: uri.to_owned(), error };
    let wrong = || {
        std::io::Error::other(format!("not an address; use {SCHEME}HOST:PORT, such as {SCHEME}0.0.0.0:10400"))
    };
    let host = uri.strip_prefix(SCHEME).ok_or_else(wrong).map_err(refuse)?;
    let mut found = host.to_socket_addrs().map_err(refuse)?;
    found.next().ok_or_else(wrong).map_err(refuse)
}
