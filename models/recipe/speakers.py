"""Three-second sounds of one voice, with what the teacher hears in them.

The teacher listens once, to clean sound; the answers are kept in a bank. Entry n of the bank is a
voice, warped in one of a few ways, and clips of it: all from the seed and n alone, so that a batch
can make the sound again and put it into any surroundings.
"""

import os
import zlib

import numpy as np

from . import teacher, warp
from .augment import mix
from .clips import to_float
from .feed import feed, generator
from .machine import on_device
from .settings import BANKS, RATE, SPEAKER_SECONDS
from .telling import Every

LENGTH = int(SPEAKER_SECONDS * RATE)
WARPS = (0.85, 0.92, 1.0, 1.08, 1.17)  # each makes another voice of a voice
LEAST_SECONDS = 1.2  # of speech of a voice, all clips together
FORMULA = "espeak"  # its voices are computed by formula: they are many, and nobody speaks like them
# Share of each family of voices; voices with other throats belong to the family of whom they are made of.
SHARES = {"kokoro": 0.55, "asterisk": 0.15, "recorded": 0.15, FORMULA: 0.15}
SHOWN = 1.2, 1.5, 1.8, 2.1, 2.4  # seconds of its sound that a step is shown; a GPU is slow to meet a new length
ENTRIES = int(os.environ.get("WAVLM_ENTRIES", "9000"))
TOGETHER = 50  # sounds that the teacher hears at once
TELL_SECONDS = 60


def families(material):
    """Family -> names of its voices with enough speech, sorted."""
    found = {family: [] for family in SHARES}
    for voice, clips in sorted(material.voices.items()):
        if sum(len(clip.samples) for clip in clips) >= LEAST_SECONDS * RATE:
            engine = voice.removeprefix("revoiced-").split("-")[0]
            found[engine if engine in SHARES else "recorded"].append(voice)
    return {family: voices for family, voices in found.items() if voices}


class Speakers:
    """Sounds of voices: class number, clean sound, and the same as a device hears it."""

    def __init__(self, material, surroundings):
        self.material, self.around = material, surroundings
        self.families = list(families(material).items())
        shares = np.array([SHARES[family] for family, _ in self.families])
        self.shares = shares / shares.sum()
        self.names = [voice for _, voices in self.families for voice in voices]
        self.numbers = {voice: number for number, voice in enumerate(self.names)}

    def mark(self):
        """What tells this set of voices from others, in the names of files."""
        return f"{zlib.crc32(' '.join(self.names).encode()):08x}"

    def clean(self, entry):
        """(class, sound) of an entry of the bank."""
        rng = generator("speaker", entry)
        _, voices = self.families[rng.choice(len(self.families), p=self.shares)]
        name, number = voices[rng.integers(len(voices))], int(rng.integers(len(WARPS)))
        clips = self.material.voices[name]
        pieces, wanted = [], int(LENGTH * WARPS[number]) + 1
        while sum(map(len, pieces)) < wanted:
            pieces.append(to_float(clips[rng.integers(len(clips))].samples))
            pieces.append(np.zeros(int(rng.uniform(0, 0.15) * RATE), np.float32))
        sound = warp.resample(np.concatenate(pieces)[:wanted], WARPS[number])[:LENGTH]
        return self.numbers[name] * len(WARPS) + number, np.pad(sound, (0, LENGTH - len(sound)))

    def example(self, rng, entry, severity):
        """The entry's class and sound in some surroundings, at times with a second talker in a part of it."""
        label, sound = self.clean(entry)
        if rng.random() < 0.25 * severity:
            _, other = self.clean(int(rng.integers(1 << 30)))
            length = int(rng.uniform(0.1, 0.5) * LENGTH)
            start, source = rng.integers(0, LENGTH - length + 1), rng.integers(0, LENGTH - length + 1)
            stretch = np.zeros_like(sound)
            stretch[start : start + length] = other[source : source + length]
            sound = mix(sound, stretch, rng.uniform(0, 12))
        return label, self.around.hear(rng, sound, severity)

    def batch(self, rng, size, answers, severity):
        """(a stretch of each sound, classes, what the teacher said of the whole)"""
        entries = rng.integers(0, len(answers), size)
        labels, sounds = zip(*(self.example(rng, int(entry), severity) for entry in entries))
        length = int(rng.choice(SHOWN) * RATE)
        first = int(rng.integers(0, LENGTH - length + 1))
        return np.stack(sounds)[:, first : first + length], np.array(labels), answers[entries]


def centred(answers):
    """The teacher's embeddings without what all voices share, which is most of them, of unit length.

    Learnt as they are, the mean alone would be near enough to every one of them.
    """
    apart = answers - answers.mean(0)
    return apart / np.linalg.norm(apart, axis=1, keepdims=True)


def bank(speakers, entries=ENTRIES):
    """The teacher's embeddings of the first entries, computed once for a set of voices: (entries, 256)."""
    BANKS.mkdir(parents=True, exist_ok=True)
    file = BANKS / f"teacher-{speakers.mark()}-{entries}.npy"
    if file.exists():
        return np.load(file)
    encoder, answers, telling = teacher.load(), [], Every(TELL_SECONDS)

    def heard(number):
        these = range(number * TOGETHER, (number + 1) * TOGETHER)
        return np.stack([encoder.partials(speakers.clean(entry)[1]) for entry in these])

    for number, partials in zip(range(-(-entries // TOGETHER)), feed(heard)):
        answers.append(encoder.embed(on_device(partials)).cpu().numpy())
        if telling.is_due():
            print(f"speakers: the teacher has heard {number * TOGETHER} of {entries}", flush=True)
    part = file.with_suffix(".part.npy")
    np.save(part, np.concatenate(answers)[:entries])
    part.rename(file)
    return np.load(file)
