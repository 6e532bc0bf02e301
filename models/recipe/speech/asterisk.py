"""Asterisk's core sounds, prompts that people recorded for telephone systems.

Two of the voices are in the corpus, as people who say no keyword: the Russian one (Maxim Topal) and the Italian one
(Carlo Flora), both under CC-BY 3.0. The others may not be trained on and serve the judge.
"""

from dataclasses import dataclass

from .. import g722
from . import packs
from .sources import debian
from .spoken import Spoken

PACKAGE = "asterisk-core-sounds-{}-g722"
SPELT = "letters"  # a folder of single letters, some of which sound like a keyword
KEYWORDS = ("no",)  # of the last words of prompts' names, which say what is said


@dataclass(frozen=True)
class Person:
    """Who recorded the prompts of a language."""

    name: str
    sex: str
    language: str


TRAINED_ON = (Person("asterisk-ru", "f", "ru"), Person("asterisk-it", "m", "it"))


def sounds(language):
    """(name, samples) of every prompt, 16 kHz floats."""
    root = debian(PACKAGE.format(language)) / "usr/share/asterisk/sounds"
    found = (path for path in root.glob("*/**/*.g722") if path.is_file() and not path.is_symlink())
    paths = sorted(path for path in found if "silence" not in path.parts)
    names = ("/".join(path.relative_to(root).with_suffix("").parts[1:]) for path in paths)
    return zip(names, g722.read(paths))


def _may_sound_like_a_keyword(name):
    return name.startswith(f"{SPELT}/") or name.split("-")[-1] in KEYWORDS


def shard(person):
    """Writes the shard of a person; returns its seconds. What is said is not known."""
    pack = packs.Shard(person.name)
    for name, samples in sounds(person.language):
        if not _may_sound_like_a_keyword(name):
            pack.add(
                Spoken(samples),
                text="",
                kind="foreign",
                voice=person.name,
                engine="asterisk",
                split="train",
                sex=person.sex,
                language=person.language,
            )
    pack.save()
    return pack.seconds()


def run():
    """Makes what is missing."""
    for person in TRAINED_ON:
        if not packs.exists(person.name):
            print(f"speech: {person.name}: {shard(person):.0f} s of sound", flush=True)
