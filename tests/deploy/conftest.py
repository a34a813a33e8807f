"""Three servers for all tests of a module, and a proxy before them."""
import concurrent.futures
import io
import os
import pathlib

import pytest

SOURCE = pathlib.Path(os.environ["STYLIZE_SOURCE"])
os.sys.path.insert(0, str(pathlib.Path(__file__).parent))


@pytest.fixture(scope="session")
def photo():
    return (SOURCE / "examples/data/photo.jpg").read_bytes()


@pytest.fixture
def together():
    """Runs calls on some threads and returns their results in order."""
    with concurrent.futures.ThreadPoolExecutor(6) as pool:
        yield lambda call, items: list(pool.map(call, items))
