#!/usr/bin/env python3
"""Puts the static site together: site.py FOLDER, which has the engine already; site.py --models FOLDER: models.bin only.

The models go into one file, models.bin: a length of 4 bytes, a list in JSON of names and sizes, then the files, each
beginning at a multiple of 8 bytes. The service worker gets the list of all files and a name that changes with them.
"""
import gzip
import hashlib
import json
import os
import shutil
import struct
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
PAGE = os.path.join(ROOT, "apps/web")
MODELS = os.path.join(ROOT, "models")
ENGINE = ("stylize-engine.mjs", "stylize-engine.wasm")
NOT_SERVED = ("no_files.js", "CMakeLists.txt", "README.md", "engine.c")
LIMIT = 1_000_000  # bytes, compressed: what a first visit costs


def align(data: bytes) -> bytes:
    return data + b"\0" * (-len(data) % 8)


def model_files() -> dict[str, bytes]:
    """The network of the library styles in eight bits, and their codes."""
    def read(name: str) -> bytes:
        with open(os.path.join(MODELS, name), "rb") as f:
            return f.read()
    styles = [s for s in json.loads(read("styles/library.json")) if s["model_path"] == "brush"]
    model = json.loads(read("brush/model.json"))
    model["native"] = model["native_int8"]
    files = {"brush/model.json": json.dumps(model).encode(), "brush/" + model["native"]: read("brush/" + model["native"])}
    for style in styles:
        style.pop("preview_image", None)
        style.pop("artwork", None)
        files["styles/" + style["code_path"]] = read("styles/" + style["code_path"])
    files["styles/library.json"] = json.dumps(styles, ensure_ascii=False).encode()
    return files


def pack(files: dict[str, bytes]) -> bytes:
    index = json.dumps([[name, len(data)] for name, data in files.items()]).encode()
    head = struct.pack("<I", len(index)) + index
    return align(head) + b"".join(align(data) for data in files.values())


def main() -> int:
    site = sys.argv[-1]
    with open(os.path.join(site, "models.bin"), "wb") as f:
        f.write(pack(model_files()))
    if sys.argv[1] == "--models":
        return 0
    served = sorted(n for n in os.listdir(PAGE) if n not in NOT_SERVED and os.path.isfile(os.path.join(PAGE, n)))
    for name in served:
        shutil.copy(os.path.join(PAGE, name), site)
    shutil.copy(os.path.join(ROOT, "apps/server/page/icon.svg"), site)
    shutil.copy(os.path.join(ROOT, "apps/server/page/example.jpg"), site)
    files = sorted({*served, *ENGINE, "models.bin", "icon.svg", "example.jpg"} - {"service.js"})
    digest, total = hashlib.sha256(), 0
    for name in files:
        with open(os.path.join(site, name), "rb") as f:
            data = f.read()
        digest.update(name.encode() + data)
        total += min(len(data), len(gzip.compress(data)))
    wanted = [n for n in files if not n.endswith((".d.ts", "package.json"))]
    service = os.path.join(site, "service.js")
    with open(service, encoding="utf-8") as f:
        text = f.read()
    text = text.replace("[/* FILES */]", json.dumps(["./", *wanted])).replace("/* VERSION */", digest.hexdigest()[:16])
    with open(service, "w", encoding="utf-8") as f:
        f.write(text)
    print(f"web: {site}, {len(files) + 1} files, {total} bytes compressed")
    if total > LIMIT:
        print(f"web: more than {LIMIT} bytes compressed")
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
