"""What commands sound like among other words: in carriers, repeated, hesitant, two in one breath."""

from ..settings import KEYWORDS
from ..text import pick

NATURAL = {
    "yes": ("yes please", "yes, that is fine", "oh yes", "yes, of course", "i would say yes",
            "yes, thank you", "yes, we can", "she said yes", "well, yes", "yes, do it"),
    "no": ("no thank you", "oh no", "no, not now", "there is no time", "he said no", "no, wait", "no more",
            "well, no", "i have no idea", "no problem"),
    "up": ("turn it up", "volume up", "move up a bit", "speed up", "wake up", "look up", "up a little",
            "lights up", "pick it up please", "one floor up"),
    "down": ("turn it down", "volume down", "move down a bit", "slow down", "sit down", "look down",
            "down a little", "lights down", "put it down please", "one floor down"),
    "left": ("turn left", "move to the left", "left hand side", "look left", "the left one",
            "a little left", "left at the corner", "take the next left", "keep left",
            "there is nothing left"),
    "right": ("turn right", "move to the right", "right hand side", "look right", "the right one",
            "a little right", "right at the corner", "take the next right", "keep right", "that is right"),
    "on": ("turn the light on", "switch on the lamp", "lights on", "put it on", "turn on the radio",
            "come on", "heating on please", "the kitchen light on", "is it on", "turn the fan on please"),
    "off": ("turn the light off", "switch off the lamp", "lights off", "take it off", "turn off the radio",
            "heating off please", "the kitchen light off", "is it off", "turn the fan off please",
            "switch everything off"),
    "stop": ("please stop", "stop it", "stop the music", "stop there", "make it stop", "stop now",
            "stop the engine", "you can stop", "stop talking", "will it ever stop"),
    "go": ("go ahead", "let's go", "go back", "go home", "ready, steady, go", "here we go", "go away",
            "go there", "go slowly", "they want to go"),
}  # fmt: skip
CARRIERS = ("the word is {}", "say {} again", "i said {}", "please say {}", "{} please", "computer, {}",
    "okay, {}", "hey there, {}", "and then {}", "i think {}", "he whispered {} to me", "did you say {}",
    "now {}", "{}, now", "just {}", "they shouted {}", "{}, thank you", "maybe {}")  # fmt: skip
HESITANT = ("uh, {}", "um, {}", "er, {}", "hmm, {}", "well, {}", "oh, {}", "{}, um", "so, uh, {}", "ah, {}")
REPEATED = ("{} {}", "{}, {}", "{}! {}!", "{}, {}, {}", "{} {} {}", "{}… {}")
PAIRS = ("{} {}", "{}, {}", "{} and {}", "{} or {}", "not {} but {}", "first {}, then {}", "{}, I mean {}")
JOINED = ("go left", "go right", "go up", "go down", "go on", "no stop", "yes go", "yes, right", "no, left",
    "stop, no", "right, stop", "yes, on", "no, off", "left, right", "up, down", "on, off")  # fmt: skip
ENDINGS = (".", ".", "!", "?", "")


def phrase(rng):
    """A text with at least one keyword."""
    word, kind = pick(rng, KEYWORDS), rng.random()
    if kind < 0.35:
        said = pick(rng, NATURAL[word])
    elif kind < 0.55:
        said = pick(rng, CARRIERS).format(word)
    elif kind < 0.67:
        said = pick(rng, HESITANT).format(word)
    elif kind < 0.8:
        said = pick(rng, REPEATED).replace("{}", word)
    elif kind < 0.92:
        said = pick(rng, PAIRS).format(word, pick(rng, KEYWORDS))
    else:
        said = pick(rng, JOINED)
    return said + (pick(rng, ENDINGS) if said[-1].isalpha() else "")
