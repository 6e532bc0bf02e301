"""What one step of training does: three tasks over one encoder, none of which outweighs the others."""

import torch
import torch.nn.functional as F
from torch import nn

from . import phones
from .architecture import CONFIG, Listener, pooled_norm
from .examples import NO_ANSWER
from .machine import on_device

SMOOTHING = 0.05
PHONES_IN_WINDOWS = 0.3  # weight of the phones of one-second windows beside the words
MIDDLES = 3.0  # weight of the phones in the frames where they are known to be
# CTC by itself takes days to begin: it first learns to say nothing anywhere. So it starts small.
SMALL_CTC, LARGE_CTC = 0.02, 0.2
SCALE, MARGIN = 15.0, 0.1
CLIP = 1.0
TELLING = 128  # numbers in which the voices of training are told apart


class Learner(nn.Module):
    """The listener with what only training needs: voices' centres, and norms of the pooled statistics."""

    def __init__(self, labels, voices):
        super().__init__()
        self.listener = Listener(labels)
        self.pooled = pooled_norm()
        self.telling = nn.Linear(CONFIG["xvector_output_dim"], TELLING)
        self.centres = nn.Parameter(0.1 * torch.randn(voices, TELLING))
        extractor = self.listener.speaker.feature_extractor
        extractor.register_forward_pre_hook(lambda _module, inputs: self.pooled(inputs[0]))

    def words_loss(self, sounds, labels, said, middles, share=1.0):
        """Cross-entropy of the words, and CTC, of which `share` counts, of the windows whose phones are all known."""
        logits, of_frames = self.listener.words_and_phones(on_device(sounds))
        labels = on_device(labels).long()
        loss = F.cross_entropy(logits, labels, ignore_index=NO_ANSWER, label_smoothing=SMOOTHING)
        spelling = share * ctc(of_frames, said) + MIDDLES * known(of_frames, middles)
        told = labels != NO_ANSWER
        right = (logits.argmax(1) == labels)[told].float().mean()
        return loss + PHONES_IN_WINDOWS * spelling, {"words": loss.detach(), "right": right}

    def phones_loss(self, sounds, said, middles, share=1.0):
        """CTC of whole sentences, of which `share` counts."""
        logits = self.listener.phone_logits(on_device(sounds))
        spelling, placed = ctc(logits, said), known(logits, middles)
        return share * spelling + MIDDLES * placed, {"phones": spelling.detach(), "placed": placed.detach()}

    def speakers_loss(self, sounds, classes, answers, margin):
        """The angle to the teacher's embedding, and AM-softmax over the voices of training."""
        embeddings = self.listener.embeddings(on_device(sounds))
        likeness = F.cosine_similarity(embeddings, on_device(answers))
        classes = on_device(classes).long()
        cosine = F.normalize(self.telling(F.normalize(embeddings))) @ F.normalize(self.centres).T
        moved = cosine - margin * F.one_hot(classes, len(self.centres))
        telling = F.cross_entropy(SCALE * moved, classes)
        loss = 10 * (1 - likeness).mean() + 0.2 * telling
        return loss, {"likeness": likeness.mean().detach(), "voices": telling.detach()}


def ctc_share(grown):
    """What CTC counts, `grown` from 0 to 1."""
    return SMALL_CTC * (LARGE_CTC / SMALL_CTC) ** grown


def ctc(logits, said):
    """CTC per frame, of the sounds whose phones are known and fit; transformers' reduction "mean"."""
    count = logits.shape[1]
    known = [i for i, numbers in enumerate(said) if numbers is not None and phones.frames_needed(numbers) <= count]
    if not known:
        return logits.sum() * 0
    targets = [said[i] for i in known]
    flat = on_device(torch.tensor([n for numbers in targets for n in numbers], dtype=torch.long))
    lengths = torch.tensor([len(numbers) for numbers in targets])
    chances = logits[known].log_softmax(-1).transpose(0, 1)
    full = torch.full((len(known),), count)
    return F.ctc_loss(chances, flat, full, lengths, phones.BLANK_ID, zero_infinity=True)


def known(logits, middles):
    """Cross-entropy in the frames that lie in the middle of a phone: rows (sound, frame, number)."""
    inside = middles[middles[:, 1] < logits.shape[1]]
    if not len(inside):
        return logits.sum() * 0
    sound, frame, number = on_device(inside).T
    return F.cross_entropy(logits[sound, frame], number)


def gradients(model, losses):
    """Backpropagates each loss by itself, cut to CLIP, and leaves the sum in `grad`."""
    parameters = [p for p in model.parameters() if p.requires_grad]
    total = {}
    for loss in losses:
        loss.backward()
        if torch.isfinite(nn.utils.clip_grad_norm_(parameters, CLIP)):
            found = {parameter: parameter.grad for parameter in parameters if parameter.grad is not None}
            if both := total.keys() & found.keys():
                torch._foreach_add_([total[parameter] for parameter in both], [found[parameter] for parameter in both])
            total = found | total
        for parameter in parameters:
            parameter.grad = None
    for parameter, gradient in total.items():
        parameter.grad = gradient

