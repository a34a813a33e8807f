"""What callers give as a picture or a style, as the library wants it."""

import ctypes as c
import os
import re
import sys
from collections.abc import Mapping, Sequence
from typing import IO, TYPE_CHECKING, Any, Union

from . import _abi as abi
from ._buffer import Buffer
from ._context import Context
from ._dlpack import DEFAULT_STREAM, Borrowed, SupportsDLPack, gather
from ._errors import InvalidError, NotFoundError
from ._image import Image
from ._pillow import upright_srgb

if TYPE_CHECKING:
    import numpy
    import PIL.Image

    _Array = numpy.ndarray[Any, numpy.dtype[numpy.uint8]]
    _Pil = PIL.Image.Image
else:
    _Array = _Pil = Any

Picture = Union[str, "os.PathLike[str]", bytes, bytearray, memoryview, IO[bytes], _Array, _Pil, SupportsDLPack, Image]
"""A path, an encoded file in memory, an open file, pixels [height, width(, 1, 3 or 4)] of uint8, an image."""

Target = Union[bytearray, memoryview, _Array, SupportsDLPack, Image]
"""Memory for a result: pixels [height, width, 3 or 4] of uint8 that can be written."""

Style = Union[Picture, Mapping[str, float], Sequence[Union[Picture, tuple[Picture, float]]]]
"""An id of the library, a picture, or a blend: {id: weight} or [(id or picture, weight), ...]."""

Masks = Union[Picture, Sequence[Union[Picture, None]]]
"""For a single style a picture; for a blend one for each style, None among them: everywhere."""

_PATH = re.compile(r"[/.]")
_ID = re.compile(r"[a-z0-9_-]{1,63}")
_FORMATS = {1: abi.Format.GRAY8, 3: abi.Format.RGB8, 4: abi.Format.RGBA8}


# What the formats of buffers are called by those who make arrays.
_TYPES = {"?": "bool", "b": "int8", "h": "int16", "H": "uint16", "i": "int32", "I": "uint32", "l": "int64",
          "L": "uint64", "q": "int64", "Q": "uint64", "e": "float16", "f": "float32", "d": "float64"}


class Taken:
    """A picture as the library reads it, valid as long as this object."""

    def __init__(self, raw: abi.Image, keep: Any) -> None:
        self.raw = raw
        self.keep = keep


def take(context: Context, picture: Picture) -> Taken:
    """No copy is made of bytes, of other buffers, nor of arrays and tensors whose rows are contiguous."""
    if isinstance(picture, Image):
        return Taken(picture._raw, picture)
    if isinstance(picture, (str, os.PathLike)):
        loaded = context.load(picture)
        return Taken(loaded._raw, loaded)
    if isinstance(picture, (bytes, bytearray)):
        return _encoded(picture)
    pillow = sys.modules.get("PIL.Image")
    if pillow is not None and isinstance(picture, pillow.Image):
        return _pil(picture)
    read = getattr(picture, "read", None)
    if callable(read):
        data = read()
        if not isinstance(data, (bytes, bytearray)):
            raise TypeError("a file must be open in binary mode")
        return _encoded(data)
    view = _view(picture)
    if view is None and _lends(picture):
        return _tensor(picture)
    if view is None:
        raise TypeError(
            f"a picture is needed, not {type(picture).__name__}: a path, bytes, an open file, a Pillow image, "
            "an array or a tensor of uint8"
        )
    return _encoded(view) if view.ndim == 1 and view.itemsize == 1 else _array(view)


def _view(owner: Any) -> memoryview | None:
    try:
        return memoryview(owner)
    except (TypeError, BufferError, ValueError):
        return None


def _encoded(data: bytes | bytearray | memoryview) -> Taken:
    if isinstance(data, memoryview) and not data.contiguous:
        data = data.tobytes()
    buffer = Buffer(data)
    raw = abi.Image(format=abi.Format.ENCODED, pixels=buffer.address, size=buffer.size)
    return Taken(raw, buffer)


def _lends(owner: Any) -> bool:
    return hasattr(owner, "__dlpack__") and hasattr(owner, "__dlpack_device__")


def _raw(address: int, shape: tuple[int, ...], stride: int) -> abi.Image:
    channels = _channels(shape)
    return abi.Image(
        format=_FORMATS[channels], pixels=address, stride=stride, width=shape[1], height=shape[0]
    )


def _channels(shape: tuple[int, ...]) -> int:
    channels = 1 if len(shape) == 2 else shape[2] if len(shape) == 3 else 0
    if channels not in _FORMATS:
        first = " (channels come last)" if len(shape) == 3 and shape[0] in _FORMATS else ""
        raise TypeError(
            f"an array [height, width] or [height, width, 1, 3 or 4] is needed, not {list(shape)}{first}"
        )
    return channels


def _stride(shape: tuple[int, ...], strides: tuple[int, ...]) -> int | None:
    """Bytes from row to row, if the samples of a row lie side by side and rows follow each other downwards."""
    channels = _channels(shape)
    row = shape[1] * channels
    if 0 in shape:  # an error of the library's, whatever lies between
        return row
    down = strides[0] if shape[0] > 1 else row  # what a single one says of the next means nothing
    beside = shape[1] < 2 or strides[1] == channels
    inside = channels == 1 or strides[2] == 1
    return down if down >= row and beside and inside else None


def _samples(view: memoryview) -> tuple[int, ...]:
    if view.format != "B":
        raise TypeError(f"an array of uint8 is needed, not of {_TYPES.get(view.format, view.format)}")
    return view.shape or ()


def _array(view: memoryview) -> Taken:
    shape = _samples(view)
    stride = _stride(shape, view.strides or ())
    if stride is None:
        copy = Buffer(view.tobytes())
        return Taken(_raw(copy.address, shape, shape[1] * _channels(shape)), copy)
    buffer = Buffer(view)
    return Taken(_raw(buffer.address, shape, stride), buffer)


def _tensor(producer: Any) -> Taken:
    lent = Borrowed(producer)
    stride = _stride(lent.shape, lent.strides)
    if stride is not None:
        return Taken(_placed(_raw(lent.address, lent.shape, stride), lent), lent)
    if lent.cuda:
        raise TypeError("in CUDA memory the samples of a row must lie side by side; make it contiguous")
    copy = Buffer(gather(lent.address, lent.shape, lent.strides))
    return Taken(_raw(copy.address, lent.shape, lent.shape[1] * _channels(lent.shape)), copy)


def _placed(raw: abi.Image, lent: Borrowed) -> abi.Image:
    if lent.cuda:
        raw.memory, raw.device, raw.stream = abi.Memory.CUDA, lent.device, DEFAULT_STREAM
    return raw


def _to_write(shape: tuple[int, ...], strides: tuple[int, ...], read_only: bool) -> int:
    if read_only:
        raise InvalidError("out is read-only")
    stride = _stride(shape, strides)
    if stride is None:
        raise TypeError("the samples of a row of out must lie side by side, its rows from top to bottom")
    return stride


def take_target(out: Target) -> Taken:
    """Memory that a result is written to, never a copy."""
    if isinstance(out, Image):
        if out.encoded:
            raise TypeError(f"out is an encoded picture ({out.format}); pixels are needed")
        return Taken(out._raw, out)
    view = _view(out)
    if view is not None:
        stride = _to_write(_samples(view), view.strides or (), view.readonly)
        buffer = Buffer(view, writable=True)
        return Taken(_raw(buffer.address, _samples(view), stride), buffer)
    if not _lends(out):
        raise TypeError(f"out must be an array or a tensor of uint8, not {type(out).__name__}")
    lent = Borrowed(out)
    stride = _to_write(lent.shape, lent.strides, lent.read_only)
    return Taken(_placed(_raw(lent.address, lent.shape, stride), lent), lent)


def _pil(image: Any) -> Taken:
    image = upright_srgb(image)
    buffer = Buffer(image.tobytes())
    shape = (image.height, image.width, len(image.mode))
    return Taken(_raw(buffer.address, shape, image.width * len(image.mode)), buffer)


def take_styles(context: Context, style: Style) -> tuple[Any, list[Taken]]:
    """An array of stylize_style_ref, and what has to live as long."""
    parts: list[tuple[Any, float]]
    if isinstance(style, Mapping):
        parts = list(style.items())
    elif isinstance(style, (list, tuple)):
        parts = [part if isinstance(part, tuple) and len(part) == 2 else (part, 1.0) for part in style]
    else:
        parts = [(style, 1.0)]
    refs = (abi.StyleRef * len(parts))()
    taken: list[Taken] = []
    for ref, (one, weight) in zip(refs, parts):
        if isinstance(one, str) and _ID.fullmatch(one):
            ref.id = one.encode()
        elif isinstance(one, str) and not _PATH.search(one) and not os.path.exists(one):
            raise NotFoundError(f'"{one}" is no file, and no id of a style, which have only a-z 0-9 _ - in them')
        else:
            taken.append(take(context, one))
            ref.picture = c.pointer(taken[-1].raw)
        try:
            ref.weight = weight
        except TypeError:
            raise TypeError(f"the weight of a style is {weight!r}; a number is needed") from None
    return refs, taken


def take_masks(context: Context, masks: Masks, count: int) -> tuple[Any, list[Taken]]:
    """An array of pointers to pictures, one for each style, and what has to live as long.

    One object given for several styles is one mask: those styles are a blend.
    """
    several: list[Any] = list(masks) if isinstance(masks, (list, tuple)) else [masks]
    if len(several) != count:
        raise InvalidError(f"there are {len(several)} masks for {count} styles; one for each is needed, or None")
    pointers = (c.POINTER(abi.Image) * count)()
    taken: dict[int, Taken] = {}
    for i, mask in enumerate(several):
        if mask is None:
            continue
        if id(mask) not in taken:
            taken[id(mask)] = take(context, mask)
        pointers[i] = c.pointer(taken[id(mask)].raw)
    return pointers, list(taken.values())
