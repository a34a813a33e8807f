"""Photographs that lie in the memory of a graphics card, where pieces are cut out of them too: a processor that cuts them
with Pillow, one after the other, cannot feed such a card."""

from typing import Sequence

import numpy as np
import torch
import torch.nn.functional as F

from . import pictures, window

LOW, HIGH = 256, 600  # the shorter side of a photograph, as which it is taken
ODD, GREY = 0.02, 0.08  # shares


class Resident(Sequence[np.ndarray]):
    """The pictures, and the same as bytes [3, H, W] on the device: those of the window, once they were drawn."""

    def __init__(self, photos: Sequence[np.ndarray], device: torch.device):
        self.photos, self.device = photos, device
        self.tensors: dict[int, torch.Tensor] = {}  # by the number of the file

    def __len__(self) -> int:
        return len(self.photos)

    def __getitem__(self, i):
        return self.photos[i]

    def turn(self, step: int) -> None:
        window.turn(self.photos, step)
        here = {self.number(i) for i in range(len(self))}
        self.tensors = {k: t for k, t in self.tensors.items() if k in here}

    def number(self, i: int) -> int:
        return self.photos.number(i) if isinstance(self.photos, window.Window) else i

    def tensor(self, i: int) -> torch.Tensor:
        number = self.number(i)
        if number not in self.tensors:
            pixels = torch.from_numpy(np.ascontiguousarray(self.photos[i]))
            self.tensors[number] = pixels.permute(2, 0, 1).contiguous().to(self.device)
        return self.tensors[number]


def on(device: torch.device, photos: Sequence[np.ndarray]) -> Sequence[np.ndarray]:
    return Resident(photos, device) if device.type == "cuda" else photos


def piece(photo: torch.Tensor, size: int, rng: np.random.Generator) -> torch.Tensor:
    """As pictures.crop: [3, size, size], 0 to 1."""
    h, w = photo.shape[1:]
    short = rng.uniform(max(LOW, size), max(HIGH, size))
    side = max(1, min(round(size * min(h, w) / short), h, w))
    y, x = int(rng.integers(h - side + 1)), int(rng.integers(w - side + 1))
    part = photo[None, :, y:y + side, x:x + side].float() / 255
    if side != size:
        part = F.interpolate(part, (size, size), mode="bicubic", antialias=side > size).clamp(0, 1)
    return part[0].flip(2) if rng.random() < 0.5 else part[0]


def lit(x: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """As pictures.light, of a batch."""
    n = len(x)
    changed, grey = rng.random(n) < 0.5, rng.random(n) < GREY
    gain = np.where(changed, rng.uniform(0.7, 1.2, n), 1)
    more = np.where(changed, rng.uniform(-0.1, 0.1, n), 0) + 0.5
    gain, more, grey = (torch.from_numpy(v).to(x.device, torch.float32)[:, None, None, None] for v in (gain, more, grey))
    x = (x - 0.5) * gain + more
    return (x + grey * (x.mean(1, keepdim=True) - x)).clamp(0, 1)


def contents(photos: Sequence[np.ndarray], n: int, size: int, rng: np.random.Generator, device: torch.device) -> torch.Tensor:
    """[n, 3, size, size] on the device, channels last."""
    if not isinstance(photos, Resident):
        return pictures.contents(photos, n, size, rng).to(device)
    x = lit(torch.stack([piece(photos.tensor(int(rng.integers(len(photos)))), size, rng) for _ in range(n)]), rng)
    for k in np.flatnonzero(rng.random(n) < ODD):
        x[k] = torch.from_numpy(pictures.odd(size, rng)).permute(2, 0, 1).to(x)
    return x.contiguous(memory_format=torch.channels_last)
