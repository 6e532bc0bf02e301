"""Kokoro: a neural synthesiser whose voices are points in a space of styles, so that they can be blended.

A style is a table of 510 rows of 256 numbers; the row is chosen by the number of tokens, and another
row says the same in another manner. The model holds each token for a number of frames that it chooses
itself: they tell the times of every phone. The third of a second of silence before the first token costs
time, but with less of it the words come out mutilated.
"""

import json

import numpy as np
from scipy.signal import resample_poly

from ..settings import RATE
from . import sources

KOKORO_RATE = 24000
FRAME_SECONDS = 600 / KOKORO_RATE
EARLY_SECONDS = 0.06  # the sound comes this much before its frames, by alignment with pocketsphinx
STYLE_WIDTH = 256

DURATIONS = b"/encoder/Clip_output_0"  # the tensor of frames for each token inside the exported graph
# Numbers of protobuf fields in onnx.proto.
MODEL_GRAPH, GRAPH_OUTPUT, VALUE_NAME = 7, 12, 1


def _field(number, content):
    """A short protobuf field: bytes with their length before them."""
    if len(content) > 127:
        raise ValueError("a longer field needs a longer length")
    return bytes([number << 3 | 2, len(content)]) + content


def with_durations(model):
    """The ONNX file with the durations as a second output.

    Two protobuf messages put one after the other are read as one, lists joined: so a message that holds
    nothing but the new output is all there is to add.
    """
    return model + _field(MODEL_GRAPH, _field(GRAPH_OUTPUT, _field(VALUE_NAME, DURATIONS)))


class Kokoro:
    """One thread, one utterance at a time: about a second of one core for a second of sound."""

    def __init__(self):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        model = with_durations(sources.kokoro_model().read_bytes())
        self.session = onnxruntime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
        self.vocabulary = json.loads(sources.kokoro_vocabulary().read_text())["vocab"]
        self.tables = {}

    def table(self, name):
        """The rows of a style, (510, 256)."""
        if name not in self.tables:
            self.tables[name] = np.fromfile(sources.kokoro_style(name), np.float32).reshape(-1, STYLE_WIDTH)
        return self.tables[name]

    def style(self, voice, row):
        """The style of a voice at a row; its timbre and its prosody may be weighted differently."""
        half = STYLE_WIDTH // 2
        rows = np.stack([self.table(name)[row] for name in voice.styles])
        timbre = np.asarray(voice.timbre, np.float32) @ rows[:, :half]
        prosody = np.asarray(voice.prosody, np.float32) @ rows[:, half:]
        return np.concatenate([timbre, prosody])[None]

    def say(self, phonemes, voice, speed, row=None):
        """(16 kHz float samples, seconds at which each character of `phonemes` ends, from 0)."""
        known = [c for c in phonemes if c in self.vocabulary]
        tokens = [self.vocabulary[c] for c in known]
        row = min(len(tokens) if row is None else row, len(self.table(voice.styles[0])) - 1)
        samples, durations = self.session.run(
            ["audio", DURATIONS.decode()],
            {
                "tokens": np.array([[0, *tokens, 0]], np.int64),
                "style": self.style(voice, row),
                "speed": np.array([speed], np.float32),
            },
        )
        first, *held = durations.ravel()[:-1]
        held = iter(held)
        spans = [next(held) if c in self.vocabulary else 0 for c in phonemes]
        ends = (first + np.cumsum([0, *spans])) * FRAME_SECONDS - EARLY_SECONDS
        sound = resample_poly(samples.ravel(), RATE, KOKORO_RATE).astype(np.float32)
        return sound, ends
