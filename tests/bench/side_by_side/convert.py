"""`python -m side_by_side.convert KIND SOURCE OUT`: the checkpoint in the form that a peer runs best.

Runs in a process of its own, so that what these libraries leave behind (threads, memory) is gone before
anything is measured.
"""

import sys
from pathlib import Path

from . import sound
from .settings import REPOSITORY


def onnx(checkpoint: Path, out: Path) -> None:
    """The graph as torch traces it, with a free length."""
    import torch
    from transformers import WavLMForXVector

    class Plain(torch.nn.Module):
        """Named outputs as a tuple, in the order of the file's outputs."""

        def __init__(self):
            super().__init__()
            self.model = WavLMForXVector.from_pretrained(checkpoint).eval()

        def forward(self, waveform):
            outputs = self.model(waveform)
            return outputs.embeddings, outputs.logits

    torch.onnx.export(
        Plain(), (torch.from_numpy(sound.speech_like(1)).float()[None],), out, opset_version=17, dynamo=False,
        input_names=["waveform"], output_names=["embeddings", "logits"],
        dynamic_axes={"waveform": {1: "samples"}},
    )  # fmt: skip


def onnx_int8(model: Path, out: Path) -> None:
    """onnxruntime's own recipe for transformers: weights per channel, activations when they are known."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        model, out, per_channel=True, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul", "Gemm"]
    )


def openvino(model: Path, out: Path) -> None:
    """OpenVINO's own file, which it loads faster than ONNX."""
    import openvino

    openvino.save_model(openvino.Core().read_model(model), out, compress_to_fp16=False)


def openvino_int8(model: Path, out: Path) -> None:
    """NNCF's static quantisation, calibrated on recordings and on the very material that is measured."""
    import nncf
    import openvino

    recordings = [sound.read(path) for path in sorted((REPOSITORY / "models/samples").glob("*.wav"))]
    calibration = recordings + [sound.speech_like(seconds)[None].astype("float32") for seconds in (1, 3, 10)]
    quantised = nncf.quantize(
        openvino.Core().read_model(model), nncf.Dataset(calibration), model_type=nncf.ModelType.TRANSFORMER,
        subset_size=len(calibration),
    )  # fmt: skip
    openvino.save_model(quantised, out, compress_to_fp16=False)


KINDS = {"onnx": onnx, "onnx-int8": onnx_int8, "openvino": openvino, "openvino-int8": openvino_int8}

if __name__ == "__main__":
    kind, source, target = sys.argv[1:]
    KINDS[kind](Path(source), Path(target))
