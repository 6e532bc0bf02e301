"""Figures of merit, from scores and labels alone."""

import numpy as np


def trials(embeddings, labels):
    """Cosines of all pairs: (same speaker, different speakers)."""
    unit = embeddings / np.linalg.norm(embeddings, axis=1, keepdims=True)
    labels = np.asarray(labels)
    first, second = np.triu_indices(len(labels), 1)
    scores = (unit @ unit.T)[first, second]
    same = labels[first] == labels[second]
    return scores[same], scores[~same]


def equal_error(same, different):
    """(equal error rate, the threshold where both errors are equal)."""
    scores = np.concatenate([same, different])
    order = np.argsort(-scores, kind="stable")
    target = np.concatenate([np.ones(len(same)), np.zeros(len(different))])[order]
    missed = 1 - np.cumsum(target) / len(same)
    accepted = np.cumsum(1 - target) / len(different)
    at = int(np.argmin(np.abs(missed - accepted)))
    return float((missed[at] + accepted[at]) / 2), float(scores[order][at])


def smooth(probabilities, windows):
    """Mean over each window and the ones before it, at most `windows` in all."""
    sums = np.cumsum(np.vstack([np.zeros((1, probabilities.shape[1])), probabilities]), axis=0)
    ends = np.arange(1, len(probabilities) + 1)
    starts = np.maximum(0, ends - windows)
    return (sums[ends] - sums[starts]) / (ends - starts)[:, None]


def detections(probabilities, threshold, windows, refractory):
    """(window, keyword) of each detection in a stream; `refractory` counts windows.

    Keywords are the columns given; a detection silences the next `refractory` windows.
    """
    smoothed = smooth(probabilities, windows)
    found, quiet_until = [], 0
    for index in np.flatnonzero(smoothed.max(1) >= threshold):
        if index >= quiet_until:
            found.append((int(index), int(smoothed[index].argmax())))
            quiet_until = index + refractory
    return found
