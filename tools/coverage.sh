#!/bin/sh
# Prints how many lines of lib/ the tests reach that call it: coverage.sh [LABELS]
# Needs gcov, which comes with GCC. Each kernel is compiled for several instruction sets; a line counts if one is run.
set -eu
cd "$(dirname "$0")/.."
tools/build.sh coverage -DCMAKE_BUILD_TYPE=Debug -DSTYLIZE_TORCH=OFF -DSTYLIZE_BUILD_TESTS=ON \
    "-DCMAKE_C_FLAGS=--coverage -fprofile-update=atomic -O1"
find build/coverage -name '*.gcda' -delete
ctest --test-dir build/coverage -j "${JOBS:-2}" -L "${1:-unit|alloc|fuzz|golden}" -LE package >build/logs/coverage.tests.log 2>&1 ||
    echo "coverage: some tests failed, see build/logs/coverage.tests.log"
find build/coverage/lib -name '*.gcda' | while read -r data; do
    gcov --json-format --stdout "$data" 2>/dev/null
done | python3 tools/coverage.py
