"""Stage `mine`: what the present model takes for a keyword in speech that holds none.

The spotter's windows run over the keyword-free speech of training; the worst ones go into a pool that
the words head sees more often. Run it now and then; the next start of `train` uses the new pool.
"""

import json

import numpy as np
import torch

from . import sliding
from .clips import to_float
from .material import Material
from .settings import BANKS, RecipeError
from .telling import Every
from .training import STATE, Training

FILE = BANKS / "mined.jsonl"
LEAST = 0.25  # of a keyword's probability, averaged as the spotter does
MOST = 6000  # windows kept, the worst ones
CLIPS, TOGETHER = 12000, 64  # of speech and other words that are listened to, and how many at once
TELL_SECONDS = 60


def pool(material):
    """(clip, first sample) of each mined window that the corpus still has; a window may begin before its clip."""
    if not FILE.exists():
        return []
    clips = named(material)
    found = []
    with open(FILE) as file:
        for line in file:
            entry = json.loads(line)
            clip = clips.get((entry["voice"], entry["number"]))
            if clip is not None and len(clip.samples) == entry["length"]:
                found.append((clip, entry["first"]))
    return found


def named(material):
    """Clips by voice and number; shards only grow, so a number stays with its clip."""
    return {(voice, i): clip for voice, clips in material.voices.items() for i, clip in enumerate(clips)}


def run():
    """Listens to the speech of training with the averaged weights."""
    if not STATE.exists():
        raise RecipeError(f"{STATE} is missing; run the stage train first")
    saved = torch.load(STATE, map_location="cpu")
    training = Training(STATE, saved["voices"])
    training.load(STATE)
    listener = training.averaged().listener
    clips = [(name, clip) for name, clip in named(Material.of("train")).items() if clip.keyword_free]
    found, telling = [], Every(TELL_SECONDS)
    order = np.random.default_rng(training.step).permutation(len(clips))[:CLIPS]
    for done in range(0, len(order), TOGETHER):
        heard = [clips[index] for index in order[done : done + TOGETHER]]
        scores = sliding.chances_in_each(listener, [to_float(clip.samples) for _, clip in heard])
        for ((voice, number), clip), own in zip(heard, scores):
            for score, word, at in sliding.alarms(sliding.smoothed(own)):
                if score >= LEAST:
                    first = (at - sliding.SMOOTHED // 2) * sliding.HOP - sliding.BEFORE
                    found.append((score, voice, number, first, len(clip.samples), word))
        if telling.is_due():
            print(f"mine: {done} of {len(order)} clips, {len(found)} windows", flush=True)
    BANKS.mkdir(parents=True, exist_ok=True)
    part = FILE.with_suffix(".part")
    with open(part, "w") as file:
        for score, voice, number, first, length, word in sorted(found, reverse=True)[:MOST]:
            entry = dict(score=score, voice=voice, number=number, first=first, length=length, word=word)
            file.write(json.dumps(entry) + "\n")
    part.rename(FILE)
    print(f"mine: {len(found)} windows in {len(order)} clips", flush=True)
