"""Picture files as training reads them, and any number of them. Needs torch, pillow, pytest and the library."""

import pathlib
import sys

import numpy as np
import pytest
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "training"))

from stylize_train import ahead, paths, pictures, reader, resident, window  # noqa: E402


def drawn(seed: int, size=(64, 48)) -> Image.Image:
    small = np.random.default_rng(seed).integers(0, 256, (6, 8, 3), np.uint8)
    return Image.fromarray(small).resize(size, Image.Resampling.BICUBIC)


@pytest.fixture
def folder(tmp_path):
    """Six photographs."""
    for i in range(6):
        drawn(i).save(tmp_path / f"{i}.png")
    return tmp_path


def test_pixels_are_those_of_the_file(tmp_path):
    drawn(1).save(tmp_path / "a.png")
    drawn(1).save(tmp_path / "a.jpg", quality=95)
    assert np.array_equal(reader.read(tmp_path / "a.png"), np.array(drawn(1)))
    with Image.open(tmp_path / "a.jpg") as file:
        assert np.abs(reader.read(tmp_path / "a.jpg").astype(int) - np.array(file)).max() <= 1  # another version of libjpeg


def test_it_stands_upright(tmp_path):
    exif = Image.Exif()
    exif[0x0112] = 6
    drawn(1).rotate(90, expand=True).save(tmp_path / "a.jpg", quality=95, exif=exif)
    x = reader.read(tmp_path / "a.jpg")
    assert x.shape == (48, 64, 3) and np.abs(x.astype(int) - np.array(drawn(1))).mean() < 8


def test_sixteen_bits_are_not_cut_off(tmp_path):
    Image.fromarray((np.arange(64 * 48) * 21 % 65536).astype(np.uint16).reshape(48, 64)).save(tmp_path / "a.png")
    x = reader.read(tmp_path / "a.png")
    wanted = (np.arange(64 * 48) * 21 % 65536 / 257).reshape(48, 64, 1)
    assert x.shape == (48, 64, 3) and np.abs(x - wanted).max() <= 1


def test_what_is_transparent_lies_on_white(tmp_path):
    image = Image.new("RGBA", (64, 48), (255, 0, 255, 0))
    image.paste((0, 100, 200, 255), (0, 0, 32, 48))
    image.paste((0, 0, 0, 128), (0, 0, 32, 10))
    image.save(tmp_path / "a.png")
    x = reader.read(tmp_path / "a.png")
    assert x[0, 63].tolist() == [255, 255, 255] and x[40, 0].tolist() == [0, 100, 200] and x[0, 0].tolist() == [127] * 3


def test_what_cannot_be_read_is_told(tmp_path):
    (tmp_path / "a.jpg").write_bytes(b"no picture")
    with pytest.raises(paths.InputError, match="a.jpg: not a picture that can be read"):
        pictures.load(tmp_path / "a.jpg")
    with pytest.raises(paths.InputError, match="no such file"):
        pictures.load(tmp_path / "b.jpg")


def test_folders_inside_and_all_endings_count(tmp_path):
    (tmp_path / "more" / "still").mkdir(parents=True)
    for name in ("a.jpg", "more/b.JFIF", "more/still/c.jpe", "d.png", "more/e.tiff"):
        drawn(1).save(tmp_path / name, {"png": "PNG", "tiff": "TIFF"}.get(name.split(".")[1], "JPEG"))
    (tmp_path / "more" / "notes.txt").write_text("no picture")
    found = pictures.files([tmp_path], "photographs")
    assert [str(f.relative_to(tmp_path)) for f in found] == ["a.jpg", "d.png", "more/b.JFIF", "more/e.tiff", "more/still/c.jpe"]
    assert len(pictures.folders([tmp_path], "photographs")[:]) == 5


def test_a_bad_file_is_left_out_with_a_line(folder, capsys):
    whole = (folder / "2.png").read_bytes()
    (folder / "2.png").write_bytes(whole[:len(whole) // 2])
    photos = pictures.folders([folder], "photographs")
    assert all(np.array_equal(p, np.array(drawn(i))) for p, i in zip(photos[:], (0, 1, 3, 3, 4, 5)))
    said = capsys.readouterr().err
    assert said.count("left out") == 1 and "2.png" in said
    for i in range(6):
        (folder / f"{i}.png").write_bytes(b"")
    with pytest.raises(paths.InputError, match="none of the 6 pictures"):
        pictures.folders([folder], "photographs")


def test_few_are_in_memory_at_a_time(folder):
    read = []

    def load(path):
        read.append(int(path.stem))
        return pictures.load(path)
    w = window.Window(pictures.files([folder], "photographs"), load, 3)
    assert len(w) == 3 and read == [0]  # only what is drawn
    for step in range(20):
        w.turn(step)
        numbers = [int(w.files[w.number(i)].stem) for i in range(3)]
        assert numbers == [(step * window.MOVED + i) % 6 for i in range(3)]
        assert all(np.array_equal(p, np.array(drawn(k))) for p, k in zip(w[:], numbers))
        assert len(w.read) <= 3
    before = len(read)
    w.turn(19)  # as a run that goes on does
    assert np.array_equal(w[0], np.array(drawn(38 % 6))) and len(read) == before
    with pytest.raises(IndexError):
        w[3]


def test_a_card_keeps_only_the_window(folder):
    import torch
    w = window.Window(pictures.files([folder], "photographs"), pictures.load, 3)
    card = resident.Resident(w, torch.device("cpu"))
    for step in range(9):
        card.turn(step)
        for i in range(3):
            assert np.array_equal(card.tensor(i).permute(1, 2, 0).numpy(), w[i])
        assert len(card.tensors) <= 3


def test_other_processes_draw_the_same(folder, monkeypatch):
    monkeypatch.setattr(window, "CHILD", 2)
    files = pictures.files([folder], "photographs")
    results = []
    for workers in (0, 2):
        w = window.Window(files, pictures.load, 3)
        a = ahead.Ahead(lambda rng, w=w: w[int(rng.integers(len(w)))].copy(), 1, workers, w.turn)
        results.append([a.get(step) for step in range(12)])
        if workers:
            a.pool.terminate()
    assert all(np.array_equal(x, y) for x, y in zip(*results))
