#!/usr/bin/env python3
"""Computes tests/golden again after the shipped networks have changed: what torch makes of the same inputs.

    make_golden.py [--models models] [--golden tests/golden]

Each network is run operation by operation (stylize_train/formats/reference.py). Needs torch and numpy."""

import argparse
import pathlib
import sys

import numpy as np
import torch

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "training"))
from stylize_train.formats import export_torch, reference  # noqa: E402


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--models", type=pathlib.Path, default=ROOT / "models")
    p.add_argument("--golden", type=pathlib.Path, default=ROOT / "tests" / "golden")
    a = p.parse_args()
    torch.set_grad_enabled(False)

    def read(name: str) -> torch.Tensor:
        return torch.from_numpy(np.load(a.golden / f"{name}.npy"))

    def write(name: str, x: torch.Tensor) -> None:
        path = a.golden / f"{name}.npy"
        change = (x - read(name)).abs().max().item() if path.exists() else float("nan")
        np.save(path, x.numpy().astype(np.float32))
        print(f"{path.name}: changed by {change:.1e} at most")

    brush, any_ = (export_torch.Graph(a.models / n / f"{n}.safetensors") for n in ("brush", "any"))
    codes = torch.from_numpy(brush.array("codes").copy())
    for i, row in ((0, 0), (1, 5)):
        write(f"brush_{i}_output_style{row}", reference.run(brush, brush.graph, read(f"brush_{i}_input"), codes[row:row + 1])[0])
    for i in range(2):
        code = reference.run(any_, any_.encoder, read(f"any_{i}_style"))[0]
        write(f"any_{i}_code", code)
        write(f"any_{i}_output", reference.run(any_, any_.graph, read(f"any_{i}_input"), code)[0])


if __name__ == "__main__":
    main()
