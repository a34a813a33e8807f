"""Tilings: tiles painted by another Stylizer, in another process, are those of one machine."""

import multiprocessing
from typing import Any

import numpy as np
import pytest

import stylize
from stylize import Stylizer, Tiling

BUDGET = 32 << 20


def paint_elsewhere(arguments: tuple[bytes, int, bytes, tuple[int, ...], dict[str, Any]]) -> bytes:
    data, index, pixels, shape, options = arguments
    with Stylizer(threads=1) as there:
        part = memoryview(pixels).cast("B", shape)
        return there.paint_tile(Tiling(data), index, part, output_format="png", **options).tobytes()


@pytest.mark.parametrize("options", [{}, {"strength": 0.6, "preserve_color": True}])
def test_tiles_of_other_processes_are_those_of_one(stylizer: Stylizer, photo: str, options: dict[str, Any]) -> None:
    size: Any = {"output_size": 1500, "memory_budget": BUDGET}
    whole = stylizer(photo, "scream", **size, **options)
    assert whole.report is not None and whole.report.tiles > 1
    tiling = stylizer.tiling(photo, "scream", **size)
    assert len(tiling) == whole.report.tiles and tiling.size == whole.size
    content = stylizer(photo, "scream", strength=0, **size)
    work = []
    for tile in tiling:
        part = tile.cut(content)
        work.append((bytes(tiling), tile.index, bytes(part), part.shape or (), {**options, "memory_budget": BUDGET}))
    with multiprocessing.get_context("spawn").Pool(2) as pool:
        painted = [stylizer.image(png) for png in pool.map(paint_elsewhere, work)]
    joined = np.asarray(tiling.join(painted))
    assert (joined == whole.numpy()).all()
    assert (np.asarray(tiling.join(lambda i: painted[i])) == joined).all()


def test_a_small_picture_is_one_tile(stylizer: Stylizer, photo: str) -> None:
    tiling = stylizer.tiling(photo, {"scream": 1, "udnie": 1}, output_size=96)
    assert len(tiling) == 1 and tiling[0] == tiling[-1] == tiling[:][0]
    content = stylizer(photo, "scream", output_size=96, strength=0)
    tile = stylizer.paint_tile(tiling, 0, tiling[0].cut(content))
    assert (tile.numpy() == stylizer(photo, {"scream": 1, "udnie": 1}, output_size=96).numpy()).all()


def test_misuse(stylizer: Stylizer, photo: str) -> None:
    tiling = stylizer.tiling(photo, "scream", output_size=96)
    content = stylizer(photo, "scream", output_size=96, strength=0)
    part = tiling[0].cut(content)
    data = bytes(tiling)
    for damaged in (b"", data[:-1], data[:200] + bytes([data[200] ^ 1]) + data[201:], b"x" * 300):
        with pytest.raises(stylize.InvalidError):
            Tiling(damaged)
    with pytest.raises(IndexError):
        tiling[1]
    with pytest.raises(stylize.NotFoundError):
        stylizer.paint_tile(tiling, 1, part)
    with pytest.raises(stylize.InvalidError):
        stylizer.paint_tile(tiling, -1, part)
    with pytest.raises(stylize.InvalidError):
        stylizer.paint_tile(tiling, 0, part, output_size=64)
    with pytest.raises(stylize.InvalidError):
        stylizer.paint_tile(tiling, 0, content.resize(95, 72))
    with pytest.raises(stylize.InvalidError):
        tiling.join([content.resize(64, 64)])
    with pytest.raises(stylize.InvalidError):
        tiling[0].cut(content.resize(64, 48))
    with pytest.raises(TypeError):
        tiling[0].cut(content.encode("png"))
    with pytest.raises(TypeError):
        stylizer.tiling(photo, "scream", progress=print)
    with pytest.raises(TypeError):
        stylizer(photo, None)  # type: ignore[arg-type]
    with pytest.raises(stylize.NotFoundError):
        stylizer.tiling(photo, "none")
