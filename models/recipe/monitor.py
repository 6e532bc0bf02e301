"""How well a model does on the dev voices: figures for the training's curve, never for the card.

Dev voices are in no training batch, and no voice of the test is among them.
"""

import numpy as np
import torch

from . import phones, sliding
from .augment import Surroundings, place
from .clips import to_float
from .feed import generator
from .machine import on_device
from .material import DEV_SURROUNDINGS, Material, family
from .metrics import equal_error, trials
from .settings import KEYWORDS, RATE
from .speakers import FORMULA, LENGTH, families

KEYWORD_CLIPS, OTHER_CLIPS, SPELT_CLIPS, SPEAKER_SOUNDS = 240, 160, 60, 4
SPEECH_HOURS = 0.5
RATES = (1, 2, 5, 10, 20)  # false alarms per hour at which hits are counted
AROUND_S = 1.0  # silence on either side of a keyword


def alone(rng, around, clip, noisy):
    """A clip with silence around it, clean or as a device would hear it."""
    margin = int(AROUND_S * RATE)
    sound = place(to_float(clip.samples), margin, len(clip.samples) + 2 * margin)
    return around.hear(rng, sound) if noisy else sound


def pick(rng, clips, count):
    """So many of them, half from Kokoro where there are enough, in a fixed order."""
    neural = [clip for clip in clips if family(clip.engine) == "kokoro"]
    others = [clip for clip in clips if family(clip.engine) != "kokoro"]
    half = [pool[i] for pool in (neural, others) for i in rng.permutation(len(pool))[: count // 2]]
    return half


def words(listener, material, around):
    """Hits of isolated keywords against false alarms per hour of keyword-free speech."""
    rng = generator("monitor", 1)
    clips = pick(rng, [clip for pool in material.keywords.values() for clip in pool], KEYWORD_CLIPS)
    best = {(engine, noisy): [] for engine in ("kokoro", "espeak") for noisy in (False, True)}
    right = []
    for clip in clips:
        word = KEYWORDS.index(clip.spans[0][0])
        for noisy in (False, True):
            raw = sliding.chances(listener, alone(rng, around, clip, noisy))
            best[family(clip.engine), noisy].append(sliding.smoothed(raw)[:, word].max())
            right.append(raw[:, : len(KEYWORDS)].max(0).argmax() == word)
    others = pick(rng, list(material.others), OTHER_CLIPS)
    unknown = [
        sliding.smoothed(sliding.chances(listener, alone(rng, around, clip, False)))[:, : len(KEYWORDS)].max()
        for clip in others
    ]
    speech = list(material.speech)
    order = rng.permutation(len(speech))
    scores, seconds = [], 0.0
    for index in order:
        sound = to_float(speech[index].samples)
        scores += [score for score, _, _ in sliding.alarms(sliding.smoothed(sliding.chances(listener, sound)))]
        seconds += len(sound) / RATE
        if seconds > SPEECH_HOURS * 3600:
            break
    scores = np.sort(scores)[::-1]
    figures = {"forced choice": float(np.mean(right)), "hours": seconds / 3600}
    for rate in RATES:
        allowed = int(rate * seconds / 3600)
        threshold = scores[allowed] + 1e-6 if allowed < len(scores) else 0.05
        hits = {f"{k}{' noisy' if n else ''}": float(np.mean(np.array(v) >= threshold)) for (k, n), v in best.items() if v}
        wrong = float(np.mean(np.array(unknown) >= threshold))
        figures[f"at {rate}/h"] = {"threshold": round(float(threshold), 3), **hits, "other words": wrong}
    return figures


@torch.inference_mode()
def spelling(listener, material, around):
    """Phone error rate of dev clips, clean."""
    rng = generator("monitor", 2)
    wrong = count = 0
    for clip in pick(rng, [c for c in material.spelt if len(c.samples) > RATE], SPELT_CLIPS):
        logits = listener.phone_logits(on_device(to_float(clip.samples))[None])
        heard = phones.decode(logits[0].argmax(-1).tolist())
        said = [phones.SYMBOLS[number] for number in clip.phones]
        wrong, count = wrong + phones.distance(said, heard), count + len(said)
    return {"phone error rate": wrong / max(1, count)}


@torch.inference_mode()
def speakers(listener, material, around):
    """Equal error rate of dev voices, three seconds, as a device hears them."""
    rng = generator("monitor", 3)
    by_family = families(material)
    formula = by_family.pop(FORMULA, [])
    natural = [voice for voices in by_family.values() for voice in voices]
    embeddings, labels = [], []
    for name in natural + formula[:40]:
        sound = np.concatenate([to_float(clip.samples) for clip in material.voices[name]])
        for _ in range(SPEAKER_SOUNDS):
            first = int(rng.integers(0, max(1, len(sound) - LENGTH)))
            heard = around.hear(rng, place(sound[first : first + LENGTH], 0, LENGTH), severity=0.5)
            embeddings.append(listener.embeddings(on_device(heard)[None])[0].cpu().numpy())
            labels.append(name)
    rate, _ = equal_error(*trials(np.array(embeddings), labels))
    return {"equal error rate": rate, "voices": len(set(labels))}


def figures(learner):
    """All of it."""
    listener, material = learner.listener, Material.of("dev")
    around = Surroundings(DEV_SURROUNDINGS)
    return {part.__name__: part(listener, material, around) for part in (words, spelling, speakers)}
