"""The clips of training, sorted by what they are good for.

A clip is 16-bit samples and the corpus's row about them. Which list it goes into follows from the
row alone: what was said, whether it holds keywords and where, whether its phones are known.
"""

import re
from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from . import phones
from .corpus import Corpus
from .settings import RATE

TRAIN_SURROUNDINGS, DEV_SURROUNDINGS = 21, 22
# Share of each family of engines in every kind of example, where there is something of all of them.
FAMILIES = {"kokoro": 0.32, "revoiced": 0.36, "espeak": 0.16, "recorded": 0.14, "asterisk": 0.2}
FULL_SHARE_CLIPS = 200  # a family with fewer clips of a kind gets proportionally less


def family(engine):
    """kokoro, revoiced, espeak, asterisk (people), or recorded: voices cut from recordings of people."""
    return engine if engine in FAMILIES else "recorded"


@dataclass(eq=False)
class Clip:
    """16-bit samples and what is known about them; spans are (word, first sample, last sample)."""

    samples: np.ndarray
    kind: str
    voice: str
    engine: str
    phones: tuple | None = None  # numbers, or None when they are not known
    middles: tuple = ()  # (number, sample) of each phone, where their times are known
    spans: tuple = ()  # of the keywords, where their times are known
    keyword_free: bool = False

    @classmethod
    def of(cls, samples, row):
        """A clip of the corpus."""
        spans = ()
        if row.kind == "keyword":
            spans = ((row.keywords[0], 0, len(samples)),)
        elif row.keyword_ms is not None:
            times = row.keyword_ms * RATE // 1000
            spans = tuple((word, *map(int, span)) for word, span in zip(row.keywords, times))
        said = tuple(phones.encode(row.phones)) if row.phones else None
        middles = ()
        if said and row.phone_ms is not None:
            middles = tuple(zip(said, (row.phone_ms.mean(1) * RATE / 1000).astype(int).tolist()))
        return cls(samples, row.kind, row.voice, row.engine, said, middles, spans, row.keyword_free)


class Pool:
    """Clips by family of engines, picked from by the families' shares."""

    def __init__(self):
        self.by_family = defaultdict(list)
        self.chances = None

    def add(self, clip):
        """One more clip."""
        self.by_family[family(clip.engine)].append(clip)
        self.chances = None

    def __len__(self):
        return sum(map(len, self.by_family.values()))

    def __iter__(self):
        return (clip for clips in self.by_family.values() for clip in clips)

    def pick(self, rng):
        """A random clip."""
        if self.chances is None:
            names = [name for name in FAMILIES if self.by_family[name]]
            full = [FAMILIES[n] * min(1, len(self.by_family[n]) / FULL_SHARE_CLIPS) for n in names]
            self.chances = names, np.cumsum(full) / np.sum(full)
        names, bounds = self.chances
        clips = self.by_family[names[int(np.searchsorted(bounds, rng.random()))]]
        return clips[rng.integers(len(clips))]


@dataclass
class Material:
    """Pools of clips; a clip may be in several."""

    keywords: dict = field(default_factory=lambda: defaultdict(Pool))  # by themselves
    phrases: Pool = field(default_factory=Pool)  # keywords among other words, with their times
    others: Pool = field(default_factory=Pool)  # other words by themselves
    speech: Pool = field(default_factory=Pool)  # running speech free of keywords
    spelt: Pool = field(default_factory=Pool)  # whose phones are known
    voices: dict = field(default_factory=lambda: defaultdict(list))  # all clips of each

    def add(self, clip):
        """Sorts a clip in."""
        self.voices[clip.voice].append(clip)
        if clip.phones:
            self.spelt.add(clip)
        if clip.kind == "keyword":
            self.keywords[clip.spans[0][0]].add(clip)
        elif clip.kind in ("word", "foreign-word") and clip.keyword_free:
            self.others.add(clip)
        elif clip.keyword_free:
            self.speech.add(clip)
        elif clip.spans:
            self.phrases.add(clip)

    @classmethod
    def of(cls, split, unsaid=()):
        """Everything of a split of the corpus but what says one of the words `unsaid`; the sound stays on disk until it is used."""
        material, files = cls(), {}
        for row in Corpus.load().where(split=split):
            if unsaid and not set(re.findall(r"[a-z']+", row.text.lower())).isdisjoint(unsaid):
                continue
            if row.file not in files:
                files[row.file] = np.memmap(row.file, "<i2", "r")
            material.add(Clip.of(files[row.file][row.start : row.start + row.length], row))
        return material
