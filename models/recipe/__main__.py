"""`python -m recipe STAGE...`: makes the default model, or one for a user's own recordings.

Stages: synth, stem, train, export, testset, evaluate, samples; `all` runs them in this order, each
skipped when its output is complete. `--recordings DIR` trains on a folder per word instead.
"""

import argparse
import sys

import torch
import transformers

from .settings import RecipeError, fail


def stages():
    """Name -> function, in order; imported late, so that a mistake in the arguments costs nothing."""
    from . import evaluate, export, samples, stem, synth, testset, train

    return {
        "synth": synth.run,
        "stem": stem.run,
        "train": train.run,
        "export": export.run,
        "testset": testset.run,
        "evaluate": evaluate.run,
        "samples": samples.run,
    }


def arguments():
    """The command line."""
    parser = argparse.ArgumentParser(prog="recipe", description=__doc__.split("\n\n")[0])
    parser.add_argument("stages", nargs="*", default=["all"], help="stages to run, or all")
    parser.add_argument("--recordings", metavar="DIR", help="a folder of WAV files per word")
    parser.add_argument("--scratch", action="store_true", help="do not start from the default model")
    return parser.parse_args()


def main():
    """Runs what was asked for."""
    asked = arguments()
    torch.set_num_threads(1)  # one thread learns these small layers faster than several
    transformers.logging.set_verbosity_error()
    known = stages()
    if asked.recordings:
        from . import recordings

        recordings.run(asked.recordings, asked.scratch)
        return
    names = list(known) if asked.stages == ["all"] else asked.stages
    for name in names:
        if name not in known:
            raise RecipeError(f"no stage is called {name}; there are {', '.join(known)} and all")
    for name in names:
        known[name]()


if __name__ == "__main__":
    try:
        main()
    except RecipeError as error:
        fail(error)
    except KeyboardInterrupt:
        sys.exit(130)
