"""Pictures that the library handed out."""

import ctypes as c
import os
import pathlib
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from . import _abi as abi
from ._buffer import Buffer
from ._dlpack import CPU, CUDA, lend
from ._errors import FormatError, InvalidError
from ._library import check, library

if TYPE_CHECKING:
    import numpy
    import PIL.Image

    from ._context import Context

CHANNELS = {abi.Format.RGB8: 3, abi.Format.RGBA8: 4, abi.Format.GRAY8: 1, abi.Format.RGB16: 3, abi.Format.RGBA16: 4}
_ORDER = "<" if sys.byteorder == "little" else ">"
_DEEP = (abi.Format.RGB16, abi.Format.RGBA16)
_MODES = {abi.Format.RGB8: "RGB", abi.Format.RGBA8: "RGBA", abi.Format.GRAY8: "L"}
_ENDINGS = {**dict.fromkeys((".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".jfi"), abi.Format.JPEG),
            ".png": abi.Format.PNG, ".webp": abi.Format.WEBP, ".tif": abi.Format.TIFF, ".tiff": abi.Format.TIFF,
            ".avif": abi.Format.AVIF}


@dataclass(frozen=True)
class Report:
    """What happened to a request; times in nanoseconds."""

    engine: str
    model: str
    tiles: int
    batch_size: int
    code_cached: bool
    queue_ns: int
    prepare_ns: int
    engine_ns: int
    finish_ns: int
    strength: float
    """That was used: what "auto" came to."""
    iterations: int
    ended_early: bool
    damaged: bool
    """The content was damaged, and painted as far as it goes."""


def format_of(value: "str | abi.Format") -> abi.Format:
    """A format by its name ("jpeg", "png", "webp", "rgb8") or number."""
    if isinstance(value, str):
        name = value.upper().replace("JPG", "JPEG") if value.upper() == "JPG" else value.upper()
        if name not in abi.Format.__members__:
            raise InvalidError(f'format "{value}" is not known; rgb8, jpeg, png, webp, tiff and avif are')
        return abi.Format[name]
    return abi.Format(value)


class Image:
    """A picture in the library's memory: pixels, or an encoded file (`encoded` is true).

    NumPy sees the pixels without a copy (`numpy.asarray(image)`), and so does all that knows DLPack
    (`torch.from_dlpack(image)`); the memory lives as long as the image or any array made of it. May be used after
    the Stylizer that made it was closed.

    A result that was written to memory of the caller's (`out`) is that memory, perhaps of a CUDA device (`device`).
    """

    def __init__(self, context: "Context", raw: abi.Image, report: Report | None = None, keep: Any = None) -> None:
        self._context = context
        self._raw = raw
        self._keep = keep
        self._pid = os.getpid()
        self.report = report

    def __del__(self) -> None:
        # A forked child has no use of the parent's pool, whose lock may have been held when it forked.
        if getattr(self, "_pid", None) == os.getpid():
            library().stylize_image_free(c.byref(self._raw))

    def __reduce__(self) -> Any:
        """Pickled as its bytes: pools of processes and caches hand pictures on. copy.copy makes a copy of the memory."""
        return _restored, (int(self._raw.format), self._raw.width, self._raw.height, self.tobytes(), self.report)

    @property
    def format(self) -> str:
        """ "rgb8", "rgba8", "gray8", "rgb16", "rgba16", or of a file "jpeg", "png", "webp", "tiff" and so on."""
        return abi.Format(self._raw.format).name.lower()

    @property
    def encoded(self) -> bool:
        """Whether this is a file in memory rather than pixels."""
        return bool(self._raw.format >= abi.Format.ENCODED)

    @property
    def device(self) -> str:
        """Where the pixels lie: "cpu", or "cuda:0" and so on."""
        return f"cuda:{self._raw.device}" if self._raw.memory == abi.Memory.CUDA else "cpu"

    @property
    def size(self) -> tuple[int, int]:
        """Width and height in pixels."""
        if not self.encoded:
            return self._raw.width, self._raw.height
        info = self._context.shared().probe(self._raw)
        return info.width, info.height

    @property
    def width(self) -> int:
        return self.size[0]

    @property
    def height(self) -> int:
        return self.size[1]

    def __repr__(self) -> str:
        if self.encoded:
            return f"<stylize.Image {self.format}, {self._raw.size} bytes>"
        place = "" if self.device == "cpu" else f" on {self.device}"
        return f"<stylize.Image {self._raw.width}x{self._raw.height} {self.format}{place}>"

    def _memory(self) -> memoryview:
        """The library's memory; valid as long as self."""
        self._check_host()
        kind = c.c_uint8 * self._raw.size
        return memoryview(kind.from_address(self._raw.pixels)).cast("B")

    def tobytes(self) -> bytes:
        """A copy: the encoded file, or the pixels row by row without gaps."""
        memory = self._memory()
        if self.encoded:
            return bytes(memory)
        row = self._raw.width * CHANNELS[abi.Format(self._raw.format)] * self._bytes()
        if self._raw.stride == row:
            return bytes(memory[: row * self._raw.height])
        starts = range(0, self._raw.stride * self._raw.height, self._raw.stride)
        return b"".join(memory[at : at + row] for at in starts)

    __bytes__ = tobytes

    def _check_host(self) -> None:
        if self.device != "cpu":
            raise InvalidError(f"the picture lies on {self.device}; who knows DLPack can copy it to the host")

    def _layout(self) -> tuple[tuple[int, ...], tuple[int, ...]]:
        """Shape and strides of the pixels; of grey ones [height, width]."""
        if self.encoded:
            raise TypeError(f"an encoded picture ({self.format}) is no array; decode() gives its pixels")
        channels, size = CHANNELS[abi.Format(self._raw.format)], self._bytes()
        shape, strides = (self._raw.height, self._raw.width), (self._raw.stride, channels * size)
        return ((*shape, channels), (*strides, size)) if channels > 1 else (shape, strides)

    def _bytes(self) -> int:
        """Bytes of a sample."""
        return 2 if self._raw.format in _DEEP else 1

    @property
    def __array_interface__(self) -> dict[str, Any]:
        shape, strides = self._layout()
        self._check_host()
        return {
            "version": 3,
            "typestr": f"{_ORDER}u2" if self._bytes() == 2 else "|u1",
            "shape": shape,
            "strides": strides,
            "data": (self._raw.pixels, False),
        }

    def __dlpack_device__(self) -> tuple[int, int]:
        return (CPU, 0) if self.device == "cpu" else (CUDA, self._raw.device)

    def __dlpack__(
        self,
        *,
        stream: Any = None,
        max_version: tuple[int, int] | None = None,
        dl_device: tuple[Any, int] | None = None,
        copy: bool | None = None,
    ) -> Any:
        """The pixels for another library. Nothing has to be waited for on any stream: the picture is finished."""
        place = self.__dlpack_device__()
        if dl_device is not None and (int(dl_device[0]), dl_device[1]) != place:
            raise BufferError(f"the picture lies on {self.device} and is not copied elsewhere")
        if stream is not None and place[0] == CPU:
            raise BufferError(f"stream is {stream!r}; a picture on the CPU has none")
        if stream == 0:
            raise BufferError("stream 0 could be either default stream; 1 is CUDA's legacy one, 2 that of each thread")
        if self._bytes() == 2:
            raise BufferError("a picture of 16 bits a channel is for NumPy; numpy() gives its pixels")
        shape, strides = self._layout()
        owner = self
        if copy:
            self._check_host()
            owner = self.resize(*self.size)
            strides = owner._layout()[1]
        versioned = max_version is not None and max_version[0] >= 1
        return lend(owner, owner._raw.pixels, place, shape, strides, versioned, bool(copy))

    def numpy(self) -> "numpy.ndarray[Any, Any]":
        """The pixels as an array [height, width, channels] of uint8, or uint16 of a deep one, without a copy."""
        import numpy

        return numpy.asarray(self.decode())

    def pil(self) -> "PIL.Image.Image":
        """A Pillow image, a copy."""
        import PIL.Image

        pixels = self.decode()
        raw = pixels._raw
        if raw.format in _DEEP:
            raise InvalidError("Pillow has no colours of 16 bits; numpy() gives the pixels, encode() a file")
        mode = _MODES[abi.Format(raw.format)]
        return PIL.Image.frombytes(mode, (raw.width, raw.height), pixels.tobytes())

    def decode(self) -> "Image":
        """The pixels of an encoded picture; pixels are returned as they are."""
        return self._context.shared().decode(self._raw) if self.encoded else self

    def encode(self, format: "str | abi.Format" = "jpeg", quality: int = 0) -> "Image":
        """An encoded picture: "jpeg", "png", "webp", "tiff" or "avif"; quality 1 to 100 for jpeg, webp and avif, 0: 92 (avif: 80)."""
        wanted = format_of(format)
        if self.encoded and self._raw.format == wanted:
            return self
        pixels = self.decode()
        return pixels._context.shared().encode(pixels._raw, wanted, quality)

    def resize(self, width: int, height: int) -> "Image":
        """Scaled with an anti-aliasing filter to exactly this size."""
        pixels = self.decode()
        return pixels._context.shared().resize(pixels._raw, width, height)

    def save(self, path: "str | os.PathLike[str]", quality: int = 0) -> None:
        """Writes a file whose format is that of the path's ending: .jpg, .jpeg, .png, .webp, .tif.

        The file appears whole or not at all. quality: 1 to 100 for jpeg and webp, 0: 92.
        """
        ending = pathlib.Path(path).suffix.lower()
        if ending not in _ENDINGS:
            raise InvalidError(f'"{path}" ends in none of {" ".join(_ENDINGS)}')
        image = self if self.encoded and self._raw.format == _ENDINGS[ending] else self.decode()
        with image._context.shared().borrow() as (lib, handle):
            error = abi.Error()
            status = lib.stylize_image_save(handle, c.byref(image._raw), os.fsencode(path), quality, c.byref(error))
        check(status, error)

    def _repr_jpeg_(self) -> bytes | None:
        """What a notebook shows; pictures with transparency are shown as PNG."""
        return None if self._raw.format == abi.Format.RGBA8 else self._shown("jpeg")

    def _repr_png_(self) -> bytes | None:
        return self._shown("png") if self._raw.format == abi.Format.RGBA8 else None

    def _shown(self, format: str) -> bytes | None:
        try:
            return self.encode(format).tobytes()
        except FormatError:
            return None


def _restored(format: int, width: int, height: int, data: bytes, report: Report | None) -> Image:
    """What was pickled, in memory of Python's."""
    from ._context import codecs

    memory = Buffer(bytearray(data), writable=True)
    raw = abi.Image(format=format, pixels=memory.address, size=memory.size, width=width, height=height)
    if format < abi.Format.ENCODED:
        raw.stride = width * CHANNELS[abi.Format(format)] * (2 if format in _DEEP else 1)
    return Image(codecs(), raw, report, memory)
