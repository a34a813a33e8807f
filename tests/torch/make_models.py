#!/usr/bin/env python3
"""Writes the TorchScript files of data/, which the tests load. Needs torch and numpy.

    make_models.py tests/torch/data"""
import json
import os
import struct
import sys
import warnings
from typing import List, Tuple

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../training"))

import numpy as np  # noqa: E402
import torch  # noqa: E402

from stylize_train.formats.export_torch import Graph, build, check, save  # noqa: E402


class Invert(torch.nn.Module):
    """A user's network of the plainest kind: forward(x), values from 0 to 255."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 255.0 - x


class Echo(torch.nn.Module):
    """Shows what comes in, to see mean and std."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x


class HalfSize(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x[:, :, ::2]


class Pair(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> Tuple[torch.Tensor, torch.Tensor]:
        return x, x


class ThrowsAlways(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x.view(7, 7, 7, 7)


class ThrowsOnWhite(torch.nn.Module):
    """Passes the trial run on an empty picture and fails on a bright one."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if bool(x.max() > 0.9):
            raise ValueError("this picture is too bright")
        return x


class NotFinite(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x / (1.0 - x)


class Warns(torch.nn.Module):
    def forward(self, x: torch.Tensor) -> torch.Tensor:
        warnings.warn("a warning that nobody may see")
        return x


class Hungry(torch.nn.Module):
    """Asks for more memory than there is when the picture is bright."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        if bool(x.max() > 0.9):
            return x + torch.zeros([1 << 46])[0]
        return x


class Coded(torch.nn.Module):
    """A user's network with a style code of three floats, added to the channels."""

    def forward(self, x: torch.Tensor, code: torch.Tensor) -> torch.Tensor:
        return x + code[:, :, None, None]


class Loss(torch.nn.Module):
    """A loss network of three depths, strides 1, 2 and 4. Odd: its map has a stride that is no power of two;
    Short: one map less than told."""

    def __init__(self, last_pool: int = 2, maps: int = 3):
        super().__init__()
        torch.manual_seed(5)
        self.pad = torch.nn.ReflectionPad2d(1)
        self.a, self.b, self.c = (torch.nn.Conv2d(i, o, 3) for i, o in ((3, 8), (8, 12), (12, 16)))
        for conv in (self.a, self.b, self.c):
            torch.nn.init.kaiming_normal_(conv.weight)
            torch.nn.init.zeros_(conv.bias)
        self.last_pool, self.maps = last_pool, maps

    def forward(self, x: torch.Tensor) -> List[torch.Tensor]:
        a = torch.relu(self.a(self.pad(x)))
        b = torch.relu(self.b(self.pad(torch.nn.functional.avg_pool2d(a, 2))))
        c = torch.relu(self.c(self.pad(torch.nn.functional.avg_pool2d(b, self.last_pool))))
        return [a, b, c][:self.maps]


class Blind(torch.nn.Module):
    """A loss network that does not look at the picture."""

    def forward(self, x: torch.Tensor) -> List[torch.Tensor]:
        return [torch.ones_like(x), torch.ones_like(x), torch.ones_like(x)]


def transformer_net(path):
    """A small TransformerNet with random weights and the style inside: the graph of Johnson et al."""
    rng = np.random.default_rng(1)
    tensors, graph, norms = {}, [], [0]

    def conv(name, cin, cout, k, stride=1, norm=True, relu=True):
        tensors[name] = rng.standard_normal((cout, cin, k, k)) * (2 / (cin * k * k)) ** 0.5
        tensors[name + ".bias"] = rng.standard_normal(cout) * 0.1
        graph.append({"op": "conv", "w": name, "b": name + ".bias", "in": cin, "out": cout, "stride": stride})
        if norm:
            tensors[name + ".gamma"] = 1 + rng.standard_normal(cout) * 0.1
            tensors[name + ".beta"] = rng.standard_normal(cout) * 0.1
            graph.append({"op": "norm", "i": norms[0], "gamma": name + ".gamma", "beta": name + ".beta"})
            norms[0] += 1
        if relu:
            graph.append({"op": "relu"})

    conv("c1", 3, 8, 9)
    conv("c2", 8, 12, 3, 2)
    graph.append({"op": "save"})
    conv("r1", 12, 12, 3)
    conv("r2", 12, 12, 3, relu=False)
    graph.append({"op": "add_saved"})
    graph.append({"op": "upsample", "factor": 2})
    conv("u1", 12, 8, 3)
    conv("out", 8, 3, 9, norm=False, relu=False)
    graph += [{"op": "mul", "value": 0.1}, {"op": "clamp", "low": 0.0, "high": 1.0}]
    header, data = {"__metadata__": {"graph": json.dumps(graph), "norm_eps": "1e-05", "code_length": "0",
                                     "multiple_of": "2", "name": "transformer"}}, b""
    for name, value in tensors.items():
        raw = value.astype("<f4").tobytes()
        header[name] = {"dtype": "F32", "shape": list(value.shape), "data_offsets": [len(data), len(data) + len(raw)]}
        data += raw
    text = json.dumps(header).encode()
    text += b" " * (-len(text) % 8)
    with open(path, "wb") as f:
        f.write(struct.pack("<Q", len(text)) + text + data)


def main():
    out = sys.argv[1]
    os.makedirs(out, exist_ok=True)
    plain = {"invert": Invert, "echo": Echo, "half_size": HalfSize, "pair": Pair, "throws": ThrowsAlways,
             "throws_on_white": ThrowsOnWhite, "not_finite": NotFinite, "warns": Warns, "hungry": Hungry,
             "coded": Coded, "blind": Blind}
    for name, kind in plain.items():
        save(torch.jit.script(kind()), os.path.join(out, name + ".pt"))
    for name, options in {"loss": {}, "loss_odd": {"last_pool": 3}, "loss_short": {"maps": 2}}.items():
        save(torch.jit.script(Loss(**options)), os.path.join(out, name + ".pt"))
    path = os.path.join(out, "transformer.safetensors")
    transformer_net(path)
    net = Graph(path)
    module = build(net)
    save(module, path.replace(".safetensors", ".pt"))
    check(net, module, path.replace(".safetensors", ".pt"))


if __name__ == "__main__":
    main()
