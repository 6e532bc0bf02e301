"""Training examples, made on the fly: windows for the words, sentences for the phones.

Batch number n of a kind depends on the seed and n alone.
"""

import numpy as np

from . import warp
from .clips import to_float
from .settings import KEYWORDS, LABELS, RATE, SILENCE, WINDOW
from .windows import Piece, Scene

NO_ANSWER = -100  # a window that holds half of a keyword; torch's losses leave it out
SENTENCE_SECONDS = 2.8
RECEPTIVE, HOP = 400, 320  # samples of a frame, and from one to the next
# Shares of what the words head sees.
KEYWORD, OTHER = 0.46, 0.46  # the rest is silence
# Of running speech: how much of it begins, and how much ends, within the window.
BEGINS, ENDS = 0.4, 0.15
LARGEST_WARP = 0.25
EASIEST = 0.2  # of a batch's severity: some of its sounds are always nearly clean


def warped(rng, clip, cut=None, share=None):
    """The clip in a somewhat other voice and at another speed; `cut` keeps a stretch of it alone: its beginning where `share`
    is 0, its end where it is 1, any where there is none."""
    sound, first = to_float(clip.samples), 0
    if cut is not None and len(sound) > cut:
        share = rng.random() if share is None else share
        first = int(share * (len(sound) - cut))
        sound = sound[first : first + cut]
    pitch = float(np.exp(np.clip(rng.normal(0, 0.1), -LARGEST_WARP, LARGEST_WARP)))
    speed = float(np.exp(np.clip(rng.normal(0, 0.13), -LARGEST_WARP, LARGEST_WARP)))
    whole, length = first == 0 and len(sound) == len(clip.samples), len(sound)
    # Tempo alone costs as much as all the rest, so half of the clips change pitch and tempo together.
    sound = warp.voice(sound, pitch, speed) if rng.random() < 0.5 else warp.resample(sound, pitch * speed)
    factor = len(sound) / max(1, length)
    spans = tuple((word, int((a - first) * factor), int((b - first) * factor)) for word, a, b in clip.spans)
    middles = ((n, int((at - first) * factor)) for n, at in clip.middles)
    middles = tuple((n, at) for n, at in middles if 0 <= at < len(sound))
    return Piece(sound, spans, clip.phones if whole else None, middles)


def in_frames(middles):
    """(sound, frame, number of the phone) rows of a batch; a frame is the one whose samples a moment is the middle of."""
    rows = [
        (sound, round((at - RECEPTIVE / 2) / HOP), number)
        for sound, found in enumerate(middles)
        for number, at in found
        if RECEPTIVE / 2 <= at
    ]
    return np.array(rows, np.int64).reshape(-1, 3)


class Words:
    """One-second windows: (sound, label number or NO_ANSWER, phones or None, middles of phones)."""

    def __init__(self, material, surroundings, mined=(), keywords=KEYWORDS, labels=LABELS):
        self.material, self.around, self.mined = material, surroundings, mined
        self.keywords, self.labels = keywords, labels

    def example(self, rng, severity=1.0):
        """One window, in surroundings of up to this severity."""
        kind = rng.random()
        if kind < KEYWORD:
            scene = self.keyword(rng)
        elif kind < KEYWORD + OTHER:
            scene = self.other(rng)
        else:
            return self.around.silence(rng, WINDOW), self.labels.index(SILENCE), [], []
        label = scene.label()
        number = NO_ANSWER if label is None else self.labels.index(label)
        sound = self.around.hear(rng, scene.sound, severity * rng.uniform(EASIEST, 1))
        return sound, number, scene.phones(), scene.middles

    def keyword(self, rng):
        """A keyword somewhere in the window: alone, beside other speech, or in a sentence."""
        scene = Scene()
        if len(self.material.phrases) and rng.random() < 0.3:
            piece = warped(rng, self.material.phrases.pick(rng))
            _, start, end = piece.spans[rng.integers(len(piece.spans))]
            scene.add(piece, self.start(rng, start, end))
            return scene
        piece = self.alone(rng)
        start = self.start(rng, 0, len(piece.sound))
        scene.add(piece, start)
        for before in (True, False):
            if rng.random() < 0.22:
                other = self.neighbour(rng)
                gap = int(rng.uniform(0.02, 0.35) * RATE)
                at = start - gap - len(other.sound) if before else start + len(piece.sound) + gap
                scene.add(other, at, 10 ** (rng.normal(0, 3) / 20))
        return scene

    def alone(self, rng):
        """A keyword by itself."""
        keyword = self.keywords[rng.integers(len(self.keywords))]
        return warped(rng, self.material.keywords[keyword].pick(rng))

    def start(self, rng, first, last):
        """Where a piece begins so that its stretch `first..last` lies in the window, at times cut a little."""
        length = last - first
        slack = int(0.15 * length) if rng.random() < 0.3 else 0
        free = WINDOW - length
        return int(rng.integers(min(0, free) - slack, max(0, free) + slack + 1)) - first

    def neighbour(self, rng):
        """What may be said before or after a keyword."""
        if rng.random() < 0.25:
            return self.alone(rng)
        if rng.random() < 0.5:
            return warped(rng, self.material.others.pick(rng))
        return warped(rng, self.material.speech.pick(rng), WINDOW)

    def other(self, rng):
        """No keyword: other words, running speech, a part of a keyword, or what was mistaken for one."""
        scene, kind = Scene(), rng.random()
        if len(self.mined) and kind < 0.2:
            clip, first = self.mined[rng.integers(len(self.mined))]
            first += int(rng.integers(-2400, 2401))  # negative where the window begins before the clip
            sound = to_float(clip.samples[max(0, first) : first + WINDOW + 3200])
            scene.add(Piece(warp.resample(sound, float(np.exp(rng.normal(0, 0.06))))), max(0, -first))
        elif kind < 0.42:
            at = int(rng.uniform(0, 0.8) * WINDOW)
            for _ in range(2):
                piece = warped(rng, self.material.others.pick(rng))
                scene.add(piece, at - (len(piece.sound) // 2 if rng.random() < 0.3 else 0))
                at += len(piece.sound) + int(rng.uniform(0.02, 0.5) * RATE)
                if rng.random() < 0.5:
                    break
        elif kind < 0.9:
            self.running(rng, scene)
        else:
            piece = self.alone(rng)
            seen = int(len(piece.sound) * rng.uniform(0.1, 0.48))
            scene.add(piece, seen - len(piece.sound) if rng.random() < 0.5 else WINDOW - seen)
        return scene

    def running(self, rng, scene):
        """Speech that begins in the window, ends in it, or fills it. A first syllable before the window's end is most easily
        taken for a word."""
        kind = rng.random()
        share = 0 if kind < BEGINS else 1 if kind < BEGINS + ENDS else None
        piece = warped(rng, self.material.speech.pick(rng), int(1.4 * WINDOW), share)
        length = len(piece.sound)
        if share == 0:
            start = int(rng.uniform(0, 0.85) * WINDOW)
        elif share == 1:
            start = int(rng.uniform(0.15, 1) * WINDOW) - length
        else:
            start = int(rng.integers(min(0, WINDOW - length), 1))
        scene.add(piece, start)

    def batch(self, rng, size, severity=1.0):
        """(sounds, numbers of labels, lists of phones or None, middles of phones)"""
        sounds, labels, said, middles = zip(*(self.example(rng, severity) for _ in range(size)))
        return np.stack(sounds), np.array(labels), list(said), in_frames(middles)


class Sentences:
    """A few seconds of speech with all of its phones."""

    def __init__(self, material, surroundings):
        self.material, self.around = material, surroundings
        self.length = int(SENTENCE_SECONDS * RATE)

    def example(self, rng, severity=1.0):
        """One sound, filled with clips until no more fits."""
        scene, at = Scene(self.length), int(rng.uniform(0, 0.3) * RATE)
        for _ in range(5):
            piece = warped(rng, self.material.spelt.pick(rng))
            if at + len(piece.sound) > self.length:
                if scene.heard:
                    break
                continue
            scene.add(piece, at)
            at += len(piece.sound) + int(rng.uniform(0.02, 0.5) * RATE)
        sound = self.around.hear(rng, scene.sound, severity * rng.uniform(EASIEST, 1))
        return sound, scene.phones() or [], scene.middles

    def batch(self, rng, size, severity=1.0):
        """(sounds, lists of phones, middles of phones)"""
        sounds, said, middles = zip(*(self.example(rng, severity) for _ in range(size)))
        return np.stack(sounds), list(said), in_frames(middles)
