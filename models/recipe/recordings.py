"""`--recordings DIR`: the default model's words head, trained on in minutes with a user's own recordings.

DIR holds a folder of sound files per word, laid out as Speech Commands is; `_background_noise_` is noise to train
with, and a speaker is what stands before `_nohash_` in a file's name. When all ten standard words are there the labels
stay the standard ones and other folders are unknown words; otherwise each folder is a keyword. One speaker in ten is
held out, or one recording in five where there are fewer than ten, and judged before and after.
"""

import json
import zlib
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from transformers import Wav2Vec2FeatureExtractor, WavLMForSequenceClassification

from . import clips
from .architecture import Listener, channels_last
from .augment import Surroundings, place
from .corpus import Corpus
from .examples import Words
from .export import SHARPER, scale
from .feed import generator
from .joint import Learner
from .machine import DEVICE, on_device
from .material import TRAIN_SURROUNDINGS, Clip, Material
from .settings import DEFAULT, KEYWORDS, RATE, SILENCE, UNKNOWN, WINDOW, WORK, RecipeError
from .sounds import read
from .training import parameter_groups

NOISE = "_background_noise_"
STEPS, BATCH, RATE_PEAK, WARM_UP = 500, 32, 2e-4, 25
FEW_SPEAKERS = 10
EXPORT = WORK / "recordings"
SOUNDS = {".wav", ".flac", ".ogg", ".mp3", ".aiff", ".aif"}
TELL_STEPS = 50


def folders(directory):
    """Word -> its sound files, and the files of noise."""
    directory = Path(directory)
    if not directory.is_dir():
        raise RecipeError(f"{directory} is not a folder; give one with a folder of sound files per word")
    found = {
        folder.name: sorted(file for file in folder.iterdir() if file.suffix.lower() in SOUNDS)
        for folder in sorted(directory.iterdir())
        if folder.is_dir()
    }
    words = {name: files for name, files in found.items() if files and name != NOISE}
    if not words:
        raise RecipeError(f"{directory} holds no folder with sound files")
    return words, found.get(NOISE, [])


def labels_for(words):
    """The labels of the words head, keywords first."""
    standard = set(KEYWORDS) <= set(words)
    keywords = KEYWORDS if standard else tuple(word for word in words if not word.startswith("_"))
    return (*keywords, UNKNOWN, SILENCE)


def speaker_of(path):
    """Who speaks, as far as the name tells."""
    return path.stem.split("_nohash_")[0] if "_nohash_" in path.stem else None


def split(words):
    """(word -> files to train on, word -> files held out), the same ones every time."""
    speakers = {speaker_of(path) for files in words.values() for path in files} - {None}

    def held_out(path):
        if len(speakers) >= FEW_SPEAKERS:
            return zlib.crc32((speaker_of(path) or path.stem).encode()) % 10 == 0
        return zlib.crc32(path.name.encode()) % 5 == 0

    train = {word: [file for file in files if not held_out(file)] for word, files in words.items()}
    held = {word: [file for file in files if held_out(file)] for word, files in words.items()}
    for word, files in train.items():
        if not files:
            raise RecipeError(f"all recordings of {word} fall into the held-out part; record more of them")
    return train, held


def told_apart(clip, labels):
    """A clip of the corpus where these words are to be told: a keyword that is none of them is another word."""
    spans = tuple(span for span in clip.spans if span[0] in labels)
    if spans == clip.spans:
        return clip
    kind = "word" if clip.kind == "keyword" else clip.kind
    return replace(clip, kind=kind, spans=spans, keyword_free=not spans)


def material_of(train, labels):
    """The recordings beside what the corpus has, if it was made: other words and speech keep the model from guessing."""
    material = Material()
    if len(Corpus.load()):
        for own in Material.of("train", unsaid=set(train) - set(KEYWORDS)).voices.values():
            for clip in own:
                material.add(told_apart(clip, labels))
    for word, files in train.items():
        for file in files:
            sound = clips.trim(read(file))
            if sound is None:
                continue
            samples, keyword = clips.to_i16(sound), word in labels
            spans = ((word, 0, len(samples)),) if keyword else ()
            kind = "keyword" if keyword else "word"
            material.add(Clip(samples, kind, str(speaker_of(file)), "recorded", spans=spans, keyword_free=not keyword))
    if not len(material.others):
        raise RecipeError(
            "there are no other words to tell yours from: add folders of them, or make the corpus with models/speech"
        )
    if not len(material.speech):
        for clip in material.others:
            material.speech.add(clip)
    return material


def surroundings(files):
    """Rooms and noises, with the user's own noise among them."""
    around = Surroundings(TRAIN_SURROUNDINGS)
    for file in files:
        sound = read(file)
        if len(sound) >= WINDOW and sound.std() > 1e-5:
            around.noises.append(sound / sound.std())
    return around


def default_listener(labels):
    """The default model with these labels; where they are not its own, the last layer begins anew."""
    if not DEFAULT.exists():
        raise RecipeError(f"{DEFAULT} is missing; models/train makes it")
    model = WavLMForSequenceClassification.from_pretrained(DEFAULT / "words", torch_dtype=torch.float32)
    scale(model.classifier, 1 / SHARPER)
    own = tuple(model.config.id2label[i] for i in range(len(model.config.id2label)))
    learner = Learner(labels, 1).to(DEVICE)
    state = model.state_dict()
    if own != labels:
        state = {name: value for name, value in state.items() if not name.startswith("classifier.")}
    learner.listener.words.load_state_dict(state, strict=own == labels)
    return learner, own == labels


def centred(sound):
    """The middle second."""
    start = (len(sound) - WINDOW) // 2
    return sound[start : start + WINDOW] if start >= 0 else place(sound, -start, WINDOW)


@torch.inference_mode()
def right(listener, held, labels):
    """(held-out recordings that get their own label, recordings)"""
    listener.eval()
    sounds, wanted = [], []
    for word, files in held.items():
        for file in files:
            sounds.append(centred(read(file)))
            wanted.append(labels.index(word if word in labels else UNKNOWN))
    if not sounds:
        return 0, 0
    logits = torch.cat([listener.words_and_phones(on_device(np.stack(sounds[i : i + 64])))[0]
                        for i in range(0, len(sounds), 64)])  # fmt: skip
    return int((logits.argmax(1).cpu().numpy() == np.array(wanted)).sum()), len(sounds)


def train(learner, examples):
    """All but the stem."""
    learner.listener.stem.requires_grad_(False)
    optimiser = torch.optim.AdamW(parameter_groups(learner.listener), lr=RATE_PEAK, betas=(0.9, 0.98))
    learner.train()
    for step in range(STEPS):
        rate = RATE_PEAK * min(1, (step + 1) / WARM_UP) * (1 - step / STEPS)
        for group in optimiser.param_groups:
            group["lr"] = rate
        np.random.seed(step)  # SpecAugment's masks
        loss, news = learner.words_loss(*examples.batch(generator("recordings", step), BATCH))
        optimiser.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learner.parameters(), 1.0)
        optimiser.step()
        if (step + 1) % TELL_STEPS == 0:
            print(f"recordings: step {step + 1} of {STEPS}, loss {news['words']:.3f}", flush=True)


def run(directory):
    """Trains, reports, and writes a folder for `wavlm-export convert`."""
    words, background = folders(directory)
    labels = labels_for(words)
    files, held = split(words)
    learner, known = default_listener(labels)
    channels_last(learner.listener.stem)
    before = right(learner.listener, held, labels) if known else None
    examples = Words(material_of(files, labels), surroundings(background), keywords=labels[:-2], labels=labels)
    train(learner, examples)
    after, count = right(learner.listener, held, labels)
    was = f", {before[0]} before" if before else ""
    print(f"recordings: {after} of {count} held-out recordings right{was}", flush=True)
    save(learner.listener, EXPORT / "words")
    print(
        "recordings: to make a model file of it: cargo run --release -p wavlm-export -- "
        f"convert words={EXPORT}/words -o my.wlm",
        flush=True,
    )


# What the default model's decision is without a head of phones beside the words: by the rule of `thresholds`, with every window
# heard once.
HEARD_ONCE = {"threshold": 0.9968, "lower_threshold": 0.982, "confirmation": None}


def save(listener: Listener, folder):
    """The words head as transformers saves it, and its decision."""
    scale(listener.words.classifier, SHARPER)
    listener.words.eval().save_pretrained(folder)
    Wav2Vec2FeatureExtractor(
        feature_size=1, sampling_rate=RATE, padding_value=0.0, do_normalize=False, return_attention_mask=False
    ).save_pretrained(folder)
    decision = json.loads((DEFAULT / "words" / "decision.json").read_text()) | HEARD_ONCE
    (folder / "decision.json").write_text(json.dumps(decision, indent=1) + "\n")
