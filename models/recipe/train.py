"""Stage `train`: both heads over one encoder, a words batch and a speakers batch in every step.

The state (weights, their running average, optimiser, step) is saved every minute or so; batches
and SpecAugment's masks depend on the step alone, so an interrupted run goes on as if nothing had
happened.
"""

import math
import os
import time
from dataclasses import dataclass

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from . import architecture, batches, stem
from .augment import Surroundings
from .settings import CHECKPOINTS, LABELS
from .speaker_head import MARGIN, SpeakerHead

RATE_PEAK, WARM_UP, RATE_FLOOR = 1e-3, 300, 0.01
DECAY, WEIGHT_DECAY, CLIP, SMOOTHING = 0.999, 0.02, 1.0, 0.05
SETTLING_BATCHES = 40
SAVE_SECONDS, TELL_SECONDS = 60, 30


@dataclass(frozen=True)
class Budget:
    """How long to train: steps, or fewer when the minutes are up first."""

    steps: int = int(os.environ.get("WAVLM_STEPS", 6200))
    minutes: float = float(os.environ.get("WAVLM_MINUTES", "inf"))
    words: int = 40  # batch sizes
    speakers: int = 32


class Both(nn.Module):
    """The two models; `speaker.model.wavlm` *is* `words.wavlm`."""

    def __init__(self, labels, speakers):
        super().__init__()
        self.words = architecture.words_model(labels)
        model = architecture.speaker_model()
        model.wavlm = self.words.wavlm
        self.speaker = SpeakerHead(model, speakers)

    @property
    def stem(self):
        """The convolutions."""
        return self.words.wavlm.feature_extractor


def parameter_groups(model):
    """Matrices decay, vectors and the position table do not."""
    decayed, free = [], []
    for name, parameter in model.named_parameters():
        (decayed if parameter.ndim > 1 and "rel_attn" not in name else free).append(parameter)
    return [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": free, "weight_decay": 0}]


class Average:
    """Exponential running average of everything in the state, warm-up included."""

    def __init__(self, model):
        self.state = {k: v.detach().clone() for k, v in model.state_dict().items()}

    def update(self, model, step):
        """Moves a little towards the model."""
        share = 1 - min(DECAY, (step + 1) / (step + 10))
        with torch.no_grad():
            for name, value in model.state_dict().items():
                if value.is_floating_point():
                    self.state[name].lerp_(value, share)
                else:
                    self.state[name].copy_(value)


def ramp(progress, start, end):
    """0 before `start`, 1 after `end`, straight in between."""
    return min(1.0, max(0.0, (progress - start) / (end - start)))


def maker(material, labels, budget, extra_noise=()):
    """The function that makes the two batches of step n."""
    around = Surroundings(batches.TRAIN_SURROUNDINGS)
    around.noises += list(extra_noise)
    words = batches.Words(material, around, labels)
    speakers = batches.Speakers(material, around)

    def make(step):
        severity = ramp(step / budget.steps, 0.04, 0.3)
        return (
            words.batch(batches.generator("words", step), budget.words),
            speakers.batch(batches.generator("speakers", step), budget.speakers, severity),
        )

    return make


class Training:
    """Model, average, optimiser and clock of one run, and its file."""

    def __init__(self, name, labels, speakers):
        torch.manual_seed(0)
        self.file = CHECKPOINTS / f"{name}.pt"
        self.labels = tuple(labels)
        self.model = Both(labels, speakers)
        self.optimiser = torch.optim.AdamW(parameter_groups(self.model), lr=RATE_PEAK, betas=(0.9, 0.98))
        self.average = None
        self.step, self.seconds, self.done = 0, 0.0, False

    def start(self, initial=None):
        """Takes up the saved run, else the given encoder and heads, else the pretrained stem."""
        if self.file.exists():
            saved = torch.load(self.file)
            self.model.load_state_dict(saved["model"])
            self.optimiser.load_state_dict(saved["optimiser"])
            self.step, self.seconds, self.done = saved["step"], saved["seconds"], saved["done"]
        elif initial is not None:
            shapes = {k: v.shape for k, v in self.model.state_dict().items()}
            fitting = {k: v for k, v in initial.items() if shapes.get(k) == v.shape}
            self.model.load_state_dict(fitting, strict=False)
        elif stem.FILE.exists():
            pretrained = torch.load(stem.FILE)
            self.model.stem.load_state_dict(pretrained["stem"])
            self.model.words.wavlm.feature_projection.layer_norm.load_state_dict(pretrained["norm"])
        self.average = Average(self.model)
        if self.file.exists():
            self.average.state = saved["average"]

    def save(self):
        """Writes beside the old file, then takes its place."""
        part = self.file.with_suffix(".part")
        torch.save(
            {
                "model": self.model.state_dict(),
                "average": self.average.state,
                "optimiser": self.optimiser.state_dict(),
                "step": self.step,
                "seconds": self.seconds,
                "done": self.done,
                "labels": self.labels,
            },
            part,
        )
        part.rename(self.file)

    def progress(self, budget):
        """0 at the start, 1 at the end."""
        return max(self.step / budget.steps, self.seconds / 60 / budget.minutes)

    def take_gradient(self):
        """The gradient of one task, cut to CLIP, and cleared: neither task outweighs the other."""
        norm = nn.utils.clip_grad_norm_(self.model.parameters(), CLIP)
        gradient = [p.grad if torch.isfinite(norm) else None for p in self.model.parameters()]
        self.optimiser.zero_grad()
        return gradient

    def update(self, windows, labels, sounds, speakers, progress, peak):
        """One step; returns what is worth telling."""
        rate = peak * min(1, (self.step + 1) / WARM_UP)
        rate *= RATE_FLOOR + (1 - RATE_FLOOR) * 0.5 * (1 + math.cos(math.pi * min(1, progress)))
        for group in self.optimiser.param_groups:
            group["lr"] = rate
        np.random.seed(self.step)  # SpecAugment's masks
        self.optimiser.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            logits = self.model.words(torch.from_numpy(windows)).logits
        labels = torch.from_numpy(labels).long()
        loss = F.cross_entropy(logits.float(), labels, label_smoothing=SMOOTHING)
        loss.backward()
        gradient = self.take_gradient()
        with torch.autocast("cpu", torch.bfloat16):
            embeddings = self.model.speaker(torch.from_numpy(sounds))
        margin = MARGIN * ramp(progress, 0.25, 0.6)
        speaker_loss, right = self.model.speaker.loss(embeddings, torch.from_numpy(speakers).long(), margin)
        speaker_loss.backward()
        for parameter, value in zip(self.model.parameters(), self.take_gradient()):
            parameter.grad = value
        for parameter, value in zip(self.model.parameters(), gradient):
            if value is not None:
                parameter.grad = value if parameter.grad is None else parameter.grad.add_(value)
        self.optimiser.step()
        self.average.update(self.model, self.step)
        self.step += 1
        return {
            "words": loss.item(),
            "accuracy": (logits.argmax(1) == labels).float().mean().item(),
            "speaker": speaker_loss.item(),
            "speaker accuracy": right.item(),
        }

    def run(self, make, budget, peak=RATE_PEAK):
        """Trains to the end of the budget."""
        if self.done:
            return
        architecture.channels_last(self.model.stem)
        self.model.train()
        feed = batches.Feed(make, self.step)
        shown, saved_at, told_at = {}, time.time(), 0.0
        while self.progress(budget) < 1:
            begun = time.time()
            (windows, labels), (sounds, speakers) = next(feed)
            news = self.update(windows, labels, sounds, speakers, self.progress(budget), peak)
            self.seconds += time.time() - begun
            for key, value in news.items():
                shown[key] = value if key not in shown else 0.98 * shown[key] + 0.02 * value
            if time.time() - told_at > TELL_SECONDS:
                told_at = time.time()
                figures = " ".join(f"{k} {v:.3f}" for k, v in shown.items())
                clock = f"step {self.step}/{budget.steps} {self.seconds / 60:.1f} min"
                print(f"train: {clock} {figures}", flush=True)
            if time.time() - saved_at > SAVE_SECONDS:
                saved_at = time.time()
                self.save()
        feed.close()
        self.settle(make)
        architecture.as_published(self.model.stem)
        self.done = True
        self.save()

    def settle(self, make):
        """Measures the BatchNorms' statistics anew, exactly, for the averaged weights."""
        learnt = {k: v.clone() for k, v in self.model.state_dict().items()}
        self.model.load_state_dict(self.average.state)
        self.model.eval()
        norms = (self.model.speaker.pooled, self.model.speaker.embedded)
        for norm in norms:  # the second sees the first one's output, so one after the other
            norm.reset_running_stats()
            momentum, norm.momentum = norm.momentum, None  # a plain mean over all batches
            norm.train()
            with torch.inference_mode():
                for number in range(SETTLING_BATCHES):
                    _, (sounds, _) = make(self.step + number)
                    self.model.speaker(torch.from_numpy(sounds))
            norm.eval()
            norm.momentum = momentum
        self.average.state = {k: v.detach().clone() for k, v in self.model.state_dict().items()}
        self.model.load_state_dict(learnt)
        self.model.train()


def run(budget=Budget()):
    """Trains the default model, or goes on where it was interrupted."""
    if (CHECKPOINTS / "default.pt").exists() and torch.load(CHECKPOINTS / "default.pt")["done"]:
        return
    material = batches.Material.training()
    training = Training("default", LABELS, len(material.classes))
    training.start()
    training.run(maker(material, LABELS, budget), budget)
