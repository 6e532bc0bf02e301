"""`python -m side_by_side.convert KIND SOURCE OUT`: the checkpoint in the form that a peer runs best.

Runs in a process of its own, so that what these libraries leave behind (threads, memory) is gone before
anything is measured.
"""

import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

from . import sound
from .settings import REPOSITORY


def calibration() -> list:
    """Recordings, and the very material that is measured."""
    recordings = [sound.read(path) for path in sorted((REPOSITORY / "models/samples").glob("*.wav"))]
    return recordings + [sound.speech_like(seconds)[None].astype("float32") for seconds in (1, 3, 10)]


def plain(checkpoint: Path):
    """transformers' model, whose named outputs are a tuple in the order of the file's outputs; and a second of sound for it."""
    import torch
    from transformers import WavLMForXVector

    class Plain(torch.nn.Module):
        def __init__(self):
            super().__init__()
            self.model = WavLMForXVector.from_pretrained(checkpoint).eval()

        def forward(self, waveform):
            outputs = self.model(waveform)
            return outputs.embeddings, outputs.logits

    return Plain().eval(), torch.from_numpy(sound.speech_like(1)).float()[None]


def onnx(checkpoint: Path, out: Path) -> None:
    """The graph as torch traces it, with a free length."""
    import torch

    model, second = plain(checkpoint)
    torch.onnx.export(
        model, (second,), out, opset_version=17, dynamo=False,
        input_names=["waveform"], output_names=["embeddings", "logits"],
        dynamic_axes={"waveform": {1: "samples"}},
    )  # fmt: skip


def onnx_int8(model: Path, out: Path) -> None:
    """onnxruntime's own recipe for transformers: weights per channel, activations when they are known."""
    from onnxruntime.quantization import QuantType, quantize_dynamic

    quantize_dynamic(
        model, out, per_channel=True, weight_type=QuantType.QInt8, op_types_to_quantize=["MatMul", "Gemm"]
    )


def onnx_qdq(model: Path, out: Path) -> None:
    """onnxruntime's static quantisation, convolutions included: weights per channel, activations by what they were on the same
    recordings that NNCF is given."""
    from onnxruntime.quantization import CalibrationDataReader, QuantFormat, QuantType, quantize_static
    from onnxruntime.quantization.shape_inference import quant_pre_process

    class Recordings(CalibrationDataReader):
        def __init__(self):
            self.rest = iter(calibration())

        def get_next(self):
            return next(({"waveform": samples} for samples in self.rest), None)

    prepared = out.with_name("prepared.onnx")
    quant_pre_process(model, prepared, skip_symbolic_shape=True)
    quantize_static(
        prepared, out, Recordings(), quant_format=QuantFormat.QDQ, per_channel=True, activation_type=QuantType.QUInt8,
        weight_type=QuantType.QInt8, op_types_to_quantize=["Conv", "MatMul", "Gemm"],
    )  # fmt: skip
    prepared.unlink()


def mnn(model: Path, out: Path, *options: str) -> None:
    """MNN's file, by its own converter."""
    import MNN.tools.mnnconvert as converter

    sys.argv = ["mnnconvert", "-f", "ONNX", "--modelFile", str(model), "--MNNModel", str(out), "--bizCode", "MNN", *options]
    converter.main()


def mnn_int8(model: Path, out: Path) -> None:
    """The same with weights in 8 bits, which it multiplies with activations quantised as they come."""
    mnn(model, out, "--weightQuantBits", "8")


def ncnn(checkpoint: Path, out: Path) -> None:
    """ncnn's two files, by pnnx, for sounds of one second alone: lengths are fixed when it traces. ncnn has no deviation over
    time, so that is spelt out."""
    import torch

    def deviation(frames, dim):
        apart = frames - frames.mean(dim, keepdim=True)
        count = frames.shape[dim]
        return ((apart * apart).mean(dim) * (count / (count - 1))).sqrt()

    model, second = plain(checkpoint)
    torch.Tensor.std = deviation
    with tempfile.TemporaryDirectory() as folder:
        traced = Path(folder) / "model.pt"
        torch.jit.trace(model, (second,), check_trace=False).save(traced)
        shape = f"inputshape=[{','.join(map(str, second.shape))}]f32"
        subprocess.run([Path(sys.executable).with_name("pnnx"), traced, shape, "fp16=0"], check=True)
        for suffix in (".bin", ".param"):
            shutil.move(traced.with_suffix(f".ncnn{suffix}"), out.with_suffix(suffix))


def executorch(checkpoint: Path, out: Path) -> None:
    """ExecuTorch's file, for sounds of one second alone, with all that XNNPACK takes of it."""
    import torch
    from executorch.backends.xnnpack.partition.xnnpack_partitioner import XnnpackPartitioner
    from executorch.exir import to_edge_transform_and_lower

    model, second = plain(checkpoint)
    program = torch.export.export(model, (second,), strict=False)
    lowered = to_edge_transform_and_lower(program, partitioner=[XnnpackPartitioner()])
    out.write_bytes(lowered.to_executorch().buffer)


def openvino(model: Path, out: Path) -> None:
    """OpenVINO's own file, which it loads faster than ONNX."""
    import openvino

    openvino.save_model(openvino.Core().read_model(model), out, compress_to_fp16=False)


def openvino_int8(model: Path, out: Path) -> None:
    """NNCF's static quantisation."""
    import nncf
    import openvino

    recordings = calibration()
    quantised = nncf.quantize(
        openvino.Core().read_model(model), nncf.Dataset(recordings), model_type=nncf.ModelType.TRANSFORMER,
        subset_size=len(recordings),
    )  # fmt: skip
    openvino.save_model(quantised, out, compress_to_fp16=False)


KINDS = {
    "onnx": onnx, "onnx-int8": onnx_int8, "onnx-qdq": onnx_qdq, "mnn": mnn, "mnn-int8": mnn_int8, "ncnn": ncnn,
    "executorch": executorch, "openvino": openvino, "openvino-int8": openvino_int8,
}  # fmt: skip

if __name__ == "__main__":
    kind, source, target = sys.argv[1:]
    KINDS[kind](Path(source), Path(target))
