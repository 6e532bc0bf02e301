"""WavLM configurations at random: all that the exporter takes, the odd ones too, at sizes that run in a moment."""

import math
import shutil

import torch

import make
from make import Case, adapter, position, shape, stem, tdnn

ACTIVATIONS = ("gelu", "gelu_new", "relu", "selu", "silu", "swish", "tanh")
MOST_SAMPLES = 24_000
MOST_FRAMES = 240
FEWEST_FRAMES = 2  # the x-vector head takes a standard deviation
DRAWS_OF_WEIGHTS, DRAWS_OF_SHAPES = 20, 5


def write(seed, number, folder):
    """Configuration `number` as a case in `folder`: its path, what it is, and how often weights had to be drawn again.

    Random weights that amplify rounding, or make every frame the same, prove nothing.
    """
    make.settle()
    for redrawn in range(DRAWS_OF_SHAPES * DRAWS_OF_WEIGHTS):
        # A shape for which no weights are fit is drawn anew, too.
        another = redrawn // DRAWS_OF_WEIGHTS
        rng = make.generator("random", seed, number, *([another] if another else []))
        case = draw(rng, f"{seed}-{number}-weights-{redrawn}")
        try:
            path, _, _ = make.write_case(case, folder)
            return path, case.note, redrawn
        except make.Unfit:
            shutil.rmtree(folder / case.name)
    raise make.Unfit(f"{DRAWS_OF_SHAPES} shapes, and no weights are fit for any of them: {case.note}")


def draw(rng, name):
    """One case. `rng` decides everything."""
    for _ in range(1000):
        case = attempt(rng, name)
        if case is not None:
            return case
    raise AssertionError("no valid configuration in a thousand attempts")


def attempt(rng, name):
    """A case, or None where the sizes drawn leave some output without a frame."""
    head = str(rng.choice(["none", "ctc", "sequence", "frame", "xvector"]))
    config = draw_stem(rng) | draw_encoder(rng) | draw_head(rng, head)
    # transformers has no adapter for the two classifiers.
    if head not in ("sequence", "frame") and rng.random() < 0.4:
        width = None if rng.random() < 0.4 or keeps_width(head, config) else integer(rng, 1, 48)
        config |= adapter(integer(rng, 0, 3), integer(rng, 1, 6), integer(rng, 1, 4), width)

    kind = rng.choice(["single", "batch", "mask"], p=[0.55, 0.1, 0.35])
    rows = 1 if kind == "single" else integer(rng, 2, 3)
    lengths = [draw_length(rng, config) for _ in range(rows)]
    if any(outputs(head, config, length) < (FEWEST_FRAMES if head == "xvector" else 1) for length in lengths):
        return None
    # A group norm over one frame is refused by transformers.
    first = [windows(length, config["conv_kernel"][0], config["conv_stride"][0]) for length in lengths]
    if config["feat_extract_norm"] == "group" and min(first) < 2:
        return None

    layout = str(rng.choice(["safetensors", "sharded", "bin", "bin-views"]))
    return Case(
        name, head, summary(head, config, kind), config,
        samples=lengths[0] if kind == "single" else tuple(lengths), mask=kind == "mask", normalize=flag(rng),
        keep=tuple(kept for kept in ("hidden", "attentions") if flag(rng)), layout=layout,
        dtype=(torch.float32, torch.float16, torch.bfloat16)[rng.choice(3, p=[0.7, 0.15, 0.15])],
        old_weight_norm=flag(rng),
    )  # fmt: skip


def draw_stem(rng):
    layers = integer(rng, 1, 7)
    kernels, strides, hop = [], [], 1
    for _ in range(layers):
        stride = integer(rng, 1, min(6, max(1, 640 // hop)))
        hop *= stride
        strides.append(stride)
        kernels.append(integer(rng, 1, 12))
    widths = [integer(rng, 4, 40) for _ in range(layers)]
    return stem(widths, kernels, strides) | dict(
        feat_extract_norm=str(rng.choice(["group", "layer"])), conv_bias=flag(rng),
        feat_extract_activation=str(rng.choice(ACTIVATIONS)),
    )  # fmt: skip


def draw_encoder(rng):
    heads = integer(rng, 1, 6)
    hidden = heads * integer(rng, 3, 20)
    hidden += heads * (hidden < 8)
    groups = integer(rng, 1, hidden, among=[n for n in range(1, hidden + 1) if hidden % n == 0])
    buckets = integer(rng, 4, 330)
    exact = buckets // 2 // 2
    distance = exact + integer(rng, 1, 20 if flag(rng) else 800)
    return (
        shape(hidden, heads, integer(rng, 1, 96), integer(rng, 1, 4))
        | position(integer(rng, 1, 130), groups, buckets, distance)
        | dict(
            hidden_act=str(rng.choice(ACTIVATIONS)), do_stable_layer_norm=flag(rng),
            layer_norm_eps=float(rng.choice([1e-5, 1e-6, 1e-3])),
        )
    )  # fmt: skip


def draw_head(rng, head):
    labels = dict(id2label={n: f"label {n}" for n in range(integer(rng, 1, 40))})
    weighted = dict(use_weighted_layer_sum=flag(rng))
    match head:
        case "none":
            return {}
        case "ctc":
            tokens = integer(rng, 2, 60)
            return weighted | dict(vocab_size=tokens, pad_token_id=integer(rng, 0, tokens - 1))
        case "sequence":
            return weighted | labels | dict(classifier_proj_size=integer(rng, 1, 64))
        case "frame":
            return weighted | labels
        case "xvector":
            layers = integer(rng, 1, 4)
            drawn = [(integer(rng, 4, 40), integer(rng, 1, 5), integer(rng, 1, 4)) for _ in range(layers)]
            return weighted | tdnn(*zip(*drawn), out=integer(rng, 2, 40))


def keeps_width(head, config):
    """Without a weighted sum, the projector of the x-vector head expects the width of the hidden states."""
    return head == "xvector" and not config["use_weighted_layer_sum"]


def draw_length(rng, config):
    """Samples for a number of frames, and a remainder that the stem drops; few where one is enough to go wrong."""
    frames = integer(rng, 1, 6) if rng.random() < 0.1 else integer(rng, 7, MOST_FRAMES)
    samples = frames
    for kernel, stride in reversed(list(zip(config["conv_kernel"], config["conv_stride"]))):
        samples = (samples - 1) * stride + kernel
    hop = math.prod(config["conv_stride"])
    return min(samples + integer(rng, 0, hop - 1), MOST_SAMPLES)


def outputs(head, config, samples):
    """Frames of the shortest stage behind the encoder, however transformers counts them; 0 where there are none."""
    frames = samples
    for kernel, stride in zip(config["conv_kernel"], config["conv_stride"]):
        frames = windows(frames, kernel, stride)
    if config.get("add_adapter"):
        kernel, stride = config["adapter_kernel_size"], config["adapter_stride"]
        for _ in range(config["num_adapter_layers"]):
            frames = min(windows(frames + 2, kernel, stride), windows(frames, 1, stride))
    if head == "xvector":
        frames -= sum((kernel - 1) * dilation for kernel, dilation in zip(config["tdnn_kernel"], config["tdnn_dilation"]))
    return max(frames, 0)


def windows(frames, kernel, stride):
    return (frames - kernel) // stride + 1 if frames >= kernel else 0


def summary(head, config, kind):
    """What sets this configuration apart, for the table."""
    said = [head, config["feat_extract_norm"], "stable" if config["do_stable_layer_norm"] else "post"]
    said += [kind] * (kind != "single")
    said += ["weighted"] * bool(config.get("use_weighted_layer_sum"))
    if config.get("add_adapter"):
        layers, kernel, stride = (config[f"{key}"] for key in ("num_adapter_layers", "adapter_kernel_size", "adapter_stride"))
        said.append(f"adapter {layers}·{kernel}/{stride}")
    said.append("stem " + " ".join(f"{k}/{s}" for k, s in zip(config["conv_kernel"], config["conv_stride"])))
    return ", ".join(said)


def integer(rng, low, high, among=None):
    return int(rng.choice(among)) if among else int(rng.integers(low, high, endpoint=True))


def flag(rng):
    return bool(rng.random() < 0.5)
