"""Sound files of any kind, as everything here works on them."""

import numpy as np
import soundfile
from scipy.signal import resample_poly

from .settings import RATE, RecipeError


def read(path, **raw):
    """A sound file as 16 kHz mono floats; `raw` describes samples without a header to soundfile."""
    try:
        samples, rate = soundfile.read(path, dtype="float32", **raw)
    except soundfile.LibsndfileError as error:
        raise RecipeError(f"{path} cannot be read: {error}")
    samples = samples.mean(1) if samples.ndim > 1 else samples
    common = np.gcd(RATE, rate)
    return resample_poly(samples, RATE // common, rate // common).astype(np.float32)
