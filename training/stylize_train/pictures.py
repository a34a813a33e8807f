"""Pictures in memory as uint8, and random pieces of them as training material."""

import pathlib
from typing import Callable, Sequence

import numpy as np
import torch
from PIL import Image

from . import reader
from .paths import InputError, PictureError
from .window import Window

ENDINGS = {".jpg", ".jpeg", ".jpe", ".jfif", ".jif", ".jfi", ".png", ".webp", ".tif", ".tiff", ".gif", ".bmp", ".avif",
           ".heic", ".heif", ".jxl"}
Rng = np.random.Generator


def load(path: pathlib.Path | str, short: int | None = None, area: int | None = None) -> np.ndarray:
    """RGB; scaled down to `short` pixels on the shorter side, or to about area x area pixels."""
    pixels = reader.read(path)
    h, w = pixels.shape[:2]
    if min(w, h) < 16:
        raise PictureError(f"{path}: {w} x {h} is too small, 16 x 16 is the least")
    scale = min(1.0, short / min(w, h) if short else area / (w * h) ** 0.5 if area else 1.0)
    if scale == 1:
        return pixels
    size = max(16, round(w * scale)), max(16, round(h * scale))
    return np.array(Image.fromarray(pixels).resize(size, Image.Resampling.LANCZOS))


def files(paths: Sequence[pathlib.Path], what: str) -> list[pathlib.Path]:
    """Every picture of the folders and of those inside them, and the files given."""
    found: list[pathlib.Path] = []
    for path in map(pathlib.Path, paths):
        if path.is_dir():
            found += sorted(f for f in path.rglob("*") if f.suffix.lower() in ENDINGS and f.is_file())
        elif path.exists():
            found.append(path)
        else:
            raise InputError(f"{path}: no such file or folder ({what})")
    if not found:
        raise InputError(f"no pictures among the {what}: {', '.join(map(str, paths)) or 'none given'}")
    return found


def folders(paths: Sequence[pathlib.Path], what: str, short: int = 720) -> Window:
    return Window(files(paths, what), lambda f: load(f, short=short))


def tensor(picture: np.ndarray) -> torch.Tensor:
    """[1, 3, H, W], 0 to 1."""
    scale = 255.0 if picture.dtype == np.uint8 else 1.0
    return torch.from_numpy(np.ascontiguousarray(picture)).permute(2, 0, 1)[None].float() / scale


def picture(x: torch.Tensor) -> np.ndarray:
    return (x[0].detach().clamp(0, 1).permute(1, 2, 0).cpu().numpy() * 255 + 0.5).astype(np.uint8)


def batch(parts: Sequence[np.ndarray]) -> torch.Tensor:
    return torch.from_numpy(np.stack(parts)).permute(0, 3, 1, 2).contiguous(memory_format=torch.channels_last)


def resize(picture: np.ndarray, width: int, height: int) -> np.ndarray:
    return np.array(Image.fromarray(picture).resize((width, height), Image.Resampling.BICUBIC, reducing_gap=2))


def to_multiple(picture: np.ndarray, long: int, multiple: int = 8) -> np.ndarray:
    """Scaled so that the longer side is `long` and both are multiples."""
    h, w = picture.shape[:2]
    scale = long / max(h, w)
    sides = [max(multiple, round(s * scale / multiple) * multiple) for s in (w, h)]
    return resize(picture, *sides)


def crop(picture: np.ndarray, size: int, low: int, high: int, rng: Rng) -> np.ndarray:
    """A square piece: the shorter side is taken as low to high pixels, size x size cut out, half are mirrored."""
    h, w = picture.shape[:2]
    short = rng.uniform(max(low, size), max(high, size))
    side = max(1, min(round(size * min(h, w) / short), h, w))
    y, x = int(rng.integers(h - side + 1)), int(rng.integers(w - side + 1))
    piece = picture[y:y + side, x:x + side]
    if side != size:
        piece = resize(np.ascontiguousarray(piece), size, size)
    return piece[:, ::-1] if rng.random() < 0.5 else piece


def odd(size: int, rng: Rng) -> np.ndarray:
    """Flat, graded or noisy pictures, so that networks stay stable on them."""
    first, second = rng.uniform(0, 1, 3), rng.uniform(0, 1, 3)
    kind = rng.integers(4)
    if kind == 0:
        return np.tile(first, (size, size, 1)).astype(np.float32)
    if kind == 1:
        return rng.uniform(0, 1, (size, size, 3)).astype(np.float32)
    t = np.linspace(0, 1, size)
    t = t[:, None, None] if kind == 2 else t[None, :, None]
    graded = np.broadcast_to(first * (1 - t) + second * t, (size, size, 3))
    return np.clip(graded + rng.normal(0, rng.uniform(0, 0.04), graded.shape), 0, 1).astype(np.float32)


def light(piece: np.ndarray, rng: Rng) -> np.ndarray:
    """Mild changes of brightness and contrast; one in twelve grey. 0 to 1."""
    x = piece.astype(np.float32) / 255
    if rng.random() < 0.5:
        x = (x - 0.5) * rng.uniform(0.7, 1.2) + 0.5 + rng.uniform(-0.1, 0.1)
    if rng.random() < 0.08:
        x = np.repeat(x.mean(2, keepdims=True), 3, 2)
    return np.clip(x, 0, 1).astype(np.float32)


def contents(photos: Sequence[np.ndarray], n: int, size: int, rng: Rng) -> torch.Tensor:
    return batch([odd(size, rng) if rng.random() < 0.02
                  else light(crop(photos[rng.integers(len(photos))], size, 256, 600, rng), rng) for _ in range(n)])


def recolour(piece: np.ndarray, rng: Rng) -> np.ndarray:
    """Strong changes of colour: order of the channels, hue, inversion, contrast. 0 to 1."""
    x = piece.astype(np.float32) / 255
    if rng.random() < 0.5:
        x = x[:, :, rng.permutation(3)]
    if rng.random() < 0.5:
        x = x @ hue_turn(rng.uniform(0, 2 * np.pi)).T
    if rng.random() < 0.15:
        x = 1 - x
    if rng.random() < 0.4:
        x = (x - 0.5) * rng.uniform(0.6, 1.4) + 0.5 + rng.uniform(-0.15, 0.15)
    if rng.random() < 0.06:
        x = np.repeat(x.mean(2, keepdims=True), 3, 2)
    return np.clip(x, 0, 1).astype(np.float32)


def hue_turn(angle: float) -> np.ndarray:
    """Rotation around the grey axis."""
    u = np.ones(3) / 3 ** 0.5
    k = np.array([[0, -u[2], u[1]], [u[2], 0, -u[0]], [-u[1], u[0], 0]])
    return (np.eye(3) + np.sin(angle) * k + (1 - np.cos(angle)) * k @ k).astype(np.float32)


def waves(size: int, rng: Rng) -> np.ndarray:
    """Stripes, checks or dots in two to four colours."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    angle = rng.uniform(0, np.pi)
    frequency = 2 * np.pi / np.exp(rng.uniform(np.log(6), np.log(90)))
    a, b = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    kind = rng.integers(3)
    if kind == 0:
        v = np.sin(a * frequency + rng.uniform(0, 8) * np.sin(b * frequency * rng.uniform(0.1, 1)))
    elif kind == 1:
        v = np.sin(a * frequency) * np.sin(b * frequency * rng.uniform(0.5, 2))
    else:
        v = np.maximum(np.sin(a * frequency), np.sin(b * frequency))
    v = np.clip(v * rng.choice([1.0, 2.0, 8.0]), -1, 1)[:, :, None] * 0.5 + 0.5
    colours = rng.uniform(0, 1, (4, 3)).astype(np.float32)
    p = colours[0] + (colours[1] - colours[0]) * v
    if rng.random() < 0.5:
        mask = np.sin(y * frequency * rng.uniform(0.2, 1) + rng.uniform(0, 6))[:, :, None] > 0.3
        p = np.where(mask, colours[2] + (colours[3] - colours[2]) * v, p)
    return p.astype(np.float32)


def cells(size: int, rng: Rng) -> np.ndarray:
    """A mosaic: cells of flat colours, most with dark or light joints."""
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    count = int(rng.integers(20, 200))
    points = rng.uniform(0, size, (count, 2)).astype(np.float32)
    nearest, second = np.full((size, size), 1e9, np.float32), np.full((size, size), 1e9, np.float32)
    owner = np.zeros((size, size), np.int64)
    for i, (py, px) in enumerate(points):
        distance = np.hypot(y - py, x - px)
        closer = distance < nearest
        second = np.where(closer, nearest, np.minimum(second, distance))
        owner, nearest = np.where(closer, i, owner), np.where(closer, distance, nearest)
    colours = rng.uniform(0, 1, (int(rng.integers(3, 9)), 3)).astype(np.float32)
    p = colours[rng.integers(0, len(colours), count)][owner]
    joint = (second - nearest < rng.uniform(0, 4))[:, :, None]
    return np.where(joint, colours[0], p).astype(np.float32)


def zigzags(size: int, rng: Rng) -> np.ndarray:
    y, x = np.mgrid[0:size, 0:size].astype(np.float32)
    width, angle = rng.uniform(12, 70), rng.uniform(0, 2 * np.pi)
    a, b = x * np.cos(angle) + y * np.sin(angle), y * np.cos(angle) - x * np.sin(angle)
    edge = np.abs((a / width) % 2 - 1) * width * rng.uniform(0.2, 1.5)
    colours = rng.uniform(0, 1, (int(rng.integers(3, 9)), 3)).astype(np.float32)
    return colours[((b + edge) / rng.uniform(5, 30)).astype(np.int64) % len(colours)]


PATTERNS: tuple[Callable[[int, Rng], np.ndarray], ...] = (waves, waves, cells, zigzags)


def sheet(rows: Sequence[Sequence[np.ndarray]], cell: int, path: pathlib.Path) -> None:
    """A contact sheet; every picture is cut to a square at its centre."""
    def square(p: np.ndarray) -> np.ndarray:
        side = min(p.shape[:2])
        y, x = (p.shape[0] - side) // 2, (p.shape[1] - side) // 2
        return resize(np.ascontiguousarray(p[y:y + side, x:x + side]), cell, cell)
    image = Image.fromarray(np.concatenate([np.concatenate([square(p) for p in row], 1) for row in rows], 0))
    temporary = path.with_name(path.name + ".tmp")
    image.save(temporary, "JPEG", quality=88)
    temporary.replace(path)
