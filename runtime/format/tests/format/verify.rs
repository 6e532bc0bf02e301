//! What only reading every byte can find.

use std::sync::Arc;

use wavlm_format::*;

use crate::forge::FIRST;
use crate::round_trip::writer;

/// Where the parts of `i8.weight` start in [`writer`]'s file.
const WEIGHT: usize = FIRST + 64;
const PADDING_BEHIND_PANELS: usize = WEIGHT + 2 * 32 * 16;
const SCALES: usize = PADDING_BEHIND_PANELS + 256;
const SUMS: usize = SCALES + 2 * 32 * 4;

/// The file with one change to its tensors, and the checksums that go with it.
fn altered(change: impl FnOnce(&mut [u8])) -> Vec<u8> {
    let mut bytes = writer().to_bytes().expect("valid");
    change(&mut bytes);
    let mut header = ModelFile::from_vec(bytes.clone()).expect("the header is unchanged").header().clone();
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
    let file = ModelFile::from_vec(altered(change)).expect("opens");
    file.verify().expect_err("must be refused").to_string()
}

#[test]
fn an_unchanged_file_verifies() {
    ModelFile::from_vec(altered(|_| {})).unwrap().verify().unwrap();
}

#[test]
fn damage_is_found_by_the_checksum() {
    let mut bytes = writer().to_bytes().unwrap();
    bytes[WEIGHT + 70] ^= 0x10;
    let file = ModelFile::from_vec(bytes).unwrap();
    let error = file.verify().unwrap_err();
    assert!(matches!(&error, VerifyError::Checksum { name, .. } if name == "i8.weight"), "{error}");
    let expected = file.header().tensors[1].crc32;
    assert!(error.to_string().ends_with(&format!("expected {expected:08x}: the file is damaged")), "{error}");
}

#[test]
fn padding_must_be_zero() {
    assert_eq!(refusal(|file| file[FIRST - 1] = 3), "padding byte 65535 is 3, expected 0");
    assert_eq!(refusal(|file| file[FIRST + 12] = 4), "padding byte 65548 is 4, expected 0");
}

#[test]
fn the_bytes_behind_panels_must_be_zero() {
    let message = "tensor i8.weight: byte 255 behind the panels is not 0";
    assert_eq!(refusal(|file| file[SCALES - 1] = 1), message);
}

#[test]
fn panel_padding_must_be_zero() {
    // Row 17 is the first padding row, in the second panel; column 5 the first padding column.
    let row = refusal(|file| file[WEIGHT + 16 * 16 + 4] = 1);
    assert_eq!(row, "tensor i8.weight: element 260 of the panels is padding and not 0");
    let column = refusal(|file| file[WEIGHT + 64 + 1] = 1);
    assert_eq!(column, "tensor i8.weight: element 65 of the panels is padding and not 0");
}

#[test]
fn weights_stay_within_127() {
    let message = "tensor i8.weight: element 0 of the panels is -128, expected -127 to 127";
    assert_eq!(refusal(|file| file[WEIGHT] = 0x80), message);
}

#[test]
fn sums_belong_to_their_rows() {
    let message = refusal(|file| file[SUMS..SUMS + 4].copy_from_slice(&77i32.to_le_bytes()));
    assert_eq!(message, "tensor i8.weight: sum of row 0 is 77, expected -605");
}

#[test]
fn elements_are_finite() {
    let nan = |file: &mut [u8]| file[FIRST + 4..FIRST + 8].copy_from_slice(&f32::NAN.to_le_bytes());
    assert_eq!(refusal(nan), "tensor bias: element 1 is NaN, expected a finite number");
    let file = Arc::new(ModelFile::from_vec(altered(nan)).unwrap());
    let bias = file.tensor("bias").unwrap();
    assert_eq!(bias.dense().unwrap().len(), 3);
    assert_eq!(
        bias.finite().unwrap_err().to_string(),
        "tensor bias: element 1 is NaN, expected a finite number"
    );
}

#[test]
fn scales_are_checked_whenever_they_are_read() {
    for (scale, shown) in [(f32::NAN, "NaN"), (f32::INFINITY, "inf"), (-0.5, "-0.5")] {
        let set = |file: &mut [u8]| file[SCALES + 8..SCALES + 12].copy_from_slice(&scale.to_le_bytes());
        let message =
            format!("tensor i8.weight: scale of row 2 is {shown}, expected a finite number of at least 0");
        assert_eq!(refusal(set), message);
        let file = Arc::new(ModelFile::from_vec(altered(set)).unwrap());
        let error = file.tensor("i8.weight").unwrap().panels_i8().unwrap_err();
        assert_eq!(error.to_string(), message);
    }
}
