"""How long tests wait for what must happen. Nothing is decided by it but that something hangs: long for a machine with
much other work, and longer for a build with sanitizers. All bounds of time of the tests in Python come from here."""
import os
import time

SLOWNESS = int(os.environ.get("STYLIZE_TEST_SLOWNESS", "1"))  # of the build, from tests/CMakeLists.txt
PATIENCE = 600 * SLOWNESS  # seconds


def wait(condition, pause=0.02):
    """Until it holds; its value."""
    end = time.monotonic() + PATIENCE
    while not (found := condition()):
        assert time.monotonic() < end, f"it did not happen in {PATIENCE} s"
        time.sleep(pause)
    return found
