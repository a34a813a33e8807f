#!/bin/sh
# cross.sh CC EMULATOR SOURCE BUILD: compiles the kernels and their test for aarch64 and runs them.
set -eu
cc=$1 emulator=$2 source=$3 build=$4
flags="-std=gnu11 -O2 -Wall -Wextra -Wno-unused-parameter -Werror -D_GNU_SOURCE -DSTZ_NO_CMOCKA
    -I$source/include -I$source/lib -I$source/tests"
kernel_flags="-O3 -ffp-contract=fast -fno-math-errno -fno-trapping-math"
mkdir -p "$build"
rm -f "$build"/*.o
for kernel in gemm input output picture conv weights first9 last9; do
    file=$source/lib/engine/native/k_$kernel.c
    $cc $flags $kernel_flags -DSTZ_SUFFIX=portable -DSTZ_PORTABLE=1 -c "$file" -o "$build/${kernel}_portable.o"
    $cc $flags $kernel_flags -DSTZ_SUFFIX=neon -c "$file" -o "$build/${kernel}_neon.o"
    $cc $flags $kernel_flags -DSTZ_SUFFIX=neon_half -DSTZ_HALF=1 -c "$file" -o "$build/${kernel}_half.o"
done
for kernel in adjoint settle product features vectors weight_gradient tile_gradient; do
    file=$source/lib/engine/native/k_$kernel.c
    $cc $flags $kernel_flags -DSTZ_SUFFIX=portable -DSTZ_PORTABLE=1 -c "$file" -o "$build/${kernel}_portable.o"
    $cc $flags $kernel_flags -DSTZ_SUFFIX=neon -c "$file" -o "$build/${kernel}_neon.o"
done
for file in base/common base/os_posix base/cpu base/mem base/team engine/native/layers engine/native/conv_plan engine/native/plan engine/native/tiles \
    engine/native/part engine/native/means engine/native/moments engine/native/run engine/native/back_plan engine/native/back engine/native/back_weights engine/native/weight_plan \
    engine/native/kernels; do
    $cc $flags -c "$source/lib/$file.c" -o "$build/$(basename $file).o"
done
for file in kernels_main net_util reference reference_back; do
    $cc $flags -c "$source/tests/native/$file.c" -o "$build/$file.o"
done
$cc -static -o "$build/kernels" "$build"/*.o -lm -lpthread
"$emulator" "$build/kernels"
