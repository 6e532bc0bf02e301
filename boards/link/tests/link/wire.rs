//! The serial line between an asker and a keeper: whole, and with bytes that are lost, broken, repeated and held up.

use std::collections::VecDeque;

use crate::simulated::{Bench, Input, LIMITS, Output, POLL};
use proptest::prelude::*;
use wavlm_link::{
    Answer, Asker, Clock, Decoder, FRAME_BYTES, Heard, Keeper, Lock, Message, Millis, NAME_BYTES, Name,
    Outcome, Refusal, Request, encode,
};

/// Longest time from a request to the opening that it causes: the age that a token may have.
const FRESH: Millis = 1200;

type SimulatedKeeper = Keeper<Output, Input, Input, Bench>;

/// Both ends, and the bytes between them with the time at which they arrive.
struct Line {
    bench: Bench,
    asker: Asker,
    keeper: SimulatedKeeper,
    to_keeper: VecDeque<(Millis, u8)>,
    delay: Millis,
    answers: Vec<Answer>,
    heard: Vec<Heard>,
}

impl Line {
    fn new() -> Self {
        let bench = Bench::default();
        let lock: Lock<_, _, _, _> = bench.lock();
        let keeper = Keeper::new(lock, bench.clone(), 0xffff_fff0);
        Self {
            asker: Asker::new(),
            keeper,
            to_keeper: VecDeque::new(),
            delay: 0,
            answers: Vec::new(),
            heard: Vec::new(),
            bench,
        }
    }

    fn say(&mut self, request: Request) {
        let frame = self.asker.say(request).expect("it fits");
        let at = self.bench.now() + self.delay;
        self.to_keeper.extend(frame.iter().map(|&byte| (at, byte)));
    }

    /// Lets time pass; the asker says that it is alive every 100 ms.
    fn run(&mut self, time: Millis, alive: bool) {
        for _ in 0..time / POLL {
            self.bench.pass(POLL);
            let now = self.bench.now();
            if alive && now.is_multiple_of(100) {
                self.say(Request::Heartbeat);
            }
            while self.to_keeper.front().is_some_and(|&(at, _)| at <= now) {
                let (_, byte) = self.to_keeper.pop_front().expect("there is one");
                self.heard.extend(self.keeper.receive(byte));
            }
            if let Some(frame) = self.keeper.poll() {
                self.answers.extend(frame.iter().filter_map(|&byte| self.asker.receive(byte)));
            }
        }
    }

    fn outcome(&self) -> Option<Outcome> {
        self.answers.last().and_then(|answer| answer.outcome)
    }
}

fn connected() -> Line {
    let mut line = Line::new();
    line.run(500, true);
    line
}

fn name(length: usize) -> Name {
    Name::try_from("w".repeat(length).as_str()).expect("it fits")
}

#[test]
fn a_request_opens_and_its_outcome_comes_back() {
    let mut line = connected();
    line.say(Request::Open { pulse: 700 });
    line.run(2000, true);
    let pulses = line.bench.pulses();
    assert_eq!(pulses.len(), 1);
    assert_eq!(pulses[0].to - pulses[0].from, 700);
    assert!(line.outcome().is_some_and(|outcome| outcome.refusal.is_none()));
}

#[test]
fn the_longest_of_everything_fits_a_frame() {
    let heard = Heard {
        word: name(NAME_BYTES),
        score: f32::MAX,
        speaker: Some(name(NAME_BYTES)),
        speaker_score: Some(-1.0),
        time: u64::MAX,
    };
    let message =
        Message { sequence: u32::MAX, token: Some(u32::MAX), request: Request::Heard(heard.clone()) };
    let frame = encode(&message).expect("it fits");
    assert!(frame.len() <= FRAME_BYTES);
    assert!(!frame[..frame.len() - 1].contains(&0));

    let mut line = connected();
    line.say(Request::Heard(heard.clone()));
    line.run(50, true);
    assert_eq!(line.heard, [heard]);
    assert!(!line.bench.output(), "a keyword alone moves nothing");
}

#[test]
fn silence_shuts() {
    let mut line = connected();
    line.say(Request::Open { pulse: 3000 });
    line.run(500, true);
    line.run(1500, false);
    let pulses = line.bench.pulses();
    assert_eq!(pulses.len(), 1);
    assert!(pulses[0].to - pulses[0].from <= 500 + LIMITS.silence + POLL, "{pulses:?}");
}

#[test]
fn bytes_that_were_held_up_open_nothing() {
    let mut line = connected();
    line.delay = 5000;
    line.say(Request::Open { pulse: 700 });
    line.delay = 0;
    line.run(10_000, false);
    assert_eq!(line.bench.pulses(), []);
    assert_eq!(line.outcome().and_then(|outcome| outcome.refusal), Some(Refusal::Stale));
}

#[test]
fn a_recorded_request_opens_nothing_a_second_time_and_nothing_after_a_restart() {
    let mut line = connected();
    line.say(Request::Open { pulse: 100 });
    let recorded: Vec<u8> = line.to_keeper.iter().map(|&(_, byte)| byte).collect();
    line.run(3000, true);
    assert_eq!(line.bench.pulses().len(), 1);
    for &byte in &recorded {
        line.keeper.receive(byte);
    }
    line.run(500, true);
    assert_eq!(line.bench.pulses().len(), 1);

    let lock = line.bench.lock();
    line.keeper = Keeper::new(lock, line.bench.clone(), 77_777);
    for &byte in &recorded {
        line.keeper.receive(byte);
    }
    line.run(500, true);
    assert_eq!(line.bench.pulses().len(), 1);
}

#[test]
fn an_asker_that_starts_anew_is_heard_again() {
    let mut line = connected();
    line.run(60_000, true);
    line.asker = Asker::new();
    line.run(1000, true);
    line.say(Request::Open { pulse: 100 });
    line.run(500, true);
    assert_eq!(line.bench.pulses().len(), 1);
}

#[test]
fn noise_between_frames_costs_one_frame_at_most() {
    let mut decoder = Decoder::new();
    let frame = encode(&Message { sequence: 1, token: None, request: Request::Heartbeat }).expect("it fits");
    let noise = (0..10_000u32).map(|i| (i.wrapping_mul(2_654_435_761) >> 24) as u8);
    let taken = noise.filter_map(|byte| decoder.push::<Message>(byte)).count();
    assert_eq!(taken, 0);
    let first = frame.iter().filter_map(|&byte| decoder.push::<Message>(byte)).count();
    let second = frame.iter().filter_map(|&byte| decoder.push::<Message>(byte)).count();
    assert!(first <= 1);
    assert_eq!(second, 1);
    assert!(decoder.broken() > 0);
}

/// What a bad line does with one byte.
#[derive(Clone, Copy, Debug)]
enum Fault {
    Lose,
    Repeat,
    Break(u8),
    HoldUp(Millis),
}

fn fault() -> impl Strategy<Value = Option<Fault>> {
    prop_oneof![
        30 => Just(None),
        1 => Just(Some(Fault::Lose)),
        1 => Just(Some(Fault::Repeat)),
        1 => (1..=255u8).prop_map(|bits| Some(Fault::Break(bits))),
        1 => (1..4000u64).prop_map(|time| Some(Fault::HoldUp(time))),
    ]
}

proptest! {
    #[test]
    fn on_a_bad_line_it_opens_only_for_a_request_of_the_moment(
        faults in prop::collection::vec(fault(), 400..4000),
        requests in prop::collection::vec((100..2500u64, 0..4000u32), 1..12),
    ) {
        let mut line = connected();
        let mut faults = faults.into_iter().cycle();
        let mut asked = Vec::new();
        for (wait, pulse) in requests {
            line.say(Request::Open { pulse });
            asked.push(line.bench.now());
            for _ in 0..wait / 100 {
                line.run(100, true);
                let mut bad = VecDeque::new();
                for (at, byte) in line.to_keeper.drain(..) {
                    match faults.next().flatten() {
                        None => bad.push_back((at, byte)),
                        Some(Fault::Lose) => {}
                        Some(Fault::Repeat) => bad.extend([(at, byte); 2]),
                        Some(Fault::Break(bits)) => bad.push_back((at, byte ^ bits)),
                        // What follows waits as well, as in a buffer.
                        Some(Fault::HoldUp(time)) => bad.push_back((at + time, byte)),
                    }
                }
                line.to_keeper = bad;
            }
        }
        line.run(10_000, false);
        let pulses = line.bench.pulses();
        prop_assert!(pulses.len() <= asked.len());
        for pulse in pulses {
            prop_assert!(asked.iter().any(|&at| at <= pulse.from && pulse.from <= at + FRESH), "{:?} {:?}", pulse, asked);
            prop_assert!(pulse.to - pulse.from <= LIMITS.pulse);
        }
    }
}
