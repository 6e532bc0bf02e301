"""A user's own recordings: a folder of WAV files per word, laid out as Speech Commands is.

`_background_noise_` is noise to train with; a speaker is what stands before `_nohash_` in a file's
name. When all ten standard words are there the labels stay the standard ones and other folders
are unknown words; otherwise each folder is a keyword. Recordings of one speaker in ten are held
out and reported on.
"""

import zlib
from pathlib import Path

import numpy as np
import torch
from scipy.io import wavfile
from scipy.signal import resample_poly

from . import batches, clips, evaluate, export, stem, synth, train
from .settings import CHECKPOINTS, KEYWORDS, RATE, WINDOW, WORK, RecipeError

NOISE = "_background_noise_"
STEPS_FROM_DEFAULT, RATE_FROM_DEFAULT = 2000, 3e-4
EXPORT = WORK / "recordings"


def read_wav(path):
    """A WAV of any rate, width and channel count as 16 kHz mono floats."""
    try:
        rate, samples = wavfile.read(path)
    except ValueError as error:
        raise RecipeError(f"{path} is no WAV file that can be read: {error}")
    if samples.dtype == np.uint8:
        samples = (samples.astype(np.float32) - 128) / 128
    elif np.issubdtype(samples.dtype, np.integer):
        samples = samples.astype(np.float32) / np.iinfo(samples.dtype).max
    if samples.ndim > 1:
        samples = samples.mean(1)
    common = np.gcd(RATE, rate)
    return resample_poly(samples, RATE // common, rate // common).astype(np.float32)


def speaker_of(path):
    """Who speaks, as far as the name tells."""
    return path.stem.split("_nohash_")[0]


def held_out(path):
    """One speaker in ten, always the same ones."""
    return zlib.crc32(speaker_of(path).encode()) % 10 == 0


def folders(directory):
    """Word -> its WAV files."""
    directory = Path(directory)
    if not directory.is_dir():
        raise RecipeError(f"{directory} is not a folder; give one with a folder of WAV files per word")
    found = {f.name: sorted(f.glob("*.wav")) for f in sorted(directory.iterdir()) if f.is_dir()}
    words = {name: files for name, files in found.items() if files and name != NOISE}
    if not words:
        raise RecipeError(f"{directory} holds no folder with WAV files")
    return words, found.get(NOISE, [])


def labels_for(words):
    """The labels of the words head, keywords first."""
    if set(KEYWORDS) <= set(words):
        keywords = KEYWORDS
    else:
        keywords = tuple(w for w in words if not w.startswith("_"))
    return keywords + ("_unknown_", "_silence_")


def noises(files):
    """Background noise in unit-power pieces of at least a window."""
    pieces = []
    for path in files:
        sound = read_wav(path)
        for start in range(0, max(1, len(sound) - WINDOW), 4 * RATE):
            piece = sound[start : start + 4 * RATE]
            if len(piece) >= WINDOW and piece.std() > 1e-5:
                pieces.append(piece / piece.std())
    return pieces


def add_words(material, words, labels):
    """Puts training recordings beside the synthetic clips; returns the held-out ones."""
    tests = []
    for word, files in words.items():
        label = word if word in labels else "_unknown_"
        for path in files:
            sound = read_wav(path)
            if held_out(path):
                tests.append((sound, label))
            elif (sound := clips.trim(sound)) is not None:
                material.words[label][1].append(clips.to_i16(sound))
    for label in labels[:-2]:
        if not any(material.words[label]):
            raise RecipeError(f"all recordings of {label} are by held-out speakers; record more people")
    return tests


def centred(sound):
    """The middle second."""
    start = (len(sound) - WINDOW) // 2
    return sound[start : start + WINDOW] if start >= 0 else batches.place(sound, -start)


def run(directory, scratch=False):
    """Trains on the recordings beside the synthetic material, exports, reports."""
    words, background = folders(directory)
    labels = labels_for(words)
    synth.run()
    stem.run()
    material = batches.Material.training()
    tests = add_words(material, words, labels)
    initial, budget, peak = None, train.Budget(), train.RATE_PEAK
    default = CHECKPOINTS / "default.pt"
    if default.exists() and not scratch:
        initial = torch.load(default)["average"]
        budget, peak = train.Budget(steps=min(budget.steps, STEPS_FROM_DEFAULT)), RATE_FROM_DEFAULT
    name = f"recordings-{zlib.crc32(str((sorted(words), scratch)).encode()):08x}"
    training = train.Training(name, labels, len(material.classes))
    training.start(initial)
    training.run(train.maker(material, labels, budget, noises(background)), budget, peak)
    export.run(name, EXPORT)
    report(tests, labels)
    print(
        "recordings: one file of it: cargo run --release -p wavlm-export -- "
        f"convert words={EXPORT}/words speaker={EXPORT}/speaker -o my.wlm",
        flush=True,
    )


def report(tests, labels):
    """Accuracy on the speakers held out."""
    if not tests:
        print("recordings: no speaker was held out, so no accuracy is known", flush=True)
        return
    logits = evaluate.words_runner(EXPORT / "words")([centred(sound) for sound, _ in tests])
    figures = evaluate.accuracies(logits, [label for _, label in tests], labels)
    accuracy, clips_heard = figures["keywords"], figures["clips"]
    print(f"recordings: held-out speakers: keywords {accuracy:.4f}, {clips_heard} clips", flush=True)
