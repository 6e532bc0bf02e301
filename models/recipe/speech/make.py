"""Makes the missing shards, one after the other, and tells how fast."""

import fcntl
import os
import time
from concurrent.futures import FIRST_COMPLETED, ProcessPoolExecutor, wait
from contextlib import contextmanager
from functools import lru_cache

from ..settings import SPEECH, RecipeError
from . import formant, neural, packs, piper, plan, recorded

ENGINES = {
    "espeak": formant.Engine,
    "recorded": recorded.Engine,
    "piper": piper.Engine,
    "kokoro": neural.Engine,
}


def shard(name, engine, requests):
    """Says the requests and writes the shard; returns its seconds."""
    pack = packs.Shard(name)
    for request, spoken in zip(requests, engine.say(requests, plan.generator(f"{name}-manner"))):
        if spoken is None:
            continue
        voice = request.voice
        pack.add(
            spoken,
            text=request.text,
            kind=request.kind,
            voice=voice.name,
            engine=voice.name.split("-")[0],
            split=request.split,
            sex=voice.sex,
            language=request.language or voice.language,
        )
    if not pack.rows:
        raise RecipeError(f"the engine said none of the {len(requests)} utterances of {name}; run it again")
    pack.save()
    return pack.seconds()


def missing(rounds, only=None):
    """The shards that are still to be made, in order."""
    for number, engine in plan.order(rounds):
        if only in (None, engine):
            for name, requests in plan.shards(number, engine):
                if not packs.exists(name):
                    yield name, engine, requests


@contextmanager
def alone():
    """Lets one process work on the corpus; its number stands in the file `pid`."""
    SPEECH.mkdir(parents=True, exist_ok=True)
    with open(SPEECH / "pid", "a+") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            other = (SPEECH / "pid").read_text().strip()
            raise RecipeError(f"process {other} is making the corpus already")
        file.truncate(0)
        file.write(f"{os.getpid()}\n")
        file.flush()
        yield


@lru_cache
def started(engine):
    """An engine, started once in each process."""
    return ENGINES[engine]()


def make(name, engine, requests):
    """Makes a shard in this process and tells how fast."""
    started(engine)
    begun = time.time()
    seconds = shard(name, started(engine), requests)
    rate = 60 * seconds / (time.time() - begun)
    print(f"speech: {name}: {seconds:.0f} s of sound, {rate:.0f} s in a minute", flush=True)


def run(rounds=plan.ROUNDS, only=None, jobs=1):
    """Makes what is missing of the first rounds, some shards at a time; `only` names one engine."""
    with alone(), ProcessPoolExecutor(jobs) as workers:
        running = set()
        for wanted in missing(rounds, only):
            while len(running) > jobs:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                for future in done:
                    future.result()
            running.add(workers.submit(make, *wanted))
        for future in running:
            future.result()
