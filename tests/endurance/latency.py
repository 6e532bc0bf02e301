"""From the end of a word to its event: sound goes into a pipe at the pace of a microphone, with time stamps."""

import array
import json
import subprocess
import threading
import time

from programs import RATE, sample, start

PERIOD = RATE // 50
HOP_S = 0.24
LOUD = 0.02  # of a word's loudest sample: where it ends
PAUSE_S = 1.7
BAR_S = HOP_S + 0.1


def end_of(sound):
    """The last sample of a word that is not silence."""
    samples = array.array("h", sound)
    least = LOUD * max(map(abs, samples))
    return max(i for i, sample in enumerate(samples) if abs(sample) >= least)


def run(words, at_once):
    """Whether 95 % of the events come in time; tells what was measured. `at_once` is the program's option, `true` or `false`."""
    word = sample("stop-b.wav")
    listening = start(
        "listen", "--json", f"--at-once={at_once}", "--hop", str(HOP_S), "--file", "-", "--raw", f"rate={RATE},format=s16le,channels=1",
        stdin=subprocess.PIPE, stdout=subprocess.PIPE,
    )  # fmt: skip
    came = []

    def receive():
        for line in listening.stdout:
            came.append((time.monotonic(), json.loads(line)))

    reader = threading.Thread(target=receive)
    reader.start()
    sound, ends = bytes(2 * RATE), []
    for number in range(words):
        ends.append(len(sound) // 2 + end_of(word))
        # Words begin anywhere between two windows.
        sound += word + bytes(2 * (int(PAUSE_S * RATE) + 997 * number % int(HOP_S * RATE)))
    began = time.monotonic()
    for first in range(0, len(sound) // 2, PERIOD):
        due = began + (first + PERIOD) / RATE
        time.sleep(max(0.0, due - time.monotonic()))
        listening.stdin.write(sound[2 * first : 2 * (first + PERIOD)])
        listening.stdin.flush()
    listening.stdin.close()
    reader.join()
    waits = sorted(
        at - (began + end / RATE)
        for end in ends
        for at, event in came
        if event["start_s"] < end / RATE < event["end_s"] + 0.5
    )
    if not waits:
        print("no word was heard")
        return False
    middle, late = waits[len(waits) // 2], waits[min(len(waits) - 1, int(0.95 * len(waits)))]
    print(f"{len(waits)} of {words} words: event {1000 * middle:.0f} ms after the end in the middle, 95 % within {1000 * late:.0f} ms")
    return late <= BAR_S
