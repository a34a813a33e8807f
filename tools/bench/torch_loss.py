"""The loss of the method optimize (docs/optimize.md) in PyTorch, for what the library is compared with."""

import numpy as np
import torch

CONTENT = (0, 0, 0.5, 0.5, 0)  # weights of the depths, as in models/loss/model.json


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
    for f, g, s, weight in zip(net(x), net(content), net(style), CONTENT):
        for a, b in zip(moments(f), moments(s)):
            loss = loss + ((a - b) ** 2).sum() / ((b ** 2).sum() + 1e-6)
        if weight:
            loss = loss + weight * ((normed(f) - normed(g)) ** 2).mean()
    smooth = (x[:, :, 1:] - x[:, :, :-1]).abs().mean() + (x[..., 1:] - x[..., :-1]).abs().mean()
    return 100 * (loss + 0.5 * smooth + 10 * ((x - x.clamp(0, 1)) ** 2).mean())
