"""More kinds of style pictures than a folder has: pieces changed in colour, sharpness and direction, drawn shapes,
photographs painted stroke by stroke. A network that is to read any picture must have seen many."""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from .pictures import PATTERNS, Rng, crop, recolour

FINE = 2  # drawn this much larger, then scaled down: smooth edges


def moments(x: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    v = x.reshape(-1, 3)
    return v.mean(0), np.cov(v.T) + 1e-4 * np.eye(3)


def root(m: np.ndarray, power: float) -> np.ndarray:
    values, vectors = np.linalg.eigh(m)
    return vectors * np.maximum(values, 1e-6) ** power @ vectors.T


def palette_of(piece: np.ndarray, other: np.ndarray) -> np.ndarray:
    """The piece with the mean and covariance of the other's colours. 0 to 1."""
    x, y = piece.astype(np.float32) / 255, other.astype(np.float32) / 255
    (mean, cov), (new_mean, new_cov) = moments(x), moments(y)
    gain = np.clip(root(new_cov, 0.5) @ root(cov, -0.5), -4, 4)
    return np.clip((x - mean) @ gain.T + new_mean, 0, 1).astype(np.float32)


def filtered(piece: np.ndarray, rng: Rng) -> np.ndarray:
    """Softer or sharper."""
    blurred = np.asarray(Image.fromarray(piece).filter(ImageFilter.GaussianBlur(rng.uniform(0.6, 3))), np.float32)
    x = piece.astype(np.float32)
    return np.clip(x + rng.uniform(-0.8, 1.2) * (x - blurred), 0, 255).astype(np.uint8)


def changed(piece: np.ndarray, other: np.ndarray, rng: Rng) -> np.ndarray:
    """One piece in many guises. 0 to 1."""
    if rng.random() < 0.5:
        piece = np.rot90(piece, rng.integers(1, 4))
    if rng.random() < 0.15:
        piece = filtered(np.ascontiguousarray(piece), rng)
    kind = rng.random()
    if kind < 0.4:
        return recolour(piece, rng)
    if kind < 0.6:
        return palette_of(piece, other)
    return piece.astype(np.float32) / 255


def collage(first: np.ndarray, second: np.ndarray, rng: Rng) -> np.ndarray:
    """Two pictures beside each other along a soft wavy line."""
    size = first.shape[0]
    noise = Image.fromarray(rng.uniform(0, 1, (4, 4)).astype(np.float32)).resize((size, size), Image.Resampling.BICUBIC)
    mask = np.clip((np.asarray(noise) - 0.5) * rng.uniform(4, 40) + 0.5, 0, 1)[:, :, None]
    return (first * mask + second * (1 - mask)).astype(np.float32)


def palette(rng: Rng) -> np.ndarray:
    """Three to eight colours, half the time near each other."""
    n = int(rng.integers(3, 9))
    if rng.random() < 0.5:
        return rng.uniform(0, 1, (n, 3))
    return np.clip(rng.uniform(0.2, 0.8, 3) + rng.normal(0, rng.uniform(0.05, 0.25), (n, 3)), 0, 1)


def bytes_of(colour) -> tuple[int, ...]:
    return tuple(int(v) for v in np.clip(colour, 0, 1) * 255)


def shapes(size: int, rng: Rng) -> np.ndarray:
    """Flat shapes one over the other: discs, triangles, bands."""
    colours, side = palette(rng), size * FINE
    image = Image.new("RGB", (side, side), bytes_of(colours[0]))
    draw = ImageDraw.Draw(image)
    kind, largest, outline = rng.integers(4), rng.uniform(0.06, 0.5) * side, int(rng.integers(0, 4))
    for _ in range(int(min(500, rng.uniform(2, 6) * (side / largest) ** 2))):
        colour = bytes_of(colours[rng.integers(len(colours))] + rng.normal(0, 0.03, 3))
        line = bytes_of(colours[0]) if outline else None
        x, y, r = rng.uniform(0, side), rng.uniform(0, side), rng.uniform(0.2, 1) * largest / 2
        if kind == 0:
            draw.ellipse((x - r, y - r, x + r, y + r), fill=colour, outline=line, width=outline)
        elif kind == 1:
            angles = rng.uniform(0, 2 * np.pi) + np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 6)))
            draw.polygon([(x + r * np.cos(t), y + r * np.sin(t)) for t in angles], fill=colour, outline=line)
        elif kind == 2:
            draw.rectangle((x - r, y - r * rng.uniform(0.1, 1), x + r, y + r * rng.uniform(0.1, 1)), fill=colour, outline=line)
        else:
            draw.arc((x - r, y - r, x + r, y + r), rng.uniform(0, 360), rng.uniform(0, 360), colour, max(1, int(r / 5)))
    return np.asarray(image.resize((size, size), Image.Resampling.BOX), np.float32) / 255


def directions(grey: np.ndarray, rng: Rng) -> np.ndarray:
    """Angles: along the edges of a picture, in swirls, or all one way."""
    kind = rng.integers(3)
    if kind == 0:
        dy, dx = np.gradient(grey)
        return np.arctan2(dy, dx) + np.pi / 2
    if kind == 1:
        n = int(rng.integers(3, 7))
        noise = Image.fromarray(rng.normal(0, 3, (n, n)).astype(np.float32))
        return np.asarray(noise.resize(grey.shape[::-1], Image.Resampling.BICUBIC))
    return rng.uniform(0, np.pi) + rng.normal(0, 0.2, grey.shape)


def strokes(piece: np.ndarray, rng: Rng) -> np.ndarray:
    """A photograph painted with strokes of a few bristles each, coarse ones first."""
    size = piece.shape[0]
    soft = Image.fromarray(piece).filter(ImageFilter.GaussianBlur(4))
    colours = np.asarray(soft, np.float32) / 255
    angle = directions(np.asarray(soft.convert("L"), np.float32), rng)
    image = soft.resize((size * FINE, size * FINE))
    draw = ImageDraw.Draw(image)
    width, length, vivid = rng.uniform(2.5, 9), rng.uniform(2, 7), rng.uniform(0.02, 0.12)
    bristles = int(rng.integers(1, 4))
    for _ in range(int(min(2500, 3 * size * size / (width * width * length)))):
        y, x = rng.uniform(0, size, 2)
        paint = colours[int(y), int(x)] + rng.normal(0, vivid, 3)
        line, turn = [(x, y)], None
        for _ in range(3):
            turn = angle[int(np.clip(line[-1][1], 0, size - 1)), int(np.clip(line[-1][0], 0, size - 1))]
            line.append((line[-1][0] + np.cos(turn) * width * length / 3, line[-1][1] + np.sin(turn) * width * length / 3))
        across = np.array([-np.sin(turn), np.cos(turn)]) * width / bristles
        for b in range(bristles):
            shift = across * (b - (bristles - 1) / 2)
            draw.line([tuple(FINE * (np.array(p) + shift)) for p in line], bytes_of(paint + rng.normal(0, 0.05)),
                      max(1, int(FINE * width / bristles)), "curve")
    return np.asarray(image.resize((size, size), Image.Resampling.BOX), np.float32) / 255


def drawn(photos, size: int, rng: Rng) -> np.ndarray:
    """Patterns, shapes and strokes, a third each. 0 to 1."""
    kind = rng.integers(3)
    if kind == 0:
        p = PATTERNS[rng.integers(len(PATTERNS))](size, rng)
    elif kind == 1:
        p = shapes(size, rng)
    else:
        piece = strokes(np.ascontiguousarray(crop(photos[rng.integers(len(photos))], size, 256, 600, rng)), rng)
        p = recolour((piece * 255).astype(np.uint8), rng) if rng.random() < 0.5 else piece
    return np.clip(p + rng.normal(0, rng.uniform(0, 0.03), p.shape), 0, 1).astype(np.float32)


def styles(art, shares, photos, n: int, size: int, rng: Rng):
    """n style pictures: pieces of the groups of `art` by their shares, changed; the rest drawn."""
    def piece(group: int) -> np.ndarray:
        pictures = art[group]
        return crop(pictures[rng.integers(len(pictures))], size, 256, 640, rng)
    parts = []
    for _ in range(n):
        group = int(np.searchsorted(np.cumsum(shares), rng.random(), side="right"))
        if group == len(art):
            parts.append(drawn(photos, size, rng))
            continue
        p = changed(piece(group), piece(int(rng.integers(len(art)))), rng)
        if rng.random() < 0.08:
            p = collage(p, changed(piece(group), piece(group), rng), rng)
        parts.append(p)
    return parts
