"""Measures of a painting that need no network: likeness of brightness, checkerboard, flicker under a pan."""

from typing import Callable

import numpy as np
import torch
import torch.nn.functional as F

WINDOW = 64  # of the spectrum: divisible by the period
PERIOD = 4  # the networks work at a quarter of the size


def luma(x: torch.Tensor) -> torch.Tensor:
    return (x * torch.tensor([0.299, 0.587, 0.114]).reshape(1, 3, 1, 1)).sum(1, keepdim=True)


def ssim(a: torch.Tensor, b: torch.Tensor) -> float:
    """Structural similarity of the brightness (Wang et al. 2004): Gaussian of 1.5 pixels, range 1."""
    t = torch.arange(11.0) - 5
    g = torch.exp(-t * t / (2 * 1.5 ** 2))
    kernel = (g[:, None] * g)[None, None] / g.sum() ** 2

    def mean(t: torch.Tensor) -> torch.Tensor:
        return F.conv2d(t, kernel)
    a, b = luma(a), luma(b)
    ma, mb = mean(a), mean(b)
    va, vb, cov = mean(a * a) - ma * ma, mean(b * b) - mb * mb, mean(a * b) - ma * mb
    c1, c2 = 0.01 ** 2, 0.03 ** 2
    return float((((2 * ma * mb + c1) * (2 * cov + c2)) / ((ma * ma + mb * mb + c1) * (va + vb + c2))).mean())


def checkerboard(x: torch.Tensor) -> float:
    """How far the spectrum stands out at the frequencies of the network's stride, in dB: the mean, over the
    multiples of 1/4 of the sampling rate, of power against the median around it. A picture without a grid has 0."""
    y = luma(x)[0, 0].numpy()
    h, w = (s // WINDOW * WINDOW for s in y.shape)
    blocks = y[:h, :w].reshape(h // WINDOW, WINDOW, w // WINDOW, WINDOW).transpose(0, 2, 1, 3).reshape(-1, WINDOW, WINDOW)
    hann = np.hanning(WINDOW + 1)[:WINDOW]
    blocks = (blocks - blocks.mean((1, 2), keepdims=True)) * hann[:, None] * hann
    power = (np.abs(np.fft.fft2(blocks)) ** 2).mean(0) + 1e-12
    step, peaks = WINDOW // PERIOD, []
    around = [(i, j) for i in range(-4, 5) for j in range(-4, 5) if max(abs(i), abs(j)) > 2]
    for v in range(PERIOD):
        for u in range(PERIOD):
            if u or v:
                near = [power[(v * step + i) % WINDOW, (u * step + j) % WINDOW] for i, j in around]
                peaks.append(10 * np.log10(power[v * step, u * step] / np.median(near)))
    return float(np.mean(peaks))


def flicker(paint: Callable[[torch.Tensor], torch.Tensor], content: torch.Tensor, frames: int = 4, step: int = 3,
            border: int = 16) -> float:
    """Mean change of a point between the frames of a pan, in levels of 255: each frame is the photograph, cut
    `step` pixels further to the right."""
    width = (content.shape[3] - frames * step) // 16 * 16
    height = content.shape[2] // 16 * 16
    painted = [paint(content[:, :, :height, i * step:i * step + width].contiguous()) for i in range(frames)]
    changes = [(a[..., border:-border, step + border:-border] - b[..., border:-border, border:-border - step]).abs().mean()
               for a, b in zip(painted, painted[1:])]
    return 255 * float(torch.stack(changes).mean())


def shift_error(paint: Callable[[torch.Tensor], torch.Tensor], content: torch.Tensor, step: int = 1, border: int = 40) -> float:
    """Root mean square change of a point, in thousandths of white, when the photograph moves `step` pixels to the
    right: 0 where the strokes move with it. The frame of `border` pixels, where something else came in, is left out."""
    width = (content.shape[3] - step) // 16 * 16
    height = content.shape[2] // 16 * 16
    first, second = (paint(content[:, :, :height, at:at + width].contiguous()) for at in (0, step))
    change = first[..., border:-border, border + step:-border] - second[..., border:-border, border:-border - step]
    return 1000 * float((change ** 2).mean().sqrt())
