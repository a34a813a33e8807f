"""Gradients and the method optimize beside PyTorch, in processor time of one thread.

    gradients.py [--build build/release] [--sizes 192,512] [--optimize 512] [--iterations 300]

Rows are what training and optimize are made of; of each the least of some rounds is taken, as the machine may be shared.
A training step is: a painting by `brush` with all gradients, the loss network forward and back on it, and forward on the
photograph. For optimize both engines of the library paint the same photograph, and the loss of both results is computed
in PyTorch. A style of one's own is learnt with all processors, on the clock. Needs torch, numpy and Pillow.
"""

import argparse
import json
import os
import pathlib
import re
import resource
import subprocess
import tempfile
import time

import numpy as np
import torch
from PIL import Image

from torch_loss import loss_of, tensor

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
MODELS = ROOT / "models"
NORMS = 584  # channels of all norms of brush
STYLE = "starry_night"


def used(children: bool = False) -> float:
    usage = resource.getrusage(resource.RUSAGE_CHILDREN if children else resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


def least(function, rounds: int) -> float:
    """Milliseconds of processor time."""
    best = float("inf")
    for _ in range(rounds):
        start = used()
        function()
        best = min(best, used() - start)
    return best * 1e3


def torch_times(size: int, rounds: int) -> dict[str, float]:
    brush, loss = (torch.jit.load(str(MODELS / n / f"{n}.pt")) for n in ("brush", "loss"))
    x, code = torch.rand(1, 3, size, size), torch.cat([torch.ones(1, NORMS), torch.zeros(1, NORMS)], 1)

    def paint(weights: bool) -> None:
        for b in brush.buffers():
            b.requires_grad_(weights)
        brush(x.clone().requires_grad_(), code.clone().requires_grad_()).sum().backward()

    def look(back: bool) -> None:
        with torch.set_grad_enabled(back):
            y = sum(f.sum() for f in loss(x.clone().requires_grad_(back)))
        if back:
            y.backward()

    return {"paint": least(lambda: paint(False), rounds), "paint_all": least(lambda: paint(True), rounds),
            "look": least(lambda: look(False), rounds), "look_back": least(lambda: look(True), rounds)}


def own_times(build: pathlib.Path, size: int, rounds: int) -> dict[str, float]:
    def measure(network: str, weights: bool) -> tuple[float, float]:
        """Forward and kept, and back."""
        environment = os.environ | ({"WEIGHTS": "1"} if weights else {})
        out = subprocess.run([build / "tests" / "bench_back", MODELS / network / f"{network}.safetensors",
                              *map(str, (size, size, 1, rounds))], env=environment, check=True, capture_output=True, text=True)
        found = re.search(r"kept ([0-9.]+), back ([0-9.]+)", out.stdout)
        return float(found[1]), float(found[2])

    look = measure("loss", False)
    return {"paint": sum(measure("brush", False)), "paint_all": sum(measure("brush", True)), "look": look[0],
            "look_back": sum(look)}


ROWS = {"paint": "`brush`, gradients of picture and code", "paint_all": "`brush`, gradients of weights too",
        "look": "loss network, forward", "look_back": "loss network, gradient of the picture", "step": "training step"}


def compare_networks(a: argparse.Namespace) -> None:
    print("| what | size | native, ms | PyTorch, ms | ratio |\n| --- | --- | ---: | ---: | ---: |")
    for size in map(int, a.sizes.split(",")):
        own, other = own_times(a.build, size, a.rounds), torch_times(size, a.rounds)
        for times in (own, other):
            times["step"] = times["paint_all"] + times["look_back"] + times["look"]
        for key, text in ROWS.items():
            print(f"| {text} | {size} | {own[key]:.1f} | {other[key]:.1f} | {own[key] / other[key]:.2f} |")


def picture(path: pathlib.Path, size: tuple[int, int] | None = None) -> torch.Tensor:
    image = Image.open(path).convert("RGB")
    return tensor(np.asarray(image.resize(size, Image.LANCZOS) if size else image, np.float32) / 255)


def stylize(a: argparse.Namespace, folder: pathlib.Path, name: str, *options: str) -> tuple[float, torch.Tensor]:
    """Processor time of the program, in seconds, and the picture."""
    path = folder / f"{name}.png"
    start = used(children=True)
    subprocess.run([a.build / "bin" / "stylize", ROOT / "examples/data/photo.jpg", "--style", STYLE, "--size", str(a.optimize),
                    "--threads", "1", "-o", path, *options], check=True, stdout=subprocess.DEVNULL,
                   env=os.environ | {"STYLIZE_MODELS": str(MODELS), "OMP_NUM_THREADS": "1"})
    return used(children=True) - start, picture(path)


def compare_optimize(a: argparse.Namespace) -> None:
    loss = torch.jit.load(str(MODELS / "loss" / "loss.pt"))
    with tempfile.TemporaryDirectory() as name:
        folder = pathlib.Path(name)
        content = stylize(a, folder, "content", "--strength", "0")[1]
        art = MODELS / "styles" / "artworks" / f"{STYLE}.jpg"
        width, height = Image.open(art).size
        scale = max(content.shape[2:]) / max(width, height)
        style = picture(art, tuple(int(side * scale) // 16 * 16 for side in (width, height)))
        print(f"\n| optimize, {content.shape[3]}x{content.shape[2]}, {a.iterations} evaluations | s | loss |\n| --- | ---: | ---: |")
        for engine in ("native", "torch"):
            seconds, result = stylize(a, folder, engine, "--method", "optimize", "--iterations", str(a.iterations),
                                      "--engine", engine)
            with torch.no_grad():
                print(f"| {engine} | {seconds:.1f} | {loss_of(loss, result, content, style).item():.2f} |")


def learn(a: argparse.Namespace) -> None:
    """`stylize style add` on the artwork of the examples; good for some steps only, as each takes as long."""
    print("\n| learning a style | steps | on the clock, s | processor time, s |\n| --- | ---: | ---: | ---: |")
    for effort, budget in (("fast", []), ("good", ["--time-budget", "60"])):
        with tempfile.TemporaryDirectory() as folder:
            clock, start = time.monotonic(), used(children=True)
            out = subprocess.run([a.build / "bin" / "stylize", "style", "add", "bench", ROOT / "examples/data/artwork.jpg",
                                  "--effort", effort, "--quiet", "--json", *budget], check=True, stdout=subprocess.PIPE,
                                 env=os.environ | {"STYLIZE_MODELS": str(MODELS), "STYLIZE_STYLES": folder})
            made = json.loads(out.stdout)
            print(f"| {effort}{', 60 s of it' if budget else ''} | {made['code_steps']} + {made['network_steps']} | "
                  f"{time.monotonic() - clock:.1f} | {used(children=True) - start:.1f} |", flush=True)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    p.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    p.add_argument("--sizes", default="192,512")
    p.add_argument("--rounds", type=int, default=10)
    p.add_argument("--optimize", type=int, default=512, help="longer side; 0: not measured")
    p.add_argument("--iterations", type=int, default=300)
    a = p.parse_args()
    torch.set_num_threads(1)
    print(json.dumps({"torch": torch.__version__, "machine": os.uname().machine}))
    compare_networks(a)
    if a.optimize:
        compare_optimize(a)
    learn(a)


if __name__ == "__main__":
    main()
