"""Random configurations against transformers: each is made, converted and run, and its outputs are compared.

    tests/golden/run --random N [--seed S] [--only K]

Configuration K of a seed is the same in every run. For each, transformers 4.57 makes a checkpoint with random weights and
says what comes out; the exporter converts it to f32 and to int8; the runtime runs both files. What passes is deleted; what
fails is kept, with all it needs to be repeated, in target/golden-random/.
"""

import argparse
import json
import math
import multiprocessing
import os
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path

REPOSITORY = Path(__file__).resolve().parents[2]
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")).absolute()
PROGRAMS = TARGET / "debug"
KEPT = TARGET / "golden-random"

F32_RELATIVE = 2e-4  # of an output's largest value
MOST_BYTES = 2 << 30  # resident, of any program that runs
MOST_SECONDS = 240  # of one core, for any program that runs: two minutes on two
# Address space at which a program is stopped before it takes the machine with it.
CEILING = 6 << 30


class Failure(Exception):
    """What is wrong with a configuration, in a line."""


@dataclass
class Result:
    name: str
    note: str = ""
    f32: float = math.nan  # largest relative difference
    int8: float = math.nan  # smallest cosine
    bytes: int = 0  # largest resident size
    seconds: float = 0.0
    redrawn: int = 0  # weights that amplified rounding too much to prove anything
    failures: list = field(default_factory=list)


def run(result, *command):
    """Standard output of a program within the limits of memory and time."""
    words = [str(word) for word in command]
    what = " ".join(Path(word).name for word in words[:2])
    with tempfile.TemporaryFile("w+") as out, tempfile.TemporaryFile("w+") as err:
        child = subprocess.Popen(words, stdin=subprocess.DEVNULL, stdout=out, stderr=err, preexec_fn=limit)
        _, status, usage = os.wait4(child.pid, 0)
        child.returncode = os.waitstatus_to_exitcode(status)
        out.seek(0), err.seek(0)
        said, complaint = out.read(), err.read().strip().splitlines()[-1:]
    size = usage.ru_maxrss * 1024
    result.bytes = max(result.bytes, size)
    if child.returncode == -signal.SIGXCPU:
        raise Failure(f"{what}: stopped after {MOST_SECONDS} s of computing, at {size / 1e9:.2f} GB")
    if child.returncode:
        raise Failure(f"{what}: exit status {child.returncode}: {''.join(complaint) or 'nothing said'}")
    if size > MOST_BYTES:
        raise Failure(f"{what}: {size / 1e9:.2f} GB resident")
    return said


def limit():
    """In the child, before it becomes the program."""
    resource.setrlimit(resource.RLIMIT_AS, (CEILING, CEILING))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS + 1))


def write(seed, number, folder):
    """Runs in a process of its own: what this one occupies would be counted as the memory of each program it starts."""
    import drawn

    return drawn.write(seed, number, folder)


def outputs(result, precision, checkpoint):
    """How far each output of a file of that precision is from transformers'."""
    model = checkpoint.parent / f"{precision}.wlm"
    # A random int8 model may be further from its checkpoint than is worth having; that it is made and runs is the claim.
    force = ["--force"] if precision == "int8" else []
    run(result, PROGRAMS / "wavlm-export", "convert", checkpoint, "-o", model, "--precision", precision, *force)
    lines = run(result, PROGRAMS / "golden-case", model, checkpoint).splitlines()
    if not lines:
        raise Failure(f"{precision}: no outputs")
    return [json.loads(line) for line in lines]


def attempt(result, folder, made):
    """Fills in the result of the checkpoint that `made` waits for."""
    began = time.monotonic()
    try:
        checkpoint, result.note, result.redrawn = made.result()
        f32 = check(result, lambda: outputs(result, "f32", checkpoint))
        int8 = check(result, lambda: outputs(result, "int8", checkpoint))
        result.f32 = max((line["relative"] for line in f32), default=math.nan)
        result.int8 = min((line["cosine"] for line in int8), default=math.nan)
        for line in f32:
            if not line["relative"] <= F32_RELATIVE:
                result.failures.append(f"f32: {line['tensor']} differs by {line['relative']:.1e}")
    except Exception as error:  # of transformers, about a configuration that it should not have been asked for
        result.failures.append(f"transformers: {error!r}")
    result.seconds = time.monotonic() - began


def check(result, work):
    """Goes on with the other precision where one fails."""
    try:
        return work()
    except Failure as failure:
        result.failures.append(str(failure))
        return []


def main():
    parser = argparse.ArgumentParser(description="Random configurations against transformers.")
    parser.add_argument("--random", type=int, required=True, metavar="N", help="how many configurations")
    parser.add_argument("--seed", type=int, default=1, help="which ones (1)")
    parser.add_argument("--only", type=int, metavar="K", help="configuration K alone, kept even if it passes")
    options = parser.parse_args()
    numbers = list(range(options.random) if options.only is None else [options.only])
    results = []
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as transformers:
        waiting = []
        for number in numbers:
            result = Result(f"random-{options.seed}-{number}")
            folder = KEPT / result.name
            shutil.rmtree(folder, ignore_errors=True)
            folder.mkdir(parents=True)
            waiting.append((result, folder, transformers.submit(write, options.seed, number, folder)))
        for number, (result, folder, made) in zip(numbers, waiting):
            attempt(result, folder, made)
            results.append(result)
            print(line_of(result), flush=True)
            if result.failures:
                again = f"again: just golden --random 1 --seed {options.seed} --only {number}"
                (folder / "failure.txt").write_text("\n".join([result.note, *result.failures, again, ""]))
            elif options.only is None:
                shutil.rmtree(folder)
    failed = [result.name for result in results if result.failures]
    print(f"\n{summary(results)}")
    if failed:
        print(f"kept in {KEPT}: {', '.join(failed)}")
    return bool(failed)


def line_of(result):
    line = (
        f"{result.name:14} f32 {result.f32:7.1e}  int8 cosine {result.int8:8.5f}  {result.bytes / 1e6:5.0f} MB  "
        f"{result.seconds:5.1f} s  {result.note}"
    )
    return "\n".join([line, *(f"{'':14} FAILED {failure}" for failure in result.failures)])


def summary(results):
    f32 = max((r.f32 for r in results if not math.isnan(r.f32)), default=math.nan)
    int8 = min((r.int8 for r in results if not math.isnan(r.int8)), default=math.nan)
    return "\n".join([
        f"{len(results)} configurations, {sum(bool(r.failures) for r in results)} failed",
        f"largest f32 difference  {f32:.1e} (at most {F32_RELATIVE:.0e})",
        f"smallest int8 cosine    {int8:.5f}",
        f"largest memory          {max(r.bytes for r in results) / 1e6:.0f} MB (at most {MOST_BYTES / 1e6:.0f} MB)",
        f"weights drawn again     {sum(r.redrawn for r in results)} times, because they amplified rounding",
    ])


if __name__ == "__main__":
    sys.exit(main())
