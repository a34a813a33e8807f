"""Pictures go to other processes and are copied."""

import concurrent.futures
import copy
import multiprocessing
import pickle
from typing import Any

import numpy as np
import pytest

import stylize
from stylize import Stylizer


@pytest.fixture(scope="module")
def pixels() -> Any:
    return np.random.default_rng(1).integers(0, 256, (40, 64, 4), np.uint8)


@pytest.mark.parametrize("again", [lambda i: pickle.loads(pickle.dumps(i)), copy.copy, copy.deepcopy])
def test_a_copy_is_the_same(stylizer: Stylizer, pixels: Any, again: Any) -> None:
    for channels in ([0, 1, 2], [0, 1, 2, 3]):
        image = stylizer(np.ascontiguousarray(pixels[..., channels]), "udnie")
        other = again(image)
        assert (other.numpy() == image.numpy()).all()
        assert (other.format, other.size, other.report) == (image.format, image.size, image.report)
        other.numpy()[:] = 0
        assert image.numpy().any()
        encoded = image.encode("png")
        kept = again(encoded)
        assert kept.tobytes() == encoded.tobytes() and kept.encoded and kept.size == image.size
        assert (kept.decode().numpy() == image.numpy()).all()
        assert (stylizer(kept, "udnie").numpy() == stylizer(image, "udnie").numpy()).all()


def test_memory_of_the_callers(stylizer: Stylizer, pixels: Any) -> None:
    """With gaps between its rows, which a copy has no use of."""
    wide = np.zeros((40, 100, 3), np.uint8)
    image = stylizer(np.ascontiguousarray(pixels[..., :3]), "udnie", out=wide[:, :64])
    assert (pickle.loads(pickle.dumps(image)).numpy() == wide[:, :64]).all()


def test_16_bits_a_channel(stylizer: Stylizer, pixels: Any) -> None:
    image = stylizer(pixels, "udnie", output_depth=16)
    assert image.format == "rgba16" and image.numpy().dtype == np.uint16 and image.numpy().shape == (40, 64, 4)
    flat = stylizer(pixels, "udnie").numpy().astype(int)
    assert np.abs(image.numpy() / 257 - flat).mean() < 0.5
    assert (image.numpy()[..., 3] == pixels[..., 3].astype(int) * 257).all()
    assert (pickle.loads(pickle.dumps(image)).numpy() == image.numpy()).all()
    file = image.encode("png")
    with Stylizer(threads=1, deep=True) as deep:
        assert (deep.decode(file).numpy() == image.numpy()).all()
    assert stylizer.decode(file).format == "rgba8"
    assert stylizer(pixels, "udnie", output_depth=16, output_format="png").tobytes() == file.tobytes()
    with pytest.raises(BufferError, match="16 bits"):
        image.__dlpack__()
    with pytest.raises(stylize.InvalidError, match="Pillow has no"):
        image.pil()
    with pytest.raises(stylize.UnsupportedError, match="output_depth 16 cannot be combined with a tiling"):
        stylizer.tiling(pixels, "udnie", output_depth=16)
    assert stylizer(pixels, "udnie", output_depth=16, masks=pixels).format == "rgba16"


def paint(seed: int) -> stylize.Image:
    pixels = np.random.default_rng(seed).integers(0, 256, (32, 32, 3), np.uint8)
    with Stylizer(threads=1) as stylizer:
        return stylizer(pixels, "udnie")


def test_results_of_a_pool() -> None:
    method = multiprocessing.get_context("spawn")
    with concurrent.futures.ProcessPoolExecutor(1, mp_context=method) as pool:
        image = pool.submit(paint, 3).result()
    assert (image.numpy() == paint(3).numpy()).all()
