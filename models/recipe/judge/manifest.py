"""A folder of WAV files and the list of what they hold: what `wavlm-export eval` reads."""

import csv

from ..clips import write_wav

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
