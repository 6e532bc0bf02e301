# shellcheck shell=bash
# Sourced by the benchmarks that measure other engines.

# stop WHY
stop() {
  echo "error: $*" >&2
  exit 2
}

# peers_python: sets PEERS_PYTHON to the interpreter of a Python environment in which the engines of requirements.txt are, and
# what it takes to run this folder's modules with it. The environment is $BENCH_VENV (tests/.venv-bench), made when missing with
# $PYTHON (python3).
peers_python() {
  local here venv python
  here=$(cd "$(dirname "${BASH_SOURCE[0]}")" && pwd)
  venv=${BENCH_VENV:-$here/../.venv-bench}
  python=${PYTHON:-python3}
  "$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' ||
    stop "$python is not Python 3.11 or newer; set PYTHON"
  [ -x "$venv/bin/python" ] || "$python" -m venv "$venv" ||
    stop "cannot make a Python environment at $venv; run: sudo apt-get install python3-venv"
  "$venv/bin/pip" install --quiet --disable-pip-version-check --requirement "$here/requirements.txt" ||
    stop "cannot install $here/requirements.txt"
  PEERS_PYTHON=$venv/bin/python
  export PYTHONPATH=$here PYTHONDONTWRITEBYTECODE=1 TOKENIZERS_PARALLELISM=false
}
