"""Workers that are killed, that are too slow, that take long: no task is lost, and none ends twice."""

import os
import pathlib
import shutil
import signal
from collections.abc import Iterator
from typing import Any

import celery.exceptions
import pytest
import redis

import stylize
import stylize.celery

from .celery_world import WAIT, Store, Worker, kill_between, paint, until

pytestmark = pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed")


@pytest.fixture
def two(broker: str, tmp_path: pathlib.Path, app: Any) -> Iterator[list[Worker]]:
    with redis.Redis.from_url(broker) as client:
        client.flushdb()  # what a test before had left is not for these workers
    workers = [Worker(f"w{i}", broker, tmp_path) for i in range(2)]
    try:
        for worker in workers:
            worker.ready()
        yield workers
    finally:
        for worker in workers:
            worker.kill()


def test_soft_time_limit(broker: str, app: Any, photo: str, tmp_path: pathlib.Path) -> None:
    """A task that takes longer than its limit fails; the worker lives on, and nothing half done stays."""
    worker = Worker("slow", broker, tmp_path).ready()
    try:
        kwargs = {"content": pathlib.Path(photo).as_uri(), "style_id": "scream"}
        large = stylize.celery.paint.apply_async(kwargs={**kwargs, "options": {"output_size": 6000}}, soft_time_limit=0.2)
        with pytest.raises(celery.exceptions.SoftTimeLimitExceeded):
            large.get(WAIT)
        assert paint(**kwargs, options={"output_size": 64}).get(WAIT)["width"] == 64
        assert len(list((tmp_path / "results").iterdir())) == 1
    finally:
        worker.stop()


def hand_in(count: int, photo: str, size: int) -> dict[int, Any]:
    content = pathlib.Path(photo).as_uri()
    return {
        i: paint(content=content, style_id="scream", options={"output_size": size, "strength": 1 - i / 1000})
        for i in range(count)
    }


def check_results(tasks: dict[int, Any], folder: pathlib.Path, stylizer: stylize.Stylizer, photo: str, size: int) -> None:
    """Every task has ended in its own result, once, and nothing else lies about."""
    found = {i: task.get(WAIT) for i, task in tasks.items()}
    assert all(task.state == "SUCCESS" for task in tasks.values())
    names = {pathlib.Path(one["result"]).name for one in found.values()}
    assert len(names) == len(tasks)
    left = {p.name for p in (folder / "results").iterdir() if not p.name.startswith(".")}
    assert left == names
    for i in (0, len(tasks) - 1):
        expected = stylizer(photo, "scream", output_size=size, strength=1 - i / 1000, output_format="jpeg").tobytes()
        assert (folder / "results" / pathlib.Path(found[i]["result"]).name).read_bytes() == expected


def unacknowledged(broker: str) -> int:
    client = redis.Redis.from_url(broker)
    try:
        return int(client.hlen("unacked")) + int(client.llen("stylize"))
    finally:
        client.close()


def test_a_killed_worker_loses_nothing(
    two: list[Worker], broker: str, stylizer: stylize.Stylizer, photo: str, tmp_path: pathlib.Path
) -> None:
    tasks = hand_in(24, photo, 512)
    until(lambda: two[0].text().count("received") >= 3 and two[1].text().count("received") >= 3, "work by both")
    kill_between(two[0], two, broker, "stylize.paint", len(tasks))
    check_results(tasks, tmp_path, stylizer, photo, 512)
    until(lambda: unacknowledged(broker) == 0, "the last acknowledgement")


def test_a_killed_child_loses_nothing(
    two: list[Worker], broker: str, stylizer: stylize.Stylizer, photo: str, tmp_path: pathlib.Path
) -> None:
    tasks = hand_in(16, photo, 512)
    for worker in two:
        until(lambda: worker.text().count("received") >= 2, "work")
        os.kill(worker.child(), signal.SIGKILL)
    check_results(tasks, tmp_path, stylizer, photo, 512)
    until(lambda: unacknowledged(broker) == 0, "the last acknowledgement")


def test_long_tasks_are_not_given_to_others(
    two: list[Worker], photo: str, store: str
) -> None:
    """A task that takes longer than the visibility timeout stays with its worker as long as that lives."""
    Store.objects["hold.jpg"] = pathlib.Path(photo).read_bytes()
    sent = paint(content=f"{store}/slow/9/hold.jpg", style_id="scream", options={"output_size": 64})
    got = sent.get(WAIT)
    assert got["width"] == 64
    received = sum(worker.text().count(f"stylize.paint[{sent.id}] received") for worker in two)
    assert received == 1


SHARED = {"output_size": 2000, "memory_budget": 32 << 20}
"""More than a dozen tiles."""


def share(photo: str, **kwargs: Any) -> Any:
    content = pathlib.Path(photo).as_uri()
    arguments = {"content": content, "style_id": "scream", "options": SHARED, **kwargs}
    return stylize.celery.paint_shared.apply_async(kwargs=arguments)


def count_tiles(worker: Worker, what: str) -> int:
    return sum("stylize.tile[" in line and what in line for line in worker.text().splitlines())


def test_a_picture_shared_out_is_that_of_one_machine(
    two: list[Worker], broker: str, stylizer: stylize.Stylizer, photo: str, tmp_path: pathlib.Path
) -> None:
    whole = stylizer(photo, "scream", output_size=2000, memory_budget=32 << 20)
    assert whole.report is not None
    got = share(photo).get(WAIT)
    path = pathlib.Path(got["result"].removeprefix("file://"))
    assert path.read_bytes() == whole.encode("jpeg").tobytes()
    assert (got["tiles"], got["width"], got["cached"]) == (whole.report.tiles, 2000, False)
    assert len(got["workers"]) == 2
    assert sum(count_tiles(worker, "succeeded") for worker in two) == whole.report.tiles
    assert [p.name for p in path.parent.rglob("*") if p.is_file()] == [path.name]
    # The same name as that of the task for one machine, which finds it; a small picture is one task.
    assert paint(content=pathlib.Path(photo).as_uri(), style_id="scream", options=SHARED).get(WAIT)["cached"]
    assert share(photo).get(WAIT)["cached"]
    assert share(photo, options={"output_size": 64}).get(WAIT)["tiles"] == 1
    with pytest.raises(stylize.NotFoundError):
        share(photo, style_id="none").get(WAIT)


def test_a_lost_worker_costs_only_its_tiles(
    two: list[Worker], broker: str, stylizer: stylize.Stylizer, photo: str
) -> None:
    whole = stylizer(photo, "scream", output_size=2000, memory_budget=32 << 20)
    assert whole.report is not None
    sent = share(photo)
    # The victim is one that did not cut the picture, so that nothing but tiles is lost with it.
    until(lambda: all(count_tiles(worker, "succeeded") >= 1 for worker in two), "tiles by both")
    victim = two[0] if "paint_shared" not in two[0].text().split("[tasks]")[1].split("\n\n", 1)[1] else two[1]
    kill_between(victim, two, broker, "stylize.tile", whole.report.tiles)
    got = sent.get(WAIT)
    assert pathlib.Path(got["result"].removeprefix("file://")).read_bytes() == whole.encode("jpeg").tobytes()
    begun = sum(count_tiles(worker, "received") for worker in two)
    assert whole.report.tiles <= begun <= whole.report.tiles + 2
    until(lambda: unacknowledged(broker) == 0, "the last acknowledgement")
