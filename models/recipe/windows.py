"""A second of sound put together from clips, and what the words head should say about it.

The rule: a keyword that is almost wholly inside is the answer, of several the one nearest to the
middle; when none is, but one is about half inside, there is no answer and the window is drawn anew;
else other sound is the unknown word, and none is silence.
"""

from dataclasses import dataclass, field

import numpy as np

from .augment import place
from .settings import SILENCE, UNKNOWN, WINDOW

WHOLE, HALF = 0.9, 0.5  # of a keyword's length that lies inside


def seen(start, end, length):
    """The share of a span that lies inside of a window of this length."""
    return max(0, min(end, length) - max(start, 0)) / max(1, end - start)


def label_of(spans, length=WINDOW, heard=True):
    """The label of a window with these keywords, or None; `heard`: whether there is any speech."""
    shares = [(seen(start, end, length), word, (start + end) / 2) for word, start, end in spans]
    whole = [(abs(middle - length / 2), word) for share, word, middle in shares if share >= WHOLE]
    if whole:
        return min(whole)[1]
    if any(share > HALF for share, *_ in shares):
        return None
    return UNKNOWN if heard else SILENCE


@dataclass
class Piece:
    """A clip as floats, perhaps warped, with its spans and phones."""

    sound: np.ndarray
    spans: tuple = ()
    phones: tuple | None = None
    middles: tuple = ()  # (number, sample) of phones


@dataclass
class Scene:
    """Pieces placed in a window."""

    length: int = WINDOW
    sound: np.ndarray = None
    spans: list = field(default_factory=list)
    said: list = field(default_factory=list)  # (start, phones or None), cut pieces have None
    middles: list = field(default_factory=list)  # (number, sample) of phones that are heard
    heard: bool = False

    def __post_init__(self):
        self.sound = np.zeros(self.length, np.float32)

    def add(self, piece, start, gain=1.0):
        """Places a piece; what sticks out is cut."""
        end = start + len(piece.sound)
        if end <= 0 or start >= self.length:
            return
        self.sound += gain * place(piece.sound, start, self.length)
        self.spans += [(word, start + first, start + last) for word, first, last in piece.spans]
        self.middles += [(n, start + at) for n, at in piece.middles if 0 <= start + at < self.length]
        whole = start >= 0 and end <= self.length
        self.said.append((start, piece.phones if whole else None))
        self.heard = True

    def label(self):
        """See `label_of`."""
        return label_of(self.spans, self.length, self.heard)

    def phones(self):
        """All phones in order, or None when some are cut or not known."""
        if any(phones is None for _, phones in self.said):
            return None
        return [number for _, phones in sorted(self.said) for number in phones]
