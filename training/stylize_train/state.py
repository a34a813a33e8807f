"""`state`: a checkpoint made small, to be kept in the tree or sent, that a run goes on from."""

import argparse
import json
import pathlib

import torch

from . import run

SHORT = torch.bfloat16  # the range of fp32, as second moments are tiny; 8 bits are enough for steps


def add_options(p: argparse.ArgumentParser) -> None:
    p.add_argument("checkpoint", type=pathlib.Path)
    p.add_argument("out", type=pathlib.Path, help="file to write")
    p.add_argument("--no-moments", action="store_true", help="without the optimiser's: the first steps of the next run find them anew")


def small(checkpoint: dict, moments: bool) -> dict:
    """The averaged weights stay as they are; how far the others are from them, and the moments, are rounded. What is not
    a tensor as JSON, as `run` writes it."""
    apart = {k: (v - checkpoint["ema"][k]).to(SHORT) for k, v in checkpoint["net"].items()}
    opt = {k: {n: v.to(SHORT) if isinstance(v, torch.Tensor) and v.dim() else v for n, v in row.items()}
           for k, row in checkpoint["opt"].items()} if moments else {}
    plain = {k: v for k, v in checkpoint.items() if k not in ("net", "ema", "opt")} | {"apart": True}
    return {"net": apart, "ema": checkpoint["ema"], "opt": opt, "plain": json.dumps(plain)}


def main(a: argparse.Namespace) -> None:
    checkpoint = run.load_checkpoint(a.checkpoint)
    a.out.parent.mkdir(parents=True, exist_ok=True)
    run.write_whole(a.out, lambda p: torch.save(small(checkpoint, not a.no_moments), p))
    print(f"{a.out}: {a.out.stat().st_size / 1e6:.1f} MB, step {checkpoint['state']['step']}")
