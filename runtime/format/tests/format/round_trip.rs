//! What is written is what is read: tensors of every packing, and the places they land in.

use std::borrow::Cow;
use std::sync::Arc;

use wavlm_format::*;

use crate::forge::{self, FIRST, encode, header};

/// A small int8 matrix as the kernels pack it, with its scales and sums.
pub fn panels_i8([groups, rows, columns]: [usize; 3]) -> (Vec<i8>, Vec<f32>, Vec<i32>) {
    let (padded_rows, padded_columns) = (rows.next_multiple_of(16), columns.next_multiple_of(16));
    let mut data = vec![0; groups * padded_rows * padded_columns];
    let mut scales = vec![0.0; groups * padded_rows];
    let mut sums = vec![0; groups * padded_rows];
    for (g, n, k) in cells([groups, rows, columns]) {
        let weight = ((g * 31 + n * 7 + k * 3) % 255) as i32 - 127;
        let panel = (g * padded_rows + n) / 16 * padded_columns * 16;
        data[panel + k / 4 * 64 + n % 16 * 4 + k % 4] = weight as i8;
        scales[g * padded_rows + n] = 0.01 * (n + 1) as f32;
        sums[g * padded_rows + n] += weight;
    }
    (data, scales, sums)
}

/// A small int4 matrix, likewise: codes, multipliers, scales, sums.
pub fn panels_i4([groups, rows, columns]: [usize; 3]) -> (Vec<u8>, Vec<u8>, Vec<f32>, Vec<i32>) {
    let (padded_rows, padded_columns) = (rows.next_multiple_of(16), columns.next_multiple_of(32));
    let mut codes = vec![0x88; groups * padded_rows * padded_columns / 2];
    let mut multipliers = vec![0; groups * padded_rows * padded_columns / 32];
    let (mut scales, mut sums) = (vec![0.0; groups * padded_rows], vec![0; groups * padded_rows]);
    for (g, n, k) in cells([groups, rows, columns]) {
        let (code, multiplier) = ((g * 5 + n * 7 + k * 3) % 16, (g + n + k / 32) % 16);
        let panel = (g * padded_rows + n) / 16;
        let byte = &mut codes[panel * padded_columns * 8 + k / 8 * 64 + n % 16 * 4 + k % 4];
        *byte = if k / 4 % 2 == 0 { *byte & 0xf0 | code as u8 } else { *byte & 0x0f | (code as u8) << 4 };
        multipliers[panel * padded_columns / 2 + k / 32 * 16 + n % 16] = multiplier as u8;
        scales[g * padded_rows + n] = 0.01 * (n + 1) as f32;
        sums[g * padded_rows + n] += (code as i32 - 8) * multiplier as i32;
    }
    (codes, multipliers, scales, sums)
}

/// The same in f32.
pub fn panels_f32([groups, rows, columns]: [usize; 3]) -> Vec<f32> {
    let padded_rows = rows.next_multiple_of(16);
    let mut data = vec![0.0; groups * padded_rows * columns];
    for (g, n, k) in cells([groups, rows, columns]) {
        data[(g * padded_rows + n) / 16 * columns * 16 + k * 16 + n % 16] = (g + n) as f32 - 0.5 * k as f32;
    }
    data
}

fn cells([groups, rows, columns]: [usize; 3]) -> impl Iterator<Item = (usize, usize, usize)> {
    (0..groups).flat_map(move |g| (0..rows).flat_map(move |n| (0..columns).map(move |k| (g, n, k))))
}

/// A model with tensors of every packing, and matrices whose padding is neither nothing nor all: 17 rows and columns in
/// two groups.
pub fn model() -> Header {
    let encoder = EncoderConfig {
        stem: vec![ConvShape { dim: 3, kernel: 4, stride: 2 }],
        hidden_size: 34,
        num_layers: 1,
        num_heads: 2,
        intermediate_size: 5,
        positional_kernel: 1,
        ..forge::encoder()
    };
    Header { encoder, ..header() }
}

/// Adds a tensor that fits `spec`.
pub fn add(writer: &mut Writer<'_>, spec: &TensorSpec, precision: Precision) {
    let (name, shape) = (spec.name.clone(), spec.shape.iter().map(|&size| size as usize));
    let packing = spec.role.packing(precision);
    if packing == Packing::DenseF32 {
        let elements: Vec<f32> = (0..shape.product()).map(|i| i as f32 / 4.0 - 2.0).collect();
        return writer.add_dense(name, &spec.shape, elements).expect("valid");
    }
    let sizes: [usize; 3] = shape.collect::<Vec<_>>().try_into().expect("a matrix");
    let shape = sizes.map(|size| size as u64);
    if packing == Packing::PanelsI4 {
        let (codes, multipliers, scales, sums) = panels_i4(sizes);
        writer.add_panels_i4(name, shape, codes, multipliers, scales, sums).expect("valid");
    } else if packing == Packing::PanelsI8 {
        let (data, scales, sums) = panels_i8(sizes);
        writer.add_panels_i8(name, shape, data, scales, sums).expect("valid");
    } else {
        writer.add_panels_f32(name, shape, panels_f32(sizes)).expect("valid");
    }
}

/// A writer that has been given every tensor of the header's model.
pub fn complete(header: Header, conv_bias: bool) -> Writer<'static> {
    let schema = Schema::new(&header.encoder, &header.heads, conv_bias).expect("valid");
    let precision = header.precision;
    let mut writer = Writer::new(header).expect("valid");
    schema.tensors().iter().for_each(|spec| add(&mut writer, spec, precision));
    writer
}

/// The file of [`model`]: dense [`DENSE`], f32 panels [`EXACT`], int8 panels [`MATRIX`] and others.
pub fn writer() -> Writer<'static> {
    complete(model(), false)
}

/// The same model in int4, which has [`LINEAR`].
pub fn writer_int4() -> Writer<'static> {
    complete(Header { precision: Precision::Int4, ..model() }, false)
}

/// A matrix of [`model`] that is int4 in a file of that precision, of `[1, 34, 5]`.
pub const LINEAR: &str = "layers.0.feed_forward.down.weight";
/// A dense tensor of [`model`], of 34 elements.
pub const DENSE: &str = "positional.bias";
/// A matrix of [`model`] that is f32 whatever the precision, of `[1, 8, 17]`.
pub const EXACT: &str = "layers.0.attention.gate.weight";
/// A matrix of [`model`], of `[2, 17, 17]`.
pub const MATRIX: &str = "positional.weight";

#[test]
fn tensors_come_back_as_they_were_added() {
    let file = Arc::new(ModelFile::from_bytes(writer().to_bytes().unwrap()).unwrap());
    file.verify().unwrap();

    let dense = file.tensor(DENSE).unwrap();
    assert_eq!((dense.name(), dense.shape()), (DENSE, &[34][..]));
    assert_eq!(dense.dense().unwrap()[..3], [-2.0, -1.75, -1.5]);
    assert_eq!(dense.finite().unwrap(), dense.dense().unwrap());

    let tensor = file.tensor(EXACT).unwrap();
    let view = tensor.panels_f32().unwrap();
    assert_eq!((view.groups, view.rows, view.columns), (1, 8, 17));
    assert_eq!(view.data, panels_f32([1, 8, 17]));

    let (data, scales, sums) = panels_i8([2, 17, 17]);
    let tensor = file.tensor(MATRIX).unwrap();
    let view = tensor.panels_i8().unwrap();
    assert_eq!((view.groups, view.rows, view.columns), (2, 17, 17));
    assert_eq!((view.data, view.scales, view.sums), (&data[..], &scales[..], &sums[..]));
}

#[test]
fn int4_tensors_come_back_as_they_were_added() {
    let file = Arc::new(ModelFile::from_bytes(writer_int4().to_bytes().unwrap()).unwrap());
    file.verify().unwrap();
    let (codes, multipliers, scales, sums) = panels_i4([1, 34, 5]);
    let tensor = file.tensor(LINEAR).unwrap();
    let view = tensor.panels_i4().unwrap();
    assert_eq!((view.groups, view.rows, view.columns), (1, 34, 5));
    assert_eq!((view.codes, view.multipliers), (&codes[..], &multipliers[..]));
    assert_eq!((view.scales, view.sums), (&scales[..], &sums[..]));
    // Convolutions stay in int8.
    assert!(file.tensor(MATRIX).unwrap().panels_i8().is_ok());
    assert!(file.tensor(LINEAR).unwrap().panels_i8().is_err());
}

#[test]
fn tensors_lie_on_the_grid_in_the_order_of_adding() {
    let file = ModelFile::from_bytes(writer().to_bytes().unwrap()).unwrap();
    let table = &file.header().tensors;
    let names: Vec<_> = table.iter().map(|entry| entry.name.as_str()).collect();
    let listed: Vec<_> = file.schema().tensors().iter().map(|spec| spec.name.as_str()).collect();
    assert_eq!(names, listed);
    let mut end = FIRST as u64;
    for entry in table {
        assert_eq!(entry.offset, end.next_multiple_of(64), "{}", entry.name);
        end = entry.offset + entry.length;
    }
    assert_eq!(file.len() as u64, end);
    let length = |name: &str| table.iter().find(|entry| entry.name == name).map(|entry| entry.length);
    assert_eq!(length(DENSE), Some(34 * 4));
    assert_eq!(length(EXACT), Some(16 * 17 * 4));
    assert_eq!(length(MATRIX), Some(2 * 32 * 32 + 256 + 2 * 32 * 8));
}

#[test]
fn a_long_header_moves_the_tensors_to_the_next_page() {
    // Just beyond 64 KiB with the first offsets tried, so that placing has to be repeated.
    let long = Header { source: "s".repeat(65_600 - forge::complete(&model()).len() * 30), ..model() };
    let file = ModelFile::from_bytes(complete(long, false).to_bytes().unwrap()).unwrap();
    assert_eq!(file.header().tensors[0].offset, 2 * FIRST as u64);
    file.verify().unwrap();
}

#[test]
fn a_header_of_any_length_around_the_page_border_opens() {
    let rest = encode(&Header { tensors: forge::complete(&model()), ..model() }).len();
    let mut first = Vec::new();
    for length in FIRST - rest - 200..FIRST - rest + 40 {
        let header = Header { source: "s".repeat(length), ..model() };
        let file = ModelFile::from_bytes(complete(header, false).to_bytes().unwrap()).unwrap();
        file.verify().unwrap();
        first.push(file.header().tensors[0].offset);
    }
    first.dedup();
    assert_eq!(first, [FIRST as u64, 2 * FIRST as u64]);
}

#[test]
fn tensors_can_be_lent_to_the_writer() {
    let elements = vec![0.25; 34];
    let mut writer = Writer::new(model()).unwrap();
    for spec in model().schema().unwrap().tensors() {
        match spec.name.as_str() {
            "encoder_norm.weight" => writer.add_dense("encoder_norm.weight", &[34], &elements).unwrap(),
            DENSE => writer.add_dense(DENSE, &[34], Cow::Owned(elements.clone())).unwrap(),
            _ => add(&mut writer, spec, model().precision),
        }
    }
    let file = Arc::new(ModelFile::from_bytes(writer.to_bytes().unwrap()).unwrap());
    assert_eq!(file.tensor("encoder_norm.weight").unwrap().dense(), file.tensor(DENSE).unwrap().dense());
}

#[test]
fn the_report_is_part_of_the_header() {
    let agreement = Agreement { tensor: "logits".to_owned(), cosine: 0.9997, max_abs: 0.1, max_rel: 0.01 };
    let report = ExportReport { seconds: 12.5, tensors: vec![agreement] };
    let mut writer = writer();
    writer.set_report(report.clone());
    let file = ModelFile::from_bytes(writer.to_bytes().unwrap()).unwrap();
    assert_eq!(file.header().report, Some(report));
}

#[test]
fn references_are_equal_if_they_mean_the_same_bytes() {
    let bytes = writer().to_bytes().unwrap();
    let file = Arc::new(ModelFile::from_bytes(bytes.clone()).unwrap());
    let other = Arc::new(ModelFile::from_bytes(bytes).unwrap());
    let bias = file.tensor(DENSE).unwrap();
    assert_eq!(bias, file.tensor(DENSE).unwrap());
    assert_eq!(bias, bias.clone());
    assert_ne!(bias, file.tensor(MATRIX).unwrap());
    assert_ne!(bias, other.tensor(DENSE).unwrap());
    assert_eq!(format!("{bias:?}"), "positional.bias DenseF32 [34]");
}

#[test]
fn asking_for_the_wrong_tensor_is_an_error() {
    let file = Arc::new(ModelFile::from_bytes(writer().to_bytes().unwrap()).unwrap());
    assert!(file.has(DENSE) && !file.has("positional.bia") && !file.has(""));
    let message = |error: TensorError| error.to_string();
    assert_eq!(message(file.tensor("missing").unwrap_err()), "model has no tensor missing");
    let bias = file.tensor(DENSE).unwrap();
    assert_eq!(
        message(bias.panels_i8().unwrap_err()),
        "tensor positional.bias is DenseF32, expected PanelsI8"
    );
    assert_eq!(
        message(bias.panels_f32().unwrap_err()),
        "tensor positional.bias is DenseF32, expected PanelsF32"
    );
    let weight = file.tensor(MATRIX).unwrap();
    assert_eq!(
        message(weight.dense().unwrap_err()),
        "tensor positional.weight is PanelsI8, expected DenseF32"
    );
}

#[test]
fn the_writer_refuses_what_no_reader_would_accept() {
    let message = |result: Result<(), WriteError>| result.unwrap_err().to_string();
    assert_eq!(
        Writer::new(forge::full_header()).unwrap_err().to_string(),
        "header lists 3 tensors before any was added"
    );
    let mut writer = writer();
    assert_eq!(
        message(writer.add_dense("d", &[2, 2], vec![0.0; 3])),
        "tensor d: data has 3 elements, expected 4 for shape [2, 2]"
    );
    assert_eq!(
        message(writer.add_dense("d", &[0], vec![])),
        "tensor d: shape [0] as DenseF32: dimension 0 is zero"
    );
    assert_eq!(
        message(writer.add_dense("d", &[2], vec![0.0, f32::NAN])),
        "tensor d: element 1 is NaN, expected a finite number"
    );
    let mut padding = panels_f32([1, 3, 2]);
    padding[16 + 3] = 1.0;
    assert_eq!(
        message(writer.add_panels_f32("p", [1, 3, 2], padding)),
        "tensor p: element 19 of the panels is padding and not 0"
    );
    let (data, scales, sums) = panels_i8([1, 1, 1]);
    assert_eq!(
        message(writer.add_panels_i8("w", [1, 1, 1], data, &scales[1..], sums)),
        "tensor w: scales has 15 elements, expected 16 for shape [1, 1, 1]".to_owned()
    );
    writer.add_dense(DENSE, &[34], vec![0.0; 34]).unwrap();
    assert_eq!(writer.to_bytes().unwrap_err().to_string(), "two tensors are named positional.bias");
}

/// The header as version 2 has it: without what sets layers apart.
fn encode_version_2(header: &Header) -> Vec<u8> {
    let encoder = EncoderConfig { stem_scale: true, ..header.encoder.clone() };
    let (mut encoded, other) = (encode(header), encode(&Header { encoder, ..header.clone() }));
    let stem_scale = encoded.iter().zip(&other).position(|(a, b)| a != b).expect("a difference");
    assert_eq!(encoded.drain(stem_scale..stem_scale + 2).as_slice(), [0, 0]);
    encoded
}

/// A header with a decision of one threshold, 0.625.
fn header_with_a_decision() -> Header {
    let decision = Decision {
        threshold: 0.625,
        lower_threshold: None,
        text_dependent_threshold: None,
        window_s: 1.0,
        hop_s: 0.25,
        smoothing_windows: 3,
        refractory_s: 1.0,
        confirmation: None,
    };
    let mut header = header();
    header.heads = vec![Head { decision: Some(decision), ..forge::sequence("words") }];
    header.tensors = forge::complete(&header);
    header
}

/// Where the first threshold of that header's decision ends in its bytes. Behind it are two that are `None`, 13 bytes of
/// numbers, and `None` again.
fn behind_the_threshold(encoded: &[u8]) -> usize {
    let threshold = encoded.windows(6).position(|bytes| bytes == [0x00, 0x00, 0x20, 0x3f, 0x00, 0x00]);
    threshold.expect("the threshold") + 4
}

/// That header's bytes without what a likely keyword must withstand.
fn remove_confirmation(encoded: &mut Vec<u8>) {
    let confirmation = behind_the_threshold(encoded) + 2 + 13;
    assert_eq!(encoded.remove(confirmation), 0);
}

/// The same without so many of the two thresholds behind the first, each a byte of `None`.
fn remove_thresholds(encoded: &mut Vec<u8>, count: usize) {
    remove_confirmation(encoded);
    let behind = behind_the_threshold(encoded);
    encoded.drain(behind..behind + count);
}

fn opened(encoded: &[u8], version: u8, header: &Header) -> Header {
    let mut file = forge::seal(encoded, forge::end_of(&header.tensors));
    file[8] = version;
    ModelFile::from_bytes(file).expect("a file of an earlier version").header().clone()
}

#[test]
fn a_file_of_version_4_opens_without_a_confirmation() {
    let header = header_with_a_decision();
    let mut encoded = encode(&header);
    remove_confirmation(&mut encoded);
    assert_eq!(opened(&encoded, 4, &header), header);
}

#[test]
fn a_file_of_version_3_opens_without_a_text_dependent_threshold() {
    let header = header_with_a_decision();
    let mut encoded = encode(&header);
    remove_thresholds(&mut encoded, 1);
    assert_eq!(opened(&encoded, 3, &header), header);
}

#[test]
fn a_file_of_version_2_opens_with_layers_that_are_alike() {
    let header = header_with_a_decision();
    let mut encoded = encode_version_2(&header);
    remove_thresholds(&mut encoded, 1);
    assert_eq!(opened(&encoded, 2, &header), header);
}

#[test]
fn a_file_of_version_1_opens_without_a_lower_threshold() {
    let header = header_with_a_decision();
    let mut encoded = encode_version_2(&header);
    remove_thresholds(&mut encoded, 2);
    assert_eq!(opened(&encoded, 1, &header), header);
}
