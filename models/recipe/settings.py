"""What every other module agrees on: labels, sample rate, where the work lies, how errors end."""

import os
import sys
from pathlib import Path

KEYWORDS = ("yes", "no", "up", "down", "left", "right", "on", "off", "stop", "go")
UNKNOWN, SILENCE = "_unknown_", "_silence_"
LABELS = KEYWORDS + (UNKNOWN, SILENCE)

RATE = 16000
WINDOW = RATE  # the words head looks at one second
SPEAKER_SECONDS = 3.0

MODELS = Path(__file__).resolve().parent.parent
DEFAULT = MODELS / "default"  # the checkpoint of the default model: words/, phones/ and speaker/
CACHE = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "wavlm-edge"
# Both lie outside of the checkout, since they take hours to make.
SPEECH = Path(os.environ.get("WAVLM_SPEECH") or CACHE / "speech")
WORK = Path(os.environ.get("WAVLM_WORK") or CACHE / "training")
JUDGE = Path(os.environ.get("WAVLM_JUDGE") or CACHE / "judge")
BANKS = WORK / "banks"  # what is computed once: teacher's embeddings, coded clips, mined windows
CHECKPOINTS = WORK / "checkpoints"
EXPORT = WORK / "export"  # words/, phones/ and speaker/, as transformers saves them
EVALUATION = WORK / "evaluation"  # the candidate that thresholds are chosen for


class RecipeError(Exception):
    """A mistake the user can mend; told in one line."""


def as_program(main):
    """Runs a program's main function; a mistake ends it the way the whole project does: one line, status 2."""
    try:
        main()
    except RecipeError as error:
        print(f"error: {error}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt:
        sys.exit(130)
