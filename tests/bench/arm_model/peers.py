"""Other engines: their wheels for aarch64, run under emulation on files that tests/bench/peers makes."""

import os
import subprocess
import sys
import tempfile
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from side_by_side.artefacts import Artefacts
from side_by_side.engines import ENGINES, Peer
from side_by_side.measure import recording

from .measure import COUNT

BENCH = Path(__file__).resolve().parents[1]
#: Of sound, for every engine.
SECONDS = 1
#: CPUs that are emulated for them, and what Arm calls these.
PARTS = {"cortex-a72": 0xD08, "cortex-a76": 0xD0B}
#: Engines of tests/bench/peers whose wheels run under emulation.
COUNTED = ("ort-int8", "ort-qdq", "ort-f32", "mnn-int8")


def peers() -> list[Peer]:
    """The engines that are counted."""
    made = Artefacts()
    return [ENGINES[name](made) for name in COUNTED]


def instructions(system: str, peers: list[Peer], emulated: str) -> list[int]:
    """What one inference of each executes on a CPU, on one thread: what a process executes more for two than for one."""
    show_processor(Path(system), emulated)
    wav = recording(SECONDS)
    processes = [(peer, runs) for peer in peers for runs in (1, 2)]
    with ThreadPoolExecutor(os.cpu_count()) as at_once:
        counted = list(at_once.map(lambda process: _process(system, wav, emulated, *process), processes))
    return [two - one for one, two in zip(counted[::2], counted[1::2])]


def show_processor(system: Path, emulated: str) -> None:
    """Puts what Linux would tell of the CPU in the place of what it tells of this machine: onnxruntime ends if it is not ARM."""
    cpuinfo = f"processor : 0\nCPU implementer : 0x41\nCPU architecture: 8\nCPU variant : 0x0\nCPU part : {PARTS[emulated]:#x}\n"
    files = {"proc/cpuinfo": cpuinfo, "sys/devices/system/cpu/possible": "0\n", "sys/devices/system/cpu/present": "0\n"}
    for name, text in files.items():
        (system / name).parent.mkdir(parents=True, exist_ok=True)
        (system / name).write_text(text)


def _process(system: str, wav: Path, emulated: str, peer: Peer, runs: int) -> int:
    environment = {
        "PYTHONPATH": f"{BENCH}:{system}/engines", "PYTHONDONTWRITEBYTECODE": "1", "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1",
    }  # fmt: skip
    _, *worker = peer.command  # by the interpreter of that system
    arguments = [peer.model, wav, "1", str(runs), "0", "0"]
    with tempfile.NamedTemporaryFile() as listing:
        command = [COUNT, "aarch64", emulated, listing.name, f"{system}/usr/bin/python3.11", *worker, *arguments]
        settings = ",".join(f"{name}={value}" for name, value in environment.items())
        done = subprocess.run(command, env=os.environ | {"QEMU_LD_PREFIX": system, "QEMU_SET_ENV": settings},
                              capture_output=True, text=True)
        if done.returncode != 0:
            sys.exit(f"{peer.title} on {emulated}: {done.stderr.strip().splitlines()[-1]}")
        return int(done.stdout.splitlines()[-1])
