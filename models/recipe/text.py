"""What is said: the keywords, words near them, other words, and sentences free of keywords.

Words come from the CMU dictionary (Debian's festlex-cmu), sentences from Python's own language
reference and from the licence texts every Debian system carries. Each text belongs to exactly one
split, by a hash, so that no test sentence or test word was ever heard in training.
"""

import re
import zlib
from functools import lru_cache
from pathlib import Path
from pydoc_data.topics import topics

from .settings import KEYWORDS, RecipeError

DICTIONARY = Path("/usr/share/festival/dicts/cmu/cmudict-0.4.out")
LICENCES = Path("/usr/share/common-licenses")

# The other words of Speech Commands, which users of that data set will meet as _unknown_.
SPEECH_COMMANDS = """bed bird cat dog happy house marvin sheila tree wow zero one two three four five
six seven eight nine backward forward follow learn visual""".split()

EVERYDAY = """water music kitchen window table paper people morning evening weather computer phone
lamp door open close play pause next previous volume louder quieter hello goodbye please thanks
sorry maybe never always red green blue black white orange purple monday tuesday friday sunday
april june august winter summer river mountain city street garden school teacher student doctor
mother father brother sister baby horse cow sheep pig chicken fish bread butter cheese milk coffee
tea sugar salt pepper knife spoon fork plate bottle glass box bag ball book pen pencil chair bench
floor wall roof car bus train plane boat bicycle hundred thousand million first second third fourth
fifth little large small quick slow fast early late hot cold warm cool wet dry clean dirty sad angry
tired hungry thirsty eat drink sleep walk run jump climb sing dance talk listen watch look see hear
touch smell taste think believe remember forget want need like love hate help make take bring carry
push pull throw catch buy sell pay cost money bank office market church hospital station hotel
airport machine engine wheel metal wood plastic rubber cotton wool silk leather gold silver copper
iron eleven twelve thirteen twenty thirty forty fifty system memory network device button signal
channel camera picture video record number letter word sentence language question answer problem
reason result minute hour day week month something anything everything nobody someone inside outside
between behind before after again another because although however yeah okay right-hand""".split()
EVERYDAY = [word for word in EVERYDAY if "-" not in word]

SPLITS = ("train",) * 8 + ("dev", "test")

# Vowels that some accent of English does not tell apart.
MERGED = {"ao": "aa", "ax": "ah", "ix": "ih", "el": "l", "en": "n"}


@lru_cache
def lexicon():
    """Word -> phones, with accents' mergers applied."""
    if not DICTIONARY.exists():
        raise RecipeError(f"{DICTIONARY} is missing; install the Debian package festlex-cmu")
    words = {}
    for line in DICTIONARY.read_text(errors="ignore").splitlines():
        entry = re.match(r'\("([a-z]{2,10})" \S+ (\(.*\))\)', line)
        if entry:
            phones = re.findall(r"[a-z]+", entry[2])
            words.setdefault(entry[1], tuple(MERGED.get(p, p) for p in phones))
    return words


def _within_one(a, b):
    """Whether one phone inserted, removed or replaced turns `a` into `b`."""
    if abs(len(a) - len(b)) > 1:
        return False
    start = 0
    while start < min(len(a), len(b)) and a[start] == b[start]:
        start += 1
    rest_a, rest_b = a[start:], b[start:]
    return rest_a[1:] == rest_b[1:] or rest_a[1:] == rest_b or rest_a == rest_b[1:]


@lru_cache
def confusable():
    """(words that sound like a keyword, words one phone away from one)."""
    words = lexicon()
    targets = {words[k] for k in KEYWORDS}
    same = {w for w, phones in words.items() if phones in targets} | set(KEYWORDS)
    near = {
        w
        for w, phones in words.items()
        if w not in same and any(_within_one(phones, target) for target in targets)
    }
    return same, near


def split_of(text):
    """train, dev or test: eight, one and one parts in ten."""
    return SPLITS[zlib.crc32(text.encode()) % len(SPLITS)]


@lru_cache
def other_words(split):
    """Isolated words for _unknown_: (near words, everyday words, the dictionary's)."""
    same, near = confusable()
    everyday = [w for w in SPEECH_COMMANDS * 3 + EVERYDAY if w not in same]
    wide = [w for w in sorted(lexicon()) if w not in same and split_of(w) == split]
    hard = [w for w in sorted(near) if split_of(w) == split]
    return hard, everyday, wide


def pick(rng, among):
    """One of a list."""
    return among[rng.integers(len(among))]


def unknown_words(rng, split):
    """One or two words that are no keyword."""
    hard, everyday, wide = other_words(split)
    said = pick(rng, (hard, everyday, wide)[rng.choice(3, p=(0.35, 0.25, 0.4))])
    if rng.random() < 0.2:
        said += " " + pick(rng, everyday if rng.random() < 0.5 else wide)
    return said


def random_words(rng, split):
    """Four to eight words that have nothing to do with each other, for a wider range of sounds."""
    _, everyday, wide = other_words(split)
    return " ".join(pick(rng, everyday if rng.random() < 0.6 else wide) for _ in range(rng.integers(4, 9)))


@lru_cache
def sentences(split):
    """Keyword-free stretches of 4 to 14 words of natural text."""
    same, _ = confusable()
    text = "\n\n".join(topics.values())
    for name in ("GPL-3", "Apache-2.0", "Artistic", "GFDL-1.3", "LGPL-2.1", "MPL-2.0", "CC0-1.0"):
        if (LICENCES / name).exists():
            text += "\n\n" + (LICENCES / name).read_text(errors="ignore")
    found = set()
    for piece in re.split(r"[.;:!?()]\s|\n\s*\n|,\s", text):
        words = piece.lower().split()
        if not 4 <= len(words) <= 14 or re.search(r"[^a-z\s',-]", " ".join(words)):
            continue
        bare = {w.strip("',-") for w in words}
        if bare & same or any(part in same for w in bare for part in w.split("-")):
            continue
        if any(len(w) == 1 and w not in ("a", "i") for w in bare):
            continue
        found.add(" ".join(words))
    return sorted(s for s in found if split_of(s) == split)


def sentence(rng, split):
    """A stretch of natural text, or of random words for a wider range of sounds."""
    if rng.random() < 0.35:
        return random_words(rng, split)
    pool = sentences(split)
    said = pick(rng, pool)
    while len(said) < 28:
        said += ", " + pick(rng, pool)
    return said
