# What models/train and models/speech share: synthesisers and a Python environment. Sourced, not run.
# Environment: WAVLM_INSTALL  yes: install Debian packages that are missing

stop() {
    echo "error: $*" >&2
    exit 2
}

need_synthesisers() {
    local packages="espeak-ng libespeak-ng1 flite festival festlex-cmu festlex-poslex festvox-kallpc16k festvox-kdlpc16k festvox-us-slt-hts"
    local missing="" program voice
    for program in espeak-ng flite festival; do
        command -v "$program" >/dev/null || missing="$missing $program"
    done
    for voice in english/kal_diphone english/ked_diphone us/cmu_us_slt_arctic_hts; do
        [ -d "/usr/share/festival/voices/$voice" ] || missing="$missing $voice"
    done
    [ -n "$missing" ] || return 0
    [ "${WAVLM_INSTALL:-}" = yes ] || stop "missing:$missing; run: apt-get install $packages (or set WAVLM_INSTALL=yes)"
    # shellcheck disable=SC2086
    apt-get install -y --no-install-recommends $packages >&2 || stop "could not install: $packages"
}

# python_environment FOLDER REQUIREMENTS MODULES: makes what is missing; MODULES, with commas, must be importable after.
python_environment() {
    if [ ! -x "$1/bin/python" ]; then
        python3 -m venv "$1" || stop "could not make a Python environment at $1; install python3-venv"
    fi
    if ! "$1/bin/python" -c "import $3" 2>/dev/null; then
        "$1/bin/pip" install --quiet -r "$2" || stop "could not install $2"
    fi
}
