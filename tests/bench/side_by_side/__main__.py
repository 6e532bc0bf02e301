"""Makes what is missing, measures, writes the report."""

import argparse
import os
import statistics
import sys

from . import machine, measure, report, work
from .artefacts import Artefacts
from .avx2 import WithoutAvx512
from .engines import ENGINES
from .settings import BENCH, CACHE, BenchError


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="tests/bench/peers", description="wavlm beside other engines")
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--only", metavar="ENGINES", help=f"some of {','.join(ENGINES)}")
    parser.add_argument("--isa", choices=("all", "best", "avx2"), default="all",
                        help="measure with what this processor has, with AVX2 alone, or with both")
    return parser.parse_args()


def instruction_sets(isa: str) -> list[Artefacts]:
    """What to measure, once for each instruction set that was asked for."""
    wide = machine.has_avx512()
    if isa == "avx2" and not wide:
        raise BenchError("this processor has no AVX-512 to leave out; leave --isa away")
    return [*([Artefacts()] if isa != "avx2" else []), *([WithoutAvx512()] if wide and isa != "best" else [])]


def chosen(only: str | None) -> list[str]:
    """Names of engines, in the order of the tables."""
    names = only.split(",") if only else list(ENGINES)
    for name in names:
        if name not in ENGINES:
            raise BenchError(f"no engine is called {name}; there are {', '.join(ENGINES)}")
    return [name for name in ENGINES if name in names]


def peak_share(results: measure.Results, artefacts: Artefacts) -> tuple[float | None, list[str]]:
    """Of the core's int8 peak, at 1 s on one thread; or a note why it is not known."""
    records = results.of("ours", 1, 1)
    if not records:
        return None, []
    try:
        peak = work.int8_peak_gmacs(records[0].kernel)
    except BenchError as reason:
        return None, [f"share of the core's int8 peak: {reason}"]
    seconds = statistics.median(record.median_ms for record in records) / 1e3
    return work.model_gmacs(artefacts.checkpoint, 1) / seconds / peak, []


def main() -> None:
    """A complete run replaces the committed report; any other leaves its own in target/bench."""
    asked = arguments()
    CACHE.mkdir(parents=True, exist_ok=True)
    effort = measure.QUICK if asked.quick else measure.FULL
    parts = []
    for artefacts in instruction_sets(asked.isa):
        engines = {name: ENGINES[name](artefacts) for name in chosen(asked.only)}
        results = measure.run(engines, effort, artefacts.without_avx512)
        share, notes = peak_share(results, artefacts)
        parts.append(report.Part(results, share, notes))
    given = [f"{name}=…" for name in ("WAVLM", "WAVLM_EXPORT") if name in os.environ]
    command = " ".join([*given, "tests/bench/peers", *sys.argv[1:]])
    complete = asked.isa == "all" and not asked.quick and not asked.only
    out = (BENCH if complete else CACHE) / "RESULTS.md"
    out.write_text(report.markdown(parts, effort, command))
    print(out)


if __name__ == "__main__":
    try:
        main()
    except BenchError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
