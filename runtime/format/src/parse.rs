//! From bytes to a checked header: the prefix, its limits and its checksum. See `SPEC.md`, sections "Prefix" and
//! "Header".

use byteorder::{ByteOrder, LittleEndian as LE};
use serde::Deserialize;

use crate::error::FormatError;
use crate::header::Header;
use crate::layout::{FIRST_TENSOR, MAGIC, OLDEST_VERSION, PREFIX, VERSION};
use crate::limits::MAX_HEADER;
use crate::older::{HeaderV1, HeaderV2, HeaderV3, HeaderV4};
use crate::schema::{self, Schema};
use crate::table;

const CRC: usize = 4;

/// A header that has been checked in full.
pub(crate) struct Parsed {
    pub header: Header,
    /// What the header's configuration implies; the table has exactly its tensors.
    pub schema: Schema,
    /// Where padding starts: the first byte behind the header's checksum.
    pub end: usize,
}

/// Decodes the header of a whole file and checks everything it says.
pub(crate) fn parse(file: &[u8]) -> Result<Parsed, FormatError> {
    let (version, encoded) = envelope(file)?;
    let header = match version {
        1 => decode::<HeaderV1>(encoded)?.into(),
        2 => decode::<HeaderV2>(encoded)?.into(),
        3 => decode::<HeaderV3>(encoded)?.into(),
        4 => decode::<HeaderV4>(encoded)?.into(),
        _ => decode(encoded)?,
    };
    let schema = check(&header, first_tensor(encoded.len()), file.len() as u64)?;
    Ok(Parsed { header, schema, end: PREFIX + encoded.len() + CRC })
}

/// Everything that a decoded header must satisfy in a file of `file_length` bytes.
pub(crate) fn check(header: &Header, first_tensor: u64, file_length: u64) -> Result<Schema, FormatError> {
    let schema = header.schema()?;
    table::check(&header.tensors, first_tensor, file_length)?;
    schema::check(&schema, &header.tensors, header.precision)?;
    Ok(schema)
}

/// Where the tensors of a file start whose postcard header has `header_length` bytes.
pub(crate) fn first_tensor(header_length: usize) -> u64 {
    ((PREFIX + header_length + CRC) as u64).next_multiple_of(FIRST_TENSOR)
}

/// Magic, version, header and checksum, as they stand at the start of a file.
pub(crate) fn seal(header: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(PREFIX + header.len() + CRC);
    bytes.extend_from_slice(&MAGIC);
    bytes.extend_from_slice(&VERSION.to_le_bytes());
    bytes.extend_from_slice(&0u16.to_le_bytes());
    bytes.extend_from_slice(&(header.len() as u32).to_le_bytes());
    bytes.extend_from_slice(header);
    bytes.extend_from_slice(&crc32fast::hash(header).to_le_bytes());
    bytes
}

/// The version and the postcard bytes of the header, after magic, version, length and checksum have been checked.
fn envelope(file: &[u8]) -> Result<(u16, &[u8]), FormatError> {
    let too_short =
        |needed: usize| FormatError::HeaderTooShort { length: file.len() as u64, needed: needed as u64 };
    if !file.starts_with(&MAGIC) {
        return Err(FormatError::Magic);
    }
    let (prefix, rest) = file.split_first_chunk::<PREFIX>().ok_or(too_short(PREFIX + CRC))?;
    let version = LE::read_u16(&prefix[8..]);
    if !(OLDEST_VERSION..=VERSION).contains(&version) {
        return Err(FormatError::Version { found: version });
    }
    let reserved = LE::read_u16(&prefix[10..]);
    if reserved != 0 {
        return Err(FormatError::Reserved { found: reserved });
    }
    let length = LE::read_u32(&prefix[12..]);
    if length > MAX_HEADER {
        return Err(FormatError::HeaderTooLong { length });
    }
    let needed = too_short(PREFIX + length as usize + CRC);
    let Some((header, rest)) = rest.split_at_checked(length as usize) else { return Err(needed) };
    let Some(stored) = rest.first_chunk::<CRC>() else { return Err(needed) };
    let (found, expected) = (crc32fast::hash(header), LE::read_u32(stored));
    if found != expected {
        return Err(FormatError::HeaderChecksum { found, expected });
    }
    Ok((version, header))
}

/// Decodes a header and sees that nothing follows it.
///
/// Lengths inside the header allocate nothing by themselves: postcard takes strings as slices of what is there, and
/// withholds a sequence's length from serde when it exceeds the bytes left.
fn decode<'a, H: Deserialize<'a>>(bytes: &'a [u8]) -> Result<H, FormatError> {
    let mut decoder = postcard::Deserializer::from_bytes(bytes);
    let header = H::deserialize(&mut decoder);
    let left = decoder.finalize().map_or(0, <[u8]>::len);
    let at = (PREFIX + bytes.len() - left) as u64;
    match header {
        Ok(_) if left > 0 => Err(FormatError::HeaderTrailing { count: left as u64 }),
        Ok(header) => Ok(header),
        // The only error that serde's derived code raises here: postcard itself counts fields and elements.
        Err(postcard::Error::SerdeDeCustom) => Err(FormatError::UnknownValue { at }),
        Err(cause) => Err(FormatError::Malformed { at, cause }),
    }
}
