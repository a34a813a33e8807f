"""The tasks."""

import os
import pathlib
import time
import urllib.parse
from typing import Any

from celery import Task

from .._errors import DeadlineError, EngineError, InvalidError, OutOfMemoryError, QueueFullError, TransferError
from .._image import Image, Report
from . import _settings as settings
from ._app import app
from ._keys import FORMATS, Order, order
from ._urls import find, store
from ._worker import stylizer

STEP = 0.5
"""Seconds between two reports of progress."""


class PaintTask(Task):  # type: ignore[misc]
    """What may pass is tried again, later and later; what will not is a failure at once."""

    autoretry_for = (TransferError, QueueFullError, OutOfMemoryError)
    max_retries = settings.RETRIES
    retry_backoff = True
    retry_backoff_max = 60
    retry_jitter = True
    typing = True

    def before_start(self, task_id: str, args: Any, kwargs: Any) -> None:
        """A task that takes its process down again and again must not do so for ever."""
        if not (self.request.delivery_info or {}).get("redelivered"):
            return
        client = getattr(self.backend, "client", None)
        if client is None:
            return
        name = f"stylize-deliveries-{task_id}"
        count = client.incr(name)
        client.expire(name, 86400)
        if count > settings.DELIVERIES:
            raise EngineError(f"the worker was lost {count} times with this task")


def wait(task: Any, job: Any, heard: list[float]) -> Image:
    """The result of a job, with its progress as the state of the task."""
    try:
        while True:
            try:
                image: Image = job.result(timeout=STEP)
                return image
            except TimeoutError as e:
                if isinstance(e, DeadlineError) or job.done():
                    raise
            task.update_state(state="PROGRESS", meta={"done": heard[-1]})
    except BaseException:  # also the soft time limit
        job.cancel()
        raise


def paint_order(task: Any, asked: Order) -> Image:
    heard = [0.0]
    job = stylizer().submit(
        asked.content, asked.styles, masks=asked.masks, style_masks=asked.style_masks, **asked.options, progress=heard.append
    )
    return wait(task, job, heard)


def report_of(report: Report | None) -> dict[str, Any]:
    """What a task tells of a report."""
    assert report is not None
    return {"engine": report.engine, "model": report.model, "tiles": report.tiles, "strength": round(report.strength, 4)}


def answer(asked: Order, data: bytes, report: dict[str, Any] | None, seconds: float) -> dict[str, Any]:
    """What a task returns; report None: the picture was there already."""
    info = stylizer().probe(data)
    return {
        "result": asked.result,
        "key": asked.key,
        "format": info.format,
        "width": info.width,
        "height": info.height,
        "bytes": len(data),
        "cached": report is None,
        **{name: report and report.get(name) for name in ("engine", "model", "tiles", "strength")},
        "seconds": round(seconds, 3),
    }


def found(asked: Order) -> dict[str, Any] | None:
    """The answer, if the same inputs and parameters had a result before."""
    there = find(asked.result) if asked.key in asked.result else None
    return None if there is None else answer(asked, there, None, 0)


def finish(task: Any, asked: Order) -> dict[str, Any]:
    """Makes the result; for those who did not find it."""
    started = time.monotonic()
    image = paint_order(task, asked)
    data = image.tobytes()
    store(asked.result, data, f"image/{asked.format}")
    return answer(asked, data, report_of(image.report), time.monotonic() - started)


@app.task(bind=True, base=PaintTask, name="stylize.paint")  # type: ignore[untyped-decorator]
def paint(
    self: Any,
    *,
    content: str,
    style: str | None = None,
    style_id: str | None = None,
    styles: list[dict[str, Any]] | None = None,
    options: dict[str, Any] | None = None,
    result: str | None = None,
) -> dict[str, Any]:
    """Paints a picture from one URL to another; docs/celery.md says what each argument may be."""
    asked = order(content, style, style_id, styles, options, result)
    return found(asked) or finish(self, asked)


def _file_url(path: Any) -> str:
    if not isinstance(path, (str, os.PathLike)):
        raise InvalidError(f"a path is needed, not {type(path).__name__}")
    return pathlib.Path(path).absolute().as_uri()


@app.task(bind=True, base=PaintTask, name="stylize.async_style_transfer")  # type: ignore[untyped-decorator]
def async_style_transfer(self: Any, content_path: str, style_path: str, output_size: int) -> str:
    """Paints the photograph at a path in the style of the picture at another; returns the path of the result.

    The paths are the worker's. output_size: pixels of the longer side, 0: as the content. The result lies in
    the folder STYLIZE_RESULTS, or beside the photograph as NAME.KEY.jpg.
    """
    content = pathlib.Path(urllib.parse.unquote(urllib.parse.urlsplit(_file_url(content_path)).path))
    beside = f"{content.parent.as_uri()}/{urllib.parse.quote(content.stem)}.{{key}}.{FORMATS['jpeg']}"
    options = {"output_size": output_size}
    asked = order(_file_url(content_path), _file_url(style_path), None, None, options, None, settings.RESULTS or beside)
    if found(asked) is None:
        finish(self, asked)
    parts = urllib.parse.urlsplit(asked.result)
    return urllib.parse.unquote(parts.path) if parts.scheme == "file" else asked.result
