//! Sound as a whole: what goes into [`AudioReader`], and what comes out of it.

use std::fs;
use std::io::{Cursor, Read, Write};
use std::path::{Path, PathBuf};
use std::time::Duration;

use hound::{SampleFormat as Number, WavSpec, WavWriter};
use proptest::prelude::*;

use super::limits::MIN_RATE;
use super::*;

fn spec(channels: u16, rate: u32, bits: u16, format: Number) -> WavSpec {
    WavSpec { channels, sample_rate: rate, bits_per_sample: bits, sample_format: format }
}

fn mono() -> WavSpec {
    spec(1, 16_000, 16, Number::Int)
}

/// A WAV file in memory whose samples are `fractions` of full scale.
fn wav(spec: WavSpec, fractions: &[f32]) -> Vec<u8> {
    let mut bytes = Cursor::new(Vec::new());
    let mut writer = WavWriter::new(&mut bytes, spec).expect("a valid specification");
    let full_scale = 2.0_f64.powi(i32::from(spec.bits_per_sample) - 1);
    for &fraction in fractions {
        match spec.sample_format {
            Number::Float => writer.write_sample(fraction),
            Number::Int => writer.write_sample((f64::from(fraction) * full_scale) as i32),
        }
        .expect("memory");
    }
    writer.finalize().expect("memory");
    bytes.into_inner()
}

fn read(reader: Result<AudioReader, AudioError>) -> Result<(Vec<f32>, Vec<AudioWarning>), AudioError> {
    let mut reader = reader?;
    let samples = reader.read_to_end()?;
    Ok((samples, reader.take_warnings()))
}

/// The same bytes as a regular file.
fn warned_clip(bytes: &[u8]) -> Result<(Vec<f32>, Vec<AudioWarning>), AudioError> {
    let mut file = tempfile::NamedTempFile::new().expect("a temporary file");
    file.write_all(bytes).expect("write");
    read(AudioReader::open(file.path(), &SoundOptions::default()))
}

fn clip(bytes: &[u8]) -> Result<Vec<f32>, AudioError> {
    warned_clip(bytes).map(|(samples, _)| samples)
}

fn stream_with(bytes: &[u8], options: &SoundOptions) -> Result<(Vec<f32>, Vec<AudioWarning>), AudioError> {
    read(AudioReader::from_stream(Cursor::new(bytes.to_vec()), options))
}

fn stream(bytes: &[u8]) -> Result<Vec<f32>, AudioError> {
    stream_with(bytes, &SoundOptions::default()).map(|(samples, _)| samples)
}

/// A stream that gives a few bytes at a time.
struct Trickle(Cursor<Vec<u8>>, usize);

impl Read for Trickle {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        let count = buffer.len().min(self.1);
        self.0.read(buffer.get_mut(..count).unwrap_or_default())
    }
}

fn fixtures() -> Vec<(PathBuf, Vec<u8>)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../tests/sound");
    let paths = fs::read_dir(folder).expect("the folder of sounds").flatten().map(|entry| entry.path());
    let mut all: Vec<_> = paths
        .filter(|path| path.extension().is_some_and(|extension| extension != "rs"))
        .map(|path| (path.clone(), fs::read(&path).expect("a sound")))
        .collect();
    all.sort();
    all
}

/// A container of chunks, 16-bit PCM at 16 kHz in one channel, with the data length `length`.
fn riff_with(length: u32, data: &[u8]) -> Vec<u8> {
    let mut bytes = wav(mono(), &[]);
    bytes.truncate(40);
    bytes.extend(length.to_le_bytes());
    bytes.extend(data);
    bytes
}

/// `count` samples of a half, as bytes.
fn halves(count: usize) -> Vec<u8> {
    [0, 0x40].repeat(count)
}

#[test]
fn every_width_gives_the_same_sound() {
    let fractions = [0.0, 0.5, -0.5, 0.25, -1.0, 0.125];
    for (bits, format) in
        [(8, Number::Int), (16, Number::Int), (24, Number::Int), (32, Number::Int), (32, Number::Float)]
    {
        let bytes = wav(spec(1, 16_000, bits, format), &fractions);
        assert_eq!(clip(&bytes).expect("a valid file"), fractions, "{bits} bits, {format:?}");
        assert_eq!(stream(&bytes).expect("a valid file"), fractions, "{bits} bits, {format:?}");
    }
}

#[test]
fn raw_formats_give_the_same_sound() {
    let fractions = [0.5_f32, -0.5, 0.25];
    let long = |value: f32| (f64::from(value) * 2_147_483_648.0) as i32;
    for (format, bytes) in [
        ("u8", fractions.map(|x| (x * 128.0 + 128.0) as u8).to_vec()),
        ("s8", fractions.map(|x| (x * 128.0) as i8 as u8).to_vec()),
        ("s16le", fractions.map(|x| ((x * 32_768.0) as i16).to_le_bytes()).concat()),
        ("s16be", fractions.map(|x| ((x * 32_768.0) as i16).to_be_bytes()).concat()),
        ("s24le", fractions.map(|x| long(x).to_le_bytes()[1..].to_vec()).concat()),
        ("s24be", fractions.map(|x| long(x).to_be_bytes()[..3].to_vec()).concat()),
        ("s32le", fractions.map(|x| long(x).to_le_bytes()).concat()),
        ("s32be", fractions.map(|x| long(x).to_be_bytes()).concat()),
        ("f32le", fractions.map(f32::to_le_bytes).concat()),
        ("f32be", fractions.map(f32::to_be_bytes).concat()),
        ("f64le", fractions.map(|x| f64::from(x).to_le_bytes()).concat()),
        ("f64be", fractions.map(|x| f64::from(x).to_be_bytes()).concat()),
    ] {
        let raw = format!("format={format}").parse().expect("a format");
        let options = SoundOptions { raw: Some(raw), ..SoundOptions::default() };
        assert_eq!(stream_with(&bytes, &options).expect("sound").0, fractions, "{format}");
    }
    for format in ["alaw", "mulaw"] {
        let raw = format!("format={format},rate=8000,channels=2").parse().expect("a format");
        let options = SoundOptions { raw: Some(raw), ..SoundOptions::default() };
        let silence = if format == "alaw" { 0xd5 } else { 0xff };
        let samples = stream_with(&[silence; 801], &options).expect("sound").0;
        assert_eq!(samples.len(), 800, "{format}: the unfinished frame is dropped");
        assert!(samples.iter().all(|sample| sample.abs() < 1e-3), "{format}");
    }
}

#[test]
fn raw_is_believed_whatever_it_looks_like() {
    let raw = SoundOptions { raw: Some(RawFormat::default()), ..SoundOptions::default() };
    assert_eq!(stream_with(b"RIFF\0\0", &raw).expect("samples").0.len(), 3);
    assert_eq!(stream(&[0, 0x40, 0, 0xc0, 7]).expect("samples"), [0.5, -0.5]);
    assert!(matches!(clip(&[0, 0x40, 0, 0xc0, 7]), Err(AudioError::Unknown)));
}

#[test]
fn a_channel_is_chosen_or_all_are_averaged() {
    let bytes = wav(spec(2, 16_000, 16, Number::Int), &[0.5, 0.25, -0.5, 0.5]);
    let reader = AudioReader::from_stream(Cursor::new(bytes.clone()), &SoundOptions::default());
    assert_eq!(reader.expect("a valid file").promised_seconds(), Some(2.0 / 16_000.0));
    assert_eq!(clip(&bytes).expect("a valid file"), [0.375, 0.0]);
    let with = |channel: &str| {
        let options = SoundOptions { channel: channel.parse().expect("a channel"), raw: None };
        stream_with(&bytes, &options).map(|(samples, _)| samples)
    };
    assert_eq!(with("2").expect("a valid file"), [0.25, 0.5]);
    assert!(matches!(with("3"), Err(AudioError::NoChannel { channel: 3, channels: 2 })));
}

#[test]
fn channels_that_cancel_are_told() {
    let opposed: Vec<f32> =
        (0..8000).map(|i| if i % 2 == 0 { 0.25 } else { -0.25 }).flat_map(|x| [x, -x]).collect();
    let (_, warnings) = warned_clip(&wav(spec(2, 16_000, 16, Number::Int), &opposed)).expect("a valid file");
    assert!(matches!(warnings[..], [AudioWarning::WeakMix { .. }]), "{warnings:?}");
}

#[test]
fn a_file_cut_short_says_what_is_missing() {
    let bytes = wav(mono(), &[0.5; 100]);
    match clip(&bytes[..bytes.len() - 51]) {
        Err(AudioError::Truncated { promised: 200, missing: 51 }) => {}
        other => panic!("{other:?}"),
    }
    assert_eq!(stream(&bytes[..bytes.len() - 51]).expect("a pipe may end early").len(), 74);
    assert_eq!(clip(&bytes[..bytes.len() - 1]).expect("an unfinished frame is dropped").len(), 99);
}

#[test]
fn a_compressed_file_cut_short_says_so() {
    for (path, bytes) in fixtures() {
        if path.ends_with("word.flac") || path.ends_with("word.mp3") {
            let cut = &bytes[..bytes.len() * 2 / 3];
            assert!(matches!(clip(cut), Err(AudioError::CutShort { .. })), "{}", path.display());
            assert!(stream(cut).expect("a pipe may end early").len() > 5000, "{}", path.display());
        }
    }
}

#[test]
fn no_sound_is_an_error() {
    let empty = wav(spec(1, 44_100, 16, Number::Int), &[]);
    let tagged = [empty.as_slice(), b"LIST\x04\0\0\0INFO"].concat();
    for bytes in [empty.as_slice(), &tagged, b""] {
        assert!(matches!(clip(bytes), Err(AudioError::Empty)));
        assert!(matches!(stream(bytes), Err(AudioError::Empty)));
    }
}

#[test]
fn samples_that_are_no_sound_are_named() {
    let float = spec(2, 48_000, 32, Number::Float);
    assert!(matches!(clip(&wav(float, &[0.0, 0.0, f32::NAN, 0.0])), Err(AudioError::NonFinite { at: 2 })));
    assert!(matches!(clip(&wav(float, &[0.0, f32::INFINITY])), Err(AudioError::NonFinite { at: 1 })));
    let scaled = clip(&wav(float, &[0.0, 0.0, 0.0, -20_000.0]));
    assert!(matches!(scaled, Err(AudioError::Scale { at: 3, .. })));
}

#[test]
fn absurd_headers_are_refused() {
    let with_rate = |rate| clip(&wav(spec(1, rate, 16, Number::Int), &[0.5; 4]));
    assert!(matches!(with_rate(1), Err(AudioError::Rate { rate: 1 })));
    assert!(matches!(with_rate(400_000_000), Err(AudioError::Rate { .. })));
    let many = wav(spec(65, 16_000, 16, Number::Int), &[0.0; 65]);
    assert!(matches!(clip(&many), Err(AudioError::Channels { channels: 65 })));
}

#[test]
fn made_up_lengths_mean_to_the_end() {
    for length in [0x7fff_ffff, 0x7fff_ffdb, 0x7fff_f000, 0x8000_0000, 0xffff_ffff, 0xffff_ffdb, 0xffff_fffe]
    {
        let bytes = riff_with(length, &halves(4));
        assert_eq!(clip(&bytes).expect("a valid file"), [0.5; 4], "{length:#x}");
        assert_eq!(stream(&bytes).expect("a valid stream"), [0.5; 4], "{length:#x}");
    }
}

#[test]
fn a_length_of_zero_with_sound_behind_it_is_told_in_a_file() {
    let bytes = riff_with(0, &halves(100));
    let (samples, warnings) = warned_clip(&bytes).expect("a valid file");
    assert_eq!((samples.len(), warnings), (100, vec![AudioWarning::LengthZero]));
    let (samples, warnings) = stream_with(&bytes, &SoundOptions::default()).expect("a valid stream");
    assert_eq!((samples.len(), warnings), (100, vec![]));
}

#[test]
fn a_pipe_goes_on_behind_its_length_and_a_file_does_not() {
    let bytes = riff_with(200, &halves(5000));
    assert_eq!(stream(&bytes).expect("a valid stream").len(), 5000);
    let (samples, warnings) = warned_clip(&bytes).expect("a valid file");
    assert_eq!((samples.len(), warnings), (100, vec![AudioWarning::LeftOut { bytes: 9800 }]));

    let followed = riff_with(200, &[halves(100), b"LIST\x04\0\0\0INFO".to_vec()].concat());
    assert_eq!(stream(&followed).expect("a valid stream").len(), 100);
    assert_eq!(warned_clip(&followed).expect("a valid file").1, []);
}

#[test]
fn a_length_that_lies_costs_no_memory() {
    let bytes = riff_with(0x6fff_fff0, &halves(4));
    assert!(matches!(clip(&bytes), Err(AudioError::Truncated { missing: 0x6fff_ffe8, .. })));
    let mut chunk = wav(mono(), &[0.5; 4]);
    chunk[16..20].copy_from_slice(&u32::MAX.to_le_bytes());
    let message = clip(&chunk).expect_err("a lie").to_string();
    assert!(message.contains("claims 4294967295 bytes"), "{message}");
}

#[test]
fn every_container_of_samples_gives_the_same_sound() {
    let (big, little) = ([0x40_u8, 0].repeat(40), halves(40));
    let be = |value: u32| value.to_be_bytes().to_vec();
    let rate = [0x40, 0x0c, 0xfa, 0, 0, 0, 0, 0, 0, 0];
    let comm = |kind: &[u8]| {
        let body = [&[0, 1, 0, 0, 0, 40, 0, 16], rate.as_slice(), kind].concat();
        [b"COMM".to_vec(), be(body.len() as u32), body].concat()
    };
    let form = |form: &[u8], comm: &[u8], data: &[u8], length: u32| {
        [b"FORM\0\0\0\0", form, comm, b"SSND", &be(length), &[0; 8], data].concat()
    };
    let fmt_be = [0, 1, 0, 1, 0, 0, 0x3e, 0x80, 0, 0, 0x7d, 0, 0, 2, 0, 16];
    let fmt_le = [1, 0, 1, 0, 0x80, 0x3e, 0, 0, 0, 0x7d, 0, 0, 2, 0, 16, 0];
    let guid = |name: &[u8], length: u64| {
        [name, &[0xf3, 0xac, 0xd3, 0x11, 0x8c, 0xd1, 0, 0xc0, 0x4f, 0x8e, 0xdb, 0x8a], &length.to_le_bytes()]
            .concat()
    };
    let ds64 = [b"ds64\x1c\0\0\0".as_slice(), &[0; 8], &80_u64.to_le_bytes(), &[0; 12]].concat();
    let caf = |length: i64| {
        let desc = [
            b"desc".as_slice(),
            &32_i64.to_be_bytes(),
            &16_000_f64.to_be_bytes(),
            b"lpcm",
            &be(2),
            &be(2),
            &be(1),
            &be(1),
            &be(16),
        ]
        .concat();
        [b"caff\0\x01\0\0", desc.as_slice(), b"data", &length.to_be_bytes(), &[0; 4], &little].concat()
    };
    for (name, bytes) in [
        ("AIFF", form(b"AIFF", &comm(b""), &big, 88)),
        ("AIFF of a pipe", form(b"AIFF", &comm(b""), &big, 0x7f00_0008)),
        ("AIFF without a length", form(b"AIFF", &comm(b""), &big, 0)),
        ("AIFF-C", form(b"AIFC", &comm(b"sowt\0\0"), &little, 88)),
        ("AU", [b".snd".to_vec(), be(24), be(80), be(3), be(16_000), be(1), big.clone()].concat()),
        (
            "AU of a pipe",
            [b".snd".to_vec(), be(28), be(u32::MAX), be(3), be(16_000), be(1), be(0), big.clone()].concat(),
        ),
        ("RIFX", [b"RIFX\0\0\0\0WAVEfmt \0\0\0\x10", fmt_be.as_slice(), b"data\0\0\0\x50", &big].concat()),
        (
            "RF64",
            [
                b"RF64\xff\xff\xff\xffWAVE",
                ds64.as_slice(),
                b"fmt \x10\0\0\0",
                &fmt_le,
                b"data\xff\xff\xff\xff",
                &little,
            ]
            .concat(),
        ),
        (
            "Wave64",
            [
                b"riff\x2e\x91\xcf\x11\xa5\xd6\x28\xdb\x04\xc1\0\0".as_slice(),
                &[0; 8],
                &guid(b"wave", 0)[..16],
                &guid(b"fmt ", 40),
                &fmt_le,
                &guid(b"data", 104),
                &little,
            ]
            .concat(),
        ),
        ("CAF", caf(84)),
        ("CAF of a pipe", caf(-1)),
    ] {
        assert_eq!(stream(&bytes).unwrap_or_else(|error| panic!("{name}: {error}")), [0.5; 40], "{name}");
        assert_eq!(clip(&bytes).unwrap_or_else(|error| panic!("{name}: {error}")), [0.5; 40], "{name}");
    }
}

#[test]
fn fixtures_are_read_or_refused_by_name_in_files_and_pipes_alike() {
    for (path, bytes) in fixtures() {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        if name.starts_with("word") {
            let (samples, warnings) = warned_clip(&bytes).unwrap_or_else(|error| panic!("{name}: {error}"));
            assert!((17_000..20_500).contains(&samples.len()), "{name}: {}", samples.len());
            assert!(samples.iter().any(|sample| sample.abs() > 0.1), "{name}");
            assert_eq!(warnings, [], "{name}");
            for step in [1, 7, 4096] {
                let trickle = Trickle(Cursor::new(bytes.clone()), step);
                let reader = AudioReader::from_stream(trickle, &SoundOptions::default());
                assert_eq!(read(reader).expect("the same").0, samples, "{name}, {step} bytes at a time");
            }
        } else if name.starts_with("short") {
            let codec = match name.as_str() {
                "short-gsm.wav" => "GSM 6.10",
                "short-g726.wav" => "G.726",
                "short.amr" => "AMR",
                "short.opus" => "Opus in Ogg",
                "short.spx" => "Speex in Ogg",
                "short.webm" => "WebM",
                "short.wma" => "WMA",
                "short.wv" => "WavPack",
                other => panic!("what is {other}?"),
            };
            for refused in [clip(&bytes), stream(&bytes)] {
                let message = refused.expect_err(&name).to_string();
                assert!(
                    message.contains(codec) && message.contains("ffmpeg -i IN -ar 16000"),
                    "{name}: {message}"
                );
            }
        }
    }
}

#[test]
fn numbers_that_overflow_are_no_panic() {
    let format = [2, 0, 1, 0, 0x80, 0x3e, 0, 0, 0, 0, 0, 0, 0, 1, 4, 0]; // Microsoft ADPCM in blocks of 256 bytes
    let block = [[0, 0xff, 0x7f, 0, 0, 0, 0].as_slice(), &[0x88; 249]].concat();
    let bytes = [b"RIFF\0\0\0\0WAVEfmt \x10\0\0\0", format.as_slice(), b"data\0\x01\0\0", &block].concat();
    assert_eq!(clip(&bytes).expect("a block").len(), 500);
    for (_, mut bytes) in fixtures().into_iter().filter(|(path, _)| path.ends_with("word-alac.caf")) {
        bytes[36] = 32; // the length of a packet
        let _ = clip(&bytes);
    }
}

#[test]
fn a_live_pipe_is_not_waited_for() {
    for header in [riff_with(u32::MAX, &[]), vec![]] {
        let (reader, mut writer) = std::io::pipe().expect("a pipe");
        let (sender, pieces) = std::sync::mpsc::channel();
        let listener = std::thread::spawn(move || {
            let mut reader = AudioReader::from_stream(reader, &SoundOptions::default()).expect("sound");
            while let Some(piece) = reader.next_piece().expect("sound") {
                sender.send(piece.len()).expect("somebody listens");
            }
        });
        writer.write_all(&header).expect("write");
        for _ in 0..3 {
            writer.write_all(&halves(320)).expect("write");
            let piece = pieces.recv_timeout(Duration::from_secs(60));
            assert_eq!(piece.expect("20 ms are given as soon as they are there"), 320);
        }
        drop(writer);
        listener.join().expect("the end");
    }
}

#[test]
fn memory_does_not_grow_with_the_length_of_a_pipe() {
    let mut reader =
        AudioReader::from_stream(std::io::repeat(0).take(64 << 20), &SoundOptions::default()).expect("raw");
    let mut longest = 0;
    while let Some(piece) = reader.next_piece().expect("zeros") {
        longest = longest.max(piece.len());
    }
    assert_eq!(longest, 320);
}

proptest! {
    #[test]
    fn any_bytes_give_sound_or_an_error(bytes in prop::collection::vec(any::<u8>(), 0..600)) {
        let _ = clip(&bytes);
        let _ = stream(&bytes);
    }

    #[test]
    fn a_broken_header_gives_sound_or_an_error(
        which in any::<prop::sample::Index>(),
        breaks in prop::collection::vec((0_usize..200, any::<u8>()), 1..5),
        cut in prop::option::of(any::<prop::sample::Index>()),
    ) {
        let mut all: Vec<Vec<u8>> = fixtures().into_iter().map(|(_, bytes)| bytes).collect();
        for bits in [8_u16, 16, 24, 32] {
            all.push(wav(spec(2, 44_100, bits, Number::Int), &[0.5; 400]));
        }
        let mut bytes = which.get(&all).clone();
        if let Some(cut) = cut {
            bytes.truncate(cut.index(bytes.len()));
        }
        for (at, byte) in breaks {
            if let Some(place) = bytes.get_mut(at) {
                *place = byte;
            }
        }
        let samples = clip(&bytes).unwrap_or_default();
        prop_assert!(samples.iter().all(|sample| sample.is_finite()));
        let _ = stream(&bytes);
    }

    #[test]
    fn any_rate_and_channel_count_keep_the_duration(
        rate in MIN_RATE..=48_000_u32, channels in 1_u16..9, frames in 1_usize..3000,
    ) {
        let bytes = wav(spec(channels, rate, 16, Number::Int), &vec![0.25; frames * usize::from(channels)]);
        let samples = stream(&bytes).expect("a valid file");
        prop_assert_eq!(samples.len() as u64, (frames as u64 * 16_000).div_ceil(u64::from(rate)));
    }
}
