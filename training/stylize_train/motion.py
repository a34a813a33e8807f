"""Small motions of pictures, as between two frames of a film: whole pixels, fractions, zoom, rotation, noise, exposure."""

import math
from typing import Callable

import numpy as np
import torch
import torch.nn.functional as F

SHIFT = 5.0  # pixels at most
ZOOM, TURN = 0.03, 0.03  # at most, as parts and as radians
NOISE, GAIN = 0.015, 0.05  # deviation of 1; at most
CUT, CUT_SHARE = 32, 0.4  # pixels that a piece is smaller at most; share of the steps
SIDE_MIN, MULTIPLE = 32, 16  # of what a network paints
WHOLE = 0.5  # share of the motions by whole pixels, whose comparison is exact


class Move:
    """Each picture of a batch by its own rows of whole pixels, or by its own affine map."""

    def __init__(self, shifts: np.ndarray | None, maps: np.ndarray | None, device: torch.device):
        self.shifts, self.maps, self.device = shifts, maps, device
        self.exact = maps is None

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        if self.maps is None:
            return torch.cat([shifted(p[None], int(down), int(right)) for p, (down, right) in zip(x, self.shifts)])
        h, w = x.shape[2:]
        theta = torch.from_numpy(relative(self.maps, h, w)).to(x)
        grid = F.affine_grid(theta, list(x.shape), align_corners=False)
        return F.grid_sample(x, grid, mode="bicubic", padding_mode="reflection", align_corners=False)

    def reach(self, sides) -> int:
        """Pixels at the edges that came in, at most."""
        if self.maps is None:
            return int(np.abs(self.shifts).max())
        return math.ceil(SHIFT + max(sides) / 2 * (ZOOM + TURN))


class Cut:
    """A piece of each picture of a batch, from anywhere; all of a picture that is too small."""

    def __init__(self, sides: torch.Size, rng: np.random.Generator):
        less = min(CUT, (min(sides) - SIDE_MIN) // MULTIPLE * MULTIPLE)
        self.top, self.left = (int(v) for v in rng.integers(0, less + 1, 2))
        self.height, self.width = (side - less for side in sides)

    def __call__(self, x: torch.Tensor) -> torch.Tensor:
        return x[..., self.top:self.top + self.height, self.left:self.left + self.width].contiguous()


def shifted(x: torch.Tensor, down: int, right: int) -> torch.Tensor:
    h, w = x.shape[2:]
    top, bottom, left, under = max(down, 0), max(-down, 0), max(right, 0), max(-right, 0)
    return F.pad(x, [left, under, top, bottom], mode="reflect")[..., bottom:bottom + h, under:under + w]


def relative(maps: np.ndarray, h: int, w: int) -> np.ndarray:
    """Rows (zoom, turn, down, right) as what affine_grid takes: parts of half a picture."""
    theta = np.empty((len(maps), 2, 3), np.float32)
    for t, (zoom, turn, down, right) in zip(theta, maps):
        c, s = math.cos(turn) / zoom, math.sin(turn) / zoom
        t[:] = [[c, -s * h / w, 2 * right / w], [s * w / h, c, 2 * down / h]]
    return theta


def draw(n: int, rng: np.random.Generator, device: torch.device) -> Move:
    if rng.random() < WHOLE:
        shifts = rng.integers(1, int(SHIFT) + 1, (n, 2)) * rng.choice((-1, 0, 1), (n, 2))
        shifts[(shifts == 0).all(1)] = (0, 1)  # not where it was
        return Move(shifts, None, device)
    maps = np.empty((n, 4))
    maps[:, 0] = 1 + rng.uniform(-ZOOM, ZOOM, n)
    maps[:, 1] = rng.uniform(-TURN, TURN, n)
    maps[:, 2:] = rng.uniform(-SHIFT, SHIFT, (n, 2))
    return Move(None, maps, device)


def disturbed(x: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """A little noise and another exposure, for each picture."""
    gain = torch.from_numpy(rng.uniform(1 - GAIN, 1 + GAIN, (len(x), 1, 1, 1)).astype(np.float32)).to(x.device)
    noise = normal(x, rng)
    deviation = torch.from_numpy(rng.uniform(0, NOISE, (len(x), 1, 1, 1)).astype(np.float32)).to(x.device)
    return (gain * x + deviation * noise).clamp(0, 1).contiguous(memory_format=torch.channels_last)


def normal(x: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """Drawn where x lies: a card would wait for millions of numbers of the processor."""
    if x.device.type == "cpu":
        return torch.from_numpy(rng.standard_normal(x.shape, np.float32))
    generator = torch.Generator(x.device).manual_seed(int(rng.integers(2 ** 62)))
    return torch.randn(x.shape, generator=generator, device=x.device)


def soft(x: torch.Tensor) -> torch.Tensor:
    """A mean over three pixels each way, weighted 1 2 1: without the finest waves."""
    x = F.avg_pool2d(x, 2, 1)
    return F.pad(F.avg_pool2d(x, 2, 1), [1, 1, 1, 1])
