#!/usr/bin/env python3
"""safetensors with a graph -> ONNX, for other runtimes and for comparing with them.

    export_onnx.py models/any/any.safetensors models/any/any.onnx [models/any/any_encoder.onnx]

Inputs x [N, 3, H, W] and code [N, code_length] (left out if the network has one style inside), output y
[N, 3, H, W]; the encoder: input style, output code. N, H and W are free. Needs onnx and numpy; with torch and
onnxruntime installed the file is checked against the graph, and removed if it is more than 1e-3 off."""
import argparse
import os

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from graph import Network


class Builder:
    """Nodes and tensors of one ONNX graph. `x` is the name of the current value."""

    def __init__(self, net, x):
        self.net, self.x, self.nodes, self.tensors, self.count = net, x, [], {}, 0
        self.saved, self.vector, self.channels = None, [], 3

    def node(self, kind, *inputs, **attributes):
        self.count += 1
        name = f"{kind.lower()}_{self.count}"
        self.nodes.append(helper.make_node(kind, list(inputs), [name], name, **attributes))
        return name

    def const(self, name, value):
        self.tensors.setdefault(name, np.ascontiguousarray(value))
        return name

    def weight(self, name):
        return self.const(name, self.net.tensors[name])

    def per_channel(self, name, value):
        """A row of floats [N, C] or a tensor [C], to be multiplied with [N, C, H, W]."""
        return self.node("Unsqueeze", value, self.const("axes_2_3", np.array([2, 3], np.int64)))

    def conv(self, o):
        pad = (self.net.tensors[o["w"]].shape[2] - 1) // 2
        x = self.x
        if pad:
            pads = self.const(f"pads_{pad}", np.array([0, 0, pad, pad, 0, 0, pad, pad], np.int64))
            x = self.node("Pad", x, pads, mode="reflect")
        inputs = [x, self.weight(o["w"])] + ([self.weight(o["b"])] if o.get("b") else [])
        self.x = self.node("Conv", *inputs, strides=[o["stride"]] * 2)
        self.channels = o["out"]

    def norm(self, o):
        at, n, c = self.net.offset(o["i"]), self.net.norm_channels, self.net.widths[o["i"]]
        if "gamma" in o:
            self.x = self.node("InstanceNormalization", self.x, self.weight(o["gamma"]), self.weight(o["beta"]),
                               epsilon=self.net.eps)
            return
        one, zero = self.const(f"one_{c}", np.ones(c, np.float32)), self.const(f"zero_{c}", np.zeros(c, np.float32))
        y = self.node("InstanceNormalization", self.x, one, zero, epsilon=self.net.eps)
        gamma, beta = (self.per_channel("code", self.code_slice(k, c)) for k in (at, n + at))
        self.x = self.node("Add", self.node("Mul", y, gamma), beta)

    def code_slice(self, begin, length):
        at = [self.const(f"at_{v}", np.array([v], np.int64)) for v in (begin, begin + length, 1)]
        return self.node("Slice", "code", at[0], at[1], at[2])

    def pixel_unshuffle(self, o):
        """SpaceToDepth has the channel innermost; the graph has it outermost."""
        f, c = o["factor"], self.channels
        order = np.arange(c * f * f).reshape(f * f, c).T.reshape(-1).astype(np.int64)
        y = self.node("SpaceToDepth", self.x, blocksize=f)
        self.x = self.node("Gather", y, self.const(f"order_{c}_{f}", order), axis=1)
        self.channels *= f * f

    def pixel_shuffle(self, o):
        self.x = self.node("DepthToSpace", self.x, blocksize=o["factor"], mode="CRD")
        self.channels //= o["factor"] ** 2

    def upsample(self, o):
        scales = self.const(f"scales_{o['factor']}", np.array([1, 1, o["factor"], o["factor"]], np.float32))
        self.x = self.node("Resize", self.x, "", scales, mode="nearest", nearest_mode="floor",
                           coordinate_transformation_mode="asymmetric")

    def append_mean_std(self, o):
        mean = self.node("ReduceMean", self.x, axes=[2, 3], keepdims=1)
        d = self.node("Sub", self.x, mean)
        var = self.node("ReduceMean", self.node("Mul", d, d), axes=[2, 3], keepdims=0)
        eps = self.const("eps", np.array(self.net.eps, np.float32))
        self.vector += [self.node("Flatten", mean), self.node("Sqrt", self.node("Add", var, eps))]

    def linear(self, o):
        if self.vector:
            self.x, self.vector = self.node("Concat", *self.vector, axis=1), []
        inputs = [self.x, self.weight(o["w"])] + ([self.weight(o["b"])] if o.get("b") else [])
        self.x = self.node("Gemm", *inputs, transB=1)

    def clamp(self, o):
        low, high = (self.const(f"value_{o[k]}", np.array(o[k], np.float32)) for k in ("low", "high"))
        self.x = self.node("Clip", self.x, low, high)

    def save(self, o):
        self.saved = self.x

    def add_saved(self, o):
        self.x = self.node("Add", self.x, self.saved)

    def operation(self, o):
        kind = {"relu": "Relu", "sigmoid": "Sigmoid"}.get(o["op"])
        arithmetic = {"sub": "Sub", "mul": "Mul"}.get(o["op"])
        if kind:
            self.x = self.node(kind, self.x)
        elif arithmetic:
            self.x = self.node(arithmetic, self.x, self.const(f"value_{o['value']}", np.array(o["value"], np.float32)))
        else:
            getattr(self, o["op"])(o)


def build(net, ops, inputs, output, name):
    b = Builder(net, inputs[0][0])
    for o in ops:
        b.operation(o)
    b.nodes.append(helper.make_node("Identity", [b.x], [output[0]]))
    values = [helper.make_tensor_value_info(n, TensorProto.FLOAT, shape) for n, shape in inputs + [output]]
    graph = helper.make_graph(b.nodes, name, values[:-1], values[-1:],
                              [numpy_helper.from_array(v, n) for n, v in b.tensors.items()])
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], producer_name="stylize")
    model.ir_version = 8
    onnx.checker.check_model(model, full_check=True)
    return model


def check(net, ops, path, names):
    """The largest difference to the graph run by torch, on sizes that differ; None if it cannot be found."""
    try:
        import onnxruntime
        import torch

        import reference
    except ImportError as e:
        print(f"not checked: {e}")
        return None
    torch.manual_seed(1)
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    worst = 0.0
    for n, h, w in ((1, 64, 96), (3, 48, 32)):
        values = [torch.rand(n, 3, h, w), torch.randn(n, net.code_length) * 0.5][:len(names)]
        with torch.inference_mode():
            expected = reference.run(net, ops, *values)[0].numpy()
        y = session.run(None, {k: v.numpy() for k, v in zip(names, values)})[0]
        assert y.shape == expected.shape
        worst = max(worst, float(np.abs(y - expected).max()))
    return worst


def export(net, ops, inputs, output, path):
    onnx.save(build(net, ops, inputs, output, net.meta.get("name", "network")), path)
    worst = check(net, ops, path, [n for n, _ in inputs])
    if worst is not None and not worst < 1e-3:
        os.remove(path)
        raise SystemExit(f"{path}: {worst} away from the graph")
    print(f"{path}: " + ("written" if worst is None else f"{worst:.1e} from the graph"))


def main():
    ap = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    ap.add_argument("input", help="safetensors file with a graph in its metadata")
    ap.add_argument("output", help="ONNX file of the generator")
    ap.add_argument("encoder", nargs="?", help="ONNX file of the style encoder")
    a = ap.parse_args()
    net = Network(a.input)
    picture, code = ["N", 3, "H", "W"], ["N", net.code_length]
    inputs = [("x", picture)] + ([] if net.fixed else [("code", code)])
    export(net, net.graph, inputs, ("y", picture), a.output)
    if a.encoder:
        width = net.tensors[net.encoder[-1]["w"]].shape[0]
        export(net, net.encoder, [("style", picture)], ("code", ["N", int(width)]), a.encoder)


if __name__ == "__main__":
    main()
