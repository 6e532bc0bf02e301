//! Models that are part of the program, and where bytes may lie in memory.

use std::sync::Arc;

use wavlm_format::*;

use crate::round_trip::{DENSE, writer};

/// A model `shift` bytes past a multiple of 64; leaked, to stand for bytes in the program's image.
fn embedded(shift: usize) -> &'static [u8] {
    let model = writer().to_bytes().expect("valid");
    let room = vec![0; model.len() + 128].leak();
    let address = room.as_ptr().addr();
    let start = address.next_multiple_of(64) - address + shift;
    let place = &mut room[start..][..model.len()];
    place.copy_from_slice(&model);
    place
}

#[test]
fn an_embedded_model_is_read_in_place() {
    let bytes = embedded(0);
    let file = Arc::new(ModelFile::from_static(bytes).unwrap());
    let tensor = file.tensor(DENSE).unwrap();
    let elements = tensor.dense().unwrap();
    assert_eq!(elements.as_ptr().addr(), bytes.as_ptr().addr() + tensor.entry().offset as usize);
}

#[test]
fn a_misaligned_embedded_model_is_refused() {
    assert_eq!(
        ModelFile::from_static(embedded(4)).unwrap_err().to_string(),
        "embedded model starts 4 bytes past a multiple of 64; wrap its bytes in wavlm_format::Aligned"
    );
}

#[test]
fn bytes_in_memory_may_be_held_by_anything_and_lie_anywhere() {
    let bytes = writer().to_bytes().unwrap();
    for spare in 0..8 {
        let mut copy = Vec::with_capacity(bytes.len() + spare);
        copy.extend_from_slice(&bytes);
        ModelFile::from_bytes(copy).unwrap().verify().unwrap();
    }
    ModelFile::from_bytes(Arc::<[u8]>::from(bytes.as_slice())).unwrap().verify().unwrap();
    ModelFile::from_bytes(bytes.into_boxed_slice()).unwrap().verify().unwrap();
    for shift in [0, 1, 4, 16, 63] {
        ModelFile::from_bytes(embedded(shift)).unwrap().verify().unwrap();
    }
}

#[test]
fn aligned_bytes_are_kept_where_they_are() {
    let bytes = embedded(0);
    let file = Arc::new(ModelFile::from_bytes(bytes).unwrap());
    let tensor = file.tensor(DENSE).unwrap();
    assert!(bytes.as_ptr_range().contains(&tensor.dense().unwrap().as_ptr().cast()));
}

#[test]
fn a_model_may_be_shared_between_threads() {
    fn shared<T: Send + Sync>() {}
    shared::<ModelFile>();
    shared::<TensorRef>();
}
