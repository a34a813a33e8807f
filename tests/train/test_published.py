"""Published fast_neural_style networks, converted, on both engines.

STYLIZE_PUBLISHED names a folder with <name>.npz or .pth of candy, mosaic, rain_princess and udnie, and, where at hand,
content.<jpg or png> with the published painting of it, <name>.<jpg or png>. Skipped without."""

import os
import pathlib
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
STYLIZE = os.environ.get("STYLIZE_COMMAND", str(ROOT / "build/release/bin/stylize"))
FOLDER = pathlib.Path(os.environ.get("STYLIZE_PUBLISHED", "/nonexistent"))
NAMES = ("candy", "mosaic", "rain_princess", "udnie")


def find(stem, endings):
    return next((f for e in endings if (f := FOLDER / f"{stem}.{e}").is_file()), None)


def psnr(a, b):
    error = np.square(a.astype(np.float64) - b).mean()
    return 10 * np.log10(255 ** 2 / max(error, 1e-9))


def pixels(path):
    with Image.open(path) as image:
        return np.asarray(image.convert("RGB"))


@pytest.fixture(scope="module", params=NAMES)
def network(request, tmp_path_factory):
    source = find(request.param, ("npz", "pth", "safetensors"))
    if source is None:
        pytest.skip(f"no {request.param} in STYLIZE_PUBLISHED")
    models = tmp_path_factory.mktemp(request.param)
    subprocess.run([sys.executable, "-m", "stylize_train", "convert", str(source), str(models / request.param),
                    "--add-style"], cwd=ROOT / "training", check=True)
    return models, request.param


def paint(network, content, engine, out):
    models, name = network
    subprocess.run([STYLIZE, str(content), "--style", name, "--models", str(models), "--engine", engine, "--format",
                    "png", "--quiet", "-o", str(out)], check=True)
    return pixels(out)


def test_engines_agree(network, tmp_path):
    content = ROOT / "examples" / "data" / "photo.jpg"
    with Image.open(content) as image:
        image.convert("RGB").resize((192, 128)).save(tmp_path / "content.png")
    native, torch = (paint(network, tmp_path / "content.png", e, tmp_path / f"{e}.png") for e in ("native", "torch"))
    assert native.std() > 10
    assert np.abs(native.astype(int) - torch).max() <= 1


def test_as_published(network, tmp_path):
    content, published = (find(stem, ("jpg", "png")) for stem in ("content", network[1]))
    if content is None or published is None:
        pytest.skip("no published painting at hand")
    wanted = pixels(published)
    painted = paint(network, content, "native", tmp_path / "painted.png")
    if painted.shape != wanted.shape:
        painted = np.asarray(Image.fromarray(painted).resize(wanted.shape[1::-1], Image.Resampling.LANCZOS))
    assert psnr(painted, wanted) > 26
