"""Shards of the corpus on disk: `NAME.i16`, the samples of all clips, and `NAME.jsonl`, a row for each.

A shard is a few minutes of sound. Its index takes its name last, so a shard without one is unfinished
and is made again; nothing else has to be remembered to go on after being stopped at any moment.
See `recipe.corpus` for what a row holds, and for reading.
"""

import json
from dataclasses import dataclass, field

import numpy as np

from .. import clips
from ..corpus import SHARDS
from ..settings import RATE
from . import labels

LONGEST = 12  # seconds of a clip
FOREIGN = ("foreign", "foreign-word")  # kinds that were said only if nothing in them sounds like a keyword


def exists(name):
    """Whether the shard was finished."""
    return (SHARDS / f"{name}.jsonl").exists()


def _clock(spoken, heard, part):
    """Turns a time of the utterance, in seconds, into milliseconds of the clip that is cut at `part`.

    The first phone begins and the last one ends where they are heard, whatever the engine says.
    """
    begin, end = spoken.span() or (0, 0)

    def turned(moment):
        sample = moment * RATE
        if moment <= begin or sample < heard.start:
            sample = heard.start
        elif moment >= end or sample > heard.stop:
            sample = heard.stop
        return round(1000 * (sample - part.start) / RATE)

    return turned


def _milliseconds(spans, clock):
    """Start and end of (name, start, end) in turn; nothing when one is not known."""
    moments = [moment for span in spans for moment in span[1:]]
    return [] if None in moments else [clock(moment) for moment in moments]


@dataclass
class Shard:
    """Collects clips and their rows, then writes them."""

    name: str
    clips: list = field(default_factory=list)
    rows: list = field(default_factory=list)

    def add(self, spoken, text, kind, **row):
        """Keeps the audible part of a `Spoken`, at the usual level; no silence, no very long clip."""
        heard = clips.audible(spoken.samples, spoken.span())
        if heard is None or heard.stop - heard.start > LONGEST * RATE:
            return
        part = clips.widened(heard, len(spoken.samples))
        clock = _clock(spoken, heard, part)
        row |= {
            "kind": kind,
            "text": text,
            "said": spoken.said,
            "phones": " ".join(phone for phone, *_ in spoken.phones),
            "phone_ms": _milliseconds(spoken.phones, clock),
            "keywords": [word for word, *_ in spoken.keywords],
            "keyword_ms": _milliseconds(spoken.keywords, clock),
            "keyword_free": kind in FOREIGN or labels.keyword_free(text),
        }
        self.rows.append({"length": part.stop - part.start, **row})
        self.clips.append(clips.to_i16(clips.faded(spoken.samples[part])))

    def seconds(self):
        """Of sound so far."""
        return sum(row["length"] for row in self.rows) / RATE

    def save(self):
        """Writes the samples, then the index."""
        SHARDS.mkdir(parents=True, exist_ok=True)
        samples = np.concatenate(self.clips) if self.clips else np.zeros(0, np.int16)
        part = SHARDS / f"{self.name}.part"
        samples.astype("<i2").tofile(part)
        part.rename(SHARDS / f"{self.name}.i16")
        part.write_text("".join(json.dumps(row, ensure_ascii=False) + "\n" for row in self.rows))
        part.rename(SHARDS / f"{self.name}.jsonl")
