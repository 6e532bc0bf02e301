"""What the programs said, as tables: counts where there are few, intervals where there are false alarms."""

import json

from . import doors, material, programs
from .synthetic import ACCENT, FOREIGN, MIXED, SEX

PARTS = ("people", "neural", "synthetic", "changes")
FEW = 100  # below it, counts are told, and no percentages
CONFIDENCE = 1.96


def part_of(count, whole):
    """A share as people should read it."""
    return f"{count} of {whole}" if whole < FEW else f"{100 * count / whole:.1f} % of {whole}"


def table(head, rows):
    """Markdown."""
    lines = [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
    return "\n".join(lines + [f"| {' | '.join(row)} |" for row in rows])


def words(lines):
    """Keywords heard, a row a group."""
    found = [line for line in lines if line["kind"] == "word"]
    if not found:
        return ""
    points = [f"{point['point']} ({point['threshold']:g})" for point in found[0]["spotted"]]
    mixed = [line for line in found if line["group"].split("-")[0] in MIXED]
    rows = [heard(line["group"], [line]) for line in found if line not in mixed]
    conditions = sorted({"-".join(line["group"].split("-")[3:]) for line in mixed})
    for engine, condition in ((engine, condition) for engine in MIXED for condition in conditions):
        for apart in (*SEX.values(), *ACCENT.values(), FOREIGN):
            parts = [line for line in mixed if _is_of(line["group"], engine, apart, condition)]
            if parts:
                rows.append(heard("-".join(filter(None, (engine, apart, condition))), parts))
    return table(["words", *points, "best of twelve labels"], rows)


def _is_of(group, engine, apart, condition):
    """Whether `kokoro-women-british-10dB` is of Kokoro's, of the women's or of the British voices, and at 10 dB."""
    first, sex, accent, *rest = group.split("-")
    return first == engine and apart in (sex, accent) and "-".join(rest) == condition


def heard(name, lines):
    """A row: keywords heard at each point, and the best of all labels, of some groups together."""
    row = [name]
    for number in range(len(lines[0]["spotted"])):
        at = [line["spotted"][number] for line in lines]
        row.append(part_of(sum(point["heard"] for point in at), sum(point["keywords"] for point in at)))
    right = sum(round(line["accuracy"] * line["clips"]) for line in lines)
    return [*row, part_of(right, sum(line["clips"] for line in lines))]


def summed(lines, name, chosen):
    """One row over several groups of speech: the group's name, hours, and what was heard at each point."""
    found = [line for line in lines if line["kind"] == "speech" and chosen(line["group"])]
    if not found:
        return None
    hours = sum(line["hours"] for line in found)
    row = [name, f"{hours:.2f}"]
    for number in range(len(found[0]["points"])):
        count = sum(line["points"][number]["false_alarms"] for line in found)
        row.append(f"{count}: {count / hours:.1f} an hour ({interval(count, hours)})")
    return row


def interval(count, hours):
    """Where the rate lies with a confidence of 95 % (Byar's approximation of the Poisson interval)."""
    low = count * (1 - 1 / (9 * count) - CONFIDENCE / (3 * count**0.5)) ** 3 if count else 0
    more = count + 1
    high = more * (1 - 1 / (9 * more) + CONFIDENCE / (3 * more**0.5)) ** 3
    return f"{low / hours:.1f} to {high / hours:.1f}"


def sources(lines, prefix):
    """Names of the sources of speech whose groups begin so: `people-ktuberling-da` is of `people-ktuberling`."""
    found = {line["group"] for line in lines if line["kind"] == "speech" and line["group"].startswith(prefix)}
    return sorted({"-".join(group.split("-")[: prefix.count("-") + 1]) for group in found})


def speech(lines):
    """False alarms: people as a whole, what is told apart, each source, and what was synthesised."""
    found = [line for line in lines if line["kind"] == "speech"]
    if not found:
        return ""
    points = [f"{point['point']} ({point['threshold']:g})" for point in found[0]["points"]]
    apart = "people-apart-"
    rows = [
        summed(lines, "people talking", lambda g: g.startswith("people-") and not g.startswith(apart)),
        summed(lines, "syllables, and languages with the word no", lambda g: g.startswith(apart)),
    ]
    for name in (*sources(lines, "people-"), *sources(lines, apart), *sources(lines, "speech-"), *sources(lines, "other-words-")):
        if name != apart.rstrip("-"):
            rows.append(summed(lines, name, lambda g, name=name: g == name or g.startswith(f"{name}-")))
    return table(["speech without keywords", "hours", *points], [row for row in rows if row])


def speakers(lines):
    """All pairs of recordings."""
    rows = [
        [line["group"], str(line["speakers"]), str(line["clips"]), f"{100 * line['eer']:.1f} %",
         f"{100 * line['fmr']:.1f} %", f"{100 * line['fnmr']:.1f} %"]
        for line in lines
        if line["kind"] == "speaker"
    ]  # fmt: skip
    head = ["voices, all pairs of 3 s", "people", "recordings", "EER", "FMR at the threshold", "FNMR"]
    return table(head, rows) if rows else ""


def lock(knocks):
    """What a lock does."""
    enrolled = knocks.people - len(knocks.refused)
    row = [f"{enrolled} of {knocks.people}", f"{100 * knocks.others_in:.1f} % of {len(knocks.others)}",
           f"{100 * knocks.owners_out:.1f} % of {len(knocks.owners)}"]  # fmt: skip
    return table(["people enrolled", "others let in", "owners refused"], [row])


def invariances(lines):
    """Decisions that a change of the recording changed."""
    rows = [
        [line["head"], line["perturbation"], line.get("skipped") or f"{line['percent']:.2f} % of {line['decisions']}"]
        for line in lines
        if line["kind"] == "invariance"
    ]
    return table(["head", "done to the recording", "decisions changed"], rows) if rows else ""


def differing(lines):
    """Decisions about words that another file makes otherwise, by what is heard at each point and by the best label."""
    found = [line for line in lines if line["kind"] == "word" and "changed" in line]
    if not found:
        return ""
    rows = []
    for number, point in enumerate(found[0]["spotted"]):
        at = [line["spotted"][number] for line in found]
        rows.append([point["point"], *_share(sum(p["changed"] for p in at), sum(p["keywords"] for p in at))])
    clips = sum(line["clips"] for line in found)
    rows.append(["best of twelve labels", *_share(sum(round(line["changed"] * line["clips"]) for line in found), clips)])
    return table(["the other file hears otherwise", "recordings", ""], rows)


def _share(count, whole):
    return f"{count} of {whole}", f"{100 * count / whole:.2f} %" if whole else ""


def run(model, parts=PARTS, against=None, out=None):
    """Judges a model file and prints the tables; `out` gets everything as JSON."""
    figures = {}
    for part in parts:
        manifest = material.manifest(part)
        options = ("--against", against) if against else ()
        options += ("--invariances",) if part == "changes" else ()
        lines = programs.evaluation(model, manifest, *options)
        figures[part] = lines
        tables = (invariances,) if part == "changes" else (words, speech, speakers, differing)
        for text in (shown(lines) for shown in tables):
            if text:
                print(f"\n{text}", flush=True)
        if part == "people":
            knocks = doors.knock(model, manifest)
            figures["lock"] = {"people": knocks.people, "refused": knocks.refused, "others_in": knocks.others_in,
                               "owners_out": knocks.owners_out}  # fmt: skip
            print(f"\n{lock(knocks)}", flush=True)
    if out is not None:
        out.write_text(json.dumps(figures, indent=1) + "\n")
