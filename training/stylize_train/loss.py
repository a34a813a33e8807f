"""`loss`: our own loss network, which learns to see what published ones see.

With one teacher its features are the teacher's. With several they are, at each size, the strongest channels of all of
them beside each other. Search paints pictures that please it; the teachers' answers to those correct it where it could
be fooled."""

import argparse
import json
import pathlib
from typing import Callable, Sequence

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from . import filters, library, native, painted, pictures, run, script, window
from .ahead import Ahead
from .answers import Answers
from .formats import loss as loss_file
from .formats import network as container
from .paths import MODELS, InputError
from .perceptual import LEVELS, LossNet, folded, moments, read_loss_net, read_ours

SIZE, BATCH = 160, 4
MULTIPLE = 2 ** (len(LEVELS) - 1)
CONTENT = 0.27  # weight of the content in the method optimize, at the third and the fourth depth
FILTER_WEIGHT = 1  # of what the fixed filters see at each size, in the method optimize; a depth of the network has 1
STATISTICS = 0.25  # weight of the statistics beside the features
WIDE = ((24,), (48,), (96, 96), (160, 160), ())  # before the features, for several teachers
FLOOR = 0.05  # of the mean square of a typical picture, which is 1
SEARCH_EVERY, SEARCH_STEPS, PAINTED = 40, 100, 0.5  # steps; share of the pictures that were painted to please


def channels(text: str) -> tuple[int, ...]:
    found = tuple(int(n) for n in text.split(","))
    if not all(8 <= n <= 512 for n in found):
        raise ValueError
    return found


def add_options(p: argparse.ArgumentParser) -> None:
    p.add_argument("--teacher", type=pathlib.Path, nargs="+", required=True,
                   help="5SE.npz of Collaborative Distillation; further ones are files as --more-loss-nets of brush takes")
    p.add_argument("--pictures", type=pathlib.Path, nargs="+", required=True, help="folders of pictures of any kind")
    p.add_argument("--model", type=pathlib.Path, default=MODELS / "loss", help="model folder to write (models/loss)")
    p.add_argument("--pool", type=int, default=0, metavar="N",
                   help="keep N pictures that were painted to please the network, and learn from them what the teachers say (0)")
    p.add_argument("--batch", type=int, default=BATCH, help=f"pictures of a step ({BATCH})")
    p.add_argument("--between", action="store_true",
                   help="of one teacher: learn, through a layer that is thrown away, what the end of each depth sees too")
    p.add_argument("--layers", nargs=len(LEVELS), type=channels, default=LEVELS, metavar="N,N",
                   help="channels of the layers at each size, the first as many as the teacher's; of a network with one teacher "
                        f"({' '.join(','.join(map(str, level)) for level in LEVELS)})")
    p.add_argument("--start", type=pathlib.Path, help="<name>.pt of a network of the same shape, whose weights to begin with")
    native.add_options(p)
    run.add_options(p, minutes=30, out="build/train/loss", lr=2e-3)


class Student(nn.Module):
    """The network that learns, and which of the teachers' channels, as that belongs into its checkpoint."""

    def __init__(self, teachers: list[nn.Module], layers=LEVELS):
        super().__init__()
        self.answers = Answers(teachers) if len(teachers) > 1 else None
        self.eyes = LossNet(layers)
        self.fast = None
        self.heads = nn.ModuleList()  # from the ends of our depths to the teacher's
        if self.answers:
            self.eyes = LossNet([[*before, width] for before, width in zip(WIDE, self.answers.widths)], last=True)

    def start(self, first: LossNet, path: pathlib.Path) -> None:
        if (first.levels, first.last) != (self.eyes.levels, self.eyes.last):
            raise InputError(f"{path}: a network of another shape than the one that is to be trained")
        self.eyes.load_state_dict(first.state_dict())

    def add_heads(self, teacher: LossNet) -> None:
        if [n[:5] for n in self.eyes.ends] != [n[:5] for n in teacher.ends]:
            raise InputError("--between: the second to fourth size need two layers or more")
        widths = [(self.eyes.weights[a].shape[0], teacher.weights[b].shape[0]) for a, b in zip(self.eyes.ends, teacher.ends)]
        self.heads = nn.ModuleList(nn.Conv2d(a, b, 1) for a, b in widths)

    def forward(self, x: torch.Tensor, ends: bool = False) -> list[torch.Tensor]:
        found = (self.fast or self.eyes)(x, ends=ends)
        depths = len(self.eyes.levels)
        return found[:depths] + [head(f) for head, f in zip(self.heads, found[depths:])]


class Distillation:
    name = "loss"

    def __init__(self, teachers: Sequence[Callable[[torch.Tensor], list[torch.Tensor]]], material: list[np.ndarray], device: torch.device, pool: int = 0,
                 size: int = BATCH, seed: int = 1, workers: int = 0, layers=LEVELS, heads: LossNet | None = None):
        self.teachers, self.material, self.device = teachers, material, device
        self.pool = painted.Pool(pool) if pool else None
        self.net = Student(teachers, layers)
        if heads:
            self.net.add_heads(heads)
        self.net.to(device, memory_format=torch.channels_last)
        self.scales = [1.0] * len(LEVELS)
        self.step, self.said, self.size = 0, {}, size
        self.ahead = Ahead(self.make, seed, workers, self.turn)
        self.measure()

    def measure(self) -> None:
        """Root mean squares of the teacher's depths, as ours have 1; of several teachers the strongest channels."""
        rng = np.random.default_rng(0)
        if self.net.answers:
            self.net.answers.measure([self.sample(rng) for _ in range(8)])
            return
        sums = [0.0] * (len(LEVELS) + len(self.net.heads))
        with torch.no_grad():
            for _ in range(8):
                for depth, f in enumerate(self.teachers[0](self.sample(rng), ends=self.between)):
                    sums[depth] += (f ** 2).mean().item() / 8
        self.scales = [s ** 0.5 for s in sums]

    @property
    def between(self) -> bool:
        return len(self.net.heads) > 0

    def wanted(self, x: torch.Tensor, ends: bool = False) -> list[torch.Tensor]:
        with torch.no_grad():
            if self.net.answers:
                return self.net.answers(x)
            return [f / s for f, s in zip(self.teachers[0](x, ends=ends), self.scales)]

    def turn(self, step: int) -> None:
        window.turn(self.material, step)

    def groups(self):
        return [{"params": [p for p in self.net.parameters() if p.requires_grad]}]

    def piece(self, rng) -> np.ndarray:
        """Photographs, art, patterns; some recoloured; some half noise, as pictures that are being optimised are."""
        kind = rng.random()
        if kind < 0.05:
            x = pictures.odd(SIZE, rng)
        elif kind < 0.15:
            x = pictures.PATTERNS[rng.integers(len(pictures.PATTERNS))](SIZE, rng)
        else:
            p = pictures.crop(self.material[rng.integers(len(self.material))], SIZE, SIZE, 640, rng)
            x = pictures.recolour(p, rng) if rng.random() < 0.4 else p.astype(np.float32) / 255
        if rng.random() < 0.2:
            noise = rng.uniform(0, 1, (SIZE, SIZE, 3)) if rng.random() < 0.5 else rng.normal(0.5, 0.2, (SIZE, SIZE, 3))
            x = x + rng.uniform(0, 0.7) * (noise - x)
        return np.ascontiguousarray(np.clip(x, 0, 1), dtype=np.float32)

    def make(self, rng) -> list[np.ndarray]:
        return [self.piece(rng) for _ in range(self.size)]

    def sample(self, rng) -> torch.Tensor:
        return pictures.batch([self.piece(rng) for _ in range(BATCH)]).to(self.device)

    def batch(self, rng) -> torch.Tensor:
        ready = self.pool is not None and len(self.pool.pictures) > 0
        parts = [np.ascontiguousarray(self.pool.draw(rng)) if ready and rng.random() < PAINTED else p
                 for p in self.ahead.get(self.step)]
        return pictures.batch(parts).to(self.device)

    def paint(self, rng) -> None:
        """New pictures for the pool; what the network and what its teachers say of the distance that is left."""
        x, art = self.sample(rng), self.sample(rng)
        self.net.requires_grad_(False)
        found = painted.search(self.net, x, art, SEARCH_STEPS, rng)
        with torch.no_grad():
            self.said = {"says": painted.distance(self.net(found[-1]), self.net(art)).mean().item(),
                         "teachers": painted.distance(self.wanted(found[-1]), self.wanted(art)).mean().item()}
        self.net.requires_grad_(True)
        for y in found:
            self.pool.add(y, rng)

    def loss(self, rng, part):
        if self.pool and self.step % SEARCH_EVERY == SEARCH_EVERY - 1:
            self.paint(rng)
        x = self.batch(rng)
        self.step += 1
        errors, statistics = [], []
        for f, t in zip(self.net(x, self.between), self.wanted(x, self.between)):
            errors.append((((f - t) ** 2).mean((1, 2, 3)) / ((t ** 2).mean((1, 2, 3)) + FLOOR)).mean())
            if len(errors) > len(LEVELS):
                continue  # the end of a depth, which nobody will look at
            mean, cov = moments(f)
            mean_t, cov_t = moments(t)
            statistics.append((((mean - mean_t) ** 2).sum(1) / ((mean_t ** 2).sum(1) + FLOOR)
                               + ((cov - cov_t) ** 2).sum((1, 2)) / ((cov_t ** 2).sum((1, 2)) + FLOOR)).mean())
        loss = torch.stack(errors).sum() + STATISTICS * torch.stack(statistics).sum()
        figures = {f"depth{i}": e.item() for i, e in enumerate(errors[:len(LEVELS)], 1)}
        figures |= {f"end{i}": e.item() for i, e in enumerate(errors[len(LEVELS):], 2)}
        return loss, figures | {"statistics": torch.stack(statistics).mean().item()} | self.said, len(x)

    def extra(self) -> dict:
        return {"levels": self.net.eyes.levels, "scales": self.scales, "looked": self.step}

    def restore(self, checkpoint: dict) -> None:
        self.scales, self.step = checkpoint["scales"], checkpoint.get("looked", 0)

    def preview(self, folder: pathlib.Path) -> None:
        """The first depths of a picture, ours above the teacher's, as brightness."""
        rng = np.random.default_rng(1)
        x = self.sample(rng)[:1]
        rows = [[pictures.picture(x)], [pictures.picture(x)]]
        for f, t in zip(self.net(x), self.wanted(x)):
            for row, g in zip(rows, (f, t)):
                g = g.mean(1, keepdim=True)
                g = F.interpolate(g / g.max().clamp_min(1e-6), size=x.shape[2:])
                row.append(pictures.picture(g.expand(-1, 3, -1, -1)))
        pictures.sheet(rows, SIZE, folder / "preview.jpg")


def radius(net: LossNet) -> int:
    """Pixels around a pixel that the features over it depend on: a layer adds one of its own pixels on each side,
    and a pixel of the last depth covers MULTIPLE of the picture's."""
    return sum(len(widths) << depth for depth, widths in enumerate(net.levels)) + MULTIPLE - 1


def write(net: LossNet, folder: pathlib.Path) -> None:
    """<name>.pt, for the torch engine and for training, <name>.safetensors for the native engine, and model.json."""
    name = folder.resolve().name
    folder.mkdir(parents=True, exist_ok=True)
    script.write_loss(net, folder / f"{name}.pt")
    buffers = dict(torch.jit.load(str(folder / f"{name}.pt")).named_buffers())
    file = loss_file.convert({n: b.numpy() for n, b in buffers.items()})
    run.write_whole(folder / f"{name}.safetensors", lambda p: container.write(p, file))
    depths, more = len(net.levels), len(filters.FACTORS)
    model = {"name": name, "description": "Loss network of the method optimize: five depths of features and fixed filters",
             "method": "optimize", "native": f"{name}.safetensors", "torch": f"{name}.pt", "multiple": MULTIPLE, "min_side": 32,
             "receptive_radius": radius(net), "style_weights": [1] * depths + [FILTER_WEIGHT] * more, "content_weights": [0, 0, CONTENT, CONTENT] + [0] * (depths + more - 4)}
    run.write_whole(folder / "model.json", lambda p: p.write_text(json.dumps(model, indent=2) + "\n"))


def main(a: argparse.Namespace) -> None:
    device = run.check_options(a)
    library.check_id(a.model.resolve().name, "the folder's name becomes the network's")
    if a.teacher[0].suffix != ".npz":
        raise InputError(f"{a.teacher[0]}: the teacher is an .npz file (5SE of Collaborative Distillation); others follow it")
    if not 1 <= a.batch <= 1024:
        raise InputError("--batch must be from 1 to 1024")
    firsts = [level[0] for level in LEVELS]
    if [level[0] for level in a.layers] != firsts:
        raise InputError(f"--layers: the first layers have {', '.join(map(str, firsts))} channels, as the teacher's")
    if a.between and len(a.teacher) > 1:
        raise InputError("--between goes with one --teacher")
    if a.pool < 0:
        raise InputError("--pool must be 0 or more")
    native.check_options(a, device)
    teachers = [read_loss_net(path, device) for path in a.teacher]
    teachers[0] = first = folded(teachers[0]).to(device)
    if a.engine == "native":
        teachers[0] = native.Eyes(first, a.batch + BATCH, a.threads, a.between)
    task = Distillation(teachers, pictures.folders(a.pictures, "pictures"), device, a.pool, a.batch, a.seed, a.workers, a.layers,
                        heads=first if a.between else None)
    if a.start:
        task.net.start(read_ours(a.start), a.start)
    if a.engine == "native":
        task.net.fast = native.Eyes(task.net.eyes, a.batch + BATCH, a.threads, a.between)
    training = run.Run(task, a, device)
    task.net.load_state_dict(training.go())
    write(task.net.eyes.to("cpu").eval(), a.model)
    print(f"{a.model}: {sum(p.numel() for p in task.net.eyes.parameters())} numbers")
