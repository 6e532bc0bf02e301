"""The normalisation of the speaker head's pooled statistics, folded into the layer behind it.

It makes the head learn; transformers' model has none. Folding leaves columns far apart in size, which int8
arithmetic suffers from, so they are evened out; that changes no result.
"""

import torch

DEAD = 1e-3  # a pooled channel whose deviation never exceeds this carries nothing


def fold(model, pooled):
    """Folds the BatchNorm `pooled` into `feature_extractor` of a WavLMForXVector."""
    linear = model.feature_extractor
    deviation = (pooled.running_var + pooled.eps).sqrt()
    with torch.no_grad():
        linear.bias -= linear.weight @ (pooled.running_mean / deviation)
        linear.weight /= deviation
        _even_out(model, pooled.running_var.sqrt() < DEAD, pooled.running_mean)


def _even_out(model, dead, mean):
    """Drops dead channels and moves the sizes of columns into the rows of the last TDNN layer.

    ReLU, mean and deviation all pass a positive factor through.
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
