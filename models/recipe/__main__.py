"""`python -m recipe STAGE...`: makes the default model from the corpus, or one for a user's own recordings.

Stages: stem, train, mine, decay, keep, export, speaker, thresholds, samples; `all` runs them in this order but samples.
`--recordings DIR` trains on a folder per word instead.
"""

import argparse

import torch
import transformers

from .settings import RecipeError, as_program


def stages():
    """Name -> function, in order; imported late, so that a mistake in the arguments costs nothing."""
    from . import export, mining, samples, speaker_head, start, stem, thresholds, train

    return {
        "stem": stem.run,
        "train": train.run,
        "mine": mining.run,
        "decay": train.decay,
        "keep": start.run,
        "export": export.run,
        "speaker": speaker_head.run,
        "thresholds": thresholds.run,
        "samples": samples.run,
    }


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(prog="models/train", description=__doc__.split("\n\n")[0].split(": ")[1])
    parser.add_argument("stages", nargs="*", default=["all"], help="stages to run, or all")
    parser.add_argument("--recordings", metavar="DIR", help="a folder of sound files per word")
    return parser.parse_args()


def main():
    """Runs what was asked for."""
    asked = arguments()
    torch.set_num_threads(1)  # one thread learns these small layers faster than several
    transformers.logging.set_verbosity_error()
    if asked.recordings:
        from . import recordings

        recordings.run(asked.recordings)
        return
    known = stages()
    names = [name for name in known if name != "samples"] if asked.stages == ["all"] else asked.stages
    for name in names:
        if name not in known:
            raise RecipeError(f"no stage is called {name}; there are {', '.join(known)} and all")
    for name in names:
        known[name]()


if __name__ == "__main__":
    as_program(main)
