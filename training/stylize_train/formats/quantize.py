"""Makes a smaller variant of a network: 8-bit or half-precision weights.

    python -m stylize_train.formats.quantize models/brush/brush.safetensors models/brush/brush_int8.safetensors
    python -m stylize_train.formats.quantize --type f16 models/brush/brush.safetensors brush_f16.safetensors

int8: each weight tensor of a convolution or linear map becomes I8 with a tensor "<name>.scale", one
factor for each output channel, chosen for the least squared error; everything else stays float32.
f16: weight tensors become F16. Only tensors that the graphs use are kept, style codes are not: they are
the style library's. With --check PICTURE.npy ([1, 3, H, W], 0 to 1) the output is compared with the
original's, for each row of its codes; that needs onnx and onnxruntime, the rest numpy only.
"""

import argparse
import pathlib

import numpy as np

from . import network as net

SHRINKS = np.linspace(0.7, 1, 31)  # of the largest weight: where larger ones are cut off


def quantize(weight: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """I8 values and one scale for each output."""
    rows = weight.reshape(weight.shape[0], -1).astype(np.float64)
    largest = np.abs(rows).max(axis=1)
    best_error = np.full(len(rows), np.inf)
    best_scale = np.ones(len(rows), np.float32)
    for shrink in SHRINKS:
        scale = np.where(largest > 0, largest * shrink / 127, 1).astype(np.float32)
        values = np.clip(np.rint(rows / scale[:, None]), -127, 127)
        error = ((values * scale[:, None] - rows) ** 2).sum(axis=1)
        better = error < best_error
        best_error[better] = error[better]
        best_scale[better] = scale[better]
    values = np.clip(np.rint(rows / best_scale[:, None]), -127, 127)
    return values.astype(np.int8).reshape(weight.shape), best_scale


def convert(network: net.Network, kind: str) -> net.Network:
    keys = [k for k in ("graph", "encoder_graph") if k in network.meta]
    weights = [op[m] for k in keys for op in network.operations(k) if op["op"] in ("conv", "linear", "correct")
               for m in ("w", "w2") if m in op]
    used = [n for k in keys for n in net.used_tensors(network.operations(k))]
    tensors = {}
    for name in used:
        array = network.array(name)
        if name not in weights:
            tensors[name] = array
        elif kind == "f16":
            tensors[name] = array.astype(np.float16)
        else:
            tensors[name], tensors[name + ".scale"] = quantize(array)
    meta = {k: v for k, v in network.meta.items() if k not in ("styles", "images", "minutes", "steps")}
    return net.Network(tensors, meta | {"weights": kind})


def check(original: net.Network, variant: net.Network, picture: np.ndarray) -> None:
    import onnxruntime
    from . import to_onnx

    def session(network: net.Network):
        model = to_onnx.export(network)
        return onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])

    first, second = session(original), session(variant)
    codes = original.array("codes") if "codes" in original.tensors else [None]
    worst, means = 0.0, []
    for code in codes:
        inputs = {"x": picture} if code is None else {"x": picture, "code": code[None]}
        difference = np.abs(first.run(None, inputs)[0] - second.run(None, inputs)[0])
        worst = max(worst, float(difference.max()))
        means.append(float(difference.mean()))
    print(f"difference of the output, 0 to 1, {len(means)} styles: "
          f"mean {np.mean(means):.5f} (worst style {max(means):.5f}), largest {worst:.4f}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("input", type=pathlib.Path)
    parser.add_argument("output", type=pathlib.Path)
    parser.add_argument("--type", default="int8", choices=["int8", "f16"])
    parser.add_argument("--check", metavar="PICTURE.npy")
    args = parser.parse_args()
    network = net.read(args.input)
    net.write(args.output, convert(network, args.type))
    print(f"{args.input.stat().st_size} bytes -> {args.output.stat().st_size} bytes")
    if args.check:
        check(network, net.read(args.output), np.load(args.check))


if __name__ == "__main__":
    main()
