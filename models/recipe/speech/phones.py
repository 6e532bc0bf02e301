"""ARPAbet with stress folded: the 39 phones every label is written in, and how other notations map to it.

One table reads IPA as espeak-ng writes it and as Kokoro was trained on it (single letters for
diphthongs). It is meant for English in any accent; a symbol it does not know means that the text was
not English, and there are no phones then.
"""

PHONES = """AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V
W Y Z ZH""".split()

# Longest symbols first when reading. Kokoro's letters: A I O Q W Y are diphthongs, ᵊ a faint schwa.
IPA = {
    "p": "P", "b": "B", "t": "T", "d": "D", "k": "K", "ɡ": "G", "g": "G", "f": "F", "v": "V", "θ": "TH",
    "ð": "DH", "s": "S", "z": "Z", "ʃ": "SH", "ʒ": "ZH", "h": "HH", "m": "M", "n": "N", "ŋ": "NG", "l": "L",
    "ɫ": "L", "ɬ": "L", "r": "R", "ɹ": "R", "ɻ": "R", "j": "Y", "w": "W", "ʍ": "W", "x": "K", "ç": "HH",
    "ɾ": "T", "ʔ": "T", "aɪə": "AY AH", "aɪɚ": "AY ER", "aʊə": "AW AH", "ei": "EY", "ʌʉ": "OW", "əu": "OW",
    "ɑə": "AA AH", "əl": "AH L", "tʃ": "CH", "ʧ": "CH", "dʒ": "JH", "ʤ": "JH", "i": "IY", "iː": "IY",
    "ɪ": "IH", "ᵻ": "IH", "ɨ": "IH", "y": "UW", "ʉ": "UW", "ʉː": "UW", "e": "EH", "eː": "EY", "ɛ": "EH",
    "ɛː": "EH", "æ": "AE", "a": "AE", "aː": "AA", "ɑ": "AA", "ɑː": "AA", "ɒ": "AA", "ɒː": "AO", "ɔ": "AO",
    "ɔː": "AO", "o": "OW", "oː": "OW", "ʊ": "UH", "u": "UW", "uː": "UW", "ʌ": "AH", "ə": "AH", "əː": "ER",
    "ɐ": "AH", "ɐː": "AA", "ᵊ": "AH", "ɘ": "AH", "ɵ": "UH", "ɜ": "ER", "ɜː": "ER", "ɜɹ": "ER", "ɜːɹ": "ER",
    "ɚ": "ER", "ɝ": "ER", "əɹ": "ER", "A": "EY", "I": "AY", "O": "OW", "Q": "OW", "W": "AW", "Y": "OY",
    "eɪ": "EY", "ɛɪ": "EY", "aɪ": "AY", "ɑɪ": "AY", "ʌɪ": "AY", "ɑːɪ": "AY", "əɪ": "AY", "ɔɪ": "OY",
    "ɔːɪ": "OY", "oɪ": "OY", "oʊ": "OW", "əʊ": "OW", "ɔʊ": "OW", "ʌʊ": "OW", "aʊ": "AW", "æʊ": "AW",
    "ɑʊ": "AW", "ɛʊ": "AW", "iə": "IY AH", "ɪə": "IH AH", "eə": "EH AH", "ɛə": "EH AH", "ʊə": "UH AH",
    "uə": "UW AH", "oə": "AO AH", "ɔə": "AO AH",
}  # fmt: skip
LONGEST = max(map(len, IPA))
BEFORE = "ˈˌ'"  # stress marks belong to the phone after them
AFTER = "ːˑ\u0329\u032a\u032f\u0303ʰʲ\u02de:"  # marks that belong to the phone before them
PAUSES = ' ,.!?;…—\u200d_|-"()“”'

# Festival's and flite's names that ARPAbet has not, in their American and British voices.
OTHER_NAMES = {"AX": "AH", "AXR": "ER", "IX": "IH", "EL": "AH L", "EM": "AH M", "EN": "AH N", "NX": "N",
               "DX": "T", "HV": "HH", "UX": "UW", "H": "HH"}  # fmt: skip


def parse(ipa):
    """[(phone, start, end)] with the span of characters that stand for it; None when one is unknown."""
    found, at, begin = [], 0, 0
    while at < len(ipa):
        symbol = ipa[at]
        if symbol in PAUSES:
            at += 1
            begin = at
        elif symbol in BEFORE:
            at += 1
        elif symbol in AFTER:
            at += 1
            if found:
                found[-1] = (*found[-1][:2], at)
            begin = at
        else:
            for size in range(min(LONGEST, len(ipa) - at), 0, -1):
                if ipa[at : at + size] in IPA:
                    break
            else:
                return None
            at += size
            names = IPA[ipa[at - size : at]].split()
            found += [(name, begin, at) for name in names]
            begin = at
    return found


def arpabet(name):
    """The phones of a segment's name in flite or festival, stress folded; none for a pause."""
    name = name.upper().rstrip("012")
    if name in ("PAU", "SIL", "H#", "BRTH", "#", "SSIL"):
        return []
    phones = OTHER_NAMES.get(name, name).split()
    if any(phone not in PHONES for phone in phones):
        raise ValueError(f"no phone is called {name}")
    return phones
