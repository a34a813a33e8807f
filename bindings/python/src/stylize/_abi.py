"""The binary interface of libstylize, made by generate.py from the headers: do not edit."""

import ctypes as c
import enum
from typing import Any

VERSION_MAJOR = 0
VERSION_MINOR = 1
VERSION_PATCH = 0
ABI_VERSION = 0
STRENGTH_AUTO = -1.0


class Status(enum.IntEnum):
    OK = 0
    INVALID = 1
    NOMEM = 2
    IO = 3
    FORMAT = 4
    LIMIT = 5
    NOT_FOUND = 6
    EXISTS = 7
    MODEL = 8
    UNSUPPORTED = 9
    ENGINE = 10
    QUEUE_FULL = 11
    CANCELLED = 12
    DEADLINE = 13


class Format(enum.IntEnum):
    NONE = 0
    RGB8 = 1
    RGBA8 = 2
    GRAY8 = 3
    RGB16 = 4
    RGBA16 = 5
    ENCODED = 16
    JPEG = 17
    PNG = 18
    WEBP = 19
    TIFF = 20
    GIF = 21
    BMP = 22
    AVIF = 23
    HEIC = 24
    JXL = 25


class Memory(enum.IntEnum):
    HOST = 0
    CUDA = 1


class LogLevel(enum.IntEnum):
    ERROR = 1
    WARNING = 2
    INFO = 3
    DEBUG = 4


class Precision(enum.IntEnum):
    FP32 = 0
    FP16 = 1
    INT8 = 2
    TF32 = 3


class DestroyMode(enum.IntEnum):
    DRAIN = 0
    CANCEL = 1


class Method(enum.IntEnum):
    AUTO = 0
    FAST = 1
    ANY = 2
    OPTIMIZE = 3


class Optimizer(enum.IntEnum):
    LBFGS = 0
    ADAM = 1


class Metadata(enum.IntEnum):
    NONE = 0
    COPYRIGHT = 1
    EXIF = 2
    ICC = 4
    PLACE = 8
    ALL = 15


class Effort(enum.IntEnum):
    FAST = 0
    GOOD = 1
    BEST = 2


class FitAnswer(enum.IntEnum):
    GO_ON = 0
    KEEP = 1
    CANCEL = 2


class FrameFormat(enum.IntEnum):
    RGB8 = 1
    RGBA8 = 2
    BGR8 = 3
    BGRA8 = 4
    YUV420 = 16


class FrameMatrix(enum.IntEnum):
    AUTO = 0
    BT601 = 1
    BT709 = 2


class FrameRange(enum.IntEnum):
    LIMITED = 0
    FULL = 1


class Error(c.Structure):
    _fields_ = [
        ("status", c.c_int),
        ("message", c.c_char * 256),
    ]


class Image(c.Structure):
    _fields_ = [
        ("pixels", c.c_void_p),
        ("size", c.c_size_t),
        ("stride", c.c_ssize_t),
        ("width", c.c_uint32),
        ("height", c.c_uint32),
        ("format", c.c_int),
        ("memory", c.c_uint32),
        ("device", c.c_int32),
        ("stream", c.c_void_p),
        ("owner", c.c_void_p),
        ("reserved", c.c_void_p * 2),
    ]


class ImageInfo(c.Structure):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("format", c.c_int),
        ("width", c.c_uint32),
        ("height", c.c_uint32),
        ("has_alpha", c.c_uint32),
        ("orientation", c.c_uint32),
        ("has_icc", c.c_uint32),
    ]


LogFn = c.CFUNCTYPE(None, c.c_void_p, c.c_int, c.c_char_p)


class Options(c.Structure):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("engine", c.c_char_p),
        ("device", c.c_char_p),
        ("model_dir", c.c_char_p),
        ("threads", c.c_uint32),
        ("queue_length", c.c_uint32),
        ("batch_threshold", c.c_uint32),
        ("batch_max", c.c_uint32),
        ("max_input_bytes", c.c_uint64),
        ("max_pixels", c.c_uint64),
        ("max_side", c.c_uint32),
        ("max_scans", c.c_uint32),
        ("memory_budget", c.c_uint64),
        ("pool_keep", c.c_uint64),
        ("code_cache", c.c_uint32),
        ("precision", c.c_int),
        ("log", LogFn),
        ("log_user", c.c_void_p),
        ("log_level", c.c_int),
        ("reserved", c.c_uint32),
        ("tolerant", c.c_uint32),
        ("deep", c.c_uint32),
        ("formats", c.c_char_p),
        ("style_dir", c.c_char_p),
    ]


class Stats(c.Structure):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("submitted", c.c_uint64),
        ("completed", c.c_uint64),
        ("failed", c.c_uint64),
        ("cancelled", c.c_uint64),
        ("expired", c.c_uint64),
        ("rejected", c.c_uint64),
        ("waiting", c.c_uint64),
        ("running", c.c_uint64),
        ("batches", c.c_uint64),
        ("batch_images", c.c_uint64),
        ("tiles", c.c_uint64),
        ("queue_ns", c.c_uint64),
        ("prepare_ns", c.c_uint64),
        ("engine_ns", c.c_uint64),
        ("finish_ns", c.c_uint64),
        ("code_hits", c.c_uint64),
        ("code_misses", c.c_uint64),
        ("pool_bytes", c.c_uint64),
        ("pool_peak", c.c_uint64),
        ("pool_allocs", c.c_uint64),
        ("pool_reuses", c.c_uint64),
        ("device_images", c.c_uint64),
        ("device_bytes", c.c_uint64),
        ("device_peak", c.c_uint64),
        ("device_allocs", c.c_uint64),
        ("device_reuses", c.c_uint64),
        ("device_trims", c.c_uint64),
        ("device_splits", c.c_uint64),
        ("device_graphs", c.c_uint64),
        ("device_replays", c.c_uint64),
    ]


class StyleRef(c.Structure):
    _fields_ = [
        ("id", c.c_char_p),
        ("picture", c.POINTER(Image)),
        ("weight", c.c_float),
    ]


ProgressFn = c.CFUNCTYPE(c.c_int, c.c_void_p, c.c_float)


PreviewFn = c.CFUNCTYPE(c.c_int, c.c_void_p, c.POINTER(Image))


class Report(c.Structure):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("engine", c.c_char * 16),
        ("model", c.c_char * 64),
        ("tiles", c.c_uint32),
        ("batch_size", c.c_uint32),
        ("code_cached", c.c_uint32),
        ("queue_ns", c.c_uint64),
        ("prepare_ns", c.c_uint64),
        ("engine_ns", c.c_uint64),
        ("finish_ns", c.c_uint64),
        ("strength", c.c_float),
        ("iterations", c.c_uint32),
        ("ended_early", c.c_uint32),
        ("reserved", c.c_uint32),
        ("damaged", c.c_uint32),
        ("reserved2", c.c_uint32),
    ]


class Request(c.Structure):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("content", c.POINTER(Image)),
        ("styles", c.POINTER(StyleRef)),
        ("style_count", c.c_size_t),
        ("method", c.c_int),
        ("output_size", c.c_uint32),
        ("output_width", c.c_uint32),
        ("output_height", c.c_uint32),
        ("strength", c.c_float),
        ("preserve_color", c.c_float),
        ("seed", c.c_uint64),
        ("iterations", c.c_uint32),
        ("memory_budget", c.c_uint64),
        ("deadline_ms", c.c_uint32),
        ("output_format", c.c_int),
        ("quality", c.c_int),
        ("progress", ProgressFn),
        ("progress_user", c.c_void_p),
        ("report", c.POINTER(Report)),
        ("tiling", c.c_void_p),
        ("tiling_size", c.c_size_t),
        ("tile", c.c_uint32),
        ("reserved", c.c_uint32),
        ("preview", PreviewFn),
        ("preview_user", c.c_void_p),
        ("time_budget_ms", c.c_uint32),
        ("optimizer", c.c_int),
        ("target", c.POINTER(Image)),
        ("style_scale", c.c_float),
        ("reserved2", c.c_uint32),
        ("masks", c.POINTER(c.POINTER(Image))),
        ("tolerant", c.c_uint32),
        ("keep_metadata", c.c_uint32),
        ("output_depth", c.c_uint32),
        ("look", c.c_uint32),
        ("style_masks", c.POINTER(c.POINTER(Image))),
    ]


class Tile(c.Structure):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("count", c.c_uint32),
        ("canvas_width", c.c_uint32),
        ("canvas_height", c.c_uint32),
        ("x", c.c_uint32),
        ("y", c.c_uint32),
        ("width", c.c_uint32),
        ("height", c.c_uint32),
        ("from_x", c.c_uint32),
        ("from_y", c.c_uint32),
        ("from_width", c.c_uint32),
        ("from_height", c.c_uint32),
        ("reserved", c.c_uint32),
    ]


DoneFn = c.CFUNCTYPE(None, c.c_void_p, c.c_uint64, c.c_int, c.POINTER(Image), c.POINTER(Error))


class StyleInfo(c.Structure):
    _fields_ = [
        ("id", c.c_char_p),
        ("display_name", c.c_char_p),
        ("artist", c.c_char_p),
        ("licence", c.c_char_p),
        ("model", c.c_char_p),
        ("preview_image", c.c_char_p),
        ("year", c.c_int32),
        ("recommended_size", c.c_uint32),
        ("added", c.c_uint32),
        ("blendable", c.c_uint32),
    ]


class FitState(c.Structure):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("done", c.c_float),
        ("network", c.c_uint32),
        ("steps", c.c_uint32),
        ("loss", c.c_float),
        ("reserved", c.c_uint32),
        ("picture", c.POINTER(Image)),
    ]


FitFn = c.CFUNCTYPE(c.c_int, c.c_void_p, c.POINTER(FitState))


class Fit(c.Structure):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("info", c.POINTER(StyleInfo)),
        ("picture", c.POINTER(Image)),
        ("effort", c.c_int),
        ("reserved", c.c_uint32),
        ("contents", c.POINTER(c.c_void_p)),
        ("content_count", c.c_size_t),
        ("style_scale", c.c_float),
        ("code_steps", c.c_uint32),
        ("network_steps", c.c_uint32),
        ("time_budget_ms", c.c_uint32),
        ("seed", c.c_uint64),
        ("memory_budget", c.c_uint64),
        ("progress", FitFn),
        ("progress_user", c.c_void_p),
        ("code_made", c.c_uint32),
        ("network_made", c.c_uint32),
        ("loss", c.c_float),
        ("ended_early", c.c_uint32),
    ]


class Bench(c.Structure):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("model", c.c_char_p),
        ("width", c.c_uint32),
        ("height", c.c_uint32),
        ("rounds", c.c_uint32),
        ("min_ms", c.c_double),
        ("median_ms", c.c_double),
        ("gflop", c.c_double),
        ("peak_gflops", c.c_double),
        ("memory", c.c_uint64),
    ]


class Frame(c.Structure):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("planes", c.c_void_p * 3),
        ("strides", c.c_ssize_t * 3),
        ("width", c.c_uint32),
        ("height", c.c_uint32),
        ("format", c.c_int),
        ("matrix", c.c_int),
        ("range", c.c_int),
        ("scene", c.c_uint32),
        ("kept", c.c_float),
        ("reserved", c.c_uint32),
        ("tag", c.c_int64),
    ]


class SequenceOptions(c.Structure):
    _fields_ = [
        ("struct_size", c.c_size_t),
        ("request", c.POINTER(Request)),
        ("stability", c.c_float),
        ("depth", c.c_uint32),
    ]


STRUCTURES: dict[str, type[c.Structure]] = {
    "stylize_error": Error,
    "stylize_image": Image,
    "stylize_image_info": ImageInfo,
    "stylize_options": Options,
    "stylize_stats": Stats,
    "stylize_style_ref": StyleRef,
    "stylize_report": Report,
    "stylize_request": Request,
    "stylize_tile": Tile,
    "stylize_style_info": StyleInfo,
    "stylize_fit_state": FitState,
    "stylize_fit": Fit,
    "stylize_bench": Bench,
    "stylize_frame": Frame,
    "stylize_sequence_options": SequenceOptions,
}

FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {
    "stylize_version": (
        c.c_char_p,
        [],
    ),
    "stylize_status_str": (
        c.c_char_p,
        [c.c_int],
    ),
    "stylize_free": (
        None,
        [c.c_void_p],
    ),
    "stylize_options_init": (
        c.c_int,
        [c.POINTER(Options), c.c_size_t],
    ),
    "stylize_ctx_create": (
        c.c_int,
        [c.POINTER(c.c_void_p), c.POINTER(Options), c.POINTER(Error)],
    ),
    "stylize_ctx_destroy": (
        None,
        [c.c_void_p, c.c_int],
    ),
    "stylize_ctx_run": (
        c.c_int,
        [c.c_void_p, c.POINTER(Request), c.POINTER(Image), c.POINTER(Error)],
    ),
    "stylize_ctx_submit": (
        c.c_int,
        [c.c_void_p, c.POINTER(Request), DoneFn, c.c_void_p, c.POINTER(c.c_uint64), c.POINTER(Error)],
    ),
    "stylize_ctx_cancel": (
        c.c_int,
        [c.c_void_p, c.c_uint64],
    ),
    "stylize_ctx_warm_up": (
        c.c_int,
        [c.c_void_p, c.c_char_p, c.c_uint32, c.POINTER(Error)],
    ),
    "stylize_ctx_stats": (
        c.c_int,
        [c.c_void_p, c.POINTER(Stats)],
    ),
    "stylize_ctx_info": (
        c.c_int,
        [c.c_void_p, c.POINTER(c.c_void_p), c.POINTER(Error)],
    ),
    "stylize_ctx_bench": (
        c.c_int,
        [c.c_void_p, c.POINTER(Bench), c.POINTER(Error)],
    ),
    "stylize_style_list": (
        c.c_int,
        [c.c_void_p, c.c_char_p, c.POINTER(c.POINTER(StyleInfo)), c.POINTER(c.c_size_t), c.POINTER(Error)],
    ),
    "stylize_style_add": (
        c.c_int,
        [c.c_void_p, c.POINTER(StyleInfo), c.POINTER(Image), c.POINTER(Error)],
    ),
    "stylize_fit_init": (
        c.c_int,
        [c.POINTER(Fit), c.c_size_t],
    ),
    "stylize_style_fit": (
        c.c_int,
        [c.c_void_p, c.POINTER(Fit), c.POINTER(Error)],
    ),
    "stylize_style_delete": (
        c.c_int,
        [c.c_void_p, c.c_char_p, c.POINTER(Error)],
    ),
    "stylize_style_remove": (
        c.c_int,
        [c.c_void_p, c.c_char_p, c.POINTER(Error)],
    ),
    "stylize_image_load": (
        c.c_int,
        [c.c_void_p, c.c_char_p, c.POINTER(Image), c.POINTER(Error)],
    ),
    "stylize_image_probe": (
        c.c_int,
        [c.c_void_p, c.POINTER(Image), c.POINTER(ImageInfo), c.POINTER(Error)],
    ),
    "stylize_image_decode": (
        c.c_int,
        [c.c_void_p, c.POINTER(Image), c.POINTER(Image), c.POINTER(Error)],
    ),
    "stylize_image_resize": (
        c.c_int,
        [c.c_void_p, c.POINTER(Image), c.c_uint32, c.c_uint32, c.POINTER(Image), c.POINTER(Error)],
    ),
    "stylize_image_encode": (
        c.c_int,
        [c.c_void_p, c.POINTER(Image), c.c_int, c.c_int, c.POINTER(Image), c.POINTER(Error)],
    ),
    "stylize_image_save": (
        c.c_int,
        [c.c_void_p, c.POINTER(Image), c.c_char_p, c.c_int, c.POINTER(Error)],
    ),
    "stylize_image_free": (
        None,
        [c.POINTER(Image)],
    ),
    "stylize_tiling_create": (
        c.c_int,
        [c.c_void_p, c.POINTER(Request), c.POINTER(c.c_void_p), c.POINTER(c.c_size_t), c.POINTER(Error)],
    ),
    "stylize_tiling_get": (
        c.c_int,
        [c.c_void_p, c.c_size_t, c.c_uint32, c.POINTER(Tile), c.POINTER(Error)],
    ),
    "stylize_request_init": (
        c.c_int,
        [c.POINTER(Request), c.c_size_t],
    ),
    "stylize_sequence_init": (
        c.c_int,
        [c.POINTER(SequenceOptions), c.c_size_t],
    ),
    "stylize_sequence_create": (
        c.c_int,
        [c.POINTER(c.c_void_p), c.c_void_p, c.POINTER(SequenceOptions), c.POINTER(Error)],
    ),
    "stylize_sequence_push": (
        c.c_int,
        [c.c_void_p, c.POINTER(Frame), c.POINTER(Request), c.POINTER(Error)],
    ),
    "stylize_sequence_pull": (
        c.c_int,
        [c.c_void_p, c.POINTER(Frame), c.POINTER(Error)],
    ),
    "stylize_sequence_cancel": (
        None,
        [c.c_void_p],
    ),
    "stylize_sequence_reset": (
        c.c_int,
        [c.c_void_p, c.POINTER(Error)],
    ),
    "stylize_sequence_destroy": (
        None,
        [c.c_void_p],
    ),
}
