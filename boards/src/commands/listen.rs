//! `wavlm listen`: keywords in live sound, told as they are heard, and acted on.

use std::time::Instant;

use wavlm_format::Decision;
use wavlm_runtime::Error;
use wavlm_runtime::frontend::SoundOptions;
use wavlm_runtime::tasks::words::{Gate, ListeningError, WordModel};

use super::{Printer, Verdict, warn};
use crate::cli::Listen;
use crate::failure::Failure;
use crate::input;
use crate::listen::action::{Actions, Trouble};
use crate::listen::config::Config;
use crate::listen::ears::Ears;
use crate::listen::event::Event;
use crate::listen::source::Source;
use crate::listen::voices::Voices;
use crate::setup::Setup;

pub fn run(setup: &Setup, options: &Listen, printer: &Printer) -> Result<Verdict, Failure> {
    let began = Instant::now();
    let config = configuration(options)?;
    let Ears { mut model, decision, voices } = Ears::new(setup, &config.words, config.voices().as_ref())?;
    if let [word, ..] = config.unknown_words(model.labels())[..] {
        return Err(Failure::UnknownWord { word: word.to_owned(), known: model.keywords().join(", ") });
    }
    let mut wanted = config.actions.iter().flat_map(|action| &action.only);
    if let Some(name) = wanted.find(|name| voices.as_ref().is_none_or(|voices| !voices.knows(name))) {
        return Err(Failure::UnknownVoice { name: name.clone() });
    }
    let sound = SoundOptions { channel: config.sound.channel, raw: options.raw };
    let mut source = match &options.file {
        Some(file) => Source::File(file.clone()),
        None => Source::microphone(config.sound.device.clone())?,
    };
    let actions = Actions::new(&config.actions);
    let mut listener = Listener { began, decision, gate: config.sound.gate, voices, actions };
    let mut heard = false;
    while listener.next_sound(&mut model, &mut source, &sound, printer, &mut heard)? {}
    tell(listener.actions.finish());
    Ok(Verdict::from(heard))
}

/// The file, with what the command line says in its place.
fn configuration(options: &Listen) -> Result<Config, Failure> {
    let mut config = options.config.as_deref().map_or_else(|| Ok(Config::default()), Config::read)?;
    if let Some(device) = &options.device {
        config.sound.device.clone_from(device);
    }
    config.sound.channel = options.channel.unwrap_or(config.sound.channel);
    config.sound.gate &= !options.no_gate;
    if options.threshold.is_some() {
        (config.words.threshold, config.words.eager) = (options.threshold, false);
    }
    if options.eager {
        (config.words.threshold, config.words.eager) = (None, true);
    }
    Ok(config)
}

struct Listener {
    began: Instant,
    decision: Decision,
    gate: bool,
    voices: Option<Voices>,
    actions: Actions,
}

impl Listener {
    /// Listens until the sound breaks off; whether more may come.
    fn next_sound(
        &mut self,
        model: &mut WordModel,
        source: &mut Source,
        options: &SoundOptions,
        printer: &Printer,
        heard: &mut bool,
    ) -> Result<bool, Failure> {
        let name = source.name();
        let Some(sound) = source.next(options)? else { return Ok(false) };
        let gate = if self.gate { Gate::new(model.labels()) } else { None };
        let mut listening = model.listen(sound, &self.decision)?;
        if let Some(gate) = gate {
            listening = listening.gated(gate);
        }
        loop {
            let piece = match listening.next_piece() {
                Ok(Some(piece)) => piece,
                Ok(None) => return Ok(true),
                // A microphone may give anything while it is plugged in or out, and is listened to again.
                Err(ListeningError::Sound(error)) if source.is_live() => {
                    warn(&name, error);
                    return Ok(true);
                }
                Err(ListeningError::Model(Error::TooShort { .. })) if source.is_live() => return Ok(true),
                Err(ListeningError::Sound(error)) => return Err(Failure::sound(name.as_ref())(error)),
                Err(ListeningError::Model(error)) => return Err(Failure::model(name)(error)),
            };
            input::warn(name.as_ref(), piece.warnings);
            for detection in piece.detections {
                *heard = true;
                let voice = listening.voice_of(&detection);
                let known = voice.zip(self.voices.as_ref());
                let likeness = known.map(|(voice, voices)| voices.likeness(&voice)).unwrap_or_default();
                let event = Event::now(detection, likeness, self.began);
                print(&event, printer)?;
                tell(self.actions.begin(&event));
            }
            tell(self.actions.tend());
            let lost = source.take_lost();
            if lost > 0 {
                warn(
                    &name,
                    format_args!("{lost} bytes of sound were lost: this machine is too slow, or too busy"),
                );
            }
        }
    }
}

fn print(event: &Event, printer: &Printer) -> Result<(), Failure> {
    printer.print(event, || {
        let Event { keyword, score, start_s, end_s, speaker, .. } = event;
        let speaker = speaker.as_ref().map(|name| format!("  {name}")).unwrap_or_default();
        format!("{}  {keyword}  {score:.2}  {start_s:.2}–{end_s:.2} s{speaker}", event.time())
    })
}

fn tell(troubles: Vec<Trouble>) {
    for trouble in troubles {
        eprintln!("wavlm: {trouble}");
    }
}
