#!/usr/bin/env bash
# The released program for a board hears the same words under emulation as the program of this machine.
set -euo pipefail
cd "$(dirname "$0")/.."
. tests/setup.sh
need_command qemu-aarch64-static qemu-user-static

out=${CARGO_TARGET_DIR:-target}
boards/build pi5 static # what its two programs share is all but the libc, and a build of the other costs minutes
whole_workspace
cargo build "${WORKSPACE[@]}" --bins --tests --locked

# Which keyword where; scores may differ in the last digits between kernel tables. Ten seconds, since the smallest of these CPUs
# takes minutes for all samples under emulation.
decisions() { "$@" spot --json models/samples/{commands,sentence}-a.wav | sed -E 's/"score":[^,}]*,?//'; }

expected=$(decisions "$out/debug/wavlm")
[ -n "$expected" ] || { echo "tests/boards.sh: no keyword found in models/samples" >&2; exit 1; }
for cpu in cortex-a53 cortex-a72 cortex-a76 max; do
  found=$(decisions qemu-aarch64-static -cpu $cpu "$out/boards/pi5/wavlm-static")
  if [ "$found" != "$expected" ]; then
    printf 'tests/boards.sh: decides differently on %s\nexpected:\n%s\nfound:\n%s\n' "$cpu" "$expected" "$found" >&2
    exit 1
  fi
  echo "$cpu: same $(wc -l <<<"$expected") decisions"
done
