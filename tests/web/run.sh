#!/bin/sh
# run.sh SOURCE NATIVE COMMAND: builds the site and tests it. WEB_ALL=1: the page in Chromium too.
set -eu
source=$1
export WEB_NATIVE="$2" WEB_COMMAND="$3" WEB_SITE="$source/build/web/site" SCREENSHOTS="${SCREENSHOTS-}"
cd "$source"
JOBS=${JOBS:-1} tools/platforms/web.sh
python=$source/build/venv/bin/python
[ -x "$python" ] || python=python3
"$python" -c 'import pytest' 2>/dev/null || { echo "skipped: pytest is missing"; exit 77; }
select=
[ "${WEB_ALL-}" = 1 ] || select='node or command'
exec "$python" -m pytest -q -s -p no:cacheprovider ${select:+-k "$select"} tests/web/test_web.py
