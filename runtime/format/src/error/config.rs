//! Why an encoder or a head cannot be built.

use thiserror::Error;

/// A configuration that no WavLM can have. Fields carry the names of [`EncoderConfig`](crate::EncoderConfig) and
/// [`Head`](crate::Head).
#[derive(Clone, Debug, PartialEq, Error)]
#[non_exhaustive]
pub enum ConfigError {
    /// A number lies outside its range.
    #[error("{field} is {found}, expected {min} to {max}")]
    Range {
        /// The field.
        field: String,
        /// Its value.
        found: u64,
        /// Smallest allowed.
        min: u64,
        /// Largest allowed.
        max: u64,
    },
    /// A number that must divide another does not.
    #[error("{divisor} is {by}, which does not divide {dividend} = {value}")]
    Indivisible {
        /// The field that must be divisible.
        dividend: &'static str,
        /// Its value.
        value: u32,
        /// The field that must divide it.
        divisor: &'static str,
        /// Its value.
        by: u32,
    },
    /// A real number is not finite, or below its smallest allowed value.
    #[error("{field} is {found}, expected a finite number {expected}")]
    Real {
        /// The field.
        field: String,
        /// Its value.
        found: f32,
        /// The range, such as `above 0`.
        expected: &'static str,
    },
    /// Buckets would be computed with a logarithm whose base is at most one.
    #[error("max_bucket_distance is {distance}, expected more than {exact}, a quarter of num_buckets")]
    BucketDistance {
        /// The field.
        distance: u32,
        /// Positions that have a bucket of their own.
        exact: u32,
    },
    /// One output frame would depend on too many samples.
    #[error("the stem's receptive field exceeds {max} samples")]
    ReceptiveField {
        /// Largest allowed.
        max: u64,
    },
    /// Some layers have a shape of their own and others none.
    #[error("layers has {found} entries, expected none or one for each of the {expected}")]
    LayerCount {
        /// Entries that there are.
        found: usize,
        /// `num_layers`
        expected: usize,
    },
    /// A layer has heads that there are not.
    #[error("layers[{index}].heads are not ascending numbers below num_heads = {num_heads}")]
    LayerHeads {
        /// The layer.
        index: usize,
        /// Heads there are.
        num_heads: u32,
    },
    /// A layer uses attention weights that it cannot use.
    #[error(
        "layers[{index}].attention_of is {of}, expected an earlier layer with attention of its own and the same heads"
    )]
    AttentionOf {
        /// The layer.
        index: usize,
        /// The layer whose weights it would use.
        of: u32,
    },
    /// A matrix would be too large to address.
    #[error("{matrix} has {rows} x {columns} elements, more than {max}")]
    MatrixSize {
        /// Which one.
        matrix: String,
        /// Output channels.
        rows: u64,
        /// Inputs.
        columns: u64,
        /// Largest allowed product.
        max: u64,
    },
    /// A head's name is empty, too long, or holds other characters than ASCII letters, digits, `_`, `-`.
    #[error("head {index} is named {name:?}, expected 1 to {max} ASCII letters, digits, '_' or '-'")]
    HeadName {
        /// Its place.
        index: usize,
        /// Its name, cut after the allowed length.
        name: String,
        /// Most bytes allowed.
        max: usize,
    },
    /// Two heads share a name.
    #[error("two heads are named {name}")]
    DuplicateHead {
        /// The name.
        name: String,
    },
    /// The blank token is not in the vocabulary.
    #[error("head {head}: blank is token {blank}, the vocabulary has {vocabulary}")]
    Blank {
        /// The head.
        head: String,
        /// The token.
        blank: u32,
        /// Tokens there are.
        vocabulary: usize,
    },
    /// This kind of head cannot follow an adapter.
    #[error("head {head}: a {kind} head cannot follow an adapter")]
    AdapterHead {
        /// The head.
        head: String,
        /// Its kind.
        kind: &'static str,
    },
    /// An x-vector head reads the adapter's output, whose width is not the one its projector takes.
    #[error(
        "head {head}: the adapter's output has width {found}, an xvector head reads hidden_size = {expected}"
    )]
    AdapterWidth {
        /// The head.
        head: String,
        /// `output_hidden_size`
        found: u32,
        /// `hidden_size`
        expected: u32,
    },
    /// A CTC head reads the last hidden state alone.
    #[error("head {head}: a ctc head has no weighted_layer_sum")]
    WeightedCtc {
        /// The head.
        head: String,
    },
}
