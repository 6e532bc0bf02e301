"""Write compressed/: WavLMs that transformers cannot build, pruned layer by layer or with layers that share attention.

    python compressed.py     rewrites compressed/ beside this file

The module here is WavLM in a few lines of torch, layers of any shape included. It is first run on golden cases whose layers
are alike, where it must give what transformers gives. Pruned models are saved as DPHuBERT (Peng et al., 2023) saves them, as
`model.pth`, with a folder `transformers` beside it; models that share attention (ARMHuBERT, Jang et al., 2023) as transformers
would save them, with `layers` in config.json.
"""

import json
import shutil
from types import SimpleNamespace

import numpy as np
import torch
import torch.nn.functional as F
from make import HERE, generator, settle, voice, write_json
from safetensors.numpy import load_file, save_file

OUT = HERE / "compressed"
SAME = 1e-6  # of the largest value, beside what transformers gives


def norm(x, t, name, eps=1e-5):
    return F.layer_norm(x, x.shape[-1:], t[f"{name}.weight"], t[f"{name}.bias"], eps)


def linear(x, t, name):
    return F.linear(x, t[f"{name}.weight"], t[f"{name}.bias"])


def stem(c, t, wave):
    x = wave[None]
    for i, stride in enumerate(c.conv_stride):
        name = f"feature_extractor.conv_layers.{i}"
        x = F.conv1d(x, t[f"{name}.conv.weight"], t.get(f"{name}.conv.bias"), stride)
        if c.feat_extract_norm == "layer":
            x = norm(x.T, t, f"{name}.layer_norm").T
        elif i == 0:
            x = F.group_norm(x[None], len(x), t[f"{name}.layer_norm.weight"], t[f"{name}.layer_norm.bias"])[0]
        x = F.gelu(x)
    return x.T * t.get("feature_extractor.dummy_weight", 1.0)


def positional(c, t, x):
    name = "encoder.pos_conv_embed.conv"
    direction = t[f"{name}.weight_v"]
    weight = t[f"{name}.weight_g"] * direction / direction.norm(dim=(0, 1), keepdim=True)
    kernel = weight.shape[-1]
    y = F.conv1d(x.T[None], weight, t[f"{name}.bias"], padding=kernel // 2, groups=c.num_conv_pos_embedding_groups)[0].T
    return F.gelu(y[: len(x)])


def buckets(c, frames):
    """Buckets of the distance from each query to each key; the logarithm in f32, as in the reference."""
    distance = torch.arange(frames)[None] - torch.arange(frames)[:, None]
    half, exact = c.num_buckets // 2, c.num_buckets // 2 // 2
    near = distance.abs()
    far = torch.log(near.float() / exact) / np.log(c.max_bucket_distance / exact) * (half - exact)
    far = (exact + torch.nan_to_num(far, neginf=0).long()).clamp(max=half - 1)
    return torch.where(near < exact, near, far) + (distance > 0) * half


def attention_weights(c, t, name, x, heads, bias):
    size, frames = c.hidden_size // c.num_attention_heads, len(x)
    q, k = (linear(x, t, f"{name}.{p}_proj").view(frames, -1, size).transpose(0, 1) for p in "qk")
    if bias is not None:
        gates = linear(x.view(frames, c.num_attention_heads, size), t, f"{name}.gru_rel_pos_linear")
        a, b = gates.view(frames, -1, 2, 4).sum(-1).sigmoid().unbind(-1)
        gate = a * (b * t[f"{name}.gru_rel_pos_const"].flatten() - 1.0) + 2.0
        bias = (gate.T[..., None] * bias)[heads]
    return (q / size**0.5 @ k.transpose(1, 2) + (0 if bias is None else bias)).softmax(-1)


def forward(c, t, wave):
    """Every output for one waveform, under transformers' names."""
    out = {}
    x = stem(c, t, wave)
    out["extract_features"] = x = norm(x, t, "feature_projection.layer_norm")
    x = linear(x, t, "feature_projection.projection")
    x = x + positional(c, t, x)
    pre = c.do_stable_layer_norm
    if not pre:
        x = norm(x, t, "encoder.layer_norm")
    table = t.get("encoder.layers.0.attention.rel_attn_embed.weight")
    bias = None if table is None else table[buckets(c, len(x))].permute(2, 0, 1)
    known = {}
    for i, layer in enumerate(c.layers):
        name = f"encoder.layers.{i}"
        out[f"hidden_states.{i}"] = x
        if layer["heads"]:
            read = norm(x, t, f"{name}.layer_norm") if pre else x
            of = layer.get("attention_of")
            weights = known[of] if of is not None else attention_weights(c, t, f"{name}.attention", read, layer["heads"], bias)
            known[i] = out[f"attentions.{i}"] = weights
            v = linear(read, t, f"{name}.attention.v_proj").view(len(x), len(weights), -1).transpose(0, 1)
            x = x + linear((weights @ v).transpose(0, 1).flatten(1), t, f"{name}.attention.out_proj")
        if not pre:
            x = norm(x, t, f"{name}.layer_norm")
        if layer["intermediate_size"]:
            read = norm(x, t, f"{name}.final_layer_norm") if pre else x
            inner = F.gelu(linear(read, t, f"{name}.feed_forward.intermediate_dense"))
            x = x + linear(inner, t, f"{name}.feed_forward.output_dense")
        if not pre:
            x = norm(x, t, f"{name}.final_layer_norm")
    if pre:
        x = norm(x, t, "encoder.layer_norm")
    out[f"hidden_states.{len(c.layers)}"] = out["last_hidden_state"] = x
    return out


def tensors(c, rng):
    """Random weights under transformers' names."""
    t = {}
    hidden, heads = c.hidden_size, c.num_attention_heads
    size = hidden // heads

    def add(name, shape, gain=1.2):
        t[f"{name}.weight"] = rng.standard_normal(shape) * gain / np.sqrt(np.prod(shape[1:]))
        t[f"{name}.bias"] = 0.1 * rng.standard_normal(shape[0])

    def add_norm(name, width):
        t[f"{name}.weight"] = 1 + 0.1 * rng.standard_normal(width)
        t[f"{name}.bias"] = 0.1 * rng.standard_normal(width)

    channels = 1
    for i, (dim, kernel) in enumerate(zip(c.conv_dim, c.conv_kernel)):
        name = f"feature_extractor.conv_layers.{i}"
        add(f"{name}.conv", (dim, channels, kernel), 1.5)
        if not c.conv_bias:
            del t[f"{name}.conv.bias"]
        if i == 0 or c.feat_extract_norm == "layer":
            add_norm(f"{name}.layer_norm", dim)
        channels = dim
    if c.stem_scale:
        t["feature_extractor.dummy_weight"] = rng.uniform(0.2, 1.0, channels)
    add_norm("feature_projection.layer_norm", channels)
    add("feature_projection.projection", (hidden, channels))
    name, kernel = "encoder.pos_conv_embed.conv", c.num_conv_pos_embeddings
    t[f"{name}.weight_g"] = np.sqrt(hidden / kernel) * np.exp(0.3 * rng.standard_normal((1, 1, kernel)))
    t[f"{name}.weight_v"] = rng.standard_normal((hidden, hidden // c.num_conv_pos_embedding_groups, kernel))
    t[f"{name}.bias"] = 0.1 * rng.standard_normal(hidden)
    add_norm("encoder.layer_norm", hidden)
    for i, layer in enumerate(c.layers):
        name, kept, inner = f"encoder.layers.{i}", len(layer["heads"]) * size, layer["intermediate_size"]
        if kept:
            own = layer.get("attention_of") is None
            for part in "qkv" if own else "v":
                add(f"{name}.attention.{part}_proj", (kept, hidden), 1.5)
            add(f"{name}.attention.out_proj", (hidden, kept))
            if own:
                add(f"{name}.attention.gru_rel_pos_linear", (8, size))
                t[f"{name}.attention.gru_rel_pos_const"] = 1 + 0.5 * rng.standard_normal((1, heads, 1, 1))
            if i == 0:
                t[f"{name}.attention.rel_attn_embed.weight"] = rng.standard_normal((c.num_buckets, heads))
        if inner:
            add(f"{name}.feed_forward.intermediate_dense", (inner, hidden))
            add(f"{name}.feed_forward.output_dense", (hidden, inner))
        # Norms are saved whether or not anything reads them.
        add_norm(f"{name}.layer_norm", hidden)
        add_norm(f"{name}.final_layer_norm", hidden)
    return {name: np.asarray(values, np.float32) for name, values in t.items()}


def layer(heads, width, of=None):
    return {"heads": heads, "intermediate_size": width} | ({} if of is None else {"attention_of": of})


def config(layers, **other):
    base = dict(
        conv_dim=[12, 20, 16], conv_kernel=[8, 3, 2], conv_stride=[5, 2, 2], conv_bias=False, feat_extract_norm="group",
        hidden_size=24, num_attention_heads=4, num_hidden_layers=len(layers), intermediate_size=40, layers=layers,
        num_conv_pos_embeddings=8, num_conv_pos_embedding_groups=4, num_buckets=32, max_bucket_distance=64,
        do_stable_layer_norm=False, stem_scale=False,
    )  # fmt: skip
    return SimpleNamespace(**base | other)


STABLE = dict(do_stable_layer_norm=True, feat_extract_norm="layer", conv_bias=True)
PRUNED = {
    "pruned-post": config([layer([0, 2, 3], 7), layer([], 33), layer([1], 0), layer([], 0), layer([0, 1, 2, 3], 1)], stem_scale=True),
    "pruned-pre": config([layer([2], 40), layer([], 5), layer([0, 3], 0), layer([], 0)], **STABLE),
    "pruned-first": config([layer([], 17), layer([1, 2], 9)]),
    "pruned-nothing": config([layer([0, 1, 2, 3], 40)] * 2),
}  # fmt: skip
SHARED = {
    "shared-post": config([layer([0, 1, 2, 3], 40), layer([0, 1, 2, 3], 40, 0), layer([1, 3], 12), layer([1, 3], 0, 2), layer([1, 3], 8, 2)]),
    "shared-pre": config([layer([0, 2], 20), layer([], 20), layer([0, 2], 31, 0)], **STABLE),
}  # fmt: skip


def save_pruned(c, t, folder):
    """DPHuBERT's file: the names of torchaudio, and a configuration with an entry for each layer. Beside it the same model as
    transformers would save it."""
    twin = folder / "transformers"
    twin.mkdir()
    save_shared(c, t, twin)

    def name(ours):
        ours = ours.replace("feature_projection.", "encoder.feature_projection.", 1)
        return ours if not ours.startswith("encoder.") or ours.startswith("encoder.feature_p") else ours.replace("encoder.", "encoder.transformer.", 1)

    state = {name(ours): torch.from_numpy(values) for ours, values in t.items()}
    # The file has factors behind the stem whether or not the stem was pruned.
    state.setdefault("feature_extractor.dummy_weight", torch.ones(c.conv_dim[-1]))
    pruned = dict(
        extractor_mode=f"{c.feat_extract_norm}_norm",
        extractor_conv_layer_config=list(zip(c.conv_dim, c.conv_kernel, c.conv_stride)), extractor_conv_bias=c.conv_bias,
        encoder_embed_dim=c.hidden_size, encoder_projection_dropout=0.1, encoder_pos_conv_kernel=c.num_conv_pos_embeddings,
        encoder_pos_conv_groups=c.num_conv_pos_embedding_groups, encoder_num_layers=len(c.layers),
        encoder_use_attention=[bool(layer["heads"]) for layer in c.layers],
        encoder_use_feed_forward=[layer["intermediate_size"] > 0 for layer in c.layers],
        encoder_total_num_heads=[c.num_attention_heads] * len(c.layers),
        encoder_remaining_heads=[layer["heads"] for layer in c.layers], encoder_num_buckets=c.num_buckets,
        encoder_max_distance=c.max_bucket_distance, encoder_attention_dropout=0.1,
        encoder_ff_interm_features=[layer["intermediate_size"] for layer in c.layers], encoder_ff_interm_dropout=0.0,
        encoder_dropout=0.1, encoder_layer_norm_first=c.do_stable_layer_norm, encoder_layer_drop=0.05, aux_num_out=None,
        normalize_waveform=False, extractor_prune_conv_channels=False, encoder_prune_attention_heads=False,
        encoder_prune_attention_layer=False, encoder_prune_feed_forward_intermediate=False, encoder_prune_feed_forward_layer=False,
    )  # fmt: skip
    torch.save({"state_dict": state, "config": pruned, "distill_linear_projs": {"0.weight": torch.zeros(3, 3)}}, folder / "model.pth")


def save_shared(c, t, folder):
    unread = lambda name: c.do_stable_layer_norm and any(
        not layer[key] and name.startswith(f"encoder.layers.{i}.{norm}.")
        for i, layer in enumerate(c.layers) for key, norm in [("heads", "layer_norm"), ("intermediate_size", "final_layer_norm")]
    )  # fmt: skip
    save_file({name: values for name, values in t.items() if not unread(name)}, folder / "model.safetensors", {"format": "pt"})
    write_json(folder / "config.json", {"model_type": "wavlm"} | vars(c))
    write_json(folder / "preprocessor_config.json", {"do_normalize": False, "sampling_rate": 16000})


@torch.no_grad()
def agree_with_transformers(name):
    """The module here, run on a case whose layers are alike."""
    folder = HERE / "cases" / name
    c = SimpleNamespace(**json.loads((folder / "config.json").read_text()))
    c.layers = [layer(list(range(c.num_attention_heads)), c.intermediate_size)] * c.num_hidden_layers
    files = sorted(folder.glob("model*.safetensors"))
    t = {k: torch.from_numpy(v).double() for file in files for k, v in load_file(file).items()}
    for new, old in [("original0", "weight_g"), ("original1", "weight_v")]:
        t |= {k.replace(f"parametrizations.weight.{new}", old): v for k, v in t.items() if k.endswith(new)}
    wave = load_file(folder / "input.safetensors")["waveform"]
    if json.loads((folder / "preprocessor_config.json").read_text())["do_normalize"]:
        wave = (wave - wave.mean()) / np.sqrt(wave.var() + 1e-7)
    found, expected = forward(c, t, torch.from_numpy(wave).double()), load_file(folder / "expected.safetensors")
    for tensor in ("extract_features", "last_hidden_state"):
        apart = np.abs(found[tensor].numpy() - expected[tensor]).max() / np.abs(expected[tensor]).max()
        assert apart < SAME, (name, tensor, apart)


@torch.no_grad()
def write(name, c, save):
    folder, rng = OUT / name, generator(name, "compressed")
    folder.mkdir(parents=True)
    t, wave = tensors(c, rng), voice(rng, 1000)
    save(c, t, folder)
    out = forward(c, {k: torch.from_numpy(v).double() for k, v in t.items()}, torch.from_numpy(wave).double())
    save_file({"waveform": wave}, folder / "input.safetensors")
    save_file({k: np.ascontiguousarray(v.numpy(), np.float32) for k, v in out.items()}, folder / "expected.safetensors")


def write_relative(folder):
    """A HuBERT as the same program saves it, which must be refused."""
    state = torch.load(folder / "pruned-nothing" / "model.pth")["state_dict"]
    torch.save({"state_dict": state, "config": {"extractor_mode": "group_norm", "encoder_num_heads": [4, 4]}}, folder / "hubert.pth")


def main():
    settle()
    for name in ("base-group", "base-stable"):
        agree_with_transformers(name)
    shutil.rmtree(OUT, ignore_errors=True)
    for cases, save in [(PRUNED, save_pruned), (SHARED, save_shared)]:
        for name, c in cases.items():
            write(name, c, save)
    write_relative(OUT)


if __name__ == "__main__":
    main()
