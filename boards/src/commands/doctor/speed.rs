//! How fast a model runs here, measured for a moment.

use std::time::Instant;

use wavlm_format::Decision;
use wavlm_known_boards::Board;
use wavlm_runtime::tasks::words::WordModel;

use super::super::speech;
use crate::failure::Failure;
use crate::setup::Setup;

/// Speech that is heard before anything is measured, and while it is, in seconds.
const WARM_UP_S: f32 = 1.5;
const MEASURED_S: f32 = 3.0;

/// The share of one core that unbroken speech takes, measured; `None` of a model without keywords.
pub fn of_listening(setup: &Setup, board: Option<&Board>) -> Result<Option<f64>, Failure> {
    let Ok(mut model) = WordModel::new(&setup.model, &setup.options) else { return Ok(None) };
    let stored = model.decision();
    let decision = Decision { hop_s: board.map_or(stored.hop_s, |board| board.hop_s), ..stored };
    let mut spotter = model.spotter(&decision)?;
    let mut hear = |seconds: f32| -> Result<f64, Failure> {
        spotter.push(&speech::like(seconds));
        let start = Instant::now();
        model.hear(&mut spotter).map_err(Failure::model(&setup.model_name))?;
        Ok(start.elapsed().as_secs_f64())
    };
    hear(WARM_UP_S)?;
    Ok(Some(hear(MEASURED_S)? / f64::from(MEASURED_S)))
}

/// Time to run every head on one second of sound, in milliseconds.
pub fn of_one_second(setup: &Setup) -> Result<f64, Failure> {
    let mut session = setup.model.session(&setup.options).map_err(Failure::model(&setup.model_name))?;
    let mut samples = speech::like(1.0);
    samples.resize(samples.len().max(session.needed_samples()), 0.0);
    let mut run = || session.run(&samples).map_err(Failure::model(&setup.model_name));
    run()?;
    let start = Instant::now();
    run()?;
    Ok(start.elapsed().as_secs_f64() * 1e3)
}
