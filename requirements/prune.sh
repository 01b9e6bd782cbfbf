#!/bin/sh
# `prune.sh PYTHON`: leaves of OpenVINO, in the environment of that Python, only what runs a network on the processor: 80 MB less.
set -eu
home=$("$1" -c 'import sysconfig; print(sysconfig.get_path("purelib"))')/openvino
for part in intel_gpu_plugin intel_npu_plugin tensorflow_frontend tensorflow_lite_frontend pytorch_frontend paddle_frontend \
    gguf_frontend jax_frontend auto_plugin auto_batch_plugin hetero_plugin; do
    rm -f "$home"/libs/libopenvino_$part.so*
done
rm -rf "$home"/include "$home"/libs/cache.json
