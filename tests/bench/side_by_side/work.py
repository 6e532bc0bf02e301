"""How much arithmetic the model is, and how much of it the core could do at most."""

import json
import subprocess
from pathlib import Path

from .settings import RATE, REPOSITORY, BenchError


def model_gmacs(checkpoint: Path, seconds: float) -> float:
    """Multiply-accumulates of one run, in 1e9: every product of the x-vector model, attention's too."""
    config = json.loads((checkpoint / "config.json").read_text())
    frames, width, macs = round(seconds * RATE), 1, 0
    for out, kernel, stride in zip(config["conv_dim"], config["conv_kernel"], config["conv_stride"]):
        frames = (frames - kernel) // stride + 1
        macs += frames * kernel * width * out
        width = out

    hidden = config["hidden_size"]
    macs += frames * width * hidden
    group = hidden // config["num_conv_pos_embedding_groups"]
    macs += frames * config["num_conv_pos_embeddings"] * group * hidden
    linears = 4 * hidden * hidden + 2 * hidden * config["intermediate_size"]
    macs += config["num_hidden_layers"] * (frames * linears + 2 * frames * frames * hidden)

    width = config["tdnn_dim"][0]
    macs += frames * hidden * width
    for out, kernel, dilation in zip(config["tdnn_dim"], config["tdnn_kernel"], config["tdnn_dilation"]):
        frames -= dilation * (kernel - 1)
        macs += frames * kernel * width * out
        width = out
    embedding = config["xvector_output_dim"]
    macs += 2 * width * embedding + embedding * embedding
    return macs / 1e9


def int8_peak_gmacs(kernel: str) -> float:
    """What one core reaches with the instructions of a kernel table and nothing in their way, per second."""
    arguments = ["--locked", "-p", "wavlm-kernels", "--bench", "kernels", "--", "--peak", "--json"]
    done = subprocess.run(["cargo", "bench", *arguments], cwd=REPOSITORY, capture_output=True, text=True)
    if done.returncode != 0:
        said = done.stderr.strip().splitlines()
        raise BenchError(f"`cargo bench {' '.join(arguments)}` failed: {said[-1] if said else 'no word why'}")
    for line in done.stdout.splitlines():
        if line.startswith("{") and (peak := json.loads(line))["kernel"] == kernel:
            return peak["i8_gmacs"]
    raise BenchError(f"`cargo bench {' '.join(arguments)}` knows no kernels {kernel}")
