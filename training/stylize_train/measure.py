"""`measure`: how steady a network paints, and what the judges say of its style and content."""

import argparse
import pathlib
from typing import Callable

import numpy as np
import torch

from . import export, judges, measures, nets, pictures
from .brush import read_artworks
from .paths import ARTWORKS, InputError

SHIFTS = (1, 2)
GAIN, NOISE = 1.05, 0.01
Paint = Callable[[torch.Tensor], torch.Tensor]


def add_options(p: argparse.ArgumentParser) -> None:
    p.add_argument("network", type=pathlib.Path, nargs="+", help="checkpoints, or .safetensors of model folders")
    p.add_argument("--contents", type=pathlib.Path, required=True, help="folder of photographs that nothing was trained on")
    p.add_argument("--artworks", type=pathlib.Path, default=ARTWORKS, help="folder of <style id>.jpg (the library's)")
    p.add_argument("--styles", nargs="+", metavar="ID", help="only these")
    p.add_argument("--weights", type=pathlib.Path, help="folder of the judges' published weights: no style and content without it")
    p.add_argument("--count", type=int, default=3, help="photographs, evenly from the folder (3)")
    p.add_argument("--size", type=int, default=384, help="their longer side (384)")
    p.add_argument("--threads", type=int, default=1)


def read_network(path: pathlib.Path) -> tuple[torch.nn.Module, list[str] | None]:
    """And the styles of its codes; None for one that reads them from pictures."""
    if path.suffix != ".safetensors":
        net, checkpoint = export.read(path)
        return net, checkpoint.get("ids")
    from . import start
    c = start.read(path)
    if "ids" not in c:
        return nets.read_any(path).eval(), None
    net = nets.Brush(len(c["ids"]), **c["cfg"])
    net.load_state_dict(c["ema"])
    return net.eval(), c["ids"]


def paint_with(net: torch.nn.Module, ids: list[str] | None, style: str, art: np.ndarray) -> Paint:
    with torch.no_grad():
        code = net.codes[ids.index(style)][None] if ids else net.code(pictures.tensor(export.as_style(art)))
    return lambda x: net.net(x, code.expand(len(x), -1))


def steadiness(paint: Paint, photos: list[torch.Tensor]) -> dict[str, float]:
    """Means over the photographs, in thousandths of white."""
    found: dict[str, list[float]] = {}
    generator = torch.Generator().manual_seed(1)
    for x in photos:
        for step in SHIFTS:
            found.setdefault(f"shift {step}", []).append(measures.shift_error(paint, x, step))
        y = paint(x)
        for name, other in (("gain", x * GAIN), ("noise", x + NOISE * torch.randn(x.shape, generator=generator))):
            error = paint(other.clamp(0, 1)) - y
            found.setdefault(name, []).append(1000 * float((error ** 2).mean().sqrt()))
    return {k: float(np.mean(v)) for k, v in found.items()}


def judged(paint: Paint, photos: list[torch.Tensor], art: torch.Tensor, panel: list) -> dict[str, float]:
    found = {}
    for number, judge in enumerate(panel, 1):
        wanted = judge.features(art)
        pairs = [(judge.features(paint(x)), judge.features(x)[judge.content_tap]) for x in photos]
        found[f"style {number}"] = float(np.mean([judges.style_distance(f, wanted) for f, _ in pairs]))
        found[f"content {number}"] = float(np.mean([judges.content_distance(f[judge.content_tap], g) for f, g in pairs]))
    return found


def find_panel(weights: pathlib.Path | None) -> list:
    if weights is None:
        return []
    first, second = weights / "collaborative_distillation" / "5SE.npz", weights / "squeezenet"
    for path in (first, second / "squeezenet_v1.1.bin"):
        if not path.is_file():
            raise InputError(f"{path}: no such file")
    return [judges.VggJudge(first), judges.SqueezeJudge(second)]


def table(rows: dict[str, dict[str, float]]) -> str:
    columns = list(next(iter(rows.values())))
    lines = ["| style | " + " | ".join(columns) + " |", "| --- |" + " ---: |" * len(columns)]
    for name, row in rows.items():
        lines.append(f"| {name} | " + " | ".join(f"{row[c]:.3f}" if row[c] < 5 else f"{row[c]:.1f}" for c in columns) + " |")
    return "\n".join(lines)


def main(a: argparse.Namespace) -> None:
    torch.set_num_threads(max(1, a.threads))
    works = read_artworks(a.artworks)
    unknown = set(a.styles or ()) - works.keys()
    if unknown:
        raise InputError(f"{a.artworks}: no {', '.join(sorted(unknown))}")
    files = pictures.files([a.contents], "photographs")
    photos = [pictures.load(f, short=720) for f in files[::max(1, len(files) // a.count)][:a.count]]
    photos = [pictures.tensor(pictures.to_multiple(p, a.size, 16)) for p in photos]
    panel = find_panel(a.weights)
    for path in a.network:
        net, ids = read_network(path)
        rows = {}
        with torch.no_grad():
            for style in a.styles or [s for s in works if ids is None or s in ids]:
                paint = paint_with(net, ids, style, works[style])
                art = pictures.tensor(pictures.to_multiple(works[style], max(works[style].shape), 16))
                rows[style] = steadiness(paint, photos) | judged(paint, photos, art, panel)
        rows["**mean**"] = {k: float(np.mean([r[k] for r in rows.values()])) for k in next(iter(rows.values()))}
        print(f"{path}\n\n{table(rows)}\n", flush=True)
