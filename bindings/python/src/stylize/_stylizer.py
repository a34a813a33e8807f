"""The class that programs use."""

import asyncio
import collections
import concurrent.futures
import contextlib
import ctypes as c
import os
import time
from collections.abc import AsyncIterable, AsyncIterator, Callable, Iterable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import Any, Literal, Unpack

from . import _abi as abi
from ._content import Picture, Style, take
from ._context import Context, LogCallback, assign, text
from ._errors import InvalidError, QueueFullError, StylizeError
from ._fit import FitState, Fitted, fit_style
from ._image import Image
from ._job import Job, PaintOptions, new_request, submit
from ._library import check
from ._tiling import Tiling
from ._video import Styles, paint_frames


@dataclass(frozen=True)
class StyleInfo:
    """A style of the library."""

    id: str
    display_name: str
    artist: str | None
    licence: str | None
    model: str | None
    preview_image: str | None
    year: int
    """0: not known."""
    recommended_size: int
    """Pixels of the longer side; 0: no preference."""
    added: bool
    """Added with add_style, or a style of one's own."""
    blendable: bool


@dataclass(frozen=True)
class ImageInfo:
    """What the header of an encoded picture says."""

    format: str
    width: int
    height: int
    has_alpha: bool
    orientation: int
    has_icc: bool


@dataclass(frozen=True)
class Painted:
    """One of many pictures: its place in the input, and either the painting or what went wrong."""

    index: int
    image: Image | None
    error: BaseException | None


def _enum_of(kind: Any, name: str, value: Any) -> Any:
    if isinstance(value, str):
        if value.upper() not in kind.__members__:
            raise InvalidError(f'{name} "{value}" is not known; {", ".join(kind.__members__).lower()} are')
        return kind[value.upper()]
    return value


def _check_many(options: dict[str, Any]) -> None:
    if options.get("out") is not None:
        raise TypeError("out is memory for one picture, and these are many")


def _info_of(**values: Any) -> abi.StyleInfo:
    info = abi.StyleInfo()
    for name, value in values.items():
        if value is not None:
            assign(info, name, value)
    return info


class Stylizer:
    """Paints pictures. One serves a whole program and any number of threads.

    Every option of the library's context is a keyword, with the names and defaults of stylize_options in
    stylize.h; None is the default. `log` receives (level, text) on any thread; without it messages go to
    Python's logger "stylize".

    A Stylizer belongs to the process that made it: after a fork the child makes its own.
    """

    def __init__(
        self,
        *,
        engine: str | None = None,
        device: str | None = None,
        model_dir: "str | os.PathLike[str] | None" = None,
        threads: int | None = None,
        queue_length: int | None = None,
        batch_threshold: int | None = None,
        batch_max: int | None = None,
        max_input_bytes: int | None = None,
        max_pixels: int | None = None,
        max_side: int | None = None,
        max_scans: int | None = None,
        memory_budget: int | None = None,
        pool_keep: int | None = None,
        code_cache: int | None = None,
        precision: str | abi.Precision | None = None,
        log: LogCallback | None = None,
        log_level: str | abi.LogLevel | None = None,
        tolerant: bool | None = None,
        formats: str | None = None,
        deep: bool | None = None,
        style_dir: "str | os.PathLike[str] | None" = None,
    ) -> None:
        self._context = Context(
            log,
            engine=engine,
            device=device,
            model_dir=None if model_dir is None else os.fspath(model_dir),
            style_dir=None if style_dir is None else os.fspath(style_dir),
            threads=threads,
            queue_length=queue_length,
            batch_threshold=batch_threshold,
            batch_max=batch_max,
            max_input_bytes=max_input_bytes,
            max_pixels=max_pixels,
            max_side=max_side,
            max_scans=max_scans,
            memory_budget=memory_budget,
            pool_keep=pool_keep,
            code_cache=code_cache,
            precision=_enum_of(abi.Precision, "precision", precision),
            log_level=_enum_of(abi.LogLevel, "log_level", log_level),
            tolerant=tolerant,
            formats=formats,
            deep=deep,
        )

    # ------------------------------------------------------------ life

    def close(self, cancel: bool = False) -> None:
        """Finishes what was handed in, or cancels it; then ends the threads and frees the memory.

        Pictures that were handed out stay valid. May be called twice.
        """
        self._context.close(cancel)

    @property
    def closed(self) -> bool:
        return self._context.closed

    def __enter__(self) -> "Stylizer":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close(cancel=kind is not None)

    def __reduce__(self) -> Any:
        raise TypeError("a Stylizer has threads of its own and cannot be pickled; make one in each process")

    # ------------------------------------------------------------ painting

    def __call__(self, content: Picture, style: Style, **options: Unpack[PaintOptions]) -> Image:
        """Paints one picture and waits for it; other threads run meanwhile. See PaintOptions.

        KeyboardInterrupt and other exceptions raised by signal handlers cancel the request.
        """
        return self._wait(submit(self._context, content, style, dict(options)))

    @staticmethod
    def _wait(job: Job) -> Image:
        try:
            return job.result()
        except BaseException:
            if not job.done():
                job.cancel()
            raise

    def submit(self, content: Picture, style: Style, **options: Unpack[PaintOptions]) -> Job:
        """Hands in one picture and returns a future at once. QueueFullError if too many wait.

        The memory of the picture, and of `out`, is used where it lies and must not change until the future is done.
        """
        return submit(self._context, content, style, dict(options))

    async def paint(self, content: Picture, style: Style, **options: Unpack[PaintOptions]) -> Image:
        """As a call, for asyncio. Cancelling the task cancels the request."""
        loop = asyncio.get_running_loop()
        start = loop.run_in_executor(None, lambda: submit(self._context, content, style, dict(options)))
        try:
            job = await asyncio.shield(start)
        except asyncio.CancelledError:
            start.add_done_callback(lambda f: None if f.cancelled() or f.exception() else f.result().cancel())
            raise
        return await asyncio.wrap_future(job)

    def map(
        self, contents: Iterable[Picture], style: Style, *, ahead: int | None = None, **options: Unpack[PaintOptions]
    ) -> Iterator[Image]:
        """Paints many pictures, in order. The first error is raised, and what was handed in is cancelled.

        At most `ahead` pictures are handed in at a time (by default enough to keep all threads busy), and
        contents is read no further than that.
        """
        jobs: collections.deque[Job] = collections.deque()
        limit = self._ahead(ahead)
        try:
            for content in contents:
                if len(jobs) >= limit:
                    yield jobs.popleft().result()
                jobs.append(self._submit_when_free(jobs, content, style, options))
            while jobs:
                yield jobs.popleft().result()
        finally:
            for job in jobs:
                job.cancel()

    def as_completed(
        self, contents: Iterable[Picture], style: Style, *, ahead: int | None = None, **options: Unpack[PaintOptions]
    ) -> Iterator[Painted]:
        """Paints many pictures, each given out when it is done. A picture that fails does not stop the others."""
        jobs: dict[Job, int] = {}
        limit = self._ahead(ahead)

        def ready(least: int) -> Iterator[Painted]:
            while len(jobs) > least:
                concurrent.futures.wait(jobs, return_when=concurrent.futures.FIRST_COMPLETED)
                for job in [job for job in jobs if job.done()]:
                    error = job.exception()
                    yield Painted(jobs.pop(job), None if error else job.result(), error)

        try:
            for index, content in enumerate(contents):
                yield from ready(limit - 1)
                try:
                    jobs[self._submit_when_free(jobs, content, style, options)] = index
                except (StylizeError, OSError) as e:
                    if self.closed:
                        raise
                    yield Painted(index, None, e)
            yield from ready(0)
        finally:
            for job in jobs:
                job.cancel()

    async def amap(
        self,
        contents: "Iterable[Picture] | AsyncIterable[Picture]",
        style: Style,
        *,
        ahead: int | None = None,
        **options: Unpack[PaintOptions],
    ) -> AsyncIterator[Image]:
        """As map, for asyncio: `async for image in stylizer.amap(paths, style)`."""
        tasks: collections.deque[asyncio.Task[Image]] = collections.deque()
        limit = self._ahead(ahead)
        try:
            async for content in _each(contents):
                if len(tasks) >= limit:
                    yield await tasks.popleft()
                tasks.append(asyncio.create_task(self._paint_when_free(content, style, options)))
            while tasks:
                yield await tasks.popleft()
        finally:
            for task in tasks:
                task.cancel()

    def _ahead(self, ahead: int | None) -> int:
        if ahead is None:
            # Enough for the large batches of an engine that gains from them, and for all cores.
            return max(16, 2 * (os.cpu_count() or 1))
        if ahead < 1:
            raise InvalidError(f"ahead is {ahead}; 1 or more is allowed")
        return ahead

    def _submit_when_free(self, own: Iterable[Job], content: Picture, style: Style, options: Any) -> Job:
        """Where the queue is full, waits until one of our own, or anything else, has left it."""
        _check_many(options)
        while True:
            try:
                return submit(self._context, content, style, dict(options))
            except QueueFullError:
                waiting = [job for job in own if not job.done()]
                if waiting:
                    concurrent.futures.wait(waiting, 1, concurrent.futures.FIRST_COMPLETED)
                else:
                    time.sleep(0.01)

    async def _paint_when_free(self, content: Picture, style: Style, options: Any) -> Image:
        _check_many(options)
        while True:
            try:
                return await self.paint(content, style, **options)
            except QueueFullError:
                await asyncio.sleep(0.01)

    def warm_up(self, style: str | None = None, size: int = 0) -> None:
        """Loads the network of a style (None: all; "": the one for pictures) and runs it on an empty picture."""
        error = abi.Error()
        if not 0 <= size < 2**32:
            raise InvalidError(f"size is {size}, which is out of range")
        name = None if style is None else text("style", style)
        with self._context.borrow() as (lib, handle):
            check(lib.stylize_ctx_warm_up(handle, name, size, c.byref(error)), error)

    def video(
        self,
        frames: Iterable[Any],
        style: Styles,
        *,
        stability: float = 0.7,
        order: Literal["rgb", "bgr"] = "rgb",
        depth: int = 0,
        **options: Unpack[PaintOptions],
    ) -> Iterator[Any]:
        """Paints the frames of a moving picture, in order, so that strokes stand still where things do.

        frames: PyAV's, or any pictures of one size. Results are of the same kind, arrays for arrays; order "bgr": as
        OpenCV has its arrays. stability: 0, each frame for itself, to 1. style may be a function from the number of a
        frame to its style. depth: frames in work at most, of which the first result waits; 0: some. Frames are copied
        when they are read. Leaving the iteration early drops what is in work.
        """
        return paint_frames(self._context, frames, style, stability, order, depth, dict(options))

    # ------------------------------------------------------------ on many machines

    def tiling(self, content: Picture, style: Style, **options: Unpack[PaintOptions]) -> Tiling:
        """What other machines need to paint this picture tile by tile; see Tiling. Blocks for one thumbnail.

        The tiles are those that a call would paint within the same memory_budget.
        """
        values = dict(options)
        if any(values.pop(name, None) is not None for name in ("progress", "preview", "out")):
            raise TypeError("a tiling has no progress, preview and out")
        data, size, error = c.c_void_p(), c.c_size_t(), abi.Error()
        with self._context.borrow() as (lib, handle):
            request, keep = new_request(self._context, content, style, values)
            status = lib.stylize_tiling_create(handle, c.byref(request), c.byref(data), c.byref(size), c.byref(error))
            del keep
            check(status, error)
            try:
                return Tiling(c.string_at(data.value or 0, size.value))
            finally:
                lib.stylize_free(data)

    def paint_tile(self, tiling: Tiling, index: int, part: Picture, **options: Unpack[PaintOptions]) -> Image:
        """Paints one tile from its part of the content, `tiling[index].cut(content)`.

        Of the options strength, preserve_color, memory_budget, output_format, quality and the like apply;
        style and size are in the tiling.
        """
        return self._wait(self.submit_tile(tiling, index, part, **options))

    def submit_tile(self, tiling: Tiling, index: int, part: Picture, **options: Unpack[PaintOptions]) -> Job:
        """As paint_tile, but returns a future at once."""
        return submit(self._context, part, None, dict(options), tiling.buffer, index)

    # ------------------------------------------------------------ styles

    def styles(self, lang: str | None = None) -> list[StyleInfo]:
        """The styles, those of the library first. lang: of the display names, "en" or "zh"."""
        array, count, error = c.POINTER(abi.StyleInfo)(), c.c_size_t(), abi.Error()
        language = None if lang is None else text("lang", lang)
        with self._context.borrow() as (lib, handle):
            status = lib.stylize_style_list(handle, language, c.byref(array), c.byref(count), c.byref(error))
            check(status, error)
            try:
                return [_style_of(array[i]) for i in range(count.value)]
            finally:
                lib.stylize_free(array)

    def add_style(
        self,
        id: str,
        picture: Picture,
        *,
        display_name: str | None = None,
        artist: str | None = None,
        licence: str | None = None,
        year: int = 0,
    ) -> None:
        """Adds a style made from a picture, which is read once. It lives as long as the Stylizer."""
        info, error = _info_of(id=id, display_name=display_name, artist=artist, licence=licence, year=year), abi.Error()
        with self._context.borrow() as (lib, handle):
            taken = take(self._context, picture)
            check(lib.stylize_style_add(handle, c.byref(info), c.byref(taken.raw), c.byref(error)), error)

    def fit_style(
        self,
        id: str,
        picture: Picture,
        *,
        effort: "str | abi.Effort" = "fast",
        contents: "Iterable[str | os.PathLike[str]] | None" = None,
        display_name: str | None = None,
        artist: str | None = None,
        licence: str | None = None,
        year: int = 0,
        progress: Callable[[FitState], object] | None = None,
        style_scale: float = 1.0,
        time_budget_ms: int = 0,
        seed: int = 0,
        memory_budget: int = 0,
        code_steps: int = 0,
        network_steps: int = 0,
    ) -> Fitted:
        """Learns a style from an artwork and saves it in the style folder, from where every program loads it.

        effort: "fast" (seconds), "good" (minutes: a network of its own) or "best". contents: files and folders to
        practise on. progress: called on a thread of the library; False ends learning with what there is, an
        exception cancels it and comes out of this call. The others are members of stylize_fit in stylize.h.
        """
        info = _info_of(id=id, display_name=display_name, artist=artist, licence=licence, year=year)
        options = {
            "style_scale": style_scale,
            "time_budget_ms": time_budget_ms,
            "seed": seed,
            "memory_budget": memory_budget,
            "code_steps": code_steps,
            "network_steps": network_steps,
        }
        return fit_style(self._context, info, picture, contents, progress, effort, options)

    def delete_style(self, id: str) -> None:
        """Removes a style of one's own, with its folder; requests that already use it go on."""
        error = abi.Error()
        with self._context.borrow() as (lib, handle):
            check(lib.stylize_style_delete(handle, text("id", id), c.byref(error)), error)

    def remove_style(self, id: str) -> None:
        """Removes a style; requests that already use it go on."""
        error = abi.Error()
        with self._context.borrow() as (lib, handle):
            check(lib.stylize_style_remove(handle, text("id", id), c.byref(error)), error)

    # ------------------------------------------------------------ looking

    def info(self) -> dict[str, Any]:
        """Version, engines with their state, CPU features, formats, models."""
        return self._context.info()

    def stats(self) -> dict[str, int]:
        """The counters of stylize_stats."""
        stats = abi.Stats(struct_size=c.sizeof(abi.Stats))
        with self._context.borrow() as (lib, handle):
            check(lib.stylize_ctx_stats(handle, c.byref(stats)), abi.Error())
        return {name: getattr(stats, name) for name, *_ in stats._fields_[1:]}

    def bench(self, model: str = "brush", width: int = 512, height: int = 512, rounds: int = 5) -> dict[str, float]:
        """Measures the engine on this machine: min_ms, median_ms, gflop, peak_gflops, memory."""
        bench, error = abi.Bench(struct_size=c.sizeof(abi.Bench)), abi.Error()
        for name, value in {"model": model, "width": width, "height": height, "rounds": rounds}.items():
            assign(bench, name, value)
        with self._context.borrow() as (lib, handle):
            check(lib.stylize_ctx_bench(handle, c.byref(bench), c.byref(error)), error)
        return {name: getattr(bench, name) for name in ("min_ms", "median_ms", "gflop", "peak_gflops", "memory")}

    def probe(self, picture: Picture) -> ImageInfo:
        """Reads the header of an encoded picture."""
        taken = take(self._context, picture)
        info = self._context.probe(taken.raw)
        return ImageInfo(
            format=abi.Format(info.format).name.lower(),
            width=info.width,
            height=info.height,
            has_alpha=bool(info.has_alpha),
            orientation=info.orientation,
            has_icc=bool(info.has_icc),
        )

    def decode(self, picture: Picture) -> Image:
        """The pixels of an encoded picture: upright, sRGB, 8 bits (of a deep Stylizer 16, where the file has them)."""
        taken = take(self._context, picture)
        return self._context.decode(taken.raw)

    def image(self, picture: Picture) -> Image:
        """Any picture as an Image of its own memory: encoded ones as they are, pixels copied."""
        if isinstance(picture, (str, os.PathLike)):
            return self._context.load(picture)
        taken = take(self._context, picture)
        if taken.raw.format >= abi.Format.ENCODED:
            return self._context.decode(taken.raw)
        return self._context.resize(taken.raw, taken.raw.width, taken.raw.height)


async def _each(contents: "Iterable[Picture] | AsyncIterable[Picture]") -> AsyncIterator[Picture]:
    if isinstance(contents, AsyncIterable):
        async for content in contents:
            yield content
    else:
        for one in contents:
            yield one


def _style_of(raw: abi.StyleInfo) -> StyleInfo:
    values = {name: getattr(raw, name) for name, *_ in raw._fields_}
    values = {name: v.decode("utf-8", "replace") if isinstance(v, bytes) else v for name, v in values.items()}
    values["added"], values["blendable"] = bool(values["added"]), bool(values["blendable"])
    return StyleInfo(**values)
