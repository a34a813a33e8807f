#!/bin/sh
# The tests of other platforms than this machine's: check.sh. Each says why if it is skipped.
set -eu
cd "$(dirname "$0")/../.."
status=0
part() {
    name=$1
    shift
    echo "== $name"
    code=0
    "$@" || code=$?
    [ "$code" = 0 ] || [ "$code" = 77 ] || { echo "$name failed" && status=1; }
}
release=$PWD/build/release
tools/build.sh release -DSTYLIZE_BUILD_TESTS=ON >/dev/null
part musl tools/platforms/musl.sh "$release"
part windows tools/platforms/windows_check.sh build/release
part gimp tests/gimp/run.sh "$PWD" "$release"
part deb tools/platforms/deb.sh
part wheels tools/platforms/wheels_check.sh "$release"
part web env WEB_ALL=1 tests/web/run.sh "$PWD" "$release/tests/test_web_native" "$release/bin/stylize"
exit $status
