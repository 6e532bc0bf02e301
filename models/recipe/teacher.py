"""Resemblyzer's speaker encoder (Apache-2.0), trained on people: the speaker head learns its embeddings.

Written out here with the few lines of signal processing that it needs, since the package asks for
libraries that build on few machines; the weights come from the package. A mel frame every 10 ms, three
LSTM layers over 1.6 s, half a window apart, and the mean of their unit embeddings.
"""

import subprocess
import sys
import zipfile

import numpy as np
import torch
from torch import nn

from .machine import DEVICE
from .settings import RATE, WORK, RecipeError

PACKAGE = "resemblyzer==0.1.4"
WEIGHTS = "resemblyzer/pretrained.pt"
MELS, WINDOW, STEP, WIDTH = 40, 400, 160, 256
PARTIAL = 160  # mel frames of one embedding
LEVEL_DB = -30.0  # quieter sound is raised to this


def _mel(hertz):
    """Slaney's scale: straight up to 1 kHz, logarithmic above."""
    hertz = np.asarray(hertz, float)
    above = 15 + np.log(np.maximum(hertz, 1e-9) / 1000) / (np.log(6.4) / 27)
    return np.where(hertz >= 1000, above, hertz * 3 / 200)


def _hertz(mel):
    return np.where(mel >= 15, 1000 * np.exp(np.log(6.4) / 27 * (mel - 15)), mel * 200 / 3)


def filters():
    """Triangles of unit area, mels × FFT lines."""
    lines = np.linspace(0, RATE / 2, WINDOW // 2 + 1)
    corners = _hertz(np.linspace(_mel(0), _mel(RATE / 2), MELS + 2))
    rising = (lines - corners[:-2, None]) / np.diff(corners)[:-1, None]
    falling = (corners[2:, None] - lines) / np.diff(corners)[1:, None]
    return np.maximum(0, np.minimum(rising, falling)) * (2 / (corners[2:] - corners[:-2]))[:, None]


class Teacher(nn.Module):
    """See above."""

    def __init__(self, weights):
        super().__init__()
        self.lstm, self.linear = nn.LSTM(MELS, WIDTH, 3, batch_first=True), nn.Linear(WIDTH, WIDTH)
        for part in ("lstm", "linear"):
            own = {k[len(part) + 1 :]: v for k, v in weights.items() if k.startswith(f"{part}.")}
            getattr(self, part).load_state_dict(own)
        self.filters = filters().T
        self.hann = 0.5 - 0.5 * np.cos(2 * np.pi * np.arange(WINDOW) / WINDOW)

    def mels(self, sound):
        """(frames, mels) powers."""
        padded = np.pad(sound, WINDOW // 2)
        frames = np.lib.stride_tricks.sliding_window_view(padded, WINDOW)[::STEP]
        return ((np.abs(np.fft.rfft(frames * self.hann, axis=1)) ** 2) @ self.filters).astype(np.float32)

    def partials(self, sound):
        """(partials, frames, mels) of a 16 kHz sound: what the LSTM hears, one after the other."""
        level = 10 * np.log10(np.mean(sound**2) + 1e-12)
        mels = self.mels(sound * 10 ** (max(0, LEVEL_DB - level) / 20))
        starts = range(0, max(1, len(mels) - PARTIAL + 1), PARTIAL // 2)
        partials = [mels[start : start + PARTIAL] for start in starts]
        return np.stack([np.pad(p, ((0, PARTIAL - len(p)), (0, 0))) for p in partials])

    @torch.inference_mode()
    def embed(self, partials):
        """(sounds, WIDTH) unit embeddings of a tensor of the partials of sounds, as many for each."""
        sounds, each = partials.shape[:2]
        _, (state, _) = self.lstm(partials.flatten(0, 1))
        embeddings = nn.functional.normalize(torch.relu(self.linear(state[-1])), dim=1)
        return nn.functional.normalize(embeddings.view(sounds, each, WIDTH).mean(1), dim=1)


def load():
    """The encoder; its package is downloaded once, and only its weights are read."""
    folder = WORK / "dl"
    folder.mkdir(parents=True, exist_ok=True)
    if not (found := sorted(folder.glob("[Rr]esemblyzer-0.1.4-*.whl"))):
        pip = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", "-d", str(folder), PACKAGE]
        if subprocess.run(pip, check=False).returncode:
            raise RecipeError(f"cannot download {PACKAGE}; check the network and run it again")
        found = sorted(folder.glob("[Rr]esemblyzer-0.1.4-*.whl"))
    with zipfile.ZipFile(found[0]) as wheel, wheel.open(WEIGHTS) as file:
        return Teacher(torch.load(file, map_location="cpu", weights_only=True)["model_state"]).to(DEVICE).eval()
