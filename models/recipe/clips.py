"""Clips of sound: trimmed, faded, levelled, written."""

import numpy as np
from scipy.io import wavfile

from .settings import RATE

PAD = RATE // 50  # silence kept on both sides of a trimmed clip


def trim(samples, floor=0.02):
    """Cuts leading and trailing silence; None when nothing audible is left."""
    if samples is None or len(samples) < RATE // 10:
        return None
    level = np.abs(samples)
    peak = level.max()
    if peak < 1e-3:
        return None
    loud = np.flatnonzero(level > floor * peak)
    return samples[max(0, loud[0] - PAD) : loud[-1] + PAD]


FRAME = RATE // 100
AUDIBLE, LOUD = 10 ** (-45 / 20), 10 ** (-30 / 20)  # of the loudest hundredth of a second
MARGIN = 4 * FRAME  # kept on both sides of speech
BEYOND = 25  # frames of sound that may come before the first phone or after the last


def audible(samples, span=None):
    """The slice of `samples` that is speech; None for silence.

    Made for clean synthesised speech, whose fricatives and releases may lie far below its vowels.
    `span` is where the engine says that its phones are, in seconds; the sound may begin a little earlier
    and end later, but a breath or a puff apart from the word is not kept.
    """
    count = 0 if samples is None else len(samples) // FRAME
    if count < 5:
        return None
    level = np.sqrt((samples[: count * FRAME].reshape(count, FRAME) ** 2).mean(axis=1))
    if level.max() < 1e-3:
        return None
    first, last = 0, count - 1
    if span is not None:
        first, last = (min(count - 1, max(0, int(moment * RATE / FRAME))) for moment in span)
        loud = level > LOUD * level.max()
        earliest, latest = max(0, first - BEYOND), min(count - 1, last + BEYOND)
        while first > earliest and loud[first - 1]:
            first -= 1
        while last < latest and loud[last + 1]:
            last += 1
    heard = first + np.flatnonzero(level[first : last + 1] > AUDIBLE * level.max())
    if not len(heard):
        return None
    return slice(int(heard[0]) * FRAME, (int(heard[-1]) + 1) * FRAME)


def widened(part, count):
    """The slice with its margins, within `count` samples."""
    return slice(max(0, part.start - MARGIN), min(count, part.stop + MARGIN))


def faded(samples, length=RATE // 200):
    """Silence at the very ends, reached within 5 ms: some engines begin and end in the middle of a wave."""
    slope = np.linspace(0, 1, length, dtype=np.float32)
    samples = samples.copy()
    samples[:length] *= slope
    samples[-length:] *= slope[::-1]
    return samples


def to_i16(samples, peak=0.9):
    """Peak-normalised 16-bit samples."""
    return (samples / (np.abs(samples).max() + 1e-9) * peak * 32767).astype(np.int16)


def to_float(samples):
    """16-bit samples as floats in [-1, 1)."""
    return np.asarray(samples, np.float32) / 32768


def write_wav(path, samples):
    """16 kHz, 16 bits, one channel; floats are clipped to [-1, 1]."""
    if samples.dtype != np.int16:
        samples = (np.clip(samples, -1, 1) * 32767).astype(np.int16)
    path.parent.mkdir(parents=True, exist_ok=True)
    wavfile.write(path, RATE, samples)
