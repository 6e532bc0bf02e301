//! How right operands lie in memory; what the tables, the packing and the operands agree on.

/// Columns of a weight panel; int8 packing pads both sides of a matrix to a multiple of it.
pub const PANEL: usize = 16;

/// Consecutive inputs of one column that lie side by side in an int8 panel.
pub(crate) const GROUP: usize = 4;

/// Consecutive inputs of one column of an int4 panel that share a multiplier.
pub const GROUP_I4: usize = 32;

/// Bytes of the codes of one such group of all columns of a panel.
pub(crate) const GROUP_CODES: usize = PANEL * GROUP_I4 / 2;

/// What an int4 code stands for is its distance from this, times its group's multiplier.
pub const ZERO_I4: u8 = 8;

/// Largest multiplier of a group: so many times any code's distance from zero fits eight bits.
pub const MAX_MULTIPLIER_I4: u8 = 15;

/// Most inputs of an int8 product: so many times 127 · 127 still fit the 32 bits of a sum.
pub const MAX_INPUTS_I8: usize = (i32::MAX / (127 * 127)) as usize;

/// `n` rounded up to a multiple of [`PANEL`].
pub const fn padded(n: usize) -> usize {
    n.next_multiple_of(PANEL)
}

/// Elements that `rows` rows of `length`, `stride` apart, reach over.
#[inline]
pub(crate) fn extent(rows: usize, stride: usize, length: usize) -> usize {
    let Some(last) = rows.checked_sub(1) else { return 0 };
    last.checked_mul(stride)
        .and_then(|start| start.checked_add(length))
        .expect("rows within the address space")
}
