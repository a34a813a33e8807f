"""One exception for each status of the library."""

import concurrent.futures
from typing import ClassVar

from . import _abi as abi


class StylizeError(Exception):
    """Base of all errors of the library; `status` is its number in the C interface."""

    status: ClassVar[abi.Status]


class InvalidError(StylizeError, ValueError):
    """An argument is out of its range, or missing."""

    status = abi.Status.INVALID


class OutOfMemoryError(StylizeError, MemoryError):
    """Memory could not be had."""

    status = abi.Status.NOMEM


class FileError(StylizeError, OSError):
    """A file could not be read or written."""

    status = abi.Status.IO


class FormatError(StylizeError, ValueError):
    """Not a picture of a known format, or a damaged one."""

    status = abi.Status.FORMAT


class LimitError(StylizeError, ValueError):
    """A picture is above a limit of the options."""

    status = abi.Status.LIMIT


class NotFoundError(StylizeError, LookupError):
    """No such style, model or request."""

    status = abi.Status.NOT_FOUND


class ExistsError(StylizeError, ValueError):
    """A style of that id is already there."""

    status = abi.Status.EXISTS


class ModelError(StylizeError):
    """A model or style file is damaged or does not fit."""

    status = abi.Status.MODEL


class UnsupportedError(StylizeError, NotImplementedError):
    """This engine, method or build does not have it."""

    status = abi.Status.UNSUPPORTED


class EngineError(StylizeError, RuntimeError):
    """The engine failed while running."""

    status = abi.Status.ENGINE


class QueueFullError(StylizeError):
    """Too many requests wait: try again later."""

    status = abi.Status.QUEUE_FULL


class CancelledError(StylizeError, concurrent.futures.CancelledError):
    """The request was cancelled, by the caller or because its Stylizer was closed."""

    status = abi.Status.CANCELLED


class DeadlineError(StylizeError, TimeoutError):
    """The request's deadline passed first."""

    status = abi.Status.DEADLINE


class ClosedError(InvalidError):
    """The Stylizer was closed before."""


class ForkError(InvalidError):
    """The Stylizer belongs to the parent process: its threads are not in this one."""


class TransferError(FileError):
    """A picture could not be fetched or stored; it may work later. Raised by the Celery tasks only."""


class LibraryError(ImportError):
    """The C library was not found, or is too old for this package."""


_BY_STATUS: dict[int, type[StylizeError]] = {
    kind.status: kind
    for kind in (
        InvalidError,
        OutOfMemoryError,
        FileError,
        FormatError,
        LimitError,
        NotFoundError,
        ExistsError,
        ModelError,
        UnsupportedError,
        EngineError,
        QueueFullError,
        CancelledError,
        DeadlineError,
    )
}


# What the library's messages call by the names of C.
_WORDS = (("STYLIZE_STRENGTH_AUTO", '"auto"'), ("masks NULL", "masks None"),
          ("reset the sequence to change the size", "one video has one size"))


def error_of(status: int, message: bytes) -> StylizeError:
    """The exception for a status; one that this package does not know is a StylizeError."""
    text = message.decode("utf-8", "replace") or f"status {status}"
    for theirs, ours in _WORDS:
        text = text.replace(theirs, ours)
    return _BY_STATUS.get(status, StylizeError)(text)
