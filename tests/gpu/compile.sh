#!/bin/sh
# compile.sh SHIM: the kernels and all of the CUDA half that needs no libtorch compile, for the oldest card and
# the newest that nvcc knows by default.
shim=$1
nvcc=$(command -v nvcc || echo /usr/local/cuda/bin/nvcc)
[ -x "$nvcc" ] || { echo "skipped: there is no nvcc"; exit 77; }
folder=$(mktemp -d) || exit 1
trap 'rm -r "$folder"' EXIT
"$nvcc" -std=c++17 -O2 --fmad=false -Werror=all-warnings -Xcompiler=-Wall,-Wextra -Xptxas=-v \
    -gencode arch=compute_75,code=sm_75 -gencode arch=compute_90,code=sm_90 \
    -c "$shim/cuda/kernels.cu" -o "$folder/kernels.o" 2>"$folder/log" || { cat "$folder/log"; exit 1; }
for file in table check; do
    "$nvcc" -std=c++20 -Xcompiler=-Wall,-Wextra,-Werror -c "$shim/cuda/$file.cpp" -o "$folder/$file.o" || exit 1
done
# A kernel that keeps its variables in memory, not in registers, would be slow: none may.
if grep 'spill' "$folder/log" | grep -v ' 0 bytes spill stores, 0 bytes spill loads'; then
    echo "a kernel spills registers"
    exit 1
fi
[ "$(grep -c 'Compiling entry function' "$folder/log")" -eq 10 ] || { cat "$folder/log"; exit 1; }
grep 'Used [0-9]* registers' "$folder/log" | sort | uniq -c
