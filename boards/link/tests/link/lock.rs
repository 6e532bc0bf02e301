//! The lock's state machine, on simulated lines: every row of its table, and what must hold whatever happens.

use crate::simulated::{Bench, LIMITS, POLL, Pulse, SimulatedLock};
use proptest::prelude::*;
use wavlm_link::{Millis, Opener, Refusal, State};

/// Lets time pass as a program does: polling, with a listener that is alive or not.
fn run(bench: &Bench, lock: &mut SimulatedLock, time: Millis, alive: bool) {
    for _ in 0..time / POLL {
        bench.pass(POLL);
        if alive {
            lock.sign_of_life();
        }
        lock.poll();
    }
}

fn alive() -> (Bench, SimulatedLock) {
    let bench = Bench::default();
    let mut lock = bench.lock();
    run(&bench, &mut lock, 100, true);
    (bench, lock)
}

fn opened() -> (Bench, SimulatedLock) {
    let (bench, mut lock) = alive();
    lock.open(2000).expect("it opens");
    assert_eq!((lock.state(), lock.opener(), bench.output()), (State::Open, Some(Opener::Request), true));
    (bench, lock)
}

#[test]
fn it_is_shut_at_start_and_opens_for_nobody_who_is_not_there() {
    let bench = Bench::default();
    let mut lock = bench.lock();
    assert_eq!(lock.state(), State::Shut);
    assert_eq!(lock.open(1000), Err(Refusal::Silent));
    assert!(!bench.output());
}

#[test]
fn a_pulse_is_as_long_as_asked_and_never_longer_than_the_limit() {
    for (asked, given) in [(500, 500), (3000, 3000), (3001, 3000), (Millis::MAX, 3000)] {
        let (bench, mut lock) = alive();
        lock.open(asked).expect("it opens");
        run(&bench, &mut lock, 5000, true);
        assert_eq!(bench.pulses(), [Pulse { from: 100, to: 100 + given }], "asked for {asked}");
        assert_eq!(lock.state(), State::Shut);
    }
}

#[test]
fn a_request_makes_no_pulse_longer_and_needs_a_pause_after_it() {
    let (bench, mut lock) = opened();
    run(&bench, &mut lock, 1900, true);
    assert_eq!(lock.open(2000), Err(Refusal::Open));
    run(&bench, &mut lock, 200, true);
    assert_eq!(lock.open(2000), Err(Refusal::Pause));
    run(&bench, &mut lock, LIMITS.pause, true);
    assert_eq!(lock.open(2000), Ok(()));
}

#[test]
fn it_shuts_when_asked_and_when_whoever_asked_falls_silent_or_leaves() {
    let (bench, mut lock) = opened();
    lock.shut();
    assert_eq!((lock.state(), bench.output()), (State::Shut, false));

    let (bench, mut lock) = opened();
    run(&bench, &mut lock, LIMITS.silence, false);
    assert_eq!(bench.pulses(), [Pulse { from: 100, to: 100 + LIMITS.silence }]);
    assert_eq!(lock.open(2000), Err(Refusal::Silent));

    let (bench, mut lock) = opened();
    lock.asker_is_gone();
    assert!(!bench.output());
}

#[test]
fn the_release_button_needs_nobody_and_opens_once_per_press() {
    let bench = Bench::default();
    let mut lock = bench.lock();
    run(&bench, &mut lock, 100, false);
    bench.press_release(true);
    run(&bench, &mut lock, 10_000, false);
    bench.press_release(false);
    run(&bench, &mut lock, 100, false);
    let pulses = bench.pulses();
    assert_eq!(pulses.len(), 1, "{pulses:?}");
    assert_eq!(pulses[0].to - pulses[0].from, LIMITS.pulse);

    bench.press_release(true);
    run(&bench, &mut lock, 100, false);
    assert_eq!(lock.opener(), Some(Opener::Button));
}

#[test]
fn a_button_that_is_stuck_from_the_beginning_or_only_bounces_opens_nothing() {
    let bench = Bench::default();
    bench.press_release(true);
    let mut lock = bench.lock();
    run(&bench, &mut lock, 5000, true);
    bench.press_release(false);
    run(&bench, &mut lock, 100, true);
    for _ in 0..20 {
        bench.press_release(true);
        run(&bench, &mut lock, 10, true);
        bench.press_release(false);
        run(&bench, &mut lock, 10, true);
    }
    assert_eq!(bench.pulses(), []);
}

#[test]
fn the_stop_button_shuts_at_once_and_keeps_shut() {
    let (bench, mut lock) = opened();
    bench.press_stop(true);
    run(&bench, &mut lock, POLL, true);
    assert_eq!((lock.state(), bench.output()), (State::Stopped, false));
    assert_eq!(lock.open(100), Err(Refusal::Stopped));
    bench.press_release(true);
    run(&bench, &mut lock, 1000, true);
    bench.press_release(false);
    assert_eq!(bench.pulses().len(), 1);

    bench.press_stop(false);
    run(&bench, &mut lock, LIMITS.pause, true);
    assert_eq!(lock.state(), State::Shut);
    assert_eq!(lock.open(100), Ok(()));
}

#[test]
fn lines_that_fail_leave_it_shut_until_they_work_again() {
    let (bench, mut lock) = alive();
    bench.break_lines(true);
    assert_eq!(lock.open(100), Err(Refusal::Failed));
    assert_eq!(lock.state(), State::Failed);
    bench.break_lines(false);
    run(&bench, &mut lock, POLL, true);
    assert_eq!(lock.state(), State::Shut);

    let (bench, mut lock) = opened();
    bench.break_lines(true);
    run(&bench, &mut lock, 50, true);
    assert_eq!(lock.state(), State::Failed);
    bench.break_lines(false);
    run(&bench, &mut lock, POLL, true);
    assert!(!bench.output(), "it asks for off at every poll");
}

#[test]
fn a_clock_that_goes_backward_ends_the_pulse() {
    let (bench, mut lock) = opened();
    bench.set_clock(50);
    lock.sign_of_life();
    lock.poll();
    assert_eq!((lock.state(), bench.output()), (State::Shut, false));
}

#[test]
fn a_dropped_lock_is_shut() {
    let (bench, lock) = opened();
    drop(lock);
    assert!(!bench.output());
}

#[derive(Clone, Copy, Debug)]
enum Step {
    Open(Millis),
    Shut,
    SignOfLife,
    Gone,
    Release(bool),
    Stop(bool),
    Broken(bool),
    Wait(Millis),
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        (0..10_000u64).prop_map(Step::Open),
        Just(Step::Shut),
        Just(Step::SignOfLife),
        Just(Step::Gone),
        any::<bool>().prop_map(Step::Release),
        any::<bool>().prop_map(Step::Stop),
        prop::bool::weighted(0.2).prop_map(Step::Broken),
        (0..1500u64).prop_map(Step::Wait),
    ]
}

proptest! {
    #[test]
    fn whatever_happens_no_pulse_is_longer_than_the_limit(steps in prop::collection::vec(step(), 1..60)) {
        let bench = Bench::default();
        let mut lock = bench.lock();
        let mut broken = false;
        let mut stopped = false;
        for step in steps {
            match step {
                Step::Open(pulse) => {
                    let opened = lock.open(pulse);
                    prop_assert!(opened.is_err() || bench.output());
                }
                Step::Shut => lock.shut(),
                Step::SignOfLife => lock.sign_of_life(),
                Step::Gone => lock.asker_is_gone(),
                Step::Release(pressed) => bench.press_release(pressed),
                Step::Stop(pressed) => {
                    bench.press_stop(pressed);
                    stopped = pressed;
                }
                Step::Broken(now) => {
                    bench.break_lines(now);
                    broken = now;
                }
                Step::Wait(time) => run(&bench, &mut lock, time, false),
            }
            if broken {
                // A line that cannot be set keeps its level, so from here no output is judged.
                prop_assert!(lock.open(100).is_err());
                bench.break_lines(false);
                broken = false;
            }
            lock.poll();
            prop_assert!(!(stopped && bench.output()));
        }
        for pulse in bench.pulses() {
            prop_assert!(pulse.to - pulse.from <= LIMITS.pulse, "{:?}", pulse);
        }
    }
}
