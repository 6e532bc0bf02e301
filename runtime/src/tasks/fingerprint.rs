//! Which model, and which head of it.

use wavlm_format::Header;

/// What makes two models' embeddings comparable: the bytes of every tensor of the encoder and of this head.
///
/// Other heads, thresholds, labels and the order of tensors do not count, so a model may gain words and keep its voices.
pub fn fingerprint(header: &Header, head: &str) -> u32 {
    let own = format!("heads.{head}.");
    let mut tensors: Vec<_> = header.tensors.iter().collect();
    tensors.sort_by(|a, b| a.name.cmp(&b.name));
    let mut crc = crc32fast::Hasher::new();
    for tensor in tensors {
        let role = match tensor.name.strip_prefix(&own) {
            Some(role) => role,
            None if tensor.name.starts_with("heads.") => continue,
            None => &tensor.name,
        };
        crc.update(role.as_bytes());
        crc.update(&[0]);
        crc.update(&tensor.crc32.to_le_bytes());
    }
    crc.finalize()
}
