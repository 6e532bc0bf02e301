//! Buckets of relative positions, as transformers' `_relative_positions_bucket` has them.

/// The bucket of a key at `distance` frames after its query (before it, if negative).
///
/// Near distances have a bucket each, far ones share buckets by logarithm, in f32 and truncated as in the reference.
pub(crate) fn bucket(distance: i64, num_buckets: u32, max_distance: u32) -> usize {
    let per_sign = num_buckets as usize / 2;
    let exact = per_sign / 2;
    let first = if distance > 0 { per_sign } else { 0 };
    let distance = distance.unsigned_abs() as usize;
    if distance < exact {
        return first + distance;
    }
    let logarithm = (distance as f32 / exact as f32).ln();
    let whole = (f64::from(max_distance) / exact as f64).ln() as f32;
    let beyond = logarithm / whole * (per_sign - exact) as f32;
    first + ((exact as f32 + beyond) as usize).min(per_sign - 1)
}
