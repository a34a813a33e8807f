#!/bin/sh
# run.sh [OPTION...]: the demonstration of a fleet, demo.py, with what it needs in a virtual environment of its own.
set -eu
cd "$(dirname "$0")/../.."
list=tools/fleet/requirements.txt venv=build/fleet-venv log=build/logs/fleet-venv.log
for program in redis-server nginx openssl; do
    PATH=$PATH:/usr/sbin command -v "$program" >/dev/null || {
        echo "fleet: $program is missing (apt install redis-server nginx-light openssl)"
        exit 1
    }
done
mkdir -p build/logs
if ! cmp -s "$list" "$venv/requirements.txt"; then
    python3 -m venv --clear "$venv" >"$log" 2>&1 && "$venv/bin/pip" install -q -r "$list" >>"$log" 2>&1 || {
        echo "fleet: the packages of $list could not be installed, see $log"
        exit 1
    }
    cp "$list" "$venv/"
fi
exec nice "$venv/bin/python" tools/fleet/demo.py "$@"
