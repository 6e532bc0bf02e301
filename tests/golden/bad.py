"""Write the checkpoints that must be refused.

    python bad.py            rewrites bad/ beside this file
"""

import json
import os
import pickle
import shutil
from collections import OrderedDict

import numpy as np
import torch
from make import HERE, Case, load, position, settle, shape, stem, write_checkpoint, write_json
from safetensors.numpy import save_file

# Each starts as this model, in good order, and is then spoilt.
TINY = Case("tiny", "none", "", stem((8, 8), (10, 3), (5, 2)) | shape(16, 2, 16, 1) | position(4, 4, 8, 16))


class OsSystem:
    """Runs a (harmless) command in whoever unpickles it."""

    def __reduce__(self):
        return os.system, ("touch wavlm-edge-pwned",)


def spoil_os_system(folder, state):
    torch.save({**state, "extra": OsSystem()}, folder / "pytorch_model.bin")


def spoil_missing_tensor(folder, state):
    del state["encoder.layers.0.attention.k_proj.weight"]
    save_state(folder, state)


def spoil_misshapen_tensor(folder, state):
    name = "encoder.layers.0.feed_forward.output_dense.weight"
    state[name] = state[name][:, :-1]
    save_state(folder, state)


def spoil_unknown_hidden_act(folder, state):
    save_state(folder, state)
    config = json.loads((folder / "config.json").read_text())
    write_json(folder / "config.json", config | {"hidden_act": "wobble"})


def spoil_truncated_safetensors(folder, state):
    save_state(folder, state)
    path = folder / "model.safetensors"
    path.write_bytes(path.read_bytes()[:-1000])


def spoil_bin_not_zip(folder, state):
    sizes = {name: tuple(tensor.shape) for name, tensor in state.items()}
    (folder / "pytorch_model.bin").write_bytes(pickle.dumps(sizes, protocol=2))


def spoil_lfs_pointer(folder, state):
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{'0' * 64}\nsize 377569754\n"
    (folder / "model.safetensors").write_text(text)


def save_state(folder, state):
    save_file({n: np.ascontiguousarray(t.numpy()) for n, t in state.items()}, folder / "model.safetensors", {"format": "pt"})


# What spoils each, what is wrong with it, and part of the message that refuses it.
BAD = [
    (spoil_os_system, "pytorch_model.bin whose pickle runs `touch wavlm-edge-pwned`; must be refused, the file must not appear", "pytorch_model.bin: its pickle asks for `posix.system`"),
    (spoil_missing_tensor, "encoder.layers.0.attention.k_proj.weight is missing", "missing_tensor: tensor `encoder.layers.0.attention.k_proj.weight` is missing"),
    (spoil_misshapen_tensor, "encoder.layers.0.feed_forward.output_dense.weight is (16, 15) instead of (16, 16)", "output_dense.weight` has shape (16, 15); expected (16, 16)"),
    (spoil_unknown_hidden_act, 'hidden_act is "wobble"', "config.json: hidden_act is `wobble`"),
    (spoil_truncated_safetensors, "model.safetensors lacks its last 1000 bytes", "model.safetensors: 12704 bytes long where its header describes"),
    (spoil_bin_not_zip, "pytorch_model.bin is a bare pickle, as torch wrote before 1.6, not a zip", "pytorch_model.bin: not a file of torch.save"),
    (spoil_lfs_pointer, "model.safetensors is a Git LFS pointer: the clone did not fetch the weights", "git lfs pull"),
]  # fmt: skip


def write_bad(spoil):
    folder = HERE / "bad" / spoil.__name__.removeprefix("spoil_")
    folder.mkdir(parents=True)
    write_checkpoint(TINY, folder)
    state = load(TINY, folder, torch.float32).state_dict()
    (folder / "model.safetensors").unlink()
    spoil(folder, OrderedDict(state))
    return folder.name


def main():
    settle()
    shutil.rmtree(HERE / "bad", ignore_errors=True)
    write_json(HERE / "bad" / "index.json", [{"name": write_bad(spoil), "note": note, "refusal": refusal} for spoil, note, refusal in BAD])


if __name__ == "__main__":
    main()
