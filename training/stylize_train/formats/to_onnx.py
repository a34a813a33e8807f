"""Writes any network of ours (safetensors with a graph) as ONNX, opset 17, without torch.

    python -m stylize_train.formats.to_onnx models/brush/brush.safetensors brush.onnx    inputs x and code
    ... models/brush/brush.safetensors brush.onnx --row 0                                row 0 of its codes built in
    ... models/any/any.safetensors encode.onnx --key encoder_graph
    ... --size 512x512                                                                   fixed size, batch of 1

x is [N, 3, H, W] from 0 to 1, code [N, code_length]; the output is y. With --check the result is run
by onnxruntime against plain numpy. Needs numpy and onnx, for --check onnxruntime.
"""

import argparse
import pathlib
import sys

import numpy as np
import onnx
from onnx import TensorProto, helper, numpy_helper

from . import network as net

OPSET = 17
IR_VERSION = 8  # read by runtimes of 2022 and later


class Exporter:
    def __init__(self, network: net.Network, key: str, code: np.ndarray | None):
        self.network = network
        self.key = key
        self.operations = network.operations(key)
        self.code = code  # built in; None: an input
        self.nodes: list = []
        self.constants: dict[str, np.ndarray] = {}
        self.now = "x"
        self.saved = ""
        self.code_input = "code"
        self.statistics: list[str] = []  # of an encoder, joined before its first linear map
        self.joined = ""
        self.channels = 3
        self.norm_offset = 0
        self.norm_channels = sum(net.norm_widths(network)) if key == "graph" else 0
        self.unshuffled = False  # channels are in ONNX's order, the next convolution's weights must follow

    def constant(self, value, dtype=np.float32) -> str:
        array = np.asarray(value, dtype)
        for name, other in self.constants.items():
            if other.dtype == array.dtype and other.shape == array.shape and np.array_equal(other, array):
                return name
        name = f"c{len(self.constants)}"
        self.constants[name] = array
        return name

    def node(self, kind: str, *inputs: str, **attributes) -> str:
        output = f"v{len(self.nodes)}"
        self.nodes.append(helper.make_node(kind, inputs, [output], name=output, **attributes))
        return output

    def export(self) -> str:
        for op in self.operations:
            if self.unshuffled and op["op"] != "conv":
                raise ValueError("pixel_unshuffle must be followed by a convolution")
            getattr(self, "do_" + op["op"])(op)
        return self.now

    def do_conv(self, op: dict) -> None:
        weight = self.network.array(op["w"])
        if self.unshuffled:  # ONNX: channel d * C + c, here: c * 4 + d
            out, inputs, k, _ = weight.shape
            weight = weight.reshape(out, inputs // 4, 4, k, k).swapaxes(1, 2).reshape(out, inputs, k, k)
            self.unshuffled = False
        pad = weight.shape[-1] // 2
        if pad:
            pads = self.constant([0, 0, pad, pad, 0, 0, pad, pad], np.int64)
            self.now = self.node("Pad", self.now, pads, mode="reflect")
        inputs = [self.now, self.constant(weight)]
        if "b" in op:
            inputs.append(self.constant(self.network.array(op["b"])))
        self.now = self.node("Conv", *inputs, strides=[op["stride"]] * 2, kernel_shape=list(weight.shape[2:]))
        self.channels = op["out"]

    def code_part(self, at: int) -> str:
        """Some numbers of the code input as [N, channels, 1, 1]."""
        bounds = [self.constant([n], np.int64) for n in (at, at + self.channels, 1)]
        part = self.node("Slice", self.code_input, *bounds)
        return self.node("Unsqueeze", part, self.constant([2, 3], np.int64))

    def do_norm(self, op: dict) -> None:
        gamma_at = self.norm_offset
        beta_at = self.norm_channels + self.norm_offset
        self.norm_offset += self.channels
        built_in = True
        if "gamma" in op:
            gamma, beta = self.network.array(op["gamma"]), self.network.array(op["beta"])
        elif self.code is not None:
            gamma = self.code[gamma_at : gamma_at + self.channels]
            beta = self.code[beta_at : beta_at + self.channels]
        else:
            gamma, beta, built_in = np.ones(self.channels), np.zeros(self.channels), False
        self.now = self.node("InstanceNormalization", self.now, self.constant(gamma), self.constant(beta),
                             epsilon=self.network.eps)
        if not built_in:
            self.now = self.node("Mul", self.now, self.code_part(gamma_at))
            self.now = self.node("Add", self.now, self.code_part(beta_at))

    def do_relu(self, op: dict) -> None:
        self.now = self.node("Relu", self.now)

    def do_sigmoid(self, op: dict) -> None:
        self.now = self.node("Sigmoid", self.now)

    def do_clamp(self, op: dict) -> None:
        self.now = self.node("Clip", self.now, self.constant(op["low"]), self.constant(op["high"]))

    def do_sub(self, op: dict) -> None:
        self.now = self.node("Sub", self.now, self.constant(op["value"]))

    def do_mul(self, op: dict) -> None:
        self.now = self.node("Mul", self.now, self.constant(op["value"]))

    def do_save(self, op: dict) -> None:
        self.saved = self.now

    def do_add_saved(self, op: dict) -> None:
        self.now = self.node("Add", self.now, self.saved)

    def do_upsample(self, op: dict) -> None:
        scales = self.constant([1, 1, op["factor"], op["factor"]])
        self.now = self.node("Resize", self.now, "", scales, mode="nearest",
                             coordinate_transformation_mode="asymmetric", nearest_mode="floor")

    def do_pixel_shuffle(self, op: dict) -> None:
        self.now = self.node("DepthToSpace", self.now, blocksize=op["factor"], mode="CRD")
        self.channels //= op["factor"] ** 2

    def do_pixel_unshuffle(self, op: dict) -> None:
        self.now = self.node("SpaceToDepth", self.now, blocksize=op["factor"])
        self.channels *= op["factor"] ** 2
        self.unshuffled = True

    def do_append_mean_std(self, op: dict) -> None:
        mean = self.node("ReduceMean", self.now, axes=[2, 3], keepdims=1)
        centred = self.node("Sub", self.now, mean)
        variance = self.node("ReduceMean", self.node("Mul", centred, centred), axes=[2, 3], keepdims=1)
        std = self.node("Sqrt", self.node("Add", variance, self.constant(self.network.eps)))
        self.statistics += [self.node("Flatten", mean), self.node("Flatten", std)]

    def do_linear(self, op: dict) -> None:
        if not self.joined:
            self.now = self.joined = self.node("Concat", *self.statistics, axis=1)
        inputs = [self.now, self.constant(self.network.array(op["w"]))]
        if "b" in op:
            inputs.append(self.constant(self.network.array(op["b"])))
        self.now = self.node("Gemm", *inputs, transB=1)

    def part(self, key: str, start: str) -> "Exporter":
        """Another list of operations, in the same graph."""
        other = Exporter(self.network, key, None)
        other.nodes, other.constants, other.now = self.nodes, self.constants, start
        return other

    def do_correct(self, op: dict) -> None:
        probe = self.network.array(op["probe"]).transpose(2, 0, 1)[None]
        painter = self.part("graph", self.constant(probe))
        painter.code_input = self.now
        reader = self.part(self.key, painter.export())
        reader.operations = before_linear(reader.operations)
        reader.export()
        found = self.node("Concat", *reader.statistics, axis=1)
        weight, bias = self.constant(self.network.array(op["w"])), self.constant(self.network.array(op["b"]))
        seen = [self.node("Relu", self.node("Gemm", v, weight, bias, transB=1)) for v in (self.joined, found)]
        lacking = self.node("Gemm", self.node("Sub", *seen), self.constant(self.network.array(op["w2"])), transB=1)
        self.now = self.node("Add", self.now, lacking)


def before_linear(operations: list[dict]) -> list[dict]:
    return operations[: [op["op"] for op in operations].index("linear")]


def export(network: net.Network, key: str = "graph", code: np.ndarray | None = None,
           size: tuple[int, int] | None = None) -> onnx.ModelProto:
    """size: width and height, or None for any."""
    exporter = Exporter(network, key, code)
    last = exporter.export()
    exporter.nodes.append(helper.make_node("Identity", [last], ["y"]))
    batch = 1 if size else "N"
    height, width = (size[1], size[0]) if size else ("H", "W")
    inputs = [helper.make_tensor_value_info("x", TensorProto.FLOAT, [batch, 3, height, width])]
    shape = [batch, 3, height, width]
    if key != "graph":
        shape = [batch, network.code_length]
    elif network.code_length and code is None:
        inputs.append(helper.make_tensor_value_info("code", TensorProto.FLOAT, [batch, network.code_length]))
    outputs = [helper.make_tensor_value_info("y", TensorProto.FLOAT, shape)]
    constants = [numpy_helper.from_array(array, name) for name, array in exporter.constants.items()]
    graph = helper.make_graph(exporter.nodes, network.meta.get("name", "network"), inputs, outputs, constants)
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", OPSET)], ir_version=IR_VERSION,
                              producer_name="stylize to_onnx.py")
    onnx.checker.check_model(model, full_check=True)
    return model


# ---------------------------------------------------------------------- plain numpy, for --check


def conv(x: np.ndarray, weight: np.ndarray, bias: np.ndarray | float, stride: int) -> np.ndarray:
    """One picture [C, H, W], reflection padding, sums in double precision."""
    k = weight.shape[-1]
    pad = k // 2
    padded = np.pad(x, ((0, 0), (pad, pad), (pad, pad)), mode="reflect").astype(np.float64)
    height, width = -(-x.shape[1] // stride), -(-x.shape[2] // stride)
    y = np.zeros((weight.shape[0], height, width))
    for dy in range(k):
        for dx in range(k):
            window = padded[:, dy : dy + stride * height : stride, dx : dx + stride * width : stride]
            y += np.tensordot(weight[:, :, dy, dx].astype(np.float64), window[:, :height, :width], 1)
    return (y + np.reshape(bias, (-1, 1, 1))).astype(np.float32)


def unshuffle(x: np.ndarray) -> np.ndarray:
    c, h, w = x.shape
    return x.reshape(c, h // 2, 2, w // 2, 2).transpose(0, 2, 4, 1, 3).reshape(c * 4, h // 2, w // 2)


def shuffle(x: np.ndarray) -> np.ndarray:
    c, h, w = x.shape
    return x.reshape(c // 4, 2, 2, h, w).transpose(0, 3, 1, 4, 2).reshape(c // 4, h * 2, w * 2)


def run(network: net.Network, key: str, x: np.ndarray, code: np.ndarray | None) -> np.ndarray:
    """The operations one by one on one picture [3, H, W]."""
    return operate(network, network.operations(key), x, code)[0]


def operate(network: net.Network, operations: list[dict], x: np.ndarray, code: np.ndarray | None) -> tuple:
    """What comes out of the last, and what append_mean_std found."""
    saved, vector, offset, linear = x, [], 0, False
    widths = net.norm_widths(network)
    for op in operations:
        kind = op["op"]
        bias = network.array(op["b"]) if "b" in op else 0
        if kind == "conv":
            x = conv(x, network.array(op["w"]), bias, op["stride"])
        elif kind == "norm":
            n = x.shape[0]
            if "gamma" in op:
                gamma, beta = network.array(op["gamma"]), network.array(op["beta"])
            else:
                gamma, beta = code[offset : offset + n], code[sum(widths) + offset : sum(widths) + offset + n]
            offset += n
            mean = x.mean((1, 2), dtype=np.float64, keepdims=True)
            variance = ((x - mean) ** 2).mean((1, 2), keepdims=True)
            x = (x - mean) / np.sqrt(variance + network.eps) * gamma[:, None, None] + beta[:, None, None]
            x = x.astype(np.float32)
        elif kind == "append_mean_std":
            mean = x.mean((1, 2), dtype=np.float64)
            variance = ((x - mean[:, None, None]) ** 2).mean((1, 2))
            vector += [mean, np.sqrt(variance + network.eps)]
        elif kind == "linear":
            x = network.array(op["w"]).astype(np.float64) @ (x if linear else np.concatenate(vector)) + bias
            linear = True
        elif kind == "correct":
            probe = np.ascontiguousarray(network.array(op["probe"]).transpose(2, 0, 1))
            painting, _ = operate(network, network.operations(), probe, x.astype(np.float32))
            _, found = operate(network, before_linear(operations), painting, None)
            weight = network.array(op["w"]).astype(np.float64)
            seen = [np.maximum(weight @ v + bias, 0) for v in (np.concatenate(vector), np.concatenate(found))]
            x = x + network.array(op["w2"]).astype(np.float64) @ (seen[0] - seen[1])
        elif kind == "save":
            saved = x
        else:
            x = {"relu": lambda: np.maximum(x, 0), "sigmoid": lambda: 1 / (1 + np.exp(-x)),
                 "clamp": lambda: np.clip(x, op["low"], op["high"]), "sub": lambda: x - np.float32(op["value"]),
                 "mul": lambda: x * np.float32(op["value"]), "add_saved": lambda: x + saved,
                 "upsample": lambda: x.repeat(2, 1).repeat(2, 2), "pixel_shuffle": lambda: shuffle(x),
                 "pixel_unshuffle": lambda: unshuffle(x)}[kind]()
    return x.astype(np.float32), vector


def check(model: onnx.ModelProto, network: net.Network, key: str, code: np.ndarray | None,
          size: tuple[int, int] | None) -> float:
    """Largest difference between onnxruntime and plain numpy on a random picture."""
    import onnxruntime

    random = np.random.Generator(np.random.PCG64(1))
    width, height = size or (96, 64)
    x = random.random((1, 3, height, width), np.float32)
    inputs = {"x": x}
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    if len(session.get_inputs()) == 2:
        inputs["code"] = (network.array("codes")[:1] if "codes" in network.tensors
                          else random.random((1, network.code_length), np.float32))
        code = inputs["code"][0]
    y = session.run(None, inputs)[0][0]
    return float(np.abs(y - run(network, key, x[0], code)).max())


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("input", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--key", default="graph", choices=["graph", "encoder_graph"])
    parser.add_argument("--row", type=int, help="row of the network's codes to build in")
    parser.add_argument("--size", help="WIDTHxHEIGHT")
    parser.add_argument("--check", action="store_true")
    args = parser.parse_args()
    network = net.read(args.input)
    code = None if args.row is None else network.array("codes")[args.row]
    size = tuple(int(n) for n in args.size.split("x")) if args.size else None
    model = export(network, args.key, code, size)
    onnx.save(model, str(args.output))
    if args.check:
        difference = check(model, network, args.key, code, size)
        print(f"largest difference between onnxruntime and numpy: {difference:.2g}")
        if not difference < 1e-4:
            sys.exit("that is more than rounding explains")


if __name__ == "__main__":
    main()
