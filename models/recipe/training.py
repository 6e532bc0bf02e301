"""One run of training: model, running average, optimiser, and the file that they are kept in."""

import json
import math
import os
import time

import numpy as np
import torch

from . import architecture, joint, monitor, stem
from .feed import feed
from .machine import DEVICE, in_16_bits
from .settings import CHECKPOINTS, LABELS
from .telling import Every

RATE_PEAK, WARM_UP = 1.2e-3, 250
WEIGHT_DECAY, AVERAGE = 0.02, 0.997
DECAY_STEPS = int(os.environ.get("WAVLM_DECAY_STEPS", "1500"))
STEM_FREE = 700  # steps for which the pretrained stem stays as it is
CTC_GROWS = 700, 3000  # steps between which CTC grows; all at once, it makes the encoder forget the rest
FULL_MARGIN = 2000  # steps until the margin between voices is at its full
SAVE_SECONDS, TELL_SECONDS, MONITOR_SECONDS = 120, 60, 2700
STATE, FINAL, CURVE = CHECKPOINTS / "train.pt", CHECKPOINTS / "final.pt", CHECKPOINTS / "curve.jsonl"


def parameter_groups(model):
    """Matrices decay, vectors and the position table do not."""
    decayed, free = [], []
    for name, parameter in model.named_parameters():
        (decayed if parameter.ndim > 1 and "rel_attn" not in name else free).append(parameter)
    return [{"params": decayed, "weight_decay": WEIGHT_DECAY}, {"params": free, "weight_decay": 0}]


def ramp(step, end):
    """From 0 to 1, straight, until `end`."""
    return min(1.0, step / end)


class Average:
    """Exponential running average of everything in the state."""

    def __init__(self, model):
        self.state = {k: v.detach().clone() for k, v in model.state_dict().items()}

    def update(self, model, step):
        """Moves a little towards the model."""
        share = 1 - min(AVERAGE, (step + 1) / (step + 10))
        state = model.state_dict()
        moving = [name for name, value in state.items() if value.is_floating_point()]
        torch._foreach_lerp_([self.state[name] for name in moving], [state[name] for name in moving], share)
        for name in state.keys() - set(moving):
            self.state[name].copy_(state[name])


class Training:
    """Model, average and optimiser of one run, and its file."""

    def __init__(self, file, voices, labels=LABELS):
        torch.manual_seed(0)
        self.file, self.labels, self.voices = file, tuple(labels), voices
        self.model = joint.Learner(labels, len(voices)).to(DEVICE)
        self.optimiser = torch.optim.AdamW(parameter_groups(self.model), lr=RATE_PEAK, betas=(0.9, 0.98))
        self.step, self.decayed = 0, 0
        architecture.quicken(self.model.listener.words.wavlm)
        if stem.FILE.exists():
            pretrained = torch.load(stem.FILE, map_location=DEVICE)
            self.model.listener.stem.load_state_dict(pretrained["stem"])
            projection = self.model.listener.words.wavlm.feature_projection
            projection.layer_norm.load_state_dict(pretrained["norm"])
        self.average = Average(self.model)

    def load(self, file):
        """Takes up a saved state. Voices that it does not know keep the centres they were given."""
        saved = torch.load(file, map_location=DEVICE)
        for state in (saved["model"], saved["average"]):
            state["centres"] = self.centres(state["centres"], saved["voices"])
        self.model.load_state_dict(saved["model"])
        self.average.state = saved["average"]
        if saved["voices"] != self.voices:
            # What the optimiser knows of the rows of other voices is of no use; all else must not begin anew.
            del saved["optimiser"]["state"][self.number_of_centres()]
        self.optimiser.load_state_dict(saved["optimiser"])
        self.step, self.decayed = saved["step"], saved["decayed"]

    def number_of_centres(self):
        """By which number the optimiser knows the voices' centres."""
        parameters = [parameter for group in self.optimiser.param_groups for parameter in group["params"]]
        return next(i for i, parameter in enumerate(parameters) if parameter is self.model.centres)

    def centres(self, known, voices):
        """Rows of `known`, which belong to `voices`, where this run has them."""
        rows = {voice: row for voice, row in zip(voices, known)}
        mine = self.model.centres.detach()
        return torch.stack([rows.get(voice, mine[i]) for i, voice in enumerate(self.voices)])

    def save(self):
        """Writes beside the old file, then takes its place."""
        part = self.file.with_suffix(".part")
        torch.save(
            {
                "model": self.model.state_dict(),
                "average": self.average.state,
                "optimiser": self.optimiser.state_dict(),
                "step": self.step,
                "decayed": self.decayed,
                "labels": self.labels,
                "voices": self.voices,
            },
            part,
        )
        part.rename(self.file)

    def rate(self):
        """The learning rate of this step."""
        falling = 1 - math.sqrt(min(1, self.decayed / DECAY_STEPS)) if self.decayed else 1
        return RATE_PEAK * min(1, (self.step + 1) / WARM_UP) * falling

    def update(self, batches):
        """One step; returns what is worth telling."""
        for group in self.optimiser.param_groups:
            group["lr"] = self.rate()
        self.model.listener.stem.requires_grad_(self.step >= STEM_FREE)
        np.random.seed(self.step)  # SpecAugment's masks
        words, sentences, voices = batches
        margin = joint.MARGIN * ramp(self.step, FULL_MARGIN)
        share = joint.ctc_share(ramp(max(0, self.step - CTC_GROWS[0]), CTC_GROWS[1] - CTC_GROWS[0]))
        with in_16_bits():
            tasks = [self.model.words_loss(*words, share)]
            if sentences is not None:
                tasks.append(self.model.phones_loss(*sentences, share))
            if voices is not None:
                tasks.append(self.model.speakers_loss(*voices, margin))
        joint.gradients(self.model, [loss for loss, _ in tasks])
        self.optimiser.step()
        self.model.listener.remove_offset()
        self.average.update(self.model, self.step)
        self.step += 1
        return {name: value for _, news in tasks for name, value in news.items()}

    def averaged(self):
        """The listener with the averaged weights, to be judged or exported."""
        learner = joint.Learner(self.labels, len(self.voices)).to(DEVICE)
        learner.load_state_dict(self.average.state)
        return learner.eval()

    def run(self, make, enough):
        """Trains until `enough()`."""
        self.model.train()
        batches = feed(make, self.step)
        shown, begun, first = {}, time.time(), self.step
        saving, telling, judging = Every(SAVE_SECONDS), Every(TELL_SECONDS), Every(MONITOR_SECONDS)
        while not enough():
            for name, value in self.update(next(batches)).items():
                usable = torch.where(torch.isfinite(value), value, shown.get(name, torch.zeros_like(value)))
                shown[name] = usable.lerp(shown.get(name, usable), 0.98)
            if telling.is_due():
                pace = (time.time() - begun) / (self.step - first)
                figures = " ".join(f"{name} {value.item():.3f}" for name, value in shown.items())
                print(f"train: step {self.step}, {pace:.2f} s each, {figures}", flush=True)
            if saving.is_due():
                self.save()
            if judging.is_due():
                self.judge()
        self.save()

    def judge(self):
        """Figures on the dev voices, one line more in the curve."""
        figures = {"step": self.step, "decayed": self.decayed, **monitor.figures(self.averaged())}
        with open(CURVE, "a") as file:
            file.write(json.dumps(figures) + "\n")
        print(f"train: dev {json.dumps(figures)}", flush=True)
