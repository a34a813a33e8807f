"""Moving pictures: frames in, painted frames out, in order."""

import collections
import ctypes as c
import time
from collections.abc import Callable, Iterable, Iterator
from typing import Any, Union

from . import _abi as abi
from ._content import Style
from ._context import Context, assign
from ._errors import InvalidError
from ._frames import Given, give
from ._job import new_request
from ._library import check, library

Styles = Union[Style, Callable[[int], Style]]
"""A style, or a function from the number of a frame to its style."""

_FORBIDDEN = ("out", "progress", "preview", "output_format", "output_depth", "quality", "keep_metadata")


class Sequence:
    """A stylize_sequence. One thread uses it."""

    def __init__(
        self, context: Context, style: Style, stability: float, depth: int, options: dict[str, Any]
    ) -> None:
        self._context = context
        self._request, self._keep = new_request(context, None, style, options, frames=True)
        wanted = abi.SequenceOptions()
        check(library().stylize_sequence_init(c.byref(wanted), c.sizeof(wanted)), abi.Error())
        wanted.request = c.pointer(self._request)
        assign(wanted, "stability", stability)
        assign(wanted, "depth", depth)
        self._handle: int | None = context.create_sequence(wanted)

    def end(self) -> None:
        handle, self._handle = getattr(self, "_handle", None), None
        if handle is not None:
            self._context.end_sequence(handle)

    __del__ = end

    def push(self, frame: abi.Frame, request: abi.Request | None) -> bool:
        """False: a result has to be fetched first."""
        error = abi.Error()
        with self._context.borrow() as (lib, _):
            other = None if request is None else c.byref(request)
            status = lib.stylize_sequence_push(self._handle, c.byref(frame), other, c.byref(error))
        if status == abi.Status.QUEUE_FULL:
            return False
        check(status, error)
        return True

    def pull(self, room: Callable[[int, int], tuple[abi.Frame, Any]]) -> Any:
        """The next result, in memory that `room` makes."""
        error, size = abi.Error(), abi.Frame(struct_size=c.sizeof(abi.Frame))
        with self._context.borrow() as (lib, _):
            check(lib.stylize_sequence_pull(self._handle, c.byref(size), c.byref(error)), error)
            raw, finished = room(size.width, size.height)
            check(lib.stylize_sequence_pull(self._handle, c.byref(raw), c.byref(error)), error)
        return finished()


def _same(a: Any, b: Any) -> bool:
    """Arrays have no answer of their own."""
    return a is b or (isinstance(a, (str, dict)) and type(a) is type(b) and bool(a == b))


class _Styles:
    """The request of each frame, made anew only where its style is another than before."""

    def __init__(self, context: Context, style: Styles, options: dict[str, Any]) -> None:
        self._context, self._options = context, options
        self._function = style if callable(style) else None
        self.first: Any = style(0) if callable(style) else style
        self._last, self._made = self.first, None

    def request(self, number: int) -> Any:
        """None: as the first."""
        style = self._function(number) if self._function and number else self.first
        if not _same(style, self._last):
            same = _same(style, self.first)
            self._made = None if same else new_request(self._context, None, style, dict(self._options), frames=True)
            self._last = style
        return self._made


def paint_frames(
    context: Context,
    frames: Iterable[Any],
    style: Styles,
    stability: float,
    order: str,
    depth: int,
    options: dict[str, Any],
) -> Iterator[Any]:
    if order not in ("rgb", "bgr"):
        raise InvalidError(f'order "{order}" is not known; rgb and bgr are')
    for name in _FORBIDDEN:
        if options.pop(name, None) is not None:
            raise TypeError(f"{name} is for single pictures; a video has frames")
    styles = _Styles(context, style, options)
    sequence = Sequence(context, styles.first, stability, depth, dict(options))
    return _run(context, sequence, styles, iter(frames), order)


def _run(context: Context, sequence: Sequence, styles: _Styles, frames: Iterator[Any], order: str) -> Iterator[Any]:
    # Frames in work: who makes room for the result, and what its request points to.
    waiting: collections.deque[tuple[Given, Any]] = collections.deque()

    def next_result() -> Any:
        given, _ = waiting.popleft()
        return sequence.pull(given.room)

    try:
        for number, frame in enumerate(frames):
            given, made = give(context, frame, order), styles.request(number)
            while not sequence.push(given.raw, made[0] if made else None):
                if waiting:
                    yield next_result()
                else:
                    time.sleep(0.01)  # others fill the context's queue
            given.keep = None  # it was copied
            waiting.append((given, made))
        while waiting:
            yield next_result()
    finally:
        sequence.end()
