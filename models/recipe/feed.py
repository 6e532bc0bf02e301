"""Batches made in a process of their own, in order.

Batch number n of a kind depends on the seed and n alone: an interrupted training goes on with
exactly the batches it would have seen.
"""

import itertools
import multiprocessing
import queue
import zlib

import numpy as np

SEED = 31


def generator(kind, number):
    """The random numbers of batch `number` of a kind."""
    return np.random.default_rng((SEED, zlib.crc32(kind.encode()), number))


def _produce(line, start, make):
    parent = multiprocessing.parent_process()
    for number in itertools.count(start):
        batch = make(number)
        while True:
            try:
                line.put(batch, timeout=5)
                break
            except queue.Full:
                if not parent.is_alive():
                    return


class Feed:
    """Batches from another process: `make(number)` for start, start + 1, ..."""

    def __init__(self, make, start=0, ahead=4):
        context = multiprocessing.get_context("fork")
        self.line = context.Queue(ahead)
        self.process = context.Process(target=_produce, args=(self.line, start, make), daemon=True)
        self.process.start()

    def __next__(self):
        while True:
            try:
                return self.line.get(timeout=5)
            except queue.Empty:
                if not self.process.is_alive():
                    raise RuntimeError("the process that makes batches has ended")

    def __iter__(self):
        return self

    def close(self):
        """Ends the process."""
        self.process.terminate()
        self.process.join()
