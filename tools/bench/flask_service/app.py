"""Style transfer as a Flask service over PyTorch, the way such services are usually written: what stylize-server is
measured beside. Run by gunicorn with gevent workers (gunicorn.conf.py), each with its own copy of the networks.

Like stylize-server it takes a form with content_image and style_id, paints 512 pixels at the longer side, answers
with a JPEG if Accept says so, else with JSON and base64, and keeps results in memory.
Settings come from the environment: SERVICE_MODELS, SERVICE_THREADS, SERVICE_FORM.
"""

import base64
import collections
import hashlib
import io
import json
import os
import pathlib
import sys
import time

import gevent.threadpool
import numpy as np
import torch
from flask import Flask, Response, jsonify, request
from PIL import Image, UnidentifiedImageError

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[3] / "training"))
from stylize_train.formats import network as net  # noqa: E402

MODELS = pathlib.Path(os.environ["SERVICE_MODELS"])
SIDE = 512
QUALITY = 92
CACHE_BYTES = 256 << 20
WARM_UP_RUNS = 3

torch.set_num_threads(int(os.environ.get("SERVICE_THREADS", "1")))


class Network:
    """A TorchScript network in one of the memory layouts that PyTorch knows."""

    def __init__(self, folder: pathlib.Path, channels_last: bool):
        self.script = torch.jit.load(str(folder / f"{folder.name}.pt"), map_location="cpu").eval()
        self.channels_last = channels_last
        description = json.loads((folder / "model.json").read_text())
        self.multiple = description.get("multiple", 1)
        self.code_length = description.get("code_length", 0)

    def __call__(self, x: torch.Tensor, code: torch.Tensor | None) -> torch.Tensor:
        if self.channels_last:
            x = x.contiguous(memory_format=torch.channels_last)
        return self.script(x) if code is None else self.script(x, code)


class Painter:
    """All networks and styles, loaded and warm."""

    def __init__(self):
        channels_last = os.environ.get("SERVICE_FORM") == "channels-last"
        library = json.loads((MODELS / "styles/library.json").read_text())
        names = sorted({s["model_path"] for s in library})
        self.networks = {n: Network(MODELS / n, channels_last) for n in names if (MODELS / n / f"{n}.pt").exists()}
        self.styles = {s["style_id"]: s for s in library if s["model_path"] in self.networks}
        self.codes = {i: self.read_code(s) for i, s in self.styles.items()}
        for name in self.networks:
            style = next(i for i, s in self.styles.items() if s["model_path"] == name)
            for _ in range(WARM_UP_RUNS):
                self.paint(Image.new("RGB", (SIDE, SIDE)), style)

    def read_code(self, style: dict) -> torch.Tensor | None:
        name = style["model_path"]
        if not self.networks[name].code_length:
            return None
        return torch.tensor(net.read(MODELS / "styles" / style["code_path"]).array(name).reshape(1, -1))

    @torch.inference_mode()
    def paint(self, image: Image.Image, style_id: str) -> Image.Image:
        network = self.networks[self.styles[style_id]["model_path"]]
        height, width = image.height, image.width
        x = torch.from_numpy(np.array(image)).permute(2, 0, 1)[None].float().div_(255)
        pad = (-width % network.multiple, -height % network.multiple)
        if any(pad):
            x = torch.nn.functional.pad(x, (0, pad[0], 0, pad[1]), mode="reflect")
        y = network(x, self.codes[style_id])[0, :, :height, :width]
        pixels = y.mul(255).round_().clamp_(0, 255).to(torch.uint8).permute(1, 2, 0)
        return Image.fromarray(pixels.contiguous().numpy())


class Cache:
    """Results by digest, the least recently used go first. Each worker has its own."""

    def __init__(self, limit: int):
        self.entries: collections.OrderedDict[str, bytes] = collections.OrderedDict()
        self.limit = limit
        self.bytes = 0

    def get(self, key: str) -> bytes | None:
        found = self.entries.get(key)
        if found is not None:
            self.entries.move_to_end(key)
        return found

    def put(self, key: str, value: bytes) -> None:
        if key not in self.entries:
            self.entries[key] = value
            self.bytes += len(value)
        while self.bytes > self.limit:
            self.bytes -= len(self.entries.popitem(last=False)[1])


app = Flask(__name__)
app.config["MAX_CONTENT_LENGTH"] = 32 << 20
cache = Cache(CACHE_BYTES)
painter = Painter()
# Painting goes on in a thread of its own, so that the loop reads and answers meanwhile.
thread = gevent.threadpool.ThreadPool(1)


def fit(image: Image.Image) -> Image.Image:
    image.draft("RGB", (SIDE, SIDE))
    image = image.convert("RGB")
    scale = SIDE / max(image.size)
    if scale == 1:
        return image
    return image.resize([max(1, round(n * scale)) for n in image.size], Image.Resampling.LANCZOS)


def stylize(content: bytes, style_id: str) -> bytes:
    painted = painter.paint(fit(Image.open(io.BytesIO(content))), style_id)
    out = io.BytesIO()
    painted.save(out, "JPEG", quality=QUALITY, subsampling=0)
    return out.getvalue()


def problem(status: int, message: str):
    return jsonify({"error": {"message": message}}), status


@app.post("/api/v1/style-transfer")
def style_transfer():
    start = time.perf_counter()
    file = request.files.get("content_image")
    style_id = request.form.get("style_id", "")
    if file is None:
        return problem(422, "content_image is missing")
    if style_id not in painter.styles:
        return problem(404, f"there is no style {style_id!r}")
    content = file.read()
    key = hashlib.sha256(content).hexdigest() + style_id
    result = cache.get(key)
    cached = result is not None
    if not cached:
        try:
            result = thread.apply(stylize, (content, style_id))
        except UnidentifiedImageError:
            return problem(415, "content_image is not a picture")
        cache.put(key, result)
    if request.accept_mimetypes.best_match(["application/json", "image/jpeg"]) == "image/jpeg":
        return Response(result, mimetype="image/jpeg", headers={"X-Cache": "hit" if cached else "miss"})
    return jsonify({"result": base64.b64encode(result).decode(), "cached": cached,
                    "seconds": time.perf_counter() - start})


@app.get("/health")
def health():
    return jsonify({"status": "ok"})
