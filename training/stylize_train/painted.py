"""Pictures that please a loss network, found by search: what a teacher says of them shows where it is wrong."""

from typing import Callable

import numpy as np
import torch

from .perceptual import content_terms, moments, style_terms

RATE, CONTENT, FAR, SHOWN = 0.03, 0.5, 4.0, 3
Look = Callable[[torch.Tensor], list[torch.Tensor]]


def distance(features: list[torch.Tensor], art: list[torch.Tensor]) -> torch.Tensor:
    """[N]: mean over the depths of the relative errors of the statistics."""
    return style_terms(features, [moments(f) for f in art]).clamp(max=FAR).mean(1)


def search(look: Look, x: torch.Tensor, art: torch.Tensor, steps: int, rng: np.random.Generator) -> list[torch.Tensor]:
    """The paintings of photographs x in the style of the pictures art that `steps` steps of gradient find, half of them
    begun in noise; before them how they looked on the way, SHOWN times."""
    with torch.no_grad():
        wanted, kept = [moments(f) for f in look(art)], look(x)[2:4]
    start = x.clone()
    noisy = torch.from_numpy(rng.random(len(x)) < 0.5).to(x.device)
    start[noisy] += 0.3 * torch.from_numpy(rng.standard_normal(x.shape, np.float32)).to(x.device)[noisy]
    y = start.clamp(0, 1).requires_grad_(True)
    adam, on_the_way = torch.optim.Adam([y], RATE), set((1 + rng.permutation(max(1, steps - 1))[:SHOWN]).tolist())
    found = []
    for step in range(steps):
        f = look(y)
        style = style_terms(f, wanted).clamp(max=FAR).sum()
        loss = style + CONTENT * sum(content_terms(a, b).sum() for a, b in zip(f[2:4], kept))
        y.grad, = torch.autograd.grad(loss, y)
        adam.step()
        with torch.no_grad():
            y.clamp_(0, 1)
        if step + 1 in on_the_way:
            found.append(y.detach().clone())
    return found + [y.detach()]


class Pool:
    """As many as `size` pictures as bytes; new ones take the place of old ones."""

    def __init__(self, size: int):
        self.size, self.pictures = size, []

    def add(self, batch: torch.Tensor, rng: np.random.Generator) -> None:
        for p in (batch.clamp(0, 1) * 255 + 0.5).to(torch.uint8).permute(0, 2, 3, 1).cpu().numpy():
            if len(self.pictures) < self.size:
                self.pictures.append(p)
            else:
                self.pictures[int(rng.integers(self.size))] = p

    def draw(self, rng: np.random.Generator) -> np.ndarray:
        """0 to 1; mirrored and turned, as the network should not learn it by heart."""
        p = self.pictures[int(rng.integers(len(self.pictures)))]
        p = np.rot90(p, int(rng.integers(4)))
        return (p[:, ::-1] if rng.random() < 0.5 else p).astype(np.float32) / 255
