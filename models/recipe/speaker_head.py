"""Stage `speaker`: the speaker head by itself, over the finished encoder.

In the steps that all heads share, a few voices are heard at a time, which is enough for the encoder and far
too little to tell hundreds of voices apart. The encoder stays as it is here, so its hidden states are computed
once, and the head learns from large batches of them.
"""

import os

import numpy as np
import torch
import torch.nn.functional as F

from . import architecture, joint, speakers
from .augment import Surroundings
from .feed import feed, generator
from .machine import in_16_bits, on_device
from .material import TRAIN_SURROUNDINGS, Material
from .settings import RecipeError
from .telling import Every
from .training import FINAL, Average, Training

HEARINGS = int(os.environ.get("WAVLM_HEARINGS", "2"))  # surroundings that each sound of the bank is heard in
AT_ONCE = 16  # sounds that the encoder takes
BATCH = int(os.environ.get("WAVLM_HEAD_BATCH", "64"))
STEPS = int(os.environ.get("WAVLM_HEAD_STEPS", "3000"))
RATE, WEIGHT_DECAY, WARM_UP = 1e-3, 0.02, 100
LEAST_FRAMES = 50  # of a stretch that the head is shown
SCALE, MARGIN = 30.0, 0.2
TELL_SECONDS = 60


class Heard:
    """Hidden states of all layers, the class of the voice, and what the teacher said of it."""

    def __init__(self, model, source, answers):
        self.hidden, self.classes, self.answers = [], [], []
        telling, count = Every(TELL_SECONDS), HEARINGS * len(answers)

        def batch(number):
            entries = range(number * AT_ONCE, (number + 1) * AT_ONCE)
            made = [source.example(generator("voices", n), n % len(answers), 1.0) for n in entries]
            labels, sounds = zip(*made)
            return np.stack(sounds), np.array(labels), np.stack([answers[n % len(answers)] for n in entries])

        for number, (sounds, labels, heard) in zip(range(count // AT_ONCE), feed(batch)):
            with torch.no_grad(), in_16_bits():
                states = model.wavlm(on_device(sounds), output_hidden_states=True).hidden_states
            self.hidden.append(torch.stack(states, 1).half())
            self.classes.append(labels)
            self.answers.append(heard)
            if telling.is_due():
                print(f"voices: {number * AT_ONCE} of {count} sounds heard", flush=True)
        self.hidden = torch.cat(self.hidden)
        self.classes, self.answers = on_device(torch.cat(self.classes)), on_device(torch.cat(self.answers))

    def batch(self, rng):
        """A stretch, of the same length for all, of some sounds."""
        chosen = on_device(rng.integers(0, len(self.hidden), BATCH))
        count = self.hidden.shape[2]
        length = int(rng.integers(LEAST_FRAMES, count + 1))
        first = int(rng.integers(0, count - length + 1))
        hidden = self.hidden[chosen, :, first : first + length].float()
        return hidden, self.classes[chosen], self.answers[chosen]


def embeddings(model, hidden):
    """What a WavLMForXVector makes of the hidden states of its layers: (sound, layer, frame, channel)."""
    shares = model.layer_weights.softmax(-1)
    states = model.projector((hidden * shares[None, :, None, None]).sum(1))
    for layer in model.tdnn:
        states = layer(states)
    return model.feature_extractor(torch.cat([states.mean(1), states.std(1)], -1))


def head(model):
    """The parameters that are trained."""
    parts = (model.projector, *model.tdnn, model.feature_extractor)
    return [model.layer_weights, *(parameter for part in parts for parameter in part.parameters())]


def loss(learner, hidden, classes, answers):
    """As in `joint`, with the margin at its full."""
    found = embeddings(learner.listener.speaker, hidden)
    likeness = F.cosine_similarity(found, answers).mean()
    cosine = F.normalize(learner.telling(F.normalize(found))) @ F.normalize(learner.centres).T
    telling = F.cross_entropy(SCALE * (cosine - MARGIN * F.one_hot(classes, len(learner.centres))), classes)
    return 10 * (1 - likeness) + telling, likeness.detach(), telling.detach()


def run():
    """Trains the head of the finished model, and writes it into the model's file."""
    if not FINAL.exists():
        raise RecipeError(f"{FINAL} is missing; run the stages train and decay first")
    saved = torch.load(FINAL, map_location="cpu")
    training = Training(FINAL, saved["voices"])
    training.load(FINAL)
    learner = training.averaged()
    architecture.quicken(learner.listener)
    material = Material.of("train")
    source = speakers.Speakers(material, Surroundings(TRAIN_SURROUNDINGS))
    heard = Heard(learner.listener.speaker, source, speakers.centred(speakers.bank(source)))

    trained = [*head(learner.listener.speaker), *learner.telling.parameters(), learner.centres]
    for parameter in learner.parameters():
        parameter.requires_grad_(False)
    for parameter in trained:
        parameter.requires_grad_(True)
    learner.pooled.train()
    optimiser = torch.optim.AdamW(trained, lr=RATE, weight_decay=WEIGHT_DECAY)
    average, telling, shown = Average(learner), Every(TELL_SECONDS), {}
    for step in range(STEPS):
        rate = RATE * min(1, (step + 1) / WARM_UP) * (1 - step / STEPS)
        for group in optimiser.param_groups:
            group["lr"] = rate
        with in_16_bits():
            total, likeness, apart = loss(learner, *heard.batch(generator("voices-batch", step)))
        optimiser.zero_grad()
        total.backward()
        torch.nn.utils.clip_grad_norm_(trained, joint.CLIP)
        optimiser.step()
        average.update(learner, step)
        for name, value in (("likeness", likeness), ("voices", apart)):
            shown[name] = 0.98 * shown.get(name, value) + 0.02 * value
        if telling.is_due():
            figures = " ".join(f"{name} {value.item():.3f}" for name, value in shown.items())
            print(f"voices: step {step + 1} of {STEPS}, {figures}", flush=True)
    training.average.state = average.state
    training.save()
