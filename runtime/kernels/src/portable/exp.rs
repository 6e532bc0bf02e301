//! Powers by polynomial.

/// `1.5 · 2²³ + 127`: adding it rounds a float of small magnitude to an integer (ties to even), which then stands
/// in the low bits of the sum, already biased as a float's exponent.
const ROUND_TO_EXPONENT: f32 = 12_583_039.0;

/// `2^x` within 2.5e-7 of itself, for `x` in [-126, 127.49].
#[inline(always)]
#[expect(clippy::approx_constant, reason = "the minimax coefficient of r is not ln 2")]
pub(crate) fn exp2(x: f32) -> f32 {
    let rounded = x + ROUND_TO_EXPONENT;
    let r = x - (rounded - ROUND_TO_EXPONENT);
    // 1 + r·q(r), q minimax over [-0.5, 0.5]: relative error 9.2e-8.
    let p: f32 = 1.326_472_1e-3;
    let p = p.mul_add(r, 9.671_513e-3);
    let p = p.mul_add(r, 5.550_733_6e-2);
    let p = p.mul_add(r, 2.402_224_2e-1);
    let p = p.mul_add(r, 6.931_47e-1);
    let p = p.mul_add(r, 1.0);
    p * f32::from_bits(rounded.to_bits() << 23)
}

/// `e^x` within 2.5e-7 of itself for `x` in [-87.33, 88.37], zero below, `e^88.37` above; NaN stays NaN.
#[inline(always)]
pub(crate) fn exp(x: f32) -> f32 {
    const LOWEST: f32 = -87.336_54;
    const HIGHEST: f32 = 88.37;
    // ln 2 in two parts, the first short enough that its multiples by an exponent are exact.
    const LN_2_HIGH: f32 = 0.693_359_4;
    const LN_2_LOW: f32 = -2.121_944_4e-4;

    let clamped = if x < LOWEST { LOWEST } else { x };
    let clamped = if clamped > HIGHEST { HIGHEST } else { clamped };
    let rounded = clamped.mul_add(std::f32::consts::LOG2_E, ROUND_TO_EXPONENT);
    let n = rounded - ROUND_TO_EXPONENT;
    let r = n.mul_add(-LN_2_LOW, n.mul_add(-LN_2_HIGH, clamped));
    // 1 + r + r²·q(r), q minimax over ±ln(2)/2: relative error 1.1e-7.
    let p: f32 = 8.312_523e-3;
    let p = p.mul_add(r, 4.189_015e-2);
    let p = p.mul_add(r, 1.666_711_4e-1);
    let p = p.mul_add(r, 4.999_923e-1);
    let p = p.mul_add(r, 1.0);
    let p = p.mul_add(r, 1.0);
    let power = p * f32::from_bits(rounded.to_bits() << 23);
    if x < LOWEST { 0.0 } else { power }
}
