#!/usr/bin/env python3
"""The paintings of this project beside those of published networks: docs/quality.md.

    quality_peers.py --pictures build/quality --weights FOLDER [--artworks FOLDER] [--report docs/quality.md]

--pictures is a folder that quality_data.py makes: contents/ and styles/ that nothing was trained on. --weights holds
the published networks, each in a folder of its own; what is missing there is left out, with a line that says so.
--artworks holds <style id>.jpg of the library's styles. Needs numpy, pillow and torch;
`ours` paints with the command `stylize`, the published networks in torch, all at the same size."""

import argparse
import hashlib
import json
import pathlib
import subprocess
import sys
import tempfile
from typing import Callable

import numpy as np
import torch
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "training"))
import video  # noqa: E402
from stylize_train import judges, measures, published  # noqa: E402

MULTIPLE = 16  # of the sides, for every network
SHEET_CELL = 200
PANNED_STYLES = 4
Picture = torch.Tensor
CLIP, CLIP_SIZE, CLIP_FRAMES = "zoom", (512, 288), 6
OWN_ARTWORK = {"udnie": "udnie"}  # published networks whose style picture is an artwork of the library
COLUMNS = ("style, judge 1", "style, judge 2", "content, judge 1", "content, judge 2", "SSIM", "grid, dB", "flicker", "shift", "warped")


def read(path: pathlib.Path, size: int, by_area: bool = False) -> Picture:
    """By the longer side, or to about size x size pixels."""
    with Image.open(path) as file:
        image = file.convert("RGB")
    w, h = image.size
    scale = size / ((w * h) ** 0.5 if by_area else max(w, h))
    sides = tuple(max(MULTIPLE, round(s * min(scale, 1 if by_area else scale) / MULTIPLE) * MULTIPLE) for s in (w, h))
    x = np.array(image.resize(sides, Image.Resampling.LANCZOS), np.float32)
    return torch.from_numpy(x / 255).permute(2, 0, 1)[None]


def to_image(x: Picture) -> Image.Image:
    return Image.fromarray((x[0].clamp(0, 1).permute(1, 2, 0).numpy() * 255 + 0.5).astype(np.uint8))


class Ours:
    """The command `stylize`: any and optimize with a picture, brush with the style of the library of that name."""

    def __init__(self, command: str, method: str, models: pathlib.Path | None, network: str | None = None):
        self.command, self.method, self.models, self.network = command, method, models, network

    def __call__(self, contents: list[Picture], style: pathlib.Path | None) -> list[Picture]:
        with tempfile.TemporaryDirectory() as folder:
            folder = pathlib.Path(folder)
            (folder / "in").mkdir()
            for i, x in enumerate(contents):
                to_image(x).save(folder / "in" / f"{i:03d}.png")
            choice = (["--style-image", str(style), "--method", self.method] if self.method in ("any", "optimize")
                      else ["--style", self.network or style.stem, "--method", "fast"])
            command = [self.command, str(folder / "in"), *choice, "--format", "png", "--quiet", "-o", str(folder / "out")]
            if self.models:
                command += ["--models", str(self.models)]
            subprocess.run(command, check=True)
            painted = [f for f in sorted((folder / "out").iterdir())]
            return [torch.from_numpy(np.array(Image.open(f).convert("RGB"), np.float32) / 255).permute(2, 0, 1)[None]
                    for f in painted]


class Kept:
    """Paintings of a slow method, kept in a folder under what they depend on, so that a second run has them at once."""

    SOURCES = ("lib/job/optimize.c", *(f"lib/engine/native/{name}.c" for name in ("loss", "objective", "optimize", "plain_loss", "search")))

    def __init__(self, method: Ours, folder: pathlib.Path):
        self.method, self.folder = method, folder
        models = (method.models or ROOT / "models") / "loss"
        self.parts = [f.read_bytes() for f in (*(ROOT / s for s in self.SOURCES), *sorted(models.iterdir()))]

    def __call__(self, contents: list[Picture], style: pathlib.Path) -> list[Picture]:
        self.folder.mkdir(parents=True, exist_ok=True)
        painted = []
        for x in contents:
            sum_ = hashlib.sha256()
            for part in (*self.parts, style.read_bytes(), to_image(x).tobytes()):
                sum_.update(hashlib.sha256(part).digest())
            file = self.folder / f"{sum_.hexdigest()}.png"
            if not file.exists():
                to_image(self.method([x], style)[0]).save(file)
            with Image.open(file) as image:
                painted.append(torch.from_numpy(np.array(image, np.float32) / 255).permute(2, 0, 1)[None])
        return painted


class Published:
    def __init__(self, network: Callable[[Picture, Picture], Picture], size: int):
        self.network, self.size = network, size

    def __call__(self, contents: list[Picture], style: pathlib.Path) -> list[Picture]:
        art = read(style, self.size, by_area=True)
        return [self.network(x, art) for x in contents]


class Panel:
    """The judges, and what they have seen of the photographs and of the style at hand."""

    def __init__(self, members: list, contents: list[Picture], size: int):
        self.members, self.contents, self.size = members, contents, size
        self.seen = [[j.features(x)[j.content_tap] for j in members] for x in contents]
        self.style, self.art = None, None

    def distances(self, painted: Picture, i: int, style: pathlib.Path | None) -> list[float]:
        """Of style by each judge, then of content; NaN for a judge that is missing."""
        if style and style != self.style:
            self.style, x = style, read(style, self.size, by_area=True)
            self.art = [j.features(x) for j in self.members]
        found = [j.features(painted) for j in self.members]
        absent = [np.nan] * (2 - len(self.members))
        styles = [judges.style_distance(f, a) for f, a in zip(found, self.art)] if style else [np.nan] * len(found)
        contents = [judges.content_distance(f[j.content_tap], g) for j, f, g in zip(self.members, found, self.seen[i])]
        return styles + absent + contents + absent


class Clip:
    """A photograph under a camera whose motion is known: the frames of bench-video, each painted for itself."""

    def __init__(self) -> None:
        layers = dict(video.clips(*CLIP_SIZE))[CLIP]
        self.frames = [video.render(layers, t, *CLIP_SIZE) for t in range(CLIP_FRAMES)]
        self.motions = [None] + [video.motion(layers, t, *CLIP_SIZE) for t in range(1, CLIP_FRAMES)]

    def warped_error(self, paint: Callable[[Picture], Picture]) -> float:
        """Root mean square, in thousandths of white, between each painting and the one before moved along the true motion."""
        painted = [paint(torch.from_numpy(f.astype(np.float32) / 255).permute(2, 0, 1)[None]) for f in self.frames]
        return 1000 * video.error(np.stack([np.asarray(to_image(y)) for y in painted]), self.motions)


CLIP_OF_ALL = Clip()


def measure(method, panel: Panel, style: pathlib.Path | None, pans: int, one: int | None = None):
    """Rows of the figures of COLUMNS, one for each content or of that one, and the paintings."""
    chosen = list(enumerate(panel.contents)) if one is None else [(one, panel.contents[one])]
    painted = method([x for _, x in chosen], style)
    rows = []
    for (i, x), y in zip(chosen, painted):
        steady = [np.nan] * 3
        if i < pans:
            def paint(part: Picture) -> Picture:
                return method([part], style)[0]
            steady = [measures.flicker(paint, x), measures.shift_error(paint, x), CLIP_OF_ALL.warped_error(paint)]
        rows.append(panel.distances(y, i, style) + [measures.ssim(x, y), measures.checkerboard(y), *steady])
    return rows, painted


def table(results: dict[str, np.ndarray]) -> list[str]:
    lines = ["| | " + " | ".join(COLUMNS) + " |", "| --- |" + " ---: |" * len(COLUMNS)]
    for name, mean in results.items():
        lines.append(f"| {name} | " + " | ".join("" if np.isnan(v) else f"{v:.3f}" if i < 5 else f"{v:.1f}"
                                                 for i, v in enumerate(mean)) + " |")
    return lines


def sheet(rows: list[list[Picture | pathlib.Path]], path: pathlib.Path) -> None:
    def cell(p) -> np.ndarray:
        image = Image.open(p).convert("RGB") if isinstance(p, pathlib.Path) else to_image(p)
        side = min(image.size)
        left, top = (image.width - side) // 2, (image.height - side) // 2
        image = image.crop((left, top, left + side, top + side))
        return np.array(image.resize((SHEET_CELL, SHEET_CELL), Image.Resampling.LANCZOS))
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(np.concatenate([np.concatenate([cell(p) for p in row], 1) for row in rows])).save(path, quality=85)


def find_judges(weights: pathlib.Path) -> list:
    panel = []
    for folder, file, make in (("collaborative_distillation", "5SE.npz", lambda f: judges.VggJudge(f / "5SE.npz")),
                               ("squeezenet", "squeezenet_v1.1.bin", judges.SqueezeJudge)):
        if (weights / folder / file).is_file():
            panel.append(make(weights / folder))
        else:
            print(f"left out: judge {folder}: no {weights / folder / file}")
    return panel


def find_published(weights: pathlib.Path, size: int) -> dict[str, Published]:
    found = {}
    for name, folder, file, make in (("MicroAST", "microast", "decoder.npz", published.MicroAST),
                                     ("five-level WCT", "collaborative_distillation", "5SD.npz", published.WholeWct)):
        if (weights / folder / file).is_file():
            found[name] = Published(make(weights / folder), size)
        else:
            print(f"left out: {name}: no {weights / folder / file}")
    return found


def find_converted(weights: pathlib.Path, work: pathlib.Path, command: str) -> dict[str, Ours]:
    """The published fast_neural_style networks, converted: each has its one style inside."""
    found = {}
    for name in ("candy", "mosaic", "rain_princess", "udnie"):
        source = weights / "transformernet" / f"{name}.npz"
        if not source.is_file():
            print(f"left out: {name}: no {source}")
            continue
        subprocess.run([sys.executable, "-m", "stylize_train", "convert", str(source), str(work / name), "--add-style"],
                       check=True, cwd=ROOT / "training", stdout=subprocess.DEVNULL)
        found[f"fast_neural_style {name}"] = Ours(command, "fast", work, name)
    return found


def turn(k: int, contents: int) -> int:
    """The photograph of style k where each has one: they take turns, every one for two styles."""
    return (k + 3) // 2 % contents


def run_part(title: str, methods: dict, styles, panel: Panel, a, out: list[str], rows: list, single: bool = False) -> None:
    """single: one photograph for each style, no pan."""
    results = {}
    for name, method in methods.items():
        if a.methods and name not in a.methods.split(","):
            continue
        figures = []
        for k, style in enumerate(styles):
            one = turn(k, len(panel.contents)) if single else None
            found, painted = measure(method, panel, style, 0 if single else a.pans if k < PANNED_STYLES else 0, one)
            figures += found
            if k < a.sheet_styles:
                rows[k].append(painted[k % len(painted)])
        columns = np.array(figures).T
        results[name] = np.array([c[~np.isnan(c)].mean() if (~np.isnan(c)).any() else np.nan for c in columns])
        print(f"{title}: {name}: " + " ".join(f"{v:.3f}" for v in results[name]), flush=True)
    out += ["", f"## {title}", "", *table(results)]


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--pictures", type=pathlib.Path, required=True)
    p.add_argument("--weights", type=pathlib.Path, default=pathlib.Path("none"))
    p.add_argument("--artworks", type=pathlib.Path, default=ROOT / "models" / "styles" / "artworks")
    p.add_argument("--models", type=pathlib.Path, help="another model folder for ours")
    p.add_argument("--stylize", default=str(ROOT / "build/release/bin/stylize"))
    p.add_argument("--size", type=int, default=512)
    p.add_argument("--count", type=int, default=4, help="photographs for each style")
    p.add_argument("--pans", type=int, default=1, help="photographs that are panned, in each of the first styles")
    p.add_argument("--methods", help="names with commas: only these")
    p.add_argument("--optimize", action="store_true", help="the method optimize too: about a minute for each style")
    p.add_argument("--kept", type=pathlib.Path, default=ROOT / "build" / "quality" / "kept", help="its paintings")
    p.add_argument("--sheet-styles", type=int, default=6)
    p.add_argument("--tables", type=pathlib.Path, default=ROOT / "build" / "quality" / "tables.md")
    p.add_argument("--sheets", type=pathlib.Path, default=ROOT / "build" / "quality" / "sheets")
    a = p.parse_args()
    torch.set_grad_enabled(False)
    files = {k: sorted((a.pictures / k).iterdir()) for k in ("contents", "styles") if (a.pictures / k).is_dir()}
    if len(files) < 2:
        sys.exit(f"quality_peers: {a.pictures}: no contents/ and styles/; quality_data.py makes them")
    contents = [read(f, a.size) for f in files["contents"][::max(1, len(files["contents"]) // a.count)][:a.count]]
    panel, peers = Panel(find_judges(a.weights), contents, a.size), find_published(a.weights, a.size)
    out = [f"{len(contents)} photographs, {len(files['styles'])} styles, longer side {a.size}."]

    rows: list = [[files["styles"][k], contents[k % len(contents)]] for k in range(a.sheet_styles)]
    run_part("Any picture as style", {"any": Ours(a.stylize, "any", a.models), **peers}, files["styles"], panel, a, out, rows)
    sheet(rows, a.sheets / "quality-any.jpg")

    if a.optimize:
        beside = {"optimize": Kept(Ours(a.stylize, "optimize", a.models), a.kept), "any": Ours(a.stylize, "any", a.models), **peers}
        rows = [[files["styles"][k], contents[turn(k, len(contents))]] for k in range(a.sheet_styles)]
        run_part("The method optimize, one photograph for each style", beside, files["styles"], panel, a, out, rows, True)
        sheet(rows, a.sheets / "quality-optimize.jpg")

    works = [a.artworks / f"{e['style_id']}.jpg" for e in json.loads((ROOT / "models/styles/library.json").read_text("utf-8"))
             if (a.artworks / f"{e['style_id']}.jpg").is_file()]
    rows = [[works[k], contents[k % len(contents)]] for k in range(a.sheet_styles)]
    run_part("Styles of the library", {"brush": Ours(a.stylize, "fast", a.models), "any": Ours(a.stylize, "any", a.models),
                                       **peers}, works, panel, a, out, rows)
    sheet(rows, a.sheets / "quality-brush.jpg")

    if a.optimize:
        rows = [[works[k], contents[turn(k, len(contents))]] for k in range(a.sheet_styles)]
        run_part("The methods side by side, one photograph for each style", {"brush": Ours(a.stylize, "fast", a.models), **beside},
                 works[:a.sheet_styles], panel, a, out, rows, True)
        sheet(rows, a.sheets / "quality-methods.jpg")

    with tempfile.TemporaryDirectory() as work:
        converted = find_converted(a.weights, pathlib.Path(work), a.stylize)
        if converted:
            rows = [[contents[0]] for _ in range(a.sheet_styles)]
            run_part("Published networks with one style each, converted", converted, [None], panel, a, out, rows)
            sheet(rows[:1], a.sheets / "quality-converted.jpg")
        for name, artwork in OWN_ARTWORK.items():
            own = {f"fast_neural_style {name}": converted.get(f"fast_neural_style {name}"), "brush": Ours(a.stylize, "fast", a.models),
                   "any": Ours(a.stylize, "any", a.models), **peers}
            work_of = a.artworks / f"{artwork}.jpg"
            if own[f"fast_neural_style {name}"] and work_of.is_file():
                rows = [[work_of, contents[0]]]
                run_part(f"The artwork of the published {name}", own, [work_of], panel, a, out, rows)
                sheet(rows, a.sheets / f"quality-{name}.jpg")
    a.tables.parent.mkdir(parents=True, exist_ok=True)
    a.tables.write_text("\n".join(out) + "\n")
    print(f"{a.tables}, {a.sheets}")


if __name__ == "__main__":
    main()
