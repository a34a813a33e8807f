"""How far a painting at each strength is from the photograph and from the full painting.

    python3 tools/bench/strength.py --weights DIR --contents DIR [--styles a,b] [--style-images DIR] [--count 6]
                                    [--size 512] [--auto]

Paints photographs with the command `stylize` at strength 1 and at every tenth and prints, for each method, the mean
over all pairs of d0 / (d0 + d1), d0 being the distance to the photograph and d1 that to the full painting: 0 is the
photograph, 1 the painting, 0.5 half way. The distances: content by both judges (judges.py), 1 - SSIM (measures.py),
and the mean distance in Lab. Needs numpy, pillow and torch.

--auto: the strength "auto" instead, beside 1: what it is, and by both judges the distance of the content and that of
the style. --style-images then holds the artworks of the library's styles, as ID.jpg."""

import argparse
import json
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch
from PIL import Image

from quality_peers import find_judges

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "training"))
from stylize_train import judges, measures  # noqa: E402

STEPS = [round(0.1 * i, 1) for i in range(11)]


def tensor(pixels: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(pixels.astype("float32") / 255).permute(2, 0, 1)[None]


def lab(pixels: np.ndarray) -> np.ndarray:
    rgb = pixels / 255
    linear = np.where(rgb <= 0.04045, rgb / 12.92, ((rgb + 0.055) / 1.055) ** 2.4)
    xyz = linear @ np.array([[0.4124, 0.2126, 0.0193], [0.3576, 0.7152, 0.1192], [0.1805, 0.0722, 0.9505]])
    f = xyz / [0.9505, 1, 1.089]
    f = np.where(f > 0.008856, np.cbrt(f), 7.787 * f + 16 / 116)
    return np.stack([116 * f[..., 1] - 16, 500 * (f[..., 0] - f[..., 1]), 200 * (f[..., 1] - f[..., 2])], -1)


class Measures:
    def __init__(self, panel: list):
        self.panel = panel
        self.names = [f"content, {j.name}" for j in panel] + ["1 - SSIM", "Lab"]

    def see(self, pixels: np.ndarray) -> tuple:
        x = tensor(pixels)
        return [j.features(x)[j.content_tap] for j in self.panel], x, lab(pixels)

    def distances(self, a: tuple, b: tuple) -> list[float]:
        return ([judges.content_distance(p, q) for p, q in zip(a[0], b[0])]
                + [1 - measures.ssim(a[1], b[1]), float(np.sqrt(((a[2] - b[2]) ** 2).sum(-1)).mean())])


def paint(command: str, content: pathlib.Path, out: pathlib.Path, style: list[str], size: int,
          strength: float | str) -> tuple[np.ndarray, float]:
    """The pixels, and the strength that was used."""
    done = subprocess.run([command, str(content), *style, "--strength", str(strength), "--size", str(size), "--format",
                           "png", "--json", "--force", "-o", str(out)], check=True, capture_output=True)
    return np.asarray(Image.open(out).convert("RGB")), json.loads(done.stdout)["strength"]


def series(a: argparse.Namespace, content: pathlib.Path, style: list[str], out: pathlib.Path) -> list[np.ndarray]:
    return [paint(a.stylize, content, out, style, a.size, t)[0] for t in STEPS]


@torch.no_grad()
def way(m: Measures, pictures: list[np.ndarray]) -> np.ndarray:
    seen = [m.see(p) for p in pictures]
    d = np.array([[m.distances(s, seen[0]), m.distances(s, seen[-1])] for s in seen])
    return d[:, 0] / (d[:, 0] + d[:, 1])


@torch.no_grad()
def full_and_auto(a: argparse.Namespace, panel: list, content: pathlib.Path, style: list[str], artwork: pathlib.Path,
                  out: pathlib.Path) -> list[list[float]]:
    image = Image.open(artwork).convert("RGB")
    image.thumbnail((a.size, a.size), Image.Resampling.LANCZOS)
    wanted = [j.features(tensor(np.asarray(image))) for j in panel]
    original = [j.features(tensor(paint(a.stylize, content, out, style, a.size, 0)[0])) for j in panel]
    rows = []
    for strength in (1, "auto"):
        pixels, used = paint(a.stylize, content, out, style, a.size, strength)
        seen = [j.features(tensor(pixels)) for j in panel]
        rows.append([used] + [judges.content_distance(s[j.content_tap], o[j.content_tap])
                              for j, s, o in zip(panel, seen, original)]
                    + [judges.style_distance(s, w) for s, w in zip(seen, wanted)])
    return rows


def measure_auto(a: argparse.Namespace, panel: list, contents: list[pathlib.Path], out: pathlib.Path) -> None:
    artworks = sorted(a.style_images.glob("*.jpg"))[: a.count]
    for method, style in (("fast", lambda f: ["--style", f.stem]), ("any", lambda f: ["--style-image", str(f)])):
        rows = np.array([full_and_auto(a, panel, c, style(f), f, out) for c in contents for f in artworks])
        used = rows[:, 1, 0]
        print(f"\n{method}: {len(rows)} pairs; auto is below 1 in {(used < 1).mean():.0%}, {used.min():.2f} at least, "
              f"{used.mean():.2f} in the mean")
        for i, name in enumerate(("1", "auto")):
            print(f"| {name} | " + " | ".join(f"{mean:.3f} ({low:.3f} to {high:.3f})" for mean, low, high in zip(
                rows[:, i, 1:].mean(0), *np.percentile(rows[:, i, 1:], (5, 95), axis=0))) + " |")


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--weights", type=pathlib.Path, required=True, help="folder of the judges' published weights")
    p.add_argument("--contents", type=pathlib.Path, required=True, help="folder of photographs")
    p.add_argument("--styles", default="starry_night,great_wave,scream,mondrian", help="of the library")
    p.add_argument("--style-images", type=pathlib.Path, help="folder of pictures for the method any")
    p.add_argument("--count", type=int, default=6, help="photographs, and style pictures, that are used")
    p.add_argument("--size", type=int, default=512)
    p.add_argument("--auto", action="store_true")
    p.add_argument("--stylize", default=str(ROOT / "build/release/bin/stylize"))
    a = p.parse_args()
    torch.set_num_threads(1)
    m = Measures(find_judges(a.weights))
    contents = sorted(a.contents.iterdir())[: a.count]
    if a.auto:
        with tempfile.TemporaryDirectory() as folder:
            measure_auto(a, m.panel, contents, pathlib.Path(folder) / "out.png")
        return
    methods = {"fast": [["--style", s] for s in a.styles.split(",")]}
    if a.style_images:
        methods["any"] = [["--style-image", str(f)] for f in sorted(a.style_images.iterdir())[: a.count]]
    with tempfile.TemporaryDirectory() as folder:
        for method, styles in methods.items():
            rows = np.array([way(m, series(a, c, s, pathlib.Path(folder) / "out.png")) for c in contents for s in styles])
            print(f"\n{method}: mean of {len(rows)} pairs, their standard deviation at 0.5: "
                  + ", ".join(f"{v:.3f}" for v in rows[:, 5].std(0)))
            print("falls somewhere: " + ", ".join(str(int(v)) for v in (np.diff(rows, axis=1) < 0).any(1).sum(0)))
            print("| strength | " + " | ".join(m.names) + " |")
            print("| ---: " * (1 + len(m.names)) + "|")
            for t, row in zip(STEPS, rows.mean(0)):
                print(f"| {t} | " + " | ".join(f"{v:.3f}" for v in row) + " |")


if __name__ == "__main__":
    main()
