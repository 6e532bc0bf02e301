"""Stage `export`: the finished training as three folders that transformers, and wavlm-export, read.

`words/`, `phones/` and `speaker/` hold the same encoder, bit for bit, in 16-bit floats. `decision.json`, beside
the weights, is the work of the stage `thresholds`.
"""

import json

import torch
from torch import nn
from transformers import Wav2Vec2FeatureExtractor

from . import architecture, phones
from .folding import fold
from .settings import EXPORT, RATE, RecipeError
from .training import FINAL

HEADS = ("words", "phones", "speaker")
# Times the words' logits. Label smoothing keeps them small in training; where windows are averaged, one that is sure should
# differ from one that is fairly sure. Which word is likeliest stays the same.
SHARPER = 1.5


@torch.no_grad()
def scale(layer, factor):
    """Multiplies what a linear layer gives."""
    for parameter in layer.parameters():
        parameter.mul_(factor)


def part(state, name):
    """The entries under `name.`, without it."""
    return {k[len(name) + 1 :]: v for k, v in state.items() if k.startswith(f"{name}.")}


def speaker(listener, pooled):
    """The x-vector model with its normalisation folded in; its classifier was never trained and says nothing."""
    model = architecture.speaker_model()
    missing, unexpected = model.load_state_dict(listener.speaker.state_dict(), strict=False)
    if unexpected or any(not name.startswith("objective.") for name in missing):
        raise RecipeError(f"the speaker head has other parts than the architecture: {missing} {unexpected}")
    fold(model, pooled)
    for layer in (model.classifier, model.objective):
        for parameter in layer.parameters():
            nn.init.zeros_(parameter)
    return model


def models(file=FINAL):
    """Name -> model, from the running average of a training's file."""
    if not file.exists():
        raise RecipeError(f"{file} is missing; run the stages train and decay first")
    saved = torch.load(file, map_location="cpu")
    listener = architecture.Listener(saved["labels"])
    listener.load_state_dict(part(saved["average"], "listener"))
    pooled = nn.BatchNorm1d(2 * architecture.CONFIG["tdnn_dim"][-1], eps=1e-4, affine=False)
    pooled.load_state_dict(part(saved["average"], "pooled"))
    scale(listener.words.classifier, SHARPER)
    made = (listener.words, listener.phones, speaker(listener, pooled))
    return {name: model.eval() for name, model in zip(HEADS, made)}


def run(file=FINAL, folder=EXPORT):
    """Writes the three folders."""
    prepare = Wav2Vec2FeatureExtractor(
        feature_size=1, sampling_rate=RATE, padding_value=0.0, do_normalize=False, return_attention_mask=False
    )
    for name, model in models(file).items():
        model.half().save_pretrained(folder / name)
        prepare.save_pretrained(folder / name)
    vocabulary = {symbol: number for number, symbol in enumerate(phones.SYMBOLS)}
    (folder / "phones" / "vocab.json").write_text(json.dumps(vocabulary, indent=1) + "\n")
    size = sum(path.stat().st_size for path in folder.rglob("*.safetensors")) / 1e6
    print(f"export: {size:.1f} MB of weights in {folder}", flush=True)
