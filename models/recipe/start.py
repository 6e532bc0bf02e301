"""Stage `keep`: the weights of the latest training, for the next one to begin with, wherever that is run.

Everything of the running average that does not belong to single voices of the corpus, in 16-bit floats.
"""

import torch
from safetensors import safe_open
from safetensors.torch import save_file

from .settings import MODELS, RecipeError
from .training import FINAL, STATE, Average

FILE = MODELS / "start.safetensors"
OF_VOICES = ("centres", "telling.")
COPIES = ("listener.phones.wavlm.", "listener.speaker.wavlm.")  # one and the same encoder stands under every head


def run():
    """Writes the file, from whichever state has seen most."""
    found = [torch.load(file, map_location="cpu") for file in (STATE, FINAL) if file.exists()]
    if not found:
        raise RecipeError(f"{STATE} is missing; run the stage train first")
    saved = max(found, key=lambda saved: saved["step"])
    kept = {
        # Variances of pooled statistics can be too large for 16 bits.
        name: value if name.startswith("pooled.") or not value.is_floating_point() else value.half()
        for name, value in saved["average"].items()
        if not name.startswith(OF_VOICES + COPIES)
    }
    save_file(kept, FILE, metadata={"steps": str(saved["step"]), "labels": " ".join(saved["labels"])})
    print(f"keep: {FILE}: {FILE.stat().st_size / 1e6:.1f} MB, {saved['step']} steps", flush=True)


def take(training):
    """Lets a new training go on from the weights, if there are any."""
    if not FILE.exists():
        return
    with safe_open(FILE, "pt") as kept:
        own = training.model.state_dict()
        known = {name: kept.get_tensor(name) for name in kept.keys() if name in own}
        fitting = {name: value for name, value in known.items() if value.shape == own[name].shape}
        training.step = int(kept.metadata()["steps"])
    training.model.load_state_dict({**own, **fitting})
    training.average = Average(training.model)
    print(f"train: going on from {FILE} at step {training.step}", flush=True)
