"""The model's shape: a true WavLM, one encoder under three heads: words, phones, speaker.

Every convolution of the stem is followed by a LayerNorm over channels, so a frame depends on its own
400 samples alone: overlapping windows share their frames, and the stem runs once over the sound.
"""

import types

import torch
import torch.nn.functional as F
from torch import nn
from transformers import WavLMConfig, WavLMForCTC, WavLMForSequenceClassification, WavLMForXVector

from .phones import BLANK_ID, SYMBOLS
from .settings import LABELS

CONFIG = dict(
    conv_dim=(32, 48, 64, 96, 96, 96, 128),
    conv_kernel=(10, 3, 3, 3, 3, 2, 2),
    conv_stride=(5, 2, 2, 2, 2, 2, 2),
    conv_bias=True,
    feat_extract_norm="layer",
    do_stable_layer_norm=True,  # with norms behind the layers, all frames became one at this learning rate
    hidden_size=192,
    num_hidden_layers=4,
    num_attention_heads=6,
    intermediate_size=448,
    num_conv_pos_embeddings=32,
    num_conv_pos_embedding_groups=16,
    num_buckets=64,
    max_bucket_distance=160,
    hidden_dropout=0.05,
    attention_dropout=0.05,
    activation_dropout=0.0,
    feat_proj_dropout=0.05,
    final_dropout=0.0,
    layerdrop=0.0,
    # SpecAugment; the library's defaults would hide 40 % of a one-second clip.
    apply_spec_augment=True,
    mask_time_prob=0.06,
    mask_time_length=3,
    mask_time_min_masks=0,
    mask_feature_prob=0.0,
    use_weighted_layer_sum=True,
    classifier_proj_size=160,
    tdnn_dim=(160, 160, 160, 160, 480),
    tdnn_kernel=(5, 3, 3, 1, 1),
    tdnn_dilation=(1, 2, 3, 1, 1),
    xvector_output_dim=256,  # Resemblyzer's, which is distilled
    pad_token_id=BLANK_ID,
    ctc_loss_reduction="mean",
    ctc_zero_infinity=True,
)
# The first LayerNorm's eps hides what is quieter; at this gain that is some four steps of 16 bits.
FIRST_GAIN = 8.0


def words_model(labels=LABELS):
    """The classifier of one-second windows."""
    names = dict(enumerate(labels))
    return WavLMForSequenceClassification(
        WavLMConfig(**CONFIG, id2label=names, label2id={v: k for k, v in names.items()})
    )


def phones_model():
    """The phones of each frame."""
    return WavLMForCTC(WavLMConfig(**CONFIG, vocab_size=len(SYMBOLS)))


def speaker_model():
    """The x-vector model; its classifier is never used, so it has two classes."""
    return WavLMForXVector(WavLMConfig(**CONFIG, num_labels=2))


def begin_layers(speaker):
    """Draws the weights of a speaker head's layers, but the projector's."""
    for layer in (speaker.feature_extractor, *(layer.kernel for layer in speaker.tdnn)):
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)


def pooled_norm():
    """The norm of a speaker head's pooled statistics, which only training needs; `folding` takes it away."""
    return nn.BatchNorm1d(2 * CONFIG["tdnn_dim"][-1], eps=1e-4, affine=False, momentum=0.05)


class Listener(nn.Module):
    """The three models; their `wavlm` is one and the same."""

    def __init__(self, labels=LABELS):
        super().__init__()
        self.words = words_model(labels)
        self.phones, self.speaker = phones_model(), speaker_model()
        self.phones.wavlm = self.speaker.wavlm = self.words.wavlm
        del self.speaker.objective
        begin_layers(self.speaker)
        with torch.no_grad():
            self.stem.conv_layers[0].conv.weight.mul_(FIRST_GAIN)
        self.remove_offset()

    @property
    def stem(self):
        """The convolutions."""
        return self.words.wavlm.feature_extractor

    def remove_offset(self):
        """The first kernels sum to zero: a constant added to the waveform changes nothing."""
        weight = self.stem.conv_layers[0].conv.weight
        with torch.no_grad():
            weight.sub_(weight.mean(-1, keepdim=True))

    def words_and_phones(self, sound):
        """(logits of the words, logits of the phones of each frame), the encoder run once."""
        hidden = self.words.wavlm(sound, output_hidden_states=True).hidden_states
        shares = self.words.layer_weights.softmax(-1)
        mixed = torch.stack(hidden, -1) @ shares
        words = self.words.classifier(self.words.projector(mixed).mean(1))
        return words, self.phones.lm_head(hidden[-1])

    def phone_logits(self, sound):
        """Logits of the phones of each frame."""
        return self.phones(sound).logits

    def embeddings(self, sound):
        """Of the speaker."""
        return self.speaker(sound).embeddings


def frames(samples):
    """How many frames the stem makes of this many samples."""
    for kernel, stride in zip(CONFIG["conv_kernel"], CONFIG["conv_stride"]):
        samples = (samples - kernel) // stride + 1
    return samples


def stem_macs(samples):
    """Multiply-accumulates of the stem."""
    length, channels, total = samples, 1, 0
    for out, kernel, stride in zip(CONFIG["conv_dim"], CONFIG["conv_kernel"], CONFIG["conv_stride"]):
        length = (length - kernel) // stride + 1
        total += length * out * channels * kernel
        channels = out
    return total


def encoder_macs(samples):
    """Multiply-accumulates from the stem's frames to the words' and the phones' logits."""
    count, hidden = frames(samples), CONFIG["hidden_size"]
    position = hidden // CONFIG["num_conv_pos_embedding_groups"] * CONFIG["num_conv_pos_embeddings"]
    layer = 4 * hidden * hidden + 2 * hidden * CONFIG["intermediate_size"] + 2 * count * hidden
    heads = hidden * (CONFIG["classifier_proj_size"] + len(SYMBOLS))
    frame = hidden * (CONFIG["conv_dim"][-1] + position) + CONFIG["num_hidden_layers"] * layer + heads
    return count * frame


def listening_macs(hop_s, window_s=1.0, rate=16000):
    """Multiply-accumulates for each second of listening: the stem once, the rest for every window."""
    return stem_macs(rate) + encoder_macs(int(window_s * rate)) / hop_s


def channels_last(stem):
    """Swaps in the same arithmetic as 2-d channels-last convolutions, which train much faster."""

    def forward(self, waveform):
        x = waveform[:, None, None, :].contiguous(memory_format=torch.channels_last)
        for number, layer in enumerate(self.conv_layers):
            conv, norm = layer.conv, layer.layer_norm
            # In 16 bits, an offset of the waveform would drown soft speech before it is taken away.
            kind = x.device.type
            half = torch.is_autocast_enabled(kind)
            with torch.autocast(kind, torch.bfloat16, enabled=half and number > 0):
                x = F.conv2d(x, conv.weight[:, :, None], conv.bias, stride=(1, conv.stride[0]))
            x = x.bfloat16() if half else x
            x = F.layer_norm(x.permute(0, 2, 3, 1), norm.normalized_shape, norm.weight, norm.bias, norm.eps)
            x = F.gelu(x).permute(0, 3, 1, 2)
        return x[:, :, 0]

    stem.forward = types.MethodType(forward, stem)


def quicken(wavlm):
    """Prepares an encoder for training; what it computes stays the same."""
    channels_last(wavlm.feature_extractor)
    _in_32_bits(wavlm.encoder.pos_conv_embed)


def _in_32_bits(module):
    """Computes a module outside of `machine.in_16_bits`: oneDNN gets grouped convolutions of bfloat16 wrong where a group has
    10 channels, as the positional convolution's have (torch 2.9.1)."""
    forward = module.forward

    def exact(hidden):
        with torch.autocast(hidden.device.type, enabled=False):
            return forward(hidden.float())

    module.forward = exact


def as_published(stem):
    """Undoes `channels_last`."""
    del stem.forward
