//! `wavlm serve`: keywords for Home Assistant, over the Wyoming protocol.

use std::sync::Mutex;

use wavlm_settings::Settings;

use super::{Verdict, warn};
use crate::address::{Address, SCHEME};
use crate::cli::Serve;
use crate::failure::Failure;
use crate::listen::config::Config;
use crate::listen::ears::Ears;
use crate::serve::{self, Advert, Service};
use crate::setup::Setup;
use crate::supervisor::Supervisor;

pub fn run(setup: &Setup, options: &Serve) -> Result<Verdict, Failure> {
    let failed = |error| Failure::Address { uri: options.uri.clone(), error };
    let address = options.uri.parse::<Address>().and_then(|address| address.resolve()).map_err(failed)?;
    let mut config = options.config.as_deref().map_or_else(|| Ok(Config::default()), Config::read)?;
    config.words.change(&options.hearing);
    let Ears { model, attention } = Ears::new(setup, &config, config.voices.as_ref())?;
    let service = Service { model: Mutex::new(model), attention };
    let mut advert = None;
    Err(failed(serve::serve(service, address, |address| {
        eprintln!("wavlm: serving {SCHEME}{address}");
        if let Some(name) = &options.advertise {
            match Advert::new(name, address) {
                Ok(found) => advert = Some(found),
                // Whoever knows the address can still come.
                Err(error) => warn(name, format_args!("the local network cannot be told: {error}")),
            }
        }
        let mut supervisor = Supervisor::ready();
        move || supervisor.alive()
    })))
}
