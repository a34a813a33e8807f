#!/usr/bin/env python3
"""Makes models/styles: library.json, one file of style codes, and with --artworks one picture and one preview for each.

The codes are the rows of the tensor `codes` in the networks' safetensors files; their metadata names
the styles in row order. What is known of the artworks stands in artworks.json beside this file.

    make_styles.py [--artworks FOLDER] [--models models]

FOLDER holds one picture named <id>.jpg for each style; without it the pictures stay as they are, for networks that
were trained on. Needs the packages of requirements.txt.
"""

import argparse
import json
import pathlib
import sys

import numpy as np
from PIL import Image
from safetensors import safe_open
from safetensors.numpy import save

HERE = pathlib.Path(__file__).resolve().parent
NETWORKS = ("brush", "any")  # the first one paints the library's styles by default
PREVIEW_SIDE = 320
ARTWORK_SIDE = 768  # what the method optimize looks at
QUALITY = 85
RECOMMENDED_SIZE = 768


def read_codes(models: pathlib.Path) -> dict[str, dict[str, np.ndarray]]:
    """Style codes by style id, then by network."""
    codes: dict[str, dict[str, np.ndarray]] = {}
    for network in NETWORKS:
        path = models / network / f"{network}.safetensors"
        with safe_open(path, framework="numpy") as file:
            meta = file.metadata()
            ids = json.loads(meta["styles"])
            rows = file.get_tensor("codes")
        if rows.shape != (len(ids), int(meta["code_length"])):
            sys.exit(f"{path}: codes are {rows.shape}, not one row of {meta['code_length']} a style")
        if not np.isfinite(rows).all():
            sys.exit(f"{path}: codes hold numbers that are not finite")
        for style, row in zip(ids, rows, strict=True):
            codes.setdefault(style, {})[network] = np.ascontiguousarray(row, dtype=np.float32)
    return codes


def write_picture(artwork: pathlib.Path, to: pathlib.Path, side: int) -> None:
    with Image.open(artwork) as image:
        image = image.convert("RGB")
        scale = min(side / max(image.size), 1)
        size = tuple(max(1, round(side * scale)) for side in image.size)
        image = image.resize(size, Image.Resampling.LANCZOS)
    image.info.clear()  # no comment, profile or EXIF of the artwork's file
    image.save(to, "JPEG", quality=QUALITY, optimize=True)


def library_entry(work: dict) -> dict:
    return {
        "style_id": work["id"],
        "display_name": {"en": work["en"], "zh": work["zh"]},
        "model_path": NETWORKS[0],
        "code_path": f"codes/{work['id']}.safetensors",
        "preview_image": f"previews/{work['id']}.jpg",
        "artwork": f"artworks/{work['id']}.jpg",
        "recommended_size": RECOMMENDED_SIZE,
        "artist": work["artist"],
        "year": work["year"],
        "licence": work["licence"],
    }


def main() -> None:
    parser = argparse.ArgumentParser(description="Makes models/styles from the networks and the artworks.")
    parser.add_argument("--artworks", type=pathlib.Path, help="folder of <id>.jpg; without it the pictures stay")
    parser.add_argument("--models", type=pathlib.Path, default=HERE.parents[1] / "models")
    args = parser.parse_args()

    works = json.loads((HERE / "artworks.json").read_text("utf-8"))
    codes = read_codes(args.models)
    wanted = {work["id"] for work in works}
    if wanted != codes.keys():
        sys.exit(f"artworks.json and the networks differ in: {sorted(wanted ^ codes.keys())}")

    styles = args.models / "styles"
    for folder in ("codes", "previews", "artworks"):
        (styles / folder).mkdir(parents=True, exist_ok=True)
    for work in works:
        style = work["id"]
        if codes[style].keys() != set(NETWORKS):
            sys.exit(f"{style}: not every network has a code")
        (styles / "codes" / f"{style}.safetensors").write_bytes(save(codes[style]))
        for folder, side in () if args.artworks is None else (("previews", PREVIEW_SIDE), ("artworks", ARTWORK_SIDE)):
            write_picture(args.artworks / f"{style}.jpg", styles / folder / f"{style}.jpg", side)
    entries = [library_entry(work) for work in works]
    text = json.dumps(entries, ensure_ascii=False, indent=2) + "\n"
    (styles / "library.json").write_text(text, "utf-8")
    print(f"{len(works)} styles in {styles}")


if __name__ == "__main__":
    main()
