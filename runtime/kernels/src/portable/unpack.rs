//! int4 panels unpacked into the int8 panels that the tiles read.

use crate::layout::{PANEL, ZERO_I4};

/// Bytes of a line of an int8 panel: four inputs of sixteen columns.
const LINE: usize = 4 * PANEL;
/// Bytes of the codes of one group of inputs.
pub(crate) const GROUP_CODES: usize = 4 * LINE;

/// Unpacks one panel: `out` has `16 · k` weights, `k` a multiple of 16; `codes` and `multipliers` those of all its groups.
///
/// Two neighbouring codes of a column are multiplied in one 16-bit lane: neither product leaves its eight bits.
#[inline(always)]
pub(crate) fn unpack(codes: &[u8], multipliers: &[u8], out: &mut [i8]) {
    let groups = codes.as_chunks::<GROUP_CODES>().0.iter().zip(multipliers.as_chunks::<PANEL>().0);
    for ((codes, multipliers), out) in groups.zip(out.chunks_mut(2 * GROUP_CODES)) {
        let (mut factors, mut zeros) = ([0_u16; LINE / 2], [0_u8; LINE]);
        for (lane, factor) in factors.iter_mut().enumerate() {
            *factor = u16::from(multipliers[lane / 2]);
        }
        for (i, zero) in zeros.iter_mut().enumerate() {
            *zero = multipliers[i / 4].wrapping_mul(ZERO_I4);
        }
        for (codes, out) in codes.as_chunks::<LINE>().0.iter().zip(out.as_chunks_mut::<{ 2 * LINE }>().0) {
            let (low, high) = out.split_at_mut(LINE);
            let pairs = codes.as_chunks::<2>().0;
            for (lane, (pair, factor)) in pairs.iter().zip(factors).enumerate() {
                let pair = u16::from_le_bytes(*pair);
                let [a, b] = (pair & 0x0f0f).wrapping_mul(factor).to_le_bytes();
                let [c, d] = (pair >> 4 & 0x0f0f).wrapping_mul(factor).to_le_bytes();
                let (first, second) = (zeros[2 * lane], zeros[2 * lane + 1]);
                low[2 * lane] = a.wrapping_sub(first) as i8;
                low[2 * lane + 1] = b.wrapping_sub(second) as i8;
                high[2 * lane] = c.wrapping_sub(first) as i8;
                high[2 * lane + 1] = d.wrapping_sub(second) as i8;
            }
        }
    }
}
