"""espeak-ng in the corpus: hundreds of drawn voices with accents of English, and other languages."""

from dataclasses import dataclass, replace
from functools import lru_cache

from .. import engines, voices
from . import labels, packs
from .spoken import Spoken

DRAWN = {"train": 3000, "dev": 60, "test": 100}  # random voices, beside the stock variants


@dataclass(frozen=True)
class Speaker(voices.Voice):
    """A voice of espeak-ng as the corpus names it."""

    @property
    def sex(self):
        """As the variant file says."""
        return "f" if "gender female" in self.variant else "m" if "gender male" in self.variant else ""

    @property
    def language(self):
        """The accent of English, or the language."""
        return self.accent


@lru_cache
def speakers(split):
    """All voices of a split."""
    found = voices.voices(engines.espeak_data(), split, DRAWN[split])
    return [Speaker(**{**vars(voice), "name": f"espeak-{voice.name}"}) for voice in found]


class Engine:
    """Says requests by espeak-ng; a clip takes milliseconds."""

    def __init__(self):
        self.espeak = engines.shared_espeak()

    def say(self, requests, rng):
        """A `Spoken`, or None, for each request."""
        for request in requests:
            yield self.one(request, rng)

    def one(self, request, rng):
        """Isolated words vary more in manner than sentences."""
        voice, short = request.voice, request.kind in ("keyword", "word", "foreign-word")
        if request.language:
            voice = replace(voice, accent=request.language)
        utterance = self.espeak.say(
            request.text,
            voice,
            rate=rng.integers(90, 230) if short else voice.rate * rng.uniform(0.85, 1.18),
            pitch=rng.normal(50, 18) if short else voice.pitch + rng.uniform(-8, 8),
            range_=rng.normal(50, 25) if short else voice.range + rng.uniform(-10, 10),
        )
        if utterance is None:
            return None
        if request.kind in packs.FOREIGN:
            if labels.sounds_like_keyword(utterance.segments, utterance.words):
                return None
            return Spoken(utterance.samples)
        phones = labels.from_ipa(utterance.segments)
        return Spoken(utterance.samples, phones, labels.by_words(request.text, utterance.words))
