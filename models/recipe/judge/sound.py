"""Recordings cut, levelled and put in silence, as every one of them is before it is judged."""

import numpy as np
from scipy.io import wavfile

from ..clips import to_float
from ..settings import RATE

AUDIBLE = 0.02  # of the loudest hundredth of a second
KEPT = int(0.03 * RATE)  # on both sides of what is audible
PEAK = 0.5
SHORTEST_PAUSE, LONGEST_PAUSE = 0.2, 0.8  # seconds
HISS = 3e-4  # as loud as a quiet converter


def load(path):
    """Samples of a WAV file in [-1, 1)."""
    return to_float(wavfile.read(path)[1])


def trimmed(sound):
    """Without the quiet at both ends, at the level that everything is judged at; None for silence."""
    frame = RATE // 100
    count = len(sound) // frame
    if count < 3 or np.abs(sound).max() < 1e-3:
        return None
    level = np.sqrt((sound[: count * frame].reshape(count, frame) ** 2).mean(1))
    loud = np.flatnonzero(level > AUDIBLE * level.max())
    cut = sound[max(0, loud[0] * frame - KEPT) : (loud[-1] + 1) * frame + KEPT]
    return cut * (PEAK / np.abs(cut).max())


def in_silence(sound, seconds=1.0, seed=0):
    """With this much faint hiss on either side."""
    around = np.zeros(int(seconds * RATE), np.float32)
    return hissing(np.concatenate([around, sound, around]), seed)


def hissing(sound, seed=0):
    """With a converter's hiss over it."""
    return sound + np.random.default_rng(seed).normal(0, HISS, len(sound)).astype(np.float32)


def pause(rng):
    """The silence between two recordings of a row."""
    return np.zeros(int(rng.uniform(SHORTEST_PAUSE, LONGEST_PAUSE) * RATE), np.float32)
