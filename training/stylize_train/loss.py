"""`loss`: our own loss network, which learns to see what a published one sees."""

import argparse
import json
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

from . import library, pictures, run, script
from .paths import MODELS, InputError
from .perceptual import LEVELS, LossNet, moments, read_loss_net

SIZE, BATCH = 160, 4
MULTIPLE = 2 ** (len(LEVELS) - 1)
STATISTICS = 0.25  # weight of the statistics beside the features


def add_options(p: argparse.ArgumentParser) -> None:
    p.add_argument("--teacher", type=pathlib.Path, required=True, help="5SE.npz of Collaborative Distillation")
    p.add_argument("--pictures", type=pathlib.Path, nargs="+", required=True, help="folders of pictures of any kind")
    p.add_argument("--model", type=pathlib.Path, default=MODELS / "loss", help="model folder to write (models/loss)")
    run.add_options(p, minutes=30, out="build/train/loss", lr=2e-3)


class Distillation:
    name = "loss"

    def __init__(self, teacher: torch.nn.Module, material: list[np.ndarray], device: torch.device):
        self.teacher, self.material, self.device = teacher, material, device
        self.net = LossNet().to(device, memory_format=torch.channels_last)
        self.scales = self.measure()

    def measure(self) -> list[float]:
        """Root mean squares of the teacher's depths: ours have 1."""
        rng = np.random.default_rng(0)
        sums = [0.0] * len(LEVELS)
        with torch.no_grad():
            for _ in range(8):
                for depth, f in enumerate(self.teacher(self.batch(rng))):
                    sums[depth] += (f ** 2).mean().item() / 8
        return [s ** 0.5 for s in sums]

    def groups(self):
        return [{"params": list(self.net.parameters())}]

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

    def batch(self, rng) -> torch.Tensor:
        return pictures.batch([self.piece(rng) for _ in range(BATCH)]).to(self.device)

    def loss(self, rng, part):
        x = self.batch(rng)
        with torch.no_grad():
            targets = [f / s for f, s in zip(self.teacher(x), self.scales)]
        errors, statistics = [], []
        for f, t in zip(self.net(x), targets):
            floor = 0.05  # of the mean square of a typical picture, which is 1
            errors.append((((f - t) ** 2).mean((1, 2, 3)) / ((t ** 2).mean((1, 2, 3)) + floor)).mean())
            mean, cov = moments(f)
            mean_t, cov_t = moments(t)
            statistics.append((((mean - mean_t) ** 2).sum(1) / ((mean_t ** 2).sum(1) + floor)
                               + ((cov - cov_t) ** 2).sum((1, 2)) / ((cov_t ** 2).sum((1, 2)) + floor)).mean())
        loss = torch.stack(errors).sum() + STATISTICS * torch.stack(statistics).sum()
        figures = {f"depth{i}": e.item() for i, e in enumerate(errors, 1)}
        return loss, figures | {"statistics": torch.stack(statistics).mean().item()}, BATCH

    def extra(self) -> dict:
        return {"levels": self.net.levels, "scales": self.scales}

    def restore(self, checkpoint: dict) -> None:
        self.scales = checkpoint["scales"]

    def preview(self, folder: pathlib.Path) -> None:
        """The first depths of a picture, ours above the teacher's, as brightness."""
        rng = np.random.default_rng(1)
        x = self.batch(rng)[:1]
        rows = [[pictures.picture(x)], [pictures.picture(x)]]
        for f, t, s in zip(self.net(x), self.teacher(x), self.scales):
            for row, g in zip(rows, (f, t / s)):
                g = g.mean(1, keepdim=True)
                g = F.interpolate(g / g.max().clamp_min(1e-6), size=x.shape[2:])
                row.append(pictures.picture(g.expand(-1, 3, -1, -1)))
        pictures.sheet(rows, SIZE, folder / "preview.jpg")


def radius(net: LossNet) -> int:
    """Pixels around a pixel that the features over it depend on: a layer adds one of its own pixels on each side,
    and a pixel of the last depth covers MULTIPLE of the picture's."""
    return sum(len(widths) << depth for depth, widths in enumerate(net.levels)) + MULTIPLE - 1


def write(net: LossNet, folder: pathlib.Path) -> None:
    """<name>.pt, for the torch engine and for training, and model.json."""
    name = folder.resolve().name
    folder.mkdir(parents=True, exist_ok=True)
    script.write_loss(net, folder / f"{name}.pt")
    model = {"name": name, "description": "Loss network of the method optimize: five depths of features",
             "method": "optimize", "torch": f"{name}.pt", "multiple": MULTIPLE, "min_side": 32,
             "receptive_radius": radius(net), "style_weights": [1] * len(net.levels), "content_weights": [0, 0, 0.5, 0.5, 0]}
    run.write_whole(folder / "model.json", lambda p: p.write_text(json.dumps(model, indent=2) + "\n"))


def main(a: argparse.Namespace) -> None:
    device = run.check_options(a)
    library.check_id(a.model.resolve().name, "the folder's name becomes the network's")
    if a.teacher.suffix != ".npz":
        raise InputError(f"{a.teacher}: the teacher is an .npz file (5SE of Collaborative Distillation)")
    task = Distillation(read_loss_net(a.teacher, device), pictures.folders(a.pictures, "pictures"), device)
    training = run.Run(task, a, device)
    task.net.load_state_dict(training.go())
    write(task.net.to("cpu").eval(), a.model)
    print(f"{a.model}: {sum(p.numel() for p in task.net.parameters())} numbers")
