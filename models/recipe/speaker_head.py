"""The x-vector head while it learns, and how it is folded into what transformers saves.

Two BatchNorms (of the pooled statistics and of the embedding) make it train; the published model
has none, so they are folded into `feature_extractor` afterwards, and the columns this leaves far
apart in size are evened out, which int8 needs.
"""

import torch
import torch.nn.functional as F
from torch import nn

SCALE, MARGIN = 20.0, 0.15
DEAD = 1e-3  # a pooled channel whose deviation never exceeds this carries nothing


class SpeakerHead(nn.Module):
    """WavLMForXVector with its training-only parts: normalisation and AM-softmax."""

    def __init__(self, model, speakers):
        super().__init__()
        self.model = model
        embedding = model.config.xvector_output_dim
        del model.objective
        layers = [model.projector, model.feature_extractor, *(layer.kernel for layer in model.tdnn)]
        for layer in layers:
            nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
            nn.init.zeros_(layer.bias)
        self.pooled = nn.BatchNorm1d(2 * model.config.tdnn_dim[-1], eps=1e-4, affine=False, momentum=0.05)
        self.embedded = nn.BatchNorm1d(embedding, affine=False, momentum=0.05)
        self.centres = nn.Parameter(0.1 * torch.randn(speakers, embedding))
        model.tdnn[-1].register_forward_hook(lambda _m, _i, out: out.float())
        model.feature_extractor.register_forward_pre_hook(lambda _m, inputs: self.pooled(inputs[0].float()))
        model.feature_extractor.register_forward_hook(lambda _m, _i, out: self.embedded(out.float()))

    def forward(self, sound):
        """Embeddings."""
        return self.model(sound).embeddings.float()

    def loss(self, embeddings, speakers, margin):
        """AM-softmax over all speakers plus, within the batch, finding the other half's twin.

        Also returns the share of right answers. The first tells voices apart in the long run, the
        second does from the first step on.
        """
        cosine = F.linear(F.normalize(embeddings), F.normalize(self.centres))
        moved = cosine - margin * F.one_hot(speakers, len(self.centres))
        right = (cosine.argmax(1) == speakers).float().mean()
        first, second = F.normalize(embeddings).chunk(2)
        pairs = SCALE * first @ second.T
        again = speakers[: len(first), None] == speakers[None, : len(first)]
        pairs = pairs.masked_fill(again & ~torch.eye(len(first), dtype=torch.bool), float("-inf"))
        twin = torch.arange(len(first))
        paired = F.cross_entropy(pairs, twin) + F.cross_entropy(pairs.T, twin)
        return F.cross_entropy(SCALE * moved, speakers) + paired, right


def fold(state, model):
    """Loads a SpeakerHead's state into a plain WavLMForXVector, BatchNorms folded."""
    own = {k[len("model.") :]: v for k, v in state.items() if k.startswith("model.")}
    missing, unexpected = model.load_state_dict(own, strict=False)
    if unexpected or any(not k.startswith("objective.") for k in missing):
        raise ValueError(f"unlike the model: {missing} {unexpected}")
    linear = model.feature_extractor
    deviation = {k: (state[f"{k}.running_var"] + e).sqrt() for k, e in (("pooled", 1e-4), ("embedded", 1e-5))}
    with torch.no_grad():
        shift = linear.weight @ (state["pooled.running_mean"] / deviation["pooled"])
        linear.bias.copy_((linear.bias - shift - state["embedded.running_mean"]) / deviation["embedded"])
        linear.weight.div_(deviation["pooled"]).div_(deviation["embedded"][:, None])
        dead = state["pooled.running_var"].sqrt() < DEAD
        _even_out(model, dead, state["pooled.running_mean"])
    return model


def _even_out(model, dead, mean):
    """Drops dead channels and moves column sizes into the last TDNN layer's rows.

    Exact: ReLU, mean and deviation all pass a positive factor through.
    """
    linear, kernel = model.feature_extractor, model.tdnn[-1].kernel
    channels = len(kernel.weight)
    dead = dead[:channels] & dead[channels:]
    both = torch.cat([dead, dead])
    linear.bias += linear.weight[:, both] @ mean[both]
    linear.weight[:, both] = 0
    kernel.weight[dead] = 0
    kernel.bias[dead] = 0
    size = linear.weight.abs().amax(0)
    size = torch.maximum(size[:channels], size[channels:])
    size[dead] = 1
    linear.weight /= torch.cat([size, size])
    kernel.weight *= size[:, None]
    kernel.bias *= size
