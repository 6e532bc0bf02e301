"""Other voices out of one: tempo, and pitch with the vocal tract, changed one without the other."""

import numpy as np

from .settings import RATE

FRAME, HOP, REACH = RATE // 40, RATE // 80, RATE // 160  # 25 ms frames, 12.5 ms apart, moved up to 6 ms
FADE = np.hanning(FRAME + 1)[:FRAME].astype(np.float32)


def resample(samples, factor):
    """Plays `factor` times faster: tempo, pitch and vocal tract change together."""
    if factor == 1:
        return samples
    count = int(len(samples) / factor)
    return np.interp(np.arange(count) * factor, np.arange(len(samples)), samples).astype(np.float32)


def tempo(samples, factor):
    """Says it `factor` times faster at the same pitch: overlapping frames, each moved to where it
    continues the one before it best (WSOLA)."""
    count = int(len(samples) / factor / HOP)
    if abs(factor - 1) < 0.01 or count < 4:
        return samples
    source = np.concatenate([samples, np.zeros(FRAME + 2 * REACH + HOP, np.float32)])
    made = np.zeros(count * HOP + FRAME, np.float32)
    made[:FRAME] = source[:FRAME] * FADE
    made[:HOP] = source[:HOP]
    at = 0
    for number in range(1, count):
        natural = source[at + HOP : at + HOP + FRAME]
        lowest = max(0, int(number * HOP * factor) - REACH)
        nearby = source[lowest : lowest + FRAME + 2 * REACH]
        # One sample in four is enough to find the period.
        likeness = np.correlate(nearby[::4], natural[::4], "valid")
        at = lowest + 4 * int(likeness.argmax())
        at = min(at, len(source) - FRAME - HOP)
        made[number * HOP : number * HOP + FRAME] += source[at : at + FRAME] * FADE
    return made[: count * HOP]


def voice(samples, pitch, speed):
    """Pitch and vocal tract times `pitch`, tempo times `speed`."""
    return resample(tempo(samples, speed / pitch), pitch)
