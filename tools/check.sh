#!/bin/sh
# Builds and tests everything: the release with all tests, then what the sanitizers are good for.
# Tools' output goes to build/logs; the last line is "N passed, N failed".
set -u
cd "$(dirname "$0")/.."
passed=0 failed=0 skipped=
building_release='' building_asan='' building_tsan='' # processes of begin
jobs=${JOBS:-2}

# timed FILE COMMAND...: runs it, with its exit status; FILE gets the processor time of all that it started.
timed() (
    file=$1
    shift
    "$@"
    status=$?
    times >"$file" # in no subshell of this one, which would know of nothing
    exit "$status"
)

# seconds FILE: what timed wrote there.
seconds() {
    echo $(($(sed -n '2s/\([0-9]*\)m\([0-9]*\)[^ ]* \([0-9]*\)m\([0-9]*\).*/(\1 + \3) * 60 + \2 + \4/p' "$1")))
}

# begin NAME CMAKE_ARGUMENT...: builds it behind all else; `nice` is how: on processors that tests leave idle.
nice=
begin() {
    name=$1
    shift
    {
        # shellcheck disable=SC2086
        timed "build/logs/$name.build.times" $nice tools/build.sh "$name" "$@" >"build/logs/$name.said" 2>&1
        echo $? >"build/logs/$name.built"
    } &
    eval "building_$name=\$!"
}

# stage NAME CTEST_ARGUMENT...: tests what was begun.
stage() {
    name=$1
    shift
    eval "wait \"\$building_$name\""
    cat "build/logs/$name.said"
    if [ "$(cat "build/logs/$name.built")" -ne 0 ]; then
        failed=$((failed + 1))
        return
    fi
    log=build/logs/$name.tests.log
    started=$(date +%s)
    # One more than there are processors, for some tests wait.
    timed "build/logs/$name.tests.times" ctest --test-dir "build/$name" -j "$((jobs + 1))" --output-on-failure "$@" \
        >"$log" 2>&1 </dev/null
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
    echo "check: $name: $((total - bad - count)) passed, $bad failed in $(($(date +%s) - started)) s; processor time" \
        "$(seconds "build/logs/$name.build.times") s of the build, $(seconds "build/logs/$name.tests.times") s of the tests"
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

trap 'trap "" TERM; kill 0; exit 130' INT # builds behind would go on
quick="-DCMAKE_C_FLAGS_RELWITHDEBINFO=-O1 -g1 -DNDEBUG" # the line of a fault is enough

# The release is tested with Debian's libtorch, an old one; the plugin's CUDA half with a new one.
# Allocations that fail, the corpora of the fuzz targets and the requests to the server are left to the sanitizers: there
# the same programs run, and more is seen.
begin release -DSTYLIZE_WERROR=ON -DSTYLIZE_BUILD_TESTS=ON -DSTYLIZE_UNITY=ON "-DSTYLIZE_TORCH=${STYLIZE_TORCH-}"
wait "$building_release"
nice="nice -n 19"
begin asan "$quick"
stage release -LE "alloc|fuzz|sanitized"
wait "$fetch"
sed 's/^/check: /' build/logs/torch-cuda.said
cuda_torch=$(cat build/logs/torch-cuda.path)
wait "$building_asan"
TARGET=concurrency_tests begin tsan "$quick"
# The rules of the tree do not change with the compiler's options.
stage asan -LE package
wait "$building_tsan"
[ -z "$cuda_torch" ] || TARGET=torch_tests begin cuda -DCMAKE_BUILD_TYPE=Release -DSTYLIZE_WERROR=ON \
    -DSTYLIZE_UNITY=ON -DSTYLIZE_BUILD_TESTS=ON "-DSTYLIZE_TORCH=$cuda_torch"
stage tsan -L concurrency
[ -z "$cuda_torch" ] || stage cuda -L torch

[ -z "$skipped" ] || echo "check: skipped:$skipped"
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
