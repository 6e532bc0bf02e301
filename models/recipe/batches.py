"""Training examples, made on the fly in a process of their own.

Batch number n of a kind depends on the seed and n alone: an interrupted training goes on with
exactly the batches it would have seen.
"""

import itertools
import multiprocessing
import queue
import zlib
from collections import defaultdict

import numpy as np

from . import clips, synth, voices
from .augment import Surroundings, mix, normalise, resample
from .settings import LABELS, RATE, WINDOW

# Each voice, played at these speeds, is as many speakers; more so the few recorded ones.
WARPS, RECORDED_WARPS = (0.88, 1.0, 1.13), (0.8, 0.88, 1.0, 1.13, 1.25)
TRAIN_SURROUNDINGS, SEED = 21, 31
PEOPLE = {voices.person(voice) for voice in voices.RECORDED}


def place(samples, start, length=WINDOW):
    """`samples` in a window of silence, beginning at `start`; what sticks out is cut."""
    window = np.zeros(length, np.float32)
    first, last = max(0, start), min(length, start + len(samples))
    if last > first:
        window[first:last] = samples[first - start : last - start]
    return window


def stretch_of(rng, samples, length):
    """A random stretch of a 16-bit recording as floats, padded when it is too short."""
    start = rng.integers(0, max(1, len(samples) - length + 1))
    piece = clips.to_float(samples[start : start + length])
    return place(piece, 0, length) if len(piece) < length else piece


class Material:
    """The clips of training, sorted by what they are good for."""

    def __init__(self, words, speech):
        """`words` and `speech` are lists of pack names."""
        self.words = defaultdict(lambda: ([], []))  # label -> (synthetic, recorded)
        for samples, row in clips.read(*words):
            self.words[row["label"]][row["voice"] in voices.RECORDED].append(samples)
        self.speech, self.speakers = [], defaultdict(list)
        for samples, row in clips.read(*speech):
            self.speech.append(samples)
            if len(samples) > 1.2 * RATE:
                self.speakers[voices.person(row["voice"])].append(samples)
        self.classes = [
            (name, warp)
            for name in sorted(self.speakers)
            for warp in (RECORDED_WARPS if name in PEOPLE else WARPS)
        ]

    @classmethod
    def training(cls):
        """Everything that may be trained on."""
        words = synth.words_packs("train") + [f"words-{v}" for v in voices.TRAINED_RECORDED]
        speech = synth.speech_packs("train") + [f"speech-{v}" for v in voices.TRAINED_RECORDED]
        return cls(words, speech)


class Words:
    """One-second windows for the words head."""

    RECORDED = 0.4  # share of recorded voices: few, but the only real ones

    def __init__(self, material, surroundings, labels=LABELS):
        self.material, self.around = material, surroundings
        self.keywords = [label for label in labels if label not in ("_unknown_", "_silence_")]
        self.unknown_label = labels.index("_unknown_")
        self.silence_label = labels.index("_silence_")

    def clip(self, rng, label):
        """A clip of the label, at a random speed."""
        synthetic, recorded = self.material.words[label]
        if recorded and (not synthetic or rng.random() < self.RECORDED):
            samples = recorded[rng.integers(len(recorded))]
            return resample(clips.to_float(samples), rng.uniform(0.85, 1.3))
        samples = synthetic[rng.integers(len(synthetic))]
        return resample(clips.to_float(samples), np.exp(rng.normal(0, 0.09)))

    def speech(self, rng, length):
        """A stretch of keyword-free speech."""
        samples = self.material.speech[rng.integers(len(self.material.speech))]
        return stretch_of(rng, samples, length)

    def silence(self, rng):
        """Noise alone, down to nothing."""
        sound = self.around.transmit(rng, self.around.noise(rng, WINDOW), room=0)
        if rng.random() < 0.15:
            sound = rng.standard_normal(WINDOW).astype(np.float32)
        return sound * 10 ** (rng.uniform(-100, -5) / 20)

    def unknown(self, rng):
        """Another word, a second out of running speech, or a keyword that is mostly outside."""
        kind = rng.random()
        if kind < 0.5:
            samples = self.clip(rng, "_unknown_")
            free = WINDOW - len(samples)
            return place(samples, rng.integers(min(0, free), max(0, free) + 1))
        if kind < 0.88:
            factor = np.exp(np.clip(rng.normal(0, 0.08), -0.2, 0.2))
            return resample(self.speech(rng, int(WINDOW * factor) + 2), factor)[:WINDOW]
        samples = self.clip(rng, self.keywords[rng.integers(len(self.keywords))])
        seen = int(len(samples) * rng.uniform(0.15, 0.45))
        start = seen - len(samples) if rng.random() < 0.5 else WINDOW - seen
        return place(samples, start)

    def keyword(self, rng, word):
        """The keyword somewhere in the window, at times cut a little or beside other speech."""
        samples = self.clip(rng, word)
        free = WINDOW - len(samples)
        slack = int(0.12 * len(samples)) if rng.random() < 0.25 else 0
        start = rng.integers(min(0, free) - slack, max(0, free) + slack + 1)
        if free < 0:
            start = free // 2 + rng.integers(-slack, slack + 1)
        window = place(samples, start)
        gap = int(rng.uniform(0.06, 0.3) * RATE)
        if rng.random() < 0.2:
            other = self.speech(rng, WINDOW) * rng.uniform(0.3, 1)
            before = start - gap
            after = start + len(samples) + gap
            if rng.random() < 0.5 and before > 0:
                window[:before] += other[-before:]
            elif after < WINDOW:
                window[after:] += other[: WINDOW - after]
        return window

    def example(self, rng):
        """(samples, label)"""
        kind = rng.random()
        if kind < 0.07:
            return normalise(self.silence(rng)), self.silence_label
        if kind < 0.32:
            label, window = self.unknown_label, self.unknown(rng)
        else:  # keywords come first among the labels
            label = int(rng.integers(len(self.keywords)))
            window = self.keyword(rng, self.keywords[label])
        window = self.around.transmit(rng, window)
        if rng.random() < 0.12:  # WavLM's utterance mixing: another voice, quieter, for a while
            length = int(rng.uniform(0.2, 1) * WINDOW)
            other = place(self.speech(rng, length), rng.integers(0, WINDOW - length + 1))
            window = mix(window, other, rng.uniform(6, 20))
        if rng.random() < 0.75:
            window = mix(window, self.around.noise(rng, WINDOW), rng.uniform(-3, 30))
        loudness = 10 ** (rng.uniform(-35, -1) / 20)
        return normalise(window * loudness / (np.abs(window).max() + 1e-6)), label

    def batch(self, rng, size):
        """(windows, labels)"""
        examples = [self.example(rng) for _ in range(size)]
        return np.stack([x for x, _ in examples]), np.array([y for _, y in examples])


class Speakers:
    """Stretches of one voice for the speaker head; each batch has one length."""

    RECORDED = 0.12

    def __init__(self, material, surroundings):
        self.material, self.around = material, surroundings
        self.recorded = [i for i, (name, _) in enumerate(material.classes) if name in PEOPLE]

    def speaker(self, rng):
        """The number of a random speaker."""
        if self.recorded and rng.random() < self.RECORDED:
            return self.recorded[rng.integers(len(self.recorded))]
        return int(rng.integers(len(self.material.classes)))

    def example(self, rng, speaker, length, severity):
        """Samples of a speaker; `severity` 0..1 leads from clean to fully augmented."""
        name, warp = self.material.classes[speaker]
        own = self.material.speakers[name]
        samples = own[rng.integers(len(own))]
        needed = int(length * warp) + 2
        while len(samples) < needed:
            samples = np.concatenate([samples, own[rng.integers(len(own))]])
        sound = resample(stretch_of(rng, samples, needed), warp)[:length]
        sound = self.around.transmit(rng, sound, 0.5 * severity, 0.7 * severity)
        if rng.random() < 0.12 * severity:
            other = self.material.speech[rng.integers(len(self.material.speech))]
            part = int(rng.uniform(0.2, 0.5) * length)
            start = rng.integers(0, length - part + 1)
            sound = mix(sound, place(stretch_of(rng, other, part), start, length), rng.uniform(5, 20))
        if rng.random() < 0.7 * severity:
            sound = mix(sound, self.around.noise(rng, length), rng.uniform(15 - 14 * severity, 32))
        return normalise(sound)

    def batch(self, rng, size, severity):
        """(stretches, speakers): each speaker once in either half of the batch."""
        length = int(rng.uniform(1.5, 2.5) * RATE)
        speakers = [self.speaker(rng) for _ in range(size // 2)] * 2
        return np.stack([self.example(rng, s, length, severity) for s in speakers]), np.array(speakers)


def generator(kind, number):
    """The random numbers of batch `number` of a kind."""
    return np.random.default_rng((SEED, zlib.crc32(kind.encode()), number))


def _produce(line, start, make):
    parent = multiprocessing.parent_process()
    for number in itertools.count(start):
        batch = make(number)
        while True:
            try:
                line.put(batch, timeout=5)
                break
            except queue.Full:
                if not parent.is_alive():
                    return


class Feed:
    """Batches from another process: `make(number)` for start, start + 1, ..."""

    def __init__(self, make, start=0, ahead=6):
        context = multiprocessing.get_context("fork")
        self.line = context.Queue(ahead)
        self.process = context.Process(target=_produce, args=(self.line, start, make), daemon=True)
        self.process.start()

    def __next__(self):
        while True:
            try:
                return self.line.get(timeout=5)
            except queue.Empty:
                if not self.process.is_alive():
                    raise RuntimeError("the process that makes batches has ended")

    def __iter__(self):
        return self

    def close(self):
        """Ends the process."""
        self.process.terminate()
        self.process.join()
