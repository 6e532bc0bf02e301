"""The engines: what each is called, which file it runs, and how one process of it is started and read."""

import json
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass
from math import inf
from pathlib import Path

from safetensors.numpy import load_file

from .artefacts import Artefacts
from .threads import INTERVAL, ThreadWatch

# A process that is still running after this many seconds hangs.
PATIENCE = 1200


class Refused(Exception):
    """An engine that cannot run the model here, in its own words."""


@dataclass(frozen=True)
class Task:
    """What one process does: at least `runs` runs for at least `least_s` over one recording."""

    wav: Path
    seconds: int
    threads: int
    runs: int
    least_s: float


@dataclass(frozen=True)
class Record:
    """What one process saw."""

    median_ms: float
    load_ms: float
    working_threads: int
    peak_rss_bytes: int
    used_avx512: bool
    embeddings: list[float]
    logits: list[float]
    kernel: str = ""


def call(command: list, threads: int, environment: dict[str, str]) -> tuple[str, ThreadWatch]:
    """Standard output of a process, and what its threads did."""
    variables = os.environ | {"OMP_NUM_THREADS": str(threads)} | environment
    with tempfile.TemporaryFile("w+") as stdout, tempfile.TemporaryFile("w+") as stderr:
        words = [str(part) for part in command]
        process = subprocess.Popen(words, env=variables, stdout=stdout, stderr=stderr)
        watch = ThreadWatch(process.pid)
        end = time.monotonic() + PATIENCE
        while process.poll() is None:
            if time.monotonic() > end:
                process.kill()
                process.wait()
                raise Refused(f"no end after {PATIENCE} s")
            watch.look()
            time.sleep(INTERVAL)
        stdout.seek(0)
        stderr.seek(0)
        if process.returncode != 0:
            said = stderr.read().strip().splitlines()
            raise Refused(said[-1].strip() if said else f"exit status {process.returncode}")
        return stdout.read(), watch


@dataclass(frozen=True)
class Peer:
    """Someone else's engine; its process is `command MODEL FILE.wav THREADS RUNS SECONDS`, see worker.py, in this environment."""

    title: str
    model: Path
    command: tuple
    environment: dict[str, str]

    def run(self, task: Task) -> Record:
        command = [*self.command, self.model, task.wav, task.threads, task.runs, task.least_s]
        stdout, watch = call(command, task.threads, self.environment)
        seen = json.loads(stdout.splitlines()[-1])
        runs_ms = seen.pop("runs_ms")
        working_threads = watch.working(last_s=sum(runs_ms) / 1e3)  # loading may use more
        return Record(
            median_ms=statistics.median(runs_ms), working_threads=working_threads, used_avx512=watch.used_avx512, **seen
        )  # fmt: skip


@dataclass(frozen=True)
class Ours:
    """This project: `wavlm bench` says how fast it is, `wavlm infer` what it computes."""

    title: str
    model: Path
    wavlm: Path
    environment: dict[str, str]

    def run(self, task: Task) -> Record:
        common = ["--model", self.model, "--threads", task.threads]
        bench = [self.wavlm, "bench", *common, "--seconds", task.seconds, "--json"]
        stdout, watch = call(bench, task.threads, self.environment)
        seen = json.loads(stdout)
        with tempfile.TemporaryDirectory() as folder:
            out = Path(folder) / "outputs.safetensors"
            infer = [self.wavlm, "infer", *common, "--output", out, task.wav]
            call(infer, task.threads, self.environment)
            outputs = load_file(out)
        return Record(
            median_ms=seen["median_ms"], load_ms=seen["load_ms"], working_threads=watch.working(last_s=inf),
            used_avx512=watch.used_avx512, peak_rss_bytes=seen["peak_rss_bytes"], kernel=seen["kernel"],
            embeddings=outputs["embeddings"].ravel().tolist(), logits=outputs["logits"].ravel().tolist(),
        )  # fmt: skip


Engine = Ours | Peer


def python_peer(a: Artefacts, title: str, model: Path, worker: str) -> Peer:
    """One that worker.py runs."""
    return Peer(title, model, (sys.executable, "-m", "side_by_side.worker", worker), a.environment)


def rust_peer(a: Artefacts, title: str, model: Path, engine: str) -> Peer:
    """One that rust-peers runs."""
    return Peer(title, model, (a.rust_peers, engine), a.environment)


# In the order of the tables. Outputs are compared with those of `torch`.
ENGINES: dict[str, Callable[[Artefacts], Engine]] = {
    "ours": lambda a: Ours("**wavlm int8**", a.wlm, a.wavlm, a.environment),
    "openvino-int8": lambda a: python_peer(a, "OpenVINO int8 (NNCF, static)", a.openvino_int8, "openvino-f32"),
    "openvino-bf16": lambda a: python_peer(a, "OpenVINO bf16", a.openvino, "openvino-bf16"),
    "openvino-f32": lambda a: python_peer(a, "OpenVINO f32", a.openvino, "openvino-f32"),
    "ort-int8": lambda a: python_peer(a, "onnxruntime int8 (dynamic)", a.onnx_int8, "onnxruntime"),
    "ort-qdq": lambda a: python_peer(a, "onnxruntime int8 (static QDQ, with convolutions)", a.onnx_qdq, "onnxruntime"),
    "mnn-int8": lambda a: python_peer(a, "MNN int8 (weights, and activations as they come)", a.mnn_int8, "mnn-low"),
    "mnn-f32": lambda a: python_peer(a, "MNN f32", a.mnn, "mnn-high"),
    "executorch-f32": lambda a: python_peer(a, "ExecuTorch f32 (XNNPACK)", a.executorch, "executorch"),
    "ncnn": lambda a: python_peer(a, "ncnn f32", a.ncnn, "ncnn"),
    "ort-f32": lambda a: python_peer(a, "onnxruntime f32", a.onnx, "onnxruntime"),
    "torch": lambda a: python_peer(a, "PyTorch f32", a.checkpoint, "torch"),
    "rten-int8": lambda a: rust_peer(a, "rten int8 (onnxruntime's file)", a.onnx_int8, "rten"),
    "rten-f32": lambda a: rust_peer(a, "rten f32", a.onnx, "rten"),
    "tract": lambda a: rust_peer(a, "tract f32", a.onnx, "tract"),
}


# What was tried, with the versions of requirements.txt, and could not be converted.
NOT_CONVERTED = (
    "ExecuTorch int8 (XNNPACKQuantizer, static and dynamic): `Missing out variants: {'quantized_decomposed::"
    "dequantize_per_channel'}`, 7 minutes into lowering",
    "ncnn int8: the wheel lacks its quantiser, ncnn2int8",
)


def file_bytes(model: Path) -> int:
    """Weights and graph: one file, the two files of OpenVINO or ncnn, or the checkpoint's weights."""
    if model.is_dir():
        files = [model / "model.safetensors"]
    else:
        files = [model, model.with_suffix(".bin")] if model.suffix in (".xml", ".param") else [model]
    return sum(file.stat().st_size for file in files)
