"""Recordings cut, levelled and put in silence, as every one of them is before it is judged."""

import numpy as np
from scipy.io import wavfile

from ..settings import RATE

AUDIBLE = 0.02  # of the loudest hundredth of a second
KEPT = int(0.03 * RATE)  # on both sides of what is audible
PEAK = 0.5
HISS = 3e-4  # as loud as a quiet converter


def load(path):
    """Samples of a WAV file in [-1, 1)."""
    return wavfile.read(path)[1].astype(np.float32) / 32768


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


def faded(sound, samples=RATE // 100):
    """A stretch cut from the middle of speech, without clicks at its ends."""
    slope = np.linspace(0, 1, samples, dtype=np.float32)
    sound = sound.copy()
    sound[:samples] *= slope
    sound[-samples:] *= slope[::-1]
    return sound


def in_silence(sound, seconds=1.0, seed=0):
    """With this much faint hiss on either side."""
    around = np.zeros(int(seconds * RATE), np.float32)
    return hissing(np.concatenate([around, sound, around]), seed)


def hissing(sound, seed=0):
    """With a converter's hiss over it."""
    return sound + np.random.default_rng(seed).normal(0, HISS, len(sound)).astype(np.float32)
