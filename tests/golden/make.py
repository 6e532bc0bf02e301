"""Write the golden cases: small random WavLM checkpoints and what transformers computes from them.

    python make.py            rewrites cases/ beside this file

README.md says what a case folder holds. Every random number comes from numpy generators seeded by
the case's name, so a rerun on the same machine writes the same bytes.
"""

import json
import shutil
import warnings
import zlib
from collections import OrderedDict
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
import transformers
from safetensors.numpy import save_file
from transformers import Wav2Vec2FeatureExtractor, WavLMConfig
from transformers.activations import ACT2FN

# The documentation of WavLMConfig names selu, but transformers 4.57 has no function of that name.
ACT2FN["selu"] = torch.nn.SELU

HERE = Path(__file__).resolve().parent
RATE = 16_000

# Transformers' own f32 result must lie this close to the f64 one (times the tensor's largest value).
CONDITION = 1e-5


class Unfit(Exception):
    """The case would prove nothing: it amplifies rounding beyond a test's tolerance, or all its frames look the same."""



HEADS = {
    "none": transformers.WavLMModel,
    "ctc": transformers.WavLMForCTC,
    "sequence": transformers.WavLMForSequenceClassification,
    "frame": transformers.WavLMForAudioFrameClassification,
    "xvector": transformers.WavLMForXVector,
}


def stem(dim, kernel, stride):
    return dict(conv_dim=list(dim), conv_kernel=list(kernel), conv_stride=list(stride))


def tdnn(dim, kernel, dilation, out):
    return dict(tdnn_dim=list(dim), tdnn_kernel=list(kernel), tdnn_dilation=list(dilation), xvector_output_dim=out)


def shape(hidden, heads, ff, layers):
    return dict(
        hidden_size=hidden, num_attention_heads=heads, intermediate_size=ff, num_hidden_layers=layers,
        num_codevectors_per_group=8, codevector_dim=8, proj_codevector_dim=8,
    )  # fmt: skip


def position(kernel, groups, buckets=320, distance=800):
    return dict(
        num_conv_pos_embeddings=kernel, num_conv_pos_embedding_groups=groups,
        num_buckets=buckets, max_bucket_distance=distance,
    )  # fmt: skip


def adapter(layers, kernel, stride, out):
    return dict(
        add_adapter=True, num_adapter_layers=layers, adapter_kernel_size=kernel,
        adapter_stride=stride, output_hidden_size=out,
    )  # fmt: skip


STANDARD = dict(kernel=(10, 3, 3, 3, 3, 2, 2), stride=(5, 2, 2, 2, 2, 2, 2))  # 400 samples, one frame per 320
FIVE = stem((12, 12, 20, 20, 20), (10, 8, 4, 4, 2), (5, 4, 2, 2, 2))  # one frame per 160 samples
FOUR = stem((20, 24, 24, 20), (10, 3, 3, 2), (5, 2, 2, 2))  # one frame per 40
THREE = stem((8, 12, 12), (8, 3, 3), (5, 2, 2))  # one frame per 20
LAYER = dict(feat_extract_norm="layer")
STABLE = dict(feat_extract_norm="layer", do_stable_layer_norm=True, conv_bias=True)
WEIGHTED = dict(use_weighted_layer_sum=True)
LABELS = dict(id2label={0: "yes", 1: "no", 2: "up", 3: "down", 4: "_silence_"})
SMALL = shape(18, 3, 28, 2)  # with SMALL_POSITION: the model of most masked cases
SMALL_POSITION = position(9, 3, 32, 64)
LENGTHS = (3300, 2211, 2703)


@dataclass
class Case:
    name: str
    head: str
    note: str
    config: dict
    samples: int | tuple = 6400  # a tuple makes a batch, zero-padded to its longest
    mask: bool = False
    normalize: bool = False
    keep: tuple = ()  # of "hidden", "attentions", "stem"
    layout: str = "safetensors"  # or "sharded", "bin", "bin-views"
    dtype: torch.dtype = torch.float32
    old_weight_norm: bool = False
    minimal: bool = False  # leave every default out of the two JSON files
    files: dict = field(default_factory=dict)  # further JSON files of the checkpoint

    @property
    def batch(self):
        return isinstance(self.samples, tuple)


ALL = ("hidden", "attentions", "stem")

CASES = [
    # Architectures without a head.
    Case("base-group", "none", "convolutions of wavlm-base: group-norm stem, post-LN, hidden 64; sharded",
         stem([32] * 7, **STANDARD) | shape(64, 4, 144, 2) | position(128, 16),
         samples=8000, keep=ALL, layout="sharded"),
    Case("base-stable", "none", "convolutions of wavlm-large: layer-norm stem, stable-LN, conv bias, normalised; "
         "hidden 36, odd positional kernel, old weight-norm names",
         stem((20, 20, 24, 24, 20, 20, 24), **STANDARD) | shape(36, 3, 50, 3) | position(31, 6) | STABLE,
         samples=8000, normalize=True, keep=ALL, old_weight_norm=True),
    Case("base-layer", "none", "layer-norm stem with post-LN, no conv bias; gelu_new stem, relu feed-forward; 10 buckets to 20",
         FIVE | shape(24, 2, 44, 2) | position(15, 3, 10, 20) | LAYER
         | dict(feat_extract_activation="gelu_new", hidden_act="relu"),
         samples=7111, normalize=True, keep=("hidden", "attentions")),
    Case("base-group-stable", "none", "group-norm stem with conv bias and stable-LN; silu stem, gelu_new feed-forward; "
         "13 buckets (odd: the last is never used) to 30",
         FIVE | shape(20, 5, 36, 2) | position(6, 5, 13, 30)
         | dict(conv_bias=True, do_stable_layer_norm=True, feat_extract_activation="silu", hidden_act="gelu_new"),
         samples=7111, keep=("hidden", "attentions"), old_weight_norm=True),
    Case("base-minimal", "none", "both JSON files hold only what differs from the defaults (12 heads, do_normalize true, …)",
         stem([12] * 7, **STANDARD) | dict(hidden_size=48, intermediate_size=30, num_hidden_layers=2),
         samples=5500, normalize=True, minimal=True),
    Case("base-one-frame", "none", "400 samples: exactly one frame; group-norm stem, even positional kernel",
         stem([20] * 7, **STANDARD) | shape(24, 3, 40, 2) | position(16, 4, 32, 64),
         samples=400, keep=ALL),
    Case("base-one-frame-stable", "none", "400 samples: exactly one frame; stable-LN, odd positional kernel, normalised",
         stem([20] * 7, **STANDARD) | shape(24, 3, 40, 2) | position(9, 4, 32, 64) | STABLE,
         samples=400, normalize=True, keep=("hidden", "attentions")),
    Case("base-distance-160", "none", "64 buckets to distance 160, over 220 frames; tanh stem, silu feed-forward",
         FOUR | shape(28, 2, 52, 2) | position(10, 7, 64, 160)
         | dict(feat_extract_activation="tanh", hidden_act="silu"),
         samples=9000),
    Case("base-selu", "none", "selu in stem and feed-forward; layer-norm stem",
         FIVE | shape(24, 3, 40, 2) | position(9, 4, 32, 64) | LAYER
         | dict(feat_extract_activation="selu", hidden_act="selu"),
         samples=3300, keep=("hidden",)),
    Case("base-adapter-project", "none", "adapter 36 -> 28: two layers, kernel 4, stride 3",
         FIVE | shape(36, 3, 50, 2) | position(12, 6, 64, 160) | adapter(2, 4, 3, 28),
         samples=8000, keep=("hidden",)),
    # CTC.
    Case("ctc-group", "ctc", "one second; f16 pytorch_model.bin of an OrderedDict with strided and shared storage; vocab.json",
         stem([20] * 7, **STANDARD) | shape(32, 4, 60, 2) | position(32, 8)
         | dict(vocab_size=32, hidden_act="silu"),
         samples=16000, layout="bin-views", dtype=torch.float16,
         files={"vocab.json": {t: i for i, t in enumerate(["<pad>", "<s>", "</s>", "<unk>", "|", *"ETAONIHSRDLUMWCFGYPBVK'XJQZ"])}}),
    Case("ctc-distance-800", "ctc", "320 buckets to distance 800, over 840 frames; stable-LN, tanh feed-forward",
         THREE | shape(20, 2, 36, 2) | position(7, 4, 320, 800) | STABLE | dict(vocab_size=11, hidden_act="tanh"),
         samples=17000, normalize=True),
    Case("ctc-adapter", "ctc", "adapter at its defaults (3 layers, kernel 3, stride 2), same width; stable-LN, swish",
         FIVE | shape(24, 3, 40, 2) | position(9, 4, 32, 64) | STABLE | adapter(3, 3, 2, None)
         | dict(vocab_size=13, hidden_act="swish", pad_token_id=12),
         samples=8000, normalize=True),
    # Sequence classification.
    Case("sequence-group", "sequence", "weighted layer sum; relu in stem and feed-forward; pytorch_model.bin",
         stem((20, 20, 20, 20, 20, 24, 24), **STANDARD) | shape(28, 2, 52, 3) | position(20, 7) | WEIGHTED | LABELS
         | dict(feat_extract_activation="relu", hidden_act="relu", classifier_proj_size=20),
         samples=9600, keep=("hidden",), layout="bin", old_weight_norm=True),
    Case("sequence-stable", "sequence", "stable-LN, no layer sum, gelu_new stem; bf16 safetensors",
         FIVE | shape(36, 3, 50, 2) | position(15, 6, 64, 160) | STABLE | LABELS
         | dict(feat_extract_activation="gelu_new", classifier_proj_size=18),
         samples=6111, normalize=True, dtype=torch.bfloat16),
    # Frame classification.
    Case("frame-group", "frame", "post-LN, two labels, no layer sum; swish stem",
         FIVE | shape(24, 3, 40, 2) | position(16, 4, 32, 64) | dict(feat_extract_activation="swish"),
         samples=6400),
    # Speaker embeddings.
    Case("xvector-group", "xvector", "TDNN kernels and dilations at their defaults; layer-norm epsilon 1e-3",
         stem([20] * 7, **STANDARD) | shape(24, 3, 40, 2) | position(16, 4)
         | tdnn((20, 20, 24, 20, 36), (5, 3, 3, 1, 1), (1, 2, 3, 1, 1), 26) | dict(layer_norm_eps=1e-3),
         samples=12000),
    Case("xvector-stable", "xvector", "stable-LN, weighted layer sum, even TDNN kernel, dilations out of order",
         FIVE | shape(36, 3, 50, 2) | position(15, 6, 64, 160) | STABLE | WEIGHTED
         | tdnn((20, 28, 36), (3, 4, 2), (2, 1, 3), 22),
         samples=6400, normalize=True, keep=("hidden",)),
    Case("xvector-adapter", "xvector", "adapter of the same width before the TDNN (transformers allows no other)",
         FIVE | shape(24, 3, 40, 2) | position(16, 4, 32, 64) | adapter(1, 3, 2, None) | tdnn((20, 28), (3, 2), (1, 2), 18),
         samples=6400),
    # Batches without a mask: the zero padding is part of the input.
    Case("batch-group-sequence", "sequence", "group norm, no mask: padding counts in every statistic",
         FIVE | shape(24, 3, 40, 2) | position(16, 4, 32, 64) | LABELS | dict(classifier_proj_size=20),
         samples=LENGTHS),
    Case("batch-group-xvector", "xvector", "group norm, no mask, normalised: padding counts in mean and variance",
         FIVE | shape(24, 3, 40, 2) | position(16, 4, 32, 64) | WEIGHTED | tdnn((20, 28), (3, 2), (1, 2), 18),
         samples=LENGTHS[:2], normalize=True),
    # Batches with a mask.
    Case("mask-group-ctc", "ctc", "group-norm stem with a mask: the stem sees the padding, the encoder does not",
         FIVE | SMALL | position(16, 3, 32, 64) | dict(vocab_size=9), samples=LENGTHS[:2], mask=True),
    Case("mask-layer-base", "none", "layer-norm stem, post-LN, normalised over valid samples",
         FIVE | SMALL | SMALL_POSITION | LAYER,
         samples=LENGTHS, mask=True, normalize=True, keep=("hidden", "attentions")),
    Case("mask-layer-ctc", "ctc", "adapter 18 -> 20: one layer, kernel 5, stride 1; padded frames pass through it unmasked",
         FIVE | SMALL | SMALL_POSITION | LAYER | adapter(1, 5, 1, 20) | dict(vocab_size=9),
         samples=LENGTHS[:2], mask=True),
    Case("mask-layer-sequence", "sequence", "weighted layer sum, pooled over valid frames",
         FIVE | SMALL | SMALL_POSITION | LAYER | LABELS | WEIGHTED | dict(classifier_proj_size=20),
         samples=LENGTHS, mask=True),
    Case("mask-layer-frame", "frame", "post-LN; padded frames have logits too",
         FIVE | SMALL | SMALL_POSITION | LAYER | LABELS, samples=LENGTHS[:2], mask=True, normalize=True),
    Case("mask-layer-xvector", "xvector", "pooled lengths: kernels counted, dilations not, then cut at the end",
         FIVE | SMALL | SMALL_POSITION | LAYER | tdnn((20, 28), (3, 2), (3, 2), 18), samples=LENGTHS, mask=True),
    Case("mask-long-xvector", "xvector", "hundreds of frames, of which one row masks a quarter; dilations 1 and 3",
         THREE | SMALL | position(9, 3, 64, 160) | LAYER | tdnn((20, 28, 20), (5, 3, 2), (1, 3, 1), 18),
         samples=(12000, 9000), mask=True),
    Case("mask-stable-base", "none", "stable-LN with an adapter of the same width",
         FIVE | SMALL | SMALL_POSITION | STABLE | adapter(2, 3, 2, None),
         samples=LENGTHS[:2], mask=True, normalize=True, keep=("hidden", "attentions")),
    Case("mask-stable-ctc", "ctc", "stable-LN, no adapter",
         FIVE | SMALL | SMALL_POSITION | STABLE | dict(vocab_size=9),
         samples=LENGTHS[:2], mask=True, normalize=True),
    Case("mask-stable-sequence", "sequence", "stable-LN, pooled over valid frames",
         FIVE | SMALL | SMALL_POSITION | STABLE | LABELS | dict(classifier_proj_size=20),
         samples=LENGTHS[:2], mask=True, normalize=True),
    Case("mask-stable-frame", "frame", "stable-LN, weighted layer sum",
         FIVE | SMALL | SMALL_POSITION | STABLE | LABELS | WEIGHTED,
         samples=LENGTHS[:2], mask=True, normalize=True),
    Case("mask-stable-xvector", "xvector", "stable-LN, weighted layer sum, TDNN dilations",
         FIVE | SMALL | SMALL_POSITION | STABLE | WEIGHTED | tdnn((20, 28, 20), (3, 2, 1), (2, 3, 1), 18),
         samples=LENGTHS, mask=True, normalize=True),
    Case("mask-adapter-xvector", "xvector", "adapter of the same width: it shortens the pooled lengths",
         FIVE | SMALL | SMALL_POSITION | LAYER | adapter(1, 3, 2, None) | tdnn((20, 28), (3, 2), (1, 2), 18),
         samples=LENGTHS[:2], mask=True),
    Case("mask-adapter-unused-xvector", "xvector", "weighted layer sum bypasses the adapter (18 -> 20), "
         "yet the pooled lengths are shortened as if it had run",
         FIVE | SMALL | SMALL_POSITION | LAYER | WEIGHTED | adapter(1, 3, 2, 20) | tdnn((20, 28), (3, 2), (1, 2), 18),
         samples=LENGTHS[:2], mask=True),
]  # fmt: skip


def generator(*parts):
    return np.random.Generator(np.random.PCG64(zlib.crc32("/".join(map(str, parts)).encode())))


def voice(rng, samples):
    """Voiced-like audio: harmonics with vibrato under slow syllables, noise bursts, a low noise floor; 16-bit values."""
    t = np.arange(samples) / RATE
    pitch = rng.uniform(95, 230) * (1 + 0.03 * np.sin(2 * np.pi * rng.uniform(4, 7) * t + rng.uniform(0, 6)))
    phase = 2 * np.pi * np.cumsum(pitch) / RATE
    wave = np.zeros(samples)
    for harmonic in range(1, 25):
        wave += rng.normal() / harmonic**0.7 * np.sin(harmonic * phase + rng.uniform(0, 2 * np.pi))
    wave *= 0.55 + 0.45 * np.sin(2 * np.pi * rng.uniform(3, 6) * t + rng.uniform(0, 6))
    for centre in rng.uniform(0, samples / RATE, size=3):
        wave += 2 * np.exp(-(((t - centre) / 0.012) ** 2)) * rng.normal(size=samples)
    wave = 0.4 * wave / np.abs(wave).max() + 0.01 + 0.003 * rng.normal(size=samples)
    return (np.round(wave * 32768) / 32768).astype(np.float32)


def fill(model, rng):
    """Random weights under which activations neither fade nor explode, and every parameter matters."""
    for name, parameter in model.named_parameters():
        size, last = tuple(parameter.shape), name.rsplit(".", 1)[-1]
        noise = rng.standard_normal(size)
        if last == "original0":  # weight norm's magnitude, one per tap
            channels = model.config.hidden_size
            value = np.sqrt(channels / size[-1]) * np.exp(0.3 * noise)
        elif last == "original1":  # its direction, whose length must not matter
            value = noise * np.exp(0.5 * rng.standard_normal((1, 1, size[-1])))
        elif last == "gru_rel_pos_const":
            value = 1 + 0.5 * noise
        elif "rel_attn_embed" in name or last in ("layer_weights", "masked_spec_embed"):
            value = noise
        elif "norm" in name and len(size) == 1:
            value = 0.1 * noise + (last == "weight")
        elif last == "bias":
            value = 0.1 * noise
        else:
            gain = 1.5 if "conv_layers" in name or "q_proj" in name or "k_proj" in name else 1.2
            value = noise * gain / np.sqrt(np.prod(size[1:]))
        parameter.data = torch.from_numpy(np.asarray(value, dtype=np.float32))


def old_names(state):
    """The positional convolution's weight norm as torch before 2.1 named it."""
    new = {"parametrizations.weight.original0": "weight_g", "parametrizations.weight.original1": "weight_v"}
    renamed = OrderedDict()
    for name, tensor in state.items():
        for long, short in new.items():
            name = name.replace(long, short)
        renamed[name] = tensor
    return renamed


def views(state):
    """The same values behind other strides and offsets: one transposed weight, q, k and v in one storage."""
    for name in [n for n in state if n.endswith("projection.weight")]:
        state[name] = state[name].t().contiguous().t()
    for name in [n for n in state if n.endswith("q_proj.weight")]:
        names = [name.replace("q_proj", p) for p in ("q_proj", "k_proj", "v_proj")]
        for n, part in zip(names, torch.cat([state[n] for n in names]).chunk(3)):
            state[n] = part
    return state


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2, ensure_ascii=False) + "\n")


def keep_differences(path, defaults):
    values = json.loads(path.read_text())
    write_json(path, {k: v for k, v in values.items() if k not in defaults or defaults[k] != v})


def write_checkpoint(case, folder):
    model = HEADS[case.head](WavLMConfig(**case.config))
    fill(model, generator(case.name, "weights"))
    model = model.to(case.dtype)
    state = model.state_dict()
    if case.old_weight_norm:
        state = old_names(state)
    model.save_pretrained(
        folder, state_dict=state, safe_serialization=case.layout != "bin",
        max_shard_size="150KB" if case.layout == "sharded" else "1GB",
    )  # fmt: skip
    if case.layout == "bin-views":
        (folder / "model.safetensors").unlink()
        torch.save(views(state), folder / "pytorch_model.bin")

    masked = case.config.get("feat_extract_norm") == "layer" or case.mask
    Wav2Vec2FeatureExtractor(do_normalize=case.normalize, return_attention_mask=masked).save_pretrained(folder)
    if case.minimal:
        keep_differences(folder / "config.json", WavLMConfig(output_hidden_size=case.config["hidden_size"]).to_dict())
        keep_differences(folder / "preprocessor_config.json", Wav2Vec2FeatureExtractor().to_dict())
    for name, value in case.files.items():
        write_json(folder / name, value)


def make_input(case):
    lengths = case.samples if case.batch else (case.samples,)
    rng = generator(case.name, "audio")
    waveform = np.zeros((len(lengths), max(lengths)), np.float32)
    mask = np.zeros(waveform.shape, np.int64)
    for row, valid, length in zip(waveform, mask, lengths):
        row[:length] = voice(rng, length)
        valid[:length] = 1
    return waveform, mask if case.mask else None


@contextmanager
def attention_per_head():
    """Stop torch from averaging attention weights over heads.

    The model then broadcasts what it takes for the mean along a new axis 1, where every entry is the same.
    """
    averaging = F.multi_head_attention_forward
    F.multi_head_attention_forward = lambda *a, **k: averaging(*a, average_attn_weights=False, **k)
    try:
        yield
    finally:
        F.multi_head_attention_forward = averaging


def load(case, folder, dtype):
    model, found = HEADS[case.head].from_pretrained(folder, dtype=dtype, output_loading_info=True)
    assert not any(found.values()), (case.name, found)
    return model.eval()


@torch.no_grad()
def run(model, case, values, mask):
    """All outputs with the batch dimension. The head's base model is watched for what the head's output leaves out.

    In transformers 4.57.3 the last of a stable-LN model's hidden states is the encoder output after the
    final LayerNorm, also in the weighted layer sum. That is the meaning wanted here; 5.x has another.
    """
    seen = {}
    base = model.base_model
    hooks = [
        base.register_forward_hook(lambda _m, _i, out: seen.update(base=out)),
        base.feature_extractor.register_forward_hook(lambda _m, _i, out: seen.update(stem=out)),
    ]
    head = model(
        torch.from_numpy(values).to(model.dtype),
        attention_mask=None if mask is None else torch.from_numpy(mask),
        output_hidden_states=True, output_attentions="attentions" in case.keep,
    )  # fmt: skip
    for hook in hooks:
        hook.remove()
    if not model.config.add_adapter:
        assert torch.equal(seen["base"].hidden_states[-1], seen["base"].last_hidden_state)

    out = {name: seen["base"][name] for name in ("last_hidden_state", "extract_features")}
    out |= {name: head[name] for name in ("logits", "embeddings") if name in head}
    if "hidden" in case.keep:
        out |= {f"hidden_states.{n}": h for n, h in enumerate(seen["base"].hidden_states)}
    if "attentions" in case.keep:
        out |= {f"attentions.{n}": a for n, a in enumerate(seen["base"].attentions)}
    if "stem" in case.keep:
        out["stem"] = seen["stem"].transpose(1, 2)
    return {name: tensor.numpy() for name, tensor in out.items()}


def evaluate(case, folder, waveform, mask):
    """What transformers makes of the folder, evaluated in f64 and rounded once, checked against its plain f32 run."""
    extractor = Wav2Vec2FeatureExtractor.from_pretrained(folder)
    lengths = [len(w) for w in waveform] if mask is None else mask.sum(1)
    values = extractor(
        [w[:n] for w, n in zip(waveform, lengths)], sampling_rate=RATE, padding=True,
        return_attention_mask=mask is not None, return_tensors="np",
    ).input_values  # fmt: skip
    values = np.asarray(values, np.float32)
    assert values.shape == waveform.shape and (case.normalize or np.array_equal(values, waveform))

    plain = run(load(case, folder, torch.float32), case, values, mask)
    with attention_per_head():
        exact = run(load(case, folder, torch.float64), case, values, mask)
    worst = 0.0
    for name, value in exact.items():
        if name.startswith("attentions"):
            exact[name] = value = value[:, 0]
            value = np.broadcast_to(value.mean(1, keepdims=True), value.shape)
        gap = np.abs(plain[name] - value).max() / max(1.0, np.abs(value).max())
        if not gap < CONDITION:  # nor where either is not a number
            raise Unfit(f"{case.name}: {name} in f32 and in f64 differ by {gap:.0e}")
        worst = max(worst, gap)
    frames = exact["last_hidden_state"]
    if frames.shape[1] > 1 and frames.std(axis=1).mean() <= 0.05:
        raise Unfit(f"{case.name}: every frame looks the same")
    return {name: np.ascontiguousarray(value, dtype=np.float32) for name, value in exact.items()}, worst


def write_case(case, root):
    """The folder of a case, in `root`."""
    folder = root / case.name
    folder.mkdir(parents=True)
    write_checkpoint(case, folder)
    waveform, mask = make_input(case)
    expected, worst = evaluate(case, folder, waveform, mask)
    if not case.batch:
        waveform, expected = waveform[0], {name: value[0].copy() for name, value in expected.items()}
    inputs = {"waveform": waveform} | ({} if mask is None else {"attention_mask": mask})
    save_file(inputs, folder / "input.safetensors")
    save_file(expected, folder / "expected.safetensors")
    return folder, expected, worst


def describe(case, folder, expected, worst):
    size = sum(f.stat().st_size for f in folder.iterdir())
    frames = expected["extract_features"].shape[-2]
    main = next(expected[n] for n in ("embeddings", "logits", "last_hidden_state") if n in expected)
    print(f"{case.name:28} {case.head:9} {frames:4} frames {size / 1024:5.0f} KB  f32-f64 {worst:.0e}  output std {main.std():.2f}")


def settle():
    """The same numbers in every run, and no chatter."""
    torch.set_num_threads(1)
    torch.use_deterministic_algorithms(True)
    transformers.logging.set_verbosity_error()
    transformers.logging.disable_progress_bar()
    warnings.filterwarnings("ignore", "Support for mismatched key_padding_mask and attn_mask")


def main():
    settle()
    shutil.rmtree(HERE / "cases", ignore_errors=True)
    for case in CASES:
        describe(case, *write_case(case, HERE / "cases"))
    index = [{"name": c.name, "head": c.head, "batch": c.batch, "mask": c.mask, "note": c.note} for c in CASES]
    write_json(HERE / "cases" / "index.json", index)


if __name__ == "__main__":
    main()
