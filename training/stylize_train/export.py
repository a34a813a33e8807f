"""`export`: a checkpoint of `brush` or `any` as a model folder, in every format, each checked against the others."""

import argparse
import json
import pathlib

import numpy as np
import torch

from . import library, pictures, run, script, start
from .brush import read_artworks
from .nets import EPS, Any, Brush, Generator
from .paths import InputError
from .formats import network as container
from .formats import quantize

STYLE_SIZE = 512  # the shorter side at which style pictures are read
AGREE = 1e-3
TEXTS = {
    "brush": "Feed-forward network with conditional instance norm: one generator, one style code for each library style",
    "any": "The same generator with an encoder that reads the style code from any picture in one pass",
}


def add_options(p: argparse.ArgumentParser) -> None:
    p.add_argument("checkpoint", type=pathlib.Path)
    p.add_argument("model", type=pathlib.Path, help="model folder to write; its name becomes the network's")
    p.add_argument("--artworks", type=pathlib.Path, help="folder of <style id>.jpg whose codes go into the file (any)")
    p.add_argument("--no-onnx", action="store_true", help="without the ONNX files, which need onnx and onnxruntime")


def read(path: pathlib.Path) -> tuple[Brush | Any, dict]:
    c = run.load_checkpoint(path)
    try:
        net = Brush(len(c["ids"]), **c["cfg"]) if "ids" in c else Any(c["enc"], c["ema"].get("probe"), **c["cfg"])
        net.load_state_dict(c["ema"])
    except (KeyError, RuntimeError, TypeError) as e:
        raise InputError(f"{path}: not a checkpoint of brush or any") from e
    return net.eval().requires_grad_(False), c


def metadata(name: str, net: Generator, work: dict) -> dict[str, str]:
    return {"name": name, "version": "1", "input": "RGB, [0,1], NCHW", "output": "RGB, [0,1]",
            "multiple_of": str(net.multiple), "padding": "every conv is 3x3, reflect padding 1", "norm_eps": str(EPS),
            "norm_widths": json.dumps(net.widths), "code_length": str(2 * net.norms),
            "code_layout": "all gammas in norm order, then all betas in norm order", "graph": json.dumps(net.graph()),
            "steps": str(work["step"]), "images": str(work["pictures"]), "minutes": f"{work['seconds'] / 60:.1f}"}


def codes_of(net: Any, artworks: pathlib.Path) -> tuple[list[str], torch.Tensor]:
    found = read_artworks(artworks, area=None)
    return list(found), torch.cat([net.code(pictures.tensor(as_style(p))) for p in found.values()])


def as_style(picture: np.ndarray) -> np.ndarray:
    """As the library reads style pictures: the shorter side at most STYLE_SIZE, even sides."""
    h, w = picture.shape[:2]
    scale = min(1.0, STYLE_SIZE / min(h, w))
    return pictures.resize(picture, max(32, round(w * scale / 2) * 2), max(32, round(h * scale / 2) * 2))


def build(name: str, net: Brush | Any, checkpoint: dict, artworks: pathlib.Path | None) -> container.Network:
    tensors = dict(net.net.tensors())
    meta = metadata(name, net.net, start.total(checkpoint))
    if isinstance(net, Brush):
        tensors["codes"], ids = net.codes, checkpoint["ids"]
    else:
        tensors |= net.tensors()
        meta["encoder_graph"] = json.dumps(net.graph())
        ids = []
        if artworks:
            ids, tensors["codes"] = codes_of(net, artworks)
    if ids:
        meta["styles"] = json.dumps(ids)
    arrays = {k: np.ascontiguousarray(v.detach().numpy()) for k, v in tensors.items()}
    return container.Network(arrays, meta)


def describe(name: str, file: container.Network, encodes: bool) -> dict:
    widths, multiple = container.norm_widths(file), int(file.meta["multiple_of"])
    model = {"name": name, "description": TEXTS["any" if encodes else "brush"], "method": "any" if encodes else "fast",
             "native": f"{name}.safetensors", "native_int8": f"{name}_int8.safetensors", "torch": f"{name}.pt"}
    if encodes:
        model["torch_encoder"] = f"{name}.pt"
    model |= {"multiple": multiple, "min_side": max(16, 2 * multiple), "code_length": 2 * sum(widths), "stats_length": 2 * sum(widths),
              "receptive_radius": container.receptive_radius(file, multiple), "grid": multiple}
    if encodes:
        model |= {"encodes": True, "style_multiple": 2, "style_min_side": 32, "style_size": STYLE_SIZE}
    return model


def write_onnx(file: container.Network, folder: pathlib.Path, name: str) -> float:
    """One file for the generator, one for the encoder; returns the largest difference to plain numpy."""
    import onnx
    from .formats import to_onnx

    worst = 0.0
    for key, ending in (("graph", ""), ("encoder_graph", "_encoder")):
        if key not in file.meta:
            continue
        model = to_onnx.export(file, key, None, None)
        worst = max(worst, to_onnx.check(model, file, key, None, None))
        run.write_whole(folder / f"{name}{ending}.onnx", lambda p, m=model: onnx.save(m, str(p)))
    return worst


def agree(net: Brush | Any, folder: pathlib.Path, name: str) -> float:
    """The trained module against the TorchScript file, which was checked against the graph, as the ONNX files were."""
    module = torch.jit.load(str(folder / f"{name}.pt"))
    x = torch.rand(2, 3, 64, 96, generator=torch.Generator().manual_seed(3))
    with torch.no_grad():
        code = net.codes[:1].expand(2, -1) if isinstance(net, Brush) else net.code(x)
        worst = (module(x, code) - net.net(x, code)).abs().max().item()
        if isinstance(net, Any):
            worst = max(worst, (module.encode(x) - code).abs().max().item())
    return worst


def main(a: argparse.Namespace) -> None:
    name = a.model.resolve().name
    library.check_id(name, "the folder's name becomes the network's")
    net, checkpoint = read(a.checkpoint)
    file = build(name, net, checkpoint, a.artworks)
    a.model.mkdir(parents=True, exist_ok=True)
    source = a.model / f"{name}.safetensors"
    run.write_whole(source, lambda p: container.write(p, file))
    run.write_whole(a.model / f"{name}_int8.safetensors", lambda p: container.write(p, quantize.convert(file, "int8")))
    differences = {"TorchScript": script.write_graph(source, a.model / f"{name}.pt")}
    differences["checkpoint"] = agree(net, a.model, name)
    if not a.no_onnx:
        differences["ONNX"] = write_onnx(file, a.model, name)
    text = ", ".join(f"{k} {v:.1e}" for k, v in differences.items())
    if not max(differences.values()) < AGREE:
        raise InputError(f"{a.model}: the formats differ by more than {AGREE:g}: {text}")
    model = json.dumps(describe(name, file, isinstance(net, Any)), indent=2) + "\n"
    run.write_whole(a.model / "model.json", lambda p: p.write_text(model))
    print(f"{a.model}: largest differences to the graph: {text}")
