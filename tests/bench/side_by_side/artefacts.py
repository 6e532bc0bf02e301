"""What is run: programs and model files, each made when first asked for and kept in target/bench."""

import os
import shutil
import subprocess
import sys
from functools import cached_property
from pathlib import Path

from .settings import BENCH, CACHE, REPOSITORY, TARGET, BenchError

RUST_PEERS = BENCH / "rust-peers"
SEED = "1"


def run(command: list) -> None:
    """Runs to the end; what it said is shown only if it failed."""
    words = [str(part) for part in command]
    print("+", " ".join(Path(word).name for word in words), file=sys.stderr)
    done = subprocess.run(words, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    if done.returncode != 0:
        sys.stderr.write(done.stdout)
        raise BenchError(f"{Path(words[0]).name} failed; its output is above")


def cargo_build(target: Path, manifest: Path, *packages: str) -> None:
    """A release build, its progress on the terminal."""
    places = ["--manifest-path", str(manifest), "--target-dir", str(target)]
    chosen = [f"--package={package}" for package in packages]
    if subprocess.run(["cargo", "build", "--release", "--locked", *places, *chosen]).returncode != 0:
        what = ", ".join(packages) or manifest.parent.name
        raise BenchError(f"cannot build {what}; cargo's errors are above")


def make(out: Path, sources: list[Path], command: list) -> Path:
    """Runs `command OUT` unless `out` is there and newer than its sources. A broken run leaves nothing."""
    if out.exists() and all(source.stat().st_mtime <= out.stat().st_mtime for source in sources):
        return out
    partial = CACHE / "partial"
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    run([*command, partial / out.name])
    for part in sorted(partial.iterdir()):  # a model in two files: .bin comes before the other that needs it
        part.replace(CACHE / part.name)
    return out


class Artefacts:
    """Programs and model files, and what the environment of their processes adds."""

    without_avx512 = False
    environment: dict[str, str] = {}

    @cached_property
    def wavlm(self) -> Path:
        return self.program("WAVLM", "wavlm-boards", "wavlm")

    @cached_property
    def wavlm_export(self) -> Path:
        return self.program("WAVLM_EXPORT", "wavlm-export", "wavlm-export")

    @cached_property
    def rust_peers(self) -> Path:
        cargo_build(CACHE / "rust-peers", RUST_PEERS / "Cargo.toml")
        return CACHE / "rust-peers/release/rust-peers"

    @cached_property
    def checkpoint(self) -> Path:
        command = [self.wavlm_export, "synth", "--config", "base", "--head", "xvector", "--seed", SEED, "-o"]
        return make(CACHE / "base", [], command)

    @cached_property
    def wlm(self) -> Path:
        command = [self.wavlm_export, "convert", self.checkpoint, "-o"]
        return make(CACHE / "base.wlm", [self.weights, self.wavlm_export], command)

    @cached_property
    def onnx(self) -> Path:
        return self.converted("onnx", self.checkpoint, "base.onnx")

    @cached_property
    def onnx_int8(self) -> Path:
        return self.converted("onnx-int8", self.onnx, "base-int8.onnx")

    @cached_property
    def onnx_qdq(self) -> Path:
        return self.converted("onnx-qdq", self.onnx, "base-qdq.onnx")

    @cached_property
    def mnn(self) -> Path:
        return self.converted("mnn", self.onnx, "base.mnn")

    @cached_property
    def mnn_int8(self) -> Path:
        return self.converted("mnn-int8", self.onnx, "base-int8.mnn")

    @cached_property
    def ncnn(self) -> Path:
        return self.converted("ncnn", self.checkpoint, "base-1s.param")

    @cached_property
    def executorch(self) -> Path:
        return self.converted("executorch", self.checkpoint, "base-1s.pte")

    @cached_property
    def openvino(self) -> Path:
        return self.converted("openvino", self.onnx, "base.xml")

    @cached_property
    def openvino_int8(self) -> Path:
        return self.converted("openvino-int8", self.onnx, "base-int8.xml")

    @property
    def weights(self) -> Path:
        """The checkpoint's large file."""
        return self.checkpoint / "model.safetensors"

    def converted(self, kind: str, source: Path, name: str) -> Path:
        """`source` in the form of a peer; anew when the peers' versions or the conversion change."""
        weights = self.weights if source == self.checkpoint else source
        sources = [weights, BENCH / "requirements.txt", BENCH / "side_by_side/convert.py"]
        return make(CACHE / name, sources, [sys.executable, "-m", "side_by_side.convert", kind, source])

    def program(self, variable: str, package: str, name: str) -> Path:
        """One of this project's programs: the one that the environment names, or built from this tree."""
        if given := os.environ.get(variable):
            return Path(given).absolute()
        cargo_build(TARGET, REPOSITORY / "Cargo.toml", package)
        return TARGET / "release" / name
