"""Addresses of Python's buffers, also of read-only ones, without copying them."""

import ctypes as c
from typing import Any


class _PyBuffer(c.Structure):
    # Py_buffer, part of the stable interface since Python 3.11.
    _fields_ = [
        ("buf", c.c_void_p),
        ("obj", c.py_object),
        ("len", c.c_ssize_t),
        ("itemsize", c.c_ssize_t),
        ("readonly", c.c_int),
        ("ndim", c.c_int),
        ("format", c.c_char_p),
        ("shape", c.POINTER(c.c_ssize_t)),
        ("strides", c.POINTER(c.c_ssize_t)),
        ("suboffsets", c.POINTER(c.c_ssize_t)),
        ("internal", c.c_void_p),
    ]


_STRIDES, _WRITABLE = 0x18, 0x1  # PyBUF_STRIDES, PyBUF_WRITABLE

_get = c.pythonapi.PyObject_GetBuffer
_get.argtypes, _get.restype = [c.py_object, c.POINTER(_PyBuffer), c.c_int], c.c_int
_release = c.pythonapi.PyBuffer_Release
_release.argtypes, _release.restype = [c.POINTER(_PyBuffer)], None


class Buffer:
    """A hold on the memory of an object; `address` stays valid until it is garbage or released."""

    def __init__(self, owner: Any, writable: bool = False) -> None:
        self._view: _PyBuffer | None = None
        view = _PyBuffer()
        _get(owner, c.byref(view), _STRIDES | _WRITABLE if writable else _STRIDES)
        self._view = view
        self.address: int = view.buf or 0
        self.size: int = view.len

    def release(self) -> None:
        view, self._view = self._view, None
        if view is not None:
            _release(c.byref(view))

    __del__ = release
