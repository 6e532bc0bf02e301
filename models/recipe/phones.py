"""The phones of the CTC head: ARPAbet with stress folded, and how a text of them becomes numbers."""

BLANK = "<pad>"
ARPABET = (
    "AA AE AH AO AW AY B CH D DH EH ER EY F G HH IH IY JH K L M N NG OW OY P R S SH T TH UH UW V W Y Z ZH"
).split()
SYMBOLS = (BLANK, *ARPABET)
BLANK_ID = 0
NUMBERS = {symbol: number for number, symbol in enumerate(SYMBOLS)}


def encode(phones):
    """Numbers of a sequence of phones; a stress mark after a vowel (`AH0`) is dropped."""
    return [NUMBERS[phone.rstrip("012").upper()] for phone in phones]


def decode(best):
    """Phones of the best symbol of each frame: repetitions joined, blanks dropped."""
    kept = [n for i, n in enumerate(best) if n != BLANK_ID and (i == 0 or n != best[i - 1])]
    return [SYMBOLS[n] for n in kept]


def frames_needed(numbers):
    """Frames CTC needs for a sequence: one for each phone, one blank between equal neighbours."""
    return len(numbers) + sum(a == b for a, b in zip(numbers, numbers[1:]))


def distance(said, heard):
    """Edit distance of two sequences."""
    row = list(range(len(heard) + 1))
    for i, a in enumerate(said, 1):
        previous, row[0] = row[0], i
        for j, b in enumerate(heard, 1):
            previous, row[j] = row[j], min(row[j] + 1, row[j - 1] + 1, previous + (a != b))
    return row[-1]
