"""A second published network to look at styles with: the MobileNetV2 of Magenta's style predictor, a TensorFlow Lite
file with 8-bit weights. Only its features are used, and only for gradients."""

import pathlib
import struct

import numpy as np
import torch
import torch.nn as nn
import torch.nn.functional as F

from .paths import InputError

TAPS = ((2, 32), (4, 144), (8, 192), (16, 384))  # of each size, the first wide layer: part of the side, channels
CONV, DEPTHWISE, ADD, QUANTIZE = 3, 4, 0, 114  # operations of the format
RELU6 = 3
TYPES = {0: "<f4", 2: "<i4", 3: "u1", 9: "i1"}


class Table:
    """A table of a FlatBuffer: fields are found by number."""

    def __init__(self, data: bytes, at: int):
        self.data, self.at = data, at
        self.slots = at - self.number("<i", at)

    def number(self, kind: str, at: int) -> int:
        return struct.unpack_from(kind, self.data, at)[0]

    def place(self, field: int) -> int:
        """0 where the field is not given."""
        slot = 4 + 2 * field
        if slot >= self.number("<H", self.slots):
            return 0
        offset = self.number("<H", self.slots + slot)
        return self.at + offset if offset else 0

    def value(self, field: int, kind: str = "<i", default: int = 0) -> int:
        at = self.place(field)
        return self.number(kind, at) if at else default

    def table(self, field: int) -> "Table | None":
        at = self.place(field)
        return Table(self.data, at + self.number("<I", at)) if at else None

    def vector(self, field: int, kind: str) -> np.ndarray:
        at = self.place(field)
        if not at:
            return np.zeros(0, kind)
        at += self.number("<I", at)
        return np.frombuffer(self.data, kind, self.number("<I", at), at + 4)

    def tables(self, field: int) -> list["Table"]:
        at = self.place(field)
        if not at:
            return []
        at += self.number("<I", at)
        starts = range(at + 4, at + 4 + 4 * self.number("<I", at), 4)
        return [Table(self.data, s + self.number("<I", s)) for s in starts]


def code_of(entry: Table) -> int:
    return max(entry.value(0, "<b"), entry.value(3))


def constant(tensor: Table, buffers: list[Table]) -> torch.Tensor:
    """A weight in real numbers: (whole number - zero) * scale, for each slice of one axis or for all."""
    shape = tensor.vector(0, "<i4")
    raw = np.frombuffer(buffers[tensor.value(2, "<I")].vector(0, "u1").tobytes(), TYPES[tensor.value(1, "<b")])
    x = raw.reshape(shape).astype(np.float64)
    q = tensor.table(4)
    if q and q.vector(2, "<f4").size:
        scale, zero = q.vector(2, "<f4").astype(np.float64), q.vector(3, "<i8").astype(np.float64)
        along = [1] * x.ndim
        along[q.value(6)] = -1
        x = (x - zero.reshape(along)) * scale.reshape(along) if scale.size > 1 else (x - zero[0]) * scale[0]
    with np.errstate(over="ignore"):
        x = x.astype(np.float32)
    if not np.isfinite(x).all():
        raise ValueError("weights that are not finite")
    return torch.from_numpy(x)


class MobileNet(nn.Module):
    """forward(x [N, 3, H, W], 0 to 1, depths) -> the features of up to four depths, at 1/2 to 1/16 of the side."""

    def __init__(self, path: pathlib.Path):
        super().__init__()
        try:
            self.read(pathlib.Path(path).read_bytes())
        except (struct.error, ValueError, KeyError, IndexError, AttributeError) as e:
            raise InputError(f"{path}: not the style predictor of Magenta (a .tflite file of a MobileNetV2)") from e
        if len(self.taps) != len(TAPS):
            raise InputError(f"{path}: not the style predictor of Magenta: {len(self.taps)} of {len(TAPS)} layers found")

    def read(self, data: bytes) -> None:
        model = Table(data, struct.unpack_from("<I", data)[0])
        codes, buffers = [code_of(c) for c in model.tables(1)], model.tables(4)
        graph = model.tables(2)[0]
        tensors = graph.tables(0)
        self.source = int(graph.vector(1, "<i4")[0])
        self.steps, self.taps = [], {}
        side = {self.source: 1}
        for op in graph.tables(3):
            kind, ins, out = codes[op.value(0, "<I")], op.vector(1, "<i4"), int(op.vector(2, "<i4")[0])
            first = int(ins[0])
            if kind == QUANTIZE:
                self.steps.append(("same", first, first, out, 1, False))
                side[out] = side[first]
            elif kind in (CONV, DEPTHWISE):
                self.convolution(kind, op.table(4), [tensors[i] for i in ins[1:3]], buffers, first, out, side)
            elif kind == ADD:
                self.steps.append(("add", first, int(ins[1]), out, 1, False))
                side[out] = side[first]
            else:
                break  # the mean over the picture: no features after it
            if len(self.taps) == len(TAPS):
                break

    def convolution(self, kind, options, tensors, buffers, first, out, side) -> None:
        depthwise = kind == DEPTHWISE
        stride, active = options.value(1), options.value(4 if depthwise else 3, "<b") == RELU6
        w, b = (constant(t, buffers) for t in tensors)
        w = w.permute(3, 0, 1, 2) if depthwise else w.permute(0, 3, 1, 2)
        n = len(self.steps)
        self.register_buffer(f"w{n}", w.contiguous())
        self.register_buffer(f"b{n}", b)
        self.steps.append(("depthwise" if depthwise else "conv", first, first, out, stride, active))
        side[out] = side[first] * stride
        depth = len(self.taps)
        if active and not depthwise and (side[out], w.shape[0]) == TAPS[depth]:
            self.taps[out] = depth

    def forward(self, x: torch.Tensor, last: int = len(TAPS)) -> list[torch.Tensor]:
        known, found = {self.source: x}, []
        for n, (kind, first, second, out, stride, active) in enumerate(self.steps):
            y = known[first]
            if kind == "add":
                y = y + known[second]
            elif kind != "same":
                w = getattr(self, f"w{n}")
                edge = w.shape[2] // 2
                if edge and stride == 2:  # as TensorFlow pads even sides: on the right and below
                    y, edge = F.pad(y, [0, 2 * edge - 1] * 2), 0
                y = F.conv2d(y, w, getattr(self, f"b{n}"), stride, edge, 1, y.shape[1] if kind == "depthwise" else 1)
                y = F.relu6(y) if active else y
            known[out] = y
            if out in self.taps:
                found.append(y)
                if len(found) == last:
                    break
        return found
