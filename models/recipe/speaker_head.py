"""Stage `speaker`: the speaker head anew, over a finished encoder.

In the steps that all heads share, a few voices are heard at a time, which is enough for the encoder and far
too little to tell people apart. The encoder stays as it is here, so its hidden states are computed once, and
the head learns from them what the teacher says of the clean sound, and nothing else: the teacher knows people,
the voices of the corpus would only teach it to tell synthesisers apart.
"""

import os
import shutil
import zlib

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn
from transformers import WavLMForXVector

from . import architecture, speakers
from .augment import Surroundings
from .feed import feed, generator
from .folding import fold
from .machine import DEVICE, in_16_bits, on_device
from .material import TRAIN_SURROUNDINGS, Material
from .settings import BANKS, DEFAULT, EXPORT, RecipeError
from .telling import Every

SOUNDS = int(os.environ.get("WAVLM_HEAD_SOUNDS", "24000"))  # each in surroundings of its own
AT_ONCE = 16  # sounds that the encoder takes
BATCH = int(os.environ.get("WAVLM_HEAD_BATCH", "64"))
STEPS = int(os.environ.get("WAVLM_HEAD_STEPS", "3000"))
RATE, WEIGHT_DECAY, WARM_UP = 2e-3, 0.02, 50
FASTER = 10  # times the rate, for the few numbers that weigh the encoder's layers
CLIP = 1.0
LEAST_FRAMES = 60  # of a stretch that the head is shown
TELL_SECONDS = 60


class Head(nn.Module):
    """The head of a WavLMForXVector, begun anew, with a norm of the pooled statistics, which only training needs."""

    def __init__(self, model):
        super().__init__()
        self.model = model
        self.pooled = architecture.pooled_norm()
        nn.init.zeros_(model.layer_weights)
        model.projector.reset_parameters()
        architecture.begin_layers(model)

    def forward(self, hidden):
        """Embeddings from the hidden states of all layers: (sound, layer, frame, channel)."""
        shares = self.model.layer_weights.softmax(-1)
        states = self.model.projector((hidden * shares[None, :, None, None]).sum(1))
        for layer in self.model.tdnn:
            states = layer(states)
        statistics = torch.cat([states.mean(1), states.std(1)], -1)
        return self.model.feature_extractor(self.pooled(statistics))

    def groups(self):
        """What is trained, for the optimiser."""
        parts = (self.model.projector, *self.model.tdnn, self.model.feature_extractor)
        rest = [parameter for part in parts for parameter in part.parameters()]
        return [
            {"params": [self.model.layer_weights], "lr": RATE * FASTER, "weight_decay": 0},
            {"params": rest, "lr": RATE, "weight_decay": WEIGHT_DECAY},
        ]


class Heard:
    """Hidden states of sounds of all voices, and what the teacher said of them; made once, and kept on disk."""

    def __init__(self, model, source, count):
        self.answers = on_device(speakers.centred(speakers.bank(source, count)))
        last = model.wavlm.encoder.layers[-1].feed_forward.output_dense.weight
        encoder = zlib.crc32(last.detach().cpu().numpy().tobytes())
        file = BANKS / f"hidden-{encoder:08x}-{source.mark()}-{count}.npy"
        if not file.exists():
            self.hear(model, source, count, file)
        self.states = np.load(file, mmap_mode="r")

    @staticmethod
    def hear(model, source, count, file):
        """Writes the hidden states."""

        def batch(number):
            entries = range(number * AT_ONCE, min(count, (number + 1) * AT_ONCE))
            severities = generator("voices-severity", number).random(len(entries))
            return np.stack([source.example(generator("voices", n), n, s)[1] for n, s in zip(entries, severities)])

        width, layers = architecture.CONFIG["hidden_size"], len(model.layer_weights)
        shape = (count, layers, architecture.frames(speakers.LENGTH), width)
        part, telling = file.with_suffix(".part.npy"), Every(TELL_SECONDS)
        kept = np.lib.format.open_memmap(part, "w+", np.float16, shape)
        for number, sounds in zip(range(-(-count // AT_ONCE)), feed(batch)):
            with torch.inference_mode(), in_16_bits():
                hidden = model.wavlm(on_device(sounds), output_hidden_states=True).hidden_states
            first = number * AT_ONCE
            kept[first : first + len(sounds)] = torch.stack(hidden, 1).half().cpu().numpy()
            if telling.is_due():
                print(f"speaker: {first} of {count} sounds heard", flush=True)
        kept.flush()
        part.rename(file)

    def batch(self, rng):
        """A stretch, of the same length for all, of some sounds, and the answers."""
        chosen = np.sort(rng.choice(len(self.states), BATCH, replace=False))
        count = self.states.shape[2]
        length = int(rng.integers(LEAST_FRAMES, count + 1))
        first = int(rng.integers(0, count - length + 1))
        return on_device(self.states[chosen, :, first : first + length]).float(), self.answers[on_device(chosen)]


def learn(head, heard):
    """Teaches a head what there is."""
    optimiser, telling, shown = torch.optim.AdamW(head.groups(), betas=(0.9, 0.98)), Every(TELL_SECONDS), None
    rates = [group["lr"] for group in optimiser.param_groups]
    trained = [parameter for group in optimiser.param_groups for parameter in group["params"]]
    head.train()
    for step in range(STEPS):
        part = min(1, (step + 1) / WARM_UP) * (1 + np.cos(np.pi * step / STEPS)) / 2
        for group, rate in zip(optimiser.param_groups, rates):
            group["lr"] = rate * part
        hidden, answers = heard.batch(generator("voices-batch", step))
        with in_16_bits():
            likeness = F.cosine_similarity(head(hidden), answers).mean()
        optimiser.zero_grad()
        (1 - likeness).backward()
        nn.utils.clip_grad_norm_(trained, CLIP)
        optimiser.step()
        shown = likeness.item() if shown is None else 0.98 * shown + 0.02 * likeness.item()
        if telling.is_due():
            print(f"speaker: step {step + 1} of {STEPS}, likeness {shown:.3f}", flush=True)


def run():
    """Trains the head of the exported model, or of the default one where nothing was exported, and exports it."""
    if not (EXPORT / "speaker").exists():
        if not DEFAULT.exists():
            raise RecipeError(f"{EXPORT} is missing; run the stages train, decay and export first")
        shutil.copytree(DEFAULT, EXPORT, dirs_exist_ok=True)
    model = WavLMForXVector.from_pretrained(EXPORT / "speaker", torch_dtype=torch.float32).to(DEVICE).eval()
    architecture.quicken(model.wavlm)
    source = speakers.Speakers(Material.of("train"), Surroundings(TRAIN_SURROUNDINGS))
    heard = Heard(model, source, SOUNDS)
    head = Head(model).to(DEVICE)
    learn(head, heard)
    fold(model, head.pooled)
    model.half().cpu().save_pretrained(EXPORT / "speaker")
