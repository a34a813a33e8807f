"""Picture files as the library reads them: upright, sRGB, 8 bits a channel, laid on white where they are transparent. So
what is trained with is what the trained network will be given."""

import importlib
import os
import pathlib
import sys

import numpy as np

from .paths import MODELS, ROOT, InputError, PictureError

LARGEST = {"max_pixels": 400_000_000, "max_side": 65_500, "max_input_bytes": 1 << 30}
readers: dict = {}  # by process: the library's threads do not come along in a fork


def library():
    """The Python package of the library: the one that is installed, else that of the clone over what was built there."""
    try:
        return importlib.import_module("stylize")
    except ModuleNotFoundError:
        built = ROOT / "build" / "release" / "lib" / "libstylize.so"
        if "STYLIZE_LIBRARY" not in os.environ and built.exists():
            os.environ["STYLIZE_LIBRARY"] = str(built)
        sys.path.append(str(ROOT / "bindings" / "python" / "src"))
    try:
        return importlib.import_module("stylize")
    except ModuleNotFoundError as e:
        raise InputError("pictures are read by the Python package stylize: install it, or run this in a clone of the project") from e


def reader():
    if os.getpid() not in readers:
        stylize = library()
        try:
            readers[os.getpid()] = stylize.Stylizer(engine="native", model_dir=MODELS, style_dir="", threads=1, **LARGEST)
        except (stylize.LibraryError, stylize.StylizeError) as e:
            raise InputError(f"pictures are read by the library libstylize, which cannot be used: {e}; "
                             "build it with make, or name it with STYLIZE_LIBRARY") from e
    return readers[os.getpid()]


def read(path: pathlib.Path | str) -> np.ndarray:
    """[height, width, 3] of uint8."""
    stylizer = reader()
    if not pathlib.Path(path).exists():
        raise PictureError(f"{path}: no such file")
    try:
        pixels = stylizer.decode(pathlib.Path(path)).numpy()
    except (library().StylizeError, OSError) as e:
        raise PictureError(f"{path}: not a picture that can be read: {e}") from e
    return on_white(pixels.reshape(*pixels.shape[:2], -1))


def on_white(pixels: np.ndarray) -> np.ndarray:
    """Of grey, RGB or RGBA."""
    if pixels.shape[2] == 4:
        rgb, alpha = pixels[:, :, :3].astype(np.uint16), pixels[:, :, 3:].astype(np.uint16)
        return ((rgb * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8)
    return np.array(np.broadcast_to(pixels, (*pixels.shape[:2], 3)))
