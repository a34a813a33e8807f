"""`brush`: one network, one learnt code for each artwork of a folder."""

import argparse
import pathlib

import numpy as np
import torch

from . import library, native, objective, pictures, resident, run, start, window
from .nets import Brush, channels_last
from .paths import MODELS, InputError

CONTENTS, EACH = 2, 2  # photographs of a step, and how often each is painted
CODE_FACTOR = 3.0  # codes learn faster than the generator
SMALL = 0.75  # of --size: the pieces of the first part


def add_options(p: argparse.ArgumentParser) -> None:
    p.add_argument("--artworks", type=pathlib.Path, required=True, help="folder of <style id>.jpg")
    add_training_options(p, minutes=110, out="build/train/brush", lr=1e-3)
    objective.add_options(p, objective.Weights())


def add_training_options(p: argparse.ArgumentParser, minutes: float, out: str, lr: float) -> None:
    p.add_argument("--photos", type=pathlib.Path, nargs="+", required=True, help="folders of photographs")
    p.add_argument("--start", type=pathlib.Path, help="checkpoint, or .safetensors of a model folder, whose weights to begin with")
    p.add_argument("--loss-net", type=pathlib.Path, help="ours by default; .npz of 5SE works as well")
    p.add_argument("--coarse", type=int, nargs="*", default=[], metavar="N",
                   help="a block that looks further, with so many channels at an eighth, a sixteenth, ... of the size")
    p.add_argument("--size", type=int, default=256, help="side of the pieces of photographs (256)")
    p.add_argument("--contents", type=int, default=CONTENTS, help=f"photographs of a step ({CONTENTS})")
    p.add_argument("--each", type=int, default=EACH, help=f"paintings of each of them ({EACH})")
    p.add_argument("--first-part", type=float, default=0.35, help="share of the run with pieces of three quarters (0.35)")
    native.add_options(p)
    run.add_options(p, minutes=minutes, out=out, lr=lr)


def piece_size(a: argparse.Namespace, part: float) -> int:
    return a.size if part >= a.first_part else int(a.size * SMALL) // 8 * 8


def check_size(a: argparse.Namespace) -> None:
    if a.size < 64 or a.size > 1024 or a.size % 8:
        raise InputError("--size must be a multiple of 8 from 64 to 1024")
    if any(n < 8 or n > 512 for n in a.coarse) or len(a.coarse) > 2:
        raise InputError("--coarse takes one or two numbers from 8 to 512")
    if not (1 <= a.contents <= 256 and 1 <= a.each <= 16):
        raise InputError("--contents is from 1 to 256, --each from 1 to 16")
    if not 0 <= a.first_part <= 1:
        raise InputError("--first-part must be from 0 to 1")


class Painter:
    name = "brush"

    def __init__(self, a, goal: objective.Objective, photos, artworks: dict[str, np.ndarray], device):
        self.a, self.goal, self.photos, self.device = a, goal, photos, device
        self.ids, self.artworks = list(artworks), list(artworks.values())
        self.net = channels_last(Brush(len(artworks), coarse=a.coarse).to(device))
        targets = [goal.style_target(pictures.tensor(p).to(device)) for p in self.artworks]
        self.targets = [tuple(torch.cat([t[d][k] for t in targets]) for k in range(2)) for d in range(len(targets[0]))]
        self.before = start.NOTHING
        if a.engine == "native":
            self.net.fast = native.generator(self.net.net, 2 * a.contents * a.each, a.threads)

    def start(self, path: pathlib.Path) -> None:
        c = start.read(path)
        if c.get("ids") != self.ids:
            raise InputError(f"{path}: trained for other artworks than those of the folder")
        self.net.begin(c["ema"], c["cfg"])
        self.before = c["before"]

    def turn(self, step: int) -> None:
        window.turn(self.photos, step)

    def groups(self):
        return [{"params": list(self.net.net.parameters())}, {"params": [self.net.codes], "factor": CODE_FACTOR}]

    def loss(self, rng, part):
        n = self.a.contents * self.a.each
        k = torch.from_numpy(rng.permutation(max(n, len(self.ids)))[:n] % len(self.ids)).to(self.device)
        x = resident.contents(self.photos, self.a.contents, piece_size(self.a, part), rng, self.device)
        content = self.goal.content_target(x, self.a.each)
        x = x.repeat_interleave(self.a.each, 0)
        y = self.net(x, k)
        losses, figures, _ = self.goal(y, [(m[k], c[k]) for m, c in self.targets], content, rng)
        steady = self.goal.steady(lambda z: self.net(z, k), x, y, rng)
        return losses.mean() + steady, figures, n

    def extra(self) -> dict:
        return {"ids": self.ids, "cfg": self.net.net.cfg, "before": self.before}

    def restore(self, checkpoint: dict) -> None:
        if checkpoint["ids"] != self.ids:
            raise InputError("the checkpoint was trained for other artworks; name another --out")
        self.before = checkpoint.get("before", start.NOTHING)

    def preview(self, folder: pathlib.Path) -> None:
        photo = pictures.to_multiple(self.photos[0], 320, 16)
        x = pictures.tensor(photo).to(self.device)
        cells = [pictures.picture(self.net(x, torch.tensor([k], device=self.device))) for k in range(len(self.ids))]
        cells += [photo] * (-len(cells) % 4)
        pictures.sheet([cells[i:i + 4] for i in range(0, len(cells), 4)], 240, folder / "preview.jpg")


def read_artworks(folder: pathlib.Path, area: int | None = 512) -> dict[str, np.ndarray]:
    """By style id, in the order of the style library where it knows them."""
    if not folder.is_dir():
        raise InputError(f"{folder}: no such folder")
    known = [e["style_id"] for e in library.read(MODELS / "styles")]
    files = sorted((f for f in folder.iterdir() if f.suffix.lower() in pictures.ENDINGS),
                   key=lambda f: (known.index(f.stem) if f.stem in known else len(known), f.stem))
    if not files:
        raise InputError(f"{folder}: no pictures in it")
    return {f.stem: pictures.load(f, area=area) for f in files}


def main(a: argparse.Namespace) -> None:
    device = run.check_options(a)
    check_size(a)
    native.check_options(a, device)
    goal = objective.read(a, device)
    task = Painter(a, goal, resident.on(device, pictures.folders(a.photos, "photographs")), read_artworks(a.artworks), device)
    if a.start:
        task.start(a.start)
    training = run.Run(task, a, device)
    training.go()
    print(f"{training.path}: {training.state['step']} steps; `export` makes a model folder of it")
