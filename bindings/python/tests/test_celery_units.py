"""Orders, keys, URLs and progress of the Celery tasks, without a broker."""

import os
import pathlib
import sys
import threading
from typing import Any

import pytest

import stylize
from stylize.celery import _keys, _settings, _tasks, _urls, data_url

from .celery_world import Store


def test_files(tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    url = (tmp_path / "ä new" / "a b.bin").as_uri()
    assert _urls.find(url) is None
    _urls.store(url, b"one", "image/png")
    _urls.store(url, b"two", "image/png")
    assert _urls.fetch(url) == b"two"
    assert [p.name for p in (tmp_path / "ä new").iterdir()] == ["a b.bin"]
    with pytest.raises(stylize.NotFoundError):
        _urls.fetch((tmp_path / "none").as_uri())
    with pytest.raises(stylize.FileError):
        _urls.fetch(tmp_path.as_uri())
    with pytest.raises(stylize.FileError):
        _urls.store((tmp_path / "ä new" / "a b.bin" / "c").as_uri(), b"", "")
    with pytest.raises(stylize.LimitError):
        _urls.fetch(url, 2)
    monkeypatch.setattr(_settings, "FILES", str(tmp_path / "ä new"))
    assert _urls.fetch(url) == b"two"
    for outside in ((tmp_path / "x").as_uri(), (tmp_path / "ä new").as_uri() + "/../x", "file:///etc/passwd"):
        with pytest.raises(stylize.InvalidError):
            _urls.fetch(outside)


@pytest.mark.parametrize(
    "url",
    ["photo.jpg", "/abs/photo.jpg", "ftp://h/x", "gopher://h/x", "file://host/x", "data:x", "data:image/png;base64,%", 3,
     None, "http://user:secret@host/x", "http://h:port/x", "http://h/a b", "s3://bucket", "s3:///key", "javascript:1", "file:///a%00b"],
)  # fmt: skip
def test_what_is_no_url(url: Any) -> None:
    with pytest.raises(stylize.InvalidError):
        _urls.fetch(url)


def test_data_urls() -> None:
    assert _urls.fetch(data_url(b"abc")) == b"abc"
    with pytest.raises(stylize.LimitError):
        _urls.fetch(data_url(bytes(_settings.MAX_DATA_URL + 3)))
    with pytest.raises(stylize.InvalidError):
        _urls.store("data:image/png;base64,", b"", "")


def test_http(store: str) -> None:
    _urls.store(f"{store}/dir/x.png", b"picture", "image/png")
    assert _urls.fetch(f"{store}/dir/x.png?token=secret") == b"picture"
    assert _urls.find(f"{store}/dir/y.png") is None
    for code, kind in ((403, stylize.FileError), (500, stylize.TransferError), (429, stylize.TransferError)):
        with pytest.raises(kind) as e:
            _urls.fetch(f"{store}/status/{code}?token=secret")
        assert type(e.value) is kind and "secret" not in str(e.value)
    with pytest.raises(stylize.TransferError):
        _urls.fetch("http://127.0.0.1:1/nothing")


def test_object_storage_with_and_without_boto3(store: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_settings, "S3_ENDPOINT", store)
    for name, value in {"ACCESS_KEY_ID": "id", "SECRET_ACCESS_KEY": "secret", "DEFAULT_REGION": "us-east-1"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    for signed in (True, False):
        if not signed:
            monkeypatch.setitem(sys.modules, "boto3", None)
        _urls._s3.cache_clear()
        Store.seen.clear()
        url = f"s3://bucket/some/a b {signed}.png"
        assert _urls.find(url) is None
        _urls.store(url, b"object", "image/png")
        assert _urls.fetch(url) == b"object"
        assert all((auth or "").startswith("AWS4-HMAC-SHA256") == signed for _, _, auth in Store.seen)
        with pytest.raises(stylize.FileError):
            _urls.fetch("s3://status/403/x")
    monkeypatch.setattr(_settings, "S3_ENDPOINT", None)
    with pytest.raises(stylize.UnsupportedError):
        _urls.fetch("s3://bucket/key")
    _urls._s3.cache_clear()


def order(**given: Any) -> _keys.Order:
    arguments: dict[str, Any] = {"style": None, "style_id": "scream", "styles": None, "options": None, "result": "file:///r/"}
    if "style" in given or "styles" in given:
        arguments["style_id"] = None
    return _keys.order(**{"content": data_url(b"content"), **arguments, **given})


def test_keys_name_inputs_and_parameters(tmp_path: pathlib.Path) -> None:
    file = tmp_path / "p.jpg"
    file.write_bytes(b"content")
    same = [
        order(),
        order(content=file.as_uri()),
        order(options={}),
        order(options={"strength": 1, "deadline_ms": 5, "output_format": "jpeg"}),
        order(options={"strength": 1.0, "preserve_color": False}),
        order(options={"output_depth": 8, "keep_metadata": [], "tolerant": False}),
        order(options={"preserve_color": 0}),
        order(styles=[{"style_id": "scream"}]),
        order(styles=[{"style_id": "scream", "weight": 7}]),
        order(result="s3://b/{key}.jpg"),
    ]
    assert len({o.key for o in same}) == 1
    assert same[0].result == f"file:///r/{same[0].key}.jpg" and same[-1].result == f"s3://b/{same[0].key}.jpg"
    differ = [
        order(),
        order(content=data_url(b"other")),
        order(style_id="udnie"),
        order(style=data_url(b"scream")),
        order(styles=[{"style_id": "scream", "weight": 1}, {"style_id": "udnie", "weight": 1}]),
        order(styles=[{"style_id": "scream", "weight": 2}, {"style_id": "udnie", "weight": 1}]),
        order(options={"strength": 0.5}),
        order(options={"preserve_color": True}),
        order(options={"preserve_color": 0.5}),
        order(options={"style_scale": 0.5}),
        order(options={"strength": "auto"}),
        order(styles=[{"style_id": "scream", "mask": data_url(b"mask")}]),
        order(styles=[{"style_id": "scream", "mask": data_url(b"another")}]),
        order(styles=[{"style_id": "scream", "style_mask": data_url(b"mask")}]),
        order(styles=[{"style_id": "scream", "style_mask": data_url(b"another")}]),
        order(options={"output_format": "png"}),
        order(options={"output_size": 64}),
        order(options={"quality": 50}),
        order(options={"output_depth": 16}),
        order(options={"keep_metadata": ["copyright"]}),
        order(options={"tolerant": True}),
    ]
    assert len({o.key for o in differ}) == len(differ)
    assert order(result="file:///r/x.PNG").format == "png" and order(result="file:///r/x").format == "jpeg"


def test_a_shared_mask_is_not_two_equal_ones(tmp_path: pathlib.Path) -> None:
    """Styles that share one are a blend; with two they are two paintings."""
    for name in ("a", "b"):
        (tmp_path / name).write_bytes(b"mask")
    a, b = ((tmp_path / name).as_uri() for name in ("a", "b"))
    shared, apart = (
        order(styles=[{"style_id": "scream", "mask": a}, {"style_id": "udnie", "mask": other}]) for other in (a, b)
    )
    assert shared.masks == apart.masks == [b"mask", b"mask"] and shared.key != apart.key


def test_which_mask_is_wrong() -> None:
    with pytest.raises(stylize.InvalidError, match="^the mask of style 2 must be a URL, not int$"):
        order(styles=[{"style_id": "scream"}, {"style_id": "udnie", "mask": 3}])
    with pytest.raises(stylize.InvalidError, match="^the style_mask of style 1 must be a URL, not list$"):
        order(styles=[{"style_id": "scream", "style_mask": []}])


@pytest.mark.parametrize(
    "given",
    [
        {"style": data_url(b"x"), "style_id": "scream"},
        {"style_id": None},
        {"style_id": "../scream"},
        {"style_id": 3},
        {"styles": []},
        {"styles": {}},
        {"styles": ["scream"]},
        {"styles": [{"style_id": "scream"}] * 17},
        {"styles": [{"style_id": "scream", "weight": 0}]},
        {"styles": [{"style_id": "scream", "weight": 0}, {"style_id": "udnie", "weight": 0}]},
        {"styles": [{"style_id": "scream", "weight": -1}, {"style_id": "udnie", "weight": 1}]},
        {"styles": [{"style_id": "scream", "weight": True}]},
        {"styles": [{"style_id": "scream", "colour": 1}]},
        {"styles": [{}]},
        {"options": []},
        {"options": {"size": 3}},
        {"options": {"strength": "1"}},
        {"options": {"preserve_color": "auto"}},
        {"options": {"strength": True}},
        {"styles": [{"style_id": "scream", "mask": ["x"]}]},
        {"options": {"output_size": 1.5}},
        {"options": {"output_format": "gif"}},
        {"options": {"progress": 1}},
        {"result": None},
        {"result": 3},
        {"content": None},
    ],
)
def test_wrong_orders(given: dict[str, Any]) -> None:
    with pytest.raises(stylize.InvalidError):
        order(**given)


class FakeTask:
    def __init__(self) -> None:
        self.states: list[float] = []

    def update_state(self, state: str, meta: dict[str, float]) -> None:
        assert state == "PROGRESS"
        self.states.append(meta["done"])


def test_progress_and_time_limits(stylizer: stylize.Stylizer, photo: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(_tasks, "STEP", 0.01)
    task, heard, gate = FakeTask(), [0.0], threading.Event()

    def progress(done: float) -> None:
        heard.append(done)
        gate.wait(0 if len(task.states) > 2 else 0.05)

    image = _tasks.wait(task, stylizer.submit(photo, "scream", output_size=64, progress=progress), heard)
    assert image.size == (64, 48)
    assert task.states and all(0 <= done <= 1 for done in task.states)

    class SoftTimeLimit(Exception):
        pass

    class Impatient(FakeTask):
        def update_state(self, state: str, meta: dict[str, float]) -> None:
            raise SoftTimeLimit

    def hold(done: float) -> None:
        gate.wait(600)

    job = stylizer.submit(photo, "scream", output_size=64, progress=hold)
    with pytest.raises(SoftTimeLimit):
        _tasks.wait(Impatient(), job, [0.0])
    gate.set()
    with pytest.raises((stylize.CancelledError, Exception)) as e:
        job.result(60)
    assert "ancel" in type(e.value).__name__
    job = stylizer.submit(photo, "scream", deadline_ms=1)
    with pytest.raises(stylize.DeadlineError):
        _tasks.wait(FakeTask(), job, [0.0])


def test_one_stylizer_a_process() -> None:
    from stylize.celery import _worker

    parent = _worker.stylizer()
    assert _worker.stylizer() is parent
    pid = os.fork()
    if pid == 0:
        os._exit(0 if _worker.stylizer() is not parent and not _worker.close() else 1)  # type: ignore[func-returns-value]
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    _worker.close()
    assert parent.closed


@pytest.mark.parametrize("name", ["STYLIZE_VISIBILITY_TIMEOUT", "STYLIZE_WORKER_OPTIONS"])
@pytest.mark.parametrize("value", ["-1", "x", "[]"])
def test_wrong_settings(name: str, value: str) -> None:
    import subprocess

    code = "import stylize.celery._settings"
    run = subprocess.run([sys.executable, "-c", code], env={**os.environ, name: value}, capture_output=True, text=True)
    assert run.returncode == 1 and "InvalidError" in run.stderr and name in run.stderr
