"""How Kokoro is told what to say: phonemes of espeak-ng in the spelling that Kokoro learnt.

Keywords are spelt by hand, since the default spelling of a lone "on" or "no" is that of a weak
word; and they are kept apart from the text around them, so that it is known which phonemes are theirs.
"""

import re

from ..settings import KEYWORDS
from . import labels, phones

AMERICAN = {"yes": "jˈɛs", "no": "nˈO", "up": "ˈʌp", "down": "dˈWn", "left": "lˈɛft", "right": "ɹˈIt",
            "on": "ˈɔn", "off": "ˈɔf", "stop": "stˈɑp", "go": "ɡˈO"}  # fmt: skip
BRITISH = AMERICAN | {"no": "nˈQ", "on": "ˈɒn", "off": "ˈɒf", "stop": "stˈɒp", "go": "ɡˈQ"}
# Others' ways, picked at times: the merger of cot and caught, and a Londoner's short "off".
AMERICAN_OTHERS = {"on": "ˈɑn", "off": "ˈɑf"}

# As Kokoro's own front end (misaki) rewrites espeak-ng; ^ ties two symbols into one sound.
COMMON = (
    ("ʔˌn\u0329", "tᵊn"), ("ʔn\u0329", "tᵊn"), ("ʔn", "tᵊn"), ("ʔ", "t"), ("a^ɪ", "I"), ("a^ʊ", "W"),
    ("d^ʒ", "ʤ"), ("e^ɪ", "A"), ("t^ʃ", "ʧ"), ("ɔ^ɪ", "Y"), ("ə^l", "ᵊl"), ("ʲo", "jo"), ("ʲə", "jə"),
    ("ʲ", ""), ("ɚ", "əɹ"), ("r", "ɹ"), ("x", "k"), ("ç", "k"), ("ɐ", "ə"), ("ɬ", "l"), ("\u0303", ""),
)  # fmt: skip
TO_AMERICAN = (("o^ʊ", "O"), ("ɜːɹ", "ɜɹ"), ("ɜː", "ɜɹ"), ("ɪə", "iə"), ("e^ə", "ɛ"), ("ː", ""))
TO_BRITISH = (("e^ə", "ɛː"), ("iə", "ɪə"), ("ə^ʊ", "Q"))

PIECES = re.compile(r"([,.;:!?…—])")


def respell(ipa, british):
    """espeak-ng's IPA (tied with ^) in Kokoro's symbols."""
    for old, new in COMMON + (TO_BRITISH if british else TO_AMERICAN):
        ipa = ipa.replace(old, new)
    ipa = re.sub(r"(\S)\u0329", r"ᵊ\1", ipa).replace("\u0329", "")
    return ipa.replace("e", "A").replace("^", "").replace("-", "")


def segments(text):
    """[(piece, keyword or None)]: each keyword by itself, and what stands between."""
    found, between = [], []
    for token in text.split():
        word = labels.bare(token)
        if word in KEYWORDS:
            if between:
                found.append((" ".join(between), None))
                between = []
            found.append((token, word))
        else:
            between.append(token)
    if between:
        found.append((" ".join(between), None))
    return found


class Speller:
    """Text to Kokoro's phonemes, by way of espeak-ng."""

    def __init__(self, espeak):
        self.espeak = espeak

    def plain(self, text, british):
        """Phonemes of a piece that holds no keyword; punctuation stays."""
        said = []
        for piece in PIECES.split(text):
            if PIECES.fullmatch(piece):
                if said:
                    said[-1] += piece
            elif piece.strip(" '\"“”‘’()-"):
                said.append(respell(self.espeak.ipa(piece, "en" if british else "en-us"), british))
        return " ".join(said)

    def foreign(self, text, language):
        """Phonemes of another language with those of English for what Kokoro has not; "" if a word sounds like a keyword."""
        said = respell(self.espeak.ipa(text, language), british=False)
        for word in said.split():
            if tuple(phone for phone, *_ in phones.parse(word) or ()) in labels.SOUNDS:
                return ""
        return said

    def spell(self, text, british, stressed=True, rng=None):
        """(phonemes, [(keyword, start, end)]) with the characters that are the keyword's."""
        said, spans = "", []
        for piece, keyword in segments(text):
            said += " " if said else ""
            if keyword is None:
                said += self.plain(piece, british)
                continue
            ipa = (BRITISH if british else AMERICAN)[keyword]
            if rng is not None and not british and rng.random() < 0.3:
                ipa = AMERICAN_OTHERS.get(keyword, ipa)
            ipa = ipa if stressed else ipa.replace("ˈ", "ˌ")
            spans.append((keyword, len(said), len(said) + len(ipa)))
            said += ipa + "".join(PIECES.findall(piece[1:]))
        return said, spans
