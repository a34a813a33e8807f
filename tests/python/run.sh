#!/bin/sh
# run.sh SOURCE_DIR BUILD_DIR [PYTEST_ARGUMENT...]: the tests of bindings/python, against the library just built.
# 77 (skipped) where tools/python_env.sh could not make the environment they run in. STYLIZE_TEST_VENV is another,
# STYLIZE_TEST_NEEDS what must be there, STYLIZE_TEST_PATH a folder of packages besides.
set -eu
source=$1 build=$2
shift 2
python=${STYLIZE_TEST_VENV:-$source/build/venv}/bin/python3
needs=${STYLIZE_TEST_NEEDS:-av, celery, pytest, numpy, PIL}
if ! PYTHONPATH=${STYLIZE_TEST_PATH-} "$python" -c "import $needs" 2>/dev/null; then
    echo "skipped: $python lacks one of $needs (tools/python_env.sh makes the environment of these tests, which needs PyPI)"
    exit 77
fi
export STYLIZE_LIBRARY="$build/lib/libstylize.so" STYLIZE_COMMAND="$build/bin/stylize"
export STYLIZE_MODELS="$source/models" STYLIZE_STYLES= PYTHONDONTWRITEBYTECODE=1
export PYTHONPATH="$source/bindings/python/src${STYLIZE_TEST_PATH:+:$STYLIZE_TEST_PATH}"
cd "$source/bindings/python"
exec "$python" -m pytest -q -p no:cacheprovider "$@"
