"""The parts of the material, each in a folder of its own that is made once."""

import shutil

from ..settings import JUDGE
from . import people
from .background import background, noise
from .manifest import Builder
from .phrases import phrases, said
from .synthetic import Rows

ROOM_SEVERITY = 0.5
WORDS_CHANGED = 12  # of each voice


def _people(builder):
    people.words(builder)
    people.speech(builder)
    people.speakers(builder)


def _held_out(*engines):
    """What makes the part of these engines' test voices."""

    def make(builder):
        rows = Rows("test")
        rows.words(builder, engines)
        rows.speech(builder, engines)

    return make


def _changes(builder):
    for row, clean in Rows("test").keywords(("kokoro",), each=WORDS_CHANGED):
        builder.add(clean, "word", row.keywords[0], "changes")
    people.words(builder)
    people.speakers(builder)


def _dev(builder):
    rows = Rows("dev")
    rows.words(builder, ("kokoro", "espeak"))
    rows.speech(builder, ("kokoro", "espeak"))
    rows.speakers(builder, "voices", ROOM_SEVERITY)


# `dev`, `said` and `background` are for thresholds alone; the others are looked at once per candidate. `changes` is done things to
# that must not change an answer.
PARTS = {
    "people": _people,
    "neural": _held_out("kokoro", "piper"),
    "synthetic": _held_out("espeak", "flite", "festival"),
    "changes": _changes,
    "noise": noise,
    "phrases": lambda builder: phrases(builder, "test"),
    "dev": _dev,
    "said": said,
    "background": background,
}


def manifest(part):
    """The manifest of a part, which is made if it is missing."""
    path = JUDGE / part / "manifest.csv"
    if not path.exists():
        shutil.rmtree(path.parent, ignore_errors=True)
        builder = Builder(path.parent)
        PARTS[part](builder)
        builder.save()
        print(f"judge: {path}: {len(builder.rows)} recordings", flush=True)
    return path
