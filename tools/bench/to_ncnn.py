#!/usr/bin/env python3
"""Writes a generator of ours (safetensors with a graph) as ncnn's .param and .bin.

    to_ncnn.py models/brush/brush.safetensors brush --row 0      brush.param and brush.bin

A style code has to be built in, as a row of the network's codes. Input x, output y. Needs numpy.
"""

import argparse
import pathlib
import struct
import sys

import numpy as np

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2] / "training"))
from stylize_train.formats import network as net  # noqa: E402

MAGIC = 7767517
REFLECT, NEAREST, SUB, MUL = 2, 1, 1, 2  # ncnn's numbers


class Writer:
    def __init__(self, network: net.Network, code: np.ndarray | None):
        self.network = network
        self.code = code
        self.lines: list[str] = ["Input x 0 1 x"]
        self.weights: list[bytes] = []
        self.blobs = 1
        self.now, self.saved = "x", ""
        self.channels, self.norm_offset = 3, 0
        self.half = 0 if code is None else len(code) // 2

    def layer(self, kind: str, params: str = "", inputs: tuple[str, ...] | None = None, outputs: int = 1) -> list:
        names = [f"b{self.blobs + i}" for i in range(outputs)]
        self.blobs += outputs
        inputs = inputs or (self.now,)
        self.lines.append(f"{kind} l{len(self.lines)} {len(inputs)} {outputs} "
                          f"{' '.join(inputs)} {' '.join(names)} {params}".rstrip())
        self.now = names[0]
        return names

    def floats(self, values: np.ndarray) -> None:
        self.weights.append(np.ascontiguousarray(values, "<f4").tobytes())

    def conv(self, op: dict) -> None:
        weight = self.network.array(op["w"])
        k, pad = weight.shape[-1], weight.shape[-1] // 2
        if pad:
            self.layer("Padding", f"0={pad} 1={pad} 2={pad} 3={pad} 4={REFLECT}")
        self.layer("Convolution", f"0={op['out']} 1={k} 3={op['stride']} 5={int('b' in op)} 6={weight.size}")
        self.weights.append(struct.pack("<I", 0))  # fp32 follows
        self.floats(weight)
        if "b" in op:
            self.floats(self.network.array(op["b"]))
        self.channels = op["out"]

    def norm(self, op: dict) -> None:
        self.layer("InstanceNorm", f"0={self.channels} 1={self.network.eps:e} 2=1")
        if "gamma" in op:
            self.floats(self.network.array(op["gamma"]))
            self.floats(self.network.array(op["beta"]))
            return
        at = self.norm_offset
        self.floats(self.code[at : at + self.channels])
        self.floats(self.code[self.half + at : self.half + at + self.channels])
        self.norm_offset += self.channels

    def operation(self, op: dict) -> None:
        kind = op["op"]
        if kind == "conv":
            self.conv(op)
        elif kind == "norm":
            self.norm(op)
        elif kind == "save":
            self.now, self.saved = self.layer("Split", outputs=2)
        elif kind == "add_saved":
            self.layer("BinaryOp", "0=0", (self.now, self.saved))
        elif kind in ("sub", "mul"):
            self.layer("BinaryOp", f"0={SUB if kind == 'sub' else MUL} 1=1 2={op['value']:e}")
        elif kind == "clamp":
            self.layer("Clip", f"0={op['low']:e} 1={op['high']:e}")
        elif kind == "upsample":
            self.layer("Interp", f"0={NEAREST} 1={op['factor']:e} 2={op['factor']:e}")
        elif kind == "pixel_shuffle":
            self.layer("PixelShuffle", f"0={op['factor']}")
            self.channels //= op["factor"] ** 2
        elif kind == "pixel_unshuffle":
            self.layer("Reorg", f"0={op['factor']}")
            self.channels *= op["factor"] ** 2
        else:
            self.layer({"relu": "ReLU", "sigmoid": "Sigmoid"}[kind])


def export(network: net.Network, code: np.ndarray | None) -> tuple[str, bytes]:
    """The contents of the .param and the .bin file."""
    writer = Writer(network, code)
    for op in network.operations():
        writer.operation(op)
    writer.layer("Noop")
    writer.lines[-1] = writer.lines[-1].replace(f" {writer.now}", " y")
    head = f"{MAGIC}\n{len(writer.lines)} {writer.blobs}\n"
    return head + "\n".join(writer.lines) + "\n", b"".join(writer.weights)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("input", type=pathlib.Path)
    parser.add_argument("output", help="path without an ending")
    parser.add_argument("--row", type=int, help="row of the network's codes to build in")
    args = parser.parse_args()
    network = net.read(args.input)
    code = None if args.row is None else network.array("codes")[args.row]
    if network.code_length and code is None:
        sys.exit("this network takes a style code: give --row")
    param, weights = export(network, code)
    pathlib.Path(args.output + ".param").write_text(param)
    pathlib.Path(args.output + ".bin").write_bytes(weights)


if __name__ == "__main__":
    main()
