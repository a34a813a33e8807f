"""TorchScript files that load in libtorch 1.13: source of built-in operators, no debug records."""

import pathlib

import torch

from . import filters
from .formats import export_torch
from .paths import InputError
from .perceptual import LossNet


def write_loss(net: LossNet, path: pathlib.Path) -> None:
    """forward(x [N, 3, H, W], 0 to 1) -> list of the network's five feature maps and those of the fixed filters. H and W
    at least 32."""
    body = ["def forward(self, x):", "    features = [x]", "    features.pop()", "    x = (x - 0.5) * 4.0", "    whole = x"]
    for level, widths in enumerate(net.levels, 1):
        for i in range(len(widths)):
            w = f"w_{net.name(level, i)}"
            body.append("    x = torch.relu(torch.conv2d(torch._C._nn.reflection_pad2d(x, [1, 1, 1, 1]), "
                        f"self.{w}, self.{w}_bias))")
            if net.is_tap(level, i):
                body.append("    features.append(x)")
        if level < len(net.levels):
            body.append("    x = torch._C._nn.avg_pool2d(x, [2, 2], [2, 2])")
    for f in filters.FACTORS:
        body.append(f"    x = torch._C._nn.avg_pool2d(whole, [{f}, {f}], [{f}, {f}])")
        body.append("    features.append(torch.relu(torch.conv2d(torch._C._nn.reflection_pad2d(x, [1, 1, 1, 1]), "
                    f"self.w_filters{f})))")
    tensors = {f"w_{n}": p.detach().contiguous().clone() for n, p in net.weights.items()}
    tensors |= {f"w_{n}_bias": p.detach().clone() for n, p in net.biases.items()}
    tensors |= {f"w_filters{f}": w for f, w in zip(filters.FACTORS, filters.weights())}
    module = export_torch.exported(tensors)
    module.define("\n".join(body + ["    return features", ""]))
    temporary = path.with_name(path.name + ".new")
    export_torch.save(module.eval(), str(temporary))
    x = torch.rand(2, 3, 48, 64, generator=torch.Generator().manual_seed(1))
    worst = max((a - b).abs().max().item() for a, b in zip(torch.jit.load(str(temporary))(x), net(x) + filters.FixedFilters()(x), strict=True))
    if not worst < 1e-3:
        temporary.unlink()
        raise InputError(f"{path}: the TorchScript file differs from the network by {worst:.1e}")
    temporary.replace(path)


def write_graph(source: pathlib.Path, path: pathlib.Path) -> float:
    """From a safetensors file with a graph; returns how far it is from the graph run operation by operation."""
    net = export_torch.Graph(source)
    temporary = path.with_name(path.name + ".new")
    export_torch.save(export_torch.build(net), str(temporary))
    worst = export_torch.check(net, None, str(temporary))
    temporary.replace(path)
    return worst
