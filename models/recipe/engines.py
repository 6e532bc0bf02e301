"""The three synthesisers: espeak-ng in this process, flite and festival as programs.

Each returns an `Utterance`, or None when nothing could be said.
"""

import ctypes
import re
import subprocess
import tempfile
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import pairwise
from pathlib import Path

import numpy as np
from scipy.io import wavfile
from scipy.signal import resample_poly

from .settings import RATE, RecipeError

ESPEAK_RATE = 22050
WITH_PHONEMES, IN_IPA = 1, 2  # options of espeak_Initialize
WORD_EVENT, END_EVENT, PHONEME_EVENT = 1, 5, 7
RATE_PARAMETER, VOLUME_PARAMETER, PITCH_PARAMETER, RANGE_PARAMETER = 1, 2, 3, 4


@dataclass
class Utterance:
    """Speech, and what it is made of in the order of time; times are seconds."""

    samples: np.ndarray  # 16 kHz, float
    segments: list = field(
        default_factory=list
    )  # (name, start, end) as the engine writes it; "" is a pause
    words: list = field(default_factory=list)  # (word, start, end), where the engine tells


class _Event(ctypes.Structure):
    """espeak_EVENT of speak_lib.h."""

    _fields_ = [
        ("type", ctypes.c_int),
        ("unique_identifier", ctypes.c_uint),
        ("text_position", ctypes.c_int),
        ("length", ctypes.c_int),
        ("audio_position", ctypes.c_int),
        ("sample", ctypes.c_int),
        ("user_data", ctypes.c_void_p),
        ("name", ctypes.c_char * 8),
    ]


def _timed(events, text, total):
    """(segments, words) of espeak-ng's (type, position, length, sample, name) events."""
    sounds = [e for e in events if e[0] in (PHONEME_EVENT, END_EVENT)]
    spans = list(pairwise([e[3] for e in sounds] + [total]))
    segments = [
        (name, start / ESPEAK_RATE, end / ESPEAK_RATE)
        for (kind, _, _, _, name), (start, end) in zip(sounds, spans)
        if kind == PHONEME_EVENT and end > start
    ]
    words, starts = [], [e for e in events if e[0] == WORD_EVENT]
    for event, following in zip(starts, [*starts[1:], None]):
        begin = event[3] / ESPEAK_RATE
        limit = total / ESPEAK_RATE if following is None else following[3] / ESPEAK_RATE
        own = [(start, end) for name, start, end in segments if name and begin <= start < limit]
        if own and event[2]:
            words.append((text[event[1] - 1 : event[1] - 1 + event[2]], own[0][0], own[-1][1]))
    return segments, words


def espeak_data():
    """espeak-ng's data folder, wherever this architecture's package puts it."""
    found = sorted(Path("/usr/lib").glob("*/espeak-ng-data")) + sorted(
        Path("/usr/share").glob("espeak-ng-data")
    )
    if not found:
        raise RecipeError("espeak-ng-data is missing; install the Debian package espeak-ng")
    return found[0]


class Espeak:
    """espeak-ng through its library: a clip takes milliseconds.

    A private data folder, links but for one variant file, lets any number of variants be used:
    the file is rewritten before each voice change, while the library itself lists at most 350.
    """

    def __init__(self):
        try:
            self.library = ctypes.CDLL("libespeak-ng.so.1")
        except OSError:
            raise RecipeError("libespeak-ng.so.1 is missing; install the Debian package espeak-ng")
        self.folder = tempfile.TemporaryDirectory(prefix="espeak-")
        home = Path(self.folder.name) / "espeak-ng-data"
        variants = home / "voices" / "!v"
        variants.mkdir(parents=True)
        for entry in espeak_data().iterdir():
            if entry.name != "voices":
                (home / entry.name).symlink_to(entry)
        self.variant = variants / "current"
        self.variant.write_text("language variant\n")
        self.chunks, self.events = [], []
        synchronous, options = 2, WITH_PHONEMES | IN_IPA
        if self.library.espeak_Initialize(synchronous, 200, self.folder.name.encode(), options) < 0:
            raise RecipeError("espeak-ng does not start")
        callback = ctypes.CFUNCTYPE(
            ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.POINTER(_Event)
        )

        def keep(samples, count, events):
            if samples and count > 0:
                self.chunks.append(np.ctypeslib.as_array(samples, (count,)).copy())
            for event in events:
                if event.type == 0:
                    break
                name = event.name.decode(errors="ignore") if event.type == PHONEME_EVENT else ""
                self.events.append((event.type, event.text_position, event.length, event.sample, name))
            return 0

        self.callback = callback(keep)  # must outlive every call
        self.library.espeak_SetSynthCallback(self.callback)
        self.library.espeak_TextToPhonemes.restype = ctypes.c_char_p

    def ipa(self, text, accent):
        """The IPA of `text`, clause after clause, diphthongs and affricates tied with ^."""
        if self.library.espeak_SetVoiceByName(accent.encode()) != 0:
            raise RecipeError(f"espeak-ng has no voice {accent}")
        utf8, mode = 1, ord("^") << 8 | 1 << 7 | 2
        rest, clauses = ctypes.c_char_p(text.encode()), []
        while rest.value:
            clauses.append(self.library.espeak_TextToPhonemes(ctypes.byref(rest), utf8, mode).decode())
        return " ".join(clauses).strip()

    def say(self, text, voice, rate, pitch, range_):
        """`text` in `voice`; rate in words a minute, pitch and its range in espeak's 0..99."""
        self.variant.write_text(voice.variant)
        if self.library.espeak_SetVoiceByName(f"{voice.accent}+current".encode()) != 0:
            return None
        for parameter, value in (
            (RATE_PARAMETER, rate),
            (VOLUME_PARAMETER, 90),
            (PITCH_PARAMETER, np.clip(pitch, 5, 95)),
            (RANGE_PARAMETER, np.clip(range_, 5, 99)),
        ):
            self.library.espeak_SetParameter(parameter, int(value), 0)
        raw = text.encode() + b"\0"
        self.chunks.clear()
        self.events.clear()
        utf8 = 1
        self.library.espeak_Synth(raw, ctypes.c_size_t(len(raw)), 0, 1, 0, utf8, None, None)
        if not self.chunks:
            return None
        samples = np.concatenate(self.chunks).astype(np.float32) / 32768
        segments, words = _timed(self.events, text, len(samples))
        return Utterance(resample_poly(samples, RATE, ESPEAK_RATE).astype(np.float32), segments, words)


@lru_cache
def shared_espeak():
    """The one Espeak of this process: the library knows a single data folder and a single callback."""
    return Espeak()


def _load(path):
    try:
        rate, samples = wavfile.read(path)
    except (OSError, ValueError):
        return None
    samples = samples.astype(np.float32) / 32768
    return samples if rate == RATE else resample_poly(samples, RATE, rate).astype(np.float32)


def _run(command, **options):
    try:
        return subprocess.run(command, capture_output=True, check=False, **options)
    except FileNotFoundError:
        raise RecipeError(f"{command[0]} is missing; install the Debian package {command[0]}")


def flite(voice, text, stretch, pitch, folder):
    """One utterance by the program flite."""
    path = Path(folder) / "flite.wav"
    path.unlink(missing_ok=True)
    done = _run(
        ["flite", "-voice", voice, "--setf", f"duration_stretch={stretch:.2f}", "-psdur",
         "--setf", f"int_f0_target_mean={pitch:.0f}", "-t", text, "-o", str(path)]
    )  # fmt: skip
    ends = [(name, float(end)) for name, end in re.findall(r"([\w#]+):([\d.]+)", done.stdout.decode())]
    return _utterance(path, ends)


def _utterance(path, ends):
    """A WAV file and the (name, end) of its segments."""
    samples = _load(path)
    starts = [0.0, *(end for _, end in ends)]
    if samples is None:
        return None
    return Utterance(samples, [(name, start, end) for (name, end), start in zip(ends, starts)])


def _xlabel(path):
    """The (name, end) of festival's file of segments; empty when there is none."""
    if not path.exists():
        return []
    rows = [line.split() for line in path.read_text().splitlines()]
    return [(row[2], float(row[0])) for row in rows if len(row) == 3]


def festival(voice, requests, folder):
    """Many utterances by one run of festival: `requests` are (text, stretch) pairs."""
    folder = Path(folder)
    lines = [f"(voice_{voice})"]
    for number, (text, stretch) in enumerate(requests):
        lines.append(f"(Parameter.set 'Duration_Stretch {stretch:.2f})")
        lines.append(f"(set! hts_duration_stretch {stretch - 1:.2f})")
        said = f'(utt.synth (Utterance Text "{text}"))'
        lines.append(f"(unwind-protect (begin (set! said {said}) "
                     f"(utt.save.segs said \"{folder}/{number}.lab\") "
                     f"(utt.save.wave said \"{folder}/{number}.wav\" 'riff)))")  # fmt: skip
    script = folder / "say.scm"
    script.write_text("\n".join(lines) + "\n")
    _run(["festival", "-b", str(script)], timeout=1800)
    return [
        _utterance(folder / f"{number}.wav", _xlabel(folder / f"{number}.lab"))
        for number in range(len(requests))
    ]
