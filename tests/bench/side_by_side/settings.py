"""Where things lie, and the one error that ends a run."""

import os
from pathlib import Path

BENCH = Path(__file__).resolve().parent.parent
REPOSITORY = BENCH.parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", REPOSITORY / "target")).absolute()
CACHE = TARGET / "bench"

RATE = 16_000


class BenchError(Exception):
    """Something is missing or not as it must be; told in one line."""
