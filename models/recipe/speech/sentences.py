"""Running speech: everyday sentences from a small grammar, public texts, and strings of random words.

Public texts are the Jargon File and the Devil's Dictionary (public domain), ChatterBot's dialogues
(BSD), Python's language reference and licence texts. Each piece belongs to one split, by a hash.
Sentences of dev and test hold no keyword, those of training may.
"""

import gzip
import re
from functools import lru_cache
from pydoc_data.topics import topics

from .. import text
from . import grammar, labels, sources

WORDS = (4, 16)
ENOUGH = 28  # characters; shorter pieces get company


def dialogues(language):
    """What is said in ChatterBot's dialogues, line by line."""
    folder = sources.pypi(sources.CHATTERBOT) / "chatterbot_corpus" / "data" / language
    lines = "\n".join(path.read_text(errors="ignore") for path in sorted(folder.glob("*.yml")))
    return [line.strip(" '\"") for line in re.findall(r"^(?:- - |  - )(.+)$", lines, re.M)]


def _dictionary(package, name):
    path = sources.debian(package) / "usr" / "share" / "dictd" / f"{name}.dict.dz"
    return gzip.decompress(path.read_bytes()).decode(errors="ignore")


def _prose():
    yield from topics.values()
    for path in sorted(text.LICENCES.glob("*")):
        yield path.read_text(errors="ignore")
    yield from (_dictionary("dict-jargon", "jargon"), _dictionary("dict-devil", "devil"))


def pieces(prose):
    """Stretches of plain words, with their last mark."""
    for paragraph in re.split(r"\n\s*\n", prose):
        flat = re.sub(r"[{}_“”\"]", "", " ".join(paragraph.split())).replace("’", "'")
        for piece in re.findall(r"[^.;:!?()\[\]]+[.!?]?", flat):
            if plain(piece := piece.strip(" -,")):
                yield piece


def plain(piece):
    """Whether it is a few words that any engine reads alike: no digits, abbreviations, lone letters."""
    if not re.fullmatch(r"[A-Za-z][A-Za-z ,'-]*[.!?]?", piece):
        return False
    words = piece.strip(".!?").replace(",", " ").split()
    lone = any(len(w) == 1 and w not in "aAI" for w in words)
    return WORDS[0] <= len(words) <= WORDS[1] and not lone and not re.search(r"[A-Z]{2}|['-]{2}", piece)


@lru_cache
def natural(split):
    """The public pieces of a split."""
    found = {piece for prose in _prose() for piece in pieces(prose)}
    found |= {line for line in dialogues("english") if plain(line)}
    own = sorted(piece for piece in found if text.split_of(piece) == split)
    return own if split == "train" else [piece for piece in own if labels.keyword_free(piece)]


def sentence(rng, split):
    """A few seconds of speech."""
    kind = rng.random()
    if kind < 0.2:
        return text.random_words(rng, split) + "."
    if kind < 0.5:
        said = grammar.sentence(rng)
        while split != "train" and not labels.keyword_free(said):
            said = grammar.sentence(rng)
        return said
    pool = natural(split)
    said = text.pick(rng, pool)
    while len(said) < ENOUGH:
        said += (" " if said[-1] in ".!?" else ", ") + text.pick(rng, pool)
    return said if said[-1] in ".!?" else said + "."
