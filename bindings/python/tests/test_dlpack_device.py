"""Pictures in a CUDA device's memory by DLPack. The device is the library's double: memory of the host, streams that are
threads (tests/gpu/double.h). Its producers do what PyTorch does with the stream that they are given."""

import concurrent.futures
import ctypes
import os
import pathlib
import threading
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest

import stylize
from stylize import Stylizer, _dlpack
from stylize._content import take

from .conftest import eventually

DOUBLE = pathlib.Path(os.environ.get("STYLIZE_PLUGINS", "")) / "libstylize_torch_cuda.so"


@pytest.fixture(scope="module")
def double() -> Iterator[Any]:
    library = ctypes.CDLL(str(DOUBLE))
    if not hasattr(library, "double_alloc"):
        pytest.fail("STYLIZE_PLUGINS is not the folder of the double")
    library.double_alloc.restype = library.double_stream_create.restype = ctypes.c_void_p
    library.double_alloc.argtypes = [ctypes.c_int, ctypes.c_size_t]
    for name in ("double_free", "double_stream_destroy"):
        getattr(library, name).argtypes = [ctypes.c_void_p]
    library.double_stream_follow.argtypes = [ctypes.c_void_p] * 2
    library.double_stream_write.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_size_t]
    library.double_reset()
    yield library


class CudaTensor:
    """A tensor in the device's memory that is still being written on a stream of its own."""

    def __init__(self, double: Any, array: Any, stride: int = 0, kind: int = 2, number: int = 0, flags: int = 0) -> None:
        self.double, self.shape, self.kind, self.number, self.flags = double, array.shape, kind, number, flags
        row = int(np.prod(array.shape[1:]))
        self.stride = stride or row
        self.bytes = self.stride * array.shape[0]
        self.host = np.zeros((array.shape[0], self.stride), np.uint8)
        self.host[:, :row] = array.reshape(array.shape[0], row)
        self.data = double.double_alloc(number, self.bytes)
        self.stream = double.double_stream_create()
        self.lent: list[Any] = []
        self.streams: list[Any] = []
        self.given_back = 0
        self.write(self.host)

    def write(self, rows: Any) -> None:
        """Queued, and done at some time later."""
        self.source = np.ascontiguousarray(rows)
        self.double.double_stream_write(self.stream, self.data, self.source.ctypes.data, self.bytes)

    def __dlpack_device__(self) -> tuple[int, int]:
        return (self.kind, self.number)

    def __dlpack__(self, *, stream: int | None = None, max_version: Any = None, **_: Any) -> Any:
        assert stream == 1  # the consumer's
        self.streams.append(stream)
        self.double.double_stream_follow(stream, self.stream)

        def give_back(_: int) -> None:
            self.given_back += 1

        deleter = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(give_back)
        inner = tuple(int(np.prod(self.shape[i + 1 :])) for i in range(1, len(self.shape)))
        sides = (ctypes.c_int64 * (2 * len(self.shape)))(*self.shape, self.stride, *inner)
        structure = _dlpack._Versioned(major=1, minor=0, deleter=ctypes.cast(deleter, ctypes.c_void_p), flags=self.flags)
        structure.tensor = _dlpack._Tensor(
            data=self.data, device=_dlpack._Device(self.kind, self.number), ndim=len(self.shape),
            type=_dlpack._Type(1, 8, 1), shape=ctypes.cast(sides, ctypes.POINTER(ctypes.c_int64)),
            strides=ctypes.cast(ctypes.addressof(sides) + 8 * len(self.shape), ctypes.POINTER(ctypes.c_int64)),
        )
        self.lent.append((structure, sides, deleter))
        return _dlpack._new(ctypes.addressof(structure), _dlpack._NEW, None)

    def numpy(self) -> Any:
        """What lies there now, without waiting for anything."""
        memory = (ctypes.c_uint8 * self.bytes).from_address(self.data)
        rows = np.frombuffer(memory, np.uint8).reshape(self.shape[0], self.stride).copy()
        return rows[:, : int(np.prod(self.shape[1:]))].reshape(self.shape)

    def close(self) -> None:
        self.double.double_stream_destroy(self.stream)
        self.double.double_free(self.data)


@pytest.fixture
def tensor(double: Any) -> Iterator[Any]:
    made: list[CudaTensor] = []

    def make(*values: Any, **more: Any) -> CudaTensor:
        made.append(CudaTensor(double, *values, **more))
        return made[-1]

    yield make
    given_back = eventually(lambda: all(one.given_back == len(one.lent) for one in made))
    for one in made:
        one.close()
    assert given_back


@pytest.fixture(scope="module")
def device(double: Any) -> Iterator[Stylizer]:
    with Stylizer(engine="torch", device="cuda", threads=2) as one:
        yield one


@pytest.fixture(scope="module")
def pixels(device: Stylizer, photo: str) -> Any:
    return device.decode(photo).resize(64, 48).numpy().copy()


@pytest.fixture(scope="module")
def painted(device: Stylizer, pixels: Any) -> Any:
    return device(pixels, "scream").numpy().copy()


def test_a_tensor_on_the_device_is_a_picture(device: Stylizer, pixels: Any, painted: Any, tensor: Any) -> None:
    for stride in (0, 256):
        image = device(tensor(pixels, stride=stride), "scream")
        assert image.device == "cpu" and np.array_equal(image.numpy(), painted)
    assert device.stats()["device_images"] > 0


def test_it_is_taken_as_it_lies(device: Stylizer, pixels: Any, tensor: Any) -> None:
    one = tensor(pixels, stride=200)
    raw = take(device._context, one).raw
    assert (raw.pixels, raw.stride, raw.memory, raw.device, raw.stream) == (one.data, 200, 1, 0, 1)
    assert (raw.width, raw.height, raw.format) == (64, 48, 1)


def test_managed_memory_and_grey(device: Stylizer, pixels: Any, tensor: Any) -> None:
    grey = np.ascontiguousarray(pixels[:, :, 0])
    want = device(grey, "scream").numpy()
    for kind in (2, 13):
        assert np.array_equal(device(tensor(grey, kind=kind), "scream").numpy(), want)


def test_the_result_stays_on_the_device(device: Stylizer, pixels: Any, painted: Any, tensor: Any) -> None:
    for content in (tensor(pixels), pixels):
        out = tensor(np.zeros_like(pixels), stride=208)
        out.write(np.full((48, 208), 7, np.uint8))  # still under way when the result is to be written
        image = device(content, "scream", out=out)
        assert np.array_equal(out.numpy(), painted)
        assert image.device == "cuda:0" and image.__dlpack_device__() == (2, 0) and "cuda:0" in repr(image)
        borrowed = _dlpack.Borrowed(image)
        assert (borrowed.address, borrowed.strides, borrowed.device) == (out.data, (208, 3, 1), 0)
        again = device(image, "scream")  # and is a picture
        assert np.array_equal(again.numpy(), device(painted, "scream").numpy())
        assert out.given_back == 0
        del image, borrowed
        assert eventually(lambda: out.given_back == 1)


def test_a_file_of_a_tensor(device: Stylizer, pixels: Any, painted: Any, tensor: Any) -> None:
    file = device(tensor(pixels), "scream", output_format="png")
    assert np.array_equal(file.numpy(), painted)


def test_what_needs_the_host_says_so(device: Stylizer, pixels: Any, tensor: Any, tmp_path: pathlib.Path) -> None:
    image = device(pixels, "scream", out=tensor(np.zeros_like(pixels)))
    for use in (image.tobytes, image.numpy, image.pil, image.encode, lambda: image.resize(20, 20),
                lambda: image.save(tmp_path / "never.png"), lambda: image.__dlpack__(copy=True)):
        with pytest.raises(stylize.InvalidError, match="cuda:0|CUDA memory"):
            use()
    with pytest.raises(BufferError, match="stream 0"):
        image.__dlpack__(stream=0)
    with pytest.raises(BufferError, match="not copied elsewhere"):
        image.__dlpack__(dl_device=(1, 0))
    for stream in (None, -1, 1, 2, 12345):
        image.__dlpack__(stream=stream)
    assert not _dlpack._lent
    assert not list(tmp_path.iterdir())


def test_misuse(device: Stylizer, pixels: Any, tensor: Any) -> None:
    with pytest.raises(stylize.InvalidError, match="read-only"):
        device(pixels, "scream", out=tensor(pixels, flags=1))
    device(tensor(pixels, flags=1), "scream")
    with pytest.raises(stylize.InvalidError, match="64x40"):
        device(pixels, "scream", out=tensor(pixels[:40]))
    with pytest.raises(stylize.InvalidError, match="must lie in host memory"):
        device(pixels, tensor(pixels))
    with pytest.raises(TypeError, match="channels come last"):
        device(tensor(np.zeros((3, 48, 64), np.uint8)), "scream")
    with pytest.raises(stylize.InvalidError, match="host memory"):
        device.image(tensor(pixels))
    with pytest.raises(stylize.UnsupportedError, match="CUDA memory"):
        device(tensor(pixels), "scream", method="optimize")


def test_a_device_that_the_stylizer_does_not_use(device: Stylizer, double: Any, pixels: Any, tensor: Any) -> None:
    with pytest.raises(stylize.InvalidError, match="lies on cuda:1; the context works on cuda:0"):
        device(tensor(pixels, number=1), "scream")
    with Stylizer(engine="native") as on_cpu, pytest.raises(stylize.UnsupportedError, match="engine native works on cpu"):
        on_cpu(tensor(pixels), "scream")


def test_many_threads(device: Stylizer, pixels: Any, painted: Any, tensor: Any) -> None:
    contents, outs = [tensor(pixels) for _ in range(12)], [tensor(np.zeros_like(pixels)) for _ in range(12)]
    wrong: list[int] = []

    def work(first: int) -> None:
        jobs = [device.submit(contents[i], "scream", out=outs[i]) for i in range(first, 12, 4)]
        for job in jobs:
            wrong.append(job.result().device != "cuda:0")

    threads = [threading.Thread(target=work, args=(i,)) for i in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == [False] * 12
    assert all(np.array_equal(out.numpy(), painted) for out in outs)


def test_cancelled_requests_give_back(device: Stylizer, pixels: Any, tensor: Any) -> None:
    jobs = [device.submit(tensor(pixels), "scream", out=tensor(np.zeros_like(pixels))) for _ in range(8)]
    for job in jobs:
        job.cancel()
    concurrent.futures.wait(jobs)
    assert all(job.cancelled() or job.exception() is None for job in jobs)
