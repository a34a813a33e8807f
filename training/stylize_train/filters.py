"""Fixed random filters beside a loss network, for the method optimize: 3x3, on the picture made smaller. What they see of
texture and colour no network has taught them, so a search that fools the network does not fool them. (Training has
others, perceptual.Filters, which also look at every second pixel of the whole; a search leaves a grid there.)

    python -m stylize_train.filters models/loss

writes the three files of a loss network anew, with the filters in them: always the same bytes."""

import pathlib
import sys

import torch
import torch.nn as nn
import torch.nn.functional as F

FACTORS = (2, 4, 8)  # how much smaller
COUNT = 48
COLOURED = COUNT // 4  # those that keep their mean; the others see no flat colour
STEP = 4096  # weights are whole multiples of its inverse, so that every machine makes the same


def weights() -> list[torch.Tensor]:
    """[COUNT, 3, 3, 3] for each of FACTORS, of length 1."""
    generator, found = torch.Generator().manual_seed(0), []
    for _ in FACTORS:
        w = torch.randn(COUNT, 3, 3, 3, generator=generator).double()
        w[COLOURED:] -= w[COLOURED:].mean((1, 2, 3), keepdim=True)
        w = w / w.flatten(1).norm(dim=1)[:, None, None, None]
        found.append((w * STEP).round().div(STEP).float())
    return found


class FixedFilters(nn.Module):
    """forward(x [N, 3, H, W], 0 to 1) -> features at a half of the size, a quarter and an eighth."""

    def __init__(self):
        super().__init__()
        for factor, w in zip(FACTORS, weights()):
            self.register_buffer(f"w{factor}", w)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        x = (x - 0.5) * 4
        small = ((F.avg_pool2d(x, factor), getattr(self, f"w{factor}")) for factor in FACTORS)
        return [F.relu(F.conv2d(F.pad(p, [1, 1, 1, 1], mode="reflect"), w)) for p, w in small]


def main() -> int:
    from . import loss
    from .paths import InputError
    from .perceptual import read_ours

    if len(sys.argv) != 2:
        print("usage: python -m stylize_train.filters FOLDER", file=sys.stderr)
        return 2
    folder = pathlib.Path(sys.argv[1]).resolve()
    try:
        loss.write(read_ours(folder / f"{folder.name}.pt").eval(), folder)
    except InputError as e:
        print(e, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
