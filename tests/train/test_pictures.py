"""What training/debian_pictures.py keeps of a package's files."""

import pathlib
import sys

import numpy as np
import pytest
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "training"))

import debian_pictures  # noqa: E402


def drawn(seed: int, size=(400, 300)) -> Image.Image:
    small = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)


@pytest.fixture
def collection(tmp_path):
    (tmp_path / "apart" / "styles").mkdir(parents=True)
    drawn(1).save(tmp_path / "apart" / "styles" / "a.png")
    return debian_pictures.Collection(tmp_path / "out", tmp_path / "apart")


def test_keeps_each_picture_once(collection):
    assert collection.add("games", "a", drawn(2, (2000, 1500)))
    assert not collection.add("games", "b", drawn(2, (800, 600))), "the same picture at another size"
    assert collection.add("games", "c", drawn(3))
    with Image.open(collection.out / "games" / "a.jpg") as image:
        assert image.size == (960, 720)
    assert sorted(p.name for p in (collection.out / "games").iterdir()) == ["a.jpg", "c.jpg"]


def test_leaves_out_what_quality_is_measured_with(collection):
    assert not collection.add("games", "a", drawn(1, (1600, 1200)))
    assert not collection.add("games", "b", drawn(1).transpose(Image.Transpose.FLIP_LEFT_RIGHT))


def test_leaves_out_other_versions_by_name(collection, tmp_path):
    for name in ("a-dark", "b"):
        drawn(8 + len(name)).save(tmp_path / f"{name}.jpg")
    collection.names = {"a-dark"}
    collection.add_files("games", "package", sorted(tmp_path.glob("*.jpg")), None)
    assert [p.name for p in (collection.out / "games").iterdir()] == ["package_000.jpg"]
    (tmp_path / "apart" / "styles" / "tiles-l.png").write_bytes((tmp_path / "apart" / "styles" / "a.png").read_bytes())
    again = debian_pictures.Collection(tmp_path / "out", tmp_path / "apart")
    assert again.names == {"a", "tiles"}


@pytest.mark.parametrize("image", [drawn(5, (400, 200)), drawn(5, (1500, 300)), Image.new("RGB", (400, 400), "teal")])
def test_leaves_out_what_teaches_nothing(collection, image):
    assert not collection.add("games", "a", image)


def test_transparent_pictures_get_a_ground(collection):
    image = drawn(6, (600, 600)).convert("RGBA")
    image.putalpha(Image.fromarray((np.indices((600, 600)).sum(0) % 400 < 200).astype(np.uint8) * 255))
    assert collection.add("games", "a", image)
    assert collection.add("games", "b", Image.fromarray(np.dstack([np.array(drawn(7)), np.full((300, 400), 255, np.uint8)])))


def test_only_pictures_of_some_weight(tmp_path):
    folder = tmp_path / "images" / "l10n"
    folder.mkdir(parents=True)
    noise = Image.fromarray(np.random.default_rng(1).integers(0, 256, (200, 200, 3), np.uint8))
    for path in (tmp_path / "images" / "a.png", tmp_path / "images" / "a.txt", folder / "b.png"):
        noise.save(path, "PNG")
    drawn(2, (20, 20)).save(tmp_path / "images" / "small.png")
    assert debian_pictures.found(tmp_path, "images/**/*") == [tmp_path / "images" / "a.png"]
