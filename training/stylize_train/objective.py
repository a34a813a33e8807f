"""What a painting should be: the weights of the losses, and their sum."""

import argparse
import dataclasses
import pathlib
from typing import Callable, NamedTuple, Sequence

import numpy as np
import torch
import torch.nn.functional as F

from . import motion, native
from .perceptual import (SCALES, Filters, Floors, PublishedNet, content_terms, folded, grid, moments, read_loss_net, style_terms,
                         total_variation)

DEPTHS = 4  # of the loss network for style; content is looked at in the last two
EDGE = 16  # pixels that are not compared beside those that came in
FAR = 4.0  # a style term above it gives no gradient: such a pair is hopeless


@dataclasses.dataclass
class Weights:
    style: float = 4.0
    content3: float = 0.8
    content4: float = 1.0
    texture: float = 0.0
    smooth: float = 0.1
    grid: float = 1500.0
    more_style: float = 1.0
    steady: float = 0.0
    means: float = 1.0
    covariances: float = 1.0
    deviations: float = 0.0


def add_options(p: argparse.ArgumentParser, defaults: Weights) -> None:
    g = p.add_argument_group("losses", "weights of the terms; more style means less content")
    texts = {"style": "statistics of features", "content3": "layout at the third depth",
             "content4": "layout at the fourth depth", "texture": "statistics of fixed random filters",
             "smooth": "total variation", "grid": "against the dot pattern of pixel shuffles",
             "more_style": "as style, in the eyes of each of --more-loss-nets",
             "steady": "a photograph that moves a little is painted alike: squared error",
             "means": "share of the channels' means in style", "covariances": "of their covariances",
             "deviations": "of their standard deviations, which keeps contrast where covariances would give some up"}
    for name, text in texts.items():
        value = getattr(defaults, name)
        g.add_argument("--" + name.replace("_", "-"), type=float, default=value, help=f"{text} ({value:g})")
    g.add_argument("--halves", action="store_true",
                   help="each of --more-loss-nets looks at paintings of half the size in half of the steps: larger shapes, less time")
    g.add_argument("--more-loss-nets", type=pathlib.Path, nargs="*", default=[], metavar="FILE",
                   help="more networks that look at the style: .pt of ours, .npz of 5SE, .tflite of Magenta's predictor, "
                        ".onnx of a ResNet")


def weights(a: argparse.Namespace) -> Weights:
    return Weights(*[getattr(a, f.name) for f in dataclasses.fields(Weights)])


def read(a: argparse.Namespace, device: torch.device) -> "Objective":
    """With the networks that the options name."""
    more = [read_loss_net(path, device) for path in a.more_loss_nets]
    net = read_loss_net(a.loss_net, device)
    if a.engine == "native":
        net = native.Eyes(folded(net) if isinstance(net, PublishedNet) else net, 2 * a.contents * a.each, a.threads)
    return Objective(net, weights(a), device, more, a.halves)


def unsteadiness(paint, x: torch.Tensor, y: torch.Tensor, rng: np.random.Generator) -> torch.Tensor:
    """How far the painting of a moved x is from its painting y, moved alike: what a film shows as flicker. paint(x) paints.
    What comes in at the edges is a reflection, so a strip as wide as what the network looks around is left out. What was
    moved between pixels is compared without the finest waves, which no interpolation keeps. In some steps a piece is painted
    for itself instead: at its edges too it must be what it is in the whole, or the network hides there, in the strip that is
    left out otherwise, what the style asks for."""
    if rng.random() < motion.CUT_SHARE:
        cut = motion.Cut(x.shape[2:], rng)
        error = (paint(motion.disturbed(cut(x), rng)) - cut(y)) ** 2
        frame = torch.ones_like(error[:1, :1])
        frame[..., EDGE:-EDGE, EDGE:-EDGE] = 0
        return error.mean() + (error * frame).mean() / frame.mean()
    move = motion.draw(len(x), rng, x.device)
    z = paint(motion.disturbed(move(x), rng))
    error = z - move(y)
    if not move.exact:
        error = motion.soft(error)
    edge = EDGE + move.reach(x.shape[2:])
    return (error[..., edge:-edge, edge:-edge] ** 2).mean()


class View(NamedTuple):
    """One look at a picture's style: by the loss network, by the random filters, or by one of the other networks, at the
    whole size or at half of it, where larger shapes are as fine ones at the whole."""

    look: Callable[[torch.Tensor], list[torch.Tensor]]
    depths: int
    share: float
    group: int  # of the views of one group a painting gets one look in each step, by chance


def halved(net: torch.nn.Module) -> Callable[[torch.Tensor], list[torch.Tensor]]:
    return lambda x: net(F.avg_pool2d(x, 2), DEPTHS)


class Objective:
    def __init__(self, loss_net: Callable[..., list[torch.Tensor]], w: Weights, device: torch.device, more: Sequence[torch.nn.Module] = (),
                 halves: bool = False):
        self.net, self.w, self.more = loss_net, w, len(more)
        self.views = [View(lambda x: loss_net(x, DEPTHS), DEPTHS, w.style, 0)]
        if w.texture > 0:
            own = isinstance(loss_net, native.Eyes)  # they see what filters do at no cost
            self.views.append(View(loss_net.texture if own else Filters().to(device), SCALES, w.texture, 1))
        for group, net in enumerate(more, 2):
            self.views.append(View(lambda x, net=net: net(x, DEPTHS), DEPTHS, w.more_style, group))
            if halves:
                self.views.append(View(halved(net), DEPTHS, w.more_style, group))
        self.floors = Floors(sum(v.depths for v in self.views))

    def chosen(self, rng: np.random.Generator) -> list[int]:
        """The views of a step: one of each group."""
        groups: dict[int, list[int]] = {}
        for i, view in enumerate(self.views):
            groups.setdefault(view.group, []).append(i)
        return [g[int(rng.integers(len(g)))] if len(g) > 1 else g[0] for g in groups.values()]

    def style_target(self, art: torch.Tensor) -> list[tuple[torch.Tensor, torch.Tensor]]:
        with torch.no_grad():
            return [moments(f) for view in self.views for f in view.look(art)]

    def content_target(self, x: torch.Tensor, each: int) -> list[torch.Tensor]:
        with torch.no_grad():
            return [f.repeat_interleave(each, 0) for f in self.net(x, DEPTHS)[2:]]

    def steady(self, paint, x, y, rng: np.random.Generator) -> torch.Tensor:
        """The term of the batch, weighted: paint(x) paints x [N, 3, H, W] in the styles of y."""
        if self.w.steady <= 0:
            return torch.zeros((), device=y.device)
        return self.w.steady * unsteadiness(paint, x, y, rng)

    def style_loss(self, y, target, floors, rng: np.random.Generator):
        """[N] losses, the terms of each view by its group, and the features that the loss network sees."""
        w, first, loss, terms = self.w, [], torch.zeros(len(y), device=y.device), {}
        starts = np.cumsum([0, *(v.depths for v in self.views)])
        for i in self.chosen(rng):
            view, part = self.views[i], slice(starts[i], starts[i + 1])
            f = view.look(y)
            first = first or f
            errors = style_terms(f, target[part], floors[part] if floors else None, (w.means, w.covariances, w.deviations))
            terms[view.group] = errors = errors.clamp(max=FAR).sum(1)
            loss = loss + view.share * errors
        return loss, terms, first

    def __call__(self, y, style_target, content_target, rng: np.random.Generator, floors=None):
        """[N] losses, figures for people, and the features."""
        w = self.w
        loss, terms, f = self.style_loss(y, style_target, floors, rng)
        content = w.content3 * content_terms(f[2], content_target[0]) + w.content4 * content_terms(f[3], content_target[1])
        loss = loss + content + w.smooth * total_variation(y) + w.grid * grid(y)
        figures = {"style": terms.pop(0), "content": content}
        if 1 in terms:
            figures["texture"] = terms.pop(1)
        if self.more:
            figures["more style"] = sum(terms.values()) / self.more
        return loss, {k: v.detach().mean().item() for k, v in figures.items()}, f
