"""What happens to speech between a mouth and a microphone: rooms, filters, noise, resampling.

Noises, room responses and filters are drawn once into banks from a seed and then picked from at
random. Training, dev and test use different seeds, so test noise was never heard in training.
"""

import numpy as np
from scipy import fft

from .settings import RATE

BLOCK = 1 << 16  # one FFT size for every filter; the longest clip plus the longest room fit in it
LONGEST = BLOCK - 12000
NOISE_SECONDS = 4
FREQUENCIES = np.fft.rfftfreq(BLOCK, 1 / RATE)


def _coloured(rng, n):
    spectrum = np.fft.rfft(rng.standard_normal(n))
    hertz = np.maximum(np.fft.rfftfreq(n, 1 / RATE), RATE / n)
    return spectrum * hertz ** -rng.uniform(-0.3, 1.3), hertz


def _plain(rng, n):
    return np.fft.irfft(_coloured(rng, n)[0], n)


def _band(rng, n):
    spectrum, hertz = _coloured(rng, n)
    distance = np.log(hertz / rng.uniform(100, 5000)) / rng.uniform(0.15, 1)
    return np.fft.irfft(spectrum * np.exp(-0.5 * distance**2), n)


def _ragged(rng, n):
    spectrum, hertz = _coloured(rng, n)
    gains = 1 + 3 * rng.standard_normal(24) ** 2
    return np.fft.irfft(spectrum * np.interp(hertz, np.linspace(0, 8000, 24), gains), n)


def _swelling(rng, n):
    swell = np.sin(2 * np.pi * rng.uniform(0.3, 9) * np.arange(n) / RATE)
    return _plain(rng, n) * (1 + rng.uniform(0.3, 0.95) * swell)


def _hum(rng, n):
    time, base, hiss = np.arange(n) / RATE, rng.uniform(45, 400), _plain(rng, n)
    sound = 0.1 * hiss / hiss.std()
    for harmonic in range(1, 12):
        gain = rng.uniform(0, 1) / harmonic ** rng.uniform(0.3, 1.5)
        sound += gain * np.sin(2 * np.pi * base * harmonic * time + rng.uniform(0, 6))
    return sound


def _knocks(rng, n):
    hits = np.zeros(n)
    count = int(n / RATE * rng.uniform(2, 30))
    hits[rng.integers(0, n, count)] = rng.standard_normal(count) * rng.uniform(0.3, 1, count)
    length = int(rng.uniform(80, 3000))
    time = np.arange(length)
    ring = np.sin(2 * np.pi * rng.uniform(100, 5000) * time / RATE)
    body = rng.standard_normal(length) * np.exp(-6 * time / length) * ring
    sound = np.fft.irfft(np.fft.rfft(hits, 2 * n) * np.fft.rfft(body, 2 * n))[:n]
    hiss = _plain(rng, n)
    return sound + 0.003 * hiss / hiss.std()


def _music(rng, n):
    hiss = _plain(rng, n)
    sound = 0.02 * hiss / hiss.std()
    for _ in range(4 * n // RATE):
        start = rng.integers(0, n)
        end = min(n, start + int(rng.uniform(0.1, 0.8) * RATE))
        time, base = np.arange(end - start) / RATE, 110 * 2 ** (rng.integers(0, 36) / 12)
        tone = sum(np.sin(2 * np.pi * base * h * time) / h for h in range(1, rng.integers(3, 8)))
        sound[start:end] += tone * np.exp(-time * rng.uniform(2, 10))
    return sound


NOISES = (_plain, _band, _ragged, _swelling, _hum, _knocks, _music)


def noise_bank(seed, count=240):
    """Four-second noises of unit power, every kind in turn."""
    rng = np.random.default_rng(seed)
    bank = []
    for index in range(count):
        sound = NOISES[index % len(NOISES)](rng, NOISE_SECONDS * RATE)
        bank.append((sound / (sound.std() + 1e-9)).astype(np.float32))
    return bank


def _room(rng):
    """A synthetic room: direct sound, a few early reflections, an exponential tail."""
    length = int(rng.uniform(0.08, 0.7) * RATE)
    response = rng.standard_normal(length) * 10 ** (-3 * np.arange(length) / length)
    response *= rng.uniform(0.02, 0.6) / np.sqrt((response**2).sum())
    response[: int(rng.uniform(0.001, 0.02) * RATE)] *= 0.1
    for _ in range(rng.integers(2, 8)):
        response[rng.integers(1, int(0.03 * RATE))] += rng.uniform(-0.4, 0.4)
    response[0] = 1
    return fft.rfft(response.astype(np.float32), BLOCK)


def _equaliser(rng):
    """A microphone's frequency response: a random walk over the octaves, at times a telephone."""
    decibels = np.cumsum(rng.normal(0, 2.2, 11))
    decibels += rng.uniform(-6, 6) * np.linspace(-0.5, 0.5, 11) - decibels.mean()
    corners = np.log(np.geomspace(60, 8000, 11))
    gain = 10 ** (np.interp(np.log(FREQUENCIES + 30), corners, decibels) / 20)
    if rng.random() < 0.15:
        gain /= 1 + (rng.uniform(150, 400) / (FREQUENCIES + 1)) ** 4
    if rng.random() < 0.15:
        gain /= 1 + (FREQUENCIES / rng.uniform(3000, 5000)) ** 8
    return gain.astype(np.float32)


def resample(samples, factor):
    """Plays `factor` times faster: tempo, pitch and vocal tract change together."""
    if factor == 1:
        return samples
    count = int(len(samples) / factor)
    return np.interp(np.arange(count) * factor, np.arange(len(samples)), samples).astype(np.float32)


def mix(samples, other, decibels):
    """Adds `other`, of any power, so that `samples` stands this much above it."""
    power = np.mean(samples**2)
    scale = np.sqrt(power * 10 ** (-decibels / 10) / (np.mean(other**2) + 1e-9) + 1e-12)
    return samples + other * scale


def normalise(samples):
    """Zero mean and unit variance, as the models' preprocessor does."""
    samples = samples - samples.mean()
    return (samples / np.sqrt(samples.var() + 1e-7)).astype(np.float32)


class Surroundings:
    """Banks of noises, rooms and filters, and random picks from them."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.noises = noise_bank(seed)
        self.rooms = [_room(rng) for _ in range(200)]
        self.filters = [_equaliser(rng) for _ in range(200)]

    def noise(self, rng, length):
        """A stretch of some noise, of about unit power."""
        bank = self.noises[rng.integers(len(self.noises))]
        if length > len(bank):
            bank = np.tile(bank, -(-length // len(bank)))
        start = rng.integers(0, len(bank) - length + 1)
        return bank[start : start + length]

    def transmit(self, rng, samples, room=0.5, equaliser=0.7):
        """Speech heard through a room and a microphone, each with its chance."""
        response = None
        if rng.random() < room:
            response = self.rooms[rng.integers(len(self.rooms))]
        if rng.random() < equaliser:
            gain = self.filters[rng.integers(len(self.filters))]
            response = gain if response is None else response * gain
        if response is None:
            return samples
        samples = samples[:LONGEST]
        # Short clips need a quarter of the block: every fourth bin of the response is theirs.
        step = 1
        while len(samples) + 12000 <= BLOCK // (2 * step) and step < 2:
            step *= 2
        size = BLOCK // step
        heard = fft.irfft(fft.rfft(samples, size) * response[::step], size)
        return heard[: len(samples)].astype(np.float32)
