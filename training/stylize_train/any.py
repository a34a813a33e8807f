"""`any`: a network that reads its style from any picture."""

import argparse
import pathlib

import numpy as np
import torch
import torch.nn.functional as F

from . import brush, objective, pictures, resident, run, start, varied, window
from .ahead import Ahead
from .nets import HIDDEN, WIDTHS, Any, channels_last
from .paths import InputError
from .teacher import MicroAST

SAME = 0.2  # how often the style of a painting is the photograph itself, which must then stay as it is
TEACHER_FAR = 6.0
PROBE = (160, 120)
POOL = 64  # style pictures that --reuse chooses among


def add_options(p: argparse.ArgumentParser) -> None:
    p.add_argument("--paintings", type=pathlib.Path, nargs="+", required=True, help="folders of paintings, the main styles")
    p.add_argument("--more-styles", type=pathlib.Path, nargs="*", default=[], help="folders of other pictures as styles")
    p.add_argument("--teacher", type=pathlib.Path, help="folder of MicroAST's .npz files; adds the teacher's terms")
    brush.add_training_options(p, minutes=90, out="build/train/any", lr=8e-4)
    p.add_argument("--encoder-widths", type=int, nargs="+", default=list(WIDTHS), metavar="N",
                   help="channels of the encoder, each size half the one before; a checkpoint with fewer grows")
    p.add_argument("--encoder-hidden", type=int, default=HIDDEN, help=f"its hidden layer ({HIDDEN})")
    p.add_argument("--probe", type=pathlib.Path, metavar="PICTURE",
                   help="photograph that is painted to correct the code by what the painting lacks; part of the network "
                        f"({PROBE[0]}x{PROBE[1]} pixels of it)")
    p.add_argument("--style-scale", type=float, default=1.0, help="side of the pieces of styles, in sides of those of photographs (1)")
    p.add_argument("--reuse", type=int, default=1, metavar="N",
                   help="how often a style picture is used, with other photographs, before it is forgotten (1)")
    objective.add_options(p, objective.Weights(style=3, content4=1.5, texture=1))
    g = p.add_argument_group("more losses")
    g.add_argument("--same", type=float, default=6.0, help="a picture in its own style stays as it is (6)")
    g.add_argument("--teach", type=float, default=3.0, help="pixels as the teacher's (3)")
    g.add_argument("--teach-features", type=float, default=0.5, help="features as the teacher's (0.5)")


def mirrored(x: torch.Tensor, size: int) -> torch.Tensor:
    """Grown to a larger square by reflection: the same textures at the same scale."""
    more = size - x.shape[2]
    return F.pad(x, [more // 2, more - more // 2] * 2, mode="reflect")


def probe(path: pathlib.Path | None) -> torch.Tensor | None:
    """In steps of 1 / 255, so that the network's file can hold it exactly."""
    if path is None:
        return None
    return (pictures.tensor(pictures.resize(pictures.load(path), *PROBE)) * 255).round() / 255


def joined(parts):
    """Tuples and lists of tensors, one for each picture, as one of batches."""
    if isinstance(parts[0], torch.Tensor):
        return torch.cat(parts)
    return [joined(p) for p in zip(*parts)]


def parted(whole, i: int):
    """Of what joined() makes, the part of picture i."""
    if isinstance(whole, torch.Tensor):
        return whole[i:i + 1]
    return [parted(p, i) for p in whole]


class Reader:
    name = "any"

    def __init__(self, a, goal: objective.Objective, photos, art, shares, teacher, device):
        self.a, self.goal, self.photos, self.device, self.teacher = a, goal, photos, device, teacher
        self.art, self.shares = art, shares
        self.net = channels_last(Any({"widths": a.encoder_widths, "hidden": a.encoder_hidden}, probe(a.probe),
                                     coarse=a.coarse).to(device))
        self.step = 0
        self.ahead = Ahead(self.make, a.seed, a.workers, self.turn)
        self.before = start.NOTHING
        self.pool: list[tuple] = []

    def start(self, path: pathlib.Path) -> None:
        """From a network of any, or the generator of a brush and the mean of its codes."""
        c = start.read(path)
        self.before = c["before"]
        if "codes" not in c["ema"]:
            self.net.begin(c["ema"])
            return
        self.net.net.load_state_dict({k[4:]: v for k, v in c["ema"].items() if k.startswith("net.")})
        with torch.no_grad():
            self.net.enc.fc2.bias.copy_(c["ema"]["codes"].mean(0))

    def turn(self, step: int) -> None:
        for some in (self.photos, *self.art):
            window.turn(some, step)

    def groups(self):
        return [{"params": list(self.net.parameters())}]

    def loss(self, rng, part):
        n, size = self.a.contents * self.a.each, brush.piece_size(self.a, part)
        x = resident.contents(self.photos, self.a.contents, size, rng, self.device)
        content = self.goal.content_target(x, self.a.each)
        x = x.repeat_interleave(self.a.each, 0)
        styles = self.styles(n, size, rng)
        same = torch.zeros(n, device=self.device)
        if rng.random() < SAME:
            k = int(rng.integers(n))
            styles[k], same[k] = self.look(mirrored(x[k:k + 1], styles[k][0].shape[2])), 1
        s, target, taught = (joined(parts) for parts in zip(*styles))
        floors = self.goal.floors.update(target, self.step)
        self.step += 1
        code = self.net.code(s)
        y = self.net.net(x, code)
        losses, figures, features = self.goal(y, target, content, rng, floors)
        losses = losses + self.a.same * same * (y - x).abs().mean((1, 2, 3))
        if self.teacher:
            far = self.taught(x, taught, y, features)
            losses = losses + (1 - same) * far
            figures["teacher"] = far.detach().mean().item()
        steady = self.goal.steady(lambda z: self.net.net(z, code), x, y, rng)
        return losses.mean() + steady, figures, n

    def styles(self, n: int, size: int, rng) -> list[tuple]:
        """Of n style pictures what look() gives: new ones, and with --reuse some of those before."""
        side = self.side(size)
        if self.pool and self.pool[0][0].shape[2] != side:
            self.pool.clear()
        parts = [np.ascontiguousarray(p[:side, :side]) for p in self.ahead.get(self.step)]
        seen = self.look(pictures.batch(parts).to(self.device))
        found = [parted(seen, i) for i in range(len(parts))]
        known = self.pool or found
        old = [known[int(k)] for k in rng.integers(0, len(known), n - len(found))]
        if self.a.reuse > 1:
            self.pool = (self.pool + found)[-POOL:]
        return found + old

    def side(self, size: int) -> int:
        return int(size * self.a.style_scale) // 8 * 8

    def make(self, rng: np.random.Generator) -> list[np.ndarray]:
        """The new style pictures of a step."""
        new = -(-self.a.contents * self.a.each // self.a.reuse)
        return varied.styles(self.art, self.shares, self.photos, new, self.side(self.a.size), rng)

    def look(self, s: torch.Tensor) -> tuple:
        """Style pictures, their statistics, and what the teacher reads of them."""
        return s, self.goal.style_target(s), self.teacher.read(s) if self.teacher else ()

    def taught(self, x, read, y, features) -> torch.Tensor:
        """[N]: how far from the teacher's painting, in pixels and at the second and third depth."""
        with torch.no_grad():
            t = self.teacher.paint(x, read)
            wanted = self.goal.net(t, 3)[1:]
            sizes = [((f - f.mean((2, 3), keepdim=True)) ** 2).mean((1, 2, 3)) + 1e-3 for f in wanted]
        apart = sum(((f - w) ** 2).mean((1, 2, 3)) / v for f, w, v in zip(features[1:3], wanted, sizes))
        return (self.a.teach * (y - t).abs().mean((1, 2, 3))
                + self.a.teach_features * apart.clamp(max=TEACHER_FAR))

    def extra(self) -> dict:
        return {"cfg": self.net.net.cfg, "enc": self.net.enc.cfg, "before": self.before, "floors": self.goal.floors.values, "looked": self.step}

    def restore(self, checkpoint: dict) -> None:
        self.goal.floors.values, self.step = checkpoint["floors"], checkpoint["looked"]
        self.before = checkpoint.get("before", start.NOTHING)

    def preview(self, folder: pathlib.Path) -> None:
        photos = [pictures.to_multiple(p, 320, 16) for p in self.photos[:3]]
        art = [pictures.to_multiple(group[0], 320, 16) for group in self.art[:4]]
        rows = [[photos[0], *art]]
        for p in photos:
            rows.append([p] + [pictures.picture(self.net(*(pictures.tensor(q).to(self.device) for q in (p, s)))) for s in art])
        pictures.sheet(rows, 240, folder / "preview.jpg")


def main(a: argparse.Namespace) -> None:
    device = run.check_options(a)
    brush.check_size(a)
    if a.reuse < 1:
        raise InputError("--reuse must be at least 1")
    if not 1 <= len(a.encoder_widths) <= 8 or min(*a.encoder_widths, a.encoder_hidden, 1024) < 1:
        raise InputError("--encoder-widths must be one to eight numbers above 0, --encoder-hidden above 0")
    if not 1 <= a.style_scale <= 1.9:
        raise InputError("--style-scale must be from 1 to 1.9")
    goal = objective.read(a, device)
    photos = pictures.folders(a.photos, "photographs")
    art = [pictures.folders(a.paintings, "paintings")]
    if a.more_styles:
        art.append(pictures.folders(a.more_styles, "styles"))
    art.append(photos)
    shares = [0.38, 0.42, 0.06] if a.more_styles else [0.78, 0.08]
    teacher = MicroAST(a.teacher).to(device) if a.teacher else None
    task = Reader(a, goal, photos, art, shares, teacher, device)
    if a.start:
        task.start(a.start)
    training = run.Run(task, a, device)
    training.go()
    print(f"{training.path}: {training.state['step']} steps; `export` makes a model folder of it")
