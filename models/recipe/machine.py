"""What the training runs on: a CUDA device where there is one, else the processor."""

from pathlib import Path

import torch

DEVICE = torch.device("cuda" if torch.cuda.is_available() else "cpu")
# Twice as fast where the processor multiplies matrices of bfloat16, and several times slower on others. A GPU has so little to
# do here that the casts alone would cost it more than they save.
WITH_BFLOAT16 = {"amx_bf16", "avx512_bf16"}
HAS_BFLOAT16 = DEVICE.type == "cpu" and not WITH_BFLOAT16.isdisjoint(Path("/proc/cpuinfo").read_text().split())


def on_device(values):
    """An array or tensor as a tensor on the device."""
    return torch.as_tensor(values).to(DEVICE, non_blocking=True)


def in_16_bits():
    """The context in which losses are computed."""
    return torch.autocast(DEVICE.type, torch.bfloat16, enabled=HAS_BFLOAT16)
