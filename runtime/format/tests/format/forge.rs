//! Model files made without the crate's writer, so that they can be wrong in any way a test needs.

use wavlm_format::*;

pub const FIRST: usize = 65536;

/// A small encoder that passes every check.
pub fn encoder() -> EncoderConfig {
    EncoderConfig {
        stem: vec![ConvShape { dim: 8, kernel: 10, stride: 5 }, ConvShape { dim: 12, kernel: 3, stride: 2 }],
        stem_norm: StemNorm::Group,
        stem_activation: Activation::Gelu,
        hidden_size: 16,
        num_layers: 2,
        num_heads: 4,
        intermediate_size: 32,
        hidden_activation: Activation::Gelu,
        layer_norm_eps: 1e-5,
        positional_kernel: 8,
        positional_groups: 2,
        num_buckets: 32,
        max_bucket_distance: 64,
        stable_layer_norm: false,
        adapter: None,
        stem_scale: false,
        layers: Vec::new(),
    }
}

pub fn adapter() -> AdapterConfig {
    AdapterConfig { output_hidden_size: 16, kernel: 3, stride: 2, num_layers: 2 }
}

pub fn head(name: &str, kind: HeadKind) -> Head {
    Head { name: name.to_owned(), kind, weighted_layer_sum: false, decision: None }
}

pub fn labels(count: usize) -> Vec<String> {
    (0..count).map(|i| format!("label {i}")).collect()
}

pub fn sequence(name: &str) -> Head {
    head(name, HeadKind::Sequence { labels: labels(3), projection: 8 })
}

/// A header without tensors that passes every check.
pub fn header() -> Header {
    Header {
        encoder: encoder(),
        heads: vec![sequence("words")],
        preprocessing: Preprocessing { sampling_rate: 16000, normalize: false },
        precision: Precision::Int8,
        tensors: vec![],
        report: None,
        licence: "MIT".to_owned(),
        source: "tests".to_owned(),
    }
}

/// A dense tensor of `count` zeros.
pub fn dense(name: &str, offset: u64, count: u64) -> TensorEntry {
    let length = count * 4;
    let crc32 = crc32fast::hash(&vec![0; length as usize]);
    TensorEntry {
        name: name.to_owned(),
        packing: Packing::DenseF32,
        shape: vec![count],
        offset,
        length,
        crc32,
    }
}

/// Three tensors of 1, 16 and 20 zeros, placed as they must be, which belong to no model: what is wrong with their places
/// is told before that.
pub fn table() -> Vec<TensorEntry> {
    let first = FIRST as u64;
    vec![dense("a", first, 1), dense("b", first + 64, 16), dense("c", first + 128, 20)]
}

/// A header with [`table`].
pub fn full_header() -> Header {
    Header { tensors: table(), ..header() }
}

/// A file with nothing wrong but that its tensors are not those of its model.
pub fn file() -> Vec<u8> {
    seal(&encode(&full_header()), FIRST + 128 + 80)
}

/// The tensors that follow from the header, all zeros, in the places they must have. Checksums are not filled in.
pub fn complete(header: &Header) -> Vec<TensorEntry> {
    let schema = header.schema().expect("valid");
    let mut end = FIRST as u64;
    let entry = |spec: &TensorSpec| {
        let packing = spec.role.packing(header.precision);
        let length = packing.byte_length(&spec.shape).expect("a possible shape");
        let offset = end.next_multiple_of(64);
        end = offset + length;
        let (name, shape) = (spec.name.clone(), spec.shape.clone());
        TensorEntry { name, packing, shape, offset, length, crc32: 0 }
    };
    schema.tensors().iter().map(entry).collect()
}

/// Where the last tensor of a table ends.
pub fn end_of(table: &[TensorEntry]) -> usize {
    table.last().map_or(FIRST, |entry| (entry.offset + entry.length) as usize)
}

/// A file of `length` bytes with the header of [`file`] and another table.
pub fn with_table(tensors: Vec<TensorEntry>, length: usize) -> Vec<u8> {
    seal(&encode(&Header { tensors, ..header() }), length)
}

pub fn encode(header: &Header) -> Vec<u8> {
    postcard::to_allocvec(header).expect("plain data")
}

/// Prefix, header and checksum, then zeros up to `length`.
pub fn seal(header: &[u8], length: usize) -> Vec<u8> {
    let mut bytes = b"\x89WLM\r\n\x1a\n\x03\x00\x00\x00".to_vec();
    bytes.extend_from_slice(&(header.len() as u32).to_le_bytes());
    bytes.extend_from_slice(header);
    bytes.extend_from_slice(&crc32fast::hash(header).to_le_bytes());
    bytes.resize(length, 0);
    bytes
}

/// The header bytes of a sealed file.
pub fn header_of(file: &[u8]) -> &[u8] {
    let length = u32::from_le_bytes([file[12], file[13], file[14], file[15]]);
    &file[16..16 + length as usize]
}
