"""Batches made in processes of their own, in order.

Batch number n of a kind depends on the seed and n alone: an interrupted training goes on with
exactly the batches it would have seen.
"""

import itertools
import os
import zlib

import numpy as np
from torch.utils.data import DataLoader, Dataset

from .machine import DEVICE

SEED = 31
MAKERS = max(1, len(os.sched_getaffinity(0)) - 1)  # processes
AHEAD = 4  # batches that each has ready


def generator(kind, number):
    """The random numbers of batch `number` of a kind."""
    return np.random.default_rng((SEED, zlib.crc32(kind.encode()), number))


class _Numbered(Dataset):
    def __init__(self, make):
        self.make = make

    def __getitem__(self, number):
        return self.make(number)


def feed(make, start=0):
    """`make(start)`, `make(start + 1)`, … for ever, with tensors in place of arrays."""
    loader = DataLoader(
        _Numbered(make),
        batch_size=None,
        sampler=itertools.count(start),
        num_workers=MAKERS,
        prefetch_factor=AHEAD,
        multiprocessing_context="fork",
        pin_memory=DEVICE.type == "cuda",
    )
    return iter(loader)
