#!/bin/sh
# Builds and tests everything: the release with all tests, then what the sanitizers are good for.
# Tools' output goes to build/logs; the last line is "N passed, N failed".
set -u
cd "$(dirname "$0")/.."
passed=0 failed=0 skipped=
jobs=${JOBS:-2}

# Sets `processor`: seconds of processor time of all that ran so far. In no subshell, which would know of none.
clock() {
    times >build/logs/times
    processor=$(($(sed -n '2s/\([0-9]*\)m\([0-9]*\)[^ ]* \([0-9]*\)m\([0-9]*\).*/(\1 + \3) * 60 + \2 + \4/p' build/logs/times)))
}

# stage NAME "CTEST_ARGUMENTS" CMAKE_ARGUMENT...
stage() {
    name=$1 select=$2
    shift 2
    started=$(date +%s)
    clock
    used=$processor
    if ! tools/build.sh "$name" "$@"; then
        failed=$((failed + 1))
        return
    fi
    log=build/logs/$name.tests.log
    built=$(date +%s)
    clock
    used_built=$processor
    # One more than there are processors, for some tests wait.
    # shellcheck disable=SC2086
    ctest --test-dir "build/$name" -j "$((jobs + 1))" --output-on-failure $select >"$log" 2>&1 </dev/null
    line=$(grep -E 'tests failed out of' "$log")
    if [ -z "$line" ]; then
        echo "check: no tests ran in $name, see $log"
        failed=$((failed + 1))
        return
    fi
    total=${line##*out of }
    bad=$(echo "$line" | sed 's/.*, \([0-9]*\) tests failed.*/\1/')
    left_out=$(sed -n 's/^.*Test *#[0-9]*: \([^ ]*\) .*\*\*\*Skipped.*/\1/p' "$log")
    count=$(echo "$left_out" | grep -c .)
    passed=$((passed + total - bad - count))
    failed=$((failed + bad))
    for test in $left_out; do
        skipped="$skipped $name:$test"
    done
    clock
    echo "check: $name: $((total - bad - count)) passed, $bad failed; built in $((built - started)) s," \
        "tested in $(($(date +%s) - built)) s; processor time $((used_built - used)) s, $((processor - used_built)) s"
    if [ "$bad" -gt 0 ]; then
        sed -n '/The following tests FAILED/,$p' "$log"
        echo "check: details in $log; the first failure:"
        grep -m 1 -A 40 -E '\*\*\*(Failed|Timeout|Exception)|Exception:|\*\*\*Not Run' "$log"
    fi
}

# Fetched while the release is built: the torch with CUDA that the plugin's CUDA half is linked with, where nvcc is.
mkdir -p build/logs
tools/torch_cuda.sh >build/logs/torch-cuda.path 2>build/logs/torch-cuda.said &
fetch=$!

# The release is tested with Debian's libtorch, an old one; the plugin's CUDA half with a new one.
# Allocations that fail are left to the sanitizers: there the same programs run, and more is seen.
stage release "-LE alloc" -DSTYLIZE_WERROR=ON -DSTYLIZE_BUILD_TESTS=ON "-DSTYLIZE_TORCH=${STYLIZE_TORCH-}"
wait "$fetch"
sed 's/^/check: /' build/logs/torch-cuda.said
cuda_torch=$(cat build/logs/torch-cuda.path)
[ -z "$cuda_torch" ] || TARGET=torch_tests stage cuda "-L torch" -DCMAKE_BUILD_TYPE=Release -DSTYLIZE_WERROR=ON \
    -DSTYLIZE_UNITY=ON -DSTYLIZE_BUILD_TESTS=ON "-DSTYLIZE_TORCH=$cuda_torch"
# The rules of the tree do not change with the compiler's options.
quick="-DCMAKE_C_FLAGS_RELWITHDEBINFO=-O1 -g1 -DNDEBUG" # the line of a fault is enough
stage asan "-LE package" "$quick"
TARGET=concurrency_tests stage tsan "-L concurrency" "$quick"

[ -z "$skipped" ] || echo "check: skipped:$skipped"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
