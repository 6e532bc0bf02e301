"""Phrases that were shown three times, as `wavlm words learn` puts them in a file; and phrases that only one voice may say."""

import os
import tempfile
from collections import defaultdict
from pathlib import Path

import numpy as np

from ..clips import write_wav
from ..settings import RecipeError
from . import material, programs
from .phrases import PHRASES
from .report import interval, part_of, table
from .sound import load
from .typed import heard, hours_of, is_clear, words

SHOWN = 3  # recordings of a phrase
RATE = "0.5/h"
VOICES = ("kokoro", "piper")  # engines whose voices are persons
LISTENERS = 2  # voices whose phrases are listened for in hours of other speech, too
WORSE = ("10dB", "rooms")  # where owners knock, too
# What phrases are called: the program takes a name for what is said, where the recordings fit it.
NAMES = {
    "by what is said": lambda phrase: phrase,
    "otherwise": lambda phrase: f"phrase {PHRASES['test'].index(phrase)}",
}


def takes(spoilt_by=None):
    """{voice: {phrase: recordings of it}}, said clearly, or with what they are spoilt by: 10dB, rooms."""
    found = defaultdict(lambda: defaultdict(list))
    for path, phrase, group in programs.rows(material.manifest("phrases"), "phrase"):
        kind, voice = group.split("/")
        wanted = kind.endswith(f"-{spoilt_by}") if spoilt_by else is_clear(kind)
        if voice.split("-")[0] in VOICES and wanted:
            found[voice][phrase].append(path)
    return found


def run():
    """Prints the tables."""
    said = takes()
    silent = [path for path, *_ in programs.rows(material.manifest("people"), "speech")]
    for naming, name in NAMES.items():
        print(_named(naming, name, said, silent) + "\n", flush=True)
    print(gated(said), flush=True)


def _named(naming, name, said, silent):
    """The table of phrases that `name` calls."""
    rows = []
    for number, voice in enumerate(said):
        with tempfile.TemporaryDirectory() as folder:
            rows.append(_of(voice, said, Path(folder), silent if number < LISTENERS else (), name))
    totals = [sum(row[column] for row in rows) for column in range(1, 6)]
    rows.append(("all", *totals, ""))
    lines = [
        [voice, str(refused), part_of(own, of_own), part_of(others, of_others), alarms]
        for voice, refused, own, of_own, others, of_others, alarms in rows
    ]
    head = [f"named {naming}, shown three times by", "phrases refused", "heard of that voice", "of the others",
            "people talking, false alarms a phrase and hour"]  # fmt: skip
    return table(head, lines)


def _of(voice, said, folder, silent, name):
    """(voice, phrases refused, phrases heard, of how many, the same of other voices, false alarms) of what a voice has shown.
    `name` calls a phrase."""
    book, refused = folder / "words.toml", 0
    for phrase, recordings in said[voice].items():
        try:
            words("learn", name(phrase), *recordings[:SHOWN], "--false-alarms", RATE, "--file", book)
        except RecipeError:
            refused += 1  # the program finds that they disagree; what it does not know it does not hear
    own = _right(book, {name(phrase): recordings[SHOWN:] for phrase, recordings in said[voice].items()})
    others = [0, 0]
    for other in said:
        if other != voice:
            count, whole = _right(book, {name(phrase): recordings[SHOWN:] for phrase, recordings in said[other].items()})
            others = [others[0] + count, others[1] + whole]
    alarms = ""
    if silent:
        hours = sum(map(hours_of, silent)) * len(said[voice])
        count = len(heard(book, silent))
        alarms = f"{count}: {count / hours:.2f} ({interval(count, hours)})"
    return voice, refused, *own, *others, alarms


def _right(book, recordings):
    """(recordings in which their phrase is heard, all)."""
    wanted = {(str(path), phrase) for phrase, paths in recordings.items() for path in paths}
    found = {(file, phrase) for file, phrase, _ in heard(book, [path for path, _ in sorted(wanted)])}
    return len(wanted & found), len(wanted)


def _enrol(voice, said, phrases, folder):
    """Learns a voice from three recordings, each of which has a take of every phrase."""
    files = []
    for take in range(SHOWN):
        files.append(folder / f"take-{take}.wav")
        write_wav(files[-1], np.concatenate([load(said[phrase][take]) for phrase in phrases]))
    _enrolled(voice, *files)


def _enrolled(voice, *arguments):
    learnt, message = programs.lines("wavlm", "enroll", voice, *arguments)
    if learnt is None:
        raise RecipeError(message)


def gated(said):
    """What a phrase that only one voice may say lets in, by what that voice was enrolled with."""
    asked, before = PHRASES["test"][::2], os.environ.get("XDG_DATA_HOME")
    worse = {name: takes(name) for name in WORSE}
    rows = []
    for name, enrolled_with, each in (
        ("other phrases", PHRASES["test"][1::2], False),
        ("the phrases themselves, one after the other", asked, False),
        ("other phrases, and each phrase with --phrase", PHRASES["test"][1::2], True),
    ):
        counts = {side: [0, 0] for side in ("owner", "others", *WORSE)}
        for voice in said:
            with tempfile.TemporaryDirectory() as folder:
                os.environ["XDG_DATA_HOME"] = folder
                _enrol(voice, said[voice], enrolled_with, Path(folder))
                for phrase in asked if each else ():
                    _enrolled(voice, *said[voice][phrase][:SHOWN], "--phrase", phrase)
                books = _books(voice, asked, Path(folder))
                for side, recordings in _knocks(voice, said, worse):
                    recordings = {phrase: recordings[phrase][SHOWN:] for phrase in asked}
                    for place, book in enumerate(books):
                        counts[side][place] += _right(book, recordings)[0]
        rows.append([name, *(f"{part_of(passed, free)} heard" for passed, free in counts.values())])
    if before is None:
        del os.environ["XDG_DATA_HOME"]
    else:
        os.environ["XDG_DATA_HOME"] = before
    head = ["only for a voice that was enrolled with", "the owner passes", "others pass", *(f"the owner, {name}" for name in WORSE)]
    return table(head, rows)


def _books(voice, phrases, folder):
    """Two files of these phrases: for this voice alone, and for all."""
    owned, free = folder / "owned.toml", folder / "free.toml"
    for phrase in phrases:
        words("add", phrase, "--false-alarms", RATE, "--file", owned, "--only", voice)
        words("add", phrase, "--false-alarms", RATE, "--file", free)
    return owned, free


def _knocks(voice, said, worse):
    """(who it is, recordings of each phrase) of everybody, and of the owner where he is harder to hear."""
    for other in said:
        yield "owner" if other == voice else "others", said[other]
    for name, recordings in worse.items():
        yield name, recordings[voice]
