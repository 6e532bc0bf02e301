//! Bytes from the thread that receives to the one that hears: bounded, so that a client that sends faster than it is heard
//! waits, and not the memory grows.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Blocks that may wait; a client's blocks are of 10 to 100 ms.
const WAITING: usize = 16;

/// The end that is filled; dropping it ends the sound.
pub type Filler = SyncSender<Vec<u8>>;

/// The end that is read.
#[derive(Debug)]
pub struct Pipe {
    blocks: Receiver<Vec<u8>>,
    block: Vec<u8>,
    taken: usize,
}

/// Both ends.
pub fn pipe() -> (Filler, Pipe) {
    let (filler, blocks) = sync_channel(WAITING);
    (filler, Pipe { blocks, block: Vec::new(), taken: 0 })
}

impl Read for Pipe {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.taken == self.block.len() {
            match self.blocks.recv() {
                Ok(block) => (self.block, self.taken) = (block, 0),
                Err(_) => return Ok(0),
            }
        }
        let count = self.block.get(self.taken..).unwrap_or_default().read(buffer)?;
        self.taken += count;
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_of_any_length_come_out_as_one_stream() {
        let (filler, mut pipe) = pipe();
        for block in [vec![1, 2, 3], vec![], vec![4], vec![5, 6]] {
            filler.send(block).expect("the other end");
        }
        drop(filler);
        let mut received = Vec::new();
        pipe.read_to_end(&mut received).expect("bytes");
        assert_eq!(received, [1, 2, 3, 4, 5, 6]);
    }
}
