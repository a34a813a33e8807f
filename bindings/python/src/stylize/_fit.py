"""Styles of one's own, learnt from an artwork."""

import ctypes as c
import os
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from . import _abi as abi
from ._content import Picture, take
from ._context import Context, assign, callback
from ._errors import InvalidError
from ._library import check


@dataclass(frozen=True)
class FitState:
    """How it stands with a style that is being learnt."""

    done: float
    """0 to 1, rising."""
    network: bool
    """Its own network is being trained; before that, its code is fitted."""
    steps: int
    """Made in this part."""
    loss: float
    """1: that of the nearest style of the library, with which it began."""
    picture: memoryview | None
    """A picture that is practised on as it is painted now, [height, width, 3] of bytes; None: as before."""


@dataclass(frozen=True)
class Fitted:
    """What came of it."""

    code_steps: int
    network_steps: int
    loss: float
    """In the end, as in FitState."""
    ended_early: bool
    """The time budget, or False from `progress`, ended it while it was still getting better."""


def _state_of(raw: Any) -> FitState:
    picture = None
    if raw.picture:
        image = raw.picture.contents
        rows = b"".join(c.string_at(image.pixels + y * image.stride, image.width * 3) for y in range(image.height))
        picture = memoryview(rows).cast("B", (image.height, image.width, 3))
    return FitState(raw.done, bool(raw.network), raw.steps, raw.loss, picture)


def fit_style(
    context: Context,
    info: abi.StyleInfo,
    picture: Picture,
    contents: "Iterable[str | os.PathLike[str]] | None",
    progress: Callable[[FitState], object] | None,
    effort: "str | abi.Effort",
    options: dict[str, Any],
) -> Fitted:
    """Blocks; other threads of Python run meanwhile."""
    raised: list[BaseException] = []

    def on_progress(_user: int | None, state: Any) -> int:
        with callback():
            try:
                kept = progress is not None and progress(_state_of(state.contents)) is False
                return int(abi.FitAnswer.KEEP if kept else abi.FitAnswer.GO_ON)
            except BaseException as e:
                raised.append(e)
                return int(abi.FitAnswer.CANCEL)

    if isinstance(effort, str):
        if effort.upper() not in abi.Effort.__members__:
            raise InvalidError(f'effort "{effort}" is not known; {", ".join(abi.Effort.__members__).lower()} are')
        effort = abi.Effort[effort.upper()]
    fit, error = abi.Fit(), abi.Error()
    with context.borrow() as (lib, handle):
        check(lib.stylize_fit_init(c.byref(fit), c.sizeof(fit)), error)
        for name, value in options.items():
            assign(fit, name, value)
        taken = take(context, picture)
        fit.info, fit.picture, fit.effort = c.pointer(info), c.pointer(taken.raw), effort
        names = [os.fsencode(path) for path in contents or ()]
        if names:
            array = (c.c_char_p * len(names))(*names)
            fit.contents, fit.content_count = c.cast(array, c.POINTER(c.c_void_p)), len(names)
        if progress is not None:
            fit.progress = abi.FitFn(on_progress)
        status = lib.stylize_style_fit(handle, c.byref(fit), c.byref(error))
    if raised:
        raise raised[0]
    check(status, error)
    return Fitted(fit.code_made, fit.network_made, fit.loss, bool(fit.ended_early))
