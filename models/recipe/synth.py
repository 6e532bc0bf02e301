"""Stage `synth`: says everything there is to say and keeps it as packs.

Packs are `words-*` (a row has label, voice) and `speech-*` (keyword-free; a row has voice), made
in shards so that an interrupted run only repeats the shard it was in. Shards run side by side in
WAVLM_JOBS processes.
"""

import os
import tempfile
import zlib
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass

import numpy as np

from . import clips, engines, text, voices
from .settings import KEYWORDS, RATE

LONGEST = 5 * RATE  # of one sentence; more adds nothing to a three-second task
ENDINGS = ("", ".", "!", "?", ",")


@dataclass(frozen=True)
class Plan:
    """How much is made for one split."""

    drawn: int  # random voices for words
    each_keyword: int
    unknown: int
    speakers: int  # random voices for speech
    utterances: int  # per speaker
    shards: int


PLANS = {
    "train": Plan(drawn=3000, each_keyword=2400, unknown=26000, speakers=1100, utterances=10, shards=8),
    "dev": Plan(drawn=60, each_keyword=60, unknown=120, speakers=60, utterances=28, shards=1),
    "test": Plan(drawn=100, each_keyword=100, unknown=200, speakers=60, utterances=28, shards=1),
}
# Per recorded voice; the sentences of held-out ones are the false-alarm and speaker tests.
RECORDED_KEYWORD, RECORDED_UNKNOWN, RECORDED_SENTENCES = 40, 500, 60
RECORDED_TEST_SENTENCES = 24


def _generator(name):
    return np.random.default_rng(zlib.crc32(name.encode()))


def espeak_words(name, split, shard):
    """Isolated keywords and other words, nearly every one in another voice."""
    plan, rng = PLANS[split], _generator(name)
    pool = voices.voices(engines.espeak_data(), split, plan.drawn)
    stock = len(pool) - plan.drawn
    engine, pack = engines.Espeak(), clips.Writer(name)
    labels = [k for k in KEYWORDS for _ in range(plan.each_keyword)] + ["_unknown_"] * plan.unknown
    for label in labels[shard :: plan.shards]:
        said = label if label in KEYWORDS else text.unknown_words(rng, split)
        limit = stock if rng.random() < 0.25 else len(pool)
        voice = pool[rng.integers(limit)]
        utterance = engine.say(
            said + str(rng.choice(ENDINGS, p=[0.4, 0.25, 0.15, 0.15, 0.05])),
            voice,
            rate=rng.integers(110, 240),
            pitch=rng.normal(50, 18),
            range_=rng.normal(50, 25),
        )
        pack.add(utterance, label=label, voice=voice.name, text=said)
    pack.save()


def espeak_speech(name, split, shard):
    """Sentences, some by every voice: speakers, keyword-free speech, voices to mix in."""
    plan, rng = PLANS[split], _generator(name)
    pool = voices.voices(engines.espeak_data(), split, plan.speakers)
    engine, pack = engines.Espeak(), clips.Writer(name)
    for voice in pool[shard :: plan.shards]:
        for _ in range(plan.utterances):
            said = text.sentence(rng, split)
            utterance = engine.say(
                said,
                voice,
                rate=voice.rate * rng.uniform(0.88, 1.14),
                pitch=voice.pitch + rng.uniform(-5, 5),
                range_=voice.range + rng.uniform(-8, 8),
            )
            pack.add(utterance, limit=LONGEST, voice=voice.name, text=said)
    pack.save()


def say_recorded(voice, requests, rng):
    """What a recorded voice makes of (text, label) pairs; isolated words vary more."""
    engine, engine_voice, pitch = voices.RECORDED[voice]
    stretches = [rng.uniform(0.75, 1.35) if label else rng.uniform(0.85, 1.15) for _, label in requests]
    with tempfile.TemporaryDirectory() as folder:
        if engine == "festival":
            pairs = [(said, stretch) for (said, _), stretch in zip(requests, stretches)]
            yield from engines.festival(engine_voice, pairs, folder)
            return
        for (said, label), stretch in zip(requests, stretches):
            if label:
                said, tone = said + str(rng.choice(ENDINGS[:4])), pitch * rng.uniform(0.82, 1.25)
            else:
                tone = pitch * rng.uniform(0.95, 1.06)
            yield engines.flite(engine_voice, said, stretch, tone, folder)


def recorded(name, voice):
    """What a recorded voice says in its own split: a `words-` and a `speech-` pack of its name."""
    rng = _generator(name)
    split = "test" if voice in voices.HELD_OUT_RECORDED else "train"
    words, speech = clips.Writer(f"words-{voice}"), clips.Writer(f"speech-{voice}")
    unknown = RECORDED_UNKNOWN if split == "train" else RECORDED_UNKNOWN // 4
    requests = [(k, k) for k in KEYWORDS for _ in range(RECORDED_KEYWORD)]
    requests += [(text.unknown_words(rng, split), "_unknown_") for _ in range(unknown)]
    requests += [(text.sentence(rng, split), None) for _ in range(RECORDED_SENTENCES)]
    for (said, label), utterance in zip(requests, say_recorded(voice, requests, rng)):
        if label:
            words.add(utterance, label=label, voice=voice, text=said)
        else:
            speech.add(utterance, limit=LONGEST, voice=voice, text=said)
    words.save()
    speech.save()


def recorded_test(name, voice):
    """Sentences no voice says in training, for telling recorded people apart."""
    rng, pack = _generator(name), clips.Writer(name)
    requests = [(text.sentence(rng, "test"), None) for _ in range(RECORDED_TEST_SENTENCES)]
    for (said, _), utterance in zip(requests, say_recorded(voice, requests, rng)):
        pack.add(utterance, limit=LONGEST, voice=voice, text=said)
    pack.save()


def words_packs(split):
    """Names of a split's espeak word packs."""
    return [f"words-{split}-{i}" for i in range(PLANS[split].shards)]


def speech_packs(split):
    """Names of a split's espeak speech packs."""
    return [f"speech-{split}-{i}" for i in range(PLANS[split].shards)]


def jobs():
    """Every shard, speech first: the stem needs nothing else."""
    order = []
    for split, plan in PLANS.items():
        shards = range(plan.shards)
        order += [(espeak_speech, f"speech-{split}-{i}", split, i) for i in shards]
    for voice in voices.RECORDED:
        order.append((recorded, f"speech-{voice}", voice))
    order += [(recorded_test, f"speech-test-{voice}", voice) for voice in voices.COMPARED]
    for split, plan in PLANS.items():
        order += [(espeak_words, f"words-{split}-{i}", split, i) for i in range(plan.shards)]
    return order


def run(only=None):
    """Makes every missing pack, or those of these names."""
    if unknown := set(only or ()) - {job[1] for job in jobs()}:
        raise ValueError(f"no job makes {sorted(unknown)}")
    missing = [job for job in jobs() if not clips.exists(job[1]) and (only is None or job[1] in only)]
    if not missing:
        return
    text.lexicon()  # a missing dictionary is told before any work starts
    with ProcessPoolExecutor(int(os.environ.get("WAVLM_JOBS", os.cpu_count() or 1))) as pool:
        running = [(name, pool.submit(make, name, *rest)) for make, name, *rest in missing]
        for name, future in running:
            future.result()
            print(f"synth: {name}", flush=True)
