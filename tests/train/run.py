"""Runs the tests of this folder with pytest. Exit status 77 (skipped) where a package they need is missing."""

import importlib.util
import sys

missing = [name for name in ("torch", "numpy", "PIL", "pytest") if importlib.util.find_spec(name) is None]
if missing:
    print("skipped: no Python package", ", ".join(missing))
    sys.exit(77)

import pytest  # noqa: E402

sys.exit(pytest.main(["-q", "-rs", "-p", "no:cacheprovider", *sys.argv[1:]]))
