"""A ResNet in ONNX to look at styles with, such as the thin ResNet-50 of Yahoo's open_nsfw: its batch norms folded
into convolutions, input [N, H, W, 3] in the order BGR, 0 to 255 less Caffe's means. Only its features are used."""

import pathlib
from typing import NamedTuple

import torch
import torch.nn as nn
import torch.nn.functional as F

from .paths import InputError

DEPTHS = 4
MEAN = (104.0, 117.0, 123.0)
KINDS = ("Conv", "Relu", "MaxPool", "Add")
PICTURE = "picture"


class Step(NamedTuple):
    kind: str
    inputs: tuple[str, ...]
    output: str
    stride: tuple[int, ...]
    pad: tuple[int, ...]  # left, right, top, bottom
    kernel: tuple[int, ...]
    tap: bool  # one of the features


def load(path: pathlib.Path):
    try:
        import onnx
        from google.protobuf.message import DecodeError
    except ImportError as e:
        raise InputError(f"{path}: reading it needs the Python package onnx") from e
    try:
        graph = onnx.load(str(path)).graph
        arrays = {t.name: torch.from_numpy(onnx.numpy_helper.to_array(t).copy()) for t in graph.initializer}
        nodes = [(n, {a.name: onnx.helper.get_attribute_value(a) for a in n.attribute}) for n in graph.node]
    except (DecodeError, ValueError, TypeError, KeyError, OSError) as e:
        raise InputError(f"{path}: not an ONNX file that can be read") from e
    return nodes, arrays, [i.name for i in graph.input if i.name not in arrays]


class ResNet(nn.Module):
    """forward(x [N, 3, H, W], 0 to 1) -> after the first layer, and after the first block of each size, up to 1/16."""

    def __init__(self, path: pathlib.Path):
        super().__init__()
        self.register_buffer("mean", torch.tensor(MEAN).reshape(1, 3, 1, 1))
        self.steps: list[Step] = []
        try:
            whole = self.build(*load(path))
        except (IndexError, KeyError, TypeError, ValueError):  # what a node lacks
            whole = False
        if not whole:
            raise InputError(f"{path}: not a ResNet of {', '.join(KINDS)}")

    def build(self, nodes: list, arrays: dict[str, torch.Tensor], pictures: list[str]) -> bool:
        """Takes nodes up to the last feature; whether it was found."""
        known = dict.fromkeys(pictures, PICTURE)
        found, smaller = 0, True  # features so far; whether the size fell since the last
        for node, a in nodes:
            if node.op_type == "Transpose":
                known[node.output[0]] = known[node.input[0]]
                continue
            if node.op_type not in KINDS:
                return False
            inputs = tuple(known[i] for i in node.input[:2 if node.op_type == "Add" else 1])
            if node.op_type == "Conv":
                for kind, name in zip("wb", node.input[1:3], strict=True):
                    self.register_buffer(f"{kind}{len(self.steps)}", arrays[name])
            (down, across), (top, left, bottom, right) = a.get("strides", (1, 1)), a.get("pads", (0, 0, 0, 0))
            smaller |= max(down, across) > 1
            tap = node.op_type == "Relu" and smaller and (not found or self.steps[-1].kind == "Add")
            found, smaller = found + tap, smaller and not tap
            kernel = tuple(a["kernel_shape"]) if node.op_type == "MaxPool" else ()
            self.steps.append(Step(node.op_type, inputs, node.output[0], (down, across), (left, right, top, bottom), kernel, tap))
            known[node.output[0]] = node.output[0]
            if found == DEPTHS:
                return True
        return False

    def forward(self, x: torch.Tensor, last: int = DEPTHS) -> list[torch.Tensor]:
        values, taps = {PICTURE: x.flip(1) * 255 - self.mean}, []
        for i, step in enumerate(self.steps):
            v = values[step.inputs[0]]
            if any(step.pad):
                v = F.pad(v, step.pad)
            if step.kind == "Conv":
                v = F.conv2d(v, getattr(self, f"w{i}"), getattr(self, f"b{i}"), step.stride)
            elif step.kind == "Relu":
                v = F.relu(v)
            elif step.kind == "MaxPool":
                v = F.max_pool2d(v, step.kernel, step.stride)
            else:
                v = v + values[step.inputs[1]]
            values[step.output] = v
            if step.tap:
                taps.append(v)
                if len(taps) == last:
                    break
        return taps
