"""training/ as a package: installed into a folder of its own and run outside the tree. Needs pip, setuptools, wheel."""

import importlib.util
import os
import pathlib
import re
import shutil
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).resolve().parents[2]
MISSING = [name for name in ("pip", "setuptools", "wheel") if importlib.util.find_spec(name) is None]
pytestmark = pytest.mark.skipif(bool(MISSING), reason=f"no Python package {', '.join(MISSING)}")
WITH_LIBRARY = f"{{}}:{ROOT / 'bindings' / 'python' / 'src'}"  # of modules
EVERY_MODULE = """
import importlib, pkgutil, stylize_train
for module in pkgutil.walk_packages(stylize_train.__path__, "stylize_train."):
    if not module.name.endswith((".__main__", ".to_onnx")):  # to_onnx needs onnx
        importlib.import_module(module.name)
print(stylize_train.__file__)
"""


@pytest.fixture(scope="module")
def installed(tmp_path_factory):
    """Built from a copy, as a build leaves files in the folder."""
    folder = tmp_path_factory.mktemp("package")
    shutil.copytree(ROOT / "training", folder / "clone" / "training",
                    ignore=shutil.ignore_patterns("__pycache__", "build", "*.egg-info"))
    (folder / "clone" / "include" / "stylize").mkdir(parents=True)
    shutil.copy(ROOT / "include" / "stylize" / "stylize.h", folder / "clone" / "include" / "stylize")
    subprocess.run([sys.executable, "-m", "pip", "install", "-q", "--no-deps", "--no-build-isolation", "--no-index",
                    "--disable-pip-version-check", "--target", folder / "site", folder / "clone" / "training"], check=True)
    shutil.rmtree(folder / "clone")
    return folder / "site"


def run(installed, cwd, *command, **environment):
    environment = {k: v for k, v in os.environ.items() if k != "STYLIZE_MODELS"} | {"PYTHONPATH": str(installed)} | environment
    return subprocess.run([str(c) for c in command], cwd=cwd, env=environment, capture_output=True, text=True)


def test_help_and_version(installed, tmp_path):
    for command in ([sys.executable, "-m", "stylize_train"], [sys.executable, installed / "bin" / "stylize-train"]):
        result = run(installed, tmp_path, *command, "--help")
        assert (result.returncode, result.stderr) == (0, "") and "train a network with one code" in result.stdout
    header = (ROOT / "include" / "stylize" / "stylize.h").read_text()
    version = ".".join(re.search(rf"#define STYLIZE_VERSION_{part} (\d+)", header)[1] for part in ("MAJOR", "MINOR", "PATCH"))
    metadata, = installed.glob("stylize_train-*.dist-info/METADATA")
    assert f"\nVersion: {version}\n" in metadata.read_text()


def test_nothing_of_the_tree_is_needed(installed, tmp_path):
    result = run(installed, tmp_path, sys.executable, "-c", EVERY_MODULE)
    assert result.returncode == 0, result.stderr
    assert result.stdout.startswith(str(installed))


@pytest.mark.parametrize("how", ["environment", "clone"])
def test_it_finds_the_models(how, installed, tmp_path):
    """The loss network that is meant if none is named, and the order of the library's styles."""
    models = tmp_path / "somewhere" / "models"
    shutil.copytree(ROOT / "models", models, ignore=shutil.ignore_patterns("*.onnx", "*_int8*"))
    environment, cwd = ({"STYLIZE_MODELS": str(models)}, tmp_path) if how == "environment" else ({}, models.parent)
    result = run(installed, cwd, sys.executable, "-m", "stylize_train", "brush", "--artworks", models / "styles" / "artworks",
                 "--photos", ROOT / "examples" / "data" / "photo.jpg", "--steps", 1, "--size", 64, "--threads", 1, "--device", "cpu",
                 "--out", tmp_path / "out", PYTHONPATH=WITH_LIBRARY.format(installed), **environment)
    assert result.returncode == 0, result.stderr
    assert (tmp_path / "out" / "checkpoint.pt").is_file()


def test_without_models_it_says_what_is_missing(installed, tmp_path):
    data = ROOT / "examples" / "data"
    result = run(installed, tmp_path, sys.executable, "-m", "stylize_train", "brush", "--artworks", data, "--photos", data,
                 "--device", "cpu")
    assert result.returncode == 1 and result.stderr.count("\n") == 1
    assert "no such file" in result.stderr and "--loss-net" in result.stderr
    assert not list(tmp_path.iterdir())


def test_it_says_what_reads_pictures(installed, tmp_path):
    """Without the library's package, and without the library."""
    for environment, said in (({}, "the Python package stylize: install it"),
                              ({"PYTHONPATH": WITH_LIBRARY.format(installed), "STYLIZE_LIBRARY": "/none.so"},
                               "the library libstylize, which cannot be used")):
        result = run(installed, tmp_path, sys.executable, "-c", "from stylize_train import pictures; pictures.load('x')", **environment)
        assert said in result.stderr
