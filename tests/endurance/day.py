"""A day of sound through `wavlm listen`: no event lost or doubled, no memory gained.

The day is made of minutes: silence, hiss, tones, and speech between silences. Each kind of minute is heard once alone by
`wavlm spot`, which says what the day must bring and when.
"""

import array
import json
import math
import random
import subprocess
import tempfile
import threading
import wave

from programs import RATE, program, resident_kib, sample, start

MINUTE = 60 * RATE
EDGE = 3 * RATE  # silence at both ends of a minute, so that minutes do not touch
NEAR_S = 0.05  # an event may differ by this much, by where windows lie
SPEECH = ("commands-a.wav", "sentence-a.wav", "stop-b.wav", "left-b.wav", "go-c.wav", "yes-a.wav", "no-a.wav")
# One hop divides a minute, so that windows lie the same in each.
HOP_S = 0.24
MOST_GROWTH_KIB = 1024


def hiss(rng, level):
    """A minute of it."""
    return array.array("h", (int(rng.gauss(0, level)) for _ in range(MINUTE))).tobytes()


def tones(rng):
    """A minute of chords that change every half second: no voice, and no noise either."""
    samples = array.array("h", bytes(2 * MINUTE))
    for first in range(0, MINUTE, RATE // 2):
        root = rng.uniform(110, 330)
        steps = [2 * math.pi * root * ratio / RATE for ratio in (1, 1.25, 1.5)]
        for i in range(RATE // 2):
            fade = math.exp(-3 * i / RATE)
            samples[first + i] = int(2500 * fade * sum(math.sin(step * i) for step in steps))
    return samples.tobytes()


def speech(rng):
    """A minute of words and sentences, with pauses."""
    made = bytes(2 * EDGE)
    while len(made) < 2 * (MINUTE - EDGE):
        made += sample(rng.choice(SPEECH)) + bytes(2 * int(rng.uniform(0.5, 3) * RATE))
    return made[: 2 * (MINUTE - EDGE)] + bytes(2 * EDGE)


def minutes():
    """The kinds of minutes, and how often each comes."""
    rng = random.Random(1)
    quiet = bytes(2 * MINUTE)
    kinds = [quiet, hiss(rng, 20), hiss(rng, 300), tones(rng), *(speech(rng) for _ in range(4))]
    return kinds, (40, 15, 10, 5, 3, 3, 2, 2)


def alone(minute):
    """Events of a minute by itself."""
    with tempfile.NamedTemporaryFile(suffix=".wav") as file:
        with wave.open(file.name, "wb") as out:
            out.setnchannels(1)
            out.setsampwidth(2)
            out.setframerate(RATE)
            out.writeframes(minute)
        done = subprocess.run(
            [program(), "spot", "--json", "--hop", str(HOP_S), file.name], capture_output=True, text=True, check=False
        )
    return [json.loads(line) for line in done.stdout.splitlines()]


def run(hours):
    """Whether all went well; tells what was measured."""
    kinds, shares = minutes()
    expected_of = [alone(kind) for kind in kinds]
    rng = random.Random(2)
    order = rng.choices(range(len(kinds)), shares, k=int(60 * hours))
    listening = start(
        "listen", "--json", "--hop", str(HOP_S), "--file", "-", "--raw", f"rate={RATE},format=s16le,channels=1",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=False,
    )  # fmt: skip
    heard = []
    reader = threading.Thread(target=lambda: heard.extend(json.loads(line) for line in listening.stdout))
    reader.start()
    memory = []
    for number, kind in enumerate(order):
        rest = kinds[kind]
        while rest:
            piece = rng.randrange(2, 60_000, 2)
            listening.stdin.write(rest[:piece])
            rest = rest[piece:]
        if number % 30 == 29:
            memory.append(resident_kib(listening.pid))
    listening.stdin.close()
    reader.join()
    listening.wait()

    expected = [
        (event["keyword"], 60 * minute + event["start_s"])
        for minute, kind in enumerate(order)
        for event in expected_of[kind]
    ]
    got = [(event["keyword"], event["start_s"]) for event in heard]
    wrong = [pair for pair in zip(expected, got) if pair[0][0] != pair[1][0] or abs(pair[0][1] - pair[1][1]) > NEAR_S]
    growth = memory[-1] - memory[min(1, len(memory) - 1)] if memory else 0
    print(f"{hours:g} hours: {len(got)} events, {len(expected)} expected, {len(wrong)} differ")
    print(f"memory: {memory[0] if memory else 0} KiB after half an hour, grown by {growth} KiB after the first hour")
    for pair in wrong[:5]:
        print(f"differs: expected {pair[0]}, heard {pair[1]}")
    return len(got) == len(expected) and not wrong and growth < MOST_GROWTH_KIB
