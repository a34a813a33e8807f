"""Requests on their way through the library."""

import concurrent.futures
import ctypes as c
import itertools
from collections.abc import Callable, Sequence
from typing import Any, Literal, TypedDict

from . import _abi as abi
from ._buffer import Buffer
from ._content import Masks, Picture, Style, Taken, Target, take, take_masks, take_styles, take_target
from ._context import Context, assign, callback
from ._errors import ClosedError, InvalidError, error_of
from ._image import Image, Report, format_of
from ._library import check, library


class PaintOptions(TypedDict, total=False):
    """The options of one request; names and meaning as in stylize_request of stylize.h."""

    method: str | abi.Method
    """ "auto", "fast" or "any"; "auto" takes fast for styles of the library, any for pictures."""
    output_size: int
    """Pixels of the longer side, the aspect is kept; 0: as the content."""
    output_width: int
    """With output_height: exactly this size, the content scaled to cover it and cut at the centre."""
    output_height: int
    strength: float | Literal["auto"]
    """0: the content, 1: the full style; "auto": the largest that leaves enough of the content's structure."""
    preserve_color: float
    """1 or True: the colours of the content, the brightness of the painting; 0: those of the painting."""
    style_scale: float
    """Size of the strokes, 0.5 to 8: 2 twice as large."""
    look: int
    """Strokes as in a painting whose longer side has so many pixels, with the detail of the output's size; instead of style_scale."""
    masks: Masks | None
    """Where each style is painted: white all of it, black nothing; None: everywhere. One for each style."""
    style_masks: Masks | None
    """Which part of each style picture is read: where it is lighter than half; None: all. One for each style."""
    seed: int
    iterations: int
    """optimize: evaluations of the loss."""
    optimizer: str | abi.Optimizer
    """optimize: "lbfgs" or "adam"."""
    time_budget_ms: int
    """optimize: after this time it ends with what it has; 0: none."""
    output_depth: int
    """16: more than 8 bits a channel are kept and painted, into "png", "tiff", or pixels (uint16)."""
    keep_metadata: "str | Sequence[str] | int"
    """ "copyright", "exif", "icc", "all" or several of them: what an encoded result keeps of an encoded content."""
    tolerant: bool
    """A damaged content is painted as far as it goes; `Image.report.damaged` says that it was."""
    memory_budget: int
    """Bytes for the engine; a larger picture is painted in tiles."""
    deadline_ms: int
    """From acceptance to the end; DeadlineError when it passes."""
    output_format: str | abi.Format
    """ "rgb8" (pixels), or "jpeg", "png", "webp", "tiff", "avif": an encoded file."""
    quality: int
    """jpeg, webp and avif, 1 to 100; 0: 92 (avif: 80)."""
    progress: Callable[[float], object]
    """Receives 0 to 1, on a thread of the library. An exception, or False, cancels the request."""
    preview: Callable[[memoryview], object]
    """optimize: receives the picture so far, [height, width, 3] of bytes. False ends with it as the result."""
    out: Target
    """Memory that the result is written to, of exactly its size: an array, or a tensor, also of a CUDA device."""


class Job(concurrent.futures.Future[Image]):
    """A request that was handed in: a future, made by `Stylizer.submit`.

    Callbacks added with `add_done_callback` run on a thread of the library and should be quick.
    """

    def __init__(self, context: Context) -> None:
        super().__init__()
        self._context = context
        self._id = c.c_uint64()
        self._asked = False

    def cancel(self) -> bool:
        """Asks the library to stop; true if it was not too late. The future ends soon after.

        A request that waits is dropped, one that runs stops at the next layer or tile.
        """
        if self.done():
            return self.cancelled()
        self._asked = True
        try:
            with self._context.borrow() as (lib, handle):
                return bool(lib.stylize_ctx_cancel(handle, self._id) == abi.Status.OK)
        except ClosedError:
            return False


class _Pending:
    """What has to live until the library calls back."""

    def __init__(
        self, job: Job, request: abi.Request, keep: list[Any], calls: dict[str, Any], out: Taken | None
    ) -> None:
        self.job = job
        self.request = request
        self.keep = keep
        self.progress = calls["progress"]
        self.preview = calls["preview"]
        self.out = out
        self.report = abi.Report(struct_size=c.sizeof(abi.Report))
        self.raised: BaseException | None = None

    def finish(self, status: int, result: Any, error: Any) -> None:
        image = None
        if status == abi.Status.OK:
            raw = abi.Image.from_buffer_copy(result.contents)
            raw.stream = None  # what was queued there is over
            image = Image(self.job._context, raw, _report_of(self.report), self.out)
        self.keep, self.out = [], None  # what others lent is given back before they hear of the end
        if self.raised is not None:
            self.job.set_exception(self.raised)
        elif image is not None:
            self.job.set_result(image)
        elif status == abi.Status.CANCELLED and self.job._asked:
            super(Job, self.job).cancel()
            self.job.set_running_or_notify_cancel()
        else:
            self.job.set_exception(error_of(status, error.contents.message))


_numbers = itertools.count(1)
_pending: dict[int, _Pending] = {}


def _report_of(raw: abi.Report) -> Report:
    values = {name: getattr(raw, name) for name in Report.__annotations__}
    values["engine"], values["model"] = raw.engine.decode(), raw.model.decode()
    values["code_cached"] = bool(raw.code_cached)
    values["ended_early"] = bool(raw.ended_early)
    values["damaged"] = bool(raw.damaged)
    return Report(**values)


def _on_done(user: int, _id: int, status: int, result: Any, error: Any) -> None:
    with callback():
        entry = _pending.pop(user)
        try:
            entry.finish(status, result, error)
        except BaseException as e:
            if not entry.job.done():
                entry.job.set_exception(e)
            raise
        del entry  # perhaps the last reference to the context: its end must see that this is a callback


def _on_progress(user: int, done: float) -> int:
    with callback():
        entry = _pending[user]
        try:
            return int(entry.progress(done) is False)
        except BaseException as e:
            entry.raised = e
            return 1


def _on_preview(user: int, picture: Any) -> int:
    with callback():
        entry = _pending[user]
        raw = picture.contents
        row = raw.width * 3
        rows = b"".join(c.string_at(raw.pixels + y * raw.stride, row) for y in range(raw.height))
        try:
            return int(entry.preview(memoryview(rows).cast("B", (raw.height, raw.width, 3))) is False)
        except BaseException as e:
            entry.raised = e
            return 1


# Three functions for all requests: ctypes never gives the memory of a callback back before its end.
_done = abi.DoneFn(_on_done)
_progress = abi.ProgressFn(_on_progress)
_preview = abi.PreviewFn(_on_preview)


_ENUMS: dict[str, Any] = {"method": abi.Method, "optimizer": abi.Optimizer}


def _metadata_of(names: "str | Sequence[str]") -> int:
    bits = 0
    for name in [names] if isinstance(names, str) else names:
        if name.upper() not in abi.Metadata.__members__:
            known = ", ".join(abi.Metadata.__members__).lower()
            raise InvalidError(f'keep_metadata "{name}" is not known; {known} are')
        bits |= abi.Metadata[name.upper()]
    return bits


def _fill(request: abi.Request, options: dict[str, Any]) -> None:
    for name, value in options.items():
        if name not in PaintOptions.__annotations__:
            raise TypeError(f"there is no option {name}; there are {', '.join(PaintOptions.__annotations__)}")
        if name == "output_format":
            value = format_of(value)
        elif name == "keep_metadata" and not isinstance(value, int):
            value = _metadata_of(value)
        elif name in _ENUMS and isinstance(value, str):
            if value.upper() not in _ENUMS[name].__members__:
                raise InvalidError(f'{name} "{value}" is not known; {", ".join(_ENUMS[name].__members__).lower()} are')
            value = _ENUMS[name][value.upper()]
        elif name == "strength" and value == "auto":
            value = abi.STRENGTH_AUTO
        assign(request, name, value)


def new_request(
    context: Context, content: Picture | None, style: Style | None, options: dict[str, Any], frames: bool = False
) -> Any:
    """A request, and what has to live as long. style None: it will be for a tile; frames: without a content."""
    request = abi.Request()
    check(library().stylize_request_init(c.byref(request), c.sizeof(request)), abi.Error())
    masks, style_masks = options.pop("masks", None), options.pop("style_masks", None)
    _fill(request, options)
    refs, styles = take_styles(context, style) if style is not None else (None, [])
    keep: list[Any] = [styles, refs]
    if not frames:
        taken = take(context, content)  # type: ignore[arg-type]  # None is refused like all that is no picture
        request.content = c.pointer(taken.raw)
        keep.append(taken)
    if refs is not None:
        request.styles, request.style_count = refs, len(refs)
    if masks is not None:
        request.masks, pictures = take_masks(context, masks, request.style_count)
        keep += [request.masks, pictures]
    if style_masks is not None:
        request.style_masks, pictures = take_masks(context, style_masks, request.style_count)
        keep += [request.style_masks, pictures]
    return request, keep


def submit(
    context: Context,
    content: Picture,
    style: Style | None,
    options: dict[str, Any],
    tiling: Buffer | None = None,
    tile: int = 0,
) -> Job:
    calls = {name: options.pop(name, None) for name in ("progress", "preview")}
    for name, function in calls.items():
        if function is not None and not callable(function):
            raise TypeError(f"{name} must be callable")
    out = options.pop("out", None)
    if style is None and tiling is None:
        raise TypeError("a style is needed")
    error = abi.Error()
    with context.borrow() as (lib, handle):
        request, keep = new_request(context, content, style, options)
        if tiling is not None:
            request.tiling, request.tiling_size = tiling.address, tiling.size
            assign(request, "tile", tile)
            keep.append(tiling)
        target = None if out is None else take_target(out)
        if target is not None:
            request.target = c.pointer(target.raw)
        job = Job(context)
        entry = _Pending(job, request, keep, calls, target)
        number = next(_numbers)
        request.report = c.pointer(entry.report)
        if entry.progress is not None:
            request.progress, request.progress_user = _progress, number
        if entry.preview is not None:
            request.preview, request.preview_user = _preview, number
        _pending[number] = entry
        status = lib.stylize_ctx_submit(
            handle, c.byref(request), _done, number, c.byref(job._id), c.byref(error)
        )
        if status != abi.Status.OK:
            del _pending[number]
            check(status, error)
    return job
