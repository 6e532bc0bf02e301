"""What thresholds of phrases are chosen by: hours of speech of the dev voices and of the two people who may be trained on, in
rooms and without, and noise. No phrase of a user is likely to be in it, and nothing of the test is."""

import numpy as np

from ..augment import Surroundings
from ..clips import to_float
from ..corpus import Corpus
from ..settings import RATE
from ..speech import asterisk
from .manifest import Tape
from .phrases import sayings
from .sound import pause, trimmed
from .synthetic import SURROUNDINGS

SEED = 903
# engine, split, seconds of speech at most.
SPEECH = (("kokoro", "dev", 3600), ("espeak", "dev", 4500), ("asterisk", "train", 1800))
NOISE_SECONDS = 900
TEST_NOISE_SECONDS = 5700


def background(builder):
    """Speech, noise, and the phrases of the dev voices, said clearly."""
    asterisk.run()
    rng, around = np.random.default_rng(SEED), Surroundings(SEED)
    corpus = Corpus.load()
    for engine, split, seconds in SPEECH:
        tape = Tape(builder, f"background-{engine}", seed=None)
        rows, spent = corpus.where(engine=engine, split=split, keyword_free=True), 0
        for number in rng.permutation(len(rows)):
            sound = trimmed(to_float(rows[number].samples()))
            if sound is None or spent > seconds * RATE:
                continue
            spent += len(sound)
            tape.add(sound if rng.random() < 0.5 else around.hear(rng, sound), pause(rng))
        tape.end()
    _noise(builder, "background-noise", rng, around, NOISE_SECONDS)
    for group, phrase, clear, _ in sayings("dev", ("kokoro",)):
        builder.add(clear, "phrase", phrase, group)


def noise(builder):
    """Rooms in which nobody speaks, that no threshold was chosen by: noise of all kinds, and music."""
    seed = SURROUNDINGS["test"]
    _noise(builder, "noise-computed", np.random.default_rng(seed), Surroundings(seed), TEST_NOISE_SECONDS)


def _noise(builder, group, rng, around, seconds):
    tape = Tape(builder, group, seed=None)
    for _ in range(seconds // 10):
        tape.add(around.silence(rng, 10 * RATE))
    tape.end()
