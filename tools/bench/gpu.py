#!/usr/bin/env python3
"""Pictures a second on a CUDA device at 512 x 512, beside PyTorch and ONNX Runtime on the same network.

    gpu.py [--build build/gpu] [--network brush] [--size 512] [--precision fp16] [--batches 1 2 4 8 16 32]
    gpu.py --flop         only what one picture costs, by counting; needs no device

stylize is measured from 8-bit pixels to 8-bit pixels, in the device's memory and from page-locked host
memory; the others from planes to planes in the device's memory, without any conversion. The card's peak is that
of a large matrix product of half precision, measured by PyTorch in the same run.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import time

HERE = pathlib.Path(__file__).resolve().parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(HERE), str(HERE.parents[1] / "training")]
from stylize_train.formats import network as net  # noqa: E402


def cost(network: net.Network, size: int) -> tuple[float, float]:
    """Operations (multiply-adds times two) of one picture, and the samples that are read and written between
    them when each is a kernel of its own, as libtorch runs them; weights are not counted."""
    channels, side, flop, samples = 3, float(size), 0.0, 0.0
    for op in network.operations():
        kind = op["op"]
        if kind == "conv":
            out, into, kernel, _ = network.tensors[op["w"]].shape
            samples += (3 if kernel > 1 else 1) * into * side * side  # padded: read, written, read
            side /= op["stride"]
            flop += 2.0 * out * into * kernel * kernel * side * side
            channels = out
            samples += channels * side * side
        elif kind == "upsample":
            samples += channels * side * side * (1 + op["factor"] ** 2)
            side *= op["factor"]
        elif kind != "save":  # norms read twice, sums read two tensors
            samples += (3 if kind in ("norm", "add_saved") else 2) * channels * side * side
        if kind == "pixel_shuffle":
            side, channels = side * op["factor"], channels // op["factor"] ** 2
        elif kind == "pixel_unshuffle":
            side, channels = side / op["factor"], channels * op["factor"] ** 2
    return flop, samples


def rate(run, batch: int, seconds: float) -> float:
    import torch
    for _ in range(4):
        run()
    torch.cuda.synchronize()
    start, count = time.perf_counter(), 0
    while time.perf_counter() - start < seconds:
        run()
        count += batch
        if count % (8 * batch) == 0:
            torch.cuda.synchronize()
    torch.cuda.synchronize()
    return count / (time.perf_counter() - start)


def peak_tflops() -> float:
    import torch
    n = 8192
    a, b = (torch.randn(n, n, device="cuda", dtype=torch.float16) for _ in range(2))
    return rate(lambda: a @ b, 1, 2.0) * 2.0 * n**3 / 1e12


def ours(options, where: str) -> dict[int, float]:
    build = pathlib.Path(options.build).resolve()
    environment = os.environ | {"STYLIZE_PLUGINS": str(build / "lib/stylize")}
    command = [build / "tests/bench_gpu", pathlib.Path(options.models) / options.network, options.precision, str(options.size),
               str(options.seconds), where, *map(str, options.batches)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    if done.returncode == 77:
        raise SystemExit(done.stdout.strip())
    lines = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("{")]
    if done.returncode:
        print(done.stderr.strip(), file=sys.stderr)
    return {line["batch"]: line["images_per_s"] for line in lines}


def pytorch(options, network: net.Network, compiled: bool) -> dict[int, float]:
    import torch
    import torch_net
    torch.backends.cudnn.benchmark = True
    tf32 = options.precision == "tf32"
    torch.backends.cudnn.allow_tf32 = torch.backends.cuda.matmul.allow_tf32 = tf32
    dtype = torch.float16 if options.precision == "fp16" else torch.float32
    code = network.array("codes")[0] if network.code_length else None
    model = torch_net.Net(network, code).eval().to("cuda", dtype)
    if compiled:
        model = torch.compile(model, mode="max-autotune")
    rates = {}
    for batch in options.batches:
        x = torch.rand(batch, 3, options.size, options.size, device="cuda", dtype=dtype)
        with torch.inference_mode():
            rates[batch] = rate(lambda: model(x), batch, options.seconds)
    return rates


def onnx(options, network: net.Network) -> dict[int, float]:
    import numpy as np
    import onnxruntime
    from stylize_train.formats import to_onnx
    if "CUDAExecutionProvider" not in onnxruntime.get_available_providers():
        raise RuntimeError("this onnxruntime is without CUDA (pip install onnxruntime-gpu)")
    code = network.array("codes")[0] if network.code_length else None
    model = to_onnx.export(network, code=code)
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CUDAExecutionProvider"])
    rates = {}
    for batch in options.batches:
        x = np.random.rand(batch, 3, options.size, options.size).astype(np.float32)
        binding = session.io_binding()
        name, out = session.get_inputs()[0].name, session.get_outputs()[0].name
        binding.bind_ortvalue_input(name, onnxruntime.OrtValue.ortvalue_from_numpy(x, "cuda", 0))
        binding.bind_output(out, "cuda", 0)
        rates[batch] = rate(lambda: session.run_with_iobinding(binding), batch, options.seconds)
    return rates


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--build", default=ROOT / "build/gpu")
    parser.add_argument("--models", default=ROOT / "models")
    parser.add_argument("--network", default="brush")
    parser.add_argument("--size", type=int, default=512)
    parser.add_argument("--seconds", type=float, default=3)
    parser.add_argument("--precision", default="fp16", choices=["fp16", "tf32", "fp32"])
    parser.add_argument("--batches", type=int, nargs="+", default=[1, 2, 4, 8, 16, 32])
    parser.add_argument("--flop", action="store_true")
    options = parser.parse_args()
    network = net.read(pathlib.Path(options.models) / options.network / f"{options.network}.safetensors")
    flop, samples = cost(network, options.size)
    print(f"{options.network} at {options.size} x {options.size}: {flop / 1e9:.2f} GFLOP, "
          f"{samples / 1e6:.1f} million samples read and written")
    if options.flop:
        return 0
    rows = {"stylize, device memory": ours(options, "device"), "stylize, host memory": ours(options, "host")}
    peak = peak_tflops()
    others = {"PyTorch eager": lambda: pytorch(options, network, False),
              "PyTorch compile": lambda: pytorch(options, network, True),
              "ONNX Runtime (fp32)": lambda: onnx(options, network)}
    for name, measure in others.items():
        try:
            rows[name] = measure()
        except Exception as problem:  # one runtime that is missing must not end the others
            print(f"{name}: {problem}", file=sys.stderr)
    print(f"measured peak: {peak:.1f} TFLOP/s in half precision; images a second, share of the peak")
    print(f"{'':24}" + "".join(f"{b:>16}" for b in options.batches))
    for name, rates in rows.items():
        cells = (f"{rates[b]:9.1f} {100 * rates[b] * flop / 1e12 / peak:5.1f}%" if b in rates else "-"
                 for b in options.batches)
        print(f"{name:24}" + "".join(f"{cell:>16}" for cell in cells))
    return 0


if __name__ == "__main__":
    sys.exit(main())
