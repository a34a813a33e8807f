"""Many threads, many pictures, closing, cancelling, memory."""

import concurrent.futures
import gc
import pathlib
import threading
import time
from typing import Any

import numpy as np
import pytest

import stylize
from stylize import Stylizer

SIZE = (48, 32)


def small(seed: int) -> Any:
    return np.random.default_rng(seed).integers(0, 256, (SIZE[1], SIZE[0], 3), np.uint8)


class Gate:
    """Holds the first request inside the library, so that what comes after it waits."""

    def __init__(self, stylizer: Stylizer) -> None:
        self.entered, self.open = threading.Event(), threading.Event()
        self.job = stylizer.submit(small(0), "scream", progress=self.hold)
        assert self.entered.wait(600)

    def hold(self, done: float) -> None:
        self.entered.set()
        assert self.open.wait(600)


def test_32_threads_on_one_stylizer(stylizer: Stylizer) -> None:
    pictures = [small(i) for i in range(64)]
    styles = [style.id for style in stylizer.styles()]
    alone = [stylizer(p, styles[i % 16]).tobytes() for i, p in enumerate(pictures)]

    def work(i: int) -> None:
        for k in range(i, i + 64, 7):
            assert stylizer(pictures[k % 64], styles[k % 64 % 16]).tobytes() == alone[k % 64]

    with concurrent.futures.ThreadPoolExecutor(32) as pool:
        list(pool.map(work, range(32)))


def test_other_threads_run_meanwhile() -> None:
    """A call that waits does not hold the interpreter's lock: otherwise nobody could open the gate."""
    with Stylizer(threads=1) as stylizer:
        gate = Gate(stylizer)
        with concurrent.futures.ThreadPoolExecutor(1) as pool:
            waiting = pool.submit(stylizer, small(1), "scream")
            assert not waiting.done()
            gate.open.set()
            assert waiting.result(60).size == SIZE


def test_map_is_bounded_and_in_order(stylizer: Stylizer) -> None:
    pictures = [small(i) for i in range(40)]
    taken = 0

    def contents() -> Any:
        nonlocal taken
        for picture in pictures:
            taken += 1
            yield picture

    out = stylizer.map(contents(), "udnie", ahead=5)
    for i, image in enumerate(out):
        assert taken <= i + 6
        assert image.tobytes() == stylizer(pictures[i], "udnie").tobytes()
    assert taken == 40


def test_map_waits_where_the_queue_is_full() -> None:
    with Stylizer(threads=1, queue_length=2) as stylizer:
        assert len(list(stylizer.map([small(i) for i in range(30)], "udnie", ahead=20))) == 30
        assert stylizer.stats()["rejected"] > 0


def test_leaving_map_cancels_the_rest() -> None:
    with Stylizer(threads=1) as stylizer:
        for _ in stylizer.map((small(i) for i in range(100)), "udnie", ahead=50):
            break
        gc.collect()
        stylizer.close()
        with pytest.raises(stylize.ClosedError):
            stylizer.stats()


def test_map_raises_the_error_of_its_picture(stylizer: Stylizer) -> None:
    out = stylizer.map([small(0), b"damaged", small(1)], "udnie")
    assert next(out).size == SIZE
    with pytest.raises(stylize.FormatError):
        next(out)


def test_as_completed_reports_each(stylizer: Stylizer) -> None:
    contents: list[Any] = [small(0), b"damaged", small(1), "/nowhere.jpg", small(2)]
    found = {one.index: one for one in stylizer.as_completed(contents, "udnie")}
    assert sorted(found) == [0, 1, 2, 3, 4]
    assert [i for i, one in found.items() if one.image is not None and one.error is None] != []
    assert isinstance(found[1].error, stylize.FormatError)
    assert isinstance(found[3].error, stylize.FileError)
    assert all(found[i].image is not None for i in (0, 2, 4))


def test_cancel() -> None:
    with Stylizer(threads=1) as stylizer:
        gate = Gate(stylizer)
        waiting = stylizer.submit(small(1), "scream")
        assert waiting.cancel()
        assert gate.job.cancel()
        gate.open.set()
        for job in (waiting, gate.job):
            with pytest.raises(concurrent.futures.CancelledError):
                job.result(60)
            assert job.cancelled() and job.cancel()
        done = stylizer.submit(small(1), "scream")
        done.result()
        assert not done.cancel()
        assert stylizer.stats()["cancelled"] == 2


def test_queue_full() -> None:
    with Stylizer(threads=1, queue_length=1) as stylizer:
        gate = Gate(stylizer)
        jobs = []
        with pytest.raises(stylize.QueueFullError):
            for _ in range(64):
                jobs.append(stylizer.submit(small(1), "scream"))
        gate.open.set()
        assert all(job.result().size == SIZE for job in jobs)


def test_close_drains_or_cancels() -> None:
    for cancel in (False, True):
        stylizer = Stylizer(threads=1)
        gate = Gate(stylizer)
        jobs = [stylizer.submit(small(i), "scream") for i in range(200)]
        closing = threading.Thread(target=stylizer.close, args=(cancel,))
        closing.start()
        while not stylizer.closed:
            time.sleep(0.001)
        gate.open.set()
        closing.join()
        stylizer.close()
        errors = [job.exception() for job in jobs]
        if not cancel:
            assert not any(errors)
            continue
        # The first may be painted before the library is told to cancel, which is after `closed` is set.
        assert all(e is None or isinstance(e, stylize.CancelledError) for e in errors)
        assert errors[-1]


def test_closed() -> None:
    stylizer = Stylizer(threads=1)
    image = stylizer(small(0), "scream")
    stylizer.close()
    stylizer.close()
    assert stylizer.closed
    calls: list[Any] = [
        lambda: stylizer(small(0), "scream"),
        lambda: stylizer.submit(small(0), "scream"),
        lambda: next(stylizer.map([small(0)], "scream")),
        lambda: next(stylizer.as_completed([small(0)], "scream")),
        stylizer.styles,
        stylizer.info,
        stylizer.stats,
        stylizer.bench,
        stylizer.warm_up,
        lambda: stylizer.add_style("mine", small(0)),
        lambda: stylizer.remove_style("scream"),
        lambda: stylizer.probe(b"x"),
        lambda: stylizer.decode(b"x"),
        stylizer.__enter__().styles,
    ]
    for call in calls:
        with pytest.raises(stylize.ClosedError):
            call()
    assert image.numpy().shape == (32, 48, 3)


def test_closing_while_others_paint() -> None:
    for _ in range(10):
        stylizer = Stylizer(threads=2)
        outcomes: list[str] = []

        def work() -> None:
            try:
                while True:
                    stylizer(small(0), "scream")
            except (stylize.ClosedError, stylize.CancelledError) as e:
                outcomes.append(type(e).__name__)

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        while stylizer.stats()["completed"] < 4:
            time.sleep(0.001)
        stylizer.close(cancel=True)
        for thread in threads:
            thread.join(60)
        assert len(outcomes) == 4


def test_dropped_in_a_callback() -> None:
    """The last reference may go on a thread of the library, which cannot wait for its own end."""
    ended = threading.Event()
    for _ in range(20):
        ended.clear()
        stylizer = Stylizer(threads=1)
        gate = Gate(stylizer)
        job = gate.job
        job.add_done_callback(lambda _: ended.set())
        gate.open.set()
        del stylizer, gate, job
        assert ended.wait(600)


def test_closing_in_a_callback_is_refused(stylizer: Stylizer) -> None:
    errors: list[Exception] = []

    def progress(done: float) -> None:
        try:
            stylizer.close()
        except stylize.InvalidError as e:
            errors.append(e)

    stylizer(small(0), "scream", progress=progress)
    assert errors and not stylizer.closed


def resident() -> int:
    for line in pathlib.Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) * 1024
    raise AssertionError


def test_ten_thousand_calls_leak_nothing(tmp_path: pathlib.Path) -> None:
    """After a warm-up the memory stays where it is; a leak of one small picture a call would be 15 MB."""
    with Stylizer(threads=1) as stylizer:
        picture = np.zeros((16, 16, 3), np.uint8)
        path = tmp_path / "p.png"
        stylizer.decode(stylizer(picture, "scream").encode("png").tobytes()).resize(64, 64).save(path)

        def some(count: int) -> None:
            for i in range(count):
                if i % 10 == 0:
                    stylizer(path, "scream", output_size=16, output_format="png").tobytes()
                elif i % 10 == 1:
                    with pytest.raises(stylize.NotFoundError):
                        stylizer(picture, "none")
                elif i % 10 == 2:
                    stylizer.submit(picture, "scream", progress=lambda done: False).exception()
                else:
                    stylizer(picture, {"scream": 1, "udnie": 1}).numpy()

        some(2000)
        gc.collect()
        before = resident()
        some(10000)
        gc.collect()
        assert resident() - before < 4 << 20
        assert stylizer.stats()["pool_bytes"] <= stylizer.stats()["pool_peak"]
    from stylize import _job

    assert not _job._pending
