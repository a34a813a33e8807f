"""DLPack: memory of other libraries taken, the library's lent, without a copy. The structures are of dlpack.h 1.0."""

import atexit
import ctypes as c
from typing import Any, Protocol

CPU, CUDA, CUDA_HOST, CUDA_MANAGED = 1, 2, 3, 13

# The stream that a producer is asked to make its memory ready on: CUDA's legacy default stream, as in DLPack and as a
# cudaStream_t. The library's work then waits for what is queued there.
DEFAULT_STREAM = 1

_VERSION = (1, 0)
_READ_ONLY, _COPIED = 1, 2  # flags
_CODES = {0: "int", 1: "uint", 2: "float", 3: "handle", 4: "bfloat", 5: "complex", 6: "bool"}


class SupportsDLPack(Protocol):
    """What has the methods of DLPack: tensors and arrays of PyTorch, CuPy, JAX, NumPy and others."""

    def __dlpack__(self, *, stream: Any = None) -> Any: ...

    def __dlpack_device__(self) -> tuple[Any, int]: ...


class _Device(c.Structure):
    _fields_ = [("kind", c.c_int32), ("number", c.c_int32)]


class _Type(c.Structure):
    _fields_ = [("code", c.c_uint8), ("bits", c.c_uint8), ("lanes", c.c_uint16)]


class _Tensor(c.Structure):
    _fields_ = [
        ("data", c.c_void_p),
        ("device", _Device),
        ("ndim", c.c_int32),
        ("type", _Type),
        ("shape", c.POINTER(c.c_int64)),
        ("strides", c.POINTER(c.c_int64)),
        ("byte_offset", c.c_uint64),
    ]


class _Managed(c.Structure):
    _fields_ = [("tensor", _Tensor), ("manager", c.c_void_p), ("deleter", c.c_void_p)]


class _Versioned(c.Structure):
    _fields_ = [
        ("major", c.c_uint32),
        ("minor", c.c_uint32),
        ("manager", c.c_void_p),
        ("deleter", c.c_void_p),
        ("flags", c.c_uint64),
        ("tensor", _Tensor),
    ]


# Names of capsules: with a version, since DLPack 1.0, and as before.
_NEW, _OLD = b"dltensor_versioned", b"dltensor"
_KINDS: dict[bytes, type[Any]] = {_NEW: _Versioned, _OLD: _Managed}
_USED = {_NEW: b"used_dltensor_versioned", _OLD: b"used_dltensor"}

_api = c.PyDLL(None)  # functions of its own: c.pythonapi's are shared with all who use them
_new = _api.PyCapsule_New
_new.restype, _new.argtypes = c.py_object, [c.c_void_p, c.c_char_p, c.c_void_p]
_rename = _api.PyCapsule_SetName
_rename.restype, _rename.argtypes = c.c_int, [c.py_object, c.c_char_p]
# With addresses, not objects: a capsule that is being destroyed must not be referred to again.
_is = _api.PyCapsule_IsValid
_is.restype, _is.argtypes = c.c_int, [c.c_void_p, c.c_char_p]
_address_in = _api.PyCapsule_GetPointer
_address_in.restype, _address_in.argtypes = c.c_void_p, [c.c_void_p, c.c_char_p]
_keep_for_ever = _api.Py_IncRef
_keep_for_ever.restype, _keep_for_ever.argtypes = None, [c.py_object]

_Deleter = c.PYFUNCTYPE(None, c.c_void_p)  # called with the interpreter's lock held: a producer may need it


# ---------------------------------------------------------------- taking


def _capsule_of(producer: Any, stream: int | None) -> Any:
    try:
        return producer.__dlpack__(stream=stream, max_version=_VERSION)
    except TypeError:  # from before version 1.0
        return producer.__dlpack__(stream=stream)


class Borrowed:
    """Memory that a producer lends; given back when this is garbage or released."""

    _managed: Any = None

    def __init__(self, producer: Any) -> None:
        kind = int(producer.__dlpack_device__()[0])
        if kind not in (CPU, CUDA, CUDA_HOST, CUDA_MANAGED):
            raise TypeError(f"memory of DLPack's kind {kind} is not taken; that of the CPU and of CUDA is")
        self.cuda = kind in (CUDA, CUDA_MANAGED)
        capsule = _capsule_of(producer, DEFAULT_STREAM if self.cuda else None)
        name = next((name for name in _KINDS if _is(id(capsule), name)), None)
        if name is None:
            raise TypeError(f"the __dlpack__ of {type(producer).__name__} gave no tensor")
        managed = _KINDS[name].from_address(_address_in(id(capsule), name))
        _rename(capsule, _USED[name])
        self._managed = managed
        if name == _NEW and managed.major != _VERSION[0]:
            raise BufferError(f"the tensor is of DLPack {managed.major}.{managed.minor}; 1 is understood")
        self.read_only = name == _NEW and bool(managed.flags & _READ_ONLY)
        self._read(managed.tensor)

    def _read(self, tensor: Any) -> None:
        kind = tensor.type
        if (kind.code, kind.bits, kind.lanes) != (1, 8, 1):
            name = f"{_CODES.get(kind.code, '?')}{kind.bits}" + (f"x{kind.lanes}" if kind.lanes != 1 else "")
            raise TypeError(f'a tensor of uint8 is needed, not of the type "{name}"')
        self.device: int = tensor.device.number if self.cuda else 0
        self.shape: tuple[int, ...] = tuple(tensor.shape[: tensor.ndim])
        # For samples of one byte strides in samples are strides in bytes.
        self.strides = tuple(tensor.strides[: tensor.ndim]) if tensor.strides else _compact(self.shape)
        self.address: int = (tensor.data or 0) + tensor.byte_offset

    def release(self) -> None:
        managed, self._managed = self._managed, None
        # A version that is not known has its deleter at the same place.
        if managed is not None and managed.deleter:
            _Deleter(managed.deleter)(c.addressof(managed))

    __del__ = release


def _compact(shape: tuple[int, ...]) -> tuple[int, ...]:
    strides, step = [], 1
    for side in reversed(shape):
        strides.append(step)
        step *= side
    return tuple(reversed(strides))


def gather(address: int, shape: tuple[int, ...], strides: tuple[int, ...]) -> bytearray:
    """A copy of host memory in which the samples lie side by side; [height, width] or [height, width, channels]."""
    height, width = shape[:2]
    channels, between = (shape[2], strides[2]) if len(shape) == 3 else (1, 0)
    down, across = strides[:2]
    if across < 1:
        raise TypeError(f"a stride of {across} from column to column is not possible; make it contiguous")
    out, row = bytearray(height * width * channels), width * channels
    samples = c.c_uint8 * ((width - 1) * across + 1)
    for y in range(height):
        for channel in range(channels):
            line = samples.from_address(address + y * down + channel * between)
            out[y * row + channel : (y + 1) * row : channels] = memoryview(line)[::across]
    return out


# ---------------------------------------------------------------- lending

_lent: dict[int, Any] = {}  # by the address of the structure: it, its shape, and the owner of the memory


# What consumers call may be called as late as at the end of the interpreter: the functions need no module, and neither
# they nor the names of capsules are ever garbage.
def _give_back(address: int, _lent: dict[int, Any] = _lent) -> None:
    _lent.pop(address, None)


def _end_of_capsule(capsule: int, _lent: dict[int, Any] = _lent, _names: Any = tuple(_KINDS), _is: Any = _is,
                    _address_in: Any = _address_in) -> None:
    for name in _names:
        if _is(capsule, name):  # nobody has taken it
            _lent.pop(_address_in(capsule, name), None)


_deleter = c.CFUNCTYPE(None, c.c_void_p)(_give_back)
_destructor = c.CFUNCTYPE(None, c.c_void_p)(_end_of_capsule)
_addresses = [c.cast(function, c.c_void_p).value for function in (_deleter, _destructor)]
for _one in (_deleter, _destructor, _lent, *_USED):
    _keep_for_ever(_one)


@atexit.register
def _forget() -> None:
    """Who gives back later than this finds nobody to give it back to; what is lent then stays as it is."""
    _addresses[0] = None
    for structure, *_ in list(_lent.values()):
        structure.deleter = None


def lend(
    owner: Any, address: int, device: tuple[int, int], shape: tuple[int, ...], strides: tuple[int, ...],
    versioned: bool, copied: bool,
) -> Any:
    """A capsule; owner lives as long as the capsule, or what takes the tensor out of it."""
    sides = (c.c_int64 * (2 * len(shape)))(*shape, *strides)
    name = _NEW if versioned else _OLD
    structure = _KINDS[name](deleter=_addresses[0])
    structure.tensor = _Tensor(
        data=address, device=_Device(*device), ndim=len(shape), type=_Type(1, 8, 1),
        shape=c.cast(sides, c.POINTER(c.c_int64)),
        strides=c.cast(c.addressof(sides) + 8 * len(shape), c.POINTER(c.c_int64)),
    )
    if versioned:
        structure.major, structure.minor = _VERSION
        structure.flags = _COPIED if copied else 0
    place = c.addressof(structure)
    _lent[place] = (structure, sides, owner)
    try:
        return _new(place, name, _addresses[1])
    except BaseException:
        del _lent[place]
        raise
