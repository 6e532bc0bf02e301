//! What is written is what is read: tensors of every packing, and the places they land in.

use std::borrow::Cow;
use std::sync::Arc;

use wavlm_format::*;

use crate::forge::{self, FIRST, header};

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

/// A file with a tensor of each packing: dense `bias`, f32 `f32.weight`, int8 `i8.weight`.
pub fn writer() -> Writer<'static> {
    let mut writer = Writer::new(header()).expect("valid");
    let (data, scales, sums) = panels_i8([2, 17, 5]);
    writer.add_dense("bias", &[3], vec![1.0, -2.0, 0.25]).expect("valid");
    writer.add_panels_i8("i8.weight", [2, 17, 5], data, scales, sums).expect("valid");
    writer.add_panels_f32("f32.weight", [2, 17, 5], panels_f32([2, 17, 5])).expect("valid");
    writer
}

#[test]
fn tensors_come_back_as_they_were_added() {
    let file = Arc::new(ModelFile::from_vec(writer().to_bytes().unwrap()).unwrap());
    file.verify().unwrap();

    let bias = file.tensor("bias").unwrap();
    assert_eq!((bias.name(), bias.shape()), ("bias", &[3][..]));
    assert_eq!(bias.dense().unwrap(), [1.0, -2.0, 0.25]);
    assert_eq!(bias.finite().unwrap(), [1.0, -2.0, 0.25]);

    let tensor = file.tensor("f32.weight").unwrap();
    let view = tensor.panels_f32().unwrap();
    assert_eq!((view.groups, view.rows, view.columns), (2, 17, 5));
    assert_eq!(view.data, panels_f32([2, 17, 5]));

    let (data, scales, sums) = panels_i8([2, 17, 5]);
    let tensor = file.tensor("i8.weight").unwrap();
    let view = tensor.panels_i8().unwrap();
    assert_eq!((view.groups, view.rows, view.columns), (2, 17, 5));
    assert_eq!((view.data, view.scales, view.sums), (&data[..], &scales[..], &sums[..]));
}

#[test]
fn tensors_lie_on_the_grid_in_the_order_of_adding() {
    let file = ModelFile::from_vec(writer().to_bytes().unwrap()).unwrap();
    let places: Vec<_> =
        file.header().tensors.iter().map(|t| (t.name.as_str(), t.offset, t.length)).collect();
    let first = FIRST as u64;
    let int8 = 2 * 32 * 16 + 256 + 2 * 32 * 8;
    let f32 = 2 * 32 * 5 * 4;
    assert_eq!(
        places,
        [("bias", first, 12), ("i8.weight", first + 64, int8), ("f32.weight", first + 64 + int8, f32)]
    );
    assert_eq!(file.len() as u64, first + 64 + int8 + f32);
}

#[test]
fn a_long_header_moves_the_tensors_to_the_next_page() {
    let mut long = header();
    // Just beyond 64 KiB with the first offsets tried, so that placing has to be repeated.
    long.source = "s".repeat(65_600);
    let mut writer = Writer::new(long).unwrap();
    writer.add_dense("a", &[1], vec![1.0]).unwrap();
    let file = ModelFile::from_vec(writer.to_bytes().unwrap()).unwrap();
    assert_eq!(file.header().tensors[0].offset, 2 * FIRST as u64);
    file.verify().unwrap();
}

#[test]
fn a_header_of_any_length_around_the_page_border_opens() {
    for length in FIRST - 140..FIRST - 60 {
        let mut writer = Writer::new(Header { source: "s".repeat(length), ..header() }).unwrap();
        writer.add_dense("a", &[1], vec![1.0]).unwrap();
        ModelFile::from_vec(writer.to_bytes().unwrap()).unwrap().verify().unwrap();
    }
}

#[test]
fn tensors_can_be_lent_to_the_writer() {
    let elements = [1.0, 2.0];
    let mut writer = Writer::new(header()).unwrap();
    writer.add_dense("lent", &[2], &elements).unwrap();
    writer.add_dense("given", &[2], Cow::Owned(elements.to_vec())).unwrap();
    let file = Arc::new(ModelFile::from_vec(writer.to_bytes().unwrap()).unwrap());
    assert_eq!(file.tensor("lent").unwrap().dense(), file.tensor("given").unwrap().dense());
}

#[test]
fn the_report_is_part_of_the_header() {
    let agreement = Agreement { tensor: "logits".to_owned(), cosine: 0.9997, max_abs: 0.1, max_rel: 0.01 };
    let report = ExportReport { seconds: 12.5, tensors: vec![agreement] };
    let mut writer = writer();
    writer.set_report(report.clone());
    let file = ModelFile::from_vec(writer.to_bytes().unwrap()).unwrap();
    assert_eq!(file.header().report, Some(report));
}

#[test]
fn references_are_equal_if_they_mean_the_same_bytes() {
    let bytes = writer().to_bytes().unwrap();
    let file = Arc::new(ModelFile::from_vec(bytes.clone()).unwrap());
    let other = Arc::new(ModelFile::from_vec(bytes).unwrap());
    let bias = file.tensor("bias").unwrap();
    assert_eq!(bias, file.tensor("bias").unwrap());
    assert_eq!(bias, bias.clone());
    assert_ne!(bias, file.tensor("i8.weight").unwrap());
    assert_ne!(bias, other.tensor("bias").unwrap());
    assert_eq!(format!("{bias:?}"), "bias DenseF32 [3]");
}

#[test]
fn asking_for_the_wrong_tensor_is_an_error() {
    let file = Arc::new(ModelFile::from_vec(writer().to_bytes().unwrap()).unwrap());
    assert!(file.has("bias") && !file.has("bia") && !file.has(""));
    let message = |error: TensorError| error.to_string();
    assert_eq!(message(file.tensor("missing").unwrap_err()), "model has no tensor missing");
    let bias = file.tensor("bias").unwrap();
    assert_eq!(message(bias.panels_i8().unwrap_err()), "tensor bias is DenseF32, expected PanelsI8");
    assert_eq!(message(bias.panels_f32().unwrap_err()), "tensor bias is DenseF32, expected PanelsF32");
    let weight = file.tensor("i8.weight").unwrap();
    assert_eq!(message(weight.dense().unwrap_err()), "tensor i8.weight is PanelsI8, expected DenseF32");
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
    writer.add_dense("bias", &[1], vec![0.0]).unwrap();
    assert_eq!(writer.to_bytes().unwrap_err().to_string(), "two tensors are named bias");
}
