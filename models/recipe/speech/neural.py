"""Kokoro in the corpus: how fast, in which manner and with which phonemes it says a request."""

import numpy as np

from .. import engines
from . import phones
from .kokoro import Kokoro
from .pronounce import Speller
from .spoken import Spoken

SPEEDS = {"train": (0.75, 1.35), "dev": (0.85, 1.2), "test": (0.85, 1.2)}
ROWS = 8, 300  # of the styles' tables that are picked at random: the later, the slower and clearer


class Engine:
    """About a second of one core for a second of sound."""

    def __init__(self):
        self.kokoro = Kokoro()
        self.speller = Speller(engines.shared_espeak())

    def say(self, requests, rng):
        """A `Spoken`, or None, for each request."""
        for request in requests:
            yield self.one(request, rng)

    def one(self, request, rng):
        """Training voices vary in manner: by another row of their style, and more in speed."""
        low, high = SPEEDS[request.split]
        speed = float(np.exp(rng.uniform(np.log(low), np.log(high))))
        other_row = request.split == "train" and rng.random() < 0.6
        row = int(np.exp(rng.uniform(*np.log(ROWS)))) if other_row else None
        stressed = request.kind != "sentence" or rng.random() < 0.5
        if request.language:
            said, spans = self.speller.foreign(request.text, request.language), []
        else:
            said, spans = self.speller.spell(request.text, request.voice.british, stressed, rng)
        if not said:
            return None
        samples, ends = self.kokoro.say(said, request.voice, speed, row)
        return Spoken(
            samples,
            [(phone, ends[start], ends[end]) for phone, start, end in phones.parse(said) or []],
            [(word, ends[start], ends[end]) for word, start, end in spans],
            said,
        )
