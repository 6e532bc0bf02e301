# shellcheck shell=bash
# Sourced by scripts: what to do about tools that a fresh machine lacks. They are installed where that is possible;
# else the script names what is missing, says how to get it, and ends with the status of a test that cannot run.
CANNOT_RUN=77

# The tests of this machine run the kernels as they ship, so that the programs beside them are what is counted; assertions
# and overflow checks are in all other builds of the kernels' tests: sanitised, interpreted and emulated.
CHECKED_KERNELS=(--config profile.dev.package.wavlm-kernels.debug-assertions=true
  --config profile.dev.package.wavlm-kernels.overflow-checks=true)

# missing WHAT HOW
missing() {
  echo "$1; $2" >&2
  [ -z "${WAVLM_MISSING:-}" ] || echo "$1" >"$WAVLM_MISSING"
  exit $CANNOT_RUN
}

# need_target TRIPLE: the standard library for a target.
need_target() {
  command -v rustup >/dev/null ||
    missing "rustup is missing" "install it from your system or rustup.rs, then add the target $1"
  rustup target list --installed | grep -qx "$1" || rustup target add "$1" ||
    missing "the target $1 cannot be added" "run: rustup target add $1"
}

# need_component NAME: a part of the toolchain that a minimal installation lacks.
need_component() {
  cargo "${1/rustfmt/fmt}" --version >/dev/null 2>&1 || rustup component add "$1" ||
    missing "$1 cannot be added" "run: rustup component add $1"
}

# need_nightly TOOLCHAIN: a nightly compiler with Miri, and with the library's sources, which Miri interprets too.
need_nightly() {
  local components=miri,rust-src
  command -v rustup >/dev/null ||
    missing "rustup is missing" "install it from rustup.rs, then run: rustup toolchain install $1 -c $components"
  local installed
  installed=$(rustup component list --toolchain "$1" --installed 2>/dev/null || true)
  [[ $installed == *miri-* && $installed == *rust-src* ]] ||
    rustup toolchain install "$1" --profile minimal -c $components ||
    missing "the toolchain $1 cannot be added" "run: rustup toolchain install $1 -c $components"
}

# install_package PACKAGE: a Debian package, where this may be done.
install_package() {
  if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null; then
    apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -y -qq "$1" >/dev/null || true
  fi
}

# need_command COMMAND PACKAGE: a program from a Debian package.
need_command() {
  command -v "$1" >/dev/null || install_package "$2"
  command -v "$1" >/dev/null || missing "$1 is missing" "run: sudo apt-get install $2"
}

# whole_workspace: sets WORKSPACE to what selects all crates, with a live microphone if ALSA's library can be had. Whatever
# is built so shares its dependencies; cargo builds them anew for another selection.
whole_workspace() {
  WORKSPACE=(--workspace)
  if (need_package alsa libasound2-dev); then WORKSPACE+=(--features wavlm-boards/microphone); fi
}

# need_package NAME PACKAGE: a library that pkg-config knows, from a Debian package.
need_package() {
  need_command pkg-config pkg-config
  pkg-config --exists "$1" || install_package "$2"
  pkg-config --exists "$1" || missing "$2 is missing" "run: sudo apt-get install $2"
}

# cross_aarch64: what cargo needs to build for 64-bit ARM on another machine. It stands here and not in a configuration of
# cargo, which would rule builds on a board itself, too.
cross_aarch64() {
  need_command cc build-essential
  need_command aarch64-linux-gnu-gcc gcc-aarch64-linux-gnu
  export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_GNU_LINKER=aarch64-linux-gnu-gcc
  export CARGO_TARGET_AARCH64_UNKNOWN_LINUX_MUSL_LINKER=aarch64-linux-gnu-gcc
  export CC_aarch64_unknown_linux_musl=aarch64-linux-gnu-gcc
}

# need_arm64_system: what makes an arm64 Debian in a folder, and runs its programs here.
need_arm64_system() {
  [ "$(id -u)" = 0 ] || missing "this needs root" "run it as root, in a container if you like"
  need_command mmdebstrap mmdebstrap
  need_command qemu-aarch64-static qemu-user-static
  need_command update-binfmts binfmt-support
  [ -e /proc/sys/fs/binfmt_misc/register ] || mount -t binfmt_misc binfmt_misc /proc/sys/fs/binfmt_misc ||
    missing "the kernel runs no foreign programs" "load its module binfmt_misc"
  [ -e /proc/sys/fs/binfmt_misc/qemu-aarch64 ] || update-binfmts --enable qemu-aarch64
}
