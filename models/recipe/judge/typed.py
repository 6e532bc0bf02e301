"""Phrases of one's own, as `wavlm words` puts them in a file and `wavlm spot --words` hears them: how many of their sayings are
heard, and how often they are heard where nobody says them."""

import subprocess
import tempfile
from collections import Counter
from pathlib import Path

from ..settings import RecipeError
from . import material, programs
from .phrases import PHRASES
from .report import interval, part_of, table

RATES = (0.1, 0.5, 1.0)  # false alarms an hour that are asked for
AT_ONCE = 400  # files of a call
# Where nobody says one of the phrases: parts of the material, of which the recordings of kind `speech` are heard.
BACKGROUND = ("people", "neural", "synthetic")


def words(*arguments):
    """Runs `wavlm words`."""
    command = [programs.program("wavlm"), "words", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


def check(done):
    """Stops at the first that was refused."""
    if done.returncode:
        raise RecipeError(done.stderr.strip())


def heard(book, files):
    """What `spot` hears in files by a file of words: (file, phrase, score) of each event."""
    found = []
    for start in range(0, len(files), AT_ONCE):
        lines, message = programs.lines("wavlm", "spot", "--words", book, *files[start : start + AT_ONCE], statuses=(0, 1))
        if lines is None:
            raise RecipeError(message)
        found += [(line["file"], line["keyword"], line["score"]) for line in lines]
    return found


def book_of(folder, rate):
    """A file of words with all phrases of the test, for so many false alarms an hour."""
    book = Path(folder) / f"words-{rate}.toml"
    for phrase in PHRASES["test"]:
        check(words("add", phrase, "--false-alarms", f"{rate}/h", "--file", book))
    return book


def hours_of(path):
    """Of a 16-bit WAV file at 16 kHz."""
    return (path.stat().st_size - 44) / 32000 / 3600


def run():
    """Prints the tables."""
    said = programs.rows(material.manifest("phrases"), "phrase")
    silent = [row for part in BACKGROUND for row in programs.rows(material.manifest(part), "speech")]
    counts = {}
    with tempfile.TemporaryDirectory() as folder:
        for rate in RATES:
            book = book_of(folder, rate)
            events = {(file, phrase) for file, phrase, _ in heard(book, [path for path, *_ in said])}
            counts[rate] = {
                "said": [(label, group, (str(path), label) in events) for path, label, group in said],
                "alarms": heard(book, [path for path, *_ in silent]),
            }
    print(sayings(counts), alarms(counts, silent), sep="\n\n", flush=True)

def sayings(counts):
    """Phrases that were heard, of each group of voices and of each phrase."""
    groups = sorted({group.split("/")[0] for _, group, _ in counts[RATES[0]]["said"]})
    rows = []
    for name in (*groups, *PHRASES["test"]):
        row = [name]
        for rate in RATES:
            fits = [hit for label, group, hit in counts[rate]["said"] if _is_of(name, label, group)]
            row.append(part_of(sum(fits), len(fits)))
        rows.append(row)
    return table(["phrases heard", *(f"{rate}/h" for rate in RATES)], rows)


def _is_of(name, label, group):
    """Whether a saying is of a group of voices, or, said clearly by a neural voice, of a phrase."""
    group = group.split("/")[0]
    return group == name or label == name and group.startswith("kokoro") and group.count("-") == 2


def alarms(counts, silent):
    """False alarms of all phrases together, a phrase and an hour, in each kind of speech."""
    kinds = {str(path): kind_of(group) for path, _, group in silent}
    hours = Counter()
    for path, _, group in silent:
        hours[kind_of(group)] += hours_of(path)
    rows = []
    for kind in (*sorted(hours), "all"):
        spent = hours.total() if kind == "all" else hours[kind]
        row = [kind, f"{spent:.2f}"]
        for rate in RATES:
            count = sum(kind in ("all", kinds[file]) for file, *_ in counts[rate]["alarms"])
            listened = spent * len(PHRASES["test"])
            row.append(f"{count}: {count / listened:.2f} ({interval(count, listened)})")
        rows.append(row)
    return table(["nobody says them", "hours", *(f"asked for {rate}/h" for rate in RATES)], rows)


def kind_of(group):
    """people-ktuberling-da is of people-ktuberling."""
    parts = group.split("-")
    return "-".join(parts[: 3 if parts[1] == "apart" else 2])
