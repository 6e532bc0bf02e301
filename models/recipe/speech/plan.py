"""What is said, by whom, in which order: rounds of shards, so that any beginning is a balanced corpus.

Everything is drawn from the shard's name, so a shard that is made again is the same, and one that is
made later does not depend on those before it.
"""

import zlib
from dataclasses import dataclass

import numpy as np

from .. import text, voices
from ..settings import KEYWORDS
from . import formant, languages, phrases, piper, recorded, sentences, styles

ROUNDS = 24
HELD_KEYWORD_ROUNDS = 4  # a held-out voice says each keyword in this many rounds
RECORDED_TEST_ROUNDS = 6
PIPER_ROUNDS = 3
AHEAD = 3  # the rounds of the cheap engines that are made before Kokoro's first
ESPEAK_AMOUNT = {"train": 300, "dev": 60, "test": 60}
ENDINGS = (".", "!", "?", ",", "…")
ENDING_CHANCES = (0.45, 0.2, 0.15, 0.1, 0.1)
HELD_OUT = ("dev", "test")
NEW_BLENDS = 40  # of a round
NEW_VOICES = 120  # drawn ones, of a round; each says one sentence, the shortest of SENTENCES, so that an hour holds many
SENTENCES = 3


@dataclass(frozen=True)
class Request:
    """One utterance."""

    kind: str  # keyword, phrase, word, sentence, foreign, foreign-word
    text: str
    voice: object  # has name, sex, language
    split: str
    language: str = ""  # of the text, where it is another than the voice's


def generator(name):
    """The random numbers of a shard or block."""
    return np.random.default_rng(zlib.crc32(name.encode()))


def _ended(rng, said):
    return said + str(rng.choice(ENDINGS, p=ENDING_CHANCES))


def keywords(rng, speakers, split):
    """Every keyword by every speaker, alone."""
    return [Request("keyword", _ended(rng, word), s, split) for s in speakers for word in KEYWORDS]


def words(rng, speakers, split):
    """Another word by each speaker, a third of them near a keyword."""
    return [Request("word", _ended(rng, text.unknown_words(rng, split)), s, split) for s in speakers]


def in_phrases(rng, speakers, split):
    """Keywords among other words."""
    return [Request("phrase", phrases.phrase(rng), speaker, split) for speaker in speakers]


def running(rng, speakers, split):
    """A sentence by each speaker."""
    return [Request("sentence", sentences.sentence(rng, split), s, split) for s in speakers]


def foreign(rng, speakers, split):
    """A sentence of another language by each speaker."""
    made = []
    for speaker in speakers:
        language, said = languages.utterance(rng, split)
        made.append(Request("foreign", said, speaker, split, language))
    return made


def foreign_words(rng, speakers, split):
    """One or two words of another language by each speaker, whose own language may be another."""
    made = []
    for speaker in speakers:
        language, said = languages.words(rng, split)
        made.append(Request("foreign-word", said, speaker, split, language))
    return made


def _kokoro(number, block, rng):
    own, first = styles.styles("train"), number == 0
    blends = [styles.blend(NEW_BLENDS * number + i) for i in range(NEW_BLENDS)]
    mixed = [text.pick(rng, own if rng.random() < 0.4 else blends) for _ in range(250)]
    if block == "styles":
        return keywords(rng, own if first else [own[i] for i in rng.permutation(len(own))[:12]], "train")
    if block == "blends":
        return keywords(rng, blends if first else blends[:20], "train")
    if block == "voices":
        return _shortly(rng, [styles.drawn(NEW_VOICES * number + i) for i in range(NEW_VOICES)])
    if block == "held":
        return [r for split in HELD_OUT for r in _kokoro_held(number, split, rng)]
    say, count = {"words": (words, 250), "phrases": (in_phrases, 130), "sentences": (running, 130),
                  "foreign": (foreign_words, 150)}[block]
    if first and block in ("phrases", "sentences"):
        count //= 2
    return say(rng, mixed[:count], "train")


def _shortly(rng, speakers):
    """A short sentence by each speaker."""
    made = []
    for speaker in speakers:
        said = min((sentences.sentence(rng, "train") for _ in range(SENTENCES)), key=len)
        made.append(Request("sentence", said, speaker, "train"))
    return made


def _kokoro_held(number, split, rng):
    speakers = styles.styles(split)
    made = words(rng, speakers * 2, split) + running(rng, speakers * (3 if split == "dev" else 1), split)
    if number < HELD_KEYWORD_ROUNDS:
        made += keywords(rng, speakers, split)
    if number % 3 == 1:
        made += in_phrases(rng, speakers * 2, split)
    return made


def _espeak(_number, block, rng):
    return [r for split, count in ESPEAK_AMOUNT.items() for r in _espeak_split(block, split, count, rng)]


def _espeak_split(block, split, count, rng):
    pool = formant.speakers(split)

    def some(number):
        return [text.pick(rng, pool) for _ in range(number)]

    if block == "sentences":
        return running(rng, some(count), split)
    if block == "foreign":
        return foreign(rng, some(count), split)
    if block == "foreign-words":
        return foreign_words(rng, some(2 * count), split)
    made = [
        Request("keyword", _ended(rng, text.pick(rng, KEYWORDS)), speaker, split)
        for speaker in some(2 * count)
    ]
    return made + words(rng, some(2 * count), split) + in_phrases(rng, some(count), split)


def _recorded(number, block, rng):
    voice = recorded.Recorded(block)
    split = "test" if block in voices.HELD_OUT_RECORDED else "train"
    if split == "test" and number >= RECORDED_TEST_ROUNDS:
        return []
    return (
        keywords(rng, [voice], split)
        + words(rng, [voice] * 16, split)
        + in_phrases(rng, [voice] * 8, split)
        + running(rng, [voice] * 8, split)
    )


def _piper(number, _block, rng):
    if number >= PIPER_ROUNDS:
        return []
    voice = piper.Joe()
    return (
        keywords(rng, [voice], "test")
        + words(rng, [voice] * 10, "test")
        + running(rng, [voice] * 10, "test")
    )


# engine: (what lists the requests of a block, {block: utterances in a shard})
ENGINES = {
    "espeak": (_espeak, {"words": 400, "sentences": 100, "foreign": 100, "foreign-words": 200}),
    "recorded": (_recorded, dict.fromkeys(voices.RECORDED, 60)),
    "piper": (_piper, {"joe": 60}),
    "kokoro": (
        _kokoro,
        {"styles": 100, "held": 100, "words": 100, "blends": 100, "foreign": 75, "phrases": 70, "sentences": 40,
         "voices": 60},
    ),
}


def shards(number, engine):
    """(name, requests) of each shard of an engine's round, in the order in which they are made."""
    listed, blocks = ENGINES[engine]
    for block, size in blocks.items():
        name = f"{engine}-{number:02}-{block}"
        rng = generator(name)
        requests = listed(number, block, rng)
        order = rng.permutation(len(requests))
        for index, start in enumerate(range(0, len(requests), size)):
            yield f"{name}-{index:02}", [requests[i] for i in order[start : start + size]]


def order(rounds):
    """(round, engine), in order: Kokoro comes AHEAD rounds after the cheap engines."""
    for number in range(rounds + AHEAD):
        if number < rounds:
            yield from ((number, engine) for engine in ENGINES if engine != "kokoro")
        if number >= AHEAD:
            yield number - AHEAD, "kokoro"
