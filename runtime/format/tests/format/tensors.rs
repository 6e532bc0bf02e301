//! The table against the schema of its model: one test per refusal, for the reader and for the writer.

use wavlm_format::*;

use crate::forge::{complete, encode, end_of, header, seal};
use crate::round_trip::{add, model};

/// What the reader makes of a model of zeros whose table was changed, with all places filled in anew.
fn opened(change: impl FnOnce(&mut Vec<TensorEntry>)) -> Result<ModelFile, FormatError> {
    let mut tensors = complete(&header());
    change(&mut tensors);
    let mut end = 65536;
    for entry in &mut tensors {
        entry.length = entry.packing.byte_length(&entry.shape).expect("a possible shape");
        entry.offset = u64::next_multiple_of(end, 64);
        end = entry.offset + entry.length;
    }
    let length = end_of(&tensors);
    ModelFile::from_bytes(seal(&encode(&Header { tensors, ..header() }), length))
}

/// The bytes of a model from which the writer was given other tensors.
fn written(change: impl FnOnce(&mut Vec<TensorSpec>)) -> Result<Vec<u8>, WriteError> {
    let mut tensors = model().schema().expect("valid").tensors().to_vec();
    change(&mut tensors);
    let mut writer = Writer::new(model())?;
    tensors.iter().for_each(|spec| add(&mut writer, spec, model().precision));
    writer.to_bytes()
}

fn place<T>(list: &[T], name: &str, name_of: impl Fn(&T) -> &str) -> usize {
    list.iter().position(|item| name_of(item) == name).expect("a tensor of that name")
}

fn entry<'a>(table: &'a mut [TensorEntry], name: &str) -> &'a mut TensorEntry {
    let place = place(table, name, |entry| &entry.name);
    &mut table[place]
}

fn spec<'a>(tensors: &'a mut [TensorSpec], name: &str) -> &'a mut TensorSpec {
    let place = place(tensors, name, |spec| &spec.name);
    &mut tensors[place]
}

#[test]
fn a_complete_table_is_accepted_in_any_order() {
    opened(|_| ()).unwrap();
    opened(|table| table.reverse()).unwrap();
    written(|_| ()).unwrap();
}

#[test]
fn every_missing_tensor_is_refused() {
    for spec in header().schema().unwrap().tensors() {
        let error = opened(|table| table.retain(|entry| entry.name != spec.name)).unwrap_err();
        assert!(matches!(&error, FormatError::MissingTensor { name, .. } if *name == spec.name), "{error}");
        let shape = &spec.shape;
        let message = format!("tensor {} of shape {shape:?} is missing; export the model again", spec.name);
        assert_eq!(error.to_string(), message);
    }
    let error = opened(|table| table.clear()).unwrap_err();
    assert!(matches!(error, FormatError::MissingTensor { .. }), "{error}");
    let error = written(|tensors| drop(tensors.remove(3))).unwrap_err();
    assert!(matches!(error, WriteError::Format(FormatError::MissingTensor { .. })), "{error}");
}

#[test]
fn a_tensor_too_many_is_refused() {
    let message = "tensor heads.other.output.bias belongs to no part of this model";
    let other = |shape| TensorSpec { name: "heads.other.output.bias".to_owned(), role: Role::Dense, shape };
    let error = opened(|table| {
        let last = table.last().expect("tensors").clone();
        table.insert(5, TensorEntry { name: other(vec![]).name, ..last });
    });
    let error = error.unwrap_err();
    assert!(matches!(error, FormatError::UnknownTensor { .. }), "{error}");
    assert_eq!(error.to_string(), message);
    let error = written(|tensors| tensors.push(other(vec![4]))).unwrap_err();
    assert_eq!(error.to_string(), message);
}

#[test]
fn a_tensor_of_another_shape_is_refused() {
    let message = "tensor layers.1.attention.out.weight has shape [1, 16, 17], the configuration asks for \
                   [1, 16, 16]; export the model again";
    let name = "layers.1.attention.out.weight";
    let error = opened(|table| entry(table, name).shape[2] = 17).unwrap_err();
    assert!(matches!(error, FormatError::TensorShape { .. }), "{error}");
    assert_eq!(error.to_string(), message);
    // As many elements, and no shape for a matrix.
    let error = opened(|table| {
        let norm = entry(table, "encoder_norm.weight");
        norm.shape = vec![4, 4];
    });
    assert!(matches!(error, Err(FormatError::TensorShape { .. })), "{error:?}");
    let error = written(|tensors| spec(tensors, "encoder_norm.bias").shape = vec![35]).unwrap_err();
    assert!(matches!(error, WriteError::Format(FormatError::TensorShape { .. })), "{error}");
}

#[test]
fn a_packing_that_the_role_does_not_allow_is_refused() {
    let refusal = |name: &str, packing| {
        let error = opened(|table| entry(table, name).packing = packing).unwrap_err();
        assert!(matches!(error, FormatError::TensorPacking { .. }), "{error}");
        error.to_string()
    };
    assert_eq!(
        refusal("projection.linear.weight", Packing::PanelsF32),
        "tensor projection.linear.weight is packed as PanelsF32, a file of precision Int8 has it as PanelsI8"
    );
    assert_eq!(
        refusal("layers.0.attention.gate.weight", Packing::PanelsI8),
        "tensor layers.0.attention.gate.weight is packed as PanelsI8, a file of precision Int8 has it as PanelsF32"
    );
    assert_eq!(
        refusal("heads.words.classifier.weight", Packing::DenseF32),
        "tensor heads.words.classifier.weight is packed as DenseF32, a file of precision Int8 has it as PanelsI8"
    );
    let error = written(|tensors| spec(tensors, "positional.weight").role = Role::ExactMatrix).unwrap_err();
    assert!(matches!(error, WriteError::Format(FormatError::TensorPacking { .. })), "{error}");
}

#[test]
fn convolutions_all_have_biases_or_none_has() {
    let bias = |i: usize, channels: u64| {
        let name = format!("stem.{i}.conv.bias");
        TensorEntry {
            name,
            packing: Packing::DenseF32,
            shape: vec![channels],
            offset: 0,
            length: 0,
            crc32: 0,
        }
    };
    opened(|table| table.extend([bias(0, 8), bias(1, 12)])).unwrap();
    let error = opened(|table| table.push(bias(0, 8))).unwrap_err();
    assert!(
        matches!(&error, FormatError::MissingTensor { name, .. } if name == "stem.1.conv.bias"),
        "{error}"
    );
    let error = opened(|table| table.push(bias(1, 12))).unwrap_err();
    assert!(matches!(&error, FormatError::UnknownTensor { name } if name == "stem.1.conv.bias"), "{error}");
}
