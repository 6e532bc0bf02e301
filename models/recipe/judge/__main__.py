"""`python -m recipe.judge MODEL`: how good a model file is on voices that it was never trained on."""

import argparse
import json
from pathlib import Path

from ..settings import MODELS, as_program
from . import det, material, peers, report, shown, typed


def main():
    """Runs what was asked for."""
    parser = argparse.ArgumentParser(prog="models/evaluate", description=__doc__.split(": ", 1)[1])
    parser.add_argument("--model", type=Path, default=MODELS / "default.wlm", help="the file to judge")
    parser.add_argument("--against", type=Path, help="the same model in f32: also count decisions that differ")
    parser.add_argument("--only", choices=report.PARTS, action="append", help="a part of the material")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write everything that was found to a file")
    parser.add_argument("--words", action="store_true", help="judge phrases of one's own with the built-in model instead")
    parser.add_argument("--material", choices=material.PARTS, help="make a part of the material and name its list instead")
    parser.add_argument("--det", nargs="+", metavar="NAME=FILE", help="draw models/det.svg from files of --json instead")
    asked = parser.parse_args()
    if asked.words:
        typed.run()
        shown.run()
        peers.run()
        return
    if asked.material:
        print(material.manifest(asked.material))
        return
    if asked.det:
        files = dict(pair.split("=", 1) for pair in asked.det)
        curves = {name: det.speakers(json.loads(Path(file).read_text())["people"], "people") for name, file in files.items()}
        (MODELS / "det.svg").write_text(det.svg(curves))
        return
    report.run(asked.model, asked.only or report.PARTS, asked.against, asked.json)


if __name__ == "__main__":
    as_program(main)
