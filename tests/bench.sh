#!/usr/bin/env bash
# Latency and memory: the built-in model on its one-second window, and a random wavlm-base with the x-vector head.
# Prints one JSON object per run. The full-size model is made once, in target/bench.
set -euo pipefail
cd "$(dirname "$0")/.."

out=${CARGO_TARGET_DIR:-target}
cargo build --release --locked -p wavlm-boards -p wavlm-export
wavlm=$out/release/wavlm export=$out/release/wavlm-export

model=$out/bench/base.wlm
if [ ! -f "$model" ]; then
  mkdir -p "$out/bench"
  [ -d "$out/bench/base" ] || "$export" synth --config base --head xvector --seed 1 -o "$out/bench/base"
  "$export" convert "$out/bench/base" -o "$model"
fi

for threads in 1 2; do
  "$wavlm" bench --seconds 1 --threads $threads --json
done
for seconds in 1 3 10; do
  for threads in 1 2; do
    "$wavlm" bench --model "$model" --seconds $seconds --threads $threads --json
  done
done
