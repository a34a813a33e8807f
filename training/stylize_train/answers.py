"""What several teachers say of a picture, as the maps that one loss network learns to give: by size, beside each other."""

import math
from typing import NamedTuple, Sequence

import torch
import torch.nn as nn
import torch.nn.functional as F

LEVELS = 5
KEPT = (16, 32, 48, 96, 96)  # of a teacher's channels at each size: the main axes, on which nearly all of its statistics lie
SIDE = 64  # of the picture that tells the sizes of features


class Part(NamedTuple):
    teacher: int
    depth: int  # of the teacher
    level: int  # how often the picture was halved
    channels: int
    kept: int

    @property
    def name(self) -> str:
        return f"axes{self.teacher}_{self.depth}"


class Answers(nn.Module):
    """forward(x) -> one map for each size. The axes are part of the state, the teachers are not."""

    def __init__(self, teachers: Sequence[nn.Module]):
        super().__init__()
        self.teachers = list(teachers)
        self.parts: list[Part] = []
        with torch.no_grad():
            for t, teacher in enumerate(self.teachers):
                for d, f in enumerate(self.seen(teacher, torch.zeros(1, 3, SIDE, SIDE))):
                    level = round(math.log2(SIDE / f.shape[2]))
                    if level < LEVELS:
                        self.parts.append(Part(t, d, level, f.shape[1], min(f.shape[1], KEPT[level])))
        self.parts.sort(key=lambda p: (p.level, p.teacher))
        for p in self.parts:
            self.register_buffer(p.name, torch.zeros(p.kept, p.channels))

    @staticmethod
    def seen(teacher: nn.Module, x: torch.Tensor) -> list[torch.Tensor]:
        device = next((b.device for b in teacher.buffers()), x.device)
        return teacher(x.to(device))

    @property
    def widths(self) -> list[int]:
        return [sum(p.kept for p in self.parts if p.level == level) for level in range(LEVELS)]

    @torch.no_grad()
    def measure(self, batches: Sequence[torch.Tensor]) -> None:
        """The main axes of what the teachers see of these pictures, each teacher's maps with a mean square of 1."""
        sums = {p: torch.zeros(p.channels, p.channels, dtype=torch.float64) for p in self.parts}
        for x in batches:
            found = [self.seen(teacher, x) for teacher in self.teachers]
            for p in self.parts:
                v = found[p.teacher][p.depth].transpose(0, 1).flatten(1).double().cpu()
                sums[p] += v @ v.T / v.shape[1] / len(batches)
        for p, second in sums.items():
            values, vectors = torch.linalg.eigh(second)
            size = (values[-p.kept:].sum() / p.kept).clamp_min(1e-12).sqrt()
            getattr(self, p.name).copy_((vectors[:, -p.kept:] / size).T.flip(0))

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        found = [self.seen(teacher, x) for teacher in self.teachers]
        maps: list[list[torch.Tensor]] = [[] for _ in range(LEVELS)]
        for p in self.parts:
            f = F.conv2d(found[p.teacher][p.depth], getattr(self, p.name)[:, :, None, None])
            side = x.shape[2] >> p.level
            maps[p.level].append(f if f.shape[2] == side else F.interpolate(f, (side, x.shape[3] >> p.level), mode="bilinear"))
        return [torch.cat(m, 1) for m in maps]

