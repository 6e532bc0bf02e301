"""`python -m side_by_side.worker ENGINE MODEL FILE.wav THREADS RUNS SECONDS [WARM_UPS]`: one process of a Python engine.

Loads the model, runs it over one recording again and again for a while, and prints one JSON line of what
was seen. Imports numpy and its engine alone: its peak memory is what a program of that engine would need.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

from . import sound

# Runs before the clock counts: what an engine sets up lazily, caches, page faults.
WARM_UPS = 2

# A loaded model: samples in, embeddings and logits out.
Infer = Callable[[np.ndarray], tuple[np.ndarray, np.ndarray]]


def torch(threads: int) -> Callable[[Path], Infer]:
    """PyTorch as transformers runs it."""
    import torch
    from transformers import WavLMForXVector

    torch.set_num_threads(threads)
    torch.set_num_interop_threads(1)

    def load(checkpoint: Path) -> Infer:
        model = WavLMForXVector.from_pretrained(checkpoint).eval()

        @torch.inference_mode()
        def infer(samples):
            outputs = model(torch.from_numpy(samples))
            return outputs.embeddings.numpy(), outputs.logits.numpy()

        return infer

    return load


def onnxruntime(threads: int) -> Callable[[Path], Infer]:
    """onnxruntime's CPU provider."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1

    def load(model: Path) -> Infer:
        session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        return lambda samples: session.run(["embeddings", "logits"], {"waveform": samples})

    return load


def mnn(threads: int, precision: str, memory: str) -> Callable[[Path], Infer]:
    """MNN's CPU backend; with little memory it multiplies in int8 where the file's weights are."""
    import MNN.expr as expr
    import MNN.nn as nn

    runtime = nn.create_runtime_manager(
        ({"backend": "CPU", "precision": precision, "memory": memory, "numThread": threads},)
    )

    def load(model: Path) -> Infer:
        module = nn.load_module_from_file(str(model), ["waveform"], ["embeddings", "logits"], runtime_manager=runtime)

        def infer(samples):
            waveform = expr.const(samples, list(samples.shape), expr.NCHW)
            return [output.read().copy() for output in module.forward([waveform])]

        return infer

    return load


def ncnn(threads: int) -> Callable[[Path], Infer]:
    """ncnn on the CPU. Its wheel lacks the programs that would quantise."""
    import ncnn

    def load(model: Path) -> Infer:
        net = ncnn.Net()
        net.opt.num_threads = threads
        if net.load_param(str(model)) or net.load_model(str(model.with_suffix(".bin"))):
            sys.exit(f"{model.name} cannot be loaded")

        def infer(samples):
            only_one_second(samples)
            extractor = net.create_extractor()
            extractor.input("in0", ncnn.Mat(samples))
            return [np.array(extractor.extract(name)[1]) for name in ("out0", "out1")]

        return infer

    return load


def executorch(threads: int) -> Callable[[Path], Infer]:
    """ExecuTorch's runtime, of which XNNPACK is a part."""
    import torch
    from executorch.extension.pybindings.portable_lib import _unsafe_reset_threadpool
    from executorch.runtime import Runtime

    _unsafe_reset_threadpool(threads)

    def load(model: Path) -> Infer:
        method = Runtime.get().load_program(model).load_method("forward")

        def infer(samples):
            only_one_second(samples)
            return [output.numpy() for output in method.execute([torch.from_numpy(samples)])]

        return infer

    return load


def only_one_second(samples: np.ndarray) -> None:
    """Ends this process if a file that was traced with a second of sound is given another length."""
    if samples.shape[1] != sound.RATE:
        sys.exit("its tools fix the length of the sound, and the file was made for one second")


def openvino(threads: int, precision: str) -> Callable[[Path], Infer]:
    """OpenVINO's CPU plugin; what is not quantised is computed in `precision`."""
    import openvino

    asked = {
        "INFERENCE_NUM_THREADS": threads, "INFERENCE_PRECISION_HINT": precision,
        "PERFORMANCE_HINT": "LATENCY", "NUM_STREAMS": 1,
    }  # fmt: skip

    def load(model: Path) -> Infer:
        compiled = openvino.Core().compile_model(model, "CPU", asked)
        for name in ("INFERENCE_NUM_THREADS", "INFERENCE_PRECISION_HINT"):
            given = compiled.get_property(name)
            given = given.to_string() if isinstance(given, openvino.Type) else given
            if given != asked[name]:
                sys.exit(f"{name} is {given}, not {asked[name]}, on this processor")
        request = compiled.create_infer_request()

        def infer(samples):
            outputs = request.infer({"waveform": samples})
            return outputs["embeddings"], outputs["logits"]

        return infer

    return load


ENGINES = {
    "torch": torch,
    "onnxruntime": onnxruntime,
    "mnn-low": lambda threads: mnn(threads, "normal", "low"),
    "mnn-high": lambda threads: mnn(threads, "high", "normal"),
    "ncnn": ncnn,
    "executorch": executorch,
    "openvino-f32": lambda threads: openvino(threads, "f32"),
    "openvino-bf16": lambda threads: openvino(threads, "bf16"),
}


def peak_rss() -> int:
    """Most memory that this process has had resident, as Linux counts it."""
    status = Path("/proc/self/status").read_text()
    line = next(line for line in status.splitlines() if line.startswith("VmHWM:"))
    return int(line.split()[1]) * 1024


def measure(infer: Infer, samples: np.ndarray, runs: int, seconds: float, warm_ups: int) -> dict:
    """At least `runs` runs for at least `seconds`."""
    for _ in range(warm_ups):
        infer(samples)
    runs_ms: list[float] = []
    start = time.perf_counter()
    while len(runs_ms) < runs or time.perf_counter() - start < seconds:
        begin = time.perf_counter()
        embeddings, logits = infer(samples)
        runs_ms.append((time.perf_counter() - begin) * 1e3)
    outputs = {"embeddings": embeddings.ravel().tolist(), "logits": logits.ravel().tolist()}
    return {"runs_ms": runs_ms, "peak_rss_bytes": peak_rss()} | outputs


def main(engine: str, model: str, wav: str, threads: str, runs: str, seconds: str, warm_ups: str = str(WARM_UPS)) -> None:
    """Loading counts from opening the file; importing the library does not."""
    load = ENGINES[engine](int(threads))
    start = time.perf_counter()
    infer = load(Path(model))
    load_ms = (time.perf_counter() - start) * 1e3
    seen = measure(infer, sound.read(Path(wav)), int(runs), float(seconds), int(warm_ups))
    print(json.dumps({"load_ms": load_ms} | seen))


if __name__ == "__main__":
    main(*sys.argv[1:])
