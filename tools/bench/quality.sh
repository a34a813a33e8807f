#!/bin/sh
# make bench-quality: quality.sh WEIGHTS, the folder of the published networks. Fetches the pictures, installs what is missing
# in build/bench-venv, writes build/quality/tables.md and build/quality/sheets/.
set -eu
cd "$(dirname "$0")/../.."
python=build/bench-venv/bin/python
[ -x "$python" ] || python3 -m venv build/bench-venv
"$python" -c 'import torch, numpy, PIL' 2>/dev/null ||
    "$python" -m pip install --quiet --disable-pip-version-check torch numpy pillow
[ -d build/quality/styles ] || "$python" tools/bench/quality_data.py build/quality
exec "$python" tools/bench/quality_peers.py --pictures build/quality --weights "$1" --optimize
