"""Recordings of people in Debian's packages: fetched, unpacked, decoded once to 16 kHz. Never committed, never trained on."""

import random
import shutil
import zipfile

from ..clips import write_wav
from ..settings import JUDGE, RATE, RecipeError
from ..sounds import read
from ..speech import asterisk
from ..speech.sources import debian

DECODED = JUDGE / "decoded"
QUIET = "silence"  # folders of files that hold none of a voice
MOST_OF_A_SOURCE = 700  # files; some packages hold thousands


def _files(folder, pattern):
    """Files below a folder, links left out, in the order of their names."""
    found = (path for path in folder.glob(pattern) if path.is_file() and not path.is_symlink())
    return sorted(path for path in found if QUIET not in path.parts)


def _each(paths, root):
    for path in paths:
        yield path.relative_to(root).with_suffix("").as_posix(), read(path)


def _asterisk_prompts(package):
    root = debian(package)
    for path in _files(root, "**/*.gsm"):
        yield path.stem, read(path, samplerate=8000, channels=1, format="RAW", subtype="GSM610")
    yield from _each(_files(root, "**/*.wav"), root)


def _rally():
    root = debian("trigger-rally-data")
    for archive in _files(root, "**/*.zip"):
        with zipfile.ZipFile(archive) as file:
            file.extractall(root / "unzipped", [n for n in file.namelist() if n.startswith("sounds/")])
    below = root / "unzipped/sounds/codriver"
    return _each(_files(below, "*/*.wav"), below)


def _unpacked(package, below, pattern, keep=MOST_OF_A_SOURCE):
    root = debian(package) / below
    paths = _files(root, pattern)
    random.Random(1).shuffle(paths)
    return _each(sorted(paths[:keep]), root)


def _stamps():
    """Descriptions of pictures; the language stands at the end of the name, English has none."""
    root, by_language = debian("tuxpaint-stamps-default"), {}
    for path in _files(root, "**/*_desc*.ogg"):
        language = path.name.split("_desc")[1].split(".")[0].strip("_") or "en"
        by_language.setdefault(language, []).append(path)
    for language, paths in sorted(by_language.items()):
        random.Random(1).shuffle(paths)
        for path in paths[:250]:
            yield f"{language}/{path.stem}", read(path)


def _sphinx():
    root = debian("pocketsphinx-testdata") / "usr/share/pocketsphinx/test/data"
    for path in (*_files(root, "*.raw"), *_files(root, "tidigits/*.raw")):
        if path.stat().st_size > 20000:
            raw = dict(samplerate=RATE, channels=1, format="RAW", subtype="PCM_16")
            yield path.stem, read(path, **raw)
    yield from _each(_files(root, "*/*.wav"), root)


# Name -> what decodes it: GPL, CC-BY-SA or BSD.
SOURCES = {f"asterisk-{language}": (lambda language=language: asterisk.sounds(language)) for language in ("en", "es", "fr")}
SOURCES |= {
    f"prompts-{name}": (lambda package=package: _asterisk_prompts(package))
    for name, package in (
        ("es-co", "asterisk-prompt-es-co"),
        ("fr", "asterisk-prompt-fr-armelle"),
        ("it", "asterisk-prompt-it-menardi-wav"),
    )
}
SOURCES |= {
    "rally": _rally,
    "alsa": lambda: _unpacked("alsa-utils", "usr/share/sounds/alsa", "*.wav"),
    "saytime": lambda: _unpacked("saytime", "usr/share/saytime", "*.au"),
    "sphinx": _sphinx,
    "klettres": lambda: _unpacked("klettres-data", "usr/share/klettres", "*/*/*.ogg", keep=None),
    "ktuberling": lambda: _unpacked("ktuberling-data", "usr/share/ktuberling/sounds", "*/*.*", keep=None),
    "fillets-cs": lambda: _unpacked("fillets-ng-data-cs", ".", "**/*.ogg"),
    "fillets-nl": lambda: _unpacked("fillets-ng-data-nl", ".", "**/*.ogg"),
    "tuxpaint": _stamps,
}


def decoded(source):
    """The folder of a source's recordings as WAV files; decoded the first time."""
    folder = DECODED / source
    if not folder.exists():
        part = DECODED / f"{source}.part"
        shutil.rmtree(part, ignore_errors=True)
        count = 0
        for name, samples in SOURCES[source]():
            if len(samples):
                write_wav(part / f"{name}.wav", samples)
                count += 1
        if not count:
            raise RecipeError(f"the package of {source} holds no recording; is it of another release?")
        part.rename(folder)
        print(f"judge: {source}: {count} recordings", flush=True)
    return folder
