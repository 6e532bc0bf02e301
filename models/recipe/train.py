"""Stages `train` and `decay`: three heads over one encoder.

`train` goes on at one learning rate for as long as it is let, over days if need be, and takes in what
the corpus has gained whenever it is started. `decay` takes the latest state to a finished model: the
rate falls to nothing over some steps. Either may be interrupted; batches and SpecAugment's masks depend
on the step alone.
"""

import os
import time

import torch

from . import mining, noises, speakers, start
from .augment import Surroundings, stretch_of
from .examples import Sentences, Words
from .feed import generator
from .material import TRAIN_SURROUNDINGS, Material
from .settings import CHECKPOINTS, RecipeError
from .training import DECAY_STEPS, FINAL, STATE, Training, ramp

STEPS = int(os.environ.get("WAVLM_STEPS", "60000"))
MINUTES = float(os.environ.get("WAVLM_MINUTES", "inf"))
TIMES = int(os.environ.get("WAVLM_BATCH", "1"))
WORDS, SENTENCES, SPEAKERS = 32 * TIMES, 6 * TIMES, 24 * TIMES  # sounds of each kind in a step
SENTENCES_EVERY, SPEAKERS_EVERY = 2, 2  # steps; words come in every one
LEAST_SEVERITY, FULL_SEVERITY = 0.1, 1000  # at the first step; steps until surroundings are at their full


class Batches:
    """The batches of step n: words, and in some steps sentences or voices, else None."""

    def __init__(self):
        material = Material.of("train")
        around = Surroundings(TRAIN_SURROUNDINGS)
        clips = list(material.speech)

        def murmur(rng, length):
            return stretch_of(rng, clips[rng.integers(len(clips))].samples, length)

        around.murmurs = noises.babble(generator("babble", 0), murmur)
        self.words = Words(material, around, mining.pool(material))
        self.sentences = Sentences(material, around)
        self.speakers = speakers.Speakers(material, around)
        self.answers = speakers.centred(speakers.bank(self.speakers))

    def __call__(self, step):
        severity = LEAST_SEVERITY + (1 - LEAST_SEVERITY) * ramp(step, FULL_SEVERITY)
        words = self.words.batch(generator("words", step), WORDS, severity)
        sentences = voices = None
        if step % SENTENCES_EVERY == 0:
            sentences = self.sentences.batch(generator("sentences", step), SENTENCES, severity)
        if step % SPEAKERS_EVERY == 1:
            voices = self.speakers.batch(generator("speakers", step), SPEAKERS, self.answers, severity)
        return words, sentences, voices


def voices_of(batches):
    """Names of the classes of voices."""
    return [f"{name}*{warp}" for name in batches.speakers.names for warp in speakers.WARPS]


def run():
    """Trains on, for WAVLM_STEPS steps in all or WAVLM_MINUTES from now."""
    CHECKPOINTS.mkdir(parents=True, exist_ok=True)
    batches = Batches()
    training = Training(STATE, voices_of(batches))
    if STATE.exists():
        training.load(STATE)
    else:
        start.take(training)
    end = time.time() + 60 * MINUTES
    training.run(batches, lambda: training.step >= STEPS or time.time() >= end)


def decay():
    """Takes the latest state to a finished model."""
    if not STATE.exists():
        raise RecipeError(f"{STATE} is missing; run the stage train first")
    batches = Batches()
    training = Training(FINAL, voices_of(batches))
    going_on = FINAL.exists() and torch.load(FINAL, map_location="cpu")["decayed"] < DECAY_STEPS
    training.load(FINAL if going_on else STATE)
    first = training.step - training.decayed

    def enough():
        training.decayed = training.step - first + 1
        return training.decayed > DECAY_STEPS

    training.run(batches, enough)
    training.judge()
