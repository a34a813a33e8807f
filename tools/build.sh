#!/bin/sh
# Configures and builds in build/NAME: build.sh NAME [CMAKE_ARGUMENT...]. TARGET: what to build, else all.
# NAME may be a preset (release, debug, asan, tsan). What the tools say goes to build/logs/NAME.log;
# shown are the summary of the configuration and, if it fails, the end of the log.
set -eu
cd "$(dirname "$0")/.."
name=$1
shift
log=build/logs/$name.log
mkdir -p build/logs
if grep -q "\"name\": \"$name\", \"inherits\"" CMakePresets.json; then
    set -- --preset "$name" "$@"
else
    set -- -S . -B "build/$name" -G Ninja "$@"
fi
failed() {
    echo "build: $name failed, see $log:"
    grep -E -A 3 'error:|CMake Error|undefined reference|multiple definition' "$log" | head -n 40 | grep . || tail -n 20 "$log"
    exit 1
}
cmake "$@" >"$log" 2>&1 </dev/null || failed
sed -n '/^-- libstylize/,/^-- Configuring/{/Configuring/d;p}' "$log"
cmake --build "build/$name" --target "${TARGET:-all}" -j "${JOBS:-2}" -- -k 0 >>"$log" 2>&1 </dev/null || failed
