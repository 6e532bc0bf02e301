"""What int8 will do to the model, estimated before it is converted.

Weights are rounded to int8 per output channel, activations per frame, in every layer the runtime
computes that way. The exporter's own evaluation is the judge; this one only has to tell in time
that a training went wrong (columns far apart in size, say).
"""

import copy

import torch
from torch import nn
from torch.nn.utils import parametrize

LARGEST = 127


def rounded(values, dims):
    """`values` on symmetric int8 grids; each runs over the dimensions `dims`."""
    step = values.abs().amax(dims, keepdim=True).clamp_min(1e-8) / LARGEST
    return (values / step).round().clamp(-LARGEST, LARGEST) * step


def per_channel(weight):
    """A weight with one grid for each output channel."""
    return rounded(weight, tuple(range(1, weight.ndim)))


def _frames_last(_module, inputs, named):
    if inputs:
        return (rounded(inputs[0], -1), *inputs[1:]), named
    return inputs, {**named, "hidden_states": rounded(named["hidden_states"], -1)}


def _channels_first(_module, inputs):
    return (rounded(inputs[0], 1), *inputs[1:])


def quantised(model):
    """A copy that computes as if in int8; convolution 0 and the heads' gates stay as they are."""
    model = copy.deepcopy(model)
    first = model.wavlm.feature_extractor.conv_layers[0].conv
    for name, module in model.named_modules():
        if isinstance(module, nn.Conv1d) and module is not first:
            if parametrize.is_parametrized(module):
                parametrize.remove_parametrizations(module, "weight")
            module.weight.data = per_channel(module.weight.data)
            module.register_forward_pre_hook(_channels_first)
        elif isinstance(module, nn.Linear) and "gru_rel_pos" not in name:
            module.weight.data = per_channel(module.weight.data)
            module.register_forward_pre_hook(_frames_last, with_kwargs=True)
        elif type(module).__name__ in ("WavLMAttention", "TDNNLayer"):
            module.register_forward_pre_hook(_frames_last, with_kwargs=True)
    return model


def column_spread(linear):
    """Largest column over the median one; thousands would ruin int8."""
    size = linear.weight.detach().abs().amax(0)
    size = size[size > 0]
    return float(size.max() / size.median())


@torch.inference_mode()
def changed(runner, sounds):
    """(share of decisions that differ in int8, plain outputs, int8 outputs)."""
    exact = runner(sounds)
    plain, runner.model = runner.model, quantised(runner.model)
    approximate = runner(sounds)
    runner.model = plain
    return float((exact.argmax(1) != approximate.argmax(1)).mean()), exact, approximate
