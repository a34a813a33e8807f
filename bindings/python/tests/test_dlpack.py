"""Memory of other libraries in and out by DLPack, and memory for results, all on the CPU."""

import ctypes
import gc
import subprocess
import sys
import threading
import weakref
from typing import Any

import numpy as np
import pytest

import stylize
from stylize import Stylizer, _dlpack
from stylize._content import take

from .conftest import eventually


class Tensor:
    """A tensor that is nothing else: no buffer, no array. `new`: knows versions and flags."""

    def __init__(self, array: Any, new: bool = True) -> None:
        self.array, self.new = array, new
        self.asked: list[Any] = []

    def __dlpack_device__(self) -> tuple[int, int]:
        return (1, 0)

    def __dlpack__(self, stream: Any = None, **more: Any) -> Any:
        if more and not self.new:
            raise TypeError("__dlpack__() got an unexpected keyword argument 'max_version'")
        self.asked.append((stream, more))
        return self.array.__dlpack__(**more)


@pytest.fixture(scope="module")
def pixels(stylizer: Stylizer, photo: str) -> Any:
    return stylizer.decode(photo).resize(64, 48).numpy().copy()


@pytest.fixture(scope="module")
def painted(stylizer: Stylizer, pixels: Any) -> Any:
    return stylizer(pixels, "scream").numpy().copy()


# ---------------------------------------------------------------- in


@pytest.mark.parametrize("new", [True, False])
def test_a_tensor_is_a_picture(stylizer: Stylizer, pixels: Any, painted: Any, new: bool) -> None:
    tensor = Tensor(pixels, new)
    assert np.array_equal(stylizer(tensor, "scream").numpy(), painted)
    assert tensor.asked == [(None, {"max_version": (1, 0)} if new else {})]
    wide = np.zeros((48, 100, 3), np.uint8)
    wide[:, 10:74] = pixels
    for other in (wide[:, 10:74], np.ascontiguousarray(pixels.transpose(2, 0, 1)).transpose(1, 2, 0)):
        assert np.array_equal(stylizer(Tensor(other, new), "scream").numpy(), painted)


def test_grey_and_alpha(stylizer: Stylizer, pixels: Any) -> None:
    grey = np.ascontiguousarray(pixels[:, :, 0])
    want = stylizer(np.repeat(grey[:, :, None], 3, 2), "scream").numpy()
    for one in (grey, grey[:, :, None], np.asfortranarray(grey), np.broadcast_to(grey[:, :, None], (48, 64, 3)).copy()):
        assert np.array_equal(stylizer(Tensor(one), "scream").numpy(), want)
    rgba = np.dstack([pixels, grey])
    assert np.array_equal(stylizer(Tensor(rgba), "scream").numpy()[:, :, 3], grey)


def test_rows_are_not_copied(stylizer: Stylizer, pixels: Any) -> None:
    crop = pixels[4:40, 5:60]
    taken = take(stylizer._context, Tensor(crop))
    assert (taken.raw.pixels, taken.raw.stride) == (crop.ctypes.data, pixels.strides[0])
    assert (taken.raw.width, taken.raw.height) == (55, 36)


def test_a_tensor_is_a_style_too(stylizer: Stylizer, pixels: Any, artwork: str) -> None:
    style = stylizer.decode(artwork).numpy()
    want = stylizer(pixels, [(style, 1.0)]).numpy()
    assert np.array_equal(stylizer(pixels, Tensor(style)).numpy(), want)


def test_it_is_held_until_the_end_and_no_longer(stylizer: Stylizer, pixels: Any, painted: Any) -> None:
    for new in (True, False):
        array = pixels.copy()
        held = weakref.ref(array)
        job = stylizer.submit(Tensor(array, new), "scream")
        del array
        assert np.array_equal(job.result().numpy(), painted)
        del job
        assert eventually(lambda: held() is None)


def test_nothing_is_held_after_an_error(stylizer: Stylizer, pixels: Any) -> None:
    array = pixels.astype(np.float32)
    before = sys.getrefcount(array)
    for _ in range(20):
        with pytest.raises(TypeError):
            stylizer(Tensor(array), "scream")
        with pytest.raises(stylize.NotFoundError):
            stylizer(Tensor(pixels), "nothing_of_the_kind")
    assert eventually(lambda: sys.getrefcount(array) == before)


class Elsewhere(Tensor):
    def __dlpack_device__(self) -> tuple[int, int]:
        return (10, 0)


class Wrong(Tensor):
    def __dlpack__(self, stream: Any = None, **more: Any) -> Any:
        return self.array


class Refusing(Tensor):
    def __dlpack__(self, stream: Any = None, **more: Any) -> Any:
        raise BufferError("not today")


@pytest.mark.parametrize(
    "tensor, error, text",
    [
        (Tensor(np.zeros((32, 32, 3), np.float32)), TypeError, '"float32"'),
        (Tensor(np.zeros((32, 32, 3), np.int8)), TypeError, '"int8"'),
        (Tensor(np.zeros((32, 32, 3), np.bool_)), TypeError, '"bool8"'),
        (Tensor(np.zeros((3, 32, 32), np.uint8)), TypeError, "channels come last"),
        (Tensor(np.zeros((1, 32, 32, 3), np.uint8)), TypeError, r"\[1, 32, 32, 3\]"),
        (Tensor(np.zeros((32, 32, 2), np.uint8)), TypeError, r"\[32, 32, 2\]"),
        (Tensor(np.zeros(32, np.uint8)), TypeError, r"\[32\]"),
        (Tensor(np.zeros((0, 32, 3), np.uint8)), stylize.InvalidError, "32x0|no pixels"),
        (Tensor(np.zeros((32, 32, 3), np.uint8)[:, ::-1]), TypeError, "contiguous"),
        (Elsewhere(np.zeros((32, 32, 3), np.uint8)), TypeError, "kind 10"),
        (Wrong(np.zeros((32, 32, 3), np.uint8)), TypeError, "gave no tensor"),
        (Refusing(np.zeros((32, 32, 3), np.uint8)), BufferError, "not today"),
    ],
)
def test_what_is_no_picture_is_told(stylizer: Stylizer, tensor: Tensor, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        stylizer(tensor, "scream")


def test_half_a_protocol_is_none(stylizer: Stylizer, pixels: Any) -> None:
    class Half:
        def __dlpack__(self, **_: Any) -> Any:
            return pixels.__dlpack__()

    half: Any = Half()
    with pytest.raises(TypeError, match="a picture is needed, not Half"):
        stylizer(half, "scream")
    with pytest.raises(TypeError, match="not Half"):
        stylizer(pixels, "scream", out=half)


def test_a_version_that_is_not_known_is_given_back(stylizer: Stylizer) -> None:
    given_back: list[int] = []
    deleter = ctypes.CFUNCTYPE(None, ctypes.c_void_p)(given_back.append)
    structure = _dlpack._Versioned(major=2, minor=5, deleter=ctypes.cast(deleter, ctypes.c_void_p))

    class Newer:
        def __dlpack_device__(self) -> tuple[int, int]:
            return (1, 0)

        def __dlpack__(self, **_: Any) -> Any:
            return _dlpack._new(ctypes.addressof(structure), _dlpack._NEW, None)

    with pytest.raises(BufferError, match="DLPack 2.5"):
        stylizer(Newer(), "scream")
    gc.collect()
    assert given_back == [ctypes.addressof(structure)]


# ---------------------------------------------------------------- out


def test_numpy_sees_the_result(stylizer: Stylizer, pixels: Any, painted: Any) -> None:
    image = stylizer(pixels, "scream")
    array = np.from_dlpack(image)
    assert np.array_equal(array, painted) and np.shares_memory(array, image.numpy())
    assert image.__dlpack_device__() == (1, 0) and image.device == "cpu"
    held = weakref.ref(image)
    del image
    gc.collect()
    assert held() is not None and np.array_equal(array, painted)
    del array
    assert eventually(lambda: held() is None and not _dlpack._lent)


@pytest.mark.parametrize("version, name", [(None, b"dltensor"), ((0, 8), b"dltensor"), ((1, 0), b"dltensor_versioned"),
                                           ((2, 1), b"dltensor_versioned")])
def test_a_capsule_that_nobody_takes(stylizer: Stylizer, photo: str, version: Any, name: bytes) -> None:
    image = stylizer.decode(photo)
    held = weakref.ref(image)
    capsule = image.__dlpack__(max_version=version)
    assert _dlpack._is(id(capsule), name) and len(_dlpack._lent) == 1
    del image
    assert held() is not None
    del capsule
    assert held() is None and not _dlpack._lent


def test_what_a_tensor_says(stylizer: Stylizer, pixels: Any) -> None:
    image = stylizer.image(pixels)
    borrowed = _dlpack.Borrowed(image)
    assert borrowed.shape == (48, 64, 3) and borrowed.strides == (192, 3, 1)
    assert not borrowed.cuda and not borrowed.read_only and borrowed.address == image._raw.pixels
    grey = _dlpack.Borrowed(stylizer.image(np.ascontiguousarray(pixels[:, :, 1])))
    assert grey.shape == (48, 64) and grey.strides == (64, 1)
    borrowed.release()
    borrowed.release()
    grey.release()
    assert eventually(lambda: not _dlpack._lent)


def test_a_copy(stylizer: Stylizer, pixels: Any) -> None:
    image = stylizer.image(pixels)
    capsule = image.__dlpack__(max_version=(1, 0), copy=True, dl_device=(1, 0))
    structure = next(iter(_dlpack._lent.values()))[0]
    assert structure.flags == 2 and structure.tensor.data != image._raw.pixels
    assert bytes((ctypes.c_uint8 * pixels.size).from_address(structure.tensor.data)) == pixels.tobytes()
    del capsule
    assert not _dlpack._lent


@pytest.mark.parametrize("more, text", [({"stream": 1}, "has none"), ({"dl_device": (2, 0)}, "not copied elsewhere")])
def test_what_cannot_be_lent(stylizer: Stylizer, photo: str, more: Any, text: str) -> None:
    with pytest.raises(BufferError, match=text):
        stylizer.decode(photo).__dlpack__(**more)
    with pytest.raises(TypeError, match="encoded"):
        stylizer.image(photo).__dlpack__()
    assert not _dlpack._lent


# ---------------------------------------------------------------- memory for the result


def test_out_is_written_to(stylizer: Stylizer, pixels: Any, painted: Any) -> None:
    wide = np.full((48, 70, 3), 9, np.uint8)
    for out in (np.zeros_like(pixels), wide[:, 3:67], Tensor(np.zeros_like(pixels)), Tensor(np.zeros_like(pixels), False),
                stylizer.image(np.zeros_like(pixels)), memoryview(bytearray(pixels.size)).cast("B", pixels.shape)):
        image = stylizer(pixels, "scream", out=out)
        memory = out.array if isinstance(out, Tensor) else np.asarray(out)
        assert np.array_equal(memory, painted)
        assert np.shares_memory(image.numpy(), memory) and image.size == (64, 48)
    assert (wide[:, :3] == 9).all() and (wide[:, 67:] == 9).all()


def test_out_lives_as_long_as_the_result(stylizer: Stylizer, pixels: Any, painted: Any) -> None:
    out = np.zeros_like(pixels)
    held = weakref.ref(out)
    image = stylizer.submit(pixels, "scream", out=out).result()
    del out
    array = image.numpy()
    tensor = np.from_dlpack(image)
    del image
    gc.collect()
    assert held() is not None and np.array_equal(array, painted) and np.array_equal(tensor, painted)
    del array, tensor
    assert eventually(lambda: held() is None)


def test_out_with_alpha_and_of_a_tile(stylizer: Stylizer, pixels: Any) -> None:
    rgba = np.dstack([pixels, pixels[:, :, :1]])
    out = np.zeros_like(rgba)
    stylizer(rgba, "scream", out=out)
    assert np.array_equal(out, stylizer(rgba, "scream").numpy())
    tiling = stylizer.tiling(pixels, "scream")
    tile = np.zeros((tiling[0].height, tiling[0].width, 3), np.uint8)
    part = tiling[0].cut(stylizer.image(pixels))
    want = stylizer.paint_tile(tiling, 0, part).numpy()
    stylizer.paint_tile(tiling, 0, part, out=tile)
    assert np.array_equal(tile, want)


@pytest.mark.parametrize("options", [{"style_scale": 2.0}, {"strength": "auto"}, {"strength": 0.0},
                                     {"masks": np.eye(48, 64, dtype=np.uint8) * 255}])
def test_out_with_other_options(stylizer: Stylizer, pixels: Any, options: Any) -> None:
    out = np.zeros_like(pixels)
    image = stylizer(pixels, "scream", out=out, **options)
    assert np.shares_memory(image.numpy(), out)
    assert np.array_equal(out, stylizer(pixels, "scream", **options).numpy())


def read_only(array: Any) -> Any:
    array.flags.writeable = False
    return array


@pytest.mark.parametrize(
    "out, error, text",
    [
        (np.zeros((48, 60, 3), np.uint8), stylize.InvalidError, "60x48"),
        (np.zeros((48, 64, 4), np.uint8), stylize.InvalidError, "4 channels"),
        (np.zeros((48, 64), np.uint8), stylize.InvalidError, "RGB8 or RGBA8"),
        (np.zeros((48, 64, 3), np.float32), TypeError, "uint8"),
        (np.zeros((48, 128, 3), np.uint8)[:, ::2], TypeError, "side by side"),
        (np.zeros((48, 64, 3), np.uint8)[::-1], TypeError, "top to bottom"),
        (Tensor(np.zeros((3, 48, 64), np.uint8).transpose(1, 2, 0)), TypeError, "side by side"),
        (read_only(np.zeros((48, 64, 3), np.uint8)), stylize.InvalidError, "read-only"),
        (Tensor(read_only(np.zeros((48, 64, 3), np.uint8))), stylize.InvalidError, "read-only"),
        (bytearray(48 * 64 * 3), TypeError, r"\[9216\]"),
        ("out.png", TypeError, "not str"),
    ],
)
def test_what_cannot_be_written_to(stylizer: Stylizer, pixels: Any, out: Any, error: type[Exception], text: str) -> None:
    with pytest.raises(error, match=text):
        stylizer(pixels, "scream", out=out)


def test_out_is_for_one_picture(stylizer: Stylizer, pixels: Any, photo: str) -> None:
    out = np.zeros_like(pixels)
    with pytest.raises(TypeError, match="one picture"):
        list(stylizer.map([pixels, pixels], "scream", out=out))
    with pytest.raises(TypeError, match="one picture"):
        list(stylizer.as_completed([pixels], "scream", out=out))
    with pytest.raises(TypeError, match="a tiling has no"):
        stylizer.tiling(pixels, "scream", out=out)
    with pytest.raises(stylize.InvalidError, match="own memory"):
        stylizer(pixels, "scream", out=out, output_format="png")
    with pytest.raises(TypeError, match="encoded"):
        stylizer(pixels, "scream", out=stylizer.image(photo))


# ---------------------------------------------------------------- threads, processes, the end


def test_many_threads_lend_and_give_back(stylizer: Stylizer, pixels: Any, painted: Any) -> None:
    wrong: list[int] = []

    def work() -> None:
        for _ in range(10):
            array = np.from_dlpack(stylizer(Tensor(pixels), "scream", out=Tensor(np.zeros_like(pixels))))
            wrong.extend([1] * (not np.array_equal(array, painted)))

    threads = [threading.Thread(target=work) for _ in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not wrong and eventually(lambda: not _dlpack._lent)


def run(script: str) -> str:
    done = subprocess.run([sys.executable, "-X", "dev", "-c", script], capture_output=True, text=True)
    assert done.returncode == 0 and done.stderr == "", done.stderr
    return done.stdout


START = """
import os, sys
import numpy as np
from stylize import Stylizer
image = Stylizer(threads=1).decode({photo!r}).resize(40, 30)
array = np.from_dlpack(image)
"""


def test_a_child_gives_back_what_it_has_not(photo: str) -> None:
    said = run(START.format(photo=photo) + """
total = int(array.sum())
child = os.fork()
if child == 0:
    del image, array
    os._exit(0)
print(os.waitpid(child, 0)[1], int(array.sum()) == total)
""")
    assert said.split() == ["0", "True"]


@pytest.mark.parametrize("keep", ["", "sys.late = array", "capsule = image.__dlpack__(max_version=(1, 0))",
                                  "sys.late = [np.from_dlpack(image) for _ in range(9)]; del image, array"])
def test_the_end_of_the_interpreter(photo: str, keep: str) -> None:
    assert run(START.format(photo=photo) + keep + "\nprint(1)").strip() == "1"


def test_what_is_given_back_after_the_end(photo: str) -> None:
    """As a library in C++ does whose tensors are static: it looks for a deleter when there is no Python any more."""
    said = run(START.format(photo=photo) + """
import atexit, ctypes
from stylize import _dlpack
capsule = image.__dlpack__()
place = _dlpack._address_in(id(capsule), b"dltensor")
_dlpack._rename(capsule, b"used_dltensor")
tensor = _dlpack._Managed.from_address(place)
assert tensor.deleter
_dlpack._forget()
print(tensor.deleter, int(array.sum()) > 0)
""")
    assert said.split() == ["None", "True"]


# ---------------------------------------------------------------- PyTorch, where it is installed


def test_tensors_of_pytorch(stylizer: Stylizer, pixels: Any, painted: Any) -> None:
    torch = pytest.importorskip("torch")
    planes = torch.from_numpy(pixels.copy()).permute(2, 0, 1).contiguous()
    for tensor in (torch.from_numpy(pixels.copy()), planes.permute(1, 2, 0)):
        assert np.array_equal(stylizer(tensor, "scream").numpy(), painted)
    out = torch.zeros((48, 64, 3), dtype=torch.uint8)
    image = stylizer(pixels, "scream", out=out)
    assert np.array_equal(out.numpy(), painted) and image.size == (64, 48)
    back = torch.from_dlpack(stylizer(pixels, "scream"))
    assert back.shape == (48, 64, 3) and np.array_equal(back.numpy(), painted)
    with pytest.raises(TypeError, match="channels come last"):
        stylizer(planes, "scream")
    del image, back
    assert eventually(lambda: not _dlpack._lent)
