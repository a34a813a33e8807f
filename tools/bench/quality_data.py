#!/usr/bin/env python3
"""Pictures for quality.py that no network was trained on, out of Debian packages (apt-get download, 230 MB).

    quality_data.py build/quality

Makes contents/ (photographs) and styles/ (paintings of Vincent van Gogh, graphic wallpapers). The packages and
what is taken out of each stand below; their copyright files name authors and licences. Needs dpkg, apt, Pillow."""

import io
import pathlib
import subprocess
import sys
import tempfile

from PIL import Image

PACKAGES = ("gcompris-qt-data", "gnome-backgrounds", "plasma-workspace-wallpapers")
RESOURCES = "usr/share/gcompris-qt/rcc"
LEAST = 330  # pixels of the shorter side: what is smaller in a resource file is a button
# Pictures of a resource file, counted in its order.
CONTENTS = {"explore_farm_animals": (4, 7), "explore_world_animals": (13,),
            "explore_monuments": (16, 20, 24, 28, 33, 36, 41, 45), "details": (5, 13)}
STYLES = {"details": (1, 3, 7, 9, 11, 14)}
WALLPAPERS = ("usr/share/backgrounds/gnome/licorice-l.webp", "usr/share/backgrounds/gnome/truchet-l.webp",
              *(f"usr/share/wallpapers/{n}/contents/images" for n in ("Altai", "SafeLanding", "Honeywave", "Canopee")))
LONGEST = 1024


def pictures(path: pathlib.Path) -> list[Image.Image]:
    """The WebP files inside a Qt resource file: they stand there as they are."""
    data, found, at = path.read_bytes(), [], 0
    while (at := data.find(b"RIFF", at)) >= 0:
        end = at + 8 + int.from_bytes(data[at + 4:at + 8], "little")
        if data[at + 8:at + 12] == b"WEBP" and end <= len(data):
            image = Image.open(io.BytesIO(data[at:end]))
            if min(image.size) >= LEAST:
                found.append(image.convert("RGB"))
            at = end
        else:
            at += 4
    return found


def smallest(folder: pathlib.Path) -> pathlib.Path:
    """Of a wallpaper's sizes."""
    return min((f for f in folder.iterdir() if f.suffix in (".jpg", ".png")), key=lambda f: Image.open(f).size)


def save(image: Image.Image, path: pathlib.Path) -> None:
    image.thumbnail((LONGEST, LONGEST), Image.Resampling.LANCZOS)
    image.save(path)


def main() -> None:
    if len(sys.argv) != 2 or sys.argv[1].startswith("-"):
        sys.exit("usage: quality_data.py FOLDER")
    out = pathlib.Path(sys.argv[1]).resolve()
    for kind in ("contents", "styles"):
        (out / kind).mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary)
        subprocess.run(["apt-get", "download", "-q", *PACKAGES], cwd=folder, check=True, stdout=subprocess.DEVNULL)
        for package in folder.glob("*.deb"):
            subprocess.run(["dpkg-deb", "-x", package, folder / "x"], check=True)
        for kind, wanted in (("contents", CONTENTS), ("styles", STYLES)):
            for resource, numbers in wanted.items():
                found = pictures(folder / "x" / RESOURCES / f"{resource}.rcc")
                for n in numbers:
                    save(found[n], out / kind / f"{resource.removeprefix('explore_')}_{n:02d}.png")
        for name in WALLPAPERS:
            path = folder / "x" / name
            title = path.parent.parent.name if path.is_dir() else path.stem
            path = smallest(path) if path.is_dir() else path
            with Image.open(path) as image:
                save(image.convert("RGB"), out / "styles" / f"{title.lower()}.png")
    print(f"{out}: {len(list((out / 'contents').iterdir()))} photographs, {len(list((out / 'styles').iterdir()))} styles")


if __name__ == "__main__":
    main()
