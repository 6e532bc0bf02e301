"""Stage `stem`: the convolutions learn to hear before anything asks them what.

They regress log-mel energies and the lowest spectral lines of their own 400 samples, through the
encoder's first LayerNorm. Minutes spent here save an hour later.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from . import architecture, material
from .augment import Surroundings, stretch_of
from .feed import feed, generator
from .machine import DEVICE, in_16_bits, on_device
from .settings import CHECKPOINTS, WINDOW
from .telling import Every

STEPS, BATCH, RATE_PEAK, WARM_UP = 3000, 24, 3e-3, 60
MELS, LINES, FFT = 64, 40, 512
FLOOR = 1e-6  # of a line's power, far below speech at any level that is trained on
TELL_SECONDS = 30
FILE = CHECKPOINTS / "stem.pt"
STATE = CHECKPOINTS / "stem-state.pt"


def mel_matrix():
    """Triangular filters over the FFT's lines, each summing to one."""
    hertz = np.linspace(0, 8000, FFT // 2 + 1)
    mels = np.linspace(0, 2595 * np.log10(1 + 8000 / 700), MELS + 2)
    edges = 700 * (10 ** (mels / 2595) - 1)
    rising = (hertz - edges[:-2, None]) / np.diff(edges)[:-1, None]
    falling = (edges[2:, None] - hertz) / np.diff(edges)[1:, None]
    matrix = np.clip(np.minimum(rising, falling), 0, None) + 1e-4
    return torch.tensor(matrix / matrix.sum(1, keepdims=True), dtype=torch.float32)


MATRIX, HANN = mel_matrix(), torch.hann_window(400)


def target(windows):
    """What the stem is to tell about each frame: (batch, frames, MELS + LINES), of about unit size."""
    around = (FFT - 400) // 2
    windows = F.pad(windows - windows.mean(1, keepdim=True), (around, around))
    power = torch.stft(windows, FFT, 320, 400, HANN.to(windows.device), center=False, return_complex=True).abs() ** 2
    logs = torch.cat([torch.log(MATRIX.to(power.device) @ power + FLOOR), torch.log(power[:, 2 : 2 + LINES] + FLOOR)], 1)
    return ((logs + 6) / 4).transpose(1, 2)


def speech():
    """All clips of training."""
    return [clip.samples for clips in material.Material.of("train").voices.values() for clip in clips]


def maker(speech):
    """The function that makes batch n out of 16-bit recordings."""
    around = Surroundings(material.TRAIN_SURROUNDINGS)

    def example(rng):
        sound = stretch_of(rng, speech[rng.integers(len(speech))], WINDOW)
        return around.hear(rng, sound, quietest_db=0)

    def make(number):
        rng = generator("stem", number)
        return np.stack([example(rng) for _ in range(BATCH)])

    return make


class Regression(nn.Module):
    """The stem, the encoder's first LayerNorm, and a linear map to what is to be told."""

    def __init__(self, model):
        super().__init__()
        self.stem, self.norm = model.stem, model.words.wavlm.feature_projection.layer_norm
        self.head = nn.Linear(architecture.CONFIG["conv_dim"][-1], MELS + LINES)

    def forward(self, windows):
        """(batch, frames, MELS + LINES)"""
        return self.head(self.norm(self.stem(windows).transpose(1, 2)))


def run(steps=STEPS):
    """Trains the stem, or goes on where it was interrupted."""
    if FILE.exists():
        return
    CHECKPOINTS.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    model = architecture.Listener().to(DEVICE)
    architecture.channels_last(model.stem)
    learning = Regression(model).to(DEVICE).train()
    optimiser = torch.optim.AdamW(
        learning.parameters(), lr=RATE_PEAK, betas=(0.9, 0.98), weight_decay=0.005
    )
    step = 0
    if STATE.exists():
        state = torch.load(STATE, map_location=DEVICE)
        learning.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        step = state["step"]
    batches, average, telling = feed(maker(speech()), step), None, Every(TELL_SECONDS)
    while step < steps:
        rate = RATE_PEAK * min(1, (step + 1) / WARM_UP) * 0.5 * (1 + math.cos(math.pi * step / steps))
        for group in optimiser.param_groups:
            group["lr"] = rate
        windows = on_device(next(batches))
        wanted = target(windows)
        with in_16_bits():
            loss = ((learning(windows).float() - wanted) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(learning.parameters(), 1.0)
        optimiser.step()
        model.remove_offset()
        step += 1
        unexplained = loss.item() / wanted.var().item()
        average = unexplained if average is None else 0.97 * average + 0.03 * unexplained
        if telling.is_due() or step == steps:
            print(f"stem: step {step}/{steps} unexplained variance {average:.3f}", flush=True)
            state = {"model": learning.state_dict(), "optimiser": optimiser.state_dict(), "step": step}
            torch.save(state, STATE)
    architecture.as_published(model.stem)
    torch.save({"stem": model.stem.state_dict(), "norm": learning.norm.state_dict()}, FILE)
