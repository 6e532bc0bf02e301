"""Other languages: text for espeak-ng's voices, so that nothing they say is one of our words.

Text is ChatterBot's dialogues (BSD) and the translations of Django's messages (BSD). Languages in
which a common word is, or sounds like, one of the keywords are left out: Spanish, Italian, Catalan,
Galician (no), Esperanto (jes), Polish (on), Japanese (no, go). Where a single word happens to have
the sounds of a keyword, the utterance is dropped when it has been said, by its phonemes.
"""

import gettext
import re
from functools import lru_cache

from .. import text
from . import sentences, sources

# espeak-ng's voice: (folder of dialogues, locale of translations)
LANGUAGES = {
    "af": ("", "af"), "ar": ("", "ar"), "az": ("", "az"), "bg": ("", "bg"),
    "bn": ("bengali", "bn"), "bs": ("", "bs"), "cmn": ("chinese", "zh_Hans"), "cs": ("", "cs"),
    "cy": ("", "cy"), "da": ("", "da"), "de": ("german", "de"), "el": ("", "el"), "et": ("", "et"),
    "eu": ("", "eu"), "fa": ("persian", "fa"), "fi": ("", "fi"), "fr": ("french", "fr"), "ga": ("", "ga"),
    "gd": ("", "gd"), "he": ("hebrew", "he"), "hi": ("hindi", "hi"), "hr": ("", "hr"), "hu": ("", "hu"),
    "hy": ("", "hy"), "id": ("indonesian", "id"), "is": ("", "is"), "ka": ("", "ka"), "kk": ("", "kk"),
    "kn": ("", "kn"), "ko": ("korean", "ko"), "ky": ("", "ky"), "lb": ("", "lb"), "lt": ("", "lt"),
    "lv": ("", "lv"), "mk": ("", "mk"), "ml": ("", "ml"), "mr": ("marathi", "mr"), "ms": ("", "ms"),
    "nb": ("", "nb"), "ne": ("", "ne"), "nl": ("dutch", "nl"), "pt": ("portuguese", "pt"), "ro": ("", "ro"),
    "ru": ("russian", "ru"), "sk": ("", "sk"), "sl": ("", "sl"), "sq": ("", "sq"), "sr": ("", "sr"),
    "sv": ("swedish", "sv"), "sw": ("", "sw"), "ta": ("tamil", "ta"), "te": ("telugu", "te"),
    "tk": ("", "tk"), "tr": ("turkish", "tr"), "tt": ("", "tt"), "uk": ("ukrainian", "uk"),
    "ur": ("urdu", "ur"), "uz": ("", "uz"), "vi": ("", "vi"),
}  # fmt: skip
LETTERS = (15, 90)  # of a piece
LONGEST = 16  # letters of one or two words; some languages do not part them
EDGES = "\"'.,;:!?()-"
ENOUGH = 40  # letters; a shorter piece gets another beside it


def _translations(locale):
    root = sources.pypi(sources.DJANGO) / "django"
    for path in sorted(root.glob(f"**/locale/{locale}/LC_MESSAGES/*.mo")):
        with open(path, "rb") as file:
            catalogue = gettext.GNUTranslations(file)._catalog
        for original, said in catalogue.items():
            if original and isinstance(said, str) and said != original:
                yield from re.split(r"[\n\0]", said)


@lru_cache
def lines(language, split):
    """A language's pieces of a split."""
    dialogue, locale = LANGUAGES[language]
    found = set(_translations(locale)) | set(sentences.dialogues(dialogue) if dialogue else ())
    flat = {re.sub(r"%\(\w+\)\w|[%{}<>\"“”«»„]\w*|[…]", "", line).strip() for line in found}
    usable = [line for line in flat if LETTERS[0] <= len(line) <= LETTERS[1] and "://" not in line]
    return sorted(line for line in usable if text.split_of(line) == split)


def words(rng, split):
    """(language, one or two words of it)"""
    names = sorted(LANGUAGES)
    language = text.pick(rng, names)
    said = text.pick(rng, lines(language, split)).split()
    first, count = rng.integers(len(said)), 1 if rng.random() < 0.6 else 2
    return language, " ".join(said[first : first + count]).strip(EDGES)[:LONGEST]


def utterance(rng, split):
    """(language, text)"""
    names = sorted(LANGUAGES)
    language = text.pick(rng, names)
    pool = lines(language, split)
    said = text.pick(rng, pool)
    if len(said) < ENOUGH:
        said += ", " + text.pick(rng, pool)
    return language, said
