"""Finds the C library and declares its functions."""

import ctypes
import functools
import os
import pathlib
import sys

from . import _abi as abi
from ._errors import LibraryError, error_of

_HERE = pathlib.Path(__file__).resolve().parent
_MODELS = _HERE / "models"


def _names(platform: str) -> tuple[str, str]:
    """The library's file inside the package, and the name that a system's loader knows an installed one by."""
    if platform == "win32":
        return "libstylize.dll", "libstylize.dll"
    if platform == "darwin":
        return "libstylize.dylib", f"libstylize.{abi.ABI_VERSION}.dylib"
    return "libstylize.so", f"libstylize.so.{abi.ABI_VERSION}"


def _load() -> ctypes.CDLL:
    """STYLIZE_LIBRARY, then the library inside the package, then the system's."""
    asked = os.environ.get("STYLIZE_LIBRARY")
    file, installed = _names(sys.platform)
    bundled = _HERE / "lib" / file
    name = asked or (str(bundled) if bundled.exists() else installed)
    try:
        return ctypes.CDLL(name)
    except OSError as e:
        hint = "the variable STYLIZE_LIBRARY names it" if asked else f"set STYLIZE_LIBRARY to the path of {file}"
        raise LibraryError(f"the library was not loaded ({e}); {hint}") from None


@functools.lru_cache(maxsize=None)
def library() -> ctypes.CDLL:
    """The library, loaded at the first call."""
    lib = _load()
    for name, (result, parameters) in abi.FUNCTIONS.items():
        try:
            function = getattr(lib, name)
        except AttributeError:
            raise LibraryError(f"the library is too old for this package: it has no {name}") from None
        function.restype, function.argtypes = result, parameters
    for init, kind in ((lib.stylize_options_init, abi.Options), (lib.stylize_request_init, abi.Request)):
        if init(ctypes.byref(kind()), ctypes.sizeof(kind)) != abi.Status.OK:
            raise LibraryError(f"the library {lib.stylize_version().decode()} is too old for this package")
    return lib


def bundled_models() -> str | None:
    """The models that came with the package; None where the library should look for its own."""
    if os.environ.get("STYLIZE_LIBRARY") or os.environ.get("STYLIZE_MODELS") or not _MODELS.is_dir():
        return None
    return str(_MODELS)


def library_path() -> str:
    """Path or name that the library was loaded by."""
    return library()._name


def version() -> str:
    """Version of the library, "0.1.0"."""
    text: bytes = library().stylize_version()
    return text.decode()


def check(status: int, error: abi.Error) -> None:
    """Raises what a function of the library returned, unless it is STYLIZE_OK."""
    if status != abi.Status.OK:
        raise error_of(status, error.message)
