"""The project's own programs, which do the judging: whatever they decide is what counts."""

import csv
import json
import os
import shutil
import subprocess
from pathlib import Path

from ..settings import MODELS, RecipeError


def program(name):
    """The path of `wavlm` or `wavlm-export`: the environment names it, or it was built in release mode."""
    variable = name.upper().replace("-", "_")
    target = Path(os.environ.get("CARGO_TARGET_DIR") or MODELS.parent / "target")
    path = os.environ.get(variable) or shutil.which(target / "release" / name)
    if path is None:
        raise RecipeError(f"{name} is not built; run cargo build --release --workspace --bins, or set {variable}")
    return str(path)


def lines(name, *arguments, statuses=(0,)):
    """What a program prints with --json, an object a line; None at another exit status, with its message."""
    done = subprocess.run([program(name), *map(str, arguments), "--json"], capture_output=True, text=True, check=False)
    if done.returncode not in statuses:
        return None, done.stderr.strip()
    return [json.loads(line) for line in done.stdout.splitlines()], ""


def evaluation(model, manifest, *options):
    """The lines of `wavlm-export eval`."""
    found, message = lines("wavlm-export", "eval", model, "--manifest", manifest, *options)
    if found is None:
        raise RecipeError(message)
    return found


def rows(manifest, kind):
    """(path, label, group) of the recordings of a kind."""
    with open(manifest, newline="") as file:
        return [
            (manifest.parent / row["file"], row["label"], row["group"])
            for row in csv.DictReader(file)
            if row["kind"] == kind
        ]
