#!/usr/bin/env python3
"""Pictures to train with, out of Debian packages (apt-get download, about 900 MB): the material of the shipped networks.

    debian_pictures.py build/train/pictures [--apart build/quality]

Makes photos/, games/ (paintings and drawings of free games), wallpapers/ and clipart/. What resembles a picture of the
folder --apart, which tools/bench/quality_data.py makes, or has its name, as a dark variant has, is left out: quality is
measured with those. The packages' copyright files name authors and licences. Needs dpkg, apt, Pillow, numpy."""

import argparse
import pathlib
import random
import subprocess
import sys
import tempfile
from typing import Iterator

import numpy as np
from PIL import Image, ImageOps, UnidentifiedImageError

ROOT = pathlib.Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tools" / "bench"))
import quality_data  # noqa: E402

Image.MAX_IMAGE_PIXELS = None
SHORTER, LONGER = 256, 4  # least shorter side; most times that the longer may be
KEPT = 720                # the shorter side of what is written, at most
ALIKE, APART = 3, 9       # of 64 bits of a difference hash: the same picture again; one that quality is measured with
FLAT = 6.0                # deviation of brightness under which there is nothing to learn

RESOURCES = ("clickgame", "erase", "explore_farm_animals", "explore_monuments", "explore_world_animals")
CAMPAIGNS = ("did", "dm", "dw", "ei", "httt", "l", "low", "nr", "sof", "sota", "sotbe", "thot", "trow", "tsg", "utbs")
# folder -> (package, pattern of the files, how many at most)
SOURCES = {
    "photos": (("mate-backgrounds", "**/nature/*", None),),
    "games": (("wesnoth-1.16-data", "**/images/**/*", None),
              *((f"wesnoth-1.16-{name}", "**/images/**/*", None) for name in CAMPAIGNS),
              ("freeorion-data", "**/art/**/*", 70), ("tuxpaint-stamps-default", "**/stamps/**/*", 70),
              ("unknown-horizons", "**/gui/images/background/**/*", None)),
    "wallpapers": (("plasma-workspace-wallpapers", "**/images*/*", None), ("gnome-backgrounds", "**/gnome/*", None),
                   ("lomiri-wallpapers-16.04", "**/*", None), ("lomiri-wallpapers-20.04", "**/*", None),
                   ("ukui-wallpapers", "**/*", None), ("mate-backgrounds", "**/abstract/*", None),
                   ("mate-backgrounds", "**/desktop/*", None), ("propaganda-debian", "**/*", None)),
}
CLIPART, SHEETS = "openclipart-png", 70
ENDINGS = {".jpg", ".jpeg", ".png", ".webp"}


def difference_hash(image: Image.Image) -> np.ndarray:
    small = np.asarray(image.convert("L").resize((9, 8), Image.Resampling.BOX), np.int16)
    return (small[:, 1:] > small[:, :-1]).ravel()


def on_ground(image: Image.Image, rng: random.Random) -> Image.Image:
    """What is transparent becomes a gradient of two colours."""
    if image.mode not in ("RGBA", "LA", "P", "PA"):
        return image.convert("RGB")
    image = image.convert("RGBA")
    box = image.getchannel("A").point(lambda a: 255 if a > 16 else 0).getbbox()
    image = image.crop(box) if box else image
    first, second = (np.array([rng.randrange(256) for _ in range(3)]) for _ in range(2))
    t = np.linspace(0, 1, image.height)[:, None, None]
    ground = np.broadcast_to(first * (1 - t) + second * t, (image.height, image.width, 3)).astype(np.uint8)
    return Image.alpha_composite(Image.fromarray(np.ascontiguousarray(ground)).convert("RGBA"), image).convert("RGB")


def tiled(image: Image.Image, side: int) -> Image.Image:
    """A small texture beside itself, as it is meant to be."""
    across, down = -(-side // image.width), -(-side // image.height)
    whole = Image.new("RGB", (image.width * across, image.height * down))
    for k in range(across * down):
        whole.paste(image, (k % across * image.width, k // across * image.height))
    return whole


class Collection:
    def __init__(self, out: pathlib.Path, apart: pathlib.Path | None):
        self.out, self.rng, self.hashes = out, random.Random(5), []
        self.apart, self.names = [], set()
        for path in sorted(apart.glob("*/*.png")) if apart else []:
            if "_" not in path.stem:
                self.names.add(path.stem.split("-")[0])
            with Image.open(path) as image:
                self.apart += [difference_hash(image), difference_hash(ImageOps.mirror(image))]

    def add(self, folder: str, name: str, image: Image.Image) -> bool:
        """False: too small, nothing on it, there already, or kept apart."""
        image = on_ground(image, self.rng)
        if image.width < SHORTER and image.height < SHORTER and name.startswith("propaganda"):
            image = tiled(image, 2 * SHORTER)
        if min(image.size) < SHORTER or max(image.size) > LONGER * min(image.size):
            return False
        if np.asarray(image.convert("L").resize((32, 32)), np.float32).std() < FLAT:
            return False
        hash_ = difference_hash(image)
        if any((hash_ != h).sum() <= APART for h in self.apart) or any((hash_ != h).sum() <= ALIKE for h in self.hashes):
            return False
        self.hashes.append(hash_)
        scale = min(1.0, KEPT / min(image.size))
        image = image.resize(tuple(round(s * scale) for s in image.size), Image.Resampling.LANCZOS)
        (self.out / folder).mkdir(parents=True, exist_ok=True)
        image.save(self.out / folder / f"{name}.jpg", quality=93)
        return True

    def add_files(self, folder: str, package: str, files: list[pathlib.Path], most: int | None) -> None:
        self.rng.shuffle(files)
        count = 0
        for path in files:
            if any(name in str(path).lower() for name in self.names):
                continue
            try:
                with Image.open(path) as image:
                    count += self.add(folder, f"{package}_{count:03d}", image)
            except (UnidentifiedImageError, OSError, SyntaxError):
                continue
            if count == most:
                break
        print(f"{folder}: {count} of {package}", flush=True)

    def add_clipart(self, files: list[pathlib.Path]) -> None:
        """Sheets of many pictures, of one many times, and single ones on a plain ground."""
        self.rng.shuffle(files)
        pictures = drawings(files)
        for k in range(SHEETS):
            pale = self.rng.random() < 0.6
            sheet = Image.new("RGB", (KEPT, KEPT), tuple(self.rng.randrange(190 if pale else 0, 256) for _ in range(3)))
            count = self.rng.choice((2, 3, 4, 5)) if k % 7 < 3 else self.rng.choice((3, 5, 7, 9)) if k % 7 < 5 else 1
            cell, one = KEPT // count, next(pictures)
            for i in range(count * count):
                part = next(pictures) if k % 7 < 3 else one.copy()
                scale = cell / max(part.size)
                part = part.resize(tuple(max(1, round(s * scale)) for s in part.size), Image.Resampling.LANCZOS)
                sheet.paste(part, (i % count * cell, i // count * cell), part)
            self.add("clipart", f"clipart_{k:03d}", sheet)


def drawings(files: list[pathlib.Path]) -> Iterator[Image.Image]:
    for path in files:
        try:
            with Image.open(path) as image:
                if min(image.size) >= 80:
                    picture = image.convert("RGBA")
                    picture.thumbnail((KEPT, KEPT))
                    yield picture
        except (UnidentifiedImageError, OSError, SyntaxError):
            continue


def unpacked(package: str, folder: pathlib.Path) -> pathlib.Path:
    subprocess.run(["apt-get", "download", "-q", "-o", "APT::Sandbox::User=root", package], cwd=folder, check=True, stdout=subprocess.DEVNULL)
    file, = folder.glob("*.deb")
    subprocess.run(["dpkg-deb", "-x", file, folder / "x"], check=True)
    file.unlink()
    return folder / "x"


def found(root: pathlib.Path, pattern: str) -> list[pathlib.Path]:
    """Without translations of the same picture, and maps."""
    return sorted(f for f in root.glob(pattern) if f.suffix.lower() in ENDINGS and f.is_file() and not f.is_symlink()
                  and not {"l10n", "maps", "icons"} & set(f.parts) and f.stat().st_size > 20000)


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("out", type=pathlib.Path, help="folder to make")
    p.add_argument("--apart", type=pathlib.Path, default=ROOT / "build" / "quality", help="pictures to keep apart (build/quality)")
    a = p.parse_args()
    if not a.apart.is_dir():
        sys.exit(f"debian_pictures: {a.apart}: no such folder; tools/bench/quality_data.py makes it")
    collection = Collection(a.out, a.apart)
    with tempfile.TemporaryDirectory() as temporary:
        folder = pathlib.Path(temporary) / "gcompris"
        folder.mkdir()
        root = unpacked("gcompris-qt-data", folder)
        for resource in RESOURCES:
            for i, image in enumerate(quality_data.pictures(root / quality_data.RESOURCES / f"{resource}.rcc")):
                collection.add("photos", f"{resource}_{i:03d}", image)
        for kind, sources in SOURCES.items():
            for package, pattern, most in sources:
                with tempfile.TemporaryDirectory(dir=temporary) as place:
                    root = unpacked(package, pathlib.Path(place))
                    collection.add_files(kind, f"{package}_{pattern.split('/')[-2].strip('*') or 'all'}".replace("/", "_"),
                                         found(root, pattern), most)
        with tempfile.TemporaryDirectory(dir=temporary) as place:
            collection.add_clipart(sorted(unpacked(CLIPART, pathlib.Path(place)).glob("**/*.png")))
    print(f"{a.out}: " + ", ".join(f"{len(list(f.iterdir()))} {f.name}" for f in sorted(a.out.iterdir())))


if __name__ == "__main__":
    main()
