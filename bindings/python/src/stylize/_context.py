"""A stylize_ctx and who may use it when."""

import contextlib
import ctypes as c
import functools
import json
import logging
import os
import threading
import weakref
from collections.abc import Callable, Iterator
from typing import Any

from . import _abi as abi
from ._errors import ClosedError, ForkError, InvalidError
from ._image import Image
from ._library import bundled_models, check, library

_thread = threading.local()


@contextlib.contextmanager
def callback() -> Iterator[None]:
    """Marks a thread of the library while it runs Python."""
    _thread.depth = getattr(_thread, "depth", 0) + 1
    try:
        yield
    finally:
        _thread.depth -= 1


def on_callback() -> bool:
    return getattr(_thread, "depth", 0) > 0


LogCallback = Callable[[int, str], None]

_log = logging.getLogger("stylize")
_LEVELS = {
    abi.LogLevel.ERROR: logging.ERROR,
    abi.LogLevel.WARNING: logging.WARNING,
    abi.LogLevel.INFO: logging.INFO,
    abi.LogLevel.DEBUG: logging.DEBUG,
}


def to_logging(level: int, text: str) -> None:
    """The default: Python's logging, logger "stylize"."""
    _log.log(_LEVELS[abi.LogLevel(level)], "%s", text)


def _log_function(log: LogCallback) -> Any:
    def call(_user: int | None, level: int, text: bytes) -> None:
        with callback():
            log(level, text.decode("utf-8", "replace"))

    return abi.LogFn(call)


def text(name: str, value: str) -> bytes:
    """A string for C."""
    if not isinstance(value, str):
        raise TypeError(f"{name} is {value!r}; a string is needed")
    if "\0" in value:
        raise InvalidError(f"{name} has a zero character inside")
    return value.encode()


def assign(structure: c.Structure, name: str, value: Any) -> None:
    """Sets a member. ctypes alone would cut a number that does not fit, and take one for an address."""
    kind = next(kind for member, kind, *_ in structure._fields_ if member == name)
    try:
        setattr(structure, name, text(name, value) if kind is c.c_char_p else value)
    except TypeError:
        raise TypeError(f"{name} is {value!r}, which is of the wrong type") from None
    if isinstance(value, int) and not isinstance(getattr(structure, name), float) and getattr(structure, name) != value:
        raise InvalidError(f"{name} is {value}, which is out of range")


def _options(values: dict[str, Any]) -> abi.Options:
    options = abi.Options()
    library().stylize_options_init(c.byref(options), c.sizeof(options))
    for name, value in values.items():
        if value is not None:
            assign(options, name, value)
    return options


class Context:
    """Owns a handle. Calls borrow it; close waits for the borrowers, then destroys.

    The library's threads are in the process that created them only, so that in a forked child every
    use is an error and the end of the object does nothing.
    """

    def __init__(self, log: LogCallback | None = None, **options: Any) -> None:
        self._lib = library()
        self._pid = os.getpid()
        self._lock = threading.Condition()
        self._users = 0
        self._closing = False
        self._log = _log_function(log or to_logging)  # called by the library until it is destroyed
        options.setdefault("model_dir", None)
        options["model_dir"] = options["model_dir"] or bundled_models()
        raw = _options(options)
        raw.log = self._log
        handle, error = c.c_void_p(), abi.Error()
        check(self._lib.stylize_ctx_create(c.byref(handle), c.byref(raw), c.byref(error)), error)
        assert handle.value is not None
        self._handle: int = handle.value
        self._sequences: set[int] = set()  # that are open: they end before the context; changed under the lock
        # Before the interpreter ends, while the library's threads can still call back into it.
        self._end = weakref.finalize(self, _destroy, self._lib, self._handle, self._pid, self._log, self._sequences)

    def check_process(self) -> None:
        if os.getpid() != self._pid:
            raise ForkError(
                "this Stylizer was made before a fork, and its threads stayed in the parent process; "
                "make one in each process"
            )

    @contextlib.contextmanager
    def borrow(self) -> Iterator[tuple[c.CDLL, int]]:
        """The library and the handle, which stays valid inside the block."""
        self.check_process()
        with self._lock:
            if self._closing:
                raise ClosedError("the Stylizer is closed")
            self._users += 1
        try:
            yield self._lib, self._handle
        finally:
            with self._lock:
                self._users -= 1
                self._lock.notify_all()

    @property
    def closed(self) -> bool:
        return self._closing

    def close(self, cancel: bool) -> None:
        """Drains or cancels what was handed in. A second call waits for the first."""
        self.check_process()
        if on_callback():
            raise InvalidError("a Stylizer cannot be closed from a callback: its thread would wait for itself")
        with self._lock:
            self._closing = True
            for sequence in list(self._sequences) if cancel else []:
                self._lib.stylize_sequence_cancel(sequence)  # whoever waits for a frame of it
        end = self._end.detach()
        if end is not None:
            with self._lock:
                self._lock.wait_for(lambda: not self._users)
            _end_sequences(self._lib, self._sequences)
            self._lib.stylize_ctx_destroy(self._handle, abi.DestroyMode.CANCEL if cancel else abi.DestroyMode.DRAIN)

    # ------------------------------------------------------------ sequences

    def create_sequence(self, options: abi.SequenceOptions) -> int:
        sequence, error = c.c_void_p(), abi.Error()
        with self.borrow() as (lib, handle):
            check(lib.stylize_sequence_create(c.byref(sequence), handle, c.byref(options), c.byref(error)), error)
            assert sequence.value is not None
            with self._lock:
                self._sequences.add(sequence.value)
        return sequence.value

    def end_sequence(self, sequence: int) -> None:
        """Unless the context's end did. From any thread, also of a forked child, where it does nothing."""
        if os.getpid() != self._pid:
            return
        with self._lock:
            if sequence not in self._sequences:
                return
            self._sequences.remove(sequence)
            self._users += 1
        if on_callback():  # garbage found on a thread of the library, which cannot wait for itself
            threading.Thread(target=self._end_borrowed, args=(sequence,)).start()
        else:
            self._end_borrowed(sequence)

    def _end_borrowed(self, sequence: int) -> None:
        self._lib.stylize_sequence_destroy(sequence)
        with self._lock:
            self._users -= 1
            self._lock.notify_all()

    def shared(self) -> "Context":
        """This context, or, once it is closed, one that serves for reading and writing pictures."""
        return codecs() if self._closing else self

    # ------------------------------------------------------------ pictures

    def probe(self, raw: abi.Image) -> abi.ImageInfo:
        info, error = abi.ImageInfo(), abi.Error()
        info.struct_size = c.sizeof(info)
        with self.borrow() as (lib, handle):
            check(lib.stylize_image_probe(handle, c.byref(raw), c.byref(info), c.byref(error)), error)
        return info

    def decode(self, raw: abi.Image) -> Image:
        out, error = abi.Image(), abi.Error()
        with self.borrow() as (lib, handle):
            check(lib.stylize_image_decode(handle, c.byref(raw), c.byref(out), c.byref(error)), error)
        return Image(self, out)

    def resize(self, raw: abi.Image, width: int, height: int) -> Image:
        if width < 0 or height < 0:
            raise InvalidError(f"a size of {width}x{height} is not possible")
        out, error = abi.Image(), abi.Error()
        with self.borrow() as (lib, handle):
            status = lib.stylize_image_resize(handle, c.byref(raw), width, height, c.byref(out), c.byref(error))
        check(status, error)
        return Image(self, out)

    def encode(self, raw: abi.Image, format: abi.Format, quality: int) -> Image:
        out, error = abi.Image(), abi.Error()
        with self.borrow() as (lib, handle):
            status = lib.stylize_image_encode(handle, c.byref(raw), format, quality, c.byref(out), c.byref(error))
        check(status, error)
        return Image(self, out)

    def load(self, path: "str | os.PathLike[str]") -> Image:
        out, error = abi.Image(), abi.Error()
        with self.borrow() as (lib, handle):
            check(lib.stylize_image_load(handle, os.fsencode(path), c.byref(out), c.byref(error)), error)
        return Image(self, out)

    def info(self) -> dict[str, Any]:
        text, error = c.c_void_p(), abi.Error()
        with self.borrow() as (lib, handle):
            check(lib.stylize_ctx_info(handle, c.byref(text), c.byref(error)), error)
            try:
                found: dict[str, Any] = json.loads(c.string_at(text.value or 0))
            finally:
                lib.stylize_free(text)
        return found


def _end_sequences(lib: c.CDLL, sequences: set[int]) -> None:
    while sequences:
        lib.stylize_sequence_destroy(sequences.pop())


def _destroy(lib: c.CDLL, handle: int, pid: int, log_function: Any, sequences: set[int]) -> None:
    if os.getpid() != pid:
        return
    if on_callback():  # garbage found on a thread of the library, which cannot wait for its own end
        threading.Thread(target=_destroy, args=(lib, handle, pid, log_function, sequences)).start()
    else:
        _end_sequences(lib, sequences)
        lib.stylize_ctx_destroy(handle, abi.DestroyMode.CANCEL)


@functools.lru_cache(maxsize=1)
def _codecs_of(_pid: int) -> Context:
    return Context(threads=1)


def codecs() -> Context:
    """A context of this process that paints nothing, for pictures whose own was closed."""
    return _codecs_of(os.getpid())
