"""Which recordings of people say a keyword, which do not, and who speaks.

Who speaks is taken from packages, names and credits; one person may appear under two names.
"""

import random

import numpy as np

from ..clips import faded
from ..settings import RATE, SPEAKER_SECONDS
from .recordings import decoded
from .sound import hissing, in_silence, load, pause, trimmed

# (source, recording, word, stretch in seconds by forced alignment, or None for all of it). One word, said for itself;
# alsa's say "front left" and so on, slowly.
ISOLATED = (
    *(("rally", f"{who}/{word}", word, None) for who in ("tim", "paula") for word in ("left", "right")),
    ("rally", "ab/Left", "left", None),
    ("rally", "ab/Right", "right", None),
    ("klettres", "en/syllab/no", "no", None),
    ("asterisk-en", "vm-no", "no", None),
    ("alsa", "Front_Left", "left", (0.73, 1.40)),
    ("alsa", "Rear_Left", "left", (0.81, 1.31)),
    ("alsa", "Side_Left", "left", (0.80, 1.40)),
    ("alsa", "Front_Right", "right", (0.86, 1.53)),
    ("alsa", "Rear_Right", "right", (0.91, 1.53)),
    ("alsa", "Side_Right", "right", (0.81, 1.35)),
)
IN_SENTENCES = tuple(
    ("asterisk-en", name, word, (start, end))
    for name, word, start, end in (
        ("agent-alreadyon", "on", 1.77, 2.21),
        ("call-fwd-no-ans", "on", 0.89, 1.36),
        ("call-fwd-no-ans", "no", 1.56, 1.86),
        ("conf-hasleft", "left", 0.37, 0.69),
        ("conf-leaderhasleft", "left", 0.92, 1.22),
        ("confbridge-has-left", "left", 0.33, 0.70),
        ("conf-noempty", "no", 0.05, 0.42),
        ("demo-nomatch", "no", 1.42, 1.61),
        ("dir-nomatch", "no", 0.11, 0.38),
        ("dir-nomore", "no", 0.39, 0.68),
        ("pbx-invalidpark", "no", 1.53, 1.77),
        ("feature-not-avail-line", "on", 1.96, 2.24),
        ("vm-isonphone", "on", 0.28, 0.47),
        ("vm-newuser", "up", 4.73, 4.93),
        ("vm-nomore", "no", 0.20, 0.43),
        ("vm-intro", "up", 3.30, 3.58),
    )
)
BEFORE, BEHIND = 0.01, 0.02  # seconds kept around a stretch
SLOPE = RATE // 100  # samples in which it comes and goes


def words(builder):
    """People's words, alone and cut from sentences."""
    for group, table in (("people-isolated", ISOLATED), ("people-in-sentences", IN_SENTENCES)):
        for source, name, word, stretch in table:
            sound = load(decoded(source) / f"{name}.wav")
            if stretch is not None:
                start, end = stretch
                sound = faded(sound[max(0, int((start - BEFORE) * RATE)) : int((end + BEHIND) * RATE)], SLOPE)
            builder.add(in_silence(trimmed(sound)), "word", word, group)


# Told apart from the rest: syllables, some of which sound like the words, and languages in which "no" is the same word.
SYLLABLES, SAME_NO = "klettres", ("es", "it")
BY_LANGUAGE = ("klettres", "ktuberling", "tuxpaint")  # a folder for each language
NO_SPEECH = ("beep", "tone", "silence")
# Other recordings in English that say a keyword among other words, by the texts that belong to them: hearing it there is no
# mistake.
SAYING = {
    "asterisk-en": """agent-loggedoff call-fwd-on-busy confbridge-binaural-off confbridge-binaural-on confbridge-unmuted
        demo-congrats demo-echotest demo-moreinfo demo-nogo letters/ascii123 letters/ascii125 letters/ascii91 letters/ascii93
        queue-periodic-announce""".split(),
    "sphinx": ("goforward", "something"),
}


def speech_groups():
    """(group, files) of people who say no keyword for itself."""
    for source in ("asterisk-en", "asterisk-fr", "prompts-fr", "saytime", "sphinx", "fillets-cs", "fillets-nl"):
        yield f"people-{source}", sorted(decoded(source).rglob("*.wav"))
    rally = sorted(decoded("rally").rglob("*.wav"))
    yield "people-rally", [f for f in rally if not f.stem.lower().startswith(("left", "right"))]
    for source in ("asterisk-es", "prompts-es-co", "prompts-it"):
        yield f"people-apart-{source}", sorted(decoded(source).rglob("*.wav"))
    for source in BY_LANGUAGE:
        for folder in sorted(path for path in decoded(source).iterdir() if path.is_dir()):
            apart = "apart-" if source == SYLLABLES or folder.name in SAME_NO else ""
            yield f"people-{apart}{source}-{folder.name}", sorted(folder.rglob("*.wav"))


def speech(builder):
    """The recordings of each group one after the other, with pauses, but those that say a keyword."""
    keywords = {(source, name) for source, name, *_ in (*ISOLATED, *IN_SENTENCES)}
    keywords |= {(source, name) for source, names in SAYING.items() for name in names}
    rng = np.random.default_rng(3)
    for group, files in speech_groups():
        pieces = []
        for file in files:
            if any(word in file.stem for word in NO_SPEECH) or _is_one_of(file, keywords):
                continue
            sound = trimmed(load(file))
            if sound is not None and len(sound) >= RATE // 10:
                pieces += [sound, pause(rng)]
        if pieces:
            builder.add(hissing(np.concatenate(pieces), 3), "speech", "", group)


def _is_one_of(file, recordings):
    """Whether a file is one of these (source, recording)."""
    path = file.with_suffix("").as_posix()
    return any(path.endswith(f"/{source}/{name}") for source, name in recordings)


ONE_PERSON = ("asterisk-en", "asterisk-fr", "asterisk-es", "prompts-es-co", "prompts-fr", "prompts-it")


def _speakers():
    """Who -> files."""
    people = {source: sorted(decoded(source).rglob("*.wav")) for source in ONE_PERSON}
    for language in ("cs", "nl"):
        files = sorted(decoded(f"fillets-{language}").rglob("*.wav"))
        for role in ("m", "v"):
            people[f"fillets-{language}-{role}"] = [f for f in files if f.stem.split("-")[1:2] == [role]]
    for source, languages in (
        ("ktuberling", "da de el lt uk gl sl wa ru ca nn"),
        ("klettres", "hu ml he nds pt_BR tn ar nb"),
        ("tuxpaint", "be bg ro"),
    ):
        for language in languages.split():
            people[f"{source}-{language}"] = sorted((decoded(source) / language).rglob("*.wav"))
    return people


RECORDINGS_EACH = 10


def speakers(builder, group="people"):
    """Three seconds at a time of every person, at most ten of them."""
    length = int(SPEAKER_SECONDS * RATE)
    for who, files in _speakers().items():
        random.Random(7).shuffle(files)
        pending, made = np.zeros(0, np.float32), 0
        for file in files:
            if any(word in file.as_posix() for word in (*NO_SPEECH, "laugh")):
                continue
            sound = trimmed(load(file))
            if sound is None or len(sound) < 3000:
                continue
            pending = np.concatenate([pending, sound, np.zeros(RATE // 10, np.float32)])
            if len(pending) >= length:
                builder.add(hissing(pending[:length], made), "speaker", who, group)
                pending, made = pending[:0], made + 1
            if made == RECORDINGS_EACH:
                break
