//! Small files of our own in one envelope, which tells whether they are whole:
//!
//! | bytes | content |
//! |---|---|
//! | 8 | magic |
//! | 2 | version, little-endian |
//! | 4 | length of the body, little-endian |
//! | … | body |
//! | 4 | CRC-32 (IEEE) of all bytes before it, little-endian |
//!
//! Nothing may follow.

/// Why bytes are not in such an envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EnvelopeError {
    /// They begin as something else.
    Magic,
    /// Another version is inside.
    Version(u16),
    /// There are fewer or more than it says, or than it may have.
    Length,
    /// They changed since they were written.
    Checksum,
}

/// The envelope of a kind of file.
#[derive(Clone, Copy, Debug)]
pub(super) struct Envelope {
    pub(super) magic: &'static [u8; 8],
    pub(super) version: u16,
    /// Most bytes of a whole file.
    pub(super) most: usize,
}

impl Envelope {
    /// A body in its envelope; `None` if it is too long.
    pub(super) fn seal(&self, body: &[u8]) -> Option<Vec<u8>> {
        let length = u32::try_from(body.len()).ok()?;
        let mut bytes =
            [self.magic.as_slice(), &self.version.to_le_bytes(), &length.to_le_bytes(), body].concat();
        bytes.extend_from_slice(&crc32fast::hash(&bytes).to_le_bytes());
        (bytes.len() <= self.most).then_some(bytes)
    }

    /// The body.
    pub(super) fn open<'a>(&self, bytes: &'a [u8]) -> Result<&'a [u8], EnvelopeError> {
        let after_magic = match bytes.split_first_chunk() {
            Some((magic, rest)) if magic == self.magic => rest,
            _ => return Err(EnvelopeError::Magic),
        };
        let (&version, after_version) = after_magic.split_first_chunk().ok_or(EnvelopeError::Length)?;
        match u16::from_le_bytes(version) {
            version if version == self.version => {}
            other => return Err(EnvelopeError::Version(other)),
        }
        let (&length, body) = after_version.split_first_chunk().ok_or(EnvelopeError::Length)?;
        let (body, &crc) = body.split_last_chunk().ok_or(EnvelopeError::Length)?;
        if body.len() != u32::from_le_bytes(length) as usize || bytes.len() > self.most {
            return Err(EnvelopeError::Length);
        }
        let covered = bytes.split_last_chunk::<4>().map_or(bytes, |(covered, _)| covered);
        if crc32fast::hash(covered) == u32::from_le_bytes(crc) {
            Ok(body)
        } else {
            Err(EnvelopeError::Checksum)
        }
    }
}
