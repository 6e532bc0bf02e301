"""wavlm beside other engines on the same checkpoint, in one run: what `tests/bench/peers` starts."""
