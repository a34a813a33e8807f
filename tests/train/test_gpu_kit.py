"""training/gpu_kit.py on the processor: a pack of tiny pictures, and a few steps in two pieces. Needs torch, pillow, pytest."""

import json
import pathlib
import sys
import tarfile

import numpy as np
import pytest
import torch
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "training"), str(ROOT / "tests" / "train")]

import gpu_kit  # noqa: E402
import test_train  # noqa: E402
from stylize_train import __main__ as tool  # noqa: E402
from stylize_train import ahead, pictures, resident, run  # noqa: E402

SMALL = ["--", "--threads", "1", "--device", "cpu", "--workers", "0"]
PAINT = ["--size", "64", "--contents", "1", "--each", "2"]


def call(*arguments):
    monkey = [str(a) for a in ("gpu_kit.py", *arguments)]
    before, sys.argv = sys.argv, monkey
    try:
        gpu_kit.main()
    finally:
        sys.argv = before


@pytest.fixture(scope="session")
def made(tmp_path_factory):
    folder = tmp_path_factory.mktemp("kit")
    rng = np.random.default_rng(1)
    for name in ("photos/one", "photos/two", "styles/first", "styles/second"):
        path = folder / f"{name}.png"
        path.parent.mkdir(exist_ok=True)
        small = Image.fromarray(rng.integers(0, 256, (9, 12, 3), dtype=np.uint8))
        small.resize((160, 120), Image.Resampling.BICUBIC).save(path)
    weights = folder / "weights" / "collaborative_distillation"
    weights.mkdir(parents=True)
    test_train.published_encoder(weights / "5SE.npz")
    call("pack", folder / "pack.tar", "--photos", folder / "photos", "--styles", folder / "styles", "--weights", folder / "weights")
    return folder


def test_a_pack_holds_what_training_needs(made):
    with tarfile.open(made / "pack.tar") as tar:
        assert sorted(tar.getnames()) == ["photos/00000.jpg", "photos/00001.jpg", "styles/00000.jpg", "styles/00001.jpg",
                                          "teachers/5SE.npz"]


def test_a_pack_that_is_too_large_is_refused(made, tmp_path):
    with pytest.raises(SystemExit, match="do not fit"):
        call("pack", tmp_path / "pack.tar", "--photos", made / "photos", "--styles", made / "styles", "--weights", made / "weights",
             "--limit", 20000)


@pytest.mark.parametrize("what", ["brush", "any", "loss"])
def test_pieces_go_on(what, made, tmp_path, monkeypatch):
    """The second piece begins where the first ended, from a file that is smaller than the checkpoint."""
    monkeypatch.setitem(gpu_kit.TOTAL, what, 1000)
    ends = iter((2, 4))
    whole_step = run.Run.step

    def step(self, part):
        whole_step(self, part)
        if self.state["step"] == end:
            self.a.piece = 1e-9
    monkeypatch.setattr(run.Run, "step", step)
    more = [*SMALL, *(PAINT if what != "loss" else ["--batch", "2", "--pool", "2"])]
    for number, before in enumerate(((), ("--state", tmp_path / "0" / f"{what}.pt"))):
        end = next(ends)
        call("piece", what, "--pack", made / "pack.tar", "--out", tmp_path / str(number), *before, "--minutes", 5, *more)
        report = json.loads((tmp_path / str(number) / f"{what}.json").read_text())
        assert report["step"] == end and report["pictures"] == 2 * end
    state = run.load_checkpoint(tmp_path / "1" / f"{what}.pt")
    moments = [v for row in state["opt"].values() for v in row.values() if isinstance(v, torch.Tensor) and v.dim()]
    assert moments and all(v.dtype == torch.bfloat16 for v in moments)


def test_a_small_state_keeps_the_weights(tmp_path):
    torch.manual_seed(4)
    net = {"w": torch.randn(50, 20)}
    checkpoint = {"net": net, "ema": {"w": net["w"] + 1e-3 * torch.randn(50, 20)}, "opt": {0: {"exp_avg_sq": 1e-9 * torch.rand(50, 20)}},
                  "plain": json.dumps({"kind": "x", "state": {"step": 3}})}
    torch.save(checkpoint, tmp_path / "whole.pt")
    for more in ((), ("--no-moments",)):
        assert tool.main(["state", str(tmp_path / "whole.pt"), str(tmp_path / "small.pt"), *more]) == 0
        again = run.load_checkpoint(tmp_path / "small.pt")
        assert torch.equal(again["ema"]["w"], checkpoint["ema"]["w"]) and again["state"]["step"] == 3
        torch.testing.assert_close(again["net"]["w"], net["w"], rtol=0, atol=2e-5)
        assert bool(again["opt"]) != bool(more)
    assert (tmp_path / "small.pt").stat().st_size < (tmp_path / "whole.pt").stat().st_size


def test_pieces_of_photographs_on_a_card_are_as_on_the_processor():
    """The same amount of light and contrast, from the same photographs; here both lie in the processor's memory."""
    rng = np.random.default_rng
    small = rng(1).uniform(0, 255, (20, 30, 3)).astype(np.uint8)
    photo = np.array(Image.fromarray(small).resize((600, 400), Image.Resampling.BICUBIC))
    card = resident.Resident([photo], torch.device("cpu"))
    x = resident.contents(card, 64, 64, rng(2), torch.device("cpu"))
    y = pictures.contents([photo], 64, 64, rng(3))
    assert x.shape == y.shape and x.min() >= 0 and x.max() <= 1
    assert x.mean().item() == pytest.approx(y.mean().item(), abs=0.03)
    assert x.std((2, 3)).mean().item() == pytest.approx(y.std((2, 3)).mean().item(), rel=0.15)


def noise(rng):
    return rng.standard_normal(3)


def test_material_is_the_same_with_any_number_of_processes():
    here, others = ahead.Ahead(noise, 5), ahead.Ahead(noise, 5, 2)
    for step in (0, 1, 2, 5):
        assert np.array_equal(here.get(step), others.get(step))
    assert not np.array_equal(here.get(0), here.get(1))
    others.pool.terminate()
