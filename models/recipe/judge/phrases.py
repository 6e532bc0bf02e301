"""Phrases that nobody trained on, said by voices that nobody trained on: what `wavlm words` is judged by.

`dev` is for choices, `test` for reporting; neither a phrase nor a voice is in both. No phrase is in a text of the training.
"""

from .. import warp
from ..augment import Surroundings
from ..speech import formant, neural, piper, recorded, styles
from ..speech.plan import Request, generator
from .sound import in_silence, trimmed
from .synthetic import ACCENT, FOREIGN, PERSONS, SEX, SURROUNDINGS, at_db

PHRASES = {
    "dev": (
        "hey assistant", "okay phoebe", "hello rosetta", "wake up charlie", "listen closely", "open the window",
        "unlock the gate", "begin the lesson", "warm the bathroom", "roll the blinds", "wash the clothes",
        "previous chapter", "what day is today", "message my brother", "record a memo", "mute the speaker",
        "find the remote", "read the headlines", "make some coffee", "silver dolphin",
    ),
    "test": (
        "hey computer", "okay robot", "hello jarvis", "alexa wake up", "hey butler", "good morning marvin",
        "hey sebastian", "okay margaret", "benjamin franklin", "snow white", "open the garage", "lock the door",
        "start the dishwasher", "dim the bedroom lamp", "close the curtains", "feed the cat", "next song please",
        "what time is it", "call my sister", "emergency shutdown", "take a picture", "play some music",
        "water the garden", "pause the recording", "purple elephant",
    ),
}  # fmt: skip
TAKES = {"dev": 2, "test": 4}  # of each phrase by each voice; three are shown and one is heard where a phrase is learnt
SAID_TAKES = 4  # likewise, where voices are told apart that say the same
ESPEAK_VOICES = {"dev": 6, "test": 10}
NOISES_DB = (10, 5)


def voices(split):
    """(group, engine's name, voice) of everybody who says the phrases."""
    for voice in styles.styles(split):
        yield f"kokoro-{SEX[voice.sex]}-{ACCENT.get(voice.language, FOREIGN)}", "kokoro", voice
    pool = [voice for voice in formant.speakers(split) if voice.language.startswith("en")]
    for index in generator(f"phrases-{split}").permutation(len(pool))[: ESPEAK_VOICES[split]]:
        yield "espeak", "espeak", pool[index]
    if split == "test":
        yield "piper-joe", "piper", piper.Joe()
        for name in ("flite-rms", "flite-slt"):
            yield name, "recorded", recorded.Recorded(name)


ENGINES = {"kokoro": neural.Engine, "espeak": formant.Engine, "piper": piper.Engine, "recorded": recorded.Engine}


def sayings(split, names=tuple(ENGINES), takes=None):
    """(group, phrase, sound in silence, random numbers of the voice) of every phrase by every voice of these engines, some
    times. The voice stands behind the group."""
    engines = {}
    for group, name, voice in voices(split):
        if name not in names:
            continue
        engine = engines.setdefault(name, ENGINES[name]())
        rng = generator(f"phrases-{split}-{voice.name}")
        requests = [Request("phrase", f"{phrase}.", voice, split) for phrase in PHRASES[split] for _ in range(takes or TAKES[split])]
        for request, spoken in zip(requests, engine.say(requests, rng)):
            sound = None if spoken is None else trimmed(spoken.samples)
            if sound is not None:
                yield f"{group}/{voice.name}", request.text.rstrip("."), in_silence(sound), rng


def phrases(builder, split):
    """All sayings clean, in noise, and in rooms."""
    around = Surroundings(SURROUNDINGS[split])
    for group, phrase, clear, rng in sayings(split):
        kind, voice = group.split("/")
        builder.add(clear, "phrase", phrase, group)
        noise = around.noise(rng, len(clear), babble=0)
        for decibels in NOISES_DB:
            builder.add(at_db(clear, noise, decibels), "phrase", phrase, f"{kind}-{decibels}dB/{voice}")
        builder.add(around.hear(rng, clear), "phrase", phrase, f"{kind}-rooms/{voice}")


def said(builder):
    """The dev phrases by neural voices, each as it is and as two other persons; they are groups."""
    for group, phrase, clear, _ in sayings("dev", ("kokoro",), SAID_TAKES):
        for factor in PERSONS:
            who = f"{group.split('/')[1]}-{round(100 * factor)}"
            builder.add(warp.voice(clear, factor, 1.0), "speaker", who, phrase)
