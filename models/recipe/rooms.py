"""Responses between a mouth and a microphone: rooms, loudspeakers, microphones, telephone bands.

Each is kept as a spectrum of one size, so that any number of them cost one multiplication.
"""

import numpy as np
from scipy import fft

from .settings import RATE

BLOCK = 1 << 17  # one FFT size for every filter; the longest clip plus the longest room fit in it
TAIL = 16000  # the longest room
FREQUENCIES = np.fft.rfftfreq(BLOCK, 1 / RATE)
SOUND_M_S = 343.0


def images(rng, size, mouth, ear, reflection, order=2):
    """(delays in samples, gains) of a box's image sources: the walls as mirrors."""
    numbers = np.arange(-order, order + 1)
    grid = np.stack(np.meshgrid(numbers, numbers, numbers, indexing="ij"), -1).reshape(-1, 3)
    mirrored = np.where(grid % 2 == 0, mouth, size - mouth)
    distance = np.linalg.norm(grid * size + mirrored - ear, axis=1)
    gains = reflection ** np.abs(grid).sum(1) / np.maximum(distance, 0.1)
    return distance / SOUND_M_S * RATE, gains * np.where(rng.random(len(gains)) < 0.1, -1, 1)


def room(rng):
    """Impulse response of a box, small or large: image sources, then a decaying tail.

    The direct sound comes first, without its travel, and has a gain of one.
    """
    large = rng.random() < 0.3
    size = rng.uniform((4, 4, 2.5), (14, 18, 6)) if large else rng.uniform((1.5, 1.5, 2), (6, 6, 3))
    mouth, ear = (size * rng.uniform(0.1, 0.9, 3) for _ in range(2))
    if rng.random() < 0.5:  # within a metre
        ear = np.clip(mouth + rng.normal(0, 0.4, 3), 0.1, size - 0.1)
    delays, gains = images(rng, size, mouth, ear, rng.uniform(0.3, 0.9))
    direct = np.argmin(delays)
    delays, gains = delays - delays[direct], gains / gains[direct]
    seconds = rng.uniform(0.3, 0.9) if large else rng.uniform(0.08, 0.5)
    length = min(TAIL, int(seconds * RATE))
    response = np.zeros(length)
    inside = delays < length
    np.add.at(response, delays[inside].astype(int), gains[inside])
    tail = rng.standard_normal(length) * 10 ** (-3 * np.arange(length) / length)
    tail[: int(0.01 * RATE)] *= np.linspace(0, 1, int(0.01 * RATE))
    response += tail * rng.uniform(0.02, 0.6) / np.sqrt((tail**2).sum())
    response[0] = 1
    return response.astype(np.float32)


def _octaves(rng, spread):
    """A random walk over the octaves, in decibels at every line."""
    decibels = np.cumsum(rng.normal(0, spread, 11))
    decibels += rng.uniform(-8, 8) * np.linspace(-0.5, 0.5, 11) - decibels.mean()
    corners = np.log(np.geomspace(60, 8000, 11))
    return np.interp(np.log(FREQUENCIES + 30), corners, decibels)


def _resonances(rng, count):
    """Peaks and dips as a small case makes them, in decibels."""
    octave = np.log2((FREQUENCIES + 20) / 1000)
    return sum(
        rng.uniform(-9, 9) * np.exp(-0.5 * ((octave - rng.uniform(-3, 3)) / rng.uniform(0.05, 0.4)) ** 2)
        for _ in range(count)
    )


def highpass(corner, order=4):
    """Gain of a high-pass at every line."""
    return 1 / np.sqrt(1 + (corner / (FREQUENCIES + 1)) ** (2 * order))


def lowpass(corner, order=4):
    """Gain of a low-pass at every line."""
    return 1 / np.sqrt(1 + (FREQUENCIES / corner) ** (2 * order))


def microphone(rng):
    """Gain of a microphone at every line: uneven, at times dull or without bass."""
    gain = 10 ** ((_octaves(rng, 2.0) + _resonances(rng, rng.integers(0, 4))) / 20)
    if rng.random() < 0.3:
        gain = gain * highpass(rng.uniform(80, 400), 2)
    if rng.random() < 0.2:
        gain = gain * lowpass(rng.uniform(3000, 6500))
    return gain.astype(np.float32)


def loudspeaker(rng):
    """Gain of a small loudspeaker at every line: no bass, resonances."""
    gain = 10 ** ((_octaves(rng, 1.5) + _resonances(rng, rng.integers(2, 7))) / 20)
    return (gain * highpass(rng.uniform(120, 600), rng.integers(1, 4))).astype(np.float32)


def telephone(rng):
    """Gain of an 8 kHz line: what a telephone lets through."""
    return (highpass(rng.uniform(150, 350), 6) * lowpass(rng.uniform(3100, 3700), 12)).astype(np.float32)


def spectrum(response):
    """A response's spectrum in the common size."""
    return fft.rfft(response, BLOCK)


def apply(samples, gains):
    """`samples` through the product of spectra, at the same length and unchanged power of order."""
    samples = samples[: BLOCK - TAIL]
    # Short clips need a part of the block: every second, fourth or eighth line is theirs.
    step = 1
    while len(samples) + TAIL <= BLOCK // (2 * step) and step < 4:
        step *= 2
    size = BLOCK // step
    total = gains[0][::step]
    for gain in gains[1:]:
        total = total * gain[::step]
    return fft.irfft(fft.rfft(samples, size) * total, size)[: len(samples)].astype(np.float32)
