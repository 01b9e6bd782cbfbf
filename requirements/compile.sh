#!/bin/sh
# Writes base.txt, test.txt and gpu.txt from the .in files: plain name==version lines, which pip and uv both read.
set -eu
cd "$(dirname "$0")"
compile() { ../.venv/bin/uv pip compile --python ../.venv/bin/python --no-annotate --no-header -q "$@"; }
compile base.in -o base.txt
compile -c base.txt base.in test.in | grep -vxFf base.txt > test.txt
# torch itself names the CUDA packages that it wants on a machine with a GPU.
compile -c base.txt -c test.txt base.in gpu.in | grep -vE '^(nvidia-|cuda-|triton==)' | grep -vxFf base.txt > gpu.txt
