#!/bin/sh
# The tests of pictures in builds that lack an optional library each, and one that lacks them all: check_optional.sh [NAME...]
# with NAMEs as in the options STYLIZE_NAME; ALL is one of them. The last line is "N passed, N failed".
set -u
cd "$(dirname "$0")/.."
libraries="WEBP LCMS2 TIFF GIF HEIF JXL LETTERING"
[ $# -gt 0 ] || set -- $libraries ALL
passed=0 failed=0
for name in "$@"; do
    build=optional-$(echo "$name" | tr '[:upper:]' '[:lower:]')
    lacks=$name
    [ "$name" != ALL ] || lacks=$libraries
    options=
    for library in $lacks; do
        options="$options -DSTYLIZE_$library=OFF"
    done
    echo "== without $(echo "$lacks" | tr ' ' ',')"
    # shellcheck disable=SC2086
    if ! TARGET=picture_tests tools/build.sh "$build" -DCMAKE_BUILD_TYPE=Debug -DCMAKE_C_FLAGS_DEBUG=-O1 -DSTYLIZE_WERROR=ON \
        -DSTYLIZE_TORCH=OFF -DSTYLIZE_FFMPEG=OFF -DSTYLIZE_BUILD_TESTS=ON $options; then
        failed=$((failed + 1))
        continue
    fi
    log=build/logs/$build.tests.log
    ctest --test-dir "build/$build" -j "${JOBS:-2}" --output-on-failure \
        -R '^(codec_|fuzz_decode|fuzz_probe|cli_(formats|deep|metadata|damaged|documents|sheet))' >"$log" 2>&1 </dev/null
    line=$(grep -E 'tests failed out of' "$log")
    total=${line##*out of }
    bad=$(echo "$line" | sed 's/.*, \([0-9]*\) tests failed.*/\1/')
    [ -n "$line" ] || { total=1 bad=1 && echo "no tests ran, see $log"; }
    [ "$bad" = 0 ] || sed -n '/The following tests FAILED/,$p' "$log"
    passed=$((passed + total - bad)) failed=$((failed + bad))
done
echo "$passed passed, $failed failed"
[ "$failed" -eq 0 ] && [ "$passed" -gt 0 ]
