"""fork, spawn, the end of the interpreter, signals."""

import multiprocessing
import os
import pickle
import subprocess
import sys
import textwrap
from typing import Any

import numpy as np
import pytest

import stylize
from stylize import Stylizer

PICTURE = np.arange(48 * 32 * 3, dtype=np.uint8).reshape(32, 48, 3)


def python(code: str, *arguments: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-W", "error", "-c", textwrap.dedent(code), *arguments]
    return subprocess.run(command, capture_output=True, text=True, timeout=600)


def in_child(check: Any) -> int:
    """Runs check in a fork; its exit code."""
    pid = os.fork()
    if pid == 0:
        try:
            check()
            os._exit(0)
        except BaseException:
            import traceback

            traceback.print_exc()
            os._exit(1)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def test_fork_is_an_error_not_a_hang(stylizer: Stylizer) -> None:
    image = stylizer(PICTURE, "scream")
    expected = image.tobytes()

    def check() -> None:
        calls: list[Any] = [
            lambda: stylizer(PICTURE, "scream"),
            lambda: stylizer.submit(PICTURE, "scream"),
            stylizer.styles,
            stylizer.stats,
            stylizer.close,
        ]
        for call in calls:
            with pytest.raises(stylize.ForkError, match="fork"):
                call()
        assert image.tobytes() == expected
        with Stylizer(threads=1) as own:
            assert own(PICTURE, "scream").tobytes() == expected

    assert in_child(check) == 0
    assert stylizer(PICTURE, "scream").tobytes() == expected


def test_fork_while_painting(stylizer: Stylizer) -> None:
    jobs = [stylizer.submit(PICTURE, "scream") for _ in range(100)]

    def check() -> None:
        jobs.clear()  # nothing of the parent's is waited for or released
        with Stylizer(threads=1) as own:
            own(PICTURE, "scream")

    assert in_child(check) == 0
    assert len({job.result().tobytes() for job in jobs}) == 1


def paint_in_child(_: int) -> bytes:
    with Stylizer(threads=1) as own:
        return own(PICTURE, "scream").tobytes()


@pytest.mark.parametrize("method", ["spawn", "fork", "forkserver"])
def test_multiprocessing(stylizer: Stylizer, method: str) -> None:
    with multiprocessing.get_context(method).Pool(2) as pool:
        assert set(pool.map(paint_in_child, range(4))) == {stylizer(PICTURE, "scream").tobytes()}


def test_cannot_be_pickled(stylizer: Stylizer) -> None:
    with pytest.raises(TypeError, match="each process"):
        pickle.dumps(stylizer)


def test_the_interpreter_ends_with_requests_under_way() -> None:
    run = python(
        """
        import stylize
        stylizer = stylize.Stylizer(threads=2)
        picture = bytearray(512 * 512 * 3)
        view = memoryview(picture).cast("B", (512, 512, 3))
        jobs = [stylizer.submit(view, "scream", progress=lambda done: None) for _ in range(50)]
        jobs[0].result()
        print("painted")
        """
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "painted\n", "")


def test_interrupt_cancels() -> None:
    run = python(
        """
        import os, signal, threading, stylize
        stylizer = stylize.Stylizer(threads=1)
        view = memoryview(bytearray(64 * 64 * 3)).cast("B", (64, 64, 3))
        hold = threading.Event()
        def progress(done):
            if not hold.is_set():
                os.kill(os.getpid(), signal.SIGINT)
                hold.wait(600)
        try:
            stylizer(view, "scream", progress=progress)
        except KeyboardInterrupt:
            hold.set()
            stylizer.close()
            print("interrupted")
        """
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "interrupted\n", "")


def test_neither_numpy_nor_pillow_is_needed(photo: str) -> None:
    run = python(
        """
        import sys
        sys.modules["numpy"] = sys.modules["PIL"] = None
        import stylize
        with stylize.Stylizer(threads=1) as stylizer:
            image = stylizer(sys.argv[1], "scream", output_size=64)
            print(image.size, len(image.tobytes()), len(image._repr_jpeg_()) > 100)
            view = memoryview(image.tobytes()).cast("B", (48, 64, 3))
            print(stylizer(view, "udnie").size)
        """,
        photo,
    )
    assert (run.returncode, run.stdout, run.stderr) == (0, "(64, 48) 9216 True\n(64, 48)\n", "")
