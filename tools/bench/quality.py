"""How much a precision changes what a judge network sees: style and content distances of the paintings.

    python3 tools/bench/quality.py --loss-net 5SE.npz --artworks DIR --contents DIR [--count 6] [--size 512]

Paints each content in each library style with the command `stylize`, once in fp32 and once in every other
precision, and prints the mean distances of each network and precision and how far they are from fp32.
Needs numpy, pillow and torch. The judge is a VGG-like encoder, which is no part of the project.
What the distances are stands in judges.py."""

import argparse
import pathlib
import subprocess
import sys
import tempfile

import numpy as np
import torch
import torch.nn.functional as F
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "training"))
from stylize_train import judges  # noqa: E402


def read(path: pathlib.Path, size: int) -> torch.Tensor:
    image = Image.open(path).convert("RGB")
    image.thumbnail((size, size), Image.LANCZOS)
    return torch.from_numpy(np.asarray(image).astype("float32") / 255).permute(2, 0, 1)[None]


def paint(command: str, contents: list[pathlib.Path], out: pathlib.Path, style: str, method: str, precision: str,
          size: int) -> None:
    subprocess.run([command, *map(str, contents), "--style", style, "--method", method, "--precision", precision,
                    "--size", str(size), "--format", "png", "--quiet", "-o", str(out)], check=True)


def measure(a: argparse.Namespace, judge: judges.VggJudge, method: str, precision: str, style: str,
            contents: list[pathlib.Path]) -> list[tuple[float, float]]:
    artwork = judge.features(read(a.artworks / f"{style}.jpg", a.size))
    rows = []
    with tempfile.TemporaryDirectory() as folder:
        out = pathlib.Path(folder)
        paint(a.stylize, contents, out, style, method, precision, a.size)
        for content in contents:
            painted = judge.features(read(next(out.glob(content.stem + ".*")), a.size))
            original = judge.features(F.interpolate(read(content, a.size), size=read(
                next(out.glob(content.stem + ".*")), a.size).shape[2:], mode="bilinear"))
            rows.append((judges.style_distance(painted, artwork), judges.content_distance(painted[-1], original[-1])))
    return rows


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--loss-net", type=pathlib.Path, required=True, help="npz of the judge's weights")
    p.add_argument("--artworks", type=pathlib.Path, required=True, help="folder with <style_id>.jpg")
    p.add_argument("--contents", type=pathlib.Path, required=True, help="folder of photographs")
    p.add_argument("--count", type=int, default=6, help="photographs that are used")
    p.add_argument("--size", type=int, default=512)
    p.add_argument("--networks", default="brush,any")
    p.add_argument("--precisions", default="fp32,fp16,int8")
    p.add_argument("--stylize", default=str(ROOT / "build/release/bin/stylize"))
    a = p.parse_args()
    torch.set_grad_enabled(False)
    judge = judges.VggJudge(a.loss_net)
    contents = sorted(f for f in a.contents.iterdir() if f.suffix == ".jpg")[:a.count]
    styles = sorted(f.stem for f in a.artworks.iterdir() if f.suffix == ".jpg")
    print(f"{len(contents)} photographs, {len(styles)} styles, {a.size} px")
    print("| network | precision | style | content | style against fp32 | content against fp32 |")
    print("|---|---|---|---|---|---|")
    for network in a.networks.split(","):
        method = "any" if network == "any" else "fast"
        base = None
        for precision in a.precisions.split(","):
            rows = [r for s in styles for r in measure(a, judge, method, precision, s, contents)]
            style, content = np.mean(rows, axis=0)
            base = base or (style, content)
            print(f"| {network} | {precision} | {style:.4f} | {content:.4f} | {100 * (style / base[0] - 1):+.2f} % | "
                  f"{100 * (content / base[1] - 1):+.2f} % |", flush=True)


if __name__ == "__main__":
    main()
