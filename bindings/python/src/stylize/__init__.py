"""Repaints photographs in the style of artworks, with the C library libstylize.

    from stylize import Stylizer

    stylizer = Stylizer()
    stylizer("photo.jpg", style="starry_night").save("painted.jpg")
"""

from ._abi import Effort, Format, LogLevel, Method, Optimizer, Precision, Status
from ._content import Picture, Style, Target
from ._dlpack import SupportsDLPack
from ._errors import (
    CancelledError,
    ClosedError,
    DeadlineError,
    EngineError,
    ExistsError,
    FileError,
    ForkError,
    FormatError,
    InvalidError,
    LibraryError,
    LimitError,
    ModelError,
    NotFoundError,
    OutOfMemoryError,
    QueueFullError,
    StylizeError,
    TransferError,
    UnsupportedError,
)
from ._fit import FitState, Fitted
from ._image import Image, Report
from ._job import Job, PaintOptions
from ._library import library_path, version
from ._stylizer import ImageInfo, Painted, StyleInfo, Stylizer
from ._tiling import Tile, Tiling

__all__ = [
    "CancelledError",
    "ClosedError",
    "DeadlineError",
    "Effort",
    "EngineError",
    "ExistsError",
    "FileError",
    "FitState",
    "Fitted",
    "ForkError",
    "Format",
    "FormatError",
    "Image",
    "ImageInfo",
    "InvalidError",
    "Job",
    "LibraryError",
    "LimitError",
    "LogLevel",
    "Method",
    "ModelError",
    "NotFoundError",
    "Optimizer",
    "OutOfMemoryError",
    "PaintOptions",
    "Painted",
    "Picture",
    "Precision",
    "QueueFullError",
    "Report",
    "Status",
    "Style",
    "StyleInfo",
    "Stylizer",
    "StylizeError",
    "SupportsDLPack",
    "Target",
    "Tile",
    "Tiling",
    "TransferError",
    "UnsupportedError",
    "library_path",
    "version",
]

# Errors travel by name between the processes of Celery and others: the public one.
for _name in __all__:
    _kind = globals()[_name]
    if isinstance(_kind, type) and issubclass(_kind, (StylizeError, LibraryError)):
        _kind.__module__ = __name__
