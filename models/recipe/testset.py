"""Stage `testset`: recordings to judge by, as WAV files and a manifest, from voices never trained on.

`dev` is for choosing thresholds, `test` for reporting. A manifest's rows are `file,kind,label,group`:
`word` (one of the twelve labels; judged by its centred second), `speech` (free of keywords; false
alarms are counted by sliding over it), `speaker` (three seconds; the label is who speaks).
"""

import csv

import numpy as np

from . import clips, synth, voices
from .augment import Surroundings, mix
from .batches import place
from .settings import EVALUATION, RATE, SPEAKER_SECONDS, WINDOW

SURROUNDINGS = {"dev": 901, "test": 902}
NOISY_DB = 10
SILENCES = 100
SPEAKER_CLIPS = 8  # per speaker
LEVEL = 0.5
FIELDS = ("file", "kind", "label", "group")


def manifest(split):
    """Where a split's list of files lies."""
    return EVALUATION / split / "manifest.csv"


class Builder:
    """Writes files and remembers their rows."""

    def __init__(self, split):
        self.split, self.rows = split, []
        self.around = Surroundings(SURROUNDINGS[split])
        self.rng = np.random.default_rng(SURROUNDINGS[split])

    def add(self, samples, kind, label, group):
        """One more file."""
        name = f"{group}/{kind}-{len(self.rows):05}.wav"
        clips.write_wav(EVALUATION / self.split / name, samples)
        self.rows.append((name, kind, label, group))

    def add_clean_and_noisy(self, samples, kind, label, group):
        """The file as it is, and with noise at NOISY_DB over its whole length."""
        self.add(samples, kind, label, group)
        noise = self.around.noise(self.rng, len(samples))
        self.add(mix(samples, noise, NOISY_DB), kind, label, f"{group}-{NOISY_DB}dB")

    def words(self, pack, group):
        """Each clip centred in one second."""
        for samples, row in clips.read(pack):
            sound = LEVEL * clips.to_float(samples)
            window = place(sound, (WINDOW - len(sound)) // 2)
            self.add_clean_and_noisy(window, "word", row["label"], group)

    def silence(self, group):
        """Noise alone, from loud to inaudible."""
        for _ in range(SILENCES):
            noise = self.around.noise(self.rng, WINDOW)
            self.add(0.3 * noise * 10 ** (self.rng.uniform(-50, -6) / 20), "word", "_silence_", group)

    def speech(self, packs, group):
        """Each voice's sentences one after the other, with short pauses."""
        for voice, said in by_voice(packs).items():
            pieces = []
            for samples in said:
                pieces.append(LEVEL * clips.to_float(samples))
                pieces.append(np.zeros(int(self.rng.uniform(0.2, 0.8) * RATE), np.float32))
            self.add(np.concatenate(pieces), "speech", "", group)

    def speakers(self, packs, group):
        """Three-second clips, some of every voice; of a family of variants only one voice."""
        length, families = int(SPEAKER_SECONDS * RATE), set()
        for voice, said in by_voice(packs).items():
            family = voices.person(voice) if voice in voices.RECORDED else voice.rstrip("0123456789")
            family = voice if voice.startswith(self.split) else family
            if family in families:
                continue
            families.add(family)
            for samples in of_length(said, length)[:SPEAKER_CLIPS]:
                sound = LEVEL * clips.to_float(samples)
                self.add_clean_and_noisy(sound, "speaker", voice, group)

    def save(self):
        """The manifest, written last."""
        with open(manifest(self.split), "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(FIELDS)
            writer.writerows(self.rows)


def by_voice(packs):
    """Voice -> its clips, in order."""
    found = {}
    for samples, row in clips.read(*packs):
        found.setdefault(row["voice"], []).append(samples)
    return found


def of_length(said, length):
    """Clips cut to this length, short ones joined with the next."""
    made, pending = [], np.zeros(0, np.int16)
    for samples in said:
        pending = np.concatenate([pending, samples])
        if len(pending) >= length:
            made.append(pending[:length])
            pending = pending[:0]
    return made


def build(split):
    """Writes one split's files."""
    builder = Builder(split)
    builder.words(f"words-{split}-0", "synthetic")
    builder.silence("synthetic")
    builder.speech(synth.speech_packs(split), "synthetic")
    builder.speakers(synth.speech_packs(split), "synthetic")
    if split == "test":
        for voice in voices.HELD_OUT_RECORDED:
            builder.words(f"words-{voice}", voice)
            builder.speech([f"speech-{voice}"], voice)
        builder.speakers([f"speech-test-{voice}" for voice in voices.COMPARED], "recorded")
    builder.save()


def sources():
    """Names of the synthesis jobs whose packs `build` reads; the one of a recorded voice makes its words, too."""
    names = {f"speech-{voice}" for voice in voices.HELD_OUT_RECORDED}
    names |= {f"speech-test-{voice}" for voice in voices.COMPARED}
    for split in SURROUNDINGS:
        names |= {*synth.words_packs(split), *synth.speech_packs(split)}
    return names


def run():
    """Writes what is missing, and synthesises first what that is made from."""
    if not all(manifest(split).exists() for split in SURROUNDINGS):
        synth.run(sources())
    for split in SURROUNDINGS:
        if not manifest(split).exists():
            build(split)
            print(f"testset: {manifest(split)}", flush=True)
