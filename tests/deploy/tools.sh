#!/bin/sh
# Makes build/deploy-tools, with the checkers of PyPI that the tests of deploy/ need. Does nothing when it is there.
set -eu
here=$(cd "$(dirname "$0")" && pwd)
cd "$here/../.."
venv=build/deploy-tools log=build/logs/deploy-tools.log
mkdir -p build/logs
exec 9>build/deploy-tools.lock
flock 9
cmp -s "$here/requirements.txt" "$venv/requirements.txt" && exit 0
if ! python3 -m venv --clear "$venv" >"$log" 2>&1 ||
    ! "$venv/bin/pip" install -q --disable-pip-version-check -r "$here/requirements.txt" >>"$log" 2>&1; then
    echo "the packages of tests/deploy/requirements.txt could not be installed: $(grep -v '^$' "$log" | tail -n 1 | cut -c -160)"
    exit 1
fi
cp "$here/requirements.txt" "$venv/"
