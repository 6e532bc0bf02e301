"""Stage `samples`: the short recordings in models/samples/, said by voices held out of training."""

import csv

import numpy as np

from . import clips, engines, voices
from .settings import MODELS, RATE

FOLDER = MODELS / "samples"
LEVEL = 0.5
DRAWN = 100  # of espeak-ng's random voices, behind the stock ones
PAUSE = 0.9  # seconds between the commands of one file
NAMED = ("yes", "no", "left", "go")
COMMANDS = ("up", "stop", "go", "left")
SENTENCE = "please bring the paper from the kitchen table in the evening"
SPEECH = (
    "the weather in the mountains was cold and clear this morning",
    "my brother is a teacher at the small school near the river",
)
VOICE_A, VOICE_B, VOICE_C = "linda", "sandro", "Michael"  # stock variants of the test split


def said(engine, voice, text):
    """`text`, trimmed, as floats."""
    utterance = engine.say(text, voice, voice.rate, voice.pitch, voice.range)
    return LEVEL * clips.to_float(clips.to_i16(clips.trim(utterance.samples)))


def padded(sound, seconds=0.0):
    """At least this long, with the sound in the middle of very faint noise."""
    length = max(int(seconds * RATE), len(sound) + RATE // 5)
    noise = 3e-4 * np.random.default_rng(1).standard_normal(length)
    start = (length - len(sound)) // 2
    noise[start : start + len(sound)] += sound
    return noise.astype(np.float32)


def commands(sounds):
    """Commands one after the other, with pauses."""
    pieces = [padded(np.zeros(int(PAUSE * RATE)))]
    for sound in sounds:
        pieces += [sound, padded(np.zeros(int(PAUSE * RATE)))]
    return np.concatenate(pieces)


def run():
    """Writes the samples and the list of what they hold."""
    pool = {v.name: v for v in voices.voices(engines.espeak_data(), "test", DRAWN)}
    a, b, c = (pool[name] for name in (VOICE_A, VOICE_B, VOICE_C))
    engine, rows = engines.Espeak(), []

    def add(name, sound, keywords, speaker, text):
        clips.write_wav(FOLDER / name, sound)
        rows.append((name, keywords, speaker, text))

    for word, (tag, voice) in zip(NAMED, (("a", a), ("a", a), ("b", b), ("c", c))):
        add(f"{word}-{tag}.wav", padded(said(engine, voice, word), 1.5), word, tag, word)
    add("stop-b.wav", padded(said(engine, b, "stop"), 1.5), "stop", "b", "stop")
    add("window-a.wav", padded(said(engine, a, "window"), 1.5), "", "a", "window")
    add("sentence-a.wav", padded(said(engine, a, SENTENCE)), "", "a", SENTENCE)
    sounds = [said(engine, a, word) for word in COMMANDS]
    add("commands-a.wav", commands(sounds), " ".join(COMMANDS), "a", ", ".join(COMMANDS))
    for tag, voice in (("a", a), ("b", b)):
        for number, text in enumerate(SPEECH, 1):
            add(f"speaker-{tag}-{number}.wav", padded(said(engine, voice, text)), "", tag, text)
    with open(FOLDER / "expected.csv", "w", newline="") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(("file", "keywords", "speaker", "text"))
        writer.writerows(rows)
