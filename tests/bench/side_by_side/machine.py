"""What the figures were measured on, and with which versions."""

import os
import resource
import subprocess
import tomllib
from importlib import metadata
from pathlib import Path

from .artefacts import RUST_PEERS
from .settings import REPOSITORY

PYTHON_PEERS = {"PyTorch": "torch", "onnxruntime": "onnxruntime", "OpenVINO": "openvino", "NNCF": "nncf"}
PYTHON_PEERS |= {"MNN": "MNN", "ExecuTorch": "executorch", "ncnn": "ncnn", "transformers": "transformers", "onnx": "onnx"}


def processor() -> str:
    """The CPU's name, where Linux keeps it: one place on x86, another on ARM boards."""
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    board = Path("/proc/device-tree/model")
    return board.read_text().strip("\0\n") if board.exists() else os.uname().machine


def has_avx512() -> bool:
    """Whether engines may use it here."""
    return "avx512f" in Path("/proc/cpuinfo").read_text().split()


def memory_gib() -> float:
    """All that Linux manages."""
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30


def others_cpu_s() -> float:
    """Processor time of all but this program and its processes; what the hypervisor stole is in it."""
    user, nice, system, _idle, _iowait, irq, softirq, steal = map(
        int, Path("/proc/stat").read_text().splitlines()[0].split()[1:9]
    )
    everyone = (user + nice + system + irq + softirq + steal) / os.sysconf("SC_CLK_TCK")
    own = map(resource.getrusage, (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return everyone - sum(usage.ru_utime + usage.ru_stime for usage in own)


def versions() -> dict[str, str]:
    """What is installed of the Python peers, and what the Rust peers are pinned to."""
    pinned = tomllib.loads((RUST_PEERS / "Cargo.toml").read_text())["dependencies"]
    rust = {"rten": pinned["rten"], "tract": pinned["tract-onnx"]}
    python = {title: metadata.version(package) for title, package in PYTHON_PEERS.items()}
    return python | {name: version.removeprefix("=") for name, version in rust.items()}


def revision() -> str:
    """This tree's commit."""
    command = ["git", "-C", str(REPOSITORY), "describe", "--always", "--dirty=, with changes"]
    done = subprocess.run(command, capture_output=True, text=True)
    return done.stdout.strip() or "unknown"
