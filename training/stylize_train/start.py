"""What `--start` names: a checkpoint, or the network of a model folder, as the project ships them."""

import json
import pathlib

import torch

from . import nets, run
from .paths import InputError

NOTHING = {"step": 0, "pictures": 0, "seconds": 0.0}


def read(path: pathlib.Path) -> dict:
    """A checkpoint, with `before`: the steps, pictures and seconds that its weights have seen in all."""
    if path.suffix != ".safetensors":
        c = run.load_checkpoint(path)
        return c | {"before": total(c)}
    file = nets.read_container(path)
    try:
        before = {"step": int(file.meta["steps"]), "pictures": int(file.meta["images"]),
                  "seconds": 60 * float(file.meta["minutes"])}
        ids = json.loads(file.meta["styles"])
    except (KeyError, ValueError) as e:
        raise InputError(f"{path}: not a network that `export` wrote") from e
    if "encoder_graph" in file.meta:
        net = nets.read_any(path)
        return {"ema": net.state_dict(), "cfg": net.net.cfg, "before": before}
    net = nets.Brush(len(ids), **nets.shape_of(file))
    nets.fill(net.net, file, path)
    codes = torch.from_numpy(file.array("codes").copy()) if "codes" in file.tensors else None
    if codes is None or codes.shape != net.codes.shape:
        raise InputError(f"{path}: no tensor codes of shape {tuple(net.codes.shape)}")
    return {"ema": net.state_dict() | {"codes": codes}, "ids": ids, "cfg": net.net.cfg, "before": before}


def total(checkpoint: dict) -> dict:
    """Of this run and of those that it began with."""
    return {k: checkpoint["state"].get(k, 0) + checkpoint.get("before", NOTHING)[k] for k in NOTHING}
