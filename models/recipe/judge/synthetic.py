"""Synthesised voices held out whole: `dev` is for thresholds, `test` for reporting.

The words come clean, with noise at 10 dB over their whole length, and as a device in a room would record them.
"""

import numpy as np

from .. import warp
from ..augment import Surroundings, mix
from ..clips import to_float
from ..corpus import Corpus
from ..settings import RATE, SPEAKER_SECONDS
from .manifest import Tape
from .sound import in_silence, pause, trimmed

NOISY_DB = 10
SURROUNDINGS = {"dev": 902, "test": 901}
SEX = {"f": "women", "m": "men"}
ACCENT, FOREIGN = {"en-us": "american", "en-gb": "british"}, "foreign"
WORDS_OF_A_VOICE = 40
# Families of engines whose voices are told apart by sex and accent; the rest are one voice each.
MIXED = ("kokoro",)
SPEAKER_SOUNDS = 10
PERSONS = (0.85, 1.0, 1.17)  # pitch and vocal tract, times those of the voice
# Groups of speech. A third of the other words differ from a keyword by one sound.
SENTENCES, OTHER_WORDS = "speech", "other-words"


def group_of(row):
    """kokoro-women-american and so on, espeak, or the voice itself."""
    if row.engine in MIXED:
        return f"{row.engine}-{SEX[row.sex]}-{ACCENT.get(row.language, FOREIGN)}"
    return row.engine if row.engine == "espeak" else row.voice


class Rows:
    """The rows of one split, and surroundings that no training has seen."""

    def __init__(self, split):
        self.rows = Corpus.load().where(split=split)
        self.around = Surroundings(SURROUNDINGS[split])
        self.rng = np.random.default_rng(SURROUNDINGS[split])

    def keywords(self, engines, each=WORDS_OF_A_VOICE):
        """(row, its word in silence) of at most so many keywords of a voice."""
        counts = {}
        for row in self.rows.where(kind="keyword", engine=engines):
            counts[row.voice] = counts.get(row.voice, 0) + 1
            if counts[row.voice] <= each:
                yield row, in_silence(trimmed(to_float(row.samples())))

    def words(self, builder, engines):
        """Keywords of these engines, in silence, in noise, and in rooms."""
        for row, clean in self.keywords(engines):
            word, group = row.keywords[0], group_of(row)
            builder.add(clean, "word", word, group)
            noise = self.around.noise(self.rng, len(clean), babble=0)
            builder.add(at_db(clean, noise, NOISY_DB), "word", word, f"{group}-{NOISY_DB}dB")
            if row.engine in MIXED:
                builder.add(self.around.hear(self.rng, clean), "word", word, f"{group}-rooms")

    def speech(self, builder, engines):
        """Sentences and other words free of keywords, one after the other."""
        tapes = {}
        for row in self.rows.where(keyword_free=True, engine=engines):
            engine = row.engine if row.engine in (*MIXED, "espeak") else row.voice
            group = f"{OTHER_WORDS if row.kind == 'word' else SENTENCES}-{engine}"
            sound = trimmed(to_float(row.samples()))
            if sound is not None:
                tapes.setdefault(group, Tape(builder, group)).add(sound, pause(self.rng))
        for tape in tapes.values():
            tape.end()

    def speakers(self, builder, group, severity):
        """Three seconds at a time of neural voices, each as it is and as two other persons; severity of the surroundings,
        each time others. Variants of a formant synthesiser are no persons: they lie as near as one voice's recordings."""
        length, pending, made = int(SPEAKER_SECONDS * RATE), {}, {}
        for row in self.rows.where(engine=MIXED, kind=("sentence", "foreign", "phrase", "word")):
            sound = trimmed(to_float(row.samples()))
            if sound is None:
                continue
            for factor in PERSONS:
                who = f"{row.voice}-{round(100 * factor)}"
                if made.get(who, 0) == SPEAKER_SOUNDS:
                    continue
                waiting = np.concatenate([
                    pending.get(who, np.zeros(0, np.float32)), warp.voice(sound, factor, 1.0), np.zeros(RATE // 10, np.float32)
                ])  # fmt: skip
                while len(waiting) >= length and made.get(who, 0) < SPEAKER_SOUNDS:
                    builder.add(self.around.hear(self.rng, waiting[:length], severity), "speaker", who, group)
                    waiting, made[who] = waiting[length:], made.get(who, 0) + 1
                pending[who] = waiting


def at_db(clean, noise, decibels):
    """Noise over the whole recording; the speech stands this much above it, the silence around it left out."""
    speech = clean[RATE:-RATE]
    scaled = mix(speech, noise[: len(speech)], decibels) - speech
    return clean + noise * (np.std(scaled) / (np.std(noise[: len(speech)]) + 1e-9))
