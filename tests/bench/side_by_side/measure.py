"""Rounds: every engine in turn, at every length and thread count, so that a drifting clock hits all alike."""

import os
import statistics
import sys
import time
from collections import defaultdict
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from . import machine, sound
from .engines import Engine, Record, Refused, Task
from .settings import CACHE

LENGTHS = (1, 3, 10)
THREADS = tuple(n for n in (1, 2) if n <= len(os.sched_getaffinity(0)))
# Only this project is asked for a whole minute: the question is whether memory stays bounded.
LONGEST = 60
REFERENCE = "torch"


@dataclass(frozen=True)
class Effort:
    """How long to measure: rounds, and in each process at least `runs` runs for at least `least_s`."""

    rounds: int
    runs: int
    least_s: float


FULL = Effort(rounds=3, runs=3, least_s=1.0)
QUICK = Effort(rounds=1, runs=3, least_s=1.0)


@dataclass
class Results:
    """Records by engine, seconds and threads, one a round; why an engine has none of a length; how quiet it was."""

    engines: dict[str, Engine]
    without_avx512: bool = False
    records: dict[tuple[str, int, int], list[Record]] = field(default_factory=lambda: defaultdict(list))
    refused: dict[tuple[str, int], str] = field(default_factory=dict)
    others_busy_cores: float = 0.0

    def of(self, engine: str, seconds: int | None = None, threads: int | None = None) -> list[Record]:
        """Records of an engine at any or one length and thread count."""
        return [
            record
            for (name, length, count), records in self.records.items()
            if name == engine and seconds in (None, length) and threads in (None, count)
            for record in records
        ]

    def median_ms(self, engine: str, seconds: int, threads: int) -> float | None:
        """Median over rounds of each process's median."""
        return median([record.median_ms for record in self.of(engine, seconds, threads)])

    def ratio(self, engine: str, peer: str, seconds: int, threads: int) -> float | None:
        """Time of `engine` over time of `peer`, from neighbours of the same round; median over rounds."""
        pairs = zip(self.of(engine, seconds, threads), self.of(peer, seconds, threads))
        return median([mine.median_ms / theirs.median_ms for mine, theirs in pairs])

    def peak_rss(self, engine: str, seconds: int) -> int | None:
        """Largest of all processes that heard this length."""
        return max((record.peak_rss_bytes for record in self.of(engine, seconds)), default=None)

    def load_ms(self, engine: str) -> float | None:
        """Median of all processes."""
        return median([record.load_ms for record in self.of(engine)])

    def working_threads(self, engine: str, threads: int) -> int | None:
        """Most that computed, of all processes with this thread count."""
        return max((record.working_threads for record in self.of(engine, threads=threads)), default=None)

    def cosine(self, engine: str, output: str) -> float | None:
        """Smallest over the lengths, to the reference's output for the same recording."""
        cosines = []
        for seconds in LENGTHS:
            mine, reference = self.of(engine, seconds), self.of(REFERENCE, seconds)
            if mine and reference:
                a, b = (np.array(getattr(records[0], output)) for records in (mine, reference))
                cosines.append(float(a @ b / (np.linalg.norm(a) * np.linalg.norm(b))))
        return min(cosines, default=None)


def median(values: list[float]) -> float | None:
    """None of nothing."""
    return statistics.median(values) if values else None


def run(engines: dict[str, Engine], effort: Effort, without_avx512: bool) -> Results:
    """All rounds, then the longest recording."""
    results = Results(engines, without_avx512)
    start, others = time.perf_counter(), machine.others_cpu_s()
    for number in range(effort.rounds):
        for seconds in LENGTHS:
            wav = recording(seconds)
            for threads in THREADS:
                task = Task(wav, seconds, threads, effort.runs, effort.least_s)
                for name in engines:
                    measure(results, name, task, f"round {number + 1} of {effort.rounds}")
    if "ours" in engines:
        task = Task(recording(LONGEST), LONGEST, THREADS[-1], effort.runs, effort.least_s)
        measure(results, "ours", task, "memory")
    results.others_busy_cores = (machine.others_cpu_s() - others) / (time.perf_counter() - start)
    return results


def measure(results: Results, engine: str, task: Task, stage: str) -> None:
    """One process; an engine that refuses a length once is not asked again."""
    if (engine, task.seconds) in results.refused:
        return
    condition = f"{stage}: {engine}, {task.seconds} s, {task.threads} thread(s)"
    try:
        record = results.engines[engine].run(task)
        if record.working_threads > task.threads:
            raise Refused(f"{record.working_threads} threads computed where {task.threads} was asked for")
        if record.used_avx512 and results.without_avx512:
            raise Refused("AVX-512 was used, though cpuid said that there is none")
    except Refused as reason:
        print(f"{condition}: {reason}", file=sys.stderr)
        results.refused[engine, task.seconds] = str(reason)
        return
    print(f"{condition}: {record.median_ms:.1f} ms", file=sys.stderr)
    results.records[engine, task.seconds, task.threads].append(record)


def recording(seconds: int) -> Path:
    """The recording of a length."""
    path = CACHE / f"speech-like-{seconds}.wav"
    sound.write(path, sound.speech_like(seconds))
    return path
