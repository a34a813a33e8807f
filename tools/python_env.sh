#!/bin/sh
# Makes build/venv, with what the tests of the Python package and of stylize-server need from PyPI. Does nothing when
# it is there.
set -eu
cd "$(dirname "$0")/.."
log=build/logs/venv.log
list=build/logs/requirements.txt
mkdir -p build/logs
cat bindings/python/tests/requirements.txt tests/server/end_to_end/requirements.txt >"$list"
cmp -s "$list" build/venv/requirements.txt && exit 0
if ! python3 -m venv build/venv >"$log" 2>&1 ||
    ! build/venv/bin/python -m pip install -q --disable-pip-version-check -r "$list" >>"$log" 2>&1; then
    echo "setup: going on without tests that need Python packages: $(grep -v '^$' "$log" | tail -n 1 | cut -c -160)"
    exit 0
fi
cp "$list" build/venv/requirements.txt
