"""Noise by formula: hiss, bands, fans, hum, knocks, music-like sound, and babble out of given voices.

Drawn once into a bank from a seed and then picked from at random. Training, dev and test use
different seeds, so test noise was never heard in training.
"""

import numpy as np

from .settings import RATE

SECONDS = 4
LENGTH = SECONDS * RATE


def coloured(rng, n):
    """(spectrum, frequencies) of noise that falls or rises with frequency."""
    spectrum = np.fft.rfft(rng.standard_normal(n))
    hertz = np.maximum(np.fft.rfftfreq(n, 1 / RATE), RATE / n)
    return spectrum * hertz ** -rng.uniform(-0.3, 1.3), hertz


def hiss(rng, n):
    """Noise of any colour."""
    return np.fft.irfft(coloured(rng, n)[0], n)


def band(rng, n):
    """Noise around one frequency."""
    spectrum, hertz = coloured(rng, n)
    distance = np.log(hertz / rng.uniform(100, 5000)) / rng.uniform(0.15, 1)
    return np.fft.irfft(spectrum * np.exp(-0.5 * distance**2), n)


def ragged(rng, n):
    """Noise with peaks and gaps over frequency, as traffic and rooms have."""
    spectrum, hertz = coloured(rng, n)
    gains = 1 + 3 * rng.standard_normal(24) ** 2
    return np.fft.irfft(spectrum * np.interp(hertz, np.linspace(0, 8000, 24), gains), n)


def swelling(rng, n):
    """Noise that comes and goes."""
    swell = np.sin(2 * np.pi * rng.uniform(0.3, 9) * np.arange(n) / RATE)
    return hiss(rng, n) * (1 + rng.uniform(0.3, 0.95) * swell)


def hum(rng, n):
    """Mains or a transformer: harmonics of a low tone over some hiss."""
    time, base, sound = np.arange(n) / RATE, rng.uniform(45, 400), _faint(rng, n, 0.1)
    for harmonic in range(1, 12):
        gain = rng.uniform(0, 1) / harmonic ** rng.uniform(0.3, 1.5)
        sound += gain * np.sin(2 * np.pi * base * harmonic * time + rng.uniform(0, 6))
    return sound


def fan(rng, n):
    """Rushing air, chopped by the blades, and the motor's whine."""
    time = np.arange(n) / RATE
    turn = 2 * np.pi * rng.uniform(8, 60) * time + 0.3 * np.sin(2 * np.pi * rng.uniform(0.1, 1) * time)
    blades = sum(rng.uniform(0, 0.4) * np.sin(k * turn + rng.uniform(0, 6)) for k in (1, 3, 5, 7))
    air = np.fft.irfft(coloured(rng, n)[0], n)
    return air / air.std() * (1 + blades) + rng.uniform(0, 0.5) * np.sin(rng.integers(10, 60) * turn)


def knocks(rng, n):
    """Short ringing blows: keys, cutlery, footsteps."""
    hits = np.zeros(n)
    count = int(n / RATE * rng.uniform(2, 30))
    hits[rng.integers(0, n, count)] = rng.standard_normal(count) * rng.uniform(0.3, 1, count)
    length = int(rng.uniform(80, 3000))
    time = np.arange(length)
    ring = np.sin(2 * np.pi * rng.uniform(100, 5000) * time / RATE)
    body = rng.standard_normal(length) * np.exp(-6 * time / length) * ring
    return np.fft.irfft(np.fft.rfft(hits, 2 * n) * np.fft.rfft(body, 2 * n))[:n] + _faint(rng, n, 0.003)


def _faint(rng, n, level):
    sound = hiss(rng, n)
    return level * sound / sound.std()


def _tone(rng, base, seconds):
    time = np.arange(int(seconds * RATE)) / RATE
    wobble = base * time + rng.uniform(0, 0.004) * base * np.sin(2 * np.pi * rng.uniform(4, 7) * time) / 6
    partials = rng.integers(2, 10)
    tone = sum(np.sin(2 * np.pi * h * wobble) / h ** rng.uniform(0.7, 2) for h in range(1, partials))
    attack = np.minimum(1, time / rng.uniform(0.003, 0.08))
    return tone * attack * np.exp(-time * rng.uniform(0.5, 8))


def _drum(rng):
    time = np.arange(int(0.25 * RATE)) / RATE
    if rng.random() < 0.5:  # a skin that falls in pitch
        fall = rng.uniform(45, 200) * time + rng.uniform(1, 4) * (1 - np.exp(-time * 30))
        return np.sin(2 * np.pi * fall) * np.exp(-time * rng.uniform(8, 30))
    return rng.standard_normal(len(time)) * np.exp(-time * rng.uniform(15, 90))


def music(rng, n):
    """Chords and a melody on a beat, with drums."""
    sound, beat = _faint(rng, n, 0.01), rng.uniform(0.25, 0.7)
    scale = np.array((0, 2, 4, 5, 7, 9, 11)) + rng.integers(0, 12)
    drums, melody, chords = rng.uniform(0, 1.2), rng.uniform(0.2, 1), rng.uniform(0, 0.7)
    kick = _drum(rng)

    def add(at, what, gain):
        start = int(at * RATE)
        piece = what[: max(0, n - start)]
        sound[start : start + len(piece)] += gain * piece

    for step in range(int(n / RATE / beat) + 1):
        at = step * beat
        if rng.random() < 0.8:
            note = 110 * 2 ** ((scale[rng.integers(7)] + 12 * rng.integers(0, 3)) / 12)
            add(at, _tone(rng, note, beat * rng.uniform(0.5, 2)), melody)
        if step % 4 == 0:
            root = rng.integers(7)
            for third in (0, 2, 4):
                degree = root + third
                note = 110 * 2 ** ((scale[degree % 7] + 12 * (degree // 7)) / 12)
                add(at, _tone(rng, note, 3 * beat), chords)
        if drums > 0.3:
            add(at, kick if step % 2 == 0 else _drum(rng), drums)
    return sound


FORMULAS = (hiss, band, ragged, swelling, hum, fan, knocks, music, music)


def unit(sound):
    """The sound at unit power, 32-bit."""
    return (sound / (np.std(sound) + 1e-9)).astype(np.float32)


def bank(seed, count=240):
    """Four-second noises of unit power, every kind in turn."""
    rng = np.random.default_rng(seed)
    return [unit(FORMULAS[index % len(FORMULAS)](rng, LENGTH)) for index in range(count)]


def babble(rng, speech, count=40):
    """Murmurs of three to eight talkers; `speech(rng, length)` gives a stretch of one of them."""
    murmurs = []
    for _ in range(count):
        talkers = [unit(speech(rng, LENGTH)) * rng.uniform(0.4, 1) for _ in range(rng.integers(3, 9))]
        murmurs.append(unit(sum(talkers)))
    return murmurs
