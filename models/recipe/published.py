"""The default model's checkpoint, to train on."""

import torch
from torch import nn
from transformers import WavLMForCTC, WavLMForSequenceClassification, WavLMForXVector

from .export import HEADS, SHARPER, scale
from .joint import Learner
from .machine import DEVICE
from .settings import DEFAULT, LABELS, RecipeError

CLASSES = dict(zip(HEADS, (WavLMForSequenceClassification, WavLMForCTC, WavLMForXVector)))


def learner(labels=LABELS):
    """(learner with the default model's weights, whether its labels are these); where they are others, the words' last layer
    begins anew. The norm of the speaker head's statistics is folded in already, so the learner's own changes nothing as long as
    it does not learn."""
    if not DEFAULT.exists():
        raise RecipeError(f"{DEFAULT} is missing; models/train makes it")
    made = Learner(labels, 1).to(DEVICE)
    made.pooled.eps = 0.0
    known = False
    for head, kind in CLASSES.items():
        model = kind.from_pretrained(DEFAULT / head, torch_dtype=torch.float32)
        state = model.state_dict()
        if head == "words":
            known = tuple(model.config.id2label[i] for i in range(len(model.config.id2label))) == tuple(labels)
            scale(model.classifier, 1 / SHARPER)
            state = {name: value for name, value in state.items() if known or not name.startswith("classifier.")}
        _take(getattr(made.listener, head), state)
    return made, known


def _take(model: nn.Module, state):
    """Loads what the model has of a checkpoint; classes of voices, which nothing asks for, it has not."""
    own = model.state_dict()
    model.load_state_dict({**own, **{name: value for name, value in state.items() if name in own}})
