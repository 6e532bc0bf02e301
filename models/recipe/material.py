"""The clips of training, sorted by what they are good for.

A clip is 16-bit samples and the corpus's row about them. Which list it goes into follows from the
row alone: what was said, whether it holds keywords and where, whether its phones are known.
"""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from . import corpus, phones
from .settings import RATE

TRAIN_SURROUNDINGS = 21
# Share of each family of engines in every kind of example, where there is something of all of them.
FAMILIES = {"kokoro": 0.5, "espeak": 0.28, "recorded": 0.22}
FULL_SHARE_CLIPS = 200  # a family with fewer clips of a kind gets proportionally less
ISOLATED_SECONDS = 1.4


def family(engine):
    """kokoro, espeak, or recorded: voices cut from recordings of people, and people themselves."""
    return engine if engine in FAMILIES else "recorded"


@dataclass(eq=False)
class Clip:
    """16-bit samples and what is known about them; spans are (word, first sample, last sample)."""

    samples: np.ndarray
    voice: str
    engine: str
    text: str = ""
    phones: tuple | None = None  # numbers, or None when they are not known
    spans: tuple = ()  # of the keywords; their times may be unknown, then there is none
    keyword_free: bool = False

    @classmethod
    def from_row(cls, samples, row):
        """A clip of the corpus."""
        times = row.get("keyword_ms") or []
        starts, ends = times[0::2], times[1::2]
        spans = tuple(
            (word, int(start * RATE / 1000), int(end * RATE / 1000))
            for word, start, end in zip(row["keywords"], starts, ends)
            if start is not None and end is not None
        )
        if not spans and len(row["keywords"]) == 1 and len(row["text"].split()) == 1:
            spans = ((row["keywords"][0], 0, len(samples)),)
        said = tuple(phones.encode(row["phones"].split())) if row.get("phones") else None
        free = row["keyword_free"]
        return cls(samples, row["voice"], row["engine"], row["text"], said, spans, free)

    @property
    def isolated(self):
        """Whether this is one or two words by themselves."""
        return len(self.samples) < ISOLATED_SECONDS * RATE and len(self.text.split()) <= 2


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
    mined: list = field(default_factory=list)  # windows that were taken for a keyword

    def add(self, clip):
        """Sorts a clip in."""
        if clip.phones:
            self.spelt.add(clip)
        if clip.keyword_free:
            (self.others if clip.isolated else self.speech).add(clip)
        elif len(clip.spans) == 1 and clip.isolated and len(clip.text.split()) == 1:
            self.keywords[clip.spans[0][0]].add(clip)
        elif clip.spans:
            self.phrases.add(clip)

    @classmethod
    def of(cls, split):
        """Everything of a split of the corpus."""
        material = cls()
        for samples, row in corpus.clips(split):
            material.add(Clip.from_row(samples, row))
        return material
