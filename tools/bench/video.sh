#!/bin/sh
# make bench-video: video.sh [ARGUMENT...] of video.py. Installs what is missing in build/bench-venv.
set -eu
cd "$(dirname "$0")/../.."
python=build/bench-venv/bin/python
[ -x "$python" ] || python3 -m venv build/bench-venv
"$python" -c 'import numpy, PIL' 2>/dev/null ||
    "$python" -m pip install --quiet --disable-pip-version-check numpy pillow
STYLIZE_MODELS=models exec "$python" tools/bench/video.py "$@"
