"""Phrases of one's own, as `wavlm words` puts them in a file and `wavlm spot --words` hears them: how many of their sayings are
heard, and how often they are heard where nobody says them."""

import json
import subprocess
import tempfile
from bisect import bisect_left
from collections import Counter, defaultdict
from pathlib import Path

from ..settings import MODELS, RecipeError
from . import det, material, programs
from .phrases import PHRASES
from .report import interval, part_of, table

RATES = (0.1, 0.5, 1, 2, 5)  # false alarms an hour that are asked for
LAX = 20  # what is listened with, once: an event then counts at every rate whose threshold its score reaches
TOLD = (0.1, 0.5, 1)  # false alarms of a phrase an hour, measured, at which the curve is told
AT_ONCE = 400  # files of a call
# Where nobody says one of the phrases: parts of the material, of which the recordings of kind `speech` are heard.
BACKGROUND = ("people", "neural", "synthetic", "noise")


def words(*arguments):
    """Runs `wavlm words`."""
    command = [programs.program("wavlm"), "words", *map(str, arguments), "--json"]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RecipeError(done.stderr.strip())
    return json.loads(done.stdout)


def heard(book, files):
    """What `spot` hears in files by a file of words: (file, phrase, score) of each event."""
    found = []
    for start in range(0, len(files), AT_ONCE):
        lines, message = programs.lines("wavlm", "spot", "--words", book, *files[start : start + AT_ONCE], statuses=(0, 1))
        if lines is None:
            raise RecipeError(message)
        found += [(line["file"], line["keyword"], line["score"]) for line in lines]
    return found


def hours_of(path):
    """Of a 16-bit WAV file at 16 kHz."""
    return (path.stat().st_size - 44) / 32000 / 3600


class Judged:
    """What was heard of the phrases, and where nobody says them."""

    def __init__(self):
        self.said = programs.rows(material.manifest("phrases"), "phrase")
        self.silent = [row for part in BACKGROUND for row in programs.rows(material.manifest(part), "speech")]
        with tempfile.TemporaryDirectory() as folder:
            book = Path(folder) / "words.toml"
            self.thresholds = {phrase: _thresholds(phrase, book) for phrase in PHRASES["test"]}
            self.best = {}
            for file, phrase, score in heard(book, [path for path, *_ in self.said]):
                self.best[file, phrase] = max(score, self.best.get((file, phrase), 0))
            self.alarms = heard(book, [path for path, *_ in self.silent])

    def hits(self, rate, wanted):
        """(phrases heard at a rate, all) of those sayings that are wanted, by label, group and voice."""
        fits = [(path, label) for path, label, group in self.said if wanted(label, *group.split("/"))]
        at = [self.best.get((str(path), label), 0) >= self.thresholds[label][rate] for path, label in fits]
        return sum(at), len(at)

    def false_alarms(self, rate, files=None):
        """How many events there are at a rate, in these files or in all."""
        return sum(
            score >= self.thresholds[phrase][rate] and (files is None or file in files) for file, phrase, score in self.alarms
        )


def _thresholds(phrase, book):
    """The threshold of a phrase at each rate, which is left in the book at the laxest."""
    return {rate: words("add", phrase, "--false-alarms", f"{rate}/h", "--file", book)["threshold"] for rate in (*RATES, LAX)}


def run():
    """Prints the tables, and draws the curve."""
    judged = Judged()
    print(sayings(judged), alarms(judged), curve(judged), sep="\n\n", flush=True)


def sayings(judged):
    """Phrases that were heard at each rate, of each group of voices, of each voice, and of each phrase said by neural voices."""
    groups, voices = (sorted({group.split("/")[part] for _, _, group in judged.said}) for part in (0, 1))
    kinds = {name: lambda label, group, voice, name=name: group == name for name in groups}
    kinds |= {name: lambda label, group, voice, name=name: voice == name and is_clear(group) for name in voices}
    kinds |= {name: lambda label, group, voice, name=name: label == name and _is_neural(group) for name in PHRASES["test"]}
    rows = [[name, *(part_of(*judged.hits(rate, wanted)) for rate in RATES)] for name, wanted in kinds.items()]
    return table(["phrases heard", *(f"asked for {rate}/h" for rate in RATES)], rows)


def is_clear(group):
    """Whether a group is of phrases said without noise, and not in a room."""
    return not group.endswith(("dB", "rooms"))


def _is_neural(group):
    """Whether a group is of phrases said clearly by neural voices."""
    return group.startswith("kokoro") and is_clear(group)


def alarms(judged):
    """False alarms of all phrases together, for each phrase and hour, in each kind of speech."""
    files, hours = defaultdict(set), Counter()
    for path, _, group in judged.silent:
        for kind in (kind_of(group), "all"):
            files[kind].add(str(path))
            hours[kind] += hours_of(path)
    rows = []
    for kind in (*sorted(hours.keys() - {"all"}), "all"):
        listened = hours[kind] * len(PHRASES["test"])
        counts = [judged.false_alarms(rate, files[kind]) for rate in RATES]
        rows.append([kind, f"{hours[kind]:.2f}", *(f"{n}: {n / listened:.2f} ({interval(n, listened)})" for n in counts)])
    return table(["nobody says them", "hours", *(f"asked for {rate}/h" for rate in RATES)], rows)


def kind_of(group):
    """people-ktuberling-da is of people-ktuberling."""
    parts = group.split("-")
    return "-".join(parts[: 3 if parts[1] == "apart" else 2])


CURVES = {
    "neural voices": _is_neural,
    "the same, 10 dB": lambda group: group.startswith("kokoro") and group.endswith("10dB"),
    "the same, 5 dB": lambda group: group.startswith("kokoro") and group.endswith("-5dB"),
    "the same, rooms": lambda group: group.startswith("kokoro") and group.endswith("rooms"),
    "women": lambda group: _is_neural(group) and "-women-" in group,
    "men": lambda group: _is_neural(group) and "-men-" in group,
    "Piper's joe": lambda group: group == "piper-joe",
    "flite's rms and slt": lambda group: group in ("flite-rms", "flite-slt"),
}


def curve(judged):
    """Phrases heard at false alarms that were measured: each rate that may be asked for is a point of the curve."""
    listened = sum(hours_of(path) for path, *_ in judged.silent) * len(PHRASES["test"])
    rates = [judged.false_alarms(rate) / listened for rate in RATES]
    shares = {}
    for name, chosen in CURVES.items():
        at = [judged.hits(rate, lambda _, group, voice, chosen=chosen: chosen(group)) for rate in RATES]
        shares[name] = [hits / whole for hits, whole in at]
    pairs = {name: [(rate, 1 - share) for rate, share in zip(rates, found)] for name, found in shares.items()}
    (MODELS / "phrases.svg").write_text(det.svg(pairs, det.ALARMS, det.MISSES))
    rows = [[name, *(between(rates, found, rate) for rate in TOLD)] for name, found in shares.items()]
    return table(["heard, at false alarms of a phrase an hour that were measured", *(f"{rate}" for rate in TOLD)], rows)


def between(rates, shares, rate):
    """A share at a rate, on the straight line between the two that are nearest; nothing beyond the ends."""
    at = bisect_left(rates, rate)
    if at == 0 or at == len(rates):
        return "–"
    part = (rate - rates[at - 1]) / (rates[at] - rates[at - 1])
    return f"{100 * (shares[at - 1] + part * (shares[at] - shares[at - 1])):.1f} %"
