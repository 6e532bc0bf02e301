//! One test per refusal of `SPEC.md`, by the exact message.

use wavlm_format::*;

use crate::forge::{self, FIRST, dense, encode, file, full_header, header, seal, table, with_table};

/// The bytes are refused with this variant and message.
macro_rules! refused {
    ($bytes:expr, $variant:pat, $message:expr) => {
        let error = ModelFile::from_bytes($bytes).expect_err("must be refused");
        assert!(matches!(error, $variant), "{error:?}");
        assert_eq!(error.to_string(), $message);
    };
}

#[test]
fn the_forged_file_has_nothing_wrong_but_its_tensors() {
    let message = "tensor stem.0.conv.weight of shape [1, 8, 10] is missing; export the model again";
    refused!(file(), FormatError::MissingTensor { .. }, message);
}

#[test]
fn other_files_are_refused() {
    let message = "not a .wlm model: does not start with its 8 magic bytes";
    refused!(vec![], FormatError::Magic, message);
    refused!(b"\x89WLM\r\n\x1a".to_vec(), FormatError::Magic, message);
    refused!(b"\x89WLM\n\x1a\n\x01\x00\x00\x00".to_vec(), FormatError::Magic, message);
    refused!(vec![0; FIRST], FormatError::Magic, message);
}

#[test]
fn other_versions_are_refused() {
    let mut bytes = file();
    bytes[8..10].copy_from_slice(&513u16.to_le_bytes());
    refused!(bytes, FormatError::Version { found: 513 }, "format version 513; this build reads 1 to 5");
}

#[test]
fn reserved_bytes_in_use_are_refused() {
    let mut bytes = file();
    bytes[10] = 7;
    refused!(bytes, FormatError::Reserved { found: 7 }, "reserved bytes at 10 hold 7, expected 0");
}

#[test]
fn a_header_beyond_the_limit_is_refused() {
    let mut bytes = file();
    bytes[12..16].copy_from_slice(&u32::MAX.to_le_bytes());
    let message = "header of 4294967295 bytes; at most 1048576 are allowed";
    refused!(bytes, FormatError::HeaderTooLong { .. }, message);
}

#[test]
fn a_file_that_ends_inside_the_header_is_refused() {
    let needed = 16 + encode(&full_header()).len() + 4;
    for length in [8, 15, 16, 17, needed - 5, needed - 4, needed - 1] {
        let error = ModelFile::from_bytes(file()[..length].to_vec()).unwrap_err();
        assert!(matches!(error, FormatError::HeaderTooShort { .. }), "{length}: {error:?}");
    }
    let message = format!("file ends at byte 100, inside the header, which needs {needed} bytes");
    refused!(file()[..100].to_vec(), FormatError::HeaderTooShort { .. }, message);
}

#[test]
fn a_damaged_header_is_refused() {
    let mut bytes = file();
    bytes[20] ^= 1;
    let header = forge::header_of(&bytes);
    let (found, expected) = (crc32fast::hash(header), crc32fast::hash(forge::header_of(&file())));
    let message = format!("header checksum is {found:08x}, expected {expected:08x}: the file is damaged");
    refused!(bytes, FormatError::HeaderChecksum { .. }, message);
}

#[test]
fn a_header_that_is_not_postcard_is_refused() {
    let encoded = encode(&full_header());
    refused!(
        seal(&encoded[..10], FIRST),
        FormatError::Malformed { at: 26, .. },
        "header cannot be decoded past byte 26 of the file: Hit the end of buffer, expected more data"
    );
    // A sequence that claims 2^28 elements.
    refused!(
        seal(&[0xff, 0xff, 0xff, 0x7f], FIRST),
        FormatError::Malformed { at: 20, cause: postcard::Error::DeserializeUnexpectedEnd },
        "header cannot be decoded past byte 20 of the file: Hit the end of buffer, expected more data"
    );
    refused!(
        seal(&[0xff; 12], FIRST),
        FormatError::Malformed { cause: postcard::Error::DeserializeBadVarint, .. },
        "header cannot be decoded past byte 26 of the file: Found a varint that didn't terminate. Is the usize too \
         big for this platform?"
    );
}

#[test]
fn an_unknown_enum_value_is_refused() {
    let int8 = encode(&full_header());
    let f32 = encode(&Header { precision: Precision::F32, ..full_header() });
    let place = int8.iter().zip(&f32).position(|(a, b)| a != b).unwrap();
    let mut bytes = int8;
    bytes[place] = 9;
    let at = 16 + place + 1;
    refused!(
        seal(&bytes, file().len()),
        FormatError::UnknownValue { .. },
        format!("header holds an unknown enum value before byte {at} of the file")
    );
}

#[test]
fn bytes_behind_the_last_field_are_refused() {
    let mut encoded = encode(&full_header());
    encoded.extend([0, 0, 0]);
    let bytes = seal(&encoded, file().len());
    refused!(bytes, FormatError::HeaderTrailing { count: 3 }, "3 bytes follow the last field of the header");
}

#[test]
fn an_impossible_configuration_is_refused() {
    let mut broken = full_header();
    broken.encoder.num_heads = 3;
    refused!(
        seal(&encode(&broken), file().len()),
        FormatError::Config(ConfigError::Indivisible { .. }),
        "invalid configuration: num_heads is 3, which does not divide hidden_size = 16"
    );
}

#[test]
fn too_many_tensors_are_refused() {
    let tensors = (0..=limits::MAX_TENSORS as u64).map(|i| dense(&i.to_string(), 64 * i, 1)).collect();
    refused!(
        with_table(tensors, 8 * FIRST),
        FormatError::TooManyTensors { count: 16385 },
        "16385 tensors; at most 16384 are allowed"
    );
}

/// The table of a valid file with one entry changed.
fn changed(index: usize, change: impl FnOnce(&mut TensorEntry)) -> Vec<u8> {
    let mut tensors = table();
    change(&mut tensors[index]);
    with_table(tensors, file().len())
}

#[test]
fn an_empty_name_is_refused() {
    let bytes = changed(1, |tensor| tensor.name.clear());
    refused!(bytes, FormatError::EmptyName { index: 1 }, "tensor 1 has an empty name");
}

#[test]
fn a_long_name_is_refused() {
    let bytes = changed(1, |tensor| tensor.name = "n".repeat(129));
    let message = "name of tensor 1 has 129 bytes; at most 128 are allowed";
    refused!(bytes, FormatError::NameTooLong { index: 1, length: 129 }, message);
}

#[test]
fn a_name_that_could_break_a_terminal_is_refused_on_one_line() {
    let bytes = changed(1, |tensor| tensor.name = "a\u{1b}[2J\n".to_owned());
    refused!(
        bytes,
        FormatError::NameCharacters { index: 1, .. },
        r#"name of tensor 1 is "a\u{1b}[2J\n"; only ASCII letters, digits, '.', '_' and '-' are allowed"#
    );
}

#[test]
fn two_tensors_of_one_name_are_refused() {
    let bytes = changed(2, |tensor| tensor.name = "a".to_owned());
    refused!(bytes, FormatError::DuplicateName { .. }, "two tensors are named a");
}

#[test]
fn impossible_shapes_are_refused() {
    let bytes = changed(1, |tensor| tensor.packing = Packing::PanelsI8);
    refused!(
        bytes,
        FormatError::Shape { cause: ShapeError::Rank { .. }, .. },
        "tensor b: shape [16] as PanelsI8: 1 dimensions, expected 3: groups, rows, columns"
    );
    let bytes = changed(1, |tensor| tensor.shape = vec![16, 0]);
    refused!(
        bytes,
        FormatError::Shape { cause: ShapeError::Zero { .. }, .. },
        "tensor b: shape [16, 0] as DenseF32: dimension 1 is zero"
    );
    let bytes = changed(1, |tensor| tensor.shape = vec![1 << 62, 4]);
    refused!(
        bytes,
        FormatError::Shape { cause: ShapeError::Overflow, .. },
        "tensor b: shape [4611686018427387904, 4] as DenseF32: length does not fit 64 bits"
    );
}

#[test]
fn a_length_that_contradicts_the_shape_is_refused() {
    let bytes = changed(1, |tensor| tensor.shape = vec![17]);
    let message = "tensor b: 64 bytes, expected 68 for DenseF32 [17]";
    refused!(bytes, FormatError::Length { .. }, message);
}

#[test]
fn an_unaligned_tensor_is_refused() {
    let bytes = changed(1, |tensor| tensor.offset += 4);
    let message = "tensor b starts at byte 65604, expected a multiple of 64";
    refused!(bytes, FormatError::Unaligned { .. }, message);
}

#[test]
fn an_offset_that_overflows_is_refused() {
    let bytes = changed(2, |tensor| tensor.offset = u64::MAX - 63);
    let message = "tensor c: 80 bytes from byte 18446744073709551552 do not fit 64 bits";
    refused!(bytes, FormatError::OffsetOverflow { .. }, message);
}

#[test]
fn an_unsorted_table_is_refused() {
    let mut tensors = table();
    tensors.swap(0, 1);
    tensors[0].offset = FIRST as u64;
    tensors[1].offset = FIRST as u64 - 64;
    let message = "tensor a starts at byte 65472, before its predecessor in the table at byte 65536";
    refused!(with_table(tensors, file().len()), FormatError::Unsorted { .. }, message);
}

#[test]
fn overlap_is_refused() {
    let mut tensors = table();
    tensors[1] = dense("b", FIRST as u64 + 64, 17);
    let message = "tensor c starts at byte 65664, inside what ends at byte 65668";
    refused!(with_table(tensors, file().len()), FormatError::Overlap { .. }, message);
}

#[test]
fn a_tensor_inside_the_header_is_refused() {
    let bytes = changed(0, |tensor| tensor.offset = 0);
    let message = "tensor a starts at byte 0, inside what ends at byte 65536";
    refused!(bytes, FormatError::Overlap { .. }, message);
}

#[test]
fn a_hole_is_refused() {
    let mut tensors = table();
    tensors.remove(1);
    let message = "tensor c starts at byte 65664, expected 65600: a hole lies before it";
    refused!(with_table(tensors, file().len()), FormatError::Hole { .. }, message);
}

#[test]
fn a_hole_behind_the_header_is_refused() {
    let tensors = table().split_off(1);
    let message = "tensor b starts at byte 65600, expected 65536: a hole lies before it";
    refused!(with_table(tensors, file().len()), FormatError::Hole { .. }, message);
}

#[test]
fn an_incomplete_file_is_refused() {
    let mut bytes = file();
    bytes.pop();
    let message = "tensor c ends at byte 65744, the file at 65743: the file is incomplete";
    refused!(bytes, FormatError::PastEnd { .. }, message);
    let message = "file ends at byte 65535, expected 65536: the file is incomplete";
    refused!(seal(&encode(&header()), FIRST - 1), FormatError::Incomplete { .. }, message);
}

#[test]
fn bytes_behind_the_last_tensor_are_refused() {
    let mut bytes = file();
    bytes.extend([0, 0]);
    let message = "2 bytes follow the last tensor, which ends at byte 65744";
    refused!(bytes, FormatError::Trailing { .. }, message);
}
