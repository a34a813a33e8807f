"""`convert`: a published fast_neural_style network (TransformerNet, Johnson et al. 2016) as a model folder.

    convert candy.pth models/candy
    convert --random 1 --width 32 build/models/random

The input holds the state dict of the well-known PyTorch example: as PyTorch saved it, .safetensors, or .npz; 4-D
weights are OIHW (float16 stays float16 in the output, bfloat16 and float64 become float32). It may lie in a dictionary
with other things, as training scripts save it, and its names may have a prefix, as of DataParallel. --random makes one of the same shape with random weights
instead, always the same for the same number. Needs numpy, and torch for what PyTorch before 1.6 saved.

The folder receives model.json, <folder's name>.safetensors for the native engine and, if torch is there,
<folder's name>.pt for the torch engine. The network has its one style inside: fixed gamma and beta, no style
code. Pictures go from 0 to 255 inside, so the graph scales at both ends.
"""

import argparse
import importlib.util
import json
import os
import pathlib
import pickle
import shutil
import struct
import tempfile
import zipfile

import numpy as np

from . import library
from .formats import checkpoint
from .formats import network as net
from .paths import InputError

BLOCKS = 5
MULTIPLE = 4


class Builder:
    """Writes the operations down, in order, from a state dict."""

    def __init__(self, state: dict[str, np.ndarray]):
        self.state = state
        self.operations: list[dict] = []
        self.norms = 0

    def plain(self, op: str, **members) -> None:
        self.operations.append({"op": op, **members})

    def conv(self, name: str, stride: int = 1) -> None:
        weight = self.state[f"{name}.conv2d.weight"]
        self.plain("conv", w=f"{name}.conv2d.weight", b=f"{name}.conv2d.bias",
                   **{"in": weight.shape[1], "out": weight.shape[0], "stride": stride})

    def norm(self, name: str) -> None:
        self.plain("norm", i=self.norms, gamma=f"{name}.weight", beta=f"{name}.bias")
        self.norms += 1

    def stage(self, conv: str, norm: str, stride: int = 1) -> None:
        self.conv(conv, stride)
        self.norm(norm)
        self.plain("relu")

    def block(self, name: str) -> None:
        self.plain("save")
        self.stage(f"{name}.conv1", f"{name}.in1")
        self.conv(f"{name}.conv2")
        self.norm(f"{name}.in2")
        self.plain("add_saved")

    def up(self, conv: str, norm: str) -> None:
        self.plain("upsample", factor=2)
        self.stage(conv, norm)


def build_graph(state: dict[str, np.ndarray]) -> list[dict]:
    b = Builder(state)
    b.plain("mul", value=255)
    b.stage("conv1", "in1")
    b.stage("conv2", "in2", stride=2)
    b.stage("conv3", "in3", stride=2)
    for i in range(1, BLOCKS + 1):
        b.block(f"res{i}")
    b.up("deconv1", "in4")
    b.up("deconv2", "in5")
    b.conv("deconv3")
    b.plain("mul", value=1 / 255)
    b.plain("clamp", low=0, high=1)
    return b.operations


def shapes(width: int) -> dict[str, tuple[int, int, int]]:
    """Outputs, inputs and kernel of each convolution."""
    w, wide = width, 4 * width
    convs = {"conv1": (w, 3, 9), "conv2": (2 * w, w, 3), "conv3": (wide, 2 * w, 3)}
    for i in range(1, BLOCKS + 1):
        convs[f"res{i}.conv1"] = convs[f"res{i}.conv2"] = (wide, wide, 3)
    return convs | {"deconv1": (2 * w, wide, 3), "deconv2": (w, 2 * w, 3), "deconv3": (3, w, 9)}


def norm_of(conv: str) -> str | None:
    """The norm that follows a convolution, by its name in the state dict."""
    if conv.startswith("res"):
        return conv.replace("conv", "in")
    return {"conv1": "in1", "conv2": "in2", "conv3": "in3", "deconv1": "in4", "deconv2": "in5"}.get(conv)


def random_state(seed: int, width: int) -> dict[str, np.ndarray]:
    random = np.random.Generator(np.random.PCG64(seed))

    def uniform(low: float, high: float, *shape: int) -> np.ndarray:
        return (low + (high - low) * random.random(shape)).astype(np.float32)

    state = {}
    for name, (out, inputs, kernel) in shapes(width).items():
        spread = (6 / (inputs * kernel * kernel)) ** 0.5
        if name == "deconv3":  # so that its output fills 0 to 255
            spread *= 40
        state[f"{name}.conv2d.weight"] = uniform(-spread, spread, out, inputs, kernel, kernel)
        state[f"{name}.conv2d.bias"] = uniform(-0.1, 0.1, out)
        norm = norm_of(name)
        if norm:
            state[f"{norm}.weight"] = uniform(0.5, 1.5, out)
            state[f"{norm}.bias"] = uniform(-0.3, 0.3, out)
    state["deconv3.conv2d.bias"] += 128
    return state


def read_state(path: pathlib.Path) -> dict[str, np.ndarray]:
    if not path.is_file():
        raise InputError(f"{path}: no such file")
    try:
        if path.suffix == ".npz":
            with np.load(path) as file:
                found = {n: file[n] for n in file.files}
        elif path.suffix == ".safetensors":
            found = read_safetensors(path)
        else:
            found = read_pytorch(path)
    except (ValueError, KeyError, TypeError, OSError, EOFError, RuntimeError, struct.error, zipfile.BadZipFile,
            pickle.UnpicklingError, AttributeError) as e:
        raise InputError(f"{path}: not a state dict that can be read (.pth, .safetensors, .npz); of a whole model that was "
                         "pickled, save model.state_dict()") from e
    return find_network(found, path)


def read_safetensors(path: pathlib.Path) -> dict[str, np.ndarray]:
    """All kinds of numbers that checkpoints come with; those of network.read are what the engines know."""
    kinds = {**net.DTYPES, "F64": "<f8", "I64": "<i8", "BF16": "<u2"}
    data = path.read_bytes()
    (length,) = struct.unpack_from("<Q", data)
    header = json.loads(data[8 : 8 + length])
    tensors = {}
    for name, entry in header.items():
        if name == "__metadata__":
            continue
        begin, end = entry["data_offsets"]
        array = np.frombuffer(data[8 + length + begin : 8 + length + end], kinds[entry["dtype"]])
        if entry["dtype"] == "BF16":  # the upper half of a float32
            array = (array.astype(np.uint32) << 16).view(np.float32)
        tensors[name] = array.reshape(entry["shape"])
    return tensors


def read_pytorch(path: pathlib.Path) -> dict:
    """With what is around the state dict. Nothing in the file is run."""
    if checkpoint.is_zip(path):
        found = checkpoint.read(path)
    else:  # as before PyTorch 1.6
        import torch

        def array(value):
            if isinstance(value, dict):
                return {n: array(v) for n, v in value.items()}
            if not isinstance(value, torch.Tensor):
                return value
            value = value.detach()
            return (value.float() if value.dtype == torch.bfloat16 else value).numpy()

        found = array(torch.load(path, map_location="cpu", weights_only=True))
    if not isinstance(found, dict):
        raise ValueError("no dictionary")
    return found


LAST = "deconv3.conv2d.weight"  # which no other name ends in


def find_network(found: dict, path: pathlib.Path) -> dict[str, np.ndarray]:
    """The network's tensors by their own names: without what wrappers such as DataParallel put before them, and out of
    the dictionary that training scripts put them into. float64 becomes float32."""
    places = [(level, n.removesuffix(LAST)) for level in dictionaries(found) for n in level
              if isinstance(n, str) and n.endswith(LAST)]
    if not places:
        raise InputError(f"{path}: no {LAST} in it: not a TransformerNet state dict")
    if len(places) > 1:
        raise InputError(f"{path}: {len(places)} networks in it ({', '.join(repr(p) for _, p in places)}); one is needed")
    level, prefix = places[0]
    state = {n.removeprefix(prefix): v for n, v in level.items()
             if isinstance(n, str) and n.startswith(prefix) and isinstance(v, np.ndarray) and not n.endswith(UNUSED)}
    with np.errstate(over="ignore"):  # check_state says so
        return {n: v.astype(np.float32) if v.dtype == np.float64 else v for n, v in state.items()}


# Of norms that were told to count while they were trained; instance norms do not use it.
UNUSED = ("running_mean", "running_var", "num_batches_tracked")


def dictionaries(found: dict):
    yield found
    for value in found.values():
        if isinstance(value, dict):
            yield from dictionaries(value)


def check_state(state: dict[str, np.ndarray]) -> None:
    first = state.get("conv1.conv2d.weight")
    if first is None or first.ndim != 4:
        raise InputError("no conv1.conv2d.weight in the input: not a TransformerNet state dict")
    width = first.shape[0]
    expected = set()
    for name, (out, inputs, kernel) in shapes(width).items():
        wanted = {f"{name}.conv2d.weight": (out, inputs, kernel, kernel), f"{name}.conv2d.bias": (out,)}
        if norm_of(name):
            wanted |= {f"{norm_of(name)}.weight": (out,), f"{norm_of(name)}.bias": (out,)}
        for tensor, shape in wanted.items():
            if tensor not in state or state[tensor].shape != shape:
                raise InputError(f"{tensor}: missing, or not of shape {shape}")
            if state[tensor].dtype not in (np.float32, np.float16):
                raise InputError(f"{tensor}: of {state[tensor].dtype}; float16, bfloat16, float32 and float64 are allowed")
            if not np.isfinite(state[tensor]).all():
                raise InputError(f"{tensor}: holds numbers that are not finite, or too large for float32")
        expected |= set(wanted)
    unknown = [n for n in state if n not in expected]
    if unknown:
        raise InputError(f"tensors that this network does not have: {', '.join(sorted(unknown))}")


def write_folder(state: dict[str, np.ndarray], folder: pathlib.Path, description: str) -> None:
    name = folder.name
    operations = build_graph(state)
    tensors = {n: state[n] for n in net.used_tensors(operations)}
    meta = {"name": name, "graph": json.dumps(operations, separators=(",", ":")), "norm_eps": "1e-05",
            "multiple_of": str(MULTIPLE), "code_length": "0"}
    network = net.Network(tensors, meta)
    widths = net.norm_widths(network)
    meta["norm_widths"] = json.dumps(widths)
    model = {"name": name, "description": description, "method": "fast", "native": f"{name}.safetensors",
             "multiple": MULTIPLE, "min_side": 16, "code_length": 0, "stats_length": 2 * sum(widths),
             "receptive_radius": net.receptive_radius(network, MULTIPLE), "grid": MULTIPLE}
    with tempfile.TemporaryDirectory() as made:  # all of it, or the folder stays as it is
        work = pathlib.Path(made)
        net.write(work / f"{name}.safetensors", network)
        if write_torch(work / f"{name}.safetensors", work / f"{name}.pt"):
            model["torch"] = f"{name}.pt"
        (work / "model.json").write_text(json.dumps(model, indent=2) + "\n")
        folder.mkdir(parents=True, exist_ok=True)
        for file in sorted(work.iterdir(), key=lambda f: f.name == "model.json"):  # which names the others
            shutil.copyfile(file, folder / f".{file.name}.tmp")
            os.replace(folder / f".{file.name}.tmp", folder / file.name)


def write_torch(source: pathlib.Path, path: pathlib.Path) -> bool:
    """False without torch: the folder then serves the native engine alone."""
    if importlib.util.find_spec("torch") is None:
        return False
    from . import script

    script.write_graph(source, path)
    return True


def add_options(p: argparse.ArgumentParser) -> None:
    p.add_argument("paths", nargs="+", metavar="PATH", help="[input] output folder")
    p.add_argument("--random", type=int, metavar="SEED", help="random weights instead of an input")
    p.add_argument("--width", type=int, default=32, help="channels of the first layer (random only)")
    p.add_argument("--add-style", action="store_true",
                   help="also list it as a style, in styles/library.json beside the output folder")


def main(a: argparse.Namespace) -> None:
    if len(a.paths) != (1 if a.random is not None else 2):
        raise InputError("convert needs an input and an output folder, or --random and an output folder")
    if not 1 <= a.width <= 256:
        raise InputError("--width must be 1 to 256")
    folder = pathlib.Path(a.paths[-1]).resolve()
    library.check_id(folder.name, "the folder's name becomes the network's")
    if a.random is not None:
        state = random_state(a.random, a.width)
        description = f"TransformerNet of width {a.width} with random weights (seed {a.random})"
    else:
        state = read_state(pathlib.Path(a.paths[0]))
        description = f"TransformerNet (Johnson et al. 2016), {pathlib.Path(a.paths[0]).stem}"
    check_state(state)
    write_folder(state, folder, description)
    if a.add_style:
        library.add(folder.parent / "styles", {"style_id": folder.name, "display_name": folder.name.replace("_", " ").title(),
                                               "model_path": folder.name})
    print(folder)
