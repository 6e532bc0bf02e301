"""Reading the corpus that `models/speech` makes: rows in memory, sound on disk until it is asked for.

Each shard in the corpus's folder `shards` is two files. `NAME.i16` holds the samples of its clips one
after the other: 16 kHz, mono, 16-bit little-endian, peak at 0.9 of full scale, 40 ms or less of silence
at both ends. `NAME.jsonl` holds one JSON object a line for each clip, in the same order:

    length        samples
    kind          keyword   one of the ten words alone
                  phrase    keywords in a carrier, repeated, hesitant, two in one breath
                  word      one or two other words, a third of them one phone away from a keyword
                  sentence  running speech; in training it may hold keywords, see keyword_free
                  foreign   another language; holds no word that sounds like a keyword
                  foreign-word   one or two words of another language, by a voice of any
    text          what is said
    said          the phonemes given to the engine, in its own notation; "" if it was given the text
    phones        ARPAbet without stress (39 phones), with a space between; "" if they are not known
    phone_ms      start and end of each phone in turn, milliseconds of the clip; [] if not known
    keywords      keywords in the order in which they are said
    keyword_ms    start and end of each keyword in turn; [] if not known
    keyword_free  whether neither a keyword nor a word that sounds like one ("know") is in the text
    voice         kokoro-STYLE, kokoro-blend-NNNN, kokoro-drawn-NNNN, espeak-VARIANT, flite-…, festival-…, piper-…;
                  asterisk-LANGUAGE is a person; revoiced-VOICE-N is one of those with another throat
    engine        kokoro, espeak, flite, festival, piper, asterisk, revoiced
    split         train, dev (for thresholds), test; no voice is in two splits
    sex           f, m, or "" if it is neither or not known
    language      en-us, en-gb, …; en-x-LETTER is a foreign accent of Kokoro; else another language

Phones come from the engine, so accents are as they were said. Times are exact for espeak-ng, flite and
festival; Kokoro's are its own durations, within 50 ms for nine phones of ten; Piper has none. A shard
without its second file is being made.
"""

import json
import sys
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from .settings import RATE, SPEECH

SHARDS = SPEECH / "shards"


def _spans(moments):
    return np.array(moments, np.int32).reshape(-1, 2) if moments else None


@dataclass(slots=True)
class Row:
    """One clip; `samples` reads its sound."""

    file: Path
    start: int  # in samples
    length: int
    kind: str
    text: str
    said: str
    phones: tuple
    phone_ms: np.ndarray | None  # (phones, 2)
    keywords: tuple
    keyword_ms: np.ndarray | None  # (keywords, 2)
    keyword_free: bool
    voice: str
    engine: str
    split: str
    sex: str
    language: str

    def samples(self):
        """The clip, int16 at 16 kHz."""
        return np.fromfile(self.file, "<i2", self.length, offset=2 * self.start)

    @property
    def seconds(self):
        """Length."""
        return self.length / RATE


def _row(file, start, entry):
    for name in ("kind", "voice", "engine", "split", "sex", "language"):
        entry[name] = sys.intern(entry[name])
    entry["phones"] = tuple(map(sys.intern, entry["phones"].split()))
    entry["keywords"] = tuple(map(sys.intern, entry["keywords"]))
    for name in ("phone_ms", "keyword_ms"):
        entry[name] = _spans(entry[name])
    return Row(file, start, **entry)


class Corpus:
    """Rows that can be narrowed: `Corpus.load().where(split="train", kind=("keyword", "phrase"))`."""

    def __init__(self, rows):
        self.rows = rows

    @classmethod
    def load(cls, folder=SHARDS):
        """All finished shards, by name."""
        rows = []
        for index in sorted(Path(folder).glob("*.jsonl")):
            start = 0
            with open(index) as file:
                for line in file:
                    rows.append(_row(index.with_suffix(".i16"), start, json.loads(line)))
                    start += rows[-1].length
        return cls(rows)

    def where(self, **wanted):
        """The rows whose fields have the given values; a tuple or set names several to choose from."""
        choices = {k: v if isinstance(v, (tuple, set, list)) else (v,) for k, v in wanted.items()}
        return Corpus([row for row in self.rows if all(getattr(row, k) in v for k, v in choices.items())])

    def __len__(self):
        return len(self.rows)

    def __getitem__(self, index):
        return self.rows[index]

    def __iter__(self):
        return iter(self.rows)

    @property
    def hours(self):
        """Of sound."""
        return sum(row.length for row in self.rows) / RATE / 3600

    @property
    def voices(self):
        """Names of all voices, sorted."""
        return sorted({row.voice for row in self.rows})
