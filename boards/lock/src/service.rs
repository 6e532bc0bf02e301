//! The loop that keeps the lock.

use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use sd_notify::NotifyState;
use signal_hook::consts::{SIGINT, SIGTERM};
use wavlm_link::{Keeper, Lines, Lock, Opener, State};
use wavlm_pins::{Button, Pin, PinError, Place};

use crate::clock::SinceStart;
use crate::config::{self, Config};
use crate::door::{Came, Door};
use crate::failure::Failure;

/// How often buttons are read and pulses are ended.
const TURN: Duration = Duration::from_millis(5);

/// How the kernel shows who holds a line.
const HOLDER: &str = "wavlm-lock";

type Held = Keeper<Pin, Pin, Pin, SinceStart>;

fn hold(lines: &config::Lines) -> Result<Lines<Pin, Pin, Pin>, PinError> {
    let kind = if lines.buttons_to_ground { Button::ToGround } else { Button::ToSupply };
    let place = |line| Place { chip: &lines.chip, line, holder: HOLDER };
    let button = |line: Option<_>| line.map_or(Ok(Pin::Nothing), |line| Pin::button(place(line), kind));
    Ok(Lines {
        output: Pin::output(place(&lines.output), lines.output_active_low)?,
        release: button(lines.release.as_ref())?,
        stop: button(lines.stop.as_ref())?,
    })
}

/// The lock, and the socket through which it is asked.
#[derive(Debug)]
pub struct Service {
    config: Config,
    keeper: Held,
    door: Door,
    /// What was told last.
    told: (State, Option<Opener>),
}

impl Service {
    /// Takes the lines, shuts, and opens the socket.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn new(config: &Config) -> Result<Self, Failure> {
        let clock = SinceStart::new();
        let lock = Lock::new(hold(&config.lines)?, config.limits.into(), clock);
        // The standard library seeds its hash tables at random.
        let seed = RandomState::new().build_hasher().finish() as u32;
        let told = (lock.state(), None);
        let keeper = Keeper::new(lock, clock, seed);
        Ok(Service { config: config.clone(), keeper, door: Door::new(&config.socket)?, told })
    }

    /// Keeps the lock until the program is told to end.
    ///
    /// # Errors
    /// The socket fails.
    pub fn run(&mut self) -> Result<(), Failure> {
        let end = Arc::new(AtomicBool::new(false));
        for signal in [SIGTERM, SIGINT] {
            let registered = signal_hook::flag::register(signal, Arc::clone(&end));
            registered.map_err(Failure::io(&self.config.socket.path))?;
        }
        // Without systemd there is nobody to tell.
        let _ = sd_notify::notify(&[NotifyState::Ready]);
        eprintln!("wavlm-lock: ready at {}", self.config.socket.path.display());
        let watched = sd_notify::watchdog_enabled();
        let mut seen = Instant::now();
        while !end.load(Ordering::Relaxed) {
            self.turn()?;
            if watched.is_some_and(|within| seen.elapsed() > within / 3) {
                seen = Instant::now();
                let _ = sd_notify::notify(&[NotifyState::Watchdog]);
            }
        }
        eprintln!("wavlm-lock: told to end; shut");
        Ok(())
    }

    fn turn(&mut self) -> Result<(), Failure> {
        match self.door.wait(TURN).map_err(Failure::io(&self.config.socket.path))? {
            Came::Nothing => {}
            Came::Asker => eprintln!("wavlm-lock: a program listens"),
            Came::SentAway(why) => eprintln!("wavlm-lock: {why}"),
            Came::Gone => self.gone(),
            Came::Bytes(bytes) => {
                for byte in bytes {
                    // A word that was heard moves nothing here, and the listener has logged it.
                    let _ = self.keeper.receive(byte);
                }
            }
        }
        if let Some(answer) = self.keeper.poll()
            && self.door.say(&answer)
        {
            self.gone();
        }
        self.tell();
        Ok(())
    }

    fn gone(&mut self) {
        self.keeper.hang_up();
        eprintln!("wavlm-lock: the program that listened is gone");
    }

    /// Says what has changed, a line each.
    fn tell(&mut self) {
        let now = (self.keeper.lock().state(), self.keeper.lock().opener());
        if now == self.told {
            return;
        }
        self.told = now;
        eprintln!(
            "wavlm-lock: {}",
            match now {
                (State::Shut, _) => "shut",
                (State::Open, Some(Opener::Button)) => "open: the release button",
                (State::Open, _) => "open: asked for",
                (State::Stopped, _) => "shut: the stop button is pressed",
                (State::Failed, _) => "shut: a line cannot be read or set",
            }
        );
    }
}
