//! Largest counts and sizes that a file may claim, all far beyond any published model. See `SPEC.md`, section "Limits".

/// Bytes of the header. A large model needs 50 KB; what decoding allocates is a bounded multiple of this.
pub const MAX_HEADER: u32 = 1 << 20;
/// Tensors of a file; wavlm-large has about 500.
pub const MAX_TENSORS: usize = 16384;
/// Bytes of a tensor's name.
pub const MAX_TENSOR_NAME: usize = 128;
/// Dimensions of a dense tensor.
pub const MAX_RANK: usize = 8;
/// Convolutions of the stem.
pub const MAX_STEM: u64 = 32;
/// Channels, hidden width, taps, strides and dilations.
pub const MAX_SIZE: u64 = 65536;
/// Transformer layers.
pub const MAX_LAYERS: u64 = 256;
/// Distance of the relative position bias: integers up to here are exact in f32.
pub const MAX_DISTANCE: u64 = 1 << 24;
/// Samples that one frame may depend on: 17 minutes.
pub const MAX_RECEPTIVE_FIELD: u64 = 1 << 24;
/// Elements of one matrix, so that its size fits `usize` on 32-bit boards.
pub const MAX_ELEMENTS: u64 = 1 << 30;
/// Columns of one matrix, so that int8 products are exact: 2¹⁷ · 127 · 127 < 2³¹.
pub const MAX_COLUMNS: u64 = 1 << 17;
/// Convolutions of the adapter.
pub const MAX_ADAPTER_LAYERS: u64 = 32;
/// Heads of a file.
pub const MAX_HEADS: u64 = 64;
/// Bytes of a head's name.
pub const MAX_HEAD_NAME: usize = 64;
/// Labels of a head, or tokens of its vocabulary.
pub const MAX_LABELS: u64 = 65536;
/// Time-delay layers of an x-vector head.
pub const MAX_TDNN: u64 = 32;
/// Windows over which scores are averaged.
pub const MAX_SMOOTHING: u64 = 4096;
/// Seconds of a sliding window, of its step, and of a refractory time.
pub const MAX_SECONDS: f32 = 3600.0;
/// Samples per second.
pub const MAX_RATE: u64 = 768_000;
