"""What the spotter will do with the words' scores: windows over a sound, and their mean over a few.

A simple stand-in for the program's own spotter, near enough to judge a model while it learns.
"""

import numpy as np
import torch

from .machine import on_device
from .metrics import smooth
from .settings import KEYWORDS, RATE, WINDOW

HOP = 12 * 320  # twelve frames of the stem: 0.24 s
SMOOTHED = 2
BATCH = 128
REFRACTORY = int(1.0 * RATE / HOP)
BEFORE = WINDOW - HOP  # samples of silence in which the first window begins


def windows(sound):
    """(count, WINDOW) windows every HOP, from the first to the last that hold any of the sound, with silence around it."""
    count = -(-(len(sound) + BEFORE) // HOP)
    padded = np.pad(sound, (BEFORE, count * HOP + WINDOW - BEFORE - len(sound)))
    return np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::HOP][:count]


def chances(listener, sound):
    """(windows, labels) probabilities."""
    return chances_in_each(listener, [sound])[0]


@torch.inference_mode()
def chances_in_each(listener, sounds):
    """`chances` of several sounds, whose windows share batches."""
    cut = [windows(np.asarray(sound, np.float32)) for sound in sounds]
    every = np.concatenate(cut)
    parts = (on_device(every[i : i + BATCH]) for i in range(0, len(every), BATCH))
    found = torch.cat([listener.words_and_phones(part)[0].softmax(-1) for part in parts]).cpu().numpy()
    return np.split(found, np.cumsum([len(own) for own in cut])[:-1])


def smoothed(scores):
    """The mean over the latest SMOOTHED windows, fewer at the beginning."""
    return smooth(scores, SMOOTHED)


def alarms(scores):
    """Scores of what a spotter of threshold zero would report, one a keyword and second, highest first."""
    found = []
    for word in range(len(KEYWORDS)):
        curve = scores[:, word].copy()
        while len(curve) and (top := curve.max()) > 0.05:
            at = int(curve.argmax())
            found.append((float(top), word, at))
            curve[max(0, at - REFRACTORY) : at + REFRACTORY + 1] = 0
    return sorted(found, reverse=True)
