"""The few calls of libstylize that the benchmark needs, by ctypes; the structures are those of stylize.h."""

import ctypes as c
import pathlib

import numpy as np

RGB8, METHOD_FAST, METHOD_ANY = 1, 1, 2


class Error(c.Structure):
    _fields_ = [("status", c.c_int), ("message", c.c_char * 256)]


class Image(c.Structure):
    _fields_ = [("pixels", c.c_void_p), ("size", c.c_size_t), ("stride", c.c_ssize_t), ("width", c.c_uint32),
                ("height", c.c_uint32), ("format", c.c_int), ("memory", c.c_uint32), ("device", c.c_int32),
                ("stream", c.c_void_p), ("owner", c.c_void_p), ("reserved", c.c_void_p * 2)]


class Options(c.Structure):  # the members that are set here; the library fills the rest
    _fields_ = [("struct_size", c.c_size_t), ("engine", c.c_char_p), ("device", c.c_char_p),
                ("model_dir", c.c_char_p), ("threads", c.c_uint32), ("queue_length", c.c_uint32),
                ("batch_threshold", c.c_uint32), ("batch_max", c.c_uint32), ("max_input_bytes", c.c_uint64),
                ("max_pixels", c.c_uint64), ("max_side", c.c_uint32), ("max_scans", c.c_uint32),
                ("memory_budget", c.c_uint64), ("pool_keep", c.c_uint64), ("code_cache", c.c_uint32),
                ("precision", c.c_int), ("log", c.c_void_p), ("log_user", c.c_void_p), ("log_level", c.c_int)]


class StyleRef(c.Structure):
    _fields_ = [("id", c.c_char_p), ("picture", c.c_void_p), ("weight", c.c_float)]


class Request(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("content", c.POINTER(Image)), ("styles", c.POINTER(StyleRef)),
                ("style_count", c.c_size_t), ("method", c.c_int), ("output_size", c.c_uint32),
                ("output_width", c.c_uint32), ("output_height", c.c_uint32), ("strength", c.c_float),
                ("preserve_color", c.c_float), ("seed", c.c_uint64), ("iterations", c.c_uint32),
                ("memory_budget", c.c_uint64), ("deadline_ms", c.c_uint32), ("output_format", c.c_int),
                ("quality", c.c_int), ("progress", c.c_void_p), ("progress_user", c.c_void_p),
                ("report", c.c_void_p)]


class Bench(c.Structure):
    _fields_ = [("struct_size", c.c_size_t), ("model", c.c_char_p), ("width", c.c_uint32),
                ("height", c.c_uint32), ("rounds", c.c_uint32), ("min_ms", c.c_double),
                ("median_ms", c.c_double), ("gflop", c.c_double), ("peak_gflops", c.c_double),
                ("memory", c.c_uint64)]


class Context:
    def __init__(self, library: pathlib.Path, models: pathlib.Path, threads: int):
        self.lib = c.CDLL(str(library))
        self.lib.stylize_version.restype = c.c_char_p
        self.lib.stylize_ctx_info.argtypes = [c.c_void_p, c.POINTER(c.c_char_p), c.POINTER(Error)]
        for name in ("run", "bench"):
            getattr(self.lib, "stylize_ctx_" + name).argtypes = (
                [c.c_void_p] + [c.c_void_p] * (3 if name == "run" else 2))
        self.ctx = c.c_void_p()
        options, err = Options(), Error()
        self.check(self.lib.stylize_options_init(c.byref(options), c.c_size_t(c.sizeof(options))), err)
        options.engine, options.device, options.threads = b"native", b"cpu", threads
        options.model_dir = str(models).encode()
        options.memory_budget = 8 << 30  # no tiles
        self.check(self.lib.stylize_ctx_create(c.byref(self.ctx), c.byref(options), c.byref(err)), err)

    @staticmethod
    def check(status: int, err: Error) -> None:
        if status:
            raise RuntimeError(f"status {status}: {err.message.decode(errors='replace')}")

    def version(self) -> str:
        return self.lib.stylize_version().decode()

    def info(self) -> str:
        """JSON; the copy that the library made is left to the end of the process."""
        text, err = c.c_char_p(), Error()
        self.check(self.lib.stylize_ctx_info(self.ctx, c.byref(text), c.byref(err)), err)
        return text.value.decode()

    def bench(self, model: str, width: int, height: int, rounds: int) -> Bench:
        b, err = Bench(), Error()
        b.struct_size, b.model, b.width, b.height, b.rounds = c.sizeof(b), model.encode(), width, height, rounds
        self.check(self.lib.stylize_ctx_bench(self.ctx, c.byref(b), c.byref(err)), err)
        return b

    def prepare(self, picture: np.ndarray, style: str, method: int):
        """A function that paints the picture ([H, W, 3], uint8) each time and returns the painting."""
        height, width, _ = picture.shape
        result = np.empty_like(picture)
        content, out, err = Image(), Image(), Error()
        request, ref = Request(), StyleRef(style.encode(), None, 1.0)
        self.check(self.lib.stylize_request_init(c.byref(request), c.c_size_t(c.sizeof(request))), err)
        for image, pixels in ((content, picture), (out, result)):
            image.pixels, image.width, image.height = pixels.ctypes.data, width, height
            image.stride, image.format = pixels.strides[0], RGB8
        request.content, request.styles = c.pointer(content), c.pointer(ref)
        request.style_count, request.method = 1, method

        def paint() -> np.ndarray:
            status = self.lib.stylize_ctx_run(self.ctx, c.byref(request), c.byref(out), c.byref(err))
            self.check(status, err)
            return result

        paint.keep = (picture, content, ref)
        return paint
