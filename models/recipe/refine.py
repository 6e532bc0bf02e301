"""Stage `refine`: the default model's encoder and heads learn on, over its stem as it is.

The stem's frames are computed once and kept, so a step costs a third of one by sound, and many more windows can be shown: half
of each batch those that the model last got most wrong. The speaker head is held to what it says now.
"""

import os

import numpy as np
import torch
import torch.nn.functional as F

from . import architecture, joint, published
from .examples import NO_ANSWER, Sentences, Words, with_murmurs
from .feed import feed, generator
from .machine import in_16_bits, on_device
from .material import Material
from .settings import CHECKPOINTS, KEYWORDS, LABELS, SILENCE, UNKNOWN
from .speakers import Speakers
from .telling import Every
from .training import FINAL, Average, parameter_groups

WINDOWS = int(os.environ.get("WAVLM_WINDOWS", "240000"))  # of a second, whose frames are kept: 13 KB each
SENTENCES, VOICES = WINDOWS // 20, WINDOWS // 20  # of three seconds: 36 KB each
STEPS = int(os.environ.get("WAVLM_REFINE_STEPS", "3000"))
SHARES = 0.25, 0.72  # of what is kept: keywords, and other speech; the rest is silence
BATCH = {"keyword": 56, "other": 62, "silence": 10}  # windows of a step
SENTENCES_AT_ONCE, VOICES_AT_ONCE = 16, 16  # in every second step, in turn
RATE_PEAK, WARM_UP = 5e-4, 100
FIRST_ENTRY = 1 << 20  # of the voices; those that the teacher heard come before
LEAST_WRONG = 0.01
MADE_AT_ONCE, TELL_SECONDS = 64, 60


class Windows:
    """Stem frames of sounds, what they say, and how wrong the model last was about each."""

    def __init__(self, hear, make, count, what):
        self.frames, self.labels, self.said, self.middles = [], [], [], []
        telling = Every(TELL_SECONDS)
        for number, (sounds, labels, said, middles) in zip(range(-(-count // MADE_AT_ONCE)), feed(make)):
            self.frames.append(heard(hear, sounds))
            self.labels.append(labels)
            self.said += said
            self.middles += [middles[middles[:, 0] == i, 1:] for i in range(len(sounds))]
            if telling.is_due():
                print(f"refine: {number * MADE_AT_ONCE} of {count} {what} heard", flush=True)
        self.frames, self.labels = torch.cat(self.frames), torch.cat(self.labels)
        self.wrong = np.ones(len(self.labels))

    def among(self, labels):
        """The numbers of the windows with one of these labels."""
        return np.flatnonzero(np.isin(self.labels.numpy(), labels))

    def batch(self, chosen):
        """(frames, labels, phones, middles of phones) as `joint.Learner` takes them."""
        middles = [F.pad(self.middles[i], (1, 0), value=row) for row, i in enumerate(chosen)]
        at = torch.from_numpy(chosen)
        return self.frames[at].float(), self.labels[at], [self.said[i] for i in chosen], torch.cat(middles)


def heard(hear, sounds):
    """(sounds, channels, frames) of the stem, in 16 bits."""
    with torch.inference_mode():
        return hear(on_device(sounds)).bfloat16().cpu()


class Picker:
    """Windows with some labels: one half at random, the other by how wrong the model was about them."""

    def __init__(self, windows, labels, count):
        self.windows, self.numbers, self.count = windows, windows.among(labels), count

    def __call__(self, rng):
        anyone = rng.integers(0, len(self.numbers), self.count // 2)
        sums = np.cumsum(self.windows.wrong[self.numbers])
        wrong = np.searchsorted(sums, rng.random(self.count - self.count // 2) * sums[-1])
        return self.numbers[np.concatenate([anyone, np.minimum(wrong, len(self.numbers) - 1)])]


class Voices:
    """Stem frames of three seconds of voices, and the embeddings that the model gives them as it is."""

    def __init__(self, hear, listener, source):
        self.frames, self.answers = [], []

        def make(number):
            entries = range(FIRST_ENTRY + number * MADE_AT_ONCE, FIRST_ENTRY + (number + 1) * MADE_AT_ONCE)
            return np.stack([source.example(generator("refined-voices", n), n, 1.0)[1] for n in entries])

        for _, sounds in zip(range(-(-VOICES // MADE_AT_ONCE)), feed(make)):
            self.frames.append(heard(hear, sounds))
            with torch.inference_mode():
                self.answers.append(listener.embeddings(on_device(self.frames[-1].float())).cpu())
        self.frames, self.answers = torch.cat(self.frames), torch.cat(self.answers)

    def loss(self, listener, rng):
        """The angle between what the model says of some sounds and what it said."""
        chosen = torch.from_numpy(rng.integers(0, len(self.frames), VOICES_AT_ONCE))
        found = listener.embeddings(on_device(self.frames[chosen].float()))
        likeness = F.cosine_similarity(found, on_device(self.answers[chosen])).mean()
        return 10 * (1 - likeness), {"likeness": likeness.detach()}


class Kept:
    """Everything that is learned from."""

    def __init__(self, learner):
        listener = learner.listener
        material = Material.of("train")
        around = with_murmurs(material)
        words, sentences = Words(material, around, shares=SHARES), Sentences(material, around)
        hear = architecture.over_frames(listener.stem)

        def windows(number):
            return words.batch(generator("refined-words", number), MADE_AT_ONCE)

        def spelt(number):
            sounds, said, middles = sentences.batch(generator("refined-sentences", number), MADE_AT_ONCE)
            return sounds, np.full(len(sounds), NO_ANSWER), said, middles

        self.voices = Voices(hear, listener, Speakers(material, around))
        self.sentences = Windows(hear, spelt, SENTENCES, "sentences")
        self.words = Windows(hear, windows, WINDOWS, "windows")
        kinds = {"keyword": range(len(KEYWORDS)), "other": [LABELS.index(UNKNOWN)], "silence": [LABELS.index(SILENCE)]}
        self.pickers = [Picker(self.words, list(kinds[kind]), count) for kind, count in BATCH.items()]

    def losses(self, learner, step):
        """The tasks of a step, and what is worth telling."""
        rng = generator("refined-steps", step)
        chosen = np.concatenate([pick(rng) for pick in self.pickers])
        batch = self.words.batch(chosen)
        loss, news, chances = learner.words_loss_and_chances(*batch, joint.LARGE_CTC)
        self.words.wrong[chosen] = LEAST_WRONG + 1 - chances.float().cpu().numpy()[np.arange(len(chosen)), batch[1]]
        if step % 2:
            other, more = self.voices.loss(learner.listener, rng)
        else:
            some = rng.integers(0, len(self.sentences.labels), SENTENCES_AT_ONCE)
            frames, _, said, middles = self.sentences.batch(some)
            other, more = learner.phones_loss(frames, said, middles, joint.LARGE_CTC)
        return [loss, other], news | more


def run():
    """Trains, and writes what the stages export and thresholds go on from."""
    learner, _ = published.learner()
    architecture.quicken(learner.listener)
    learner.eval()
    learner.listener.stem.requires_grad_(False)
    kept = Kept(learner)
    torch.set_num_threads(len(os.sched_getaffinity(0)))
    learner.train()
    learner.pooled.eval()
    optimiser = torch.optim.AdamW(parameter_groups(learner), lr=RATE_PEAK, betas=(0.9, 0.98))
    average, telling, shown = Average(learner), Every(TELL_SECONDS), {}
    for step in range(STEPS):
        for group in optimiser.param_groups:
            group["lr"] = RATE_PEAK * min(1, (step + 1) / WARM_UP) * (1 - step / STEPS)
        np.random.seed(step)  # SpecAugment's masks
        with in_16_bits():
            losses, news = kept.losses(learner, step)
        joint.gradients(learner, losses)
        optimiser.step()
        average.update(learner, step)
        for name, value in news.items():
            shown[name] = value.lerp(shown.get(name, value), 0.98)
        if telling.is_due():
            figures = " ".join(f"{name} {value.item():.3f}" for name, value in shown.items())
            print(f"refine: step {step + 1} of {STEPS}, {figures}", flush=True)
    CHECKPOINTS.mkdir(parents=True, exist_ok=True)
    torch.save({"average": average.state, "labels": LABELS, "step": 0}, FINAL)
