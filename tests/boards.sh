#!/usr/bin/env bash
# The released program for a board hears the same words under emulation as the program of this machine.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/setup.sh
need_command qemu-aarch64-static qemu-user-static

out=${CARGO_TARGET_DIR:-target}
boards/build pi5
whole_workspace
cargo build "${WORKSPACE[@]}" --bins --tests --locked

# Which keyword where; scores may differ in the last digits between kernel tables.
decisions() { "$@" spot --json models/samples/*.wav | sed -E 's/"score":[^,}]*,?//'; }

expected=$(decisions "$out/debug/wavlm")
[ -n "$expected" ] || { echo "tests/boards.sh: no keyword found in models/samples" >&2; exit 1; }
for cpu in cortex-a53 cortex-a76; do
  for program in wavlm wavlm-static; do
    found=$(decisions qemu-aarch64-static -cpu $cpu -L /usr/aarch64-linux-gnu "$out/boards/pi5/$program")
    if [ "$found" != "$expected" ]; then
      printf 'tests/boards.sh: %s decides differently on %s\nexpected:\n%s\nfound:\n%s\n' \
        "$program" "$cpu" "$expected" "$found" >&2
      exit 1
    fi
    echo "$program on $cpu: same $(wc -l <<<"$expected") decisions"
  done
done
