"""flite and festival in the corpus: voices that were cut or learnt from recordings of people."""

import tempfile
from dataclasses import dataclass

from .. import engines, voices
from . import labels
from .spoken import Spoken

WOMEN = ("flite-slt", "festival-slt")


@dataclass(frozen=True)
class Recorded:
    """A name of `voices.RECORDED`."""

    name: str

    @property
    def sex(self):
        """A man's voice raised to a woman's pitch is nobody's."""
        return "f" if self.name in WOMEN else "" if self.name.endswith("-high") else "m"

    @property
    def language(self):
        """awb is a Scot."""
        return "en-gb-scotland" if "awb" in self.name else "en-us"


class Engine:
    """Says the requests of one voice."""

    def say(self, requests, rng):
        """A `Spoken`, or None, for each request."""
        engine, voice, pitch = voices.RECORDED[requests[0].voice.name]
        short = [request.kind in ("keyword", "word") for request in requests]
        stretches = [rng.uniform(0.75, 1.35) if s else rng.uniform(0.85, 1.15) for s in short]
        tones = [pitch * (rng.uniform(0.82, 1.25) if s else rng.uniform(0.93, 1.08)) for s in short]
        with tempfile.TemporaryDirectory() as folder:
            if engine == "festival":
                pairs = [(request.text, stretch) for request, stretch in zip(requests, stretches)]
                utterances = engines.festival(voice, pairs, folder)
            else:
                utterances = (
                    engines.flite(voice, request.text, stretch, tone, folder)
                    for request, stretch, tone in zip(requests, stretches, tones)
                )
            for request, utterance in zip(requests, utterances):
                yield utterance and self.labelled(request, utterance)

    @staticmethod
    def labelled(request, utterance):
        """The utterance with its phones and keywords."""
        phones = labels.from_arpabet(utterance.segments)
        return Spoken(utterance.samples, phones, labels.by_phones(request.text, phones))
