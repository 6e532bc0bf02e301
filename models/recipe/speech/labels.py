"""Which phones were said when, and where the keywords are, from what an engine tells of its utterance."""

from itertools import pairwise

from ..settings import KEYWORDS
from ..text import confusable
from . import phones

PRONUNCIATIONS = {
    "yes": ("Y EH S",), "no": ("N OW",), "up": ("AH P",), "down": ("D AW N",), "left": ("L EH F T",),
    "right": ("R AY T",), "on": ("AA N", "AO N"), "off": ("AO F", "AA F"), "stop": ("S T AA P",),
    "go": ("G OW",),
}  # fmt: skip
SOUNDS = {tuple(said.split()): word for word, ways in PRONUNCIATIONS.items() for said in ways}
MARKS = "\"'“”‘’,.;:!?…—()-"


def bare(token):
    """A word without the marks around it."""
    return token.strip(MARKS).lower()


def said_keywords(text):
    """The keywords of a text, in order."""
    return [word for token in text.split() if (word := bare(token)) in KEYWORDS]


def keyword_free(text):
    """Whether neither a keyword nor a word that sounds like one is in the text."""
    same, _ = confusable()
    return not any(part in same for token in text.split() for part in bare(token).split("-"))


def spread(names, start, end):
    """(phone, start, end) of phones that share a span evenly."""
    edges = [start + (end - start) * i / len(names) for i in range(len(names) + 1)]
    return [(name, *span) for name, span in zip(names, pairwise(edges))]


def from_ipa(segments):
    """Timed phones of espeak-ng's segments; none when one of them is not English."""
    found = []
    for symbol, start, end in segments:
        parsed = phones.parse(symbol)
        if parsed is None:
            return []
        if parsed:
            found += spread([phone for phone, *_ in parsed], start, end)
    return found


def from_arpabet(segments):
    """Timed phones of flite's or festival's segments."""
    found = []
    for name, start, end in segments:
        if names := phones.arpabet(name):
            found += spread(names, start, end)
    return found


def untimed(text):
    """The text's keywords without their times."""
    return [(word, None, None) for word in said_keywords(text)]


def by_words(text, timed_words):
    """Keywords with the times of an engine's words; without, should the two not agree."""
    found = [(word, start, end) for said, start, end in timed_words if (word := bare(said)) in KEYWORDS]
    return found if [word for word, *_ in found] == said_keywords(text) else untimed(text)


def by_phones(text, timed_phones):
    """Keywords at the places where their phones are; without times, should there be more or fewer."""
    names, found = [phone for phone, *_ in timed_phones], []
    for at in range(len(names)):
        for sounds, word in SOUNDS.items():
            if tuple(names[at : at + len(sounds)]) == sounds:
                found.append((word, timed_phones[at][1], timed_phones[at + len(sounds) - 1][2]))
    return found if [word for word, *_ in found] == said_keywords(text) else untimed(text)


def sounds_like_keyword(segments, timed_words):
    """Whether a word of another language has just the phones of a keyword."""
    for _, start, end in timed_words:
        own = from_ipa([s for s in segments if start <= s[1] < end])
        if tuple(phone for phone, *_ in own) in SOUNDS:
            return True
    return False
