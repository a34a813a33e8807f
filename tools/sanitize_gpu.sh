#!/bin/sh
# Runs the tests for a card in compute-sanitizer: sanitize_gpu.sh BUILD. The kernels' reads and writes, their
# races, and what is read before it was written.
set -u
build=$1
tool=$(command -v compute-sanitizer || echo /usr/local/cuda/bin/compute-sanitizer)
[ -x "$tool" ] || { echo "sanitize-gpu: there is no compute-sanitizer (part of the CUDA toolkit)"; exit 1; }
export STYLIZE_PLUGINS="$build/lib/stylize" STYLIZE_MODELS=models PYTORCH_NO_CUDA_MEMORY_CACHING=1
for check in memcheck racecheck initcheck; do
    echo "sanitize-gpu: $check"
    "$tool" --tool "$check" --error-exitcode 1 --kernel-name-exclude kernel_substring=cudnn \
        "$build/tests/test_card"
    code=$?
    [ "$code" -eq 77 ] && exit 0
    [ "$code" -eq 0 ] || exit "$code"
done
