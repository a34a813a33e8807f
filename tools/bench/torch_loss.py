"""The loss of the method optimize (docs/optimize.md) in PyTorch, for what the library is compared with."""

import json
import pathlib

import numpy as np
import torch

MODEL = json.loads((pathlib.Path(__file__).resolve().parents[2] / "models" / "loss" / "model.json").read_text("utf-8"))


def tensor(p: np.ndarray) -> torch.Tensor:
    """[height, width, 3] as [1, 3, height, width]."""
    return torch.from_numpy(p.copy()).permute(2, 0, 1)[None].contiguous()


def moments(f: torch.Tensor):
    f = f[0].flatten(1)
    mean = f.mean(1)
    f = f - mean[:, None]
    return mean, f @ f.T / f.shape[1]


def normed(f: torch.Tensor) -> torch.Tensor:
    var, mean = torch.var_mean(f, dim=(2, 3), keepdim=True, unbiased=False)
    return (f - mean) * torch.rsqrt(var + 1e-2 * var.mean() + 1e-6)


def loss_of(net, x, content, style) -> torch.Tensor:
    """As docs/optimize.md has it."""
    loss = torch.zeros(())
    maps = zip(net(x), net(content), net(style), MODEL["style_weights"], MODEL["content_weights"], strict=True)
    for f, g, s, weight, content_weight in maps:
        for a, b in zip(moments(f), moments(s)):
            loss = loss + weight * ((a - b) ** 2).sum() / ((b ** 2).sum() + 1e-6)
        if content_weight:
            loss = loss + content_weight * ((normed(f) - normed(g)) ** 2).mean()
    smooth = (x[:, :, 1:] - x[:, :, :-1]).abs().mean() + (x[..., 1:] - x[..., :-1]).abs().mean()
    return 100 * (loss + 0.5 * smooth + 10 * ((x - x.clamp(0, 1)) ** 2).mean())
