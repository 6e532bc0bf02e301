"""Other engines: their wheels for aarch64, run under emulation on files that tests/bench/peers makes."""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

from side_by_side.artefacts import Artefacts
from side_by_side.measure import recording

from .measure import COUNT

BENCH = Path(__file__).resolve().parents[1]
#: Of sound, for every engine.
SECONDS = 1


@dataclass(frozen=True)
class Peer:
    """An engine that `side_by_side.worker` runs."""

    title: str
    worker: str
    model: Path


def peers() -> list[Peer]:
    """Those whose wheels run under emulation."""
    made = Artefacts()
    return [
        Peer("onnxruntime int8 (dynamic)", "onnxruntime", made.onnx_int8),
        Peer("onnxruntime int8 (static QDQ, with convolutions)", "onnxruntime", made.onnx_qdq),
        Peer("onnxruntime f32", "onnxruntime", made.onnx),
        Peer("MNN int8 (weights, and activations as they come)", "mnn-low", made.mnn_int8),
        Peer("MNN f32", "mnn-high", made.mnn),
    ]


def instructions(system: str, peer: Peer, emulated: str) -> int:
    """What one inference executes on one thread: what a process executes more for two than for one."""
    one, two = (_process(system, peer, emulated, runs) for runs in (1, 2))
    return two - one


def _process(system: str, peer: Peer, emulated: str, runs: int) -> int:
    environment = {
        "PYTHONPATH": f"{BENCH}:{system}/engines", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
    }  # fmt: skip
    worker = ["-m", "side_by_side.worker", peer.worker, peer.model, recording(SECONDS), "1", str(runs), "0", "0"]
    with tempfile.NamedTemporaryFile() as listing:
        command = [COUNT, "aarch64", emulated, listing.name, f"{system}/usr/bin/python3.11", *worker]
        settings = ",".join(f"{name}={value}" for name, value in environment.items())
        done = subprocess.run(command, env=os.environ | {"QEMU_LD_PREFIX": system, "QEMU_SET_ENV": settings},
                              capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{peer.title} on {emulated}: {done.stderr.strip().splitlines()[-1]}")
        return int(done.stdout.splitlines()[-1])
