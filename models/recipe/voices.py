"""Who speaks: espeak-ng variants by the hundred, and a few voices recorded from people.

Who is held out stands in `held_out`; drawn variants are held out by the seed they come from.
"""

from dataclasses import dataclass
from pathlib import Path

import numpy as np

from . import held_out
from .settings import RecipeError

ACCENTS = ("en-us", "en", "en-gb-x-rp", "en-gb-scotland", "en-gb-x-gbclan", "en-gb-x-gbcwmd",
           "en-029", "en-us-nyc")  # fmt: skip

# Stock variants that no longer sound like a person, and those that only change the speed.
UNUSABLE = {"Demonic", "whisper", "whisperf", "croak", "UniRobot", "anikaRobot", "fast", "Storm",
            "kaukovalta", "Mr serious"}  # fmt: skip

# Recorded from people, permissively licensed: (engine, name) of each voice, and its usual pitch.
RECORDED = {
    "flite-awb": ("flite", "awb", 120),
    "flite-kal": ("flite", "kal", 105),
    "flite-kal16": ("flite", "kal16", 105),
    "festival-kal": ("festival", "kal_diphone", 105),
    "festival-ked": ("festival", "ked_diphone", 110),
    # The same men raised to a woman's pitch; resampling in training does the rest.
    "flite-awb-high": ("flite", "awb", 190),
    "flite-kal-high": ("flite", "kal", 185),
    "flite-kal16-high": ("flite", "kal16", 185),
    "flite-rms": ("flite", "rms", 100),
    "flite-slt": ("flite", "slt", 170),
    "festival-slt": ("festival", "cmu_us_slt_arctic_hts", 170),
}
HELD_OUT_RECORDED = held_out.RECORDED
TRAINED_RECORDED = tuple(name for name in RECORDED if name not in HELD_OUT_RECORDED)
# One voice of every recorded person, to tell people apart by; the held-out ones come first.
COMPARED = ("flite-rms", "flite-slt", "flite-awb", "flite-kal16", "festival-ked")


def person(voice):
    """Who a voice is: several recorded ones are the same person, a raised one is another."""
    return voice.partition("-")[2].replace("kal16", "kal") if voice in RECORDED else voice


@dataclass(frozen=True)
class Voice:
    """One espeak-ng speaker: a variant file and the manner in which it speaks."""

    name: str
    variant: str  # text of the variant file
    accent: str
    rate: float  # words a minute
    pitch: float  # espeak's 0..99
    range: float


def drawn_variant(rng):
    """A random vocal tract, larynx and manner, in the language of espeak-ng's variant files."""
    kind = rng.choice(["male", "female", "child"], p=[0.45, 0.45, 0.1])
    tract = {"male": (88, 108), "female": (106, 126), "child": (120, 140)}[kind]
    pitch = {"male": (60, 110), "female": (130, 210), "child": (190, 260)}[kind]
    scale, low = rng.uniform(*tract), rng.uniform(*pitch)
    lines = [
        "language variant",
        "name drawn",
        f"gender {'male' if kind == 'male' else 'female'}",
        f"pitch {low:.0f} {low * rng.uniform(1.15, 1.8):.0f}",
    ]
    for formant in range(9):
        centre = scale + rng.normal(0, 4) if formant else 100 + rng.normal(0, 5)
        line = f"formant {formant} {centre:.0f} {rng.uniform(60, 120):.0f} {rng.uniform(75, 170):.0f}"
        if formant in (1, 2) and rng.random() < 0.3:
            line += f" {rng.uniform(-150, 50):.0f}"
        lines.append(line)

    def sometimes(chance, make):
        if rng.random() < chance:
            lines.append(make())

    sometimes(0.5, lambda: f"roughness {rng.integers(0, 6)}")
    sometimes(0.5, lambda: f"flutter {rng.integers(0, 7)}")
    sometimes(0.4, lambda: "breath 0" + f" {rng.integers(1, 7)}" * 7)
    sometimes(0.5, lambda: f"voicing {rng.uniform(70, 150):.0f}")
    sometimes(0.5, lambda: f"consonants {rng.uniform(60, 130):.0f} {rng.uniform(70, 120):.0f}")
    sometimes(0.25, lambda: f"klatt {rng.integers(1, 6)}")
    sometimes(0.3, lambda: f"echo {rng.integers(5, 130)} {rng.integers(2, 20)}")
    sometimes(0.5, lambda: _tone(rng))
    sometimes(0.4, lambda: f"intonation {rng.integers(1, 5)}")
    return "\n".join(lines) + "\n"


def _tone(rng):
    bands = ((100, 150, 255), (600, 50, 200), (1200, 20, 160), (2000, 20, 120), (3000, 5, 90))
    return "tone" + "".join(f" {hz} {rng.uniform(low, high):.0f}" for hz, low, high in bands)


def _family(name):
    return name.rstrip("0123456789") if name.startswith(("steph", "edward", "iven", "Gene")) else name


def stock_variants(data, split):
    """Name -> text of the stock variants of a split, from espeak-ng's own data folder."""
    folder = Path(data) / "voices" / "!v"
    if not folder.is_dir():
        raise RecipeError(f"{folder} is missing; install the Debian package espeak-ng-data")
    found = {}
    for path in sorted(folder.iterdir()):
        family = _family(path.name)
        owner = next((s for s, names in held_out.ESPEAK_FAMILIES.items() if family in names), "train")
        if path.name not in UNUSABLE and owner == split:
            found[path.name] = path.read_text(errors="ignore")
    return found


SEEDS = {"train": 11, "dev": 12, "test": 13}


def voices(data, split, drawn):
    """The split's stock variants, then `drawn` random ones; the same list on every call."""
    rng = np.random.default_rng(SEEDS[split])
    variants = list(stock_variants(data, split).items())
    variants += [(f"{split}-{i}", drawn_variant(rng)) for i in range(drawn)]
    return [
        Voice(
            name=name,
            variant=text,
            accent=str(rng.choice(ACCENTS)),
            rate=rng.uniform(140, 200),
            pitch=rng.uniform(30, 70),
            range=rng.uniform(20, 80),
        )
        for name, text in variants
    ]
