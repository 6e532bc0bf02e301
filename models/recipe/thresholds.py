"""Stage `thresholds`: when a keyword counts as heard, and when a voice as known, chosen on the dev voices alone.

The program's own spotter and lock say what they do at each threshold, so what is chosen is what people get.
"""

import json
import subprocess

import numpy as np

from .judge import doors, material, programs
from .judge.synthetic import SENTENCES
from .settings import EVALUATION, EXPORT, RecipeError

WINDOW_S, HOP_S, SMOOTHING, REFRACTORY_S = 1.0, 0.24, 2, 1.0
# What else a likely keyword must withstand: it is heard again slower and faster, and its phones have a say.
CONFIRMATION = {"speed_change": 0.1, "phone_weight": 1.5}
GRID = np.round(1 / (1 + np.exp(-np.arange(-1, 8.1, 0.25))), 4)  # odds, evenly by their logarithm
# False alarms per hour of the dev voices' sentences, English and foreign. The first is two in the 1.8 hours that there are: a single
# one would be a matter of chance.
CAUTIOUS, EAGER = 1.1, 6.0
OTHERS_IN = 0.02  # share of knocks of other dev voices that a lock may let in
# A recording is refused at enrolment if it differs from the others as three of four knocks of strangers do. People's recordings
# differ more than those of a synthesiser, so what dev voices do among themselves would be too much to ask.
STRANGERS = 0.75
CANDIDATE = EVALUATION / "candidate.wlm"


def write(head, **decision):
    """A head's decision, beside its weights."""
    (EXPORT / head / "decision.json").write_text(json.dumps(decision, indent=1) + "\n")


def words(threshold, lower):
    """The words' decision."""
    write(
        "words", threshold=threshold, lower_threshold=lower, window_s=WINDOW_S, hop_s=HOP_S,
        smoothing_windows=SMOOTHING, refractory_s=REFRACTORY_S, confirmation=CONFIRMATION,
    )  # fmt: skip


def convert():
    """The exported folders as one int8 file."""
    heads = [f"{head}={EXPORT / head}" for head in ("words", "phones", "speaker")]
    CANDIDATE.parent.mkdir(parents=True, exist_ok=True)
    command = [programs.program("wavlm-export"), "convert", *heads, "-o", str(CANDIDATE)]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode:
        raise RecipeError(done.stderr.strip())
    return CANDIDATE


def add(points, counts, field):
    """Adds up a field over the points of one line; a threshold that is there twice counts once."""
    for threshold, count in {round(point["threshold"], 4): point[field] for point in points}.items():
        counts[threshold] = counts.get(threshold, 0) + count


def curve(lines):
    """(threshold, false alarms per hour, share of clean keywords heard) from the lowest threshold on."""
    hours, alarms, keywords, heard = 0.0, {}, {}, {}
    for line in lines:
        if line["kind"] == "speech" and line["group"].startswith(SENTENCES):
            hours += line["hours"]
            add(line["points"], alarms, "false_alarms")
        if line["kind"] == "word" and not line["group"].endswith(("dB", "rooms")):
            add(line["spotted"], keywords, "keywords")
            add(line["spotted"], heard, "heard")
    return [(at, alarms[at] / hours, heard[at] / keywords[at]) for at in sorted(alarms)]


def lowest(points, per_hour):
    """The lowest threshold from which on there are no more false alarms than this."""
    chosen = points[-1][0]
    for threshold, rate, _ in reversed(points):
        if rate > per_hour:
            break
        chosen = threshold
    return float(chosen)


def from_others(said, everyone):
    """The score that few knocks of others exceed, where everybody says that."""
    scores = np.sort([score for score, _ in everyone.others])
    threshold = float(scores[-1 - int(OTHERS_IN * len(scores))])
    out = np.mean([score < threshold for score, _ in everyone.owners])
    print(f"thresholds: voices that say {said} {threshold:.3f}, {100 * out:.1f} % of owners out", flush=True)
    return threshold


def of_words(manifest):
    """Writes decision.json of the words."""
    words(0.5, None)
    options = [option for threshold in GRID for option in ("--threshold", threshold)]
    points = curve(programs.evaluation(convert(), manifest, *options))
    for threshold, rate, heard in points:
        print(f"thresholds: {threshold:.4f}: {rate:.2f} false alarms an hour, {100 * heard:.1f} % heard", flush=True)
    words(lowest(points, CAUTIOUS), lowest(points, EAGER))


def of_speaker(manifest, saying):
    """Writes decision.json of the speaker; `saying` lists voices that say the same phrases."""
    write("speaker", threshold=0.5)
    model = convert()
    everyone = doors.knock(model, manifest, "--threshold", "-1")
    threshold = from_others("anything", everyone)
    agreement = float(np.quantile([score for score, _ in everyone.others], STRANGERS))
    print(f"thresholds: enrolment {agreement:.3f}", flush=True)
    of_phrases = from_others("a phrase", doors.knock_saying(model, saying, "--threshold", "-1"))
    write(
        "speaker", threshold=round(threshold, 3), lower_threshold=round(min(agreement, threshold), 3),
        text_dependent_threshold=round(of_phrases, 3),
    )  # fmt: skip


def run():
    """Writes both, and the model with them."""
    manifest = material.manifest("dev")
    of_words(manifest)
    of_speaker(manifest, material.manifest("said"))
    convert()
