#!/bin/sh
# Every header compiles alone: the public ones for every language standard that they promise, the internal
# ones as the library is compiled.
# headers.sh SOURCE_DIR C_COMPILER CXX_COMPILER
set -eu
source=$1 cc=$2 cxx=$3
strict="-pedantic -Wall -Wextra -Werror -fsyntax-only -I$source/include"
for name in stylize embed sequence train; do
    public=$source/include/stylize/$name.h
    for std in c99 c11; do
        $cc -std=$std $strict -Wstrict-prototypes -Wmissing-prototypes -Wc++-compat -x c "$public"
        printf '#include "stylize/%s.h"\n#include "stylize/%s.h"\n' $name $name | $cc -std=$std $strict -x c -
    done
    for std in c++11 c++20; do
        $cxx -std=$std $strict -x c++ "$public"
    done
done
count=0
# k_table.h is a list for kernels.c and the kernels, not a header of its own.
for header in $(find "$source/lib" -name '*.h' ! -name k_table.h); do
    $cc -std=gnu11 -D_GNU_SOURCE -DSTZ_SUFFIX=alone -Wall -Wextra -Wno-unused-parameter -Werror -fsyntax-only \
        -I"$source/include" -I"$source/lib" -x c "$header"
    count=$((count + 1))
done
[ "$count" -ge 8 ] || { echo "only $count internal headers found"; exit 1; }
echo "public headers in 4 standards, $count internal headers"
