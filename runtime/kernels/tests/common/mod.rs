//! Numbers for the tests, the same on every machine, and how much to test.

/// `full`, or `reduced` under Miri: it interprets, thousands of times slower, and looks for faults that a few ragged
/// shapes bring out as well as many.
pub const fn unless_miri<T: Copy>(full: T, reduced: T) -> T {
    if cfg!(miri) { reduced } else { full }
}

/// xorshift64*.
pub struct Numbers(pub u64);

impl Numbers {
    /// Thirty-two random bits.
    pub fn next(&mut self) -> u64 {
        self.0 ^= self.0 >> 12;
        self.0 ^= self.0 << 25;
        self.0 ^= self.0 >> 27;
        self.0.wrapping_mul(0x2545_F491_4F6C_DD1D) >> 32
    }

    /// In [-1, 1).
    pub fn floats(&mut self, n: usize) -> Vec<f32> {
        (0..n).map(|_| self.next() as f32 / (1u32 << 31) as f32 - 1.0).collect()
    }
}
