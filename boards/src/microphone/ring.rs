//! What stands between the thread that reads the device and the one that computes: a ring of a fixed size. The side that
//! fills it neither waits nor locks nor allocates; where the ring is full, sound is lost and counted.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::thread::{self, Thread};
use std::time::Duration;

use heapless::spsc::{Consumer, Producer, Queue};
use wavlm_runtime::frontend::RawFormat;

/// Most bytes of a block.
pub const BLOCK_BYTES: usize = 4096;
/// Blocks that the ring holds, and one more: five seconds of 20 ms each.
const BLOCKS: usize = 256;
/// The reader looks at least this often, in case it is not the thread that is woken.
const NAP: Duration = Duration::from_millis(20);

/// Sound as the device gives it.
pub type Block = heapless::Vec<u8, BLOCK_BYTES>;

/// What goes through the ring.
#[derive(Debug)]
#[expect(
    clippy::large_enum_variant,
    reason = "nearly all items are sound, and the thread of the device must not allocate"
)]
pub enum Item {
    /// A device was opened; what follows is in this format.
    Opened(RawFormat),
    /// The next bytes.
    Sound(Block),
    /// The device is gone.
    Closed,
}

/// The side that the device fills.
pub struct Filler {
    items: Producer<'static, Item>,
    lost: Arc<AtomicU64>,
    reader: Thread,
}

/// The side that is read.
pub struct Drain {
    items: Consumer<'static, Item>,
    lost: Arc<AtomicU64>,
}

/// Both sides of a ring, to be read by this thread. It stays in memory for as long as the program runs.
pub fn ring() -> (Filler, Drain) {
    let queue: &'static mut Queue<Item, BLOCKS> = Box::leak(Box::new(Queue::new()));
    let (producer, consumer) = queue.split();
    let lost = Arc::new(AtomicU64::new(0));
    (
        Filler { items: producer, lost: lost.clone(), reader: thread::current() },
        Drain { items: consumer, lost },
    )
}

impl Filler {
    /// Adds sound, or counts its bytes as lost.
    pub fn push_sound(&mut self, bytes: &[u8]) {
        for part in bytes.chunks(BLOCK_BYTES) {
            let kept =
                Block::from_slice(part).is_ok_and(|block| self.items.enqueue(Item::Sound(block)).is_ok());
            if !kept {
                self.lost.fetch_add(part.len() as u64, Ordering::Relaxed);
            }
        }
        self.reader.unpark();
    }

    /// Adds what must not be lost. Only while no device is open, so waiting loses no sound.
    pub fn push_event(&mut self, mut event: Item) {
        while let Err(refused) = self.items.enqueue(event) {
            event = refused;
            thread::sleep(NAP);
        }
        self.reader.unpark();
    }

    /// Sound was lost before it could be read.
    pub fn add_lost(&self, bytes: u64) {
        self.lost.fetch_add(bytes, Ordering::Relaxed);
    }
}

impl Drain {
    /// The next item; waits for it, and calls `waiting` many times a second meanwhile.
    pub fn next(&mut self, mut waiting: impl FnMut()) -> Item {
        loop {
            match self.items.dequeue() {
                Some(item) => return item,
                None => thread::park_timeout(NAP),
            }
            waiting();
        }
    }

    /// Bytes lost since this was asked last.
    pub fn take_lost(&self) -> u64 {
        self.lost.swap(0, Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_pushed_comes_out_in_order_and_in_blocks() {
        let (mut filler, mut drain) = ring();
        let bytes: Vec<u8> = (0..10_000).map(|i| i as u8).collect();
        let pushed = bytes.clone();
        let pushing = thread::spawn(move || {
            filler.push_event(Item::Opened(RawFormat::default()));
            filler.push_sound(&pushed);
            filler.push_event(Item::Closed);
        });
        assert!(matches!(drain.next(|| {}), Item::Opened(format) if format == RawFormat::default()));
        let mut received = Vec::new();
        while let Item::Sound(block) = drain.next(|| {}) {
            received.extend_from_slice(&block);
        }
        assert_eq!(received, bytes);
        pushing.join().expect("no panic");
    }

    #[test]
    fn a_full_ring_keeps_what_it_has_and_counts_the_rest() {
        let (mut filler, mut drain) = ring();
        for number in 0..BLOCKS + 9 {
            filler.push_sound(&[number as u8; 100]);
        }
        assert_eq!(drain.take_lost(), 1000);
        assert_eq!(drain.take_lost(), 0);
        for number in 0..BLOCKS - 1 {
            assert!(matches!(drain.next(|| {}), Item::Sound(block) if block == [number as u8; 100]));
        }
    }
}
