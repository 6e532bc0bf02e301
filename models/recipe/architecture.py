"""The model's shape: a true WavLM of about a million parameters, one encoder under two heads."""

import types

import torch
import torch.nn.functional as F
from transformers import WavLMConfig, WavLMForSequenceClassification, WavLMForXVector

from .settings import LABELS

CONFIG = dict(
    conv_dim=(16, 32, 32, 64, 64, 64, 64),
    conv_kernel=(10, 3, 3, 3, 3, 2, 2),
    conv_stride=(5, 2, 2, 2, 2, 2, 2),
    conv_bias=False,
    feat_extract_norm="group",
    do_stable_layer_norm=False,
    hidden_size=128,
    num_hidden_layers=3,
    num_attention_heads=4,
    intermediate_size=512,
    num_conv_pos_embeddings=32,
    num_conv_pos_embedding_groups=8,
    num_buckets=64,
    max_bucket_distance=160,
    hidden_dropout=0.0,
    attention_dropout=0.0,
    activation_dropout=0.0,
    feat_proj_dropout=0.0,
    final_dropout=0.0,
    layerdrop=0.0,
    # SpecAugment; the library's defaults would hide 40 % of a one-second clip.
    apply_spec_augment=True,
    mask_time_prob=0.04,
    mask_time_length=3,
    mask_time_min_masks=0,
    mask_feature_prob=0.0,
    use_weighted_layer_sum=True,
    classifier_proj_size=128,
    tdnn_dim=(128, 128, 128, 128, 384),
    tdnn_kernel=(5, 3, 3, 1, 1),
    tdnn_dilation=(1, 2, 3, 1, 1),
    xvector_output_dim=128,
    vocab_size=32,
)


def words_model(labels=LABELS):
    """The classifier of one-second windows."""
    names = dict(enumerate(labels))
    return WavLMForSequenceClassification(
        WavLMConfig(**CONFIG, id2label=names, label2id={v: k for k, v in names.items()})
    )


def speaker_model():
    """The x-vector model; its classifier is never used, so it has two classes."""
    return WavLMForXVector(WavLMConfig(**CONFIG, num_labels=2))


def macs_per_second(seconds, speaker):
    """Multiply-accumulates for each second of audio, of windows this long."""
    frames, channels, total = int(16000 * seconds), 1, 0
    stem = zip(CONFIG["conv_dim"], CONFIG["conv_kernel"], CONFIG["conv_stride"])
    for out, kernel, stride in stem:
        frames = (frames - kernel) // stride + 1
        total += frames * out * channels * kernel
        channels = out
    hidden, layers = CONFIG["hidden_size"], CONFIG["num_hidden_layers"]
    position = hidden // CONFIG["num_conv_pos_embedding_groups"] * CONFIG["num_conv_pos_embeddings"]
    layer = 4 * hidden * hidden + 2 * hidden * CONFIG["intermediate_size"] + 2 * frames * hidden
    total += frames * hidden * (channels + position) + layers * frames * layer
    dims, kernels = CONFIG["tdnn_dim"], CONFIG["tdnn_kernel"]
    if speaker:
        total += frames * hidden * dims[0]
        for into, out, kernel in zip((dims[0], *dims), dims, kernels):
            total += frames * into * out * kernel
    else:
        total += frames * hidden * CONFIG["classifier_proj_size"]
    return total / seconds


def channels_last(stem):
    """Swaps in the same arithmetic as 2-d channels-last convolutions, which train much faster."""

    def forward(self, waveform):
        x = waveform[:, None, None, :].contiguous(memory_format=torch.channels_last)
        for layer in self.conv_layers:
            conv = layer.conv
            x = F.conv2d(x, conv.weight[:, :, None], conv.bias, stride=(1, conv.stride[0]))
            if hasattr(layer, "layer_norm"):
                x = layer.layer_norm(x[:, :, 0])[:, :, None]
            x = F.gelu(x)
        return x[:, :, 0]

    stem.forward = types.MethodType(forward, stem)


def as_published(stem):
    """Undoes `channels_last`."""
    del stem.forward
