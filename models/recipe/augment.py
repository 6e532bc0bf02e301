"""What happens to speech between a mouth and a program: rooms, noise, microphones, cheap converters.

The order is the physical one: loudspeaker, room, noise, microphone, level, converter, line. Banks
are drawn once from a seed and then picked from at random.
"""

import numpy as np

from . import noises, rooms

ROOMS, FILTERS = 160, 120
LOUDEST_DB, QUIETEST_DB = 6, -30  # of the peak, about half of full scale
NOMINAL_PEAK = 0.5
MU = 255.0


def mix(samples, other, decibels):
    """Adds `other`, of any power, so that `samples` stands this much above it."""
    power = np.mean(samples**2)
    scale = np.sqrt(power * 10 ** (-decibels / 10) / (np.mean(other**2) + 1e-9) + 1e-12)
    return samples + other * scale


def mu_law(samples):
    """Through eight bits of µ-law and back."""
    samples = np.clip(samples, -1, 1)
    coded = np.sign(samples) * np.log1p(MU * np.abs(samples)) / np.log1p(MU)
    coded = np.round(coded * 127) / 127
    return (np.sign(coded) * np.expm1(np.abs(coded) * np.log1p(MU)) / MU).astype(np.float32)


def clipped(samples, share):
    """Cuts the peaks off above this share of the largest one."""
    top = share * np.abs(samples).max()
    return np.clip(samples, -top, top)


def with_offset(samples, offset):
    """A converter's DC offset."""
    return samples + np.float32(offset)


def at_level(samples, decibels):
    """The peak this far from half of full scale; what does not fit is cut off."""
    peak = NOMINAL_PEAK * 10 ** (decibels / 20)
    return np.clip(samples * (peak / (np.abs(samples).max() + 1e-9)), -1, 1)


def in_16_bits(rng, samples):
    """Rounded to 16 bits, at times with a converter's last bits at play, at times without."""
    if rng.random() < 0.7:
        samples = samples + rng.standard_normal(len(samples)) * (10 ** rng.uniform(-5, -3.3))
    return (np.round(np.clip(samples, -1, 1) * 32767) / 32768).astype(np.float32)


class Surroundings:
    """Banks of noises, rooms and filters, and random picks from them."""

    def __init__(self, seed):
        rng = np.random.default_rng(seed)
        self.noises = noises.bank(seed)
        self.murmurs = []
        self.rooms = [rooms.spectrum(rooms.room(rng)) for _ in range(ROOMS)]
        self.microphones = [rooms.microphone(rng) for _ in range(FILTERS)]
        self.loudspeakers = [rooms.loudspeaker(rng) for _ in range(FILTERS // 3)]
        self.telephones = [rooms.telephone(rng) for _ in range(FILTERS // 6)]

    def noise(self, rng, length, babble=0.2):
        """A stretch of some noise, of about unit power; murmurs with the chance `babble`."""
        bank = self.murmurs if self.murmurs and rng.random() < babble else self.noises
        sound = bank[rng.integers(len(bank))]
        if length > len(sound):
            sound = np.tile(sound, -(-length // len(sound)))
        start = rng.integers(0, len(sound) - length + 1)
        return sound[start : start + length]

    def travel(self, rng, sound, severity=1.0):
        """From the mouth to the microphone's membrane, without noise."""
        gains = []
        if rng.random() < 0.15 * severity:
            gains.append(self.loudspeakers[rng.integers(len(self.loudspeakers))])
        if rng.random() < 0.55 * severity:
            gains.append(self.rooms[rng.integers(len(self.rooms))])
        if rng.random() < 0.7 * severity:
            gains.append(self.microphones[rng.integers(len(self.microphones))])
        return rooms.apply(sound, gains) if gains else sound

    def convert(self, rng, sound, severity=1.0):
        """From the membrane to 16-bit samples: polarity, level, offset, clipping, lines."""
        if rng.random() < 0.5:
            sound = -sound
        if rng.random() < 0.08 * severity:
            sound = clipped(sound, rng.uniform(0.1, 0.8))
        if rng.random() < 0.12 * severity:
            sound = rooms.apply(sound, [self.telephones[rng.integers(len(self.telephones))]])
        sound = at_level(sound, rng.uniform(QUIETEST_DB, LOUDEST_DB))
        if rng.random() < 0.08 * severity:
            sound = mu_law(sound)
        if rng.random() < 0.15 * severity:
            sound = with_offset(sound, rng.uniform(-0.1, 0.1))
        return in_16_bits(rng, sound)

    def hear(self, rng, sound, severity=1.0, noise=0.7, quietest_db=-3.0):
        """`sound` as a device would record it; `severity` 0 to 1 leads from clean to everything."""
        sound = self.travel(rng, sound, severity)
        if rng.random() < noise * severity:
            low = quietest_db + (1 - severity) * 15
            sound = mix(sound, self.noise(rng, len(sound)), rng.uniform(low, 32))
        return self.convert(rng, sound, severity)

    def silence(self, rng, length):
        """Noise alone, from loud down to nothing at all."""
        if rng.random() < 0.1:
            return in_16_bits(rng, np.zeros(length, np.float32))
        sound = self.travel(rng, self.noise(rng, length, babble=0))
        sound = self.convert(rng, sound)
        return in_16_bits(rng, sound * 10 ** (rng.uniform(-60, 0) / 20))


def place(samples, start, length):
    """`samples` in `length` samples of silence, beginning at `start`; what sticks out is cut."""
    window = np.zeros(length, np.float32)
    first, last = max(0, start), min(length, start + len(samples))
    if last > first:
        window[first:last] = samples[first - start : last - start]
    return window


def stretch_of(rng, samples, length):
    """A random stretch of a 16-bit recording as floats, padded when it is too short."""
    start = rng.integers(0, max(1, len(samples) - length + 1))
    piece = samples[start : start + length].astype(np.float32) / 32768
    return place(piece, 0, length) if len(piece) < length else piece
