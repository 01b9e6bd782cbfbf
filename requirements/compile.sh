#!/bin/sh
# Writes base.txt and test.txt from the .in files: plain name==version lines, which pip and uv both read.
set -eu
cd "$(dirname "$0")"
compile() { ../.venv/bin/uv pip compile --python ../.venv/bin/python --no-annotate --no-header -q "$@"; }
compile base.in -o base.txt
compile -c base.txt base.in test.in | grep -vxFf base.txt > test.txt
