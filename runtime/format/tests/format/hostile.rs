//! No bytes make the reader panic, and every header that can be written is read back.

use std::sync::Arc;

use proptest::collection::vec;
use proptest::prelude::*;
use proptest::sample::{Index, select};
use wavlm_format::*;

use crate::allocation::open;
use crate::forge::{self, FIRST, adapter, encode, header_of, seal};
use crate::round_trip::{complete, writer};

/// Opens the bytes and, should that succeed, uses everything an opened file offers.
fn exercise(bytes: Vec<u8>) {
    let file = match open(bytes) {
        Ok(file) => Arc::new(file),
        Err(error) => {
            let message = error.to_string();
            assert!(!message.contains('\n'), "{message}");
            return;
        }
    };
    for entry in &file.header().tensors {
        let tensor = file.tensor(&entry.name).expect("listed");
        let views = [tensor.dense().is_ok(), tensor.panels_f32().is_ok(), tensor.panels_i8().is_ok()];
        assert!(views.iter().filter(|&&ok| ok).count() <= 1);
        let _ = tensor.finite();
    }
    let _ = file.verify();
}

/// One thing that storage, transfer or an attacker does to bytes.
#[derive(Clone, Debug)]
enum Mutation {
    Flip(Index, u8),
    Set(Index, u8),
    Truncate(Index),
    Insert(Index, Vec<u8>),
    Remove(Index, usize),
    Copy(Index, Index, usize),
}

impl Mutation {
    fn apply(self, bytes: &mut Vec<u8>) {
        let length = bytes.len();
        if length == 0 {
            return;
        }
        match self {
            Mutation::Flip(at, bit) => bytes[at.index(length)] ^= 1 << bit,
            Mutation::Set(at, value) => bytes[at.index(length)] = value,
            Mutation::Truncate(at) => bytes.truncate(at.index(length)),
            Mutation::Insert(at, extra) => drop(bytes.splice(at.index(length)..at.index(length), extra)),
            Mutation::Remove(at, count) => {
                let at = at.index(length);
                bytes.drain(at..length.min(at + count));
            }
            Mutation::Copy(from, to, count) => {
                let (from, to) = (from.index(length), to.index(length));
                bytes.copy_within(from..from + count.min(length - from.max(to)), to);
            }
        }
    }
}

fn mutation() -> impl Strategy<Value = Mutation> {
    let at = any::<Index>;
    prop_oneof![
        (at(), 0..8u8).prop_map(|(at, bit)| Mutation::Flip(at, bit)),
        (at(), select(vec![0, 1, 2, 0x7f, 0x80, 0xff])).prop_map(|(at, value)| Mutation::Set(at, value)),
        at().prop_map(Mutation::Truncate),
        (at(), vec(any::<u8>(), 1..12)).prop_map(|(at, extra)| Mutation::Insert(at, extra)),
        (at(), 1..12usize).prop_map(|(at, count)| Mutation::Remove(at, count)),
        (at(), at(), 1..40usize).prop_map(|(from, to, count)| Mutation::Copy(from, to, count)),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::with_cases(400) })]

    #[test]
    fn arbitrary_bytes(bytes in vec(any::<u8>(), 0..200)) {
        exercise(bytes);
    }

    #[test]
    fn arbitrary_headers(header in vec(any::<u8>(), 0..200)) {
        exercise(seal(&header, FIRST));
    }

    #[test]
    fn mutated_files(mutations in vec(mutation(), 1..4)) {
        let mut bytes = writer().to_bytes()?;
        mutations.into_iter().for_each(|mutation| mutation.apply(&mut bytes));
        exercise(bytes);
    }

    /// With a checksum that fits, so that mutations reach the decoder and the checks behind it.
    #[test]
    fn mutated_headers(mutations in vec(mutation(), 1..4)) {
        let original = writer().to_bytes()?;
        let mut header = header_of(&original).to_vec();
        mutations.into_iter().for_each(|mutation| mutation.apply(&mut header));
        let mut bytes = seal(&header, FIRST);
        bytes.extend(&original[FIRST..]);
        exercise(bytes);
    }

    /// Numbers in the table changed after decoding, so that every case is a well-formed header.
    #[test]
    fn mutated_tables(
        index in any::<Index>(),
        shape in vec(extreme(), 0..5),
        offset in extreme(),
        length in extreme(),
        packing in select(vec![Packing::DenseF32, Packing::PanelsF32, Packing::PanelsI8]),
        fields in 1..16u8,
    ) {
        let original = writer().to_bytes()?;
        let mut header = ModelFile::from_bytes(original.clone())?.header().clone();
        let count = header.tensors.len();
        let entry = &mut header.tensors[index.index(count)];
        if fields & 1 != 0 { entry.shape = shape; }
        if fields & 2 != 0 { entry.offset = offset; }
        if fields & 4 != 0 { entry.length = length; }
        if fields & 8 != 0 { entry.packing = packing; }
        let mut bytes = seal(&encode(&header), FIRST);
        bytes.extend(&original[FIRST..]);
        exercise(bytes);
    }

    #[test]
    fn valid_headers_come_back(header in header(), conv_bias in any::<bool>()) {
        prop_assert_eq!(header.validate(), Ok(()));
        let file = open(complete(header.clone(), conv_bias).to_bytes()?)?;
        prop_assert_eq!(&Header { tensors: vec![], ..file.header().clone() }, &header);
        let listed = Schema::new(&header.encoder, &header.heads, conv_bias)?;
        prop_assert_eq!(file.schema(), &listed);
    }
}

/// Numbers at which arithmetic goes wrong, and some at which it does not.
fn extreme() -> impl Strategy<Value = u64> {
    let edges = vec![0, 1, 4, 16, 63, 64, 65536, 65600, 1 << 31, 1 << 32, 1 << 62, u64::MAX - 63, u64::MAX];
    prop_oneof![select(edges), any::<u64>(), 0..70_000u64]
}

fn activation() -> impl Strategy<Value = Activation> {
    use Activation::*;
    select(vec![Gelu, GeluNew, Relu, Silu, Tanh, Selu])
}

fn encoder() -> impl Strategy<Value = EncoderConfig> {
    let conv =
        (1..64u32, 1..12u32, 1..6u32).prop_map(|(dim, kernel, stride)| ConvShape { dim, kernel, stride });
    let sizes = (1..9u32, 1..9u32, 1..40u32, 1..4u32, 4..64u32, 1..800u32);
    let norms = (select(vec![StemNorm::Group, StemNorm::Layer]), 1e-12f32..1.0, any::<bool>());
    (vec(conv, 1..8), sizes, (activation(), activation()), norms).prop_map(
        |(stem, (heads, width, intermediate, layers, buckets, distance), activations, norms)| EncoderConfig {
            stem,
            stem_norm: norms.0,
            stem_activation: activations.0,
            hidden_size: heads * width,
            num_layers: layers,
            num_heads: heads,
            intermediate_size: intermediate,
            hidden_activation: activations.1,
            layer_norm_eps: norms.1,
            positional_kernel: intermediate,
            positional_groups: width,
            num_buckets: buckets,
            max_bucket_distance: distance + buckets,
            stable_layer_norm: norms.2,
            adapter: None,
            stem_scale: false,
            layers: Vec::new(),
        },
    )
}

/// Heads that may follow any encoder of `hidden_size`.
fn head_kind() -> impl Strategy<Value = HeadKind> {
    let texts = || vec(".{0,6}", 1..6);
    let layer = (1..32u32, 1..6u32, 1..4u32);
    let layer = layer.prop_map(|(dim, kernel, dilation)| TdnnShape { dim, kernel, dilation });
    prop_oneof![
        (texts(), any::<Index>()).prop_map(|(vocabulary, blank)| {
            let blank = blank.index(vocabulary.len()) as u32;
            HeadKind::Ctc { vocabulary, blank }
        }),
        (texts(), 1..64u32).prop_map(|(labels, projection)| HeadKind::Sequence { labels, projection }),
        texts().prop_map(|labels| HeadKind::Frame { labels }),
        (vec(layer, 1..6), 1..64u32, texts()).prop_map(|(tdnn, embedding, labels)| HeadKind::XVector {
            tdnn,
            embedding,
            labels
        }),
    ]
}

fn decision() -> impl Strategy<Value = Decision> {
    let below = proptest::option::of(0f32..1.0);
    let same_text = proptest::option::of(-1f32..1.0);
    let confirmation = (0f32..0.5, 0f32..100.0)
        .prop_map(|(speed_change, phone_weight)| Confirmation { speed_change, phone_weight });
    let confirmation = proptest::option::of(confirmation);
    (-10f32..10.0, below, same_text, 0f32..10.0, 0.01f32..10.0, 0..20u32, 0f32..10.0, confirmation).prop_map(
        |(threshold, lower, same_text, window_s, hop_s, smoothing_windows, refractory_s, confirmation)| {
            Decision {
                threshold,
                lower_threshold: lower.map(|below| threshold - below),
                text_dependent_threshold: same_text,
                window_s,
                hop_s,
                smoothing_windows,
                refractory_s,
                confirmation,
            }
        },
    )
}

fn header() -> impl Strategy<Value = Header> {
    let head = (head_kind(), any::<bool>(), proptest::option::of(decision()));
    let texts = (".{0,20}", ".{0,20}");
    let rest = (any::<bool>(), any::<bool>(), 1..200_000u32, texts);
    (encoder(), vec(head, 0..4), rest).prop_map(|(mut encoder, heads, (adapted, normalize, rate, texts))| {
        let heads: Vec<_> = heads
            .into_iter()
            .enumerate()
            .map(|(i, (kind, weighted, decision))| {
                let weighted_layer_sum = weighted && kind.name() != "ctc";
                Head { name: format!("head-{i}"), kind, weighted_layer_sum, decision }
            })
            .collect();
        if adapted && heads.iter().all(|head| head.kind.name() == "ctc") {
            encoder.adapter = Some(adapter());
        }
        let precision = if normalize { Precision::Int8 } else { Precision::F32 };
        let preprocessing = Preprocessing { sampling_rate: rate, normalize };
        let (licence, source) = texts;
        Header { encoder, heads, preprocessing, precision, licence, source, ..forge::header() }
    })
}
