"""Write metrics.json: random scores, texts and turns, and what scikit-learn, SciPy, jiwer and pyannote.metrics make of them.

    python metrics.py        rewrites metrics.json beside this file
"""

import json
from pathlib import Path

import jiwer
import numpy as np
from pyannote.core import Annotation, Segment
from pyannote.metrics.diarization import DiarizationErrorRate
from scipy.interpolate import interp1d
from scipy.optimize import brentq
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_curve

HERE = Path(__file__).resolve().parent


def detection(rng, same, different, levels):
    """Scores of two overlapping bells; with few levels, many are equal."""
    scores = np.concatenate([rng.normal(1.0, 1.0, same), rng.normal(-0.5, 0.8, different)]).astype(np.float32)
    if levels:
        scores = (np.round(scores * levels) / levels).astype(np.float32)
    labels = np.concatenate([np.ones(same), np.zeros(different)])
    fpr, tpr, _ = roc_curve(labels, scores, drop_intermediate=False)
    eer = brentq(lambda x: 1.0 - x - interp1d(fpr, tpr)(x), 0.0, 1.0)
    dcf = lambda p: min(1.0, np.min(p * (1 - tpr) + (1 - p) * fpr) / min(p, 1 - p))
    # Logistic regression without a penalty, both sides of equal weight: scores to log-likelihood ratios.
    line = LogisticRegression(C=1e12, class_weight="balanced", tol=1e-12, max_iter=10_000)
    line.fit(scores[:, None].astype(np.float64), labels)
    ratios = line.decision_function(scores[:, None].astype(np.float64))
    cost = lambda llr, sign: np.mean(np.logaddexp(0.0, -sign * llr)) / np.log(2)
    cllr = lambda llr: (cost(llr[labels == 1], 1) + cost(llr[labels == 0], -1)) / 2
    return {
        "same": scores[:same].tolist(), "different": scores[same:].tolist(), "eer": eer, "min_dcf_01": dcf(0.01),
        "min_dcf_05": dcf(0.05), "fnmr_at_fmr": [float(np.min((1 - tpr)[fpr <= x])) for x in (1e-2, 1e-3, 1e-4)],
        "cllr": cllr(scores.astype(np.float64)), "cllr_calibrated": cllr(ratios),
    }  # fmt: skip


def texts(rng, count):
    words = ["open", "the", "garage", "é", "a", "door", "now", "hey"]
    draw = lambda most: " ".join(rng.choice(words, rng.integers(1, most)))
    said, found = [draw(9) for _ in range(count)], [draw(9) for _ in range(count)]
    return {"said": said, "found": found, "wer": jiwer.wer(said, found), "cer": jiwer.cer(said, found)}


def turns(rng, speakers, segments):
    def side(names):
        drawn, annotation = [], Annotation()
        for track in range(segments):
            start = round(float(rng.uniform(0, 30)), 3)
            end = round(start + float(rng.uniform(0.2, 4)), 3)
            name = str(rng.choice(names))
            drawn.append([name, start, end])
            annotation[Segment(start, end), track] = name
        return drawn, annotation.support()

    reference, found = side(list("ABCDE")[:speakers]), side(list("vwxyz")[: speakers + 1])
    rates = {}
    for collar in (0.0, 0.25, 0.5):
        rates[str(collar)] = DiarizationErrorRate(collar=collar)(reference[1], found[1])
    return {"reference": reference[0], "found": found[0], "der": rates}


def main():
    rng = np.random.default_rng(7)
    cases = {
        "detection": [detection(rng, *sizes) for sizes in [(40, 60, 0), (25, 400, 0), (60, 60, 4), (7, 9, 2)]],
        "texts": [texts(rng, count) for count in (1, 5, 20)],
        "turns": [turns(rng, speakers, segments) for speakers, segments in [(1, 3), (2, 6), (3, 8), (4, 12), (5, 15)]],
    }
    (HERE / "metrics.json").write_text(json.dumps(cases, ensure_ascii=False) + "\n")


if __name__ == "__main__":
    main()
