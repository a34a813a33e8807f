"""The two judges of a painting: how far its style is from an artwork's, and its content from a photograph's.

Judge 1 is a VGG-like encoder, the loss network of most training runs; judge 2 is SqueezeNet 1.1, which nothing
was trained on. Both are read from their published weights and used for measuring only.

Style: mean over four depths of the relative error of channel means and covariances against the artwork
(Li et al. 2017, arXiv 1701.01036). Content: distance of instance-normalised features (0 same, 2 unrelated).
"""

import pathlib

import numpy as np
import torch
import torch.nn.functional as F

VGG_LAYERS = ["11", "12", "21", "22", "31", "32", "33", "34", "41"]
VGG_TAPS = ("11", "21", "31", "41")
VGG_POOLED = ("12", "22", "34")


class VggJudge:
    """5SE of Collaborative Distillation, an .npz; takes pictures of 0 to 1."""

    name = "VGG-like (5SE)"
    content_tap = 3

    def __init__(self, npz: pathlib.Path):
        weights = np.load(npz)
        names = ["0"] + VGG_LAYERS
        self.conv = {n: tuple(torch.from_numpy(weights[f"conv{n}.{k}"].astype("float32")) for k in ("weight", "bias"))
                     for n in names}

    def features(self, x: torch.Tensor) -> list[torch.Tensor]:
        taps = []
        x = F.conv2d(x, *self.conv["0"])
        for n in VGG_LAYERS:
            x = F.relu(F.conv2d(F.pad(x, [1, 1, 1, 1], mode="reflect"), *self.conv[n]))
            if n in VGG_TAPS:
                taps.append(x)
            if n in VGG_POOLED:
                x = F.max_pool2d(x, 2)
        return taps


class SqueezeJudge:
    """SqueezeNet 1.1 from the two files of ncnn: .param says what follows what, .bin holds the weights in order."""

    name = "SqueezeNet 1.1"
    content_tap = 2
    TAPS = ("conv1", "fire3", "fire5", "fire7")
    POOLED = ("conv1", "fire3", "fire5")
    MEAN = torch.tensor([104.0, 117.0, 123.0]).reshape(1, 3, 1, 1)

    def __init__(self, folder: pathlib.Path):
        data = (folder / "squeezenet_v1.1.bin").read_bytes()
        self.conv, at = {}, 0
        for line in (folder / "squeezenet_v1.1.param").read_text().splitlines()[2:]:
            kind, name, *rest = line.split()
            if kind != "Convolution":
                continue
            p = dict(item.split("=") for item in rest if "=" in item)
            out, kernel, size = int(p["0"]), int(p["1"]), int(p["6"])
            weight, at = self.tensor(data, at, size)
            bias = np.frombuffer(data, "<f4", out, at)
            at += 4 * out
            self.conv[name] = (torch.from_numpy(weight.reshape(out, -1, kernel, kernel).copy()),
                               torch.from_numpy(bias.copy()))

    @staticmethod
    def tensor(data: bytes, at: int, size: int) -> tuple[np.ndarray, int]:
        """A weight tensor: a word that tells its type, then float16 padded to four bytes or float32."""
        word = int.from_bytes(data[at:at + 4], "little")
        if word == 0x01306B47:
            return np.frombuffer(data, "<f2", size, at + 4).astype("float32"), at + 4 + (2 * size + 3) // 4 * 4
        if word != 0:
            raise ValueError(f"squeezenet_v1.1.bin: unknown type of weights {word:#x}")
        return np.frombuffer(data, "<f4", size, at + 4), at + 4 + 4 * size

    def features(self, x: torch.Tensor) -> list[torch.Tensor]:
        x = x.flip(1) * 255 - self.MEAN
        x = F.relu(F.conv2d(x, *self.conv["conv1"], stride=2))
        taps = [x]
        x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        for fire in range(2, 8):
            name = f"fire{fire}"
            x = F.relu(F.conv2d(x, *self.conv[f"{name}/squeeze1x1"]))
            x = torch.cat([F.relu(F.conv2d(x, *self.conv[f"{name}/expand1x1"])),
                           F.relu(F.conv2d(x, *self.conv[f"{name}/expand3x3"], padding=1))], 1)
            if name in self.TAPS:
                taps.append(x)
            if name in self.POOLED:
                x = F.max_pool2d(x, 3, 2, ceil_mode=True)
        return taps


def moments(f: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
    f = f[0].flatten(1)
    mean = f.mean(1)
    f = f - mean[:, None]
    return mean, f @ f.T / f.shape[1]


def style_distances(painted: list[torch.Tensor], artwork: list[torch.Tensor]) -> list[tuple[float, float]]:
    """For each depth the relative errors of the means and of the covariances."""
    return [tuple(float(((got - want) ** 2).sum() / (want ** 2).sum()) for got, want in zip(moments(p), moments(a)))
            for p, a in zip(painted, artwork)]


def style_distance(painted: list[torch.Tensor], artwork: list[torch.Tensor]) -> float:
    return sum(map(sum, style_distances(painted, artwork))) / len(painted)


def content_distance(painted: torch.Tensor, content: torch.Tensor) -> float:
    def normed(f: torch.Tensor) -> torch.Tensor:
        var, mean = torch.var_mean(f, dim=(2, 3), keepdim=True, unbiased=False)
        return (f - mean) * torch.rsqrt(var + 1e-2 * var.mean() + 1e-6)
    return float(((normed(painted) - normed(content)) ** 2).mean())
