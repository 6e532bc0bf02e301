"""The program under test, and what Linux says of it while it runs."""

import os
import subprocess
import wave
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent.parent
SAMPLES = ROOT / "models" / "samples"
RATE = 16000


def program():
    """The path of the released program."""
    target = Path(os.environ.get("CARGO_TARGET_DIR") or ROOT / "target")
    return str(target / "release" / "wavlm")


def start(*arguments, **pipes):
    """Starts it; `pipes` as of subprocess.Popen."""
    return subprocess.Popen([program(), *arguments], **pipes)


def resident_kib(pid):
    """Resident memory that is its own: not the pages of the program's file."""
    for line in Path(f"/proc/{pid}/status").read_text().splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    raise RuntimeError("no RssAnon")


def descriptors(pid):
    """Open files and sockets."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def sample(name):
    """16-bit samples of a bundled recording, as bytes."""
    with wave.open(str(SAMPLES / name)) as file:
        return file.readframes(file.getnframes())
