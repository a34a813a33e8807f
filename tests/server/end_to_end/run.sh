#!/bin/sh
# run.sh BINARY SOURCE_DIR [PYTEST_ARGUMENT...]: the end-to-end tests against the real binary, on loopback only.
# 77 (skipped) where pytest or httpx are missing, or the build cannot paint.
set -eu
python=
for candidate in ${STYLIZE_TEST_PYTHON:-"$2"/build/venv/bin/python python3 /usr/bin/python3}; do
    "$candidate" -c 'import pytest, httpx' 2>/dev/null && python=$candidate && break
done
if [ -z "$python" ]; then
    echo "skipped: pytest and httpx are needed (apt install python3-pytest python3-httpx, or STYLIZE_TEST_PYTHON)"
    exit 77
fi
export STYLIZE_STYLES= STYLIZE_SERVER="$1" STYLIZE_SOURCE="$2" STYLIZE_MODELS="$2/models"
shift 2
exec "$python" -m pytest -q -p no:cacheprovider "$(dirname "$0")" "$@"
