"""Loss networks and the losses on their features."""

import pathlib
import re

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from .mobile import MobileNet
from .paths import MODELS, InputError
from .resnet import ResNet

OURS = MODELS / "loss" / "loss.pt"
# Our network: five levels, mean pooling between them; of each level the first layer is looked at.
LEVELS = ((16, 24), (32, 40), (64, 80, 80, 80), (128, 144, 144, 128), (128,))
SCALES = 3  # of Filters
VGG_LEVELS = (("11", "12"), ("21", "22"), ("31", "32", "33", "34"), ("41", "42", "43", "44"), ("51",))


def conv(x: torch.Tensor, w: torch.Tensor, b: torch.Tensor | None = None, stride: int = 1) -> torch.Tensor:
    """3x3, reflect padding 1."""
    return F.conv2d(F.pad(x, [1, 1, 1, 1], mode="reflect"), w, b, stride)


class LossNet(nn.Module):
    """forward(x [N, 3, H, W], 0 to 1) -> the features of up to five depths, each half the size of the one before: the
    first layer of each depth, or the last, which sees more."""

    def __init__(self, levels=LEVELS, last: bool = False):
        super().__init__()
        self.levels = [list(level) for level in levels]
        self.last = last
        self.weights, self.biases = nn.ParameterDict(), nn.ParameterDict()
        inputs = 3
        for level, widths in enumerate(self.levels, 1):
            for i, width in enumerate(widths):
                w = torch.empty(width, inputs, 3, 3)
                nn.init.normal_(w, std=(2 / (9 * inputs)) ** 0.5)
                self.weights[self.name(level, i)] = nn.Parameter(w)
                self.biases[self.name(level, i)] = nn.Parameter(torch.zeros(width))
                inputs = width

    def is_tap(self, level: int, i: int) -> bool:
        return i == (len(self.levels[level - 1]) - 1 if self.last else 0)

    def is_end(self, level: int, i: int) -> bool:
        """The last layer of a depth, of those between the first and the last: what is pooled for the next."""
        return 1 < level < len(self.levels) and 0 < i == len(self.levels[level - 1]) - 1

    @property
    def ends(self) -> list[str]:
        return [self.name(level, i) for level, widths in enumerate(self.levels, 1) for i in range(len(widths)) if self.is_end(level, i)]

    def name(self, level: int, i: int) -> str:
        """Files know by the letter t that the feature is not the first layer."""
        return f"conv{level}{'t' if self.last and self.is_tap(level, i) else 'abcdefgh'[i]}"

    def forward(self, x: torch.Tensor, last: int = 5, ends: bool = False) -> list[torch.Tensor]:
        """With ends: after the depths, what the last layer of each sees."""
        taps, more = [], []
        x = (x - 0.5) * 4
        for level, widths in enumerate(self.levels[:last], 1):
            for i in range(len(widths)):
                name = self.name(level, i)
                x = F.relu(conv(x, self.weights[name], self.biases[name]))
                if self.is_tap(level, i):
                    taps.append(x)
                    if level == last:
                        return taps + more
                if ends and self.is_end(level, i):
                    more.append(x)
            if level < len(self.levels):
                x = F.avg_pool2d(x, 2)
        return taps + more


class PublishedNet(nn.Module):
    """5SE of Collaborative Distillation (VGG-19 made small), an .npz: a teacher, nothing of it is shipped."""

    def __init__(self, path: pathlib.Path):
        super().__init__()
        with np.load(path) as z:
            for name in ["0"] + [n for level in VGG_LEVELS for n in level]:
                for kind in ("weight", "bias"):
                    if f"conv{name}.{kind}" not in z:
                        raise InputError(f"{path}: no conv{name}.{kind}: not the encoder 5SE")
                    self.register_buffer(kind[0] + name, torch.from_numpy(z[f"conv{name}.{kind}"].astype("float32")))

    def forward(self, x: torch.Tensor, last: int = 5) -> list[torch.Tensor]:
        taps = []
        x = F.conv2d(x, self.w0, self.b0)
        for level, names in enumerate(VGG_LEVELS[:last], 1):
            for i, name in enumerate(names):
                x = F.relu(conv(x, getattr(self, "w" + name), getattr(self, "b" + name)))
                if i == 0:
                    taps.append(x)
                    if level == last:
                        return taps
            x = F.max_pool2d(x, 2)
        return taps


def folded(published: PublishedNet) -> LossNet:
    """5SE as a network of ours, with mean pooling, which gives smoother gradients than its own (Gatys et al. 2016): its
    first layer, of one pixel, is folded into the second."""
    tensors = dict(published.named_buffers())
    net = LossNet([[tensors["w" + n].shape[0] for n in names] for names in VGG_LEVELS])
    with torch.no_grad():
        for level, names in enumerate(VGG_LEVELS, 1):
            for i, name in enumerate(names):
                if (level, i) != (1, 0):
                    net.weights[net.name(level, i)].copy_(tensors["w" + name])
                net.biases[net.name(level, i)].copy_(tensors["b" + name])
        mix, first = tensors["w0"][:, :, 0, 0], tensors["w11"]
        net.weights["conv1a"].copy_(torch.einsum("oikl,ij->ojkl", first, mix) / 4)  # our networks begin with (x - 0.5) * 4
        net.biases["conv1a"].add_(torch.einsum("oikl,i->o", first, mix.sum(1) / 2 + tensors["b0"]))
    return net.eval().requires_grad_(False)


class Filters(nn.Module):
    """Fixed random 3x3 filters at three scales: what they see of texture and colour no network has taught them."""

    def __init__(self, count: int = 48):
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        for scale in range(SCALES):
            w = torch.randn(count, 3, 3, 3, generator=generator)
            w[count // 4:] -= w[count // 4:].mean((1, 2, 3), keepdim=True)
            self.register_buffer(f"w{scale}", w / w.flatten(1).norm(dim=1)[:, None, None, None])

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        taps = []
        x = x - 0.5
        for scale in range(SCALES):
            if scale:
                x = F.avg_pool2d(x, 2)
            taps.append(F.relu(F.conv2d(x, getattr(self, f"w{scale}"), stride=2 if scale == 0 else 1)))
        return taps


def read_ours(path: pathlib.Path) -> LossNet:
    """From the TorchScript file: the tensors' names and shapes say what the network is."""
    try:
        buffers = dict(torch.jit.load(str(path), map_location="cpu").named_buffers())
    except (RuntimeError, ValueError) as e:
        raise InputError(f"{path}: not a TorchScript file") from e
    levels: list[list[int]] = [[] for _ in LEVELS]
    for name in sorted(n for n in buffers if re.fullmatch("w_conv[1-5][a-ht]", n)):
        levels[int(name[6]) - 1].append(buffers[name].shape[0])
    if not all(levels):
        raise InputError(f"{path}: not a loss network of this project")
    net = LossNet(levels, last="w_conv1t" in buffers)
    for group, ending in ((net.weights, ""), (net.biases, "_bias")):
        for name, p in group.items():
            p.data.copy_(buffers[f"w_{name}{ending}"])
    return net


def read_loss_net(path: pathlib.Path | None, device: torch.device) -> nn.Module:
    """Ours unless another is named: .pt of ours, .npz of the published 5SE, .tflite of the published MobileNetV2,
    .onnx of a ResNet."""
    path = pathlib.Path(path or OURS)
    if not path.exists():
        raise InputError(f"{path}: no such file; --loss-net names a loss network (.pt of ours, .npz of 5SE)")
    net = {".npz": PublishedNet, ".tflite": MobileNet, ".onnx": ResNet}.get(path.suffix, read_ours)(path)
    return net.eval().requires_grad_(False).to(device, memory_format=torch.channels_last)


def moments(f: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    """Mean [N, C] and centred covariance [N, C, C]."""
    f = f.float().flatten(2)
    mean = f.mean(2)
    f = f - mean[:, :, None]
    return mean, torch.bmm(f, f.transpose(1, 2)) / f.shape[2]


def deviations(cov: torch.Tensor) -> torch.Tensor:
    return torch.sqrt(cov.diagonal(dim1=1, dim2=2) + 1e-8)


def style_terms(features, target, floors=None, parts=(1.0, 1.0, 0.0)) -> torch.Tensor:
    """[N, depths]: relative errors of means, covariances and standard deviations, weighted by parts. A floor for
    each depth keeps flat styles harmless: it is added to what the errors are divided by."""
    terms = []
    for depth, (f, wanted) in enumerate(zip(features, target)):
        found = moments(f)
        pairs = [*zip(found, wanted), (deviations(found[1]), deviations(wanted[1]))]
        terms.append(sum(part * ((a - b) ** 2).flatten(1).sum(1) / ((b ** 2).flatten(1).sum(1) + floor)
                         for part, (a, b), floor in zip(parts, pairs, floors[depth] if floors else [1e-6] * 3) if part))
    return torch.stack(terms, 1)


class Floors:
    """Running means of the targets' squared sizes, a part of which is the floor of style_terms."""

    def __init__(self, depths: int, values: list | None = None):
        self.values = values or [[1e-3] * 3 for _ in range(depths)]

    def update(self, target, step: int) -> list[list[float]]:
        rate = max(0.01, 1 / (step + 1))
        for depth, (mean, cov) in enumerate(target):
            sizes = [(v ** 2).flatten(1).sum(1).mean().item() for v in (mean, cov, deviations(cov))]
            self.values[depth] = [v + rate * (s - v) for v, s in zip(self.values[depth], sizes)]
        return [[0.05 * v for v in sizes] for sizes in self.values]


def normed(f: torch.Tensor) -> torch.Tensor:
    var, mean = torch.var_mean(f.float(), dim=(2, 3), keepdim=True, unbiased=False)
    return (f - mean) * torch.rsqrt(var + 1e-2 * var.mean(1, keepdim=True) + 1e-6)


def content_terms(f: torch.Tensor, g: torch.Tensor) -> torch.Tensor:
    """[N]: distance of instance-normalised features: layout and edges, not palette or contrast."""
    return ((normed(f) - normed(g)) ** 2).mean((1, 2, 3))


def total_variation(x: torch.Tensor) -> torch.Tensor:
    return (x[:, :, 1:] - x[:, :, :-1]).abs().mean((1, 2, 3)) + (x[..., 1:] - x[..., :-1]).abs().mean((1, 2, 3))


def grid(x: torch.Tensor, period: int = 4, window: int = 16) -> torch.Tensor:
    """[N]: strength of a fixed dot pattern, the mark that pixel shuffles leave: the variance over the pixel
    phases of their means in windows of period * window pixels."""
    n, c, h, w = x.shape
    window = max(1, min(window, h // period, w // period))
    p = F.avg_pool2d(F.pixel_unshuffle(x.contiguous(), period), window)
    return p.reshape(n, c, period * period, -1).var(2, unbiased=False).mean((1, 2))
