#!/bin/sh
# cross.sh CC OBJDUMP EMULATOR SOURCE BUILD: compiles motion, mixing and their tests for aarch64, where the compiler's vectors must have
# become NEON, and runs them.
set -eu
cc=$1 objdump=$2 emulator=$3 source=$4 build=$5
flags="-std=gnu11 -O3 -fno-trapping-math -Wall -Wextra -Wno-unused-parameter -Werror -D_GNU_SOURCE -I$source/tests/video/plain
    -I$source/include -I$source/lib -I$source/tests"
mkdir -p "$build"
rm -f "$build"/*.o
for kernel in search warp; do
    $cc $flags -ffp-contract=fast -fno-math-errno -DSTZ_SUFFIX=portable -c "$source/lib/video/k_$kernel.c" -o "$build/k_$kernel.o"
    count=$("$objdump" -d "$build/k_$kernel.o" | grep -cE 'fml[as]\s+v[0-9]+\.4s' || true)
    echo "k_$kernel: $count multiplications of four numbers"
    [ "$count" -gt 10 ]
done
for file in base/common base/os_posix base/cpu video/flow video/sure video/plane video/kernels; do
    $cc $flags -c "$source/lib/$file.c" -o "$build/$(basename $file).o"
done
for test in flow warp; do
    $cc $flags -static -o "$build/$test" "$source/tests/video/test_$test.c" "$build"/*.o -lm -lpthread
    "$emulator" "$build/$test"
done
