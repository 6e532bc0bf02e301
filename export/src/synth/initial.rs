//! Random numbers for fresh tensors: the same on every machine, for one seed and name.

use rand::rngs::StdRng;
use rand::{Rng, SeedableRng};

use super::plan::{Initial, Planned};

/// The tensor's values in row-major order.
pub(super) fn draw(tensor: &Planned, seed: u64) -> Vec<f32> {
    let count = tensor.shape.iter().product();
    match tensor.initial {
        Initial::Constant(value) => vec![value; count],
        Initial::Normal { deviation } => normal(&mut generator(seed, &tensor.name), count, deviation),
        Initial::Uniform { limit } => uniform(&mut generator(seed, &tensor.name), count, -limit, limit),
        Initial::Unit => uniform(&mut generator(seed, &tensor.name), count, 0.0, 1.0),
        Initial::Lengths { direction, shape, limit } => {
            let [out, inputs, taps] = shape;
            let values = uniform(&mut generator(seed, direction), out * inputs * taps, -limit, limit);
            let mut squares = vec![0.0; taps];
            for tap_values in values.chunks_exact(taps) {
                squares.iter_mut().zip(tap_values).for_each(|(sum, &v)| *sum += f64::from(v) * f64::from(v));
            }
            squares.into_iter().map(|sum| sum.sqrt() as f32).collect()
        }
    }
}

/// A generator of its own for each name; the same for an encoder's tensor with and without a head above it.
fn generator(seed: u64, name: &str) -> StdRng {
    let name = name.strip_prefix("wavlm.").unwrap_or(name);
    // FNV-1a, of the seed and then the name.
    let bytes = seed.to_le_bytes().into_iter().chain(name.bytes());
    let hash = bytes.fold(0xcbf2_9ce4_8422_2325_u64, |hash, byte| {
        (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
    });
    StdRng::seed_from_u64(hash)
}

fn uniform(generator: &mut StdRng, count: usize, low: f64, high: f64) -> Vec<f32> {
    (0..count).map(|_| (low + (high - low) * generator.random::<f64>()) as f32).collect()
}

/// Box and Muller's two normal numbers from two uniform ones.
fn normal(generator: &mut StdRng, count: usize, deviation: f64) -> Vec<f32> {
    let mut values = Vec::with_capacity(count + 1);
    while values.len() < count {
        // In 0..1 with 1 left out, so that the logarithm's argument is never 0.
        let radius = deviation * (-2.0 * libm::log(1.0 - generator.random::<f64>())).sqrt();
        let (sine, cosine) = libm::sincos(std::f64::consts::TAU * generator.random::<f64>());
        values.extend([(radius * cosine) as f32, (radius * sine) as f32]);
    }
    values.truncate(count);
    values
}
