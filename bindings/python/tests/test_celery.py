"""The tasks with a real Redis and a real worker."""

import base64
import json
import pathlib
import shutil
import uuid
from collections.abc import Iterator
from typing import Any

import pytest
import redis

import stylize
import stylize.celery
from stylize.celery import data_url

from .celery_world import WAIT, Store, Worker, paint, until

pytestmark = pytest.mark.skipif(shutil.which("redis-server") is None, reason="redis-server is not installed")


@pytest.fixture(scope="module")
def one(broker: str, tmp_path_factory: pytest.TempPathFactory, app: Any) -> Iterator[Worker]:
    worker = Worker("one", broker, tmp_path_factory.mktemp("one")).ready()
    yield worker
    worker.stop()


def test_a_task_paints_what_the_package_paints(
    one: Worker, stylizer: stylize.Stylizer, photo: str, artwork: str, tmp_path: pathlib.Path
) -> None:
    content = pathlib.Path(photo).as_uri()
    result = (tmp_path / "out" / "{key}.png").as_uri()
    blend = [{"style_id": "scream", "weight": 0.5}, {"style": pathlib.Path(artwork).as_uri(), "weight": 0.5}]
    options = {"output_size": 128, "strength": 0.9}
    got = paint(content=content, styles=blend, options=options, result=result).get(WAIT)
    path = pathlib.Path(got["result"].removeprefix("file://"))
    expected = stylizer(photo, [("scream", 0.5), (artwork, 0.5)], output_size=128, strength=0.9, output_format="png")
    assert path.read_bytes() == expected.tobytes()
    assert path.name == got["key"] + ".png"
    assert (got["format"], got["width"], got["height"], got["cached"], got["engine"]) == ("png", 128, 96, False, "native")
    assert got["bytes"] == path.stat().st_size and got["tiles"] == 1 and got["seconds"] > 0

    before = path.stat().st_mtime_ns
    again = paint(content=content, styles=blend, options=options, result=result).get(WAIT)
    assert again["cached"] and again["result"] == got["result"] and again["engine"] is None
    assert path.stat().st_mtime_ns == before


def test_masks_say_where_each_style_is_painted(
    one: Worker, stylizer: stylize.Stylizer, photo: str, artwork: str, tmp_path: pathlib.Path
) -> None:
    content, mask = pathlib.Path(photo).as_uri(), tmp_path / "mask.png"
    stylizer(photo, "scream", output_size=48, output_format="png").save(mask)  # of many shades
    picture = {"style": pathlib.Path(artwork).as_uri()}
    cases: list[tuple[list[dict[str, Any]], list[str], list[str | None]]] = [
        ([{"style_id": "scream", "mask": mask.as_uri()}], ["scream"], [str(mask)]),
        ([{**picture, "mask": mask.as_uri()}, {"style_id": "udnie", "mask": None}], [artwork, "udnie"], [str(mask), None]),
    ]
    options: Any = {"output_size": 1200, "memory_budget": 32 << 20}
    assert len(stylizer.tiling(photo, "scream", **options)) > 1
    for styles, same, masks in cases:
        expected = stylizer(photo, same, masks=masks, **options, output_format="png").tobytes()
        plain = stylizer(photo, same, **options, output_format="png").tobytes()
        for task in (stylize.celery.paint, stylize.celery.paint_shared):
            result = (tmp_path / task.name / "{key}.png").as_uri()
            got = task.apply_async(kwargs={"content": content, "styles": styles, "options": options, "result": result}).get(WAIT)
            assert pathlib.Path(got["result"].removeprefix("file://")).read_bytes() == expected != plain
            assert "workers" not in got  # painted by one, also where it could be cut


def test_style_masks_say_what_of_the_artwork_is_read(
    one: Worker, stylizer: stylize.Stylizer, photo: str, artwork: str, tmp_path: pathlib.Path
) -> None:
    content, picture = pathlib.Path(photo).as_uri(), pathlib.Path(artwork).as_uri()
    mask = tmp_path / "mask.png"
    stylizer(photo, "scream", output_size=48, output_format="png").save(mask)  # of many shades
    options: Any = {"output_size": 200}
    expected = stylizer(photo, artwork, style_masks=str(mask), **options, output_format="png").tobytes()
    plain = stylizer(photo, artwork, **options, output_format="png").tobytes()
    styles = [{"style": picture, "style_mask": mask.as_uri()}]
    for task in (stylize.celery.paint, stylize.celery.paint_shared):
        result = (tmp_path / task.name / "{key}.png").as_uri()
        got = task.apply_async(kwargs={"content": content, "styles": styles, "options": options, "result": result}).get(WAIT)
        assert pathlib.Path(got["result"].removeprefix("file://")).read_bytes() == expected != plain


def test_the_task_of_the_guide(one: Worker, stylizer: stylize.Stylizer, photo: str, artwork: str) -> None:
    path = stylize.celery.async_style_transfer.delay(photo, artwork, 96).get(WAIT)
    expected = stylizer(photo, artwork, output_size=96, output_format="jpeg")
    assert pathlib.Path(path).read_bytes() == expected.tobytes()
    assert stylize.celery.async_style_transfer.delay(photo, artwork, 96).get(WAIT) == path
    with pytest.raises(stylize.NotFoundError):
        stylize.celery.async_style_transfer.delay("/nowhere.jpg", artwork, 96).get(WAIT)


def test_pictures_over_http_and_inside_the_message(one: Worker, store: str, photo: str) -> None:
    small = stylize.Stylizer(threads=1)
    data = small(photo, "udnie", output_size=64, output_format="jpeg").tobytes()
    Store.objects["in.jpg"] = data
    a = paint(content=f"{store}/in.jpg", style_id="scream", result=f"{store}/out.png").get(WAIT)
    b = paint(content=data_url(data), style_id="scream", result=f"{store}/other.png").get(WAIT)
    expected = small(data, "scream", output_format="png").tobytes()
    assert Store.objects["out.png"] == Store.objects["other.png"] == expected
    assert a["key"] == b["key"]


def test_only_what_may_pass_is_tried_again(one: Worker, store: str, photo: str) -> None:
    data = stylize.Stylizer(threads=1)(photo, "udnie", output_size=64, output_format="jpeg").tobytes()
    Store.objects["in.jpg"] = data
    got = paint(content=f"{store}/flaky/2/in.jpg", style_id="scream", result=f"{store}/flaky.png")
    assert got.get(WAIT)["width"] == 64
    assert Store.failures["/flaky/2/in.jpg"] < 0

    Store.seen.clear()
    with pytest.raises(stylize.FileError):
        paint(content=f"{store}/status/403/x", style_id="scream", result=f"{store}/x.png").get(WAIT)
    assert len(Store.seen) == 1


@pytest.mark.parametrize(
    ("kwargs", "error"),
    [
        ({"content": data_url(b"no picture"), "style_id": "scream"}, stylize.FormatError),
        ({"content": data_url(b"no picture"), "style_id": "none"}, stylize.NotFoundError),
        ({"content": "photo.jpg", "style_id": "scream"}, stylize.InvalidError),
        ({"content": data_url(b"x")}, stylize.InvalidError),
        ({"content": data_url(b"x"), "style_id": "scream", "options": {"colour": 1}}, stylize.InvalidError),
        ({"content": data_url(b"x"), "styles": [{"style_id": "scream", "mask": "file:///nowhere.png"}]}, stylize.NotFoundError),
        ({"content": data_url(b"x"), "styles": [{"style_id": "scream", "mask": data_url(b"x")}]}, stylize.FormatError),
        ({"content": data_url(b"x"), "style_id": "scream", "colour": 1}, TypeError),
        ({"style_id": "scream"}, TypeError),
    ],
)
def test_errors_are_the_packages(one: Worker, kwargs: dict[str, Any], error: type[Exception]) -> None:
    sent = stylize.celery.app.send_task("stylize.paint", kwargs=kwargs, queue="stylize")
    with pytest.raises(error) as e:
        sent.get(WAIT)
    assert type(e.value) is error


def test_a_message_as_the_contract_says(one: Worker, broker: str, photo: str, tmp_path: pathlib.Path) -> None:
    """What a producer without Celery sends."""
    task = str(uuid.uuid4())
    kwargs = {
        "content": pathlib.Path(photo).as_uri(),
        "style_id": "scream",
        "options": {"output_size": 64},
        "result": (tmp_path / "raw.jpg").as_uri(),
    }
    body = json.dumps([[], kwargs, {"callbacks": None, "errbacks": None, "chain": None, "chord": None}])
    message = {
        "body": base64.b64encode(body.encode()).decode(),
        "content-encoding": "utf-8",
        "content-type": "application/json",
        "headers": {"lang": "py", "task": "stylize.paint", "id": task, "root_id": task, "parent_id": None, "group": None},
        "properties": {
            "correlation_id": task,
            "delivery_mode": 2,
            "delivery_info": {"exchange": "", "routing_key": "stylize"},
            "priority": 0,
            "body_encoding": "base64",
            "delivery_tag": str(uuid.uuid4()),
        },
    }
    client = redis.Redis.from_url(broker)
    client.lpush("stylize", json.dumps(message))

    def state() -> Any:
        text = client.get(f"celery-task-meta-{task}")
        found = json.loads(text) if text else {"status": "PENDING"}
        return found if found["status"] in ("SUCCESS", "FAILURE") else None

    stored = until(state, "the end of the task")
    assert stored["status"] == "SUCCESS" and stored["result"]["result"] == kwargs["result"]
    assert (tmp_path / "raw.jpg").exists()
    client.close()


def test_a_task_that_kills_its_workers_fails_in_the_end(app: Any, broker: str) -> None:
    from celery.app.task import Context

    client = redis.Redis.from_url(broker)
    task = stylize.celery.paint
    name = str(uuid.uuid4())
    task.request_stack.push(Context(id=name, delivery_info={"redelivered": True}))
    try:
        for _ in range(5):
            task.before_start(name, (), {})
        with pytest.raises(stylize.EngineError, match="6 times"):
            task.before_start(name, (), {})
    finally:
        task.request_stack.pop()
        client.close()
