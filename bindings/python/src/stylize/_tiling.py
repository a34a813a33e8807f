"""Paintings shared out among machines."""

import ctypes as c
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from . import _abi as abi
from ._buffer import Buffer
from ._errors import InvalidError
from ._image import CHANNELS, Image
from ._library import check, library


@dataclass(frozen=True)
class Tile:
    """Where a tile lies in the painting, and the larger part of the content that it is painted from."""

    index: int
    x: int
    y: int
    width: int
    height: int
    from_x: int
    from_y: int
    from_width: int
    from_height: int

    def cut(self, content: Image) -> memoryview:
        """Its part of the content's pixels, which must be of the painting's size; a copy of these rows."""
        if content.encoded:
            raise TypeError("the content must be pixels: decode() it first")
        raw = content._raw
        if self.from_x + self.from_width > raw.width or self.from_y + self.from_height > raw.height:
            raise InvalidError(f"the content is {raw.width}x{raw.height}, smaller than the painting")
        channels = CHANNELS[abi.Format(raw.format)]
        memory, row = content._memory(), self.from_width * channels
        first = self.from_y * raw.stride + self.from_x * channels
        starts = range(first, first + self.from_height * raw.stride, raw.stride)
        rows = b"".join(memory[at : at + row] for at in starts)
        return memoryview(rows).cast("B", (self.from_height, self.from_width, channels))


class Tiling(Sequence[Tile]):
    """What is needed to paint a picture tile by tile, on any machine with the same library and models.

    A sequence of its tiles. `bytes(tiling)` can be stored or sent; `Tiling(data)` reads it.

        tiling = here.tiling(photo, "scream", memory_budget=64 << 20)
        content = here(photo, "scream", strength=0)                  # of the painting's size
        painted = [there.paint_tile(tiling, t.index, t.cut(content)) for t in tiling]
        image = tiling.join(painted)
    """

    def __init__(self, data: bytes) -> None:
        self._data = bytes(data)
        self.buffer = Buffer(self._data)
        first = self._get(0)
        self.size: tuple[int, int] = (first.canvas_width, first.canvas_height)
        self._count: int = first.count

    def __bytes__(self) -> bytes:
        return self._data

    def __len__(self) -> int:
        return self._count

    def __getitem__(self, index: Any) -> Any:
        if isinstance(index, slice):
            return [self[i] for i in range(*index.indices(len(self)))]
        if not -len(self) <= index < len(self):
            raise IndexError(f"tile {index} of {len(self)}")
        index %= len(self)
        raw = self._get(index)
        names = ("x", "y", "width", "height", "from_x", "from_y", "from_width", "from_height")
        return Tile(index, **{name: getattr(raw, name) for name in names})

    def __iter__(self) -> Iterator[Tile]:
        return (self[i] for i in range(len(self)))

    def _get(self, index: int) -> abi.Tile:
        tile, error = abi.Tile(struct_size=c.sizeof(abi.Tile)), abi.Error()
        status = library().stylize_tiling_get(
            self.buffer.address, self.buffer.size, index, c.byref(tile), c.byref(error)
        )
        check(status, error)
        return tile

    def join(self, painted: "Sequence[Image] | Callable[[int], Image]") -> memoryview:
        """Puts the painted tiles together: pixels [height, width, channels], which a Stylizer takes as a picture.

        painted: the tiles in order, or a function that gets one when it is needed.
        """
        width, height = self.size
        whole, channels = bytearray(), 0
        for tile in self:
            image = (painted(tile.index) if callable(painted) else painted[tile.index]).decode()
            if image.size != (tile.width, tile.height):
                raise InvalidError(f"tile {tile.index} is {image.size}, not {(tile.width, tile.height)}")
            if not whole:
                channels = CHANNELS[abi.Format(image._raw.format)]
                whole = bytearray(width * height * channels)
            if CHANNELS[abi.Format(image._raw.format)] != channels:
                raise InvalidError("some of the tiles have transparency, others have not")
            memory, row = image._memory(), tile.width * channels
            for y in range(tile.height):
                at, start = ((tile.y + y) * width + tile.x) * channels, y * image._raw.stride
                whole[at : at + row] = memory[start : start + row]
        return memoryview(whole).cast("B", (height, width, channels))
