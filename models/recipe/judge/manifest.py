"""A folder of WAV files and the list of what they hold: what `wavlm-export eval` reads."""

import csv

import numpy as np

from ..clips import write_wav
from ..settings import RATE
from .sound import hissing

FILE_SECONDS = 360  # of a tape
FIELDS = ("file", "kind", "label", "group")


class Builder:
    """Writes files; the manifest comes last, so a folder without one is unfinished and is made again."""

    def __init__(self, folder):
        self.folder, self.rows = folder, []

    def add(self, sound, kind, label, group):
        """One more recording. `kind`: word, speech, speaker."""
        name = f"{group}/{kind}-{len(self.rows):05}.wav"
        write_wav(self.folder / name, sound)
        self.rows.append((name, kind, label, group))

    def save(self):
        """The manifest."""
        with open(self.folder / "manifest.csv", "w", newline="") as file:
            writer = csv.writer(file)
            writer.writerow(FIELDS)
            writer.writerows(self.rows)


class Tape:
    """Recordings of speech one after the other, cut into files of some minutes, with a converter's hiss: of this seed, or, if
    there is none, of another one for every length."""

    def __init__(self, builder, group, seed=0):
        self.builder, self.group, self.seed, self.pieces, self.length = builder, group, seed, [], 0

    def add(self, *pieces):
        """More of it."""
        self.pieces += pieces
        self.length += sum(map(len, pieces))
        if self.length > FILE_SECONDS * RATE:
            self.end()

    def end(self):
        """Writes what there is."""
        if self.pieces:
            seed = self.length if self.seed is None else self.seed
            self.builder.add(hissing(np.concatenate(self.pieces), seed), "speech", "", self.group)
        self.pieces, self.length = [], 0
