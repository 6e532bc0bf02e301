"""Piper's voice joe: an engine that is never trained on, for the test alone."""

import json
from dataclasses import dataclass

import numpy as np
from scipy.signal import resample_poly

from .. import engines
from ..settings import RATE
from . import labels, phones, sources
from .spoken import Spoken

SCALES = ((0.667, 1.0, 0.8), (0.8, 1.2, 0.9), (0.5, 0.9, 0.6))  # noise, length, noise of lengths
START, PAD, END = 1, 0, 2  # tokens


@dataclass(frozen=True)
class Joe:
    """The one voice."""

    name: str = "piper-joe"
    sex: str = "m"
    language: str = "en-us"


class Engine:
    """Says requests by Piper's model; its phones have no times."""

    def __init__(self):
        import onnxruntime

        model = sources.piper_model()
        settings = json.loads(model.with_name(model.name + ".json").read_text())
        self.tokens, self.rate = settings["phoneme_id_map"], settings["audio"]["sample_rate"]
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(str(model), options, providers=["CPUExecutionProvider"])
        self.espeak = engines.shared_espeak()

    def say(self, requests, rng):
        """A `Spoken` for each request."""
        for request in requests:
            yield self.one(request, SCALES[rng.integers(len(SCALES))])

    def one(self, request, scales):
        """One request with these scales."""
        ipa = self.espeak.ipa(request.text, "en-us").replace("^", "")
        tokens = [START]
        for symbol in ipa + ".":
            if symbol in self.tokens:
                tokens += [PAD, *self.tokens[symbol]]
        tokens = np.array([[*tokens, PAD, END]], np.int64)
        feed = {
            "input": tokens,
            "input_lengths": np.array([tokens.shape[1]], np.int64),
            "scales": np.array(scales, np.float32),
        }
        samples = self.session.run(None, feed)[0].ravel()
        sound = resample_poly(samples, RATE, self.rate).astype(np.float32)
        heard = [(phone, None, None) for phone, *_ in phones.parse(ipa) or []]
        return Spoken(sound, heard, labels.untimed(request.text), ipa)
