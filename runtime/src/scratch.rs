//! Working memory that outlives a run, so that a session of constant length stops allocating after its first one.
//!
//! Each thread keeps the buffers that were last used on it; a buffer is taken out while in use, so nested use is safe.

use std::cell::RefCell;
use std::ops::{Deref, DerefMut};

/// Element types that have a pool.
pub(crate) trait Pooled: Copy + Default + 'static {
    fn with_pool<R>(task: impl FnOnce(&mut Vec<Vec<Self>>) -> R) -> R;
}

macro_rules! pool {
    ($element:ty, $pool:ident) => {
        thread_local! {
            static $pool: RefCell<Vec<Vec<$element>>> = const { RefCell::new(Vec::new()) };
        }
        impl Pooled for $element {
            fn with_pool<R>(task: impl FnOnce(&mut Vec<Vec<$element>>) -> R) -> R {
                $pool.with_borrow_mut(task)
            }
        }
    };
}

pool!(f32, F32_POOL);
pool!(i8, I8_POOL);
pool!(u8, U8_POOL);
pool!(i32, I32_POOL);

/// A buffer on loan from the current thread; its contents are arbitrary until written.
pub(crate) struct Scratch<T: Pooled> {
    /// At least `len` elements; never shortened, since what grows must be filled.
    buffer: Vec<T>,
    len: usize,
}

impl<T: Pooled> Scratch<T> {
    /// A buffer of `len` elements with arbitrary contents.
    pub fn new(len: usize) -> Scratch<T> {
        if len == 0 {
            return Scratch { buffer: Vec::new(), len };
        }
        let mut buffer = T::with_pool(|pool| {
            let fitting = pool.iter().enumerate().filter(|(_, buffer)| buffer.len() >= len);
            let tightest = fitting.min_by_key(|(_, buffer)| buffer.len()).map(|(i, _)| i);
            tightest.map(|i| pool.swap_remove(i)).or_else(|| pool.pop()).unwrap_or_default()
        });
        if buffer.len() < len {
            buffer.resize(len, T::default());
        }
        Scratch { buffer, len }
    }

    /// A buffer of `len` copies of `value`.
    pub fn filled(len: usize, value: T) -> Scratch<T> {
        let mut buffer = Scratch::new(len);
        buffer.fill(value);
        buffer
    }
}

impl<T: Pooled> Deref for Scratch<T> {
    type Target = [T];
    fn deref(&self) -> &[T] {
        &self.buffer[..self.len]
    }
}

impl<T: Pooled> DerefMut for Scratch<T> {
    fn deref_mut(&mut self) -> &mut [T] {
        &mut self.buffer[..self.len]
    }
}

impl<T: Pooled> Drop for Scratch<T> {
    fn drop(&mut self) {
        let buffer = std::mem::take(&mut self.buffer);
        if !buffer.is_empty() {
            T::with_pool(|pool| pool.push(buffer));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn buffers_are_reused_and_never_shared() {
        let first = Scratch::<f32>::filled(100, 1.0);
        let place = first.as_ptr();
        let second = Scratch::<f32>::filled(100, 2.0);
        assert_ne!(place, second.as_ptr());
        drop(first);
        assert_eq!(Scratch::<f32>::new(50).as_ptr(), place);
    }
}
