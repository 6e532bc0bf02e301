"""New voices out of those of the corpus: every clip of training that was not made from a formula is said again by another
throat.

The WORLD vocoder (pyworld) takes a clip apart into pitch, spectral envelope and breath, and puts it together again with each
changed by itself: higher or lower, with a longer or a shorter vocal tract, livelier or flatter, hoarser, brighter or duller.
What is said, and when, stays. Shards `revoiced-NAME`, `revoiced-NAME-copy-2` and so on stand beside each shard NAME.
"""

import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np
import pyworld

from .. import clips
from ..corpus import Corpus
from ..settings import RATE
from . import packs

# Engines, and how often each of their clips is said again: the more like a person, the more often.
COPIES = {"kokoro": 2, "flite": 1, "festival": 1, "asterisk": 3}
VOICES = 8  # new ones of each voice
STEP_MS = 5.0
PREFIX = "revoiced"


@dataclass(frozen=True)
class Throat:
    """How a voice differs from the one that it is made of."""

    pitch: float  # times the pitch
    tract: float  # times the frequencies of the envelope
    liveliness: float  # times the distance of the pitch from its middle, in octaves
    breath: float  # share of the voiced part that becomes breath
    tilt: float  # of the envelope, in dB per octave

    @classmethod
    def of(cls, name):
        """Drawn from the new voice's name: high voices have short tracts, as a rule."""
        rng = np.random.default_rng(zlib.crc32(name.encode()))
        height = rng.normal()
        return cls(
            pitch=float(np.exp(np.clip(0.25 * height, -0.55, 0.55))),
            tract=float(np.exp(np.clip(0.05 * height + 0.07 * rng.normal(), -0.2, 0.2))),
            liveliness=float(rng.uniform(0.5, 1.6)),
            breath=float(rng.uniform(0.05, 0.5)) if rng.random() < 0.4 else 0.0,
            tilt=float(rng.uniform(-3, 3)),
        )

    def say(self, samples):
        """The same words, float samples in and out, of the same length."""
        sound = samples.astype(np.float64)
        rough, times = pyworld.dio(sound, RATE, frame_period=STEP_MS)
        pitch = pyworld.stonemask(sound, rough, times, RATE)
        envelope = pyworld.cheaptrick(sound, pitch, times, RATE)
        noise = pyworld.d4c(sound, pitch, times, RATE)
        noise = 1 - (1 - noise) * (1 - self.breath)
        said = pyworld.synthesize(self.melody(pitch), self.shape(envelope), noise, RATE, STEP_MS)
        return np.pad(said, (0, max(0, len(sound) - len(said))))[: len(sound)].astype(np.float32)

    def melody(self, pitch):
        """The pitch of each frame; 0 stays 0, which is no voice."""
        voiced = pitch > 0
        if not voiced.any():
            return pitch
        middle = np.exp(np.log(pitch[voiced]).mean())
        moved = pitch.copy()
        moved[voiced] = self.pitch * middle * (pitch[voiced] / middle) ** self.liveliness
        return np.where(voiced, np.clip(moved, 50, 600), 0.0)

    def shape(self, envelope):
        """The envelope of each frame, along a tract of another length, and tilted."""
        bins = envelope.shape[1]
        places = np.arange(bins) / self.tract
        low = np.minimum(places.astype(int), bins - 2)
        share = np.clip(places - low, 0, 1)
        moved = envelope[:, low] ** (1 - share) * envelope[:, low + 1] ** share
        octaves = np.log2(np.maximum(np.arange(bins), 1) / bins * (RATE / 2) / 1000)
        return np.ascontiguousarray(moved * 10 ** (self.tilt * np.clip(octaves, -3, 3) / 10))


def sources():
    """The revoiced shards that are missing: name -> rows of training that are said again."""
    found = {}
    for row in Corpus.load().where(split="train", engine=tuple(COPIES)):
        found.setdefault(row.file.stem, []).append(row)
    wanted = {
        f"{PREFIX}-{name}{'' if copy == 1 else f'-copy-{copy}'}": rows
        for name, rows in found.items()
        for copy in range(1, COPIES[rows[0].engine] + 1)
    }
    return {name: rows for name, rows in wanted.items() if not packs.exists(name)}


def shard(name, rows):
    """Writes a shard; returns its seconds."""
    pack = packs.Shard(name)
    rng = np.random.default_rng(zlib.crc32(pack.name.encode()))
    for row in rows:
        voice = f"{PREFIX}-{row.voice}-{rng.integers(VOICES)}"
        said = Throat.of(voice).say(clips.to_float(row.samples()))
        pack.clips.append(clips.to_i16(clips.faded(said)))
        pack.rows.append({
            "length": row.length,
            "kind": row.kind,
            "text": row.text,
            "said": row.said,
            "phones": " ".join(row.phones),
            "phone_ms": [] if row.phone_ms is None else row.phone_ms.ravel().tolist(),
            "keywords": list(row.keywords),
            "keyword_ms": [] if row.keyword_ms is None else row.keyword_ms.ravel().tolist(),
            "keyword_free": row.keyword_free,
            "voice": voice,
            "engine": PREFIX,
            "split": "train",
            "sex": "",
            "language": row.language,
        })  # fmt: skip
    pack.save()
    return pack.seconds()


def run(jobs=1):
    """Makes what is missing, some shards at a time."""
    found = sources()
    with ProcessPoolExecutor(jobs) as workers:
        for name, seconds in zip(found, workers.map(shard, found.keys(), found.values())):
            print(f"speech: {name}: {seconds:.0f} s of sound", flush=True)
