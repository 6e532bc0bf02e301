# Everyday commands; each is a line or a script that can be run without just.

# The program with the built-in model: `just run spot models/samples/commands-a.wav`
run *ARGS:
    cargo run --release -- {{ARGS}}

# Format, lints, docs
check:
    cargo fmt --all --check
    cargo clippy --workspace --all-targets --locked -- -D warnings
    RUSTDOCFLAGS="-D warnings" cargo doc --workspace --no-deps --locked

# All tests, emulated ARM included
test:
    tests/run

# The emulated ARM part alone
arm:
    tests/run arm

# The program for a board, one of boards/profiles: target/boards/BOARD/
build BOARD:
    boards/build {{BOARD}}

# A Debian package for a board, with services that listen from boot: target/boards/BOARD/wavlm_arm64.deb
bundle BOARD:
    boards/bundle {{BOARD}}

# An SD-card image for a Raspberry Pi, with the package in it: target/boards/BOARD/wavlm.img
image BOARD:
    boards/image {{BOARD}}

# The package in a fresh emulated arm64 system, and the image in an emulator
test-package:
    tests/package/run
    tests/package/boot

# Every kernel of this CPU, products as a share of its peak: `just bench --json`, `just bench --kernel avx2 gelu`
bench *ARGS:
    cargo bench -p wavlm-kernels --bench kernels -- {{ARGS}}

# Latency and memory of the built-in model and of a random full-size one
bench-models:
    tests/bench/models

# Beside onnxruntime, OpenVINO, MNN, ncnn, ExecuTorch, PyTorch, tract and rten, on the same checkpoint in one run, with all
# instructions and with AVX2 alone: tests/bench/RESULTS.md
bench-peers *ARGS:
    tests/bench/peers {{ARGS}}

# Executed instructions on emulated ARM CPUs beside onnxruntime and MNN, modelled cycles and times: tests/bench/ARM-RESULTS.md
bench-arm *ARGS:
    tests/bench/arm {{ARGS}}

# Golden outputs, anew, from transformers in a Python environment of its own; or, with `--random 200`, that many random
# configurations compared with transformers
golden *ARGS:
    tests/golden/run {{ARGS}}

# Fuzzing of every parser for a few seconds, or of one until stopped: `just fuzz wlm`
fuzz *ARGS:
    tests/fuzz/run {{ARGS}}

# Licences, duplicates and origins of the dependencies; `just dependencies advisories` for their known faults
dependencies *ARGS:
    tests/dependencies {{ARGS}}

# The speech corpus that models are trained on, from nothing; it can be stopped at any moment (a day of one core)
speech *ARGS:
    models/speech {{ARGS}}

# The default model, from the corpus of `just speech`: train, export, choose thresholds (hours)
model *ARGS:
    models/train {{ARGS}}

# Quality of the built-in model: people, held-out voices, noise and rooms, a lock
evaluate *ARGS:
    models/evaluate {{ARGS}}

# Phrases of one's own, typed and shown, by voices and engines that were never trained on; false alarms in hours of people
evaluate-words:
    models/evaluate --words
