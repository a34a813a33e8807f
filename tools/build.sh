#!/bin/sh
# Configures and builds in build/NAME: build.sh NAME [CMAKE_ARGUMENT...]
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
    echo "build: $name failed, the end of $log:"
    grep -nE 'error|Error|undefined reference' "$log" | head -n 20 || :
    tail -n 20 "$log"
    exit 1
}
cmake "$@" >"$log" 2>&1 </dev/null || failed
sed -n '/^-- libstylize/,/^-- Configuring/{/Configuring/d;p}' "$log"
cmake --build "build/$name" -j "${JOBS:-2}" >>"$log" 2>&1 </dev/null || failed
