"""One large picture by many workers: cut into tiles, painted, joined."""

import json
import time
from typing import Any

from celery import chord

from .._errors import InvalidError, NotFoundError
from .._image import Image
from .._tiling import Tiling
from . import _settings as settings
from ._app import app
from ._keys import Order, order
from ._tasks import PaintTask, answer, finish, found, report_of, wait
from ._urls import fetch, find, remove, store
from ._worker import stylizer

_PIECE = 1 << 31
"""Bytes that a piece may have: it was made here, and is no stranger's."""


def _folder(work: Any, asked: Order) -> str:
    """Where the pieces of a painting lie; its name is the painting's key."""
    if work is not None and (not isinstance(work, str) or not work):
        raise InvalidError("work must be the URL of a folder")
    parent = work or settings.WORK or asked.result.rpartition("/")[0] + "/.pieces/"
    return f"{parent.rstrip('/')}/{asked.key}"


def _content(task: Any, asked: Order) -> Image:
    """The photograph as pixels of the painting's size."""
    options = {**asked.options, "strength": 0, "output_format": "rgb8"}
    return wait(task, stylizer().submit(asked.content, asked.styles, **options), [0.0])


@app.task(bind=True, base=PaintTask, name="stylize.paint_shared")  # type: ignore[untyped-decorator]
def paint_shared(
    self: Any,
    *,
    content: str,
    style: str | None = None,
    style_id: str | None = None,
    styles: list[dict[str, Any]] | None = None,
    options: dict[str, Any] | None = None,
    result: str | None = None,
    work: str | None = None,
) -> dict[str, Any]:
    """As paint, with the tiles of the picture shared out among all workers. The result is that of paint."""
    asked = order(content, style, style_id, styles, options, result)
    there = found(asked)
    if there is not None:
        return there
    options = asked.options
    scaled = options["style_scale"] != 1 or options["look"]
    besides = asked.masks or asked.style_masks or options.get("output_depth") == 16 or options.get("keep_metadata")
    if options["method"] == "optimize" or scaled or options["strength"] == "auto" or besides:
        return finish(self, asked)  # no tilings of these
    tiling = stylizer().tiling(asked.content, asked.styles, **asked.options)
    if len(tiling) == 1:
        return finish(self, asked)
    folder, started = _folder(work, asked), time.time()
    whole = _content(self, asked)
    for tile in tiling:
        part = stylizer().image(tile.cut(whole)).encode("png")
        store(f"{folder}/{tile.index}.part", part.tobytes(), "image/png")
    store(f"{folder}/tiling", bytes(tiling), "application/octet-stream")
    names = ("strength", "preserve_color", "memory_budget", "seed", "iterations")
    piece = {"folder": folder, "options": {name: asked.options[name] for name in names}, "result": asked.result}
    rest = {"key": asked.key, "format": asked.format, "quality": asked.options["quality"], "started": started}
    header = [paint_tile.s(**piece, index=tile.index) for tile in tiling]
    raise self.replace(chord(header, join.s(**{k: piece[k] for k in ("folder", "result")}, **rest)))


@app.task(bind=True, base=PaintTask, name="stylize.tile")  # type: ignore[untyped-decorator]
def paint_tile(self: Any, *, folder: str, options: dict[str, Any], result: str, index: int) -> dict[str, Any]:
    """Paints one piece; one that is there already is left as it is."""
    done = find(f"{folder}/{index}.json")
    if done is not None:
        known: dict[str, Any] = json.loads(done)
        return known
    started = time.monotonic()
    try:
        tiling = Tiling(fetch(f"{folder}/tiling", _PIECE))
        part = stylizer().decode(fetch(f"{folder}/{index}.part", _PIECE))
    except NotFoundError:
        if find(result) is None:
            raise
        return {}  # a late second delivery: the painting is finished and its pieces are gone
    heard = [0.0]
    job = stylizer().submit_tile(tiling, index, part, **options, output_format="png", progress=heard.append)
    image = wait(self, job, heard)
    store(f"{folder}/{index}.png", image.tobytes(), "image/png")
    seconds = round(time.monotonic() - started, 3)
    told = {"index": index, **report_of(image.report), "seconds": seconds, "worker": self.request.hostname}
    store(f"{folder}/{index}.json", json.dumps(told).encode(), "application/json")
    return told


@app.task(bind=True, base=PaintTask, name="stylize.join")  # type: ignore[untyped-decorator]
def join(
    self: Any, tiles: list[dict[str, Any]], *, folder: str, result: str, key: str, format: str, quality: int,
    started: float,
) -> dict[str, Any]:  # fmt: skip
    """Puts the pieces together and clears them away."""
    asked = Order(b"", [], None, None, {}, format, key, result)
    there = found(asked)
    if there is not None:
        return {**there, "workers": []}
    tiling = Tiling(fetch(f"{folder}/tiling", _PIECE))
    here = stylizer()
    pixels = tiling.join(lambda index: here.decode(fetch(f"{folder}/{index}.png", _PIECE)))
    data = here.image(pixels).encode(format, quality).tobytes()
    store(result, data, f"image/{format}")
    for index in range(len(tiling)):
        for ending in ("part", "png", "json"):
            remove(f"{folder}/{index}.{ending}")
    remove(f"{folder}/tiling")
    told = answer(asked, data, tiles[0], time.time() - started)
    return {**told, "tiles": len(tiling), "workers": sorted({tile["worker"] for tile in tiles if tile})}
