"""The measures of stylize_train that need no published weights."""

import pathlib
import sys

import pytest
import torch
import torch.nn.functional as F

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "training"))

from stylize_train import judges, measures  # noqa: E402


@pytest.fixture
def picture():
    """Smooth noise, as photographs are: most of the power at low frequencies."""
    generator = torch.Generator().manual_seed(4)
    x = sum(F.interpolate(torch.rand(1, 3, h, w, generator=generator), size=(256, 320), mode="bilinear") / h
            for h, w in ((9, 11), (19, 23), (41, 53), (97, 121)))
    x = x + 1e-3 * torch.rand(x.shape, generator=generator)
    return x / x.max()


def test_likeness(picture):
    assert measures.ssim(picture, picture) == pytest.approx(1, abs=1e-5)
    noisy = (picture + 0.1 * torch.randn(picture.shape, generator=torch.Generator().manual_seed(1))).clamp(0, 1)
    assert measures.ssim(picture, noisy) < 0.8
    assert measures.ssim(picture, noisy) == pytest.approx(measures.ssim(noisy, picture), abs=1e-5)


@pytest.mark.parametrize("period", [2, 4])
def test_checkerboard_stands_out(picture, period):
    assert abs(measures.checkerboard(picture)) < 3
    dots = torch.zeros(1, 1, 256, 320)
    dots[..., ::period, ::period] = 0.05
    assert measures.checkerboard(picture + dots) > measures.checkerboard(picture) + 3


def test_flicker_is_of_the_network_not_of_the_pan(picture):
    assert measures.flicker(lambda x: x, picture) == pytest.approx(0, abs=1e-4)
    phase = torch.arange(320).remainder(4).eq(0).float() * 0.2  # stays where it is while the picture moves
    assert measures.flicker(lambda x: x + phase[:x.shape[3]], picture) > 5


def test_distances(picture):
    features = [picture.repeat(1, 2, 1, 1) + 0.1, picture]
    assert judges.style_distance(features, features) == 0
    assert judges.style_distance([f.flip(3) for f in features], features) == pytest.approx(0, abs=1e-6)
    assert judges.style_distance([2 * f for f in features], features) == pytest.approx(1 + 9, rel=1e-4)
    assert judges.content_distance(features[1], features[1]) == 0
    assert judges.content_distance(3 * picture + 1, picture) == pytest.approx(0, abs=0.1)
    assert judges.content_distance(picture.flip(3), picture) > 0.5


def test_shift_error(picture):
    """0 for what moves with the picture, twice the deviation's square root of what does not."""
    assert measures.shift_error(lambda x: x, picture) == pytest.approx(0, abs=1e-3)
    noise = torch.rand(1, 3, 256, 304, generator=torch.Generator().manual_seed(2))
    assert measures.shift_error(lambda x: noise[..., :x.shape[3]], picture) == pytest.approx(1000 * (2 / 12) ** 0.5, rel=0.02)
