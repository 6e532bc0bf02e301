"""Kokoro: a neural synthesiser whose voices are points in a space of styles, so that they can be blended.

A style is a table of 510 rows of 256 numbers; the row is chosen by the number of tokens, and another
row says the same in another manner. The model holds each token for a number of frames that it chooses
itself: they tell the times of every phone. The silence that it puts before the first token is cut to
PAUSE frames, which saves a fifth of the work for single words.
"""

import json

import numpy as np
from scipy.signal import resample_poly

from ..settings import RATE, RecipeError
from . import sources

KOKORO_RATE = 24000
FRAME_SECONDS = 600 / KOKORO_RATE
PAUSE = 8
EARLY_SECONDS = 0.06  # the sound comes this much before its frames, by alignment with pocketsphinx
STYLE_WIDTH = 256

DURATIONS = b"/encoder/Clip_output_0"  # the tensor of frames for each token inside the exported graph
PREDICTED = b"/encoder/Clip_output_1"  # our name for it before it is limited; as long as the other
LIMITS = b"limits"  # the new input: the most frames that each token may have

# Numbers of protobuf fields in onnx.proto.
MODEL_GRAPH = 7
GRAPH_NODE, GRAPH_INPUT, GRAPH_OUTPUT = 1, 11, 12
NODE_INPUT, NODE_OUTPUT, NODE_OP_TYPE = 1, 2, 4
VALUE_NAME, VALUE_TYPE = 1, 2
TYPE_TENSOR, TENSOR_ELEMENT, TENSOR_SHAPE = 1, 1, 2
SHAPE_DIMENSION, DIMENSION_VALUE, DIMENSION_NAME = 1, 1, 2
FLOAT = 1


def _number(value):
    """A protobuf varint."""
    most, rest = value >> 7, value & 127
    return bytes([rest | 128]) + _number(most) if most else bytes([rest])


def _field(number, content):
    """A protobuf field: a small number, or bytes with their length before them."""
    if isinstance(content, int):
        return _number(number << 3) + _number(content)
    return _number(number << 3 | 2) + _number(len(content)) + content


def patched(model):
    """The ONNX file with limited durations: the limits are a third input, the durations a second output.

    Two protobuf messages put one after the other are read as one, lists joined, so what is new is put
    at the end. The node that makes the durations gets another name for its output, of the same length.
    """
    made = _field(NODE_OUTPUT, DURATIONS)
    if model.count(made) != 1:
        raise RecipeError("Kokoro's model is not the export that this recipe knows")
    model = model.replace(made, _field(NODE_OUTPUT, PREDICTED))
    limit = _field(NODE_INPUT, PREDICTED) + _field(NODE_INPUT, LIMITS)
    limit += _field(NODE_OUTPUT, DURATIONS) + _field(NODE_OP_TYPE, b"Min")
    one, any_length = _field(DIMENSION_VALUE, 1), _field(DIMENSION_NAME, b"sequence_length")
    shape = _field(SHAPE_DIMENSION, one) + _field(SHAPE_DIMENSION, any_length)
    tensor = _field(TENSOR_ELEMENT, FLOAT) + _field(TENSOR_SHAPE, shape)
    value = _field(VALUE_NAME, LIMITS) + _field(VALUE_TYPE, _field(TYPE_TENSOR, tensor))
    graph = _field(GRAPH_NODE, limit) + _field(GRAPH_INPUT, value)
    graph += _field(GRAPH_OUTPUT, _field(VALUE_NAME, DURATIONS))
    return model + _field(MODEL_GRAPH, graph)


class Kokoro:
    """One thread, one utterance at a time: about a second of one core for a second of sound."""

    def __init__(self):
        import onnxruntime

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = options.inter_op_num_threads = 1
        model = patched(sources.kokoro_model().read_bytes())
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
        limits = np.full((1, len(tokens) + 2), np.inf, np.float32)
        limits[0, 0] = PAUSE
        samples, durations = self.session.run(
            ["audio", DURATIONS.decode()],
            {
                "tokens": np.array([[0, *tokens, 0]], np.int64),
                "style": self.style(voice, row),
                "speed": np.array([speed], np.float32),
                LIMITS.decode(): limits,
            },
        )
        first, *held = durations.ravel()[:-1]
        held = iter(held)
        spans = [next(held) if c in self.vocabulary else 0 for c in phonemes]
        ends = (first + np.cumsum([0, *spans])) * FRAME_SECONDS - EARLY_SECONDS
        sound = resample_poly(samples.ravel(), RATE, KOKORO_RATE).astype(np.float32)
        return sound, ends
