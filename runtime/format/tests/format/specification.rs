//! The example in `SPEC.md` is a model, byte for byte what the writer makes.

use std::sync::Arc;

use wavlm_format::*;

use crate::round_trip::complete;

const SPEC: &str = include_str!("../../SPEC.md");

/// The example's bytes before and behind what it leaves out, which a line of `…` stands for: hexadecimal pairs up to a
/// `#` in each line of its block.
fn example() -> [Vec<u8>; 2] {
    let (_, block) = SPEC.split_once("```hex\n").expect("the example");
    let (block, _) = block.split_once("```").expect("its end");
    let (start, end) = block.split_once("…\n").expect("something left out");
    [start, end].map(|part| {
        let pairs =
            part.lines().flat_map(|line| line.split('#').next().unwrap_or_default().split_whitespace());
        pairs.map(|pair| u8::from_str_radix(pair, 16).expect("two hexadecimal digits")).collect()
    })
}

/// The model that the example describes.
fn described() -> Writer<'static> {
    let header = Header {
        encoder: EncoderConfig {
            stem: vec![ConvShape { dim: 8, kernel: 400, stride: 320 }],
            stem_norm: StemNorm::Layer,
            stem_activation: Activation::Gelu,
            hidden_size: 16,
            num_layers: 1,
            num_heads: 2,
            intermediate_size: 32,
            hidden_activation: Activation::Relu,
            layer_norm_eps: 1e-5,
            positional_kernel: 4,
            positional_groups: 2,
            num_buckets: 32,
            max_bucket_distance: 128,
            stable_layer_norm: true,
            adapter: None,
            stem_scale: false,
            layers: Vec::new(),
        },
        heads: vec![Head {
            name: "words".to_owned(),
            kind: HeadKind::Sequence { labels: vec!["no".to_owned(), "yes".to_owned()], projection: 4 },
            weighted_layer_sum: false,
            decision: Some(Decision {
                threshold: 0.5,
                lower_threshold: Some(0.25),
                text_dependent_threshold: None,
                window_s: 1.0,
                hop_s: 0.25,
                smoothing_windows: 3,
                refractory_s: 2.0,
                confirmation: Some(Confirmation { speed_change: 0.125, phone_weight: 1.5 }),
            }),
        }],
        preprocessing: Preprocessing { sampling_rate: 16000, normalize: true },
        precision: Precision::Int8,
        tensors: vec![],
        report: None,
        licence: "MIT".to_owned(),
        source: "example".to_owned(),
    };
    complete(header, false)
}

/// The last tensor of the example, and its elements.
const LAST: &str = "heads.words.classifier.bias";
const ELEMENTS: [f32; 2] = [-2.0, -1.75];

#[test]
fn the_example_is_what_the_writer_makes() {
    let ([start, end], written) = (example(), described().to_bytes().unwrap());
    let header_end =
        16 + u32::from_le_bytes([written[12], written[13], written[14], written[15]]) as usize + 4;
    let shown = dump(&written[..header_end]);
    assert!(written.starts_with(&start), "written:\n{shown}");
    assert!(written[..header_end].ends_with(&end), "written:\n{shown}");
    assert!(written[header_end..65536].iter().all(|&byte| byte == 0));
    assert!(written.ends_with(&[0x00, 0x00, 0x00, 0xc0, 0x00, 0x00, 0xe0, 0xbf]));
    let prose = format!("16 + {} + 4 bytes", header_end - 20);
    assert!(SPEC.contains(&prose), "{prose}");
}

#[test]
fn the_example_opens() {
    let file = Arc::new(ModelFile::from_bytes(described().to_bytes().unwrap()).unwrap());
    file.verify().unwrap();
    assert_eq!(file.tensor(LAST).unwrap().finite().unwrap(), ELEMENTS);
}

#[test]
fn the_limits_are_those_of_the_code() {
    use limits::*;
    let table = [
        ("MAX_HEADER", u64::from(MAX_HEADER)),
        ("MAX_TENSORS", MAX_TENSORS as u64),
        ("MAX_TENSOR_NAME", MAX_TENSOR_NAME as u64),
        ("MAX_RANK", MAX_RANK as u64),
        ("MAX_STEM", MAX_STEM),
        ("MAX_SIZE", MAX_SIZE),
        ("MAX_LAYERS", MAX_LAYERS),
        ("MAX_DISTANCE", MAX_DISTANCE),
        ("MAX_RECEPTIVE_FIELD", MAX_RECEPTIVE_FIELD),
        ("MAX_ELEMENTS", MAX_ELEMENTS),
        ("MAX_COLUMNS", MAX_COLUMNS),
        ("MAX_ADAPTER_LAYERS", MAX_ADAPTER_LAYERS),
        ("MAX_HEADS", MAX_HEADS),
        ("MAX_HEAD_NAME", MAX_HEAD_NAME as u64),
        ("MAX_LABELS", MAX_LABELS),
        ("MAX_TDNN", MAX_TDNN),
        ("MAX_SMOOTHING", MAX_SMOOTHING),
        ("MAX_SECONDS", MAX_SECONDS as u64),
        ("MAX_RATE", MAX_RATE),
    ];
    for (name, value) in table {
        assert!(SPEC.contains(&format!("| `{name}` | {value} |")), "{name} = {value}");
    }
}

fn dump(bytes: &[u8]) -> String {
    let pairs: Vec<_> = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
    pairs.chunks(16).map(|line| line.join(" ") + "\n").collect()
}
