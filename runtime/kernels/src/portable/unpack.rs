//! int4 panels unpacked into the int8 panels that the tiles read.

use crate::layout::{GROUP_CODES, PANEL, ZERO_I4};

/// Bytes of a line of an int8 panel: four inputs of sixteen columns.
const LINE: usize = 4 * PANEL;
/// Two neighbouring codes of a column lie in one 16-bit lane.
const LANES: usize = LINE / 2;
/// The codes of two weights of zero in a lane.
const ZEROS: u16 = u16::from_le_bytes([ZERO_I4; 2]);

/// Unpacks one panel: `out` has `16 · k` weights, `k` a multiple of 16; `codes` and `multipliers` those of all its groups.
///
/// The two codes of a lane are multiplied at once: neither product leaves its eight bits.
#[inline(always)]
pub(crate) fn unpack(codes: &[u8], multipliers: &[u8], out: &mut [i8]) {
    let groups = codes.as_chunks::<GROUP_CODES>().0.iter().zip(multipliers.as_chunks::<PANEL>().0);
    for ((codes, multipliers), out) in groups.zip(out.chunks_mut(2 * GROUP_CODES)) {
        let (mut factors, mut zeros) = ([0_u16; LANES], [[0_u8; 2]; LANES]);
        for (lane, (factor, zero)) in factors.iter_mut().zip(&mut zeros).enumerate() {
            *factor = u16::from(multipliers[lane / 2]);
            *zero = factor.wrapping_mul(ZEROS).to_le_bytes();
        }
        for (codes, out) in codes.as_chunks::<LINE>().0.iter().zip(out.as_chunks_mut::<{ 2 * LINE }>().0) {
            let (low, high) = out.split_at_mut(LINE);
            let (mut even, mut odd) = ([[0_u8; 2]; LANES], [[0_u8; 2]; LANES]);
            for (lane, pair) in codes.as_chunks::<2>().0.iter().enumerate() {
                let pair = u16::from_le_bytes(*pair);
                even[lane] = (pair & 0x0f0f).wrapping_mul(factors[lane]).to_le_bytes();
                odd[lane] = (pair >> 4 & 0x0f0f).wrapping_mul(factors[lane]).to_le_bytes();
            }
            subtract(even.as_flattened(), zeros.as_flattened(), low);
            subtract(odd.as_flattened(), zeros.as_flattened(), high);
        }
    }
}

#[inline(always)]
fn subtract(products: &[u8], zeros: &[u8], out: &mut [i8]) {
    for ((out, product), zero) in out.iter_mut().zip(products).zip(zeros) {
        *out = product.wrapping_sub(*zero) as i8;
    }
}
