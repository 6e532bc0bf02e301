"""What every engine listens to."""

import wave
from pathlib import Path

import numpy as np

from .settings import RATE

PITCH = 140.0
HARMONICS = 28
SYLLABLES = 4.0


def speech_like(seconds: float) -> np.ndarray:
    """Syllables by the formula of `wavlm bench` (boards/src/commands/speech.rs): the dynamics of speech."""
    time = np.arange(round(seconds * RATE)) / RATE
    pitch = PITCH * (1 + 0.2 * np.sin(2 * np.pi * 0.7 * time))
    phase = np.cumsum(pitch / RATE)
    formant = 900 + 600 * np.sin(2 * np.pi * 1.3 * time)
    voice = np.zeros_like(time)
    for harmonic in range(1, HARMONICS + 1):
        distance = (pitch * harmonic - formant) / 500
        voice += np.sin(2 * np.pi * phase * harmonic) / (1 + distance**2)
    breath = np.random.default_rng(1).uniform(-1, 1, time.size)
    syllable = np.maximum(np.sin(2 * np.pi * SYLLABLES * time), 0)
    return 0.1 * syllable * voice + 0.003 * breath


def write(path: Path, samples: np.ndarray) -> None:
    """A 16-bit recording: every engine reads the same rounded samples back."""
    with wave.open(str(path), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(np.clip(np.round(samples * 32768), -32768, 32767).astype("<i2").tobytes())


def read(path: Path) -> np.ndarray:
    """A batch of one recording, full scale ±1."""
    with wave.open(str(path), "rb") as file:
        assert (file.getframerate(), file.getnchannels(), file.getsampwidth()) == (RATE, 1, 2), path
        samples = np.frombuffer(file.readframes(file.getnframes()), "<i2")
    return samples.astype(np.float32)[None] / 32768
