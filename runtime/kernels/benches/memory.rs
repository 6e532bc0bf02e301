//! Operands: values in a jumble, where a real model has them.

use std::cell::Cell;
use std::iter;

/// Bytes of a cache line; weights in a model's file start at one.
const LINE: usize = 64;

/// Numbers from 0 to 250 in a jumble, without end.
fn jumble() -> impl Iterator<Item = u8> {
    iter::successors(Some(0), |x| Some((x + 37) % 251)).map(|x: u16| x as u8)
}

/// Codes of activations.
pub fn codes(n: usize) -> Aligned<u8> {
    Aligned::new(n, jumble())
}

/// Values in [-1, 1].
pub fn floats(n: usize) -> Aligned<f32> {
    Aligned::new(n, jumble().map(|x| f32::from(x) / 125.0 - 1.0))
}

/// Values from a cache line on.
pub struct Aligned<T> {
    room: Vec<T>,
    start: usize,
    length: usize,
}

impl<T: Copy + Default> Aligned<T> {
    fn new(length: usize, values: impl Iterator<Item = T>) -> Self {
        let room = vec![T::default(); length + LINE];
        let start = room.as_ptr().align_offset(LINE);
        let mut aligned = Self { room, start, length };
        aligned.get_mut().iter_mut().zip(values).for_each(|(slot, value)| *slot = value);
        aligned
    }

    pub fn get(&self) -> &[T] {
        &self.room[self.start..][..self.length]
    }

    pub fn get_mut(&mut self) -> &mut [T] {
        &mut self.room[self.start..][..self.length]
    }
}

/// Weights that take turns, as many bytes as wavlm-base has in int8: when the same come round again they have left the
/// caches, and are read from memory as in a run of the model.
pub struct Model<T> {
    weights: Aligned<T>,
    next: Cell<usize>,
}

impl<T: Copy + Default> Model<T> {
    const LENGTH: usize = 96 << 20;

    /// Weights made of numbers from 0 to 250.
    pub fn new(weight: fn(u8) -> T) -> Self {
        Self { weights: Aligned::new(Self::LENGTH, jumble().map(weight)), next: Cell::new(0) }
    }

    /// The next `n` weights.
    pub fn stream(&self, n: usize) -> &[T] {
        let start = if self.next.get() + n <= Self::LENGTH { self.next.get() } else { 0 };
        self.next.set((start + n).next_multiple_of(LINE));
        &self.weights.get()[start..][..n]
    }

    /// The same `n` weights every time.
    pub fn first(&self, n: usize) -> &[T] {
        &self.weights.get()[..n]
    }
}
