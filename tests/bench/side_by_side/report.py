"""RESULTS.md: every figure from the run that has just ended."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date

from . import machine
from .bars import MB, bars
from .engines import NOT_CONVERTED, file_bytes
from .measure import LENGTHS, LONGEST, THREADS, Effort, Results

INTRODUCTION = """\
Written by `tests/bench/peers`; do not edit. A random wavlm-base with the x-vector head hears one recording
at a time. In each of {rounds} round(s) every engine has its turn, in a process of its own. Times are medians
over rounds of each process's median; ratios are of neighbours in a round, median over rounds. Quote ratios:
times drift with the machine."""

COLUMNS = """\
Peak memory is the largest resident set of a process, interpreter included. Loading is from opening the file
to ready, without starting the process or importing a library. Cosines are to PyTorch f32 on the same
recording, the smallest over lengths. Threads are those that were seen to compute when so many were asked
for."""

LEFT_OUT = """\
The same processor, on which `cpuid` hides AVX-512 and AVX-VNNI from every engine; that none was executed all the same is
read from Linux (`/proc/PID/arch_status`). It shows which kernels engines have for AVX2, not how an older processor runs them."""

TITLES = {"avx512vnni": "AVX-512 VNNI", "avx2": "AVX2 alone"}

# With more cores than this kept busy by others, times say how busy the machine was.
QUIET = 0.1

CONDITIONS = [(seconds, threads) for seconds in LENGTHS for threads in THREADS]


def table(head: list[str], rows: Iterable[list[str]]) -> str:
    """A Markdown table; numbers lie right."""
    lines = [head, ["---", *["---:"] * (len(head) - 1)], *rows]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines)


def number(value: float | None, digits: int) -> str:
    """A dash for what there is none of."""
    return "–" if value is None else f"{value:.{digits}f}"


def conditions() -> list[str]:
    """Heads of the columns of times."""
    return [f"{seconds} s, {threads} thr." for seconds, threads in CONDITIONS]


def latency(results: Results) -> str:
    """How long each engine takes."""
    rows = []
    for name, engine in results.engines.items():
        times = (results.median_ms(name, *condition) for condition in CONDITIONS)
        rows.append([engine.title, *(number(time, 1) for time in times)])
    return table(["median ms", *conditions()], rows)


def ratios(results: Results) -> str:
    """This project beside each peer; below 1 it is faster."""
    rows = []
    for name, engine in results.engines.items():
        if name != "ours":
            shares = (results.ratio("ours", name, *condition) for condition in CONDITIONS)
            rows.append([engine.title, *(number(share, 2) for share in shares)])
    return table(["time of wavlm int8 / time of", *conditions()], rows)


def the_rest(results: Results) -> str:
    """What an engine costs besides time, and how near it is to f32."""
    rows = []
    for name, engine in results.engines.items():
        memory = (results.peak_rss(name, seconds) for seconds in (*LENGTHS, LONGEST))
        rows.append([
            engine.title,
            *(number(bytes and bytes / MB, 0) for bytes in memory),
            number(results.load_ms(name), 1),
            number(file_bytes(engine.model) / MB, 1),
            *(number(results.cosine(name, output), 5) for output in ("embeddings", "logits")),
            *(number(results.working_threads(name, threads), 0) for threads in THREADS),
        ])  # fmt: skip
    head = [
        "",
        *(f"peak MB, {seconds} s" for seconds in (*LENGTHS, LONGEST)),
        "load ms", "file MB", "cosine, embeddings", "cosine, logits",
        *(f"threads of {threads}" for threads in THREADS),
    ]  # fmt: skip
    return table(head, rows)


def the_bars(results: Results, peak_share: float | None) -> str:
    """What was wanted and what was measured."""
    rows = [
        [bar.what, ("≥ " if bar.at_least else "≤ ") + bar.number(bar.limit),
         "–" if bar.measured is None else bar.number(bar.measured), bar.verdict]
        for bar in bars(results, peak_share)
    ]  # fmt: skip
    return table(["", "bar", "measured", ""], rows)


def the_machine(command: str) -> str:
    """What must be the same for the figures to come out the same."""
    facts = {
        "command": f"`{command}`",
        "date": date.today().isoformat(),
        "processor": f"{machine.processor()}, {os.cpu_count()} cores, {machine.memory_gib():.0f} GiB",
        "wavlm": machine.revision(),
    }
    return "\n".join(f"- {what}: {fact}" for what, fact in (facts | machine.versions()).items())


@dataclass(frozen=True)
class Part:
    """What was measured with one instruction set; notes say what was not."""

    results: Results
    peak_share: float | None
    notes: list[str]

    def markdown(self) -> str:
        """Its chapter."""
        results = self.results
        refusals = [
            f"{results.engines[name].title}, {seconds} s: {reason}" for (name, seconds), reason in results.refused.items()
        ]
        missing = "\n".join(f"- {note}" for note in [*refusals, *self.notes])
        kernels = ", ".join(sorted({record.kernel for record in results.of("ours")})) or "–"
        busy = results.others_busy_cores
        warning = "" if busy < QUIET else "; **do not quote the times**"
        parts = [
            f"## {TITLES.get(kernels, kernels)}",
            *([LEFT_OUT] if results.without_avx512 else []),
            f"Kernels chosen: {kernels}. Other programs kept {busy:.2f} cores busy meanwhile{warning}.",
            "### Bars",
            the_bars(results, self.peak_share),
            "### Time",
            latency(results),
            "### Ratio",
            ratios(results),
            "### Memory, loading, file, agreement",
            the_rest(results),
            *(["### Not measured", missing] if missing else []),
        ]
        return "\n\n".join(parts)


def markdown(parts: list[Part], effort: Effort, command: str) -> str:
    """The whole file."""
    lines = [
        "# wavlm beside other engines",
        INTRODUCTION.format(rounds=effort.rounds),
        COLUMNS,
        the_machine(command),
        *(part.markdown() for part in parts),
        "## Not converted",
        "\n".join(f"- {note}" for note in NOT_CONVERTED),
    ]
    return "\n\n".join(lines) + "\n"
