"""Stage `evaluate`: runs the exported folders over a manifest, as any user of transformers would.

Thresholds come from `dev` and go into the folders' decision.json; figures come from `test`.
"""

import csv
import json
from collections import defaultdict

import numpy as np
import torch
from scipy.io import wavfile
from transformers import AutoFeatureExtractor, WavLMForSequenceClassification, WavLMForXVector

from . import metrics, quantise, testset
from .settings import EVALUATION, EXPORT, RATE, WINDOW, RecipeError, up_to_date

HOP = RATE // 4
BATCH = 50
SMOOTHING = 3  # windows
REFRACTORY_S = 1.0
# Thresholds aim below the bar of one false alarm in twenty minutes.
FALSE_ALARMS_AIMED = 0.3
LOWEST_THRESHOLD = 0.5
THRESHOLDS = np.round(np.arange(LOWEST_THRESHOLD, 0.996, 0.005), 3)
RESULTS = EVALUATION / "results.json"


def read_rows(split):
    """A manifest's rows, with the path of each file."""
    path = testset.manifest(split)
    with open(path, newline="") as file:
        return [{**row, "path": path.parent / row["file"]} for row in csv.DictReader(file)]


def load(path):
    """Samples in [-1, 1)."""
    return wavfile.read(path)[1].astype(np.float32) / 32768


class Runner:
    """A saved model with its preprocessor."""

    def __init__(self, folder, kind):
        self.model = kind.from_pretrained(folder).eval()
        self.prepare = AutoFeatureExtractor.from_pretrained(folder)

    @torch.inference_mode()
    def __call__(self, sounds):
        """Logits or embeddings of sounds of equal length."""
        outputs = []
        for start in range(0, len(sounds), BATCH):
            batch = list(sounds[start : start + BATCH])
            inputs = self.prepare(batch, sampling_rate=RATE, return_tensors="pt").input_values
            result = self.model(inputs)
            outputs.append(getattr(result, "embeddings", result.logits).numpy())
        return np.concatenate(outputs)


def words_runner(folder=None):
    """The words head."""
    return Runner(folder or EXPORT / "words", WavLMForSequenceClassification)


def speaker_runner(folder=None):
    """The speaker head."""
    return Runner(folder or EXPORT / "speaker", WavLMForXVector)


def labels_of(run):
    """The labels in the order of the logits."""
    names = run.model.config.id2label
    return [names[i] for i in range(len(names))]


def keyword_columns(labels):
    """How many of the labels, all at the front, are keywords."""
    return sum(label not in ("_unknown_", "_silence_") for label in labels)


def softmax(logits):
    """Probabilities of each row."""
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return powers / powers.sum(1, keepdims=True)


def word_scores(run, rows):
    """Group -> (logits of the centred seconds, labels)."""
    groups = defaultdict(list)
    for row in rows:
        if row["kind"] == "word":
            groups[row["group"]].append(row)
    return {
        group: (run([load(row["path"]) for row in members]), [row["label"] for row in members])
        for group, members in groups.items()
    }


def accuracies(logits, wanted, labels):
    """Accuracy over the keywords, over other words, and over all classes alike."""
    right = np.array([labels[i] for i in logits.argmax(1)]) == np.array(wanted)
    wanted = np.array(wanted)
    per_class = {label: float(right[wanted == label].mean()) for label in labels if (wanted == label).any()}
    keywords = np.isin(wanted, labels[: keyword_columns(labels)])
    return {
        "keywords": float(right[keywords].mean()),
        "unknown": per_class.get("_unknown_"),
        "all classes": float(np.mean(list(per_class.values()))),
        "clips": len(wanted),
    }


def slide(run, sound):
    """Probabilities of the keywords for each window of a stream."""
    windows = np.lib.stride_tricks.sliding_window_view(sound, WINDOW)[::HOP]
    return softmax(run(windows))[:, : keyword_columns(labels_of(run))]


def speech_scores(run, rows):
    """Group -> (list of keyword probabilities of each recording, minutes)."""
    groups = defaultdict(lambda: ([], 0.0))
    for row in rows:
        if row["kind"] == "speech":
            sound = load(row["path"])
            streams, minutes = groups[row["group"]]
            groups[row["group"]] = (streams + [slide(run, sound)], minutes + len(sound) / RATE / 60)
    return dict(groups)


def false_alarms(streams, minutes, threshold):
    """False alarms in twenty minutes."""
    refractory = int(REFRACTORY_S * RATE / HOP)
    count = sum(len(metrics.detections(s, threshold, SMOOTHING, refractory)) for s in streams)
    return 20 * count / minutes


def stream_scores(run, rows, group, seed=5):
    """Keyword clips of a group, each in three seconds of faint noise: (probabilities, column)."""
    rng, labels, scores = np.random.default_rng(seed), labels_of(run), []
    keywords = labels[: keyword_columns(labels)]
    for row in rows:
        if row["kind"] == "word" and row["group"] == group and row["label"] in keywords:
            clip = load(row["path"])
            before = int(rng.uniform(0.75, 1.25) * RATE)
            sound = 1e-3 * rng.standard_normal(3 * RATE).astype(np.float32)
            sound[before : before + len(clip)] += clip[: len(sound) - before]
            scores.append((slide(run, sound), keywords.index(row["label"])))
    return scores


def detected(scores, threshold):
    """Share of streams in which the keyword, and nothing before it, was detected."""
    refractory = int(REFRACTORY_S * RATE / HOP)
    firsts = [metrics.detections(s, threshold, SMOOTHING, refractory)[:1] for s, _ in scores]
    return float(np.mean([bool(f) and f[0][1] == wanted for f, (_, wanted) in zip(firsts, scores)]))


def speaker_scores(run, rows):
    """Group -> (embeddings, labels)."""
    groups = defaultdict(list)
    for row in rows:
        if row["kind"] == "speaker":
            groups[row["group"]].append(row)
    return {
        group: (run([load(row["path"]) for row in members]), [row["label"] for row in members])
        for group, members in groups.items()
    }


def choose_words_threshold(run, rows):
    """The lowest threshold with as few false alarms as aimed at."""
    streams, minutes = speech_scores(run, rows)["synthetic"]
    for threshold in THRESHOLDS:
        if false_alarms(streams, minutes, threshold) <= FALSE_ALARMS_AIMED:
            return float(threshold)
    return float(THRESHOLDS[-1])


def choose_speaker_threshold(run, rows):
    """Where both errors are equal over clean and noisy dev clips together."""
    scores = speaker_scores(run, rows)
    pairs = [metrics.trials(*scores[group]) for group in ("synthetic", "synthetic-10dB")]
    return metrics.equal_error(*(np.concatenate(side) for side in zip(*pairs)))[1]


def choose_thresholds(words, speaker):
    """Measures on dev and writes both decision.json files."""
    rows = read_rows("dev")
    decisions = {
        "words": {
            "threshold": choose_words_threshold(words, rows),
            "smoothing_windows": SMOOTHING,
            "window_s": 1.0,
            "hop_s": HOP / RATE,
            "refractory_s": REFRACTORY_S,
        },
        "speaker": {"threshold": round(choose_speaker_threshold(speaker, rows), 3)},
    }
    for head, decision in decisions.items():
        (EXPORT / head / "decision.json").write_text(json.dumps(decision, indent=2) + "\n")
    return decisions


def report(words, speaker, decisions, split="test"):
    """Every figure of a split."""
    rows, labels = read_rows(split), labels_of(words)
    results = {"decisions": decisions, "words": {}, "false alarms": {}, "detected": {}, "speaker": {}}
    for group, (logits, wanted) in word_scores(words, rows).items():
        results["words"][group] = accuracies(logits, wanted, labels)
    threshold = decisions["words"]["threshold"]
    for group, (streams, minutes) in speech_scores(words, rows).items():
        per_twenty = false_alarms(streams, minutes, threshold)
        results["false alarms"][group] = {"per 20 minutes": per_twenty, "minutes": minutes}
    for group in results["words"]:
        if not group.endswith("dB"):
            results["detected"][group] = detected(stream_scores(words, rows, group), threshold)
    for group, (embeddings, speakers) in speaker_scores(speaker, rows).items():
        same, different = metrics.trials(embeddings, speakers)
        rate, at = metrics.equal_error(same, different)
        missed, accepted = metrics.error_rates(same, different, decisions["speaker"]["threshold"])
        results["speaker"][group] = {
            "EER": rate, "EER threshold": at, "missed": missed, "accepted": accepted,
            "speakers": len(set(speakers)), "clips": len(speakers),
        }  # fmt: skip
    return results


def in_int8(words, speaker):
    """What rounding to int8 is expected to change on the clean synthetic test clips."""
    rows = [row for row in read_rows("test") if row["group"] == "synthetic"]
    clips = [load(row["path"]) for row in rows if row["kind"] == "word"]
    voices = [row for row in rows if row["kind"] == "speaker"]
    changed, _, _ = quantise.changed(words, clips)
    _, _, embeddings = quantise.changed(speaker, [load(row["path"]) for row in voices])
    rate, _ = metrics.equal_error(*metrics.trials(embeddings, [row["label"] for row in voices]))
    return {
        "words": {"changed decisions": changed},
        "speaker": {"EER": rate, "column spread": quantise.column_spread(speaker.model.feature_extractor)},
    }


def tell(results):
    """The figures, a line each."""
    print(f"evaluate: decisions {results['decisions']}")
    for kind in ("words", "false alarms", "detected", "speaker", "int8"):
        for group, figures in results[kind].items():
            if isinstance(figures, dict):
                shown = " ".join(f"{k} {v:.4g}" for k, v in figures.items() if v is not None)
            else:
                shown = f"{figures:.4f}"
            print(f"evaluate: {kind}: {group}: {shown}", flush=True)


def run():
    """Chooses thresholds, reports on test."""
    models = [EXPORT / head / "model.safetensors" for head in ("words", "speaker")]
    if missing := [str(m) for m in models if not m.exists()]:
        raise RecipeError(f"{missing[0]} is missing; run the stage export first")
    if up_to_date(RESULTS, *models, *map(testset.manifest, testset.SURROUNDINGS)):
        return
    words, speaker = words_runner(), speaker_runner()
    results = report(words, speaker, choose_thresholds(words, speaker))
    results["int8"] = in_int8(words, speaker)
    tell(results)
    RESULTS.write_text(json.dumps(results, indent=2) + "\n")
