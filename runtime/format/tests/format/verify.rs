//! What only reading every byte can find.

use std::sync::Arc;

use wavlm_format::*;

use crate::forge::FIRST;
use crate::round_trip::{DENSE, LINEAR, MATRIX, model, panels_i8, writer, writer_int4};

/// Panels, padding behind them and scales of [`MATRIX`], `[2, 17, 17]`.
const PANELS: usize = 2 * 32 * 32;
const PADDING_BEHIND_PANELS: usize = 256;
const SCALES: usize = 2 * 32 * 4;

/// Where a tensor starts in [`writer`]'s file.
fn place(name: &str) -> usize {
    let table = crate::forge::complete(&model());
    table.iter().find(|entry| entry.name == name).expect("a tensor of that name").offset as usize
}

/// The file with one change to its tensors, and the checksums that go with it.
fn altered(change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    altered_of(&writer(), change)
}

fn altered_of(writer: &Writer<'_>, change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut bytes = writer.to_bytes().expect("valid");
    change(&mut bytes);
    let mut header = ModelFile::from_bytes(bytes.clone()).expect("the header is unchanged").header().clone();
    for tensor in &mut header.tensors {
        tensor.crc32 = crc32fast::hash(&bytes[tensor.offset as usize..][..tensor.length as usize]);
    }
    let encoded = crate::forge::encode(&header);
    let prefix = crate::forge::seal(&encoded, 16 + encoded.len() + 4);
    bytes[prefix.len()..200 + prefix.len()].fill(0);
    bytes[..prefix.len()].copy_from_slice(&prefix);
    bytes
}

fn refusal(change: impl FnOnce(&mut [u8])) -> String {
    let file = ModelFile::from_bytes(altered(change)).expect("opens");
    file.verify().expect_err("must be refused").to_string()
}

#[test]
fn an_unchanged_file_verifies() {
    ModelFile::from_bytes(altered(|_| {})).unwrap().verify().unwrap();
}

#[test]
fn damage_is_found_by_the_checksum() {
    let mut bytes = writer().to_bytes().unwrap();
    bytes[place(MATRIX) + 70] ^= 0x10;
    let file = ModelFile::from_bytes(bytes).unwrap();
    let error = file.verify().unwrap_err();
    assert!(matches!(&error, VerifyError::Checksum { name, .. } if name == MATRIX), "{error}");
    let entry = file.header().tensors.iter().find(|entry| entry.name == MATRIX).unwrap();
    let end = format!("expected {:08x}: the file is damaged", entry.crc32);
    assert!(error.to_string().ends_with(&end), "{error}");
}

#[test]
fn padding_must_be_zero() {
    assert_eq!(refusal(|file| file[FIRST - 1] = 3), "padding byte 65535 is 3, expected 0");
    // 34 elements of 4 bytes, then 56 bytes up to the next multiple of 64.
    let behind = place(DENSE) + 34 * 4;
    assert_eq!(refusal(|file| file[behind] = 4), format!("padding byte {behind} is 4, expected 0"));
}

#[test]
fn the_bytes_behind_panels_must_be_zero() {
    let last = place(MATRIX) + PANELS + PADDING_BEHIND_PANELS - 1;
    let message = "tensor positional.weight: byte 255 behind the panels is not 0";
    assert_eq!(refusal(|file| file[last] = 1), message);
}

#[test]
fn panel_padding_must_be_zero() {
    let at = |element: usize| refusal(|file| file[place(MATRIX) + element] = 1);
    let message =
        |element| format!("tensor positional.weight: element {element} of the panels is padding and not 0");
    // Row 17 is the first padding row, in the second panel; column 17 the first padding column.
    assert_eq!(at(16 * 32 + 4), message(516));
    assert_eq!(at(4 * 64 + 1), message(257));
}

#[test]
fn weights_stay_within_127() {
    let message = "tensor positional.weight: element 0 of the panels is -128, expected -127 to 127";
    assert_eq!(refusal(|file| file[place(MATRIX)] = 0x80), message);
}

#[test]
fn sums_belong_to_their_rows() {
    let sums = place(MATRIX) + PANELS + PADDING_BEHIND_PANELS + SCALES;
    let message = refusal(|file| file[sums..sums + 4].copy_from_slice(&77i32.to_le_bytes()));
    let (_, _, expected) = panels_i8([2, 17, 17]);
    assert_eq!(message, format!("tensor positional.weight: sum of row 0 is 77, expected {}", expected[0]));
}

#[test]
fn int4_weights_stay_within_their_bits() {
    let writer = writer_int4();
    let file = ModelFile::from_bytes(writer.to_bytes().unwrap()).unwrap();
    let place = file.header().tensors.iter().find(|entry| entry.name == LINEAR).unwrap().offset as usize;
    // [1, 34, 5]: three panels of 32 columns.
    let (multipliers, sums) = (place + 3 * 16 * 16, place + 3 * 16 * 16 + 3 * 16 + 3 * 16 * 4);
    let refusal = |at: usize, value: u8| {
        let altered = altered_of(&writer, |file| file[at] = value);
        ModelFile::from_bytes(altered).expect("opens").verify().expect_err("must be refused").to_string()
    };
    assert!(refusal(multipliers + 3, 16).ends_with("multiplier 3 is 16, expected 0 to 15"));
    assert!(refusal(sums, 77).contains("sum of row 0"));
    // Column 8 of row 1 is padding; its multiplier is 1.
    assert!(refusal(place + 64 + 4, 0x89).contains("is padding and not 0"));
    // Any code of a padding row stands for zero, since its multiplier is 0.
    let altered = altered_of(&writer, |file| file[place + 2 * 256 + 2 * 4] = 0x12);
    ModelFile::from_bytes(altered).unwrap().verify().unwrap();
}

#[test]
fn elements_are_finite() {
    let second = place(DENSE) + 4;
    let nan = |file: &mut [u8]| file[second..second + 4].copy_from_slice(&f32::NAN.to_le_bytes());
    let message = "tensor positional.bias: element 1 is NaN, expected a finite number";
    assert_eq!(refusal(nan), message);
    let file = Arc::new(ModelFile::from_bytes(altered(nan)).unwrap());
    let bias = file.tensor(DENSE).unwrap();
    assert_eq!(bias.dense().unwrap().len(), 34);
    assert_eq!(bias.finite().unwrap_err().to_string(), message);
}

#[test]
fn scales_are_checked_whenever_they_are_read() {
    let third = place(MATRIX) + PANELS + PADDING_BEHIND_PANELS + 8;
    for (scale, shown) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf"), (-0.5, "-0.5")] {
        let set = |file: &mut [u8]| file[third..third + 4].copy_from_slice(&scale.to_le_bytes());
        let message = format!(
            "tensor positional.weight: scale of row 2 is {shown}, expected a finite number of at least 0"
        );
        assert_eq!(refusal(set), message);
        let file = Arc::new(ModelFile::from_bytes(altered(set)).unwrap());
        let error = file.tensor(MATRIX).unwrap().panels_i8().unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}
