"""The tests run against the library, models and command that the environment names; see run.sh."""

import gc
import importlib.util
import os
import pathlib
import time
from collections.abc import Callable, Iterator

import pytest

import stylize

if importlib.util.find_spec("celery"):  # not where the tests run with the system's PyTorch
    from .celery_world import app, broker, store

    __all__ = ["app", "broker", "store"]



def eventually(true: Callable[[], bool]) -> bool:
    """Whether it comes to be true: a thread of the library may still be leaving a callback."""
    last = time.monotonic() + 600
    while not true() and time.monotonic() < last:
        gc.collect()
        time.sleep(0.002)
    return true()


ROOT = pathlib.Path(__file__).resolve().parents[3]


@pytest.fixture(scope="session")
def root() -> pathlib.Path:
    return ROOT


@pytest.fixture(scope="session")
def photo() -> str:
    return str(ROOT / "examples" / "data" / "photo.jpg")


@pytest.fixture(scope="session")
def artwork() -> str:
    return str(ROOT / "examples" / "data" / "artwork.jpg")


@pytest.fixture(scope="session")
def command() -> str:
    return os.environ["STYLIZE_COMMAND"]


@pytest.fixture(scope="session")
def stylizer() -> Iterator[stylize.Stylizer]:
    with stylize.Stylizer(threads=2) as one:
        yield one
