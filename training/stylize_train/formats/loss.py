"""A loss network of this project, in TorchScript, as the native engine reads it.

    python -m stylize_train.formats.loss models/loss/loss.pt models/loss/loss.safetensors

Its convolutions are the buffers w_conv<depth><letter> of the file, each with a bias; between the depths is a mean over
2x2 pixels, and the layer t of each depth is a feature map, or the first where there is no t. Layers that no feature map sees are
left out. The buffers w_filters<n> are filters for the means of the picture over n x n pixels; what they see are feature maps too.
Needs torch.
"""

import argparse
import json
import pathlib
import re
import sys
from typing import Sequence

import numpy as np

from . import network as net

FILTERS = re.compile(r"w_filters([1248])")
NAME = re.compile(r"w_conv([1-9])([a-z])")


def layers(buffers: dict[str, np.ndarray]) -> list[list[str]]:
    """Names of the convolutions of each depth."""
    depths: dict[int, list[str]] = {}
    for name in sorted(buffers):
        if found := NAME.fullmatch(name):
            depths.setdefault(int(found[1]), []).append(name)
    if sorted(depths) != list(range(1, len(depths) + 1)) or not depths:
        raise ValueError("not a loss network of this project")
    found = [depths[d] for d in sorted(depths)]
    return found[:-1] + [found[-1][:found[-1].index(tap(found[-1])) + 1]]


def tap(names: list[str]) -> str:
    return names[-1] if names[-1].endswith("t") else names[0]


def convert(buffers: dict[str, np.ndarray], more: Sequence[str] = ()) -> net.Network:
    """more: names of layers, such as conv2b, that are feature maps too."""
    operations: list[dict] = [{"op": "sub", "value": 0.5}, {"op": "mul", "value": 4}]
    tensors = {}
    for depth, names in enumerate(layers(buffers)):
        if depth:
            operations.append({"op": "mean_pool", "factor": 2})
        for name in names:
            weight, short = buffers[name].astype(np.float32), name.removeprefix("w_")
            tensors[short], tensors[short + "_bias"] = weight, buffers[name + "_bias"].astype(np.float32)
            operations.append({"op": "conv", "w": short, "b": short + "_bias", "in": weight.shape[1],
                               "out": weight.shape[0], "stride": 1})
            operations.append({"op": "relu"})
            if name == tap(names) or short in more:
                operations.append({"op": "tap"})
    for name in sorted(n for n in buffers if FILTERS.fullmatch(n)):
        short = name.removeprefix("w_")
        tensors[short] = buffers[name].astype(np.float32)
        operations += [{"op": "picture", "factor": int(name[-1])},
                       {"op": "conv", "w": short, "in": 3, "out": tensors[short].shape[0], "stride": 1},
                       {"op": "relu"}, {"op": "tap"}]
    return net.Network(tensors, {"name": "loss", "loss_graph": json.dumps(operations)})


def main() -> int:
    p = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    p.add_argument("source", type=pathlib.Path)
    p.add_argument("target", type=pathlib.Path)
    a = p.parse_args()
    import torch  # not needed by whoever imports convert

    try:
        module = torch.jit.load(str(a.source), map_location="cpu")
        network = convert({n: b.numpy() for n, b in module.named_buffers()})
    except (RuntimeError, ValueError, KeyError) as e:
        print(f"{a.source}: {e}", file=sys.stderr)
        return 1
    net.write(a.target, network)
    return 0


if __name__ == "__main__":
    sys.exit(main())
