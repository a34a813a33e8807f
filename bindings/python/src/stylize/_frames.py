"""Frames of moving pictures: what callers give, and memory of the same kind for the results."""

import ctypes as c
import sys
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from . import _abi as abi
from ._buffer import Buffer
from ._content import Taken, take
from ._context import Context
from ._errors import InvalidError
from ._image import Image

_Room = Callable[[int, int], tuple[abi.Frame, Any]]


@dataclass
class Given:
    """A frame as the library reads it, valid as long as this object, and who makes room for its result."""

    raw: abi.Frame
    keep: Any
    room: _Room


def give(context: Context, frame: Any, order: str) -> Given:
    av = sys.modules.get("av")
    if av is not None and isinstance(frame, av.VideoFrame):
        return _give_av(frame)
    return _give_picture(context, frame, order)


def _frame(width: int, height: int, format: abi.FrameFormat) -> abi.Frame:
    return abi.Frame(struct_size=c.sizeof(abi.Frame), width=width, height=height, format=format)


# ------------------------------------------------------------------ arrays and pictures


def _give_picture(context: Context, frame: Any, order: str) -> Given:
    taken = take(context, frame)
    if taken.raw.format >= abi.Format.ENCODED:
        decoded = context.decode(taken.raw)
        taken = Taken(decoded._raw, decoded)
    if taken.raw.format == abi.Format.GRAY8:
        taken = _colour_of(taken)
    if taken.raw.format not in (abi.Format.RGB8, abi.Format.RGBA8):
        raise InvalidError(f"a frame has 8 bits a channel, not those of {abi.Format(taken.raw.format).name.lower()}")
    if taken.raw.memory != abi.Memory.HOST:
        raise TypeError("a frame in CUDA memory is not taken; frames lie in the host's memory")
    alpha = taken.raw.format == abi.Format.RGBA8
    kind = abi.FrameFormat[order.upper() + ("A8" if alpha else "8")]
    raw = _frame(taken.raw.width, taken.raw.height, kind)
    raw.planes[0], raw.strides[0] = taken.raw.pixels, taken.raw.stride
    return Given(raw, taken, _room_like(context, frame, kind, 4 if alpha else 3))


def _colour_of(grey: Taken) -> Taken:
    raw = grey.raw
    rows = b"".join(c.string_at(raw.pixels + y * raw.stride, raw.width) for y in range(raw.height))
    pixels = bytearray(3 * len(rows))
    for channel in range(3):
        pixels[channel::3] = rows
    memory = Buffer(pixels)
    return Taken(_pixels(memory, raw.width, raw.height, 3), memory)


def _pixels(memory: Buffer, width: int, height: int, channels: int) -> abi.Image:
    kind = abi.Format.RGBA8 if channels == 4 else abi.Format.RGB8
    return abi.Image(
        format=kind, pixels=memory.address, size=memory.size, width=width, height=height, stride=width * channels
    )


def _room_like(context: Context, frame: Any, kind: abi.FrameFormat, channels: int) -> _Room:
    """Arrays for arrays, Pillow images for those, else stylize.Image."""
    numpy, pillow = sys.modules.get("numpy"), sys.modules.get("PIL.Image")
    to_array = numpy is not None and isinstance(frame, numpy.ndarray)
    to_pillow = pillow is not None and isinstance(frame, pillow.Image)
    if kind in (abi.FrameFormat.BGR8, abi.FrameFormat.BGRA8) and not to_array:
        raise TypeError(f'order "bgr" is for NumPy arrays, as OpenCV has them, not for {type(frame).__name__}')

    def room(width: int, height: int) -> tuple[abi.Frame, Any]:
        raw = _frame(width, height, kind)
        result: Any
        if to_array and numpy is not None:
            result = numpy.empty((height, width, channels), numpy.uint8)
            raw.planes[0] = result.ctypes.data
            return raw, lambda: result
        pixels = bytearray(width * height * channels)
        memory = Buffer(pixels, writable=True)  # a hold on it, as long as what is returned
        raw.planes[0] = memory.address
        if to_pillow and pillow is not None:
            mode = "RGBA" if channels == 4 else "RGB"
            return raw, lambda: pillow.frombytes(mode, (width, height), bytes(pixels))
        return raw, lambda: Image(context, _pixels(memory, width, height, channels), keep=memory)

    return room


# ------------------------------------------------------------------ PyAV

_AV_FORMATS = {
    "rgb24": abi.FrameFormat.RGB8,
    "rgba": abi.FrameFormat.RGBA8,
    "bgr24": abi.FrameFormat.BGR8,
    "bgra": abi.FrameFormat.BGRA8,
    "yuv420p": abi.FrameFormat.YUV420,
    "yuvj420p": abi.FrameFormat.YUV420,
}
# Numbers of AVColorSpace and AVColorRange.
_AV_MATRIX = {1: abi.FrameMatrix.BT709, 5: abi.FrameMatrix.BT601, 6: abi.FrameMatrix.BT601}
_AV_FULL = 2
# What a result has of its frame: when it is shown, and what its numbers mean.
_AV_KEPT = ("pts", "time_base", "colorspace", "color_range", "color_primaries", "color_trc")


def _av_frame(frame: Any) -> tuple[abi.Frame, list[Buffer]]:
    raw = _frame(frame.width, frame.height, _AV_FORMATS[frame.format.name])
    buffers = [Buffer(plane, writable=True) for plane in frame.planes]
    for i, (plane, buffer) in enumerate(zip(frame.planes, buffers)):
        raw.planes[i], raw.strides[i] = buffer.address, plane.line_size
    raw.matrix = _AV_MATRIX.get(int(frame.colorspace), abi.FrameMatrix.AUTO)
    full = frame.format.name == "yuvj420p" or int(frame.color_range) == _AV_FULL
    raw.range = abi.FrameRange.FULL if full else abi.FrameRange.LIMITED
    return raw, buffers


def _give_av(frame: Any) -> Given:
    """Layouts that the library does not know are converted: of RGB to RGB, all others to YUV 4:2:0 of 8 bits."""
    taken = frame
    if frame.format.name not in _AV_FORMATS:
        taken = frame.reformat(format="rgb24" if frame.format.is_rgb else "yuv420p")
    raw, buffers = _av_frame(taken)
    name = "yuv420p" if taken.format.name == "yuvj420p" else taken.format.name
    kept = {key: getattr(frame, key) for key in _AV_KEPT if hasattr(frame, key)}
    # What it was taken for, whatever the size of the result.
    matrix = raw.matrix or (abi.FrameMatrix.BT709 if raw.height >= 720 else abi.FrameMatrix.BT601)
    reach = raw.range

    def room(width: int, height: int) -> tuple[abi.Frame, Any]:
        result = type(frame)(width, height, name)
        to, memory = _av_frame(result)
        to.matrix, to.range = matrix, reach

        def finished() -> Any:
            memory.clear()
            for key, value in kept.items():
                if value is not None:
                    setattr(result, key, value)
            return result

        return to, finished

    return Given(raw, (taken, buffers), room)
