"""Write losses.json: for every case with a head, random labels and the losses that transformers computes with them.

    python losses.py        rewrites losses.json beside this file, from the checkpoints in cases/
"""

import json

import torch
from make import CASES, HERE, generator, load, settle
from safetensors.numpy import load_file
from transformers import Wav2Vec2FeatureExtractor

# transformers takes this adapter's frames for two more than there are, and then fails.
FAILS = "mask-layer-ctc"


def inputs(case, folder):
    """Values and mask as the model is given them, in f64."""
    held = load_file(folder / "input.safetensors")
    waveform, mask = held["waveform"].reshape(-1, held["waveform"].shape[-1]), held.get("attention_mask")
    lengths = [waveform.shape[1]] * len(waveform) if mask is None else mask.sum(1)
    extract = Wav2Vec2FeatureExtractor.from_pretrained(folder)
    values = extract([row[:n] for row, n in zip(waveform, lengths)], sampling_rate=16_000, padding=True, return_tensors="pt")
    return values.input_values.double(), None if mask is None else torch.from_numpy(mask)


@torch.no_grad()
def losses(case):
    folder, rng = HERE / "cases" / case.name, generator(case.name, "labels")
    model = load(case, folder, torch.float64)
    values, mask = inputs(case, folder)
    ask = lambda labels: float(model(values, attention_mask=mask, labels=labels).loss)
    logits = model(values, attention_mask=mask).logits
    width = logits.shape[-1]
    if case.head == "ctc":
        samples = torch.full((len(values),), values.shape[1]) if mask is None else mask.sum(1)
        frames = model._get_feat_extract_output_lengths(samples).tolist()
        blank = model.config.pad_token_id
        tokens = [rng.choice([t for t in range(width) if t != blank], int(rng.integers(1, n // 2 + 2))).tolist() for n in frames]
        most = max(map(len, tokens))
        labels = torch.tensor([row + [-100] * (most - len(row)) for row in tokens])
        found = {"tokens": tokens, "frames": frames, "blank": blank}
        for reduction in ("sum", "mean"):
            model.config.ctc_loss_reduction = reduction
            found[reduction] = ask(labels)
        return found
    if case.head == "frame":
        labels = rng.integers(0, width, logits.shape[:2])
        return {"labels": labels.tolist(), "loss": ask(torch.nn.functional.one_hot(torch.from_numpy(labels), width))}
    classes = model.config.num_labels
    labels = rng.integers(0, classes, len(values))
    found = {"labels": labels.tolist(), "loss": ask(torch.from_numpy(labels))}
    if case.head == "xvector":
        found["classes"] = model.objective.weight.flatten().tolist()
    return found


def main():
    settle()
    rows = [{"case": case.name, "head": case.head} | losses(case) for case in CASES if case.head != "none" and case.name != FAILS]
    (HERE / "losses.json").write_text("[\n" + ",\n".join(map(json.dumps, rows)) + "\n]\n")


if __name__ == "__main__":
    main()
