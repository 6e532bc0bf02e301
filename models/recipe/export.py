"""Stage `export`: the trained state as two folders that transformers, and wavlm-export, read.

`words/` and `speaker/` hold the same encoder, bit for bit.
"""

import torch
from transformers import Wav2Vec2FeatureExtractor

from . import architecture, speaker_head
from .settings import CHECKPOINTS, EXPORT, RATE, RecipeError, up_to_date


def part(state, name):
    """The entries under `name.`, without it."""
    return {k[len(name) + 1 :]: v for k, v in state.items() if k.startswith(f"{name}.")}


def run(name="default", folder=EXPORT):
    """Writes both folders from the running average of a training."""
    file = CHECKPOINTS / f"{name}.pt"
    if not file.exists():
        raise RecipeError(f"{file} is missing; run the stage train first")
    if all(up_to_date(folder / head / "model.safetensors", file) for head in ("words", "speaker")):
        return
    saved = torch.load(file)
    words = architecture.words_model(saved["labels"])
    words.load_state_dict(part(saved["average"], "words"))
    speaker = speaker_head.fold(part(saved["average"], "speaker"), architecture.speaker_model())
    prepare = Wav2Vec2FeatureExtractor(
        feature_size=1, sampling_rate=RATE, padding_value=0.0, do_normalize=True, return_attention_mask=False
    )
    for head, model in (("words", words), ("speaker", speaker)):
        model.eval().save_pretrained(folder / head)
        prepare.save_pretrained(folder / head)
    print(f"export: {folder}/words and {folder}/speaker at step {saved['step']}", flush=True)
