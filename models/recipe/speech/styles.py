"""Kokoro's voices: its own styles, blends of two or three of the training styles, and voices drawn from among them all."""

from dataclasses import dataclass

import numpy as np

from .. import held_out
from . import sources

BRITISH = "bh"  # first letters of the styles that say British phonemes: British and Indian ones
BEYOND = 0.3  # how far a blend may lie outside of its parents
SPREAD = 1.1  # of drawn voices around the mean, beside that of the styles
SURE = 0.7  # share of a blend's timbre that must be of one sex to call it that


@dataclass(frozen=True)
class StyleVoice:
    """Weighted styles; weights add up to one, and timbre and prosody have their own."""

    name: str
    styles: tuple
    timbre: tuple
    prosody: tuple

    @property
    def british(self):
        """Whether it says British phonemes: as the style that weighs most."""
        return self.styles[int(np.argmax(self.timbre))][0] in BRITISH

    @property
    def language(self):
        """Accent: en-us, en-gb, or that of a foreigner, named by Kokoro's letter."""
        letter = self.styles[int(np.argmax(self.timbre))][0]
        return {"a": "en-us", "b": "en-gb"}.get(letter, f"en-x-{letter}")

    @property
    def sex(self):
        """f, m, or nothing when a blend lies between."""
        female = sum(w for name, w in zip(self.styles, self.timbre) if name[1] == "f")
        return "f" if female >= SURE else "m" if female <= 1 - SURE else ""


def split_of(style):
    """train, dev or test."""
    return next((split for split, names in held_out.KOKORO.items() if style in names), "train")


def styles(split):
    """The voices of a split that are one style each."""
    names = [name for name in sources.kokoro_styles() if split_of(name) == split]
    return [StyleVoice(f"kokoro-{name}", (name,), (1.0,), (1.0,)) for name in names]


def _weights(rng, count):
    weights = rng.dirichlet(np.full(count, 1.5))
    if count == 2 and rng.random() < 0.25:
        beyond = rng.uniform(0, BEYOND)
        weights = np.array([1 + beyond, -beyond])
    return tuple(float(w) for w in weights)


def blend(number):
    """Blend `number` of the training styles: the same voice on every call."""
    rng = np.random.default_rng((54, number))
    names = [name for name in sources.kokoro_styles() if split_of(name) == "train"]
    count = int(rng.choice([2, 3]))
    chosen = tuple(str(name) for name in rng.choice(names, count, replace=False))
    timbre = _weights(rng, count)
    prosody = _weights(rng, count) if rng.random() < 0.3 else timbre
    return StyleVoice(f"kokoro-blend-{number:04}", chosen, timbre, prosody)


def drawn(number):
    """Voice `number` drawn as if the training styles were a sample of a normal distribution: the same on every call.

    Blends of a few lie between their parents; these lie as far from one another as the styles do.
    """
    rng = np.random.default_rng((55, number))
    names = tuple(voice.styles[0] for voice in styles("train"))
    timbre, prosody = _drawn_weights(rng, len(names)), _drawn_weights(rng, len(names))
    return StyleVoice(f"kokoro-drawn-{number:04}", names, timbre, prosody)


def _drawn_weights(rng, count):
    apart = rng.normal(size=count)
    return tuple((1 / count + SPREAD * (apart - apart.mean()) / np.sqrt(count)).tolist())
