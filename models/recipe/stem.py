"""Stage `stem`: the convolutions learn to hear before anything asks them what.

They regress log-mel energies and the lowest spectral lines at the model's own framing, through
the encoder's first LayerNorm. Minutes spent here save an hour later.
"""

import math
import time

import numpy as np
import torch
import torch.nn.functional as F
from torch import nn

from . import architecture, batches
from .augment import Surroundings, mix, normalise
from .settings import CHECKPOINTS, WINDOW

STEPS, BATCH, RATE_PEAK, WARM_UP = 3000, 24, 3e-3, 60
MELS, LINES, FFT = 64, 40, 512
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
    """What the stem is to tell about each frame: (batch, frames, MELS + LINES)."""
    around = (FFT - 400) // 2
    padded = F.pad(windows, (around, around))
    power = torch.stft(padded, FFT, 320, 400, HANN, center=False, return_complex=True).abs() ** 2
    floor = power.mean((1, 2), keepdim=True) * 1e-5 + 1e-12
    logs = torch.cat([torch.log(MATRIX @ power + floor), torch.log(power[:, 2 : 2 + LINES] + floor)], 1)
    return ((logs - logs.mean((1, 2), keepdim=True)) / 2.5).transpose(1, 2)


def maker():
    """The function that makes batch n."""
    speech, around = batches.Material.training().speech, Surroundings(batches.TRAIN_SURROUNDINGS)

    def example(rng):
        sound = batches.stretch_of(rng, speech[rng.integers(len(speech))], WINDOW)
        if rng.random() < 0.5:
            sound = around.transmit(rng, sound, 0.2, 0.8)
        if rng.random() < 0.6:
            sound = mix(sound, around.noise(rng, WINDOW), rng.uniform(0, 35))
        return normalise(sound)

    def make(number):
        rng = batches.generator("stem", number)
        return np.stack([example(rng) for _ in range(BATCH)])

    return make


def run(steps=STEPS):
    """Trains the stem, or goes on where it was interrupted."""
    if FILE.exists():
        return
    CHECKPOINTS.mkdir(parents=True, exist_ok=True)
    torch.manual_seed(0)
    encoder = architecture.words_model().wavlm
    stem, norm = encoder.feature_extractor, encoder.feature_projection.layer_norm
    architecture.channels_last(stem)
    head = nn.Linear(architecture.CONFIG["conv_dim"][-1], MELS + LINES)
    learning = nn.ModuleList([stem, norm, head]).train()
    optimiser = torch.optim.AdamW(
        learning.parameters(), lr=RATE_PEAK, betas=(0.9, 0.98), weight_decay=0.005
    )
    step = 0
    if STATE.exists():
        state = torch.load(STATE)
        learning.load_state_dict(state["model"])
        optimiser.load_state_dict(state["optimiser"])
        step = state["step"]
    feed, average, told = batches.Feed(maker(), step), None, time.time()
    while step < steps:
        rate = RATE_PEAK * min(1, (step + 1) / WARM_UP) * 0.5 * (1 + math.cos(math.pi * step / steps))
        for group in optimiser.param_groups:
            group["lr"] = rate
        windows = torch.from_numpy(next(feed))
        wanted = target(windows)
        with torch.autocast("cpu", torch.bfloat16):
            said = head(norm(stem(windows).transpose(1, 2).float()))
        loss = ((said.float() - wanted) ** 2).mean()
        optimiser.zero_grad()
        loss.backward()
        nn.utils.clip_grad_norm_(learning.parameters(), 1.0)
        optimiser.step()
        step += 1
        unexplained = loss.item() / wanted.var().item()
        average = unexplained if average is None else 0.97 * average + 0.03 * unexplained
        if time.time() - told > 20 or step == steps:
            told = time.time()
            print(f"stem: step {step}/{steps} unexplained variance {average:.3f}", flush=True)
            state = {"model": learning.state_dict(), "optimiser": optimiser.state_dict(), "step": step}
            torch.save(state, STATE)
    feed.close()
    architecture.as_published(stem)
    torch.save({"stem": stem.state_dict(), "norm": norm.state_dict()}, FILE)
