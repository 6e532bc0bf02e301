"""Makes what is missing, measures, writes the report."""

import argparse
import os
import statistics
import sys

from . import measure, report, work
from .artefacts import Artefacts
from .engines import ENGINES
from .settings import BENCH, CACHE, BenchError


def arguments() -> argparse.Namespace:
    """The command line."""
    parser = argparse.ArgumentParser(prog="tests/bench/peers", description="wavlm beside other engines")
    parser.add_argument("--quick", action="store_true", help="one short round")
    parser.add_argument("--only", metavar="ENGINES", help=f"some of {','.join(ENGINES)}")
    return parser.parse_args()


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
    artefacts = Artefacts()
    engines = {name: ENGINES[name](artefacts) for name in chosen(asked.only)}
    effort = measure.QUICK if asked.quick else measure.FULL
    results = measure.run(engines, effort)
    share, notes = peak_share(results, artefacts)
    given = [f"{name}=…" for name in ("WAVLM", "WAVLM_EXPORT") if name in os.environ]
    command = " ".join([*given, "tests/bench/peers", *sys.argv[1:]])
    out = (CACHE if asked.quick or asked.only else BENCH) / "RESULTS.md"
    out.write_text(report.markdown(results, effort, command, share, notes))
    print(out)


if __name__ == "__main__":
    try:
        main()
    except BenchError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
