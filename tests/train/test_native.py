"""Training with the library's kernels: the same numbers as PyTorch's. Needs torch, pillow, pytest and the library."""

import pathlib
import sys

import numpy as np
import pytest
import torch
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT / "training"), str(pathlib.Path(__file__).parent)]

from stylize_train import __main__ as tool  # noqa: E402
from stylize_train import native, nets, paths, perceptual, run  # noqa: E402

try:
    native._context(1)
except paths.InputError as e:
    pytest.skip(str(e), allow_module_level=True)

LEVELS = ((8, 16), (24,), (32, 40), (16,))


def near(found: torch.Tensor, wanted: torch.Tensor, part: float = 1e-3) -> bool:
    return bool((found - wanted).abs().max() <= part * wanted.abs().max())


def gradients(maps, tensors):
    rng = torch.Generator().manual_seed(1)
    value = sum((m * torch.randn(m.shape, generator=rng)).sum() for m in maps)
    return torch.autograd.grad(value, tensors, allow_unused=True)


def smooth(n: int, h: int, w: int) -> torch.Tensor:
    small = torch.rand(n, 3, h // 8, w // 8, generator=torch.Generator().manual_seed(2))
    return torch.nn.functional.interpolate(small, size=(h, w), mode="bicubic").clamp(0, 1)


def test_generator():
    torch.manual_seed(3)
    net = nets.Generator(c1=16, c2=16, blocks=1, c3=8)
    codes = net.first_code().repeat(2, 1) + 0.1 * torch.randn(2, 2 * net.norms)
    codes.requires_grad_(True)
    x, fast = smooth(2, 48, 64), native.generator(net, 2, 2)
    (y,), z = fast(x, codes), net.eval()(x, codes)
    assert y.shape == z.shape and (y - z).abs().max() < 1e-4
    tensors = [codes, *(net.tensors()[n] for n in fast.names)]
    for found, wanted in zip(gradients([y], tensors), gradients([z], tensors)):
        assert near(found, wanted)


def test_loss_network():
    torch.manual_seed(3)
    net = perceptual.LossNet(LEVELS)
    x = smooth(2, 64, 48).requires_grad_(True)
    look = native.Eyes(net, 2, 1)
    tensors = [x, *net.parameters()]
    found, wanted = look(x), net(x)
    assert all((a - b).abs().max() < 1e-3 for a, b in zip(found, wanted, strict=True))
    for name, a, b in zip(["x"] + [n for n, _ in net.named_parameters()], gradients(found, tensors), gradients(wanted, tensors)):
        assert b is None or near(a, b, 2e-2 if name == "x" else 5e-3), name  # a relu's edge falls to either side
    for a, b in zip(look.texture(x), look.filters(x), strict=True):
        assert (a - b).abs().max() < 1e-4


def test_ends_of_depths():
    torch.manual_seed(3)
    net = perceptual.LossNet(LEVELS + ((16, 8), (8,)))
    x = smooth(2, 64, 64).requires_grad_(True)
    look = native.Eyes(net, 2, 1, ends=True)
    assert net.ends == ["conv3b", "conv5b"]
    found, wanted = look(x, ends=True), net(x, last=6, ends=True)
    assert len(found) == 8 and all((a - b).abs().max() < 1e-3 for a, b in zip(found, wanted, strict=True))
    tensors = list(net.parameters())
    for a, b in zip(gradients(found, tensors), gradients(wanted, tensors)):
        assert b is None or near(a, b, 5e-3)
    assert all(torch.equal(a, b) for a, b in zip(look(x, 2), found[:2], strict=True))


def test_it_follows_the_weights():
    torch.manual_seed(3)
    net = perceptual.LossNet(LEVELS)
    look, x = native.Eyes(net, 1, 1), smooth(1, 32, 32)
    with torch.no_grad():
        before = look(x)[3].clone()
        assert torch.equal(before, look(x)[3])
        net.weights["conv1a"].mul_(1.5)
        assert not torch.equal(before, look(x)[3]) and (look(x)[3] - net(x)[3]).abs().max() < 1e-3


def test_two_sizes_between_steps():
    """Runs of one size are kept while those of another send the weights that a step changed."""
    torch.manual_seed(3)
    net = nets.Generator(c1=16, c2=16, blocks=1, c3=8)
    code, large, small = net.first_code(), smooth(1, 64, 64), smooth(1, 48, 48)
    fast = native.generator(net, 1, 1)

    def step():
        ((fast(large, code)[0] ** 2).mean() + (fast(small, code)[0] ** 2).mean()).backward()
    step()
    with torch.no_grad():
        for t in net.parameters():
            t.mul_(0.9)
    step()
    assert all(torch.isfinite(t.grad).all() for t in net.parameters() if t.grad is not None)


def test_what_is_no_longer_kept_is_refused():
    net = perceptual.LossNet(LEVELS)
    look = native.Eyes(net, 1, 1)
    x, other = smooth(1, 32, 32).requires_grad_(True), smooth(1, 32, 32).requires_grad_(True)
    first = look(x)[0].sum()
    look(other)
    with pytest.raises(RuntimeError, match="more runs forward than places"):
        first.backward()


def test_5se_folded(tmp_path):
    """As the published network with mean pooling in the place of its own."""
    rng, tensors, inputs = np.random.default_rng(1), {}, 3
    tensors["conv0.weight"], tensors["conv0.bias"] = rng.normal(size=(3, 3, 1, 1)), rng.normal(size=3)
    for names in perceptual.VGG_LEVELS:
        for name in names:
            tensors[f"conv{name}.weight"] = rng.normal(0, 0.3, (8, inputs, 3, 3))
            tensors[f"conv{name}.bias"], inputs = rng.normal(size=8), 8
    np.savez(tmp_path / "5SE.npz", **tensors)
    published = perceptual.PublishedNet(tmp_path / "5SE.npz")
    x, pool = smooth(1, 32, 48), torch.nn.functional.max_pool2d
    torch.nn.functional.max_pool2d = torch.nn.functional.avg_pool2d
    try:
        wanted = published(x)
    finally:
        torch.nn.functional.max_pool2d = pool
    for a, b in zip(perceptual.folded(published)(x), wanted, strict=True):
        assert near(a, b, 1e-5)


@pytest.fixture
def material(tmp_path):
    for name in ("photos/a", "photos/b", "art/first", "art/second"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        pixels = np.random.default_rng(len(name)).integers(0, 256, (12, 16, 3), np.uint8)
        Image.fromarray(pixels).resize((96, 72), Image.Resampling.BICUBIC).save(tmp_path / f"{name}.png")
    return tmp_path


def call(*arguments) -> int:
    return tool.main([str(a) for a in arguments])


def test_brush_learns_the_same_with_either_engine(material, capsys):
    for engine in ("torch", "native"):
        assert call("brush", "--engine", engine, "--artworks", material / "art", "--photos", material / "photos", "--steps", 3,
                    "--size", 64, "--threads", 1, "--device", "cpu", "--steady", 100, "--out", material / engine) == 0
    a, b = (run.load_checkpoint(material / engine / "checkpoint.pt")["net"] for engine in ("torch", "native"))
    assert all((a[k] - b[k]).abs().max() < 2e-3 for k in a)  # of steps of 1e-3


def test_loss_learns_the_same_with_either_engine(material):
    from test_train import published_encoder

    teacher = published_encoder(material / "teacher.npz")
    for engine in ("torch", "native"):
        assert call("loss", "--engine", engine, "--between", "--teacher", teacher, "--pictures", material / "art", "--steps", 3, "--threads", 1,
                    "--device", "cpu", "--out", material / engine, "--model", material / engine / "loss") == 0
    a, b = (run.load_checkpoint(material / engine / "checkpoint.pt")["net"] for engine in ("torch", "native"))
    assert all((a[k] - b[k]).abs().max() < 2e-3 for k in a)


def test_sides_that_the_library_does_not_take(material):
    """The loss network's module looks at them."""
    assert call("brush", "--engine", "native", "--artworks", material / "art", "--photos", material / "photos", "--steps", 1,
                "--size", 72, "--threads", 1, "--device", "cpu", "--out", material / "out") == 0
