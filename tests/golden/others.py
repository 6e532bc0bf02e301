"""Write others/: golden cases as others than transformers save them, and graphs of other models, which must be refused.

    python others.py         rewrites others/ beside this file

Each file is called CASE.WRITER.onnx or .pt; what it computes stands in cases/CASE. Bytes of graphs may differ between runs,
since exporters number their nodes as they please.
"""

import shutil
import warnings
from argparse import Namespace
from pathlib import Path

import onnx
import onnxruntime
import onnxsim
import torch
import transformers
from onnxruntime.transformers.float16 import convert_float_to_float16
from transformers import Wav2Vec2Config, Wav2Vec2ForCTC
from transformers.activations import ACT2FN

ACT2FN["selu"] = torch.nn.SELU

HERE = Path(__file__).resolve().parent
OUT = HERE / "others"
SAMPLES = 8000
DYNAMIC = {"input_values": {0: "batch", 1: "samples"}}


class Outputs(torch.nn.Module):
    """A model that gives a tuple of the outputs named."""

    def __init__(self, model, names, attentions=False):
        super().__init__()
        self.model, self.names, self.attentions = model, names, attentions

    def forward(self, input_values):
        # Asked for attentions, transformers takes another way through the same arithmetic, in other operators.
        result = self.model(input_values, output_attentions=self.attentions)
        return tuple(result[name] for name in self.names)


def case(name, attentions=False):
    config = transformers.WavLMConfig.from_pretrained(HERE / "cases" / name)
    kind = getattr(transformers, (config.architectures or ["WavLMModel"])[0])
    names = {"WavLMModel": ["last_hidden_state"], "WavLMForXVector": ["logits", "embeddings"]}.get(kind.__name__, ["logits"])
    return Outputs(kind.from_pretrained(HERE / "cases" / name).eval(), names, attentions), names


def legacy(path, model, names, opset, dynamic=True):
    torch.onnx.export(
        model, (torch.randn(1, SAMPLES),), str(path), opset_version=opset, dynamo=False, input_names=["input_values"],
        output_names=names, dynamic_axes=DYNAMIC if dynamic else None,
    )  # fmt: skip


def dynamo(path, model, names):
    samples = torch.export.Dim("samples", min=2000, max=160000)
    torch.onnx.export(
        model, (torch.randn(1, SAMPLES),), str(path), dynamo=True, input_names=["input_values"], output_names=names,
        external_data=False, dynamic_shapes={"input_values": {1: samples}},
    )  # fmt: skip
    # The exporter notes where in which file of this machine each node comes from.
    graph = onnx.load(path)
    for described in [graph, graph.graph, *graph.graph.node, *graph.graph.initializer, *graph.graph.input,
                      *graph.graph.output, *graph.graph.value_info]:  # fmt: skip
        described.ClearField("metadata_props")
        described.ClearField("doc_string")
    onnx.save(graph, path)


# transformers' names, and those of microsoft/unilm; what is not named here is called the same.
AUTHORS = [
    ("masked_spec_embed", "mask_emb"),
    ("feature_projection.projection", "post_extract_proj"),
    ("feature_projection.layer_norm", "layer_norm"),
    ("encoder.pos_conv_embed.conv.parametrizations.weight.original0", "encoder.pos_conv.0.weight_g"),
    ("encoder.pos_conv_embed.conv.parametrizations.weight.original1", "encoder.pos_conv.0.weight_v"),
    ("encoder.pos_conv_embed.conv", "encoder.pos_conv.0"),
    (".attention.rel_attn_embed", ".self_attn.relative_attention_bias"),
    (".attention.gru_rel_pos_linear", ".self_attn.grep_linear"),
    (".attention.gru_rel_pos_const", ".self_attn.grep_a"),
    (".attention.", ".self_attn."),
    (".feed_forward.intermediate_dense", ".fc1"),
    (".feed_forward.output_dense", ".fc2"),
]


def authors_name(name, stable):
    if name.startswith("feature_extractor.conv_layers"):
        return name.replace(".conv.", ".0.").replace(".layer_norm.", ".2.1." if stable else ".2.")
    for ours, theirs in AUTHORS:
        name = name.replace(ours, theirs)
    parts = name.split(".")
    return name.replace(".layer_norm", ".self_attn_layer_norm") if parts[:2] == ["encoder", "layers"] else name


def authors(name, normalize):
    """A case as WavLM's authors save theirs: settings, and tensors under their names."""
    model = case(name)[0].model
    config, stable = model.config, model.config.feat_extract_norm == "layer"
    layers = zip(config.conv_dim, config.conv_kernel, config.conv_stride)
    settings = dict(
        extractor_mode="layer_norm" if stable else "default", encoder_layers=config.num_hidden_layers,
        encoder_embed_dim=config.hidden_size, encoder_ffn_embed_dim=config.intermediate_size,
        encoder_attention_heads=config.num_attention_heads, activation_fn=config.hidden_act,
        layer_norm_first=config.do_stable_layer_norm, conv_bias=config.conv_bias, normalize=normalize,
        conv_feature_layers=" + ".join(f"[({d},{k},{s})]" for d, k, s in layers), dropout=0.1, feature_grad_mult=0.1,
        conv_pos=config.num_conv_pos_embeddings, conv_pos_groups=config.num_conv_pos_embedding_groups,
        relative_position_embedding=True, num_buckets=config.num_buckets, max_distance=config.max_bucket_distance,
        gru_rel_pos=True,
    )  # fmt: skip
    tensors = {authors_name(name, stable): tensor for name, tensor in model.state_dict().items()}
    return {"cfg": settings, "model": tensors}


# Graphs in which onnxruntime's optimiser finds every operator of its own that a WavLM can have.
OPTIMISED = ["base-selu.torch-16", "frame-group.torch-18", "sequence-group.torch-15", "sequence-stable.torch-17-one-length", "xvector-group.dynamo"]


def optimised():
    for name in OPTIMISED:
        options = onnxruntime.SessionOptions()
        options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_EXTENDED
        options.optimized_model_filepath = str(OUT / f"{name}-optimised.onnx")
        onnxruntime.InferenceSession(OUT / f"{name}.onnx", options, providers=["CPUExecutionProvider"])


# s3prl's names for the parts of heads, and transformers'.
S3PRL = {
    "WavLMForSequenceClassification": [("projector.", "projector."), ("classifier.", "model.post_net.linear.")],
    "WavLMForAudioFrameClassification": [("classifier.", "model.linear.")],
    "WavLMForXVector": [
        ("projector.", "connector."), ("tdnn.", "model.framelevel_feature_extractor.module."),
        ("feature_extractor.", "model.utterancelevel_feature_extractor.linear1."),
        ("classifier.", "model.utterancelevel_feature_extractor.linear2."), ("objective.weight", "objective.W"),
    ],
}  # fmt: skip


def s3prl(name):
    """The head of a case as s3prl saves it: no encoder, and what training had beside it."""
    model = case(name)[0].model
    state, parts = model.state_dict(), S3PRL[type(model).__name__]
    names = {k: theirs + k.removeprefix(ours) for k in state for ours, theirs in parts if k.startswith(ours)}
    head = {theirs: state[ours] for ours, theirs in names.items()} | {"best_score": torch.zeros(1)}
    weights = {"Featurizer": {"weights": state["layer_weights"]}} if "layer_weights" in state else {"Featurizer": {}}
    training = {
        "Optimizer": {"state": {0: {"step": 7, "exp_avg": torch.zeros(3)}}, "param_groups": [{"lr": 1e-4, "params": [0, 1]}]},
        "Step": 7, "Epoch": 0, "Args": Namespace(upstream="wavlm"), "Config": {"downstream_expert": {"modelrc": {"projector_dim": 12}}},
    }  # fmt: skip
    return training | weights | {"Downstream": head}


def heads():
    for name in ("sequence-group", "frame-group", "xvector-group"):
        torch.save(s3prl(name), OUT / f"{name}.s3prl.ckpt")
    # Diarisation as SUPERB trains it goes through a recurrent layer.
    recurrent = {"model.rnn.weight_ih_l0": torch.zeros(8, 12), "model.linear.weight": torch.zeros(2, 4), "model.linear.bias": torch.zeros(2)}
    torch.save({"Featurizer": {"weights": torch.zeros(3)}, "Downstream": recurrent}, OUT / "other.recurrent.ckpt")


def main():
    warnings.filterwarnings("ignore")
    shutil.rmtree(OUT, ignore_errors=True)
    OUT.mkdir()
    torch.manual_seed(0)
    for name, exporter, attentions in [
        ("xvector-group", "torch-13", True),
        ("xvector-stable", "torch-14", False),
        ("sequence-group", "torch-15", False),
        ("base-selu", "torch-16", False),
        ("ctc-adapter", "torch-17", False),
        ("frame-group", "torch-18", False),
    ]:
        legacy(OUT / f"{name}.{exporter}.onnx", *case(name, attentions), int(exporter[-2:]))
    legacy(OUT / "sequence-stable.torch-17-one-length.onnx", *case("sequence-stable"), 17, dynamic=False)
    dynamo(OUT / "xvector-group.dynamo.onnx", *case("xvector-group", True))

    stable = onnx.load(OUT / "xvector-stable.torch-14.onnx")
    onnx.save(onnxsim.simplify(stable)[0], OUT / "xvector-stable.simplified.onnx")
    half = convert_float_to_float16(onnx.load(OUT / "frame-group.torch-18.onnx"), keep_io_types=True)
    onnx.save(
        half, OUT / "frame-group.half.onnx", save_as_external_data=True, location="frame-group.half.data", size_threshold=0
    )

    optimised()

    torch.save(authors("base-minimal", True), OUT / "base-minimal.authors.pt")
    stable = authors("base-stable", True)
    torch.save(stable, OUT / "base-stable.authors-old.pt", _use_new_zipfile_serialization=False)
    # A speaker model of microsoft/UniSpeech: no settings, the encoder deep inside, a network of another kind around it.
    speaker = {f"feature_extract.model.{name}": tensor for name, tensor in stable["model"].items()}
    speaker |= {"feature_weight": torch.zeros(4), "layer1.conv.weight": torch.zeros(8, 36, 5), "bn.num_batches_tracked": torch.tensor(7)}
    torch.save({"model": speaker, "args": Namespace(epochs=3)}, OUT / "base-stable.speaker.pt")

    heads()

    relative = Wav2Vec2ForCTC(Wav2Vec2Config(
        conv_dim=[8] * 7, hidden_size=12, num_attention_heads=3, intermediate_size=16, num_hidden_layers=1,
        num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=2,
    ))  # fmt: skip
    legacy(OUT / "other.wav2vec2.onnx", Outputs(relative.eval(), ["logits"]), ["logits"], 17)
    image = torch.nn.Sequential(torch.nn.Conv2d(3, 4, 3), torch.nn.ReLU(), torch.nn.Flatten(), torch.nn.Linear(144, 2))
    torch.onnx.export(image, (torch.randn(1, 3, 8, 8),), str(OUT / "other.image.onnx"), opset_version=17, dynamo=False)


if __name__ == "__main__":
    main()
