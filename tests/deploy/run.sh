#!/bin/sh
# run.sh proxies|files BINARY SOURCE_DIR [PYTEST_ARGUMENT...]: tests of what stands in deploy/.
# proxies: nginx and haproxy before real servers, on loopback. files: containers, manifests, rules, dashboard.
# 77 (skipped) where a tool that all of a part needs is not to be had.
set -eu
part=$1
export STYLIZE_STYLES= STYLIZE_SERVER="$2" STYLIZE_SOURCE="$3" STYLIZE_MODELS="$3/models"
shift 3
here=$(cd "$(dirname "$0")" && pwd)
python=
if [ "$part" = files ]; then
    if ! reason=$("$here/tools.sh" 2>&1); then
        echo "skipped: $reason"
        exit 77
    fi
    python=$STYLIZE_SOURCE/build/deploy-tools/bin/python
    PATH=$STYLIZE_SOURCE/build/deploy-tools/bin:$PATH
else
    for candidate in ${STYLIZE_TEST_PYTHON:-python3 /usr/bin/python3}; do
        "$candidate" -c 'import pytest, httpx' 2>/dev/null && python=$candidate && break
    done
    if [ -z "$python" ]; then
        echo "skipped: pytest and httpx are needed (apt install python3-pytest python3-httpx, or STYLIZE_TEST_PYTHON)"
        exit 77
    fi
    if ! command -v nginx haproxy /usr/sbin/nginx /usr/sbin/haproxy >/dev/null; then
        echo "skipped: neither nginx nor haproxy is installed (apt install nginx-light haproxy)"
        exit 77
    fi
fi
# Without the skipped tests of a tool that is missing said, nobody would know.
exec "$python" -m pytest -q -rs -p no:cacheprovider "$here/test_$part.py" "$@"
