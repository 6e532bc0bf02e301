"""The three synthesisers: espeak-ng in this process, flite and festival as programs.

Each returns 16 kHz float samples, or None when nothing could be said.
"""

import ctypes
import subprocess
import tempfile
from pathlib import Path

import numpy as np
from scipy.io import wavfile
from scipy.signal import resample_poly

from .settings import RATE, RecipeError

ESPEAK_RATE = 22050
RATE_PARAMETER, VOLUME_PARAMETER, PITCH_PARAMETER, RANGE_PARAMETER = 1, 2, 3, 4


def espeak_data():
    """espeak-ng's data folder, wherever this architecture's package puts it."""
    found = sorted(Path("/usr/lib").glob("*/espeak-ng-data")) + sorted(
        Path("/usr/share").glob("espeak-ng-data")
    )
    if not found:
        raise RecipeError("espeak-ng-data is missing; install the Debian package espeak-ng")
    return found[0]


class Espeak:
    """espeak-ng through its library: a clip takes milliseconds.

    A private data folder, links but for one variant file, lets any number of variants be used:
    the file is rewritten before each voice change, while the library itself lists at most 350.
    """

    def __init__(self):
        try:
            self.library = ctypes.CDLL("libespeak-ng.so.1")
        except OSError:
            raise RecipeError("libespeak-ng.so.1 is missing; install the Debian package espeak-ng")
        self.folder = tempfile.TemporaryDirectory(prefix="espeak-")
        home = Path(self.folder.name) / "espeak-ng-data"
        variants = home / "voices" / "!v"
        variants.mkdir(parents=True)
        for entry in espeak_data().iterdir():
            if entry.name != "voices":
                (home / entry.name).symlink_to(entry)
        self.variant = variants / "current"
        self.variant.write_text("language variant\n")
        self.chunks = []
        synchronous = 2
        if self.library.espeak_Initialize(synchronous, 200, self.folder.name.encode(), 0) < 0:
            raise RecipeError("espeak-ng does not start")
        callback = ctypes.CFUNCTYPE(
            ctypes.c_int, ctypes.POINTER(ctypes.c_short), ctypes.c_int, ctypes.c_void_p
        )

        def keep(samples, count, _events):
            if samples and count > 0:
                self.chunks.append(np.ctypeslib.as_array(samples, (count,)).copy())
            return 0

        self.callback = callback(keep)  # must outlive every call
        self.library.espeak_SetSynthCallback(self.callback)

    def say(self, text, voice, rate, pitch, range_):
        """`text` in `voice`; rate in words a minute, pitch and its range in espeak's 0..99."""
        self.variant.write_text(voice.variant)
        if self.library.espeak_SetVoiceByName(f"{voice.accent}+current".encode()) != 0:
            return None
        for parameter, value in (
            (RATE_PARAMETER, rate),
            (VOLUME_PARAMETER, 90),
            (PITCH_PARAMETER, np.clip(pitch, 5, 95)),
            (RANGE_PARAMETER, np.clip(range_, 5, 99)),
        ):
            self.library.espeak_SetParameter(parameter, int(value), 0)
        raw = text.encode() + b"\0"
        self.chunks.clear()
        utf8 = 1
        self.library.espeak_Synth(raw, ctypes.c_size_t(len(raw)), 0, 1, 0, utf8, None, None)
        if not self.chunks:
            return None
        samples = np.concatenate(self.chunks).astype(np.float32) / 32768
        return resample_poly(samples, RATE, ESPEAK_RATE).astype(np.float32)


def _load(path):
    try:
        rate, samples = wavfile.read(path)
    except (OSError, ValueError):
        return None
    samples = samples.astype(np.float32) / 32768
    return samples if rate == RATE else resample_poly(samples, RATE, rate).astype(np.float32)


def _run(command, **options):
    try:
        return subprocess.run(command, capture_output=True, check=False, **options)
    except FileNotFoundError:
        raise RecipeError(f"{command[0]} is missing; install the Debian package {command[0]}")


def flite(voice, text, stretch, pitch, folder):
    """One utterance by the program flite."""
    path = Path(folder) / "flite.wav"
    path.unlink(missing_ok=True)
    _run(
        ["flite", "-voice", voice, "--setf", f"duration_stretch={stretch:.2f}",
         "--setf", f"int_f0_target_mean={pitch:.0f}", "-t", text, "-o", str(path)]
    )  # fmt: skip
    return _load(path)


def festival(voice, requests, folder):
    """Many utterances by one run of festival: `requests` are (text, stretch) pairs."""
    folder = Path(folder)
    lines = [f"(voice_{voice})"]
    for number, (text, stretch) in enumerate(requests):
        lines.append(f"(Parameter.set 'Duration_Stretch {stretch:.2f})")
        lines.append(f"(set! hts_duration_stretch {stretch - 1:.2f})")
        said = f'(utt.synth (Utterance Text "{text}"))'
        lines.append(f"(unwind-protect (utt.save.wave {said} \"{folder}/{number}.wav\" 'riff))")
    script = folder / "say.scm"
    script.write_text("\n".join(lines) + "\n")
    _run(["festival", "-b", str(script)], timeout=1800)
    return [_load(folder / f"{number}.wav") for number in range(len(requests))]
