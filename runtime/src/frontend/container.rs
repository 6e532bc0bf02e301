//! What a file or a pipe holds, from its first bytes, never from its name.

use super::error::AudioError;
use super::mpeg;
use super::source::Source;

/// A container that is read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Container {
    /// RIFF/WAVE.
    Wave,
    /// WAVE with the highest byte first.
    Rifx,
    /// WAVE of more than 4 GB: RF64 or BW64.
    Rf64,
    /// Sony's WAVE of more than 4 GB.
    Wave64,
    /// AIFF or AIFF-C.
    Aiff,
    /// Core Audio, with samples or packets of one length.
    Caf,
    /// Core Audio, with packets of any length, which a table tells.
    CafPackets,
    /// Sun's and NeXT's `.au`.
    Au,
    /// FLAC in its own container.
    Flac,
    /// MPEG audio, layers 1 to 3.
    Mpeg,
    /// AAC in ADTS frames.
    Adts,
    /// Ogg with Vorbis or FLAC.
    Ogg,
    /// MP4 and its relatives M4A, 3GP and QuickTime.
    Mp4,
}

/// Bytes that tell most kinds apart.
const LOOKED_AT: usize = 16;

/// How many ID3 tags may stand before the sound.
const MAX_TAGS: usize = 8;

/// First bytes of containers of sound that are not read.
const UNREAD: [(&[u8], &str); 25] = [
    (b"\x1a\x45\xdf\xa3", "Matroska or WebM"),
    (b"\x30\x26\xb2\x75\x8e\x66\xcf\x11", "WMA (ASF)"),
    (b"#!AMR", "AMR"),
    (b"#!SILK_V3", "SILK"),
    (b"\x02#!SILK", "SILK"),
    (b"wvpk", "WavPack"),
    (b"MAC ", "Monkey's Audio"),
    (b"TTA1", "True Audio"),
    (b"TTA2", "True Audio"),
    (b"MPCK", "Musepack"),
    (b"MP+", "Musepack"),
    (b"DSD ", "DSD (DSF)"),
    (b"FRM8", "DSD (DSDIFF)"),
    (b".RMF", "RealMedia"),
    (b".ra\xfd", "RealAudio"),
    (b"Creative Voice", "Creative Voice (VOC)"),
    (b"NIST_1A", "NIST SPHERE"),
    (b"ajkg", "Shorten"),
    (b"dns.", "AU with the lowest byte first"),
    (b"MThd", "MIDI"),
    (b"FLV\x01", "Flash video"),
    (b"\x00\x00\x01\xba", "MPEG program stream"),
    (b"\x0b\x77\x00", "AC-3"),
    (b"\x7f\xfe\x80\x01", "DTS"),
    (b"caff", "CAF of an unknown version"),
];

/// First bytes of what is no sound at all.
const NOT_SOUND: [(&[u8], &str); 15] = [
    (b"PK\x03\x04", "a ZIP archive"),
    (b"\x1f\x8b\x08", "a gzip archive"),
    (b"BZh", "a bzip2 archive"),
    (b"\xfd7zXZ", "an xz archive"),
    (b"\x28\xb5\x2f\xfd", "a zstd archive"),
    (b"7z\xbc\xaf", "a 7-Zip archive"),
    (b"Rar!", "a RAR archive"),
    (b"\x7fELF", "a program"),
    (b"MZ\x90\x00", "a program"),
    (b"%PDF", "a PDF document"),
    (b"\x89PNG", "a picture"),
    (b"\xff\xd8\xff\xe0", "a picture"),
    (b"\xff\xd8\xff\xe1", "a picture"),
    (b"GIF8", "a picture"),
    (b"SQLite format", "a database"),
];

impl Container {
    /// Looks at the first bytes, which stay where they are; tags of ID3 before the sound are left out.
    ///
    /// Returns `None` if nothing is known to begin like this, as samples without a header do.
    ///
    /// # Errors
    /// Something known that is not read, or nothing at all.
    pub(super) fn identify(source: &mut Source) -> Result<Option<Self>, AudioError> {
        let mut tagged = false;
        for _ in 0..MAX_TAGS {
            let Some(length) = id3_length(source.peek(10)?) else { break };
            source.skip(length)?;
            tagged = true;
        }
        let start = source.peek(LOOKED_AT)?;
        if start.is_empty() {
            return Err(AudioError::Empty);
        }
        if let Some(container) = by_magic(start)? {
            return match container {
                Container::Ogg => check_ogg(source).map(|()| Some(container)),
                Container::Caf => caf(source).map(Some),
                _ => Ok(Some(container)),
            };
        }
        let text = is_text(start);
        match mpeg::identify(source)? {
            Some(mpeg::Stream::Mpeg) => Ok(Some(Container::Mpeg)),
            Some(mpeg::Stream::Adts) => Ok(Some(Container::Adts)),
            None if text => Err(AudioError::NotSound { what: "text" }),
            // MPEG audio alone is tagged so and may begin with padding.
            None if tagged => Ok(Some(Container::Mpeg)),
            None => Ok(None),
        }
    }
}

fn by_magic(start: &[u8]) -> Result<Option<Container>, AudioError> {
    Ok(Some(match *start {
        [b'R', b'I', b'F', b'F', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Container::Wave,
        [b'R', b'I', b'F', b'X', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Container::Rifx,
        [b'R', b'F', b'6', b'4', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Container::Rf64,
        [b'B', b'W', b'6', b'4', _, _, _, _, b'W', b'A', b'V', b'E', ..] => Container::Rf64,
        [b'r', b'i', b'f', b'f', 0x2e, 0x91, 0xcf, 0x11, ..] => Container::Wave64,
        [b'F', b'O', b'R', b'M', _, _, _, _, b'A', b'I', b'F', b'F' | b'C', ..] => Container::Aiff,
        [b'R', b'I', b'F', b'F' | b'X', _, _, _, _, ref form @ ..] => return Err(other_form("RIFF", form)),
        [b'F', b'O', b'R', b'M', _, _, _, _, ref form @ ..] => return Err(other_form("IFF", form)),
        [b'c', b'a', b'f', b'f', 0, 1, ..] => Container::Caf,
        [b'.', b's', b'n', b'd', ..] => Container::Au,
        [b'f', b'L', b'a', b'C', ..] => Container::Flac,
        [b'O', b'g', b'g', b'S', ..] => Container::Ogg,
        [_, _, _, _, b'f', b't', b'y', b'p', ..] => Container::Mp4,
        [0, _, _, _, b'm', b'o', b'o', b'v', ..] | [_, _, _, _, b'm', b'd', b'a', b't', ..] => Container::Mp4,
        [0, 0, 0, _, b'w', b'i', b'd', b'e', ..] => Container::Mp4,
        _ => {
            if let Some(&(_, name)) = UNREAD.iter().find(|row| start.starts_with(row.0)) {
                return Err(AudioError::unread(name));
            }
            if let Some(&(_, what)) = NOT_SOUND.iter().find(|row| start.starts_with(row.0)) {
                return Err(AudioError::NotSound { what });
            }
            return Ok(None);
        }
    }))
}

fn other_form(family: &str, form: &[u8]) -> AudioError {
    let name: String =
        form.iter().take(4).map(|&byte| char::from(byte)).filter(char::is_ascii_graphic).collect();
    AudioError::unread(if name.is_empty() { family.to_owned() } else { format!("{name} ({family})") })
}

/// Length of an ID3v2 tag with its head.
fn id3_length(start: &[u8]) -> Option<u64> {
    let &[b'I', b'D', b'3', version, revision, flags, a, b, c, d] = start else { return None };
    if version == 0xff || revision == 0xff || (a | b | c | d) & 0x80 != 0 {
        return None;
    }
    let length = [a, b, c, d].into_iter().fold(0_u64, |length, byte| length << 7 | u64::from(byte));
    let footer = if flags & 0x10 != 0 { 10 } else { 0 };
    Some(10 + length + footer)
}

/// Refuses what Ogg may carry and is not read, by its first packet.
fn check_ogg(source: &mut Source) -> Result<(), AudioError> {
    const PAGE_HEAD: usize = 27;
    let segments = source.peek(PAGE_HEAD)?.get(PAGE_HEAD - 1).copied().unwrap_or_default();
    let packet = PAGE_HEAD + usize::from(segments);
    let start = source.peek(packet + 8)?.get(packet..).unwrap_or_default();
    let codecs: [(&[u8], &str); 6] = [
        (b"OpusHead", "Opus"),
        (b"Speex   ", "Speex"),
        (b"CELT    ", "CELT"),
        (b"PCM     ", "PCM"),
        (b"\x80theora", "Theora video"),
        (b"BBCD\0", "Dirac video"),
    ];
    match codecs.iter().find(|row| start.starts_with(row.0)) {
        Some(&(_, name)) => Err(AudioError::unread(format!("{name} in Ogg"))),
        None => Ok(()),
    }
}

/// Which of both kinds of CAF this is: its description is the first chunk.
fn caf(source: &mut Source) -> Result<Container, AudioError> {
    match source.peek(32)?.get(28..32) {
        Some(b"lpcm" | b"ulaw" | b"alaw" | b"ima4") => Ok(Container::Caf),
        Some(b"alac" | b"aac " | b".mp1" | b".mp2" | b".mp3") => Ok(Container::CafPackets),
        Some(b"opus") => Err(AudioError::unread("Opus in CAF")),
        Some(b"flac") => Err(AudioError::unread("FLAC in CAF")),
        Some(other) => Err(AudioError::unread(format!("{:?} in CAF", String::from_utf8_lossy(other)))),
        None => Err(AudioError::header_cut_short()),
    }
}

/// Whether the first bytes of something are text, in UTF-8 or UTF-16.
fn is_text(start: &[u8]) -> bool {
    if let [0xff, 0xfe, rest @ ..] | [0xfe, 0xff, rest @ ..] = start {
        return rest.len() > 4 && rest.iter().all(|&byte| byte == 0 || is_plain(byte));
    }
    let valid = match std::str::from_utf8(start) {
        Ok(_) => true,
        Err(error) => error.error_len().is_none() && error.valid_up_to() > 0,
    };
    valid && start.iter().all(|&byte| byte >= 0x80 || is_plain(byte))
}

fn is_plain(byte: u8) -> bool {
    matches!(byte, b'\t' | b'\n' | b'\r' | 0x0c | b' '..=b'~')
}

#[cfg(test)]
mod tests {
    use std::io::Cursor;

    use super::*;

    fn identify(bytes: &[u8]) -> Result<Option<Container>, AudioError> {
        Container::identify(&mut Source::from_stream(Cursor::new(bytes.to_vec())))
    }

    fn refusal(bytes: &[u8]) -> String {
        identify(bytes).expect_err("a refusal").to_string()
    }

    #[test]
    fn containers_are_known_by_their_first_bytes() {
        for (bytes, container) in [
            (b"RIFF\0\0\0\0WAVEfmt ".as_slice(), Container::Wave),
            (b"RIFX\0\0\0\0WAVEfmt ", Container::Rifx),
            (b"RF64\xff\xff\xff\xffWAVEds64", Container::Rf64),
            (b"BW64\xff\xff\xff\xffWAVEds64", Container::Rf64),
            (b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb", Container::Wave64),
            (b"FORM\0\0\0\0AIFFCOMM", Container::Aiff),
            (b"FORM\0\0\0\0AIFCFVER", Container::Aiff),
            (b".snd\0\0\0\x18", Container::Au),
            (b"fLaC\0\0\0\x22", Container::Flac),
            (b"\0\0\0\x20ftypM4A ", Container::Mp4),
            (b"\0\0\x01\x00moov\0\0\0\x6cmvhd", Container::Mp4),
            (b"ID3\x04\0\0\0\0\0\x02xxfLaC\0\0\0\x22", Container::Flac),
            (b"ID3\x04\0\0\0\0\0\x02xx\0\0\0\0", Container::Mpeg),
        ] {
            assert_eq!(identify(bytes).expect("known"), Some(container), "{bytes:?}");
        }
    }

    #[test]
    fn what_is_not_read_is_named() {
        let line = "convert it: ffmpeg -i IN -ar 16000 -ac 1 OUT.wav";
        for (magic, name) in UNREAD {
            let message = refusal(&[magic, &[0; 16]].concat());
            assert!(message.contains(name) && message.contains(line), "{message}");
        }
        for (magic, what) in NOT_SOUND {
            assert!(refusal(&[magic, &[0; 16]].concat()).contains(what), "{what}");
        }
        assert!(refusal(b"RIFF\0\0\0\0AVI LIST").starts_with("AVI (RIFF) is not read"));
        assert!(refusal(b"FORM\0\0\0\x008SVXVHDR").starts_with("8SVX (IFF) is not read"));
        let ogg = |packet: &[u8]| [b"OggS".as_slice(), &[0; 22], &[1, 19], packet].concat();
        assert!(refusal(&ogg(b"OpusHead\x01")).starts_with("Opus in Ogg is not read"));
        assert!(refusal(&ogg(b"Speex   1.2")).starts_with("Speex in Ogg"));
        assert_eq!(identify(&ogg(b"\x01vorbis")).expect("known"), Some(Container::Ogg));
        let caf = |codec: &[u8]| [b"caff\0\x01\0\0desc".as_slice(), &[0; 16], codec].concat();
        assert!(refusal(&caf(b"opus")).starts_with("Opus in CAF"));
        assert!(refusal(&caf(b"QDM2")).starts_with("\"QDM2\" in CAF"));
        assert_eq!(identify(&caf(b"lpcm")).expect("known"), Some(Container::Caf));
        assert_eq!(identify(&caf(b"alac")).expect("known"), Some(Container::CafPackets));
        assert!(matches!(identify(b""), Err(AudioError::Empty)));
    }

    #[test]
    fn text_is_told_from_samples() {
        for text in [
            "# A heading\n\nwith text",
            "hello",
            "Ärger über Öl, überall",
            "\u{feff}{\"a\": 1}",
            "a,b\r\n1,2\r\n",
        ] {
            assert!(refusal(text.as_bytes()).contains("text"), "{text}");
        }
        let utf16: Vec<u8> = "\u{feff}hello".encode_utf16().flat_map(u16::to_le_bytes).collect();
        assert!(refusal(&utf16).contains("text"));
    }

    #[test]
    fn samples_are_nothing_known() {
        for samples in [[0_i16; 16], [-1; 16], [1; 16], [-1025; 16], [300; 16], [-3; 16], [i16::MIN; 16]] {
            let bytes: Vec<u8> = samples.iter().flat_map(|sample| sample.to_le_bytes()).collect();
            assert_eq!(identify(&bytes).expect("samples"), None, "{samples:?}");
        }
    }
}
