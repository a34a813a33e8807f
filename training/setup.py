"""The version, which is stated in the public header only; a source distribution has it in PKG-INFO. All else: pyproject.toml."""

import pathlib
import re

from setuptools import setup

HERE = pathlib.Path(__file__).resolve().parent
HEADER = HERE.parent / "include" / "stylize" / "stylize.h"


def version() -> str:
    if not HEADER.is_file():
        return re.search(r"^Version: (.+)$", (HERE / "PKG-INFO").read_text(), re.M)[1]
    parts = dict(re.findall(r"#define STYLIZE_VERSION_(MAJOR|MINOR|PATCH) (\d+)", HEADER.read_text()))
    return ".".join(parts[name] for name in ("MAJOR", "MINOR", "PATCH"))


setup(version=version())
