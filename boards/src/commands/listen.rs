//! `wavlm listen`: keywords in live sound, told as they are heard, and acted on.

use std::cell::RefCell;
use std::io::{self, IsTerminal};
use std::time::Instant;

use wavlm_runtime::Error;
use wavlm_runtime::frontend::SoundOptions;
use wavlm_runtime::tasks::words::{ListeningError, WordModel};
use wavlm_settings::Settings;

use super::{Printer, Verdict, warn};
use crate::cli::Listen;
use crate::failure::Failure;
use crate::input;
use crate::listen::action::{Actions, Trouble};
use crate::listen::config::{Config, Record};
use crate::listen::ears::{Attention, Ears};
use crate::listen::event::Event;
use crate::listen::meter::Meter;
use crate::listen::recorder::Recorder;
use crate::listen::source::Source;
use crate::listen::watch::{Watched, Watchers};
use crate::setup::Setup;
use crate::supervisor::Supervisor;

pub fn run(setup: &Setup, options: &Listen, printer: &Printer) -> Result<Verdict, Failure> {
    let began = Instant::now();
    let config = configuration(options)?;
    let Ears { mut model, attention } = Ears::new(setup, &config, config.voices().as_ref())?;
    let mut wanted = config.actions.iter().flat_map(|action| &action.only);
    if let Some(name) = wanted.find(|name| !attention.knows(name)) {
        return Err(Failure::UnknownVoice { name: name.clone() });
    }
    let sound = SoundOptions { channel: config.sound.channel, raw: options.raw };
    let mut source = match &options.file {
        Some(file) => Source::File(file.clone()),
        None => Source::microphone(config.sound.device.clone())?,
    };
    let actions = if options.tune {
        Actions::new(&[], None)?
    } else {
        Actions::new(&config.actions, config.lock.clone())?
    };
    let supervisor = Supervisor::ready();
    let watchers = RefCell::new(watchers(options, &config, &attention)?);
    let mut listener = Listener { began, attention, actions, supervisor, watchers };
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
    config.words.change(&options.hearing);
    if let Some(folder) = &options.record {
        config.record = Some(Record::new(folder.clone()));
    }
    Ok(config)
}

/// Who wants to see each window.
fn watchers(options: &Listen, config: &Config, attention: &Attention) -> Result<Watchers, Failure> {
    if options.tune && !io::stderr().is_terminal() {
        return Err(Failure::NoTerminal);
    }
    let recorder = config.record.as_ref().map(|record| {
        Recorder::new(&record.folder, u64::from(record.most_mb) * 1_000_000, attention.keywords())
    });
    let meter = options.tune.then(|| Meter::new(attention.keywords()));
    Ok(Watchers { recorder: recorder.transpose()?, meter })
}

struct Listener {
    began: Instant,
    attention: Attention,
    actions: Actions,
    supervisor: Supervisor,
    watchers: RefCell<Watchers>,
}

impl Listener {
    fn is_tuning(&self) -> bool {
        self.watchers.borrow().meter.is_some()
    }

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
        let waiting = || {
            self.supervisor.alive();
            tell(self.actions.end_overdue());
        };
        let Some(sound) = source.next(options, waiting)? else { return Ok(false) };
        self.watchers.borrow_mut().begin();
        let mut ear = self.attention.listen(sound, Watched::new(model, &self.watchers))?;
        loop {
            let piece = match ear.listening.next_piece() {
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
                let Some(likeness) = self.attention.admit(&mut ear, &detection) else { continue };
                *heard = true;
                let event = Event::now(detection, likeness, self.began);
                if !self.is_tuning() {
                    print(&event, printer)?;
                }
                self.watchers.borrow_mut().event(&event);
                tell(self.actions.begin(&event));
            }
            self.attention.follow(&mut ear);
            self.watchers.borrow_mut().phrases(ear.listening.hearer().phrases());
            self.watchers.borrow_mut().tick();
            tell(self.actions.tend());
            self.supervisor.alive();
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
        format!("{}  {keyword}  {score:.3}  {start_s:.2}–{end_s:.2} s{speaker}", event.time())
    })
}

fn tell(troubles: Vec<Trouble>) {
    for trouble in troubles {
        eprintln!("wavlm: {trouble}");
    }
}
