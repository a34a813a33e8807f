"""`style`: one more style for a network of the library, fitted to a picture.

Only the style code is fitted, gamma and beta of each norm: the network itself stays as it is, so the style can
be blended with the others and costs a few kilobytes. With --all the network is then trained on for this one
style and becomes a model folder of its own."""

import argparse
import json
import pathlib

import numpy as np
import torch
from PIL import Image

from . import export, library, objective, pictures, run
from .nets import Generator, channels_last, read_any, read_generator
from .paths import ARTWORKS, MODELS, ROOT, InputError, check_models
from .formats import network as container

CONTENTS = 2
PREVIEW_SIDE, ARTWORK_SIDE = 320, 768
SAMPLE = ROOT / "examples" / "data" / "photo.jpg"


def add_options(p: argparse.ArgumentParser) -> None:
    p.add_argument("name", help="id of the style: a-z 0-9 _ -")
    p.add_argument("picture", type=pathlib.Path)
    p.add_argument("--models", type=pathlib.Path, default=MODELS, help="model folder that the style is added to")
    p.add_argument("--base", default="brush", help="network that is to paint it (brush)")
    p.add_argument("--photos", type=pathlib.Path, nargs="+",
                   help="photographs to practise on; without, a few pictures of the project are used")
    p.add_argument("--loss-net", type=pathlib.Path, help="ours by default; .npz of 5SE works as well")
    p.add_argument("--from", dest="origin", metavar="STYLE", help="style whose code to begin with; else the nearest")
    p.add_argument("--display-name", help="name for people (made of the id)")
    p.add_argument("--size", type=int, default=192, help="side of the pieces of photographs (192)")
    p.add_argument("--art-size", type=int, default=512,
                   help="the picture is taken as about this many pixels square: smaller means finer strokes (512)")
    p.add_argument("--all", action="store_true", help="then train the whole network on, into a model folder of its own")
    run.add_options(p, minutes=5, out=None, lr=1e-2)
    p.add_argument("--out", type=pathlib.Path, help="folder for a checkpoint and previews, to go on from (none)")
    objective.add_options(p, objective.Weights(style=2, content3=1.2, content4=1.5))


class Fit:
    name = "style"

    def __init__(self, generator: Generator, code: torch.Tensor, goal, photos, art, a, device, whole: bool = False):
        self.goal, self.photos, self.a, self.device = goal, photos, a, device
        self.generator = generator.requires_grad_(whole)
        self.net = CodeOnly(generator, code, whole).to(device)
        self.target = goal.style_target(pictures.tensor(art).to(device))

    def groups(self):
        if not self.net.whole:
            return [{"params": [self.net.code]}]
        return [{"params": list(self.generator.parameters())}, {"params": [self.net.code], "factor": 3.0}]

    def loss(self, rng, part):
        x = pictures.contents(self.photos, CONTENTS, self.a.size, rng).to(self.device)
        content = self.goal.content_target(x, 1)
        y = self.net(x)
        losses, figures, _ = self.goal(y, self.target, content, rng)
        steady = self.goal.steady(self.net, x, y, rng)
        return losses.mean() + steady, figures, CONTENTS

    def extra(self) -> dict:
        return {}

    def restore(self, checkpoint: dict) -> None:
        pass

    def preview(self, folder: pathlib.Path) -> None:
        photos = [pictures.to_multiple(p, 320, 16) for p in self.photos[:3]]
        painted = [pictures.picture(self.net(pictures.tensor(p).to(self.device))) for p in photos]
        pictures.sheet([photos, painted], 240, folder / "preview.jpg")


class CodeOnly(torch.nn.Module):
    """Its state is the code, and the generator only where that is trained too."""

    def __init__(self, generator: Generator, code: torch.Tensor, whole: bool):
        super().__init__()
        self.code = torch.nn.Parameter(code.clone())
        self.whole = whole
        if whole:
            self.generator = generator
        else:
            object.__setattr__(self, "generator", generator)

    def train(self, mode: bool = True):
        super().train(mode)
        self.generator.train(mode)
        return self

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return self.generator(x, self.code.expand(x.shape[0], -1))


def default_photos(models: pathlib.Path) -> list[pathlib.Path]:
    """The example and the artworks of the library: paintings have shapes and edges too."""
    art = models / "styles" / "artworks"
    return [p for p in (SAMPLE, art if art.is_dir() else ARTWORKS) if p.exists()]


def library_codes(models: pathlib.Path, base: str, length: int) -> dict[str, torch.Tensor]:
    codes = {}
    for entry in library.read(models / "styles"):
        path = models / "styles" / entry.get("code_path", "")
        if "code_path" in entry and path.is_file():
            tensors = container.read(path).tensors
            if base in tensors and tensors[base].shape == (length,):
                codes[entry["style_id"]] = torch.from_numpy(tensors[base].astype(np.float32))[None]
    return codes


def nearest(codes: dict[str, torch.Tensor], generator: Generator, goal, photos, art, device) -> str:
    """The style whose paintings come closest to the picture."""
    rng = np.random.default_rng(0)
    x = pictures.contents(photos, CONTENTS, 192, rng).to(device)
    content, target = goal.content_target(x, 1), goal.style_target(pictures.tensor(art).to(device))
    with torch.no_grad():
        found = {i: goal(generator(x, code.to(device).expand(CONTENTS, -1)), target, content, rng)[0].mean().item()
                 for i, code in codes.items()}
    return min(found, key=found.get)


def first_code(a, generator, goal, photos, art, device) -> torch.Tensor:
    codes = library_codes(a.models, a.base, 2 * generator.norms)
    if a.origin:
        if a.origin not in codes:
            raise InputError(f"no style {a.origin} with a code for {a.base}; there are: {', '.join(sorted(codes)) or 'none'}")
        return codes[a.origin].to(device)
    if not codes:
        return generator.first_code()[None].to(device)
    origin = nearest(codes, generator, goal, photos, art, device)
    print(f"begins with {origin}, the nearest style")
    return codes[origin].to(device)


def write_style(a, code: torch.Tensor, model: str) -> None:
    """Code file, pictures, library entry. The code for `any` comes from its encoder."""
    styles = a.models / "styles"
    codes = {model: np.ascontiguousarray(code[0].detach().cpu().numpy())}
    any_file = a.models / "any" / "any.safetensors"
    if model != "any" and any_file.is_file():
        with torch.no_grad():
            picture = export.as_style(pictures.load(a.picture))
            codes["any"] = read_any(any_file).eval().code(pictures.tensor(picture))[0].numpy()
    for folder in ("codes", "previews", "artworks"):
        (styles / folder).mkdir(parents=True, exist_ok=True)
    path = styles / "codes" / f"{a.name}.safetensors"
    run.write_whole(path, lambda p: container.write(p, container.Network(codes, {})))
    for folder, side in (("artworks", ARTWORK_SIDE), ("previews", PREVIEW_SIDE)):
        image = Image.fromarray(pictures.load(a.picture))  # of the pixels alone: no comment or profile stays
        image.thumbnail((side, side), Image.Resampling.LANCZOS)
        run.write_whole(styles / folder / f"{a.name}.jpg", lambda p, i=image: i.save(p, "JPEG", quality=85))
    library.add(styles, {"style_id": a.name, "display_name": a.display_name or a.name.replace("_", " ").capitalize(),
                         "model_path": model, "code_path": f"codes/{a.name}.safetensors",
                         "preview_image": f"previews/{a.name}.jpg", "artwork": f"artworks/{a.name}.jpg",
                         "recommended_size": 768})


def write_model(a, generator: Generator, state: dict) -> None:
    from .script import write_graph
    folder = a.models / a.name
    folder.mkdir(parents=True, exist_ok=True)
    arrays = {k: np.ascontiguousarray(v.detach().cpu().numpy()) for k, v in generator.tensors().items()}
    file = container.Network(arrays, export.metadata(a.name, generator, state))
    run.write_whole(folder / f"{a.name}.safetensors", lambda p: container.write(p, file))
    write_graph(folder / f"{a.name}.safetensors", folder / f"{a.name}.pt")
    model = export.describe(a.name, file, False)
    del model["native_int8"]
    model["description"] = f"A network of its own for the style {a.name}"
    run.write_whole(folder / "model.json", lambda p: p.write_text(json.dumps(model, indent=2) + "\n"))


def check(a) -> None:
    library.check_id(a.name, "a style's id")
    check_models(a.models)
    if a.size < 64 or a.size > 1024 or a.size % 8:
        raise InputError("--size must be a multiple of 8 from 64 to 1024")
    if not 64 <= a.art_size <= 2048:
        raise InputError("--art-size must be from 64 to 2048")
    used = [e for e in library.read(a.models / "styles") if e.get("style_id") == a.name]
    if used and "artist" in used[0]:
        raise InputError(f"{a.name} is a style of the library; another name is needed")
    if a.all and a.name in ("brush", "any", "loss", "styles"):
        raise InputError(f"{a.name} is the name of a network; another name is needed")


def main(a: argparse.Namespace) -> None:
    device = run.check_options(a)
    check(a)
    generator, _ = read_generator(a.models / a.base / f"{a.base}.safetensors")
    generator = channels_last(generator.to(device)).eval()
    ours = a.models / "loss" / "loss.pt"
    a.loss_net = a.loss_net or (ours if ours.is_file() else None)
    goal = objective.read(a, device)
    art = pictures.load(a.picture, area=a.art_size)
    photos = pictures.folders(a.photos or default_photos(a.models), "photographs")
    code = first_code(a, generator, goal, photos, art, device)
    task = Fit(generator, code, goal, photos, art, a, device)
    training = run.Run(task, a, device, keep=a.out is not None)
    code = training.go()["code"]
    model = a.base
    if a.all:
        a.lr /= 20
        if a.out:
            a.out = a.out / "all"
        task = Fit(generator, code, goal, photos, art, a, device, whole=True)
        training = run.Run(task, a, device, keep=a.out is not None)
        task.net.load_state_dict(training.go())
        code, model = task.net.code.data, a.name
        write_model(a, task.generator, training.state)
    write_style(a, code, model)
    print(f"{a.models / 'styles' / 'codes' / (a.name + '.safetensors')}: {training.state['step']} steps; "
          f"try: stylize PHOTO --style {a.name}")
