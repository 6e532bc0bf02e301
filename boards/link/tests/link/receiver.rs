//! The loop of a microcontroller, with a serial line that can fail.

use std::{cell::RefCell, collections::VecDeque, rc::Rc};

use embedded_io::{ErrorKind, ErrorType, Read, ReadReady, Write};
use wavlm_link::{Asker, Clock, Keeper, Receiver, Request};

use crate::simulated::{Bench, Input, LIMITS, Output, POLL};

/// Both directions of a line.
#[derive(Clone, Default)]
struct Wire(Rc<RefCell<Bytes>>);

#[derive(Default)]
struct Bytes {
    to_receiver: VecDeque<u8>,
    from_receiver: Vec<u8>,
    broken: bool,
}

impl ErrorType for Wire {
    type Error = ErrorKind;
}

impl ReadReady for Wire {
    fn read_ready(&mut self) -> Result<bool, ErrorKind> {
        let bytes = self.0.borrow();
        if bytes.broken { Err(ErrorKind::Other) } else { Ok(!bytes.to_receiver.is_empty()) }
    }
}

impl Read for Wire {
    fn read(&mut self, buffer: &mut [u8]) -> Result<usize, ErrorKind> {
        let byte = self.0.borrow_mut().to_receiver.pop_front().expect("it was asked whether there is one");
        buffer[0] = byte;
        Ok(1)
    }
}

impl Write for Wire {
    fn write(&mut self, bytes: &[u8]) -> Result<usize, ErrorKind> {
        let mut wire = self.0.borrow_mut();
        if wire.broken {
            return Err(ErrorKind::Other);
        }
        wire.from_receiver.extend(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> Result<(), ErrorKind> {
        Ok(())
    }
}

struct Board {
    bench: Bench,
    wire: Wire,
    asker: Asker,
    receiver: Receiver<Wire, Output, Input, Input, Bench>,
}

impl Board {
    fn new() -> Self {
        let (bench, wire) = (Bench::default(), Wire::default());
        let keeper = Keeper::new(bench.lock(), bench.clone(), 7);
        let receiver = Receiver::new(wire.clone(), keeper);
        let mut board = Board { bench, wire, asker: Asker::new(), receiver };
        board.run(500, true);
        board
    }

    fn say(&mut self, request: Request) {
        let frame = self.asker.say(request).expect("it fits");
        self.wire.0.borrow_mut().to_receiver.extend(&frame);
    }

    fn run(&mut self, time: u64, alive: bool) {
        for _ in 0..time / POLL {
            self.bench.pass(POLL);
            if alive && self.bench.now().is_multiple_of(100) {
                self.say(Request::Heartbeat);
            }
            self.receiver.turn();
            for byte in std::mem::take(&mut self.wire.0.borrow_mut().from_receiver) {
                self.asker.receive(byte);
            }
        }
    }
}

#[test]
fn a_request_opens_and_silence_shuts() {
    let mut board = Board::new();
    board.say(Request::Open { pulse: 2500 });
    board.run(400, true);
    assert!(board.bench.output());
    board.run(LIMITS.silence + 100, false);
    assert!(!board.bench.output());
}

#[test]
fn a_line_that_fails_holds_nothing_open() {
    let mut board = Board::new();
    board.say(Request::Open { pulse: 2500 });
    board.run(400, true);
    board.wire.0.borrow_mut().broken = true;
    board.run(LIMITS.silence + 100, true);
    assert!(!board.bench.output());
}

#[test]
fn a_line_that_never_falls_silent_keeps_no_button_waiting() {
    let mut board = Board::new();
    board.wire.0.borrow_mut().to_receiver.extend(vec![0xaa; 100_000]);
    board.bench.press_release(true);
    board.run(500, false);
    assert!(board.bench.output(), "the release button");
    assert!(!board.wire.0.borrow().to_receiver.is_empty());
}
