#!/usr/bin/env python3
"""Training on a machine that has a graphics card, PyTorch and this tree, but no network: in pieces of a few minutes.

    gpu_kit.py pack PACK.tar --photos FOLDER... --styles FOLDER... --weights FOLDER [--resnet open-nsfw.onnx]
    gpu_kit.py piece brush --pack PACK.tar --out OUT [--state OUT_BEFORE/brush.pt] [--minutes 8.5]
    gpu_kit.py piece any ... ; gpu_kit.py piece loss ...

`pack` is called beforehand where the pictures are: it makes them small, and takes of the published networks in --weights
what training looks with. A piece goes on from --state, or begins with the networks of the tree, and leaves in --out a state
to go on from (below 16 MB), a preview and a report. The published weights in a pack are not the project's: a pack is not
committed."""

import argparse
import io
import json
import pathlib
import re
import shutil
import sys
import tarfile
import tempfile
import time

from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(pathlib.Path(__file__).resolve().parent))

LIMIT, RETURNED = 40_000_000, 16_000_000  # bytes of a pack, and of what comes back
SHORTER = 400  # of the pictures in a pack: pieces are cut from 256 to 600 pixels
QUALITIES = (88, 80, 72, 64, 56, 48)
TEACHERS = {"5SE.npz": "collaborative_distillation/5SE.npz", "predictor.tflite": "magenta_mobile/predictor_int8.tflite"}
BIG = ["--contents", "16", "--each", "2"]
LOOKS = ["--style", "4", "--more-style", "1", "--texture", "1", "--content3", "0.8", "--content4", "1.2", "--grid", "3000", "--halves"]
TOTAL = {"brush": 120_000, "any": 120_000, "loss": 100_000}  # steps, over all pieces


def pictures_of(folders: list[pathlib.Path]) -> list[pathlib.Path]:
    return sorted(f for folder in folders for f in folder.rglob("*") if f.suffix.lower() in (".jpg", ".jpeg", ".png", ".webp"))


def as_jpeg(path: pathlib.Path, quality: int) -> bytes:
    with Image.open(path) as file:
        image = file.convert("RGB")
    scale = min(1.0, SHORTER / min(image.size))
    image = image.resize(tuple(max(16, round(s * scale)) for s in image.size), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=quality)
    return out.getvalue()


def pruned(path: pathlib.Path) -> bytes:
    """Of an ONNX file what stylize_train reads: the layers up to the last feature."""
    import onnx
    from stylize_train.resnet import ResNet
    last = ResNet(path).steps[-1].output
    model = onnx.load(str(path))
    nodes = list(model.graph.node)
    end = next(i for i, n in enumerate(nodes) if last in n.output)
    del model.graph.node[end + 1:]
    used = {name for n in model.graph.node for name in n.input}
    kept = [t for t in model.graph.initializer if t.name in used]
    del model.graph.initializer[:]
    model.graph.initializer.extend(kept)
    return model.SerializeToString()


def contents_of(a: argparse.Namespace, quality: int) -> dict[str, bytes]:
    files = {}
    for folder, sources in (("photos", a.photos), ("styles", a.styles)):
        for i, path in enumerate(pictures_of(sources)):
            files[f"{folder}/{i:05d}.jpg"] = as_jpeg(path, quality)
    for name, source in TEACHERS.items():
        if (a.weights / source).is_file():
            files[f"teachers/{name}"] = (a.weights / source).read_bytes()
    for path in sorted((a.weights / "microast").glob("*.npz")):
        files[f"microast/{path.name}"] = path.read_bytes()
    if a.resnet:
        files["teachers/resnet.onnx"] = pruned(a.resnet)
    return files


def pack(a: argparse.Namespace) -> None:
    for quality in QUALITIES:
        files = contents_of(a, quality)
        if sum(len(data) + 1024 for data in files.values()) + 10240 <= a.limit:
            break
    else:
        sys.exit(f"gpu_kit: the pictures do not fit into {a.limit / 1e6:.0f} MB; name fewer folders")
    with tarfile.open(a.pack, "w") as tar:
        for name, data in files.items():
            info = tarfile.TarInfo(name)
            info.size = len(data)
            tar.addfile(info, io.BytesIO(data))
    count = {k: sum(n.startswith(k) for n in files) for k in ("photos", "styles", "teachers")}
    print(f"{a.pack}: {a.pack.stat().st_size / 1e6:.1f} MB, JPEG quality {quality}, {count}")


def unpack(path: pathlib.Path, at: pathlib.Path) -> None:
    """Files of one folder deep only, which is what `pack` writes."""
    with tarfile.open(path) as tar:
        for member in tar:
            if not member.isfile() or not re.fullmatch(r"[a-z]+/[A-Za-z0-9_.-]+", member.name):
                sys.exit(f"gpu_kit: {path}: {member.name} does not belong into a pack")
            (at / member.name).parent.mkdir(exist_ok=True)
            (at / member.name).write_bytes(tar.extractfile(member).read())


def recipe(what: str, at: pathlib.Path, fresh: bool) -> list[str]:
    """The arguments of stylize_train for the unpacked material at `at`."""
    teachers = [str(at / "teachers" / n) for n in ("5SE.npz", "predictor.tflite", "resnet.onnx") if (at / "teachers" / n).is_file()]
    if what == "loss":
        return ["--teacher", *teachers, "--pictures", str(at / "photos"), str(at / "styles"), "--pool", "2000", "--batch", "32",
                "--model", str(at / "loss"), "--workers", "12"]
    more = ["--more-loss-nets", *teachers[1:]] if teachers[1:] else []
    shared = ["--photos", str(at / "photos"), "--loss-net", teachers[0], *more, *BIG, *LOOKS, "--first-part", "0", "--lr", "5e-4"]
    start = ["--start", str(ROOT / "models" / what / f"{what}.safetensors")] if fresh else []
    if what == "brush":
        return ["--artworks", str(ROOT / "models" / "styles" / "artworks"), "--steady", "400", *shared, *start]
    teacher = ["--teacher", str(at / "microast")] if (at / "microast").is_dir() else []
    return ["--paintings", str(at / "styles"), *teacher, "--probe", str(ROOT / "examples" / "data" / "photo.jpg"), "--steady", "300",
            "--reuse", "2", "--style-scale", "1.3", "--workers", "14", *shared, *start]


def piece(a: argparse.Namespace) -> None:
    from stylize_train import __main__ as tool
    from stylize_train import run
    import torch
    torch.backends.cudnn.benchmark = True  # sizes stay the same from step to step
    a.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        at = pathlib.Path(temporary)
        unpack(a.pack, at)
        folder = at / "run"
        folder.mkdir()
        if a.state:
            shutil.copy(a.state, folder / "checkpoint.pt")
        before = run.load_checkpoint(folder / "checkpoint.pt")["state"] if a.state else {"step": 0, "pictures": 0}
        started = time.monotonic()
        arguments = [a.what, *recipe(a.what, at, a.state is None), "--out", str(folder), "--piece", str(a.minutes),
                     "--steps", str(TOTAL[a.what]), "--save-every", "120", "--preview-every", "1e9", *a.more]
        if tool.main(arguments):
            sys.exit(1)
        seconds = time.monotonic() - started
        after = run.load_checkpoint(folder / "checkpoint.pt")["state"]
        finish(a, folder, {"what": a.what, "seconds": round(seconds, 1), "step": after["step"], "pictures": after["pictures"],
                           "pictures a second": round((after["pictures"] - before["pictures"]) / seconds, 1)})


def finish(a: argparse.Namespace, folder: pathlib.Path, report: dict) -> None:
    from stylize_train import __main__ as tool
    state = a.out / f"{a.what}.pt"
    tool.main(["state", str(folder / "checkpoint.pt"), str(state)])
    if state.stat().st_size > RETURNED:
        tool.main(["state", str(folder / "checkpoint.pt"), str(state), "--no-moments"])
    if (folder / "preview.jpg").is_file():
        shutil.copy(folder / "preview.jpg", a.out / f"{a.what}.jpg")
    (a.out / f"{a.what}.json").write_text(json.dumps(report) + "\n")
    print(json.dumps(report))


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    commands = p.add_subparsers(dest="command", required=True)
    q = commands.add_parser("pack", help="make the data pack")
    q.add_argument("pack", type=pathlib.Path)
    q.add_argument("--photos", type=pathlib.Path, nargs="+", required=True)
    q.add_argument("--styles", type=pathlib.Path, nargs="+", required=True, help="paintings and other pictures with a style")
    q.add_argument("--weights", type=pathlib.Path, required=True, help="folder of the published networks")
    q.add_argument("--resnet", type=pathlib.Path, help="open-nsfw.onnx")
    q.add_argument("--limit", type=int, default=LIMIT, help=f"bytes at most ({LIMIT})")
    q = commands.add_parser("piece", help="train on for some minutes")
    q.add_argument("what", choices=TOTAL)
    q.add_argument("--pack", type=pathlib.Path, required=True)
    q.add_argument("--out", type=pathlib.Path, required=True)
    q.add_argument("--state", type=pathlib.Path)
    q.add_argument("--minutes", type=float, default=8.5)
    q.epilog = "What follows -- goes to stylize_train as it is."
    own, _, more = "\0".join(sys.argv[1:]).partition("\0--\0")
    a = p.parse_args(own.split("\0"))
    a.more = more.split("\0") if more else []
    (pack if a.command == "pack" else piece)(a)


if __name__ == "__main__":
    main()
