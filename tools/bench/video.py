"""Frames a second and flicker of sequences, on moving pictures whose motion is known exactly.

    video.py [--build build/release] [--frames 24] [--size 640x360] [--styles starry_night,udnie] [--film FOLDER]

A clip is made of a bundled photograph: a camera that pans by fractions of a pixel, zooms or turns, and one in which a
second photograph's piece passes in front. So the metric's flow is not the stabiliser's own. For each stability:

    error      root mean square, x1000, between each painting and the one before moved along the true motion, in all
               pixels that are seen in both frames
    flicker    the error by the painting's contrast (standard deviation of its brightness); and by stability 0's
    detail     mean magnitude of the painting's Laplacian, by that at stability 0
    ms, fps    processor time of a frame, all of it; frames a second on the clock

--film writes frames as PNG, to be looked at. Needs numpy and Pillow."""

import argparse
import ctypes as C
import pathlib
import time

import numpy as np
from PIL import Image

ROOT = pathlib.Path(__file__).resolve().parent.parent.parent
PHOTOS = {name: ROOT / "models" / "practice" / f"{name}.jpg" for name in ("astronaut", "chelsea", "coffee", "rocket")}
PHOTOS["raccoon"] = ROOT / "examples" / "data" / "photo.jpg"

# ------------------------------------------------------------------ the library


class Style(C.Structure):
    _fields_ = [("id", C.c_char_p), ("picture", C.c_void_p), ("weight", C.c_float)]


class Request(C.Structure):  # its first members
    _fields_ = [("struct_size", C.c_size_t), ("content", C.c_void_p), ("styles", C.c_void_p), ("style_count", C.c_size_t),
                ("rest", C.c_uint8 * 1024)]


class Frame(C.Structure):
    _fields_ = [("struct_size", C.c_size_t), ("planes", C.c_void_p * 3), ("strides", C.c_ssize_t * 3),
                ("width", C.c_uint32), ("height", C.c_uint32), ("format", C.c_int), ("matrix", C.c_int),
                ("range", C.c_int), ("scene", C.c_uint32), ("kept", C.c_float), ("reserved", C.c_uint32),
                ("tag", C.c_int64)]


class Options(C.Structure):
    _fields_ = [("struct_size", C.c_size_t), ("request", C.c_void_p), ("stability", C.c_float), ("depth", C.c_uint32)]


class Error(C.Structure):
    _fields_ = [("status", C.c_int), ("message", C.c_char * 256)]


QUEUE_FULL = 11


class Library:
    """Context and sequences, as a program in C uses them."""

    def __init__(self, build: pathlib.Path) -> None:
        self.c = C.CDLL(str(build / "lib" / "libstylize.so"))
        self.error = Error()
        self.ctx = C.c_void_p()
        self.c.stylize_sequence_destroy.argtypes = [C.c_void_p]
        self.c.stylize_ctx_create(C.byref(self.ctx), None, C.byref(self.error))
        if not self.ctx:
            raise SystemExit(self.error.message.decode())

    def check(self, status: int) -> None:
        if status:
            raise SystemExit(self.error.message.decode())

    def paint(self, clip: np.ndarray, style: str, stability: float) -> tuple[np.ndarray, float]:
        """The paintings, and how much of them was the one before."""
        ref = Style(style.encode(), None, 1)
        request = Request()
        size = next(n for n in range(1040, 64, -8) if not self.c.stylize_request_init(C.byref(request), C.c_size_t(n)))
        assert size
        request.styles, request.style_count = C.cast(C.byref(ref), C.c_void_p), 1
        options = Options()
        self.c.stylize_sequence_init(C.byref(options), C.c_size_t(C.sizeof(Options)))
        options.request, options.stability = C.cast(C.byref(request), C.c_void_p), stability
        sequence = C.c_void_p()
        self.check(self.c.stylize_sequence_create(C.byref(sequence), self.ctx, C.byref(options), C.byref(self.error)))
        out, kept = np.empty_like(clip), []

        def frame(pixels: np.ndarray) -> Frame:
            f = Frame(struct_size=C.sizeof(Frame), width=pixels.shape[1], height=pixels.shape[0], format=1)
            f.planes[0] = pixels.ctypes.data
            return f

        def pull() -> int:
            f = frame(out[len(kept)]) if len(kept) < len(out) else frame(out[0])
            status = self.c.stylize_sequence_pull(sequence, C.byref(f), C.byref(self.error))
            if not status:
                kept.append(f.kept)
            return status

        for picture in clip:
            while (status := self.c.stylize_sequence_push(sequence, C.byref(frame(picture)), None,
                                                          C.byref(self.error))) == QUEUE_FULL:
                self.check(pull())
            self.check(status)
        while len(kept) < len(clip):
            self.check(pull())
        self.c.stylize_sequence_destroy(sequence)
        return out, float(np.mean(kept[1:]))


# ------------------------------------------------------------------ clips with known motion


def cubic(f: np.ndarray) -> list[np.ndarray]:
    a, g = -0.5, 1 - f
    w0, w3 = a * f * g * g, a * g * f * f
    w1 = ((a + 2) * f - (a + 3)) * f * f + 1
    return [w0, w1, 1 - w0 - w1 - w3, w3]


def sample(picture: np.ndarray, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    """Cubic; edges are repeated. picture: height, width, 3."""
    ix, iy = np.floor(x).astype(int), np.floor(y).astype(int)
    wx, wy = cubic((x - ix)[..., None].astype(np.float32)), cubic((y - iy)[..., None].astype(np.float32))
    h, w = picture.shape[:2]
    xs = [np.clip(ix + j - 1, 0, w - 1) for j in range(4)]
    total = np.zeros(x.shape + (3,), np.float32)
    for i in range(4):
        row = np.clip(iy + i - 1, 0, h - 1)
        total += wy[i] * sum(wx[j] * picture[row, xs[j]] for j in range(4))
    return total


def load(name: str, width: int) -> np.ndarray:
    image = Image.open(PHOTOS[name]).convert("RGB")
    return np.asarray(image.resize((width, round(image.height * width / image.width)), Image.LANCZOS), np.float32)


class Layer:
    """A photograph under a camera: where its points lie in frame t is an affine map."""

    def __init__(self, photo: np.ndarray, path, round_: bool = False) -> None:
        self.photo, self.path, self.round = photo, path, round_

    def place(self, t: int, x: np.ndarray, y: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Points of the photograph that are seen at (x, y) of frame t."""
        m = self.path(t)
        return m[0, 0] * x + m[0, 1] * y + m[0, 2], m[1, 0] * x + m[1, 1] * y + m[1, 2]

    def back(self, t: int, px: np.ndarray, py: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        m = np.linalg.inv(np.vstack([self.path(t), [0, 0, 1]]))
        return m[0, 0] * px + m[0, 1] * py + m[0, 2], m[1, 0] * px + m[1, 1] * py + m[1, 2]

    def covers(self, px: np.ndarray, py: np.ndarray) -> np.ndarray:
        if not self.round:
            return np.ones(px.shape, bool)
        h, w = self.photo.shape[:2]
        return ((px - w / 2) / (w * 0.35)) ** 2 + ((py - h / 2) / (h * 0.42)) ** 2 < 1


def path(w: int, h: int, speed=(0.0, 0.0), zoom=1.0, turn=0.0, start=(0.0, 0.0)):
    def at(t: int) -> np.ndarray:
        z, a = zoom ** t, turn * t
        m = np.array([[z * np.cos(a), -z * np.sin(a)], [z * np.sin(a), z * np.cos(a)]])
        centre = np.array([w / 2, h / 2])
        shift = centre - m @ centre + np.array(start) + np.array(speed) * t
        return np.hstack([m, shift[:, None]])
    return at


def clips(w: int, h: int):
    wide = round(w * 1.25)
    middle = ((wide - w) / 2, 20.0)
    yield "pan", [Layer(load("raccoon", wide), path(w, h, (1.37, -0.61), start=(10, 60)))]
    yield "zoom", [Layer(load("chelsea", wide), path(w, h, zoom=0.991, start=middle))]
    yield "turn", [Layer(load("rocket", wide), path(w, h, turn=0.004, start=middle))]
    yield "passing", [Layer(load("coffee", wide), path(w, h, (0.73, 0.31), start=(40, 40))),
                      Layer(load("astronaut", w // 3), path(w, h, (-4.3, -0.4), start=(-w * 0.15, -h * 0.3)), True)]


def grid(w: int, h: int) -> tuple[np.ndarray, np.ndarray]:
    y, x = np.mgrid[0:h, 0:w].astype(np.float64)
    return x, y


def which(layers: list[Layer], t: int, x: np.ndarray, y: np.ndarray) -> np.ndarray:
    top = np.zeros(x.shape, int)
    for i, layer in enumerate(layers):
        top[layer.covers(*layer.place(t, x, y))] = i
    return top


def render(layers: list[Layer], t: int, w: int, h: int) -> np.ndarray:
    x, y = grid(w, h)
    top, out = which(layers, t, x, y), np.zeros((h, w, 3), np.float32)
    for i, layer in enumerate(layers):
        seen = top == i
        if seen.any():
            out[seen] = sample(layer.photo, *(p[seen][None] for p in layer.place(t, x, y)))[0]
    return np.clip(out + 0.5, 0, 255).astype(np.uint8)


def motion(layers: list[Layer], t: int, w: int, h: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Where each pixel of frame t was in frame t - 1, and whether it was seen there."""
    x, y = grid(w, h)
    top, fx, fy = which(layers, t, x, y), np.zeros((h, w)), np.zeros((h, w))
    for i, layer in enumerate(layers):
        seen = top == i
        bx, by = layer.back(t - 1, *(p[seen] for p in layer.place(t, x, y)))
        fx[seen], fy[seen] = bx, by
    inside = (fx >= 1) & (fy >= 1) & (fx <= w - 2) & (fy <= h - 2)
    near = np.zeros((h, w), bool)  # two pixels from an edge of a layer, neither picture is only one of them
    for dy in (-2, 0, 2):
        for dx in (-2, 0, 2):
            near |= np.roll(top, (dy, dx), (0, 1)) != top
            near |= which(layers, t - 1, fx + dx, fy + dy) != top
    return fx, fy, inside & ~near


# ------------------------------------------------------------------ what is measured


def brightness(p: np.ndarray) -> np.ndarray:
    return p.astype(np.float32) @ np.float32([0.299, 0.587, 0.114])


def detail(clip: np.ndarray) -> float:
    total = 0.0
    for frame in clip[2::5]:
        g = brightness(frame)
        total += np.abs(4 * g[1:-1, 1:-1] - g[:-2, 1:-1] - g[2:, 1:-1] - g[1:-1, :-2] - g[1:-1, 2:]).mean()
    return total / len(clip[2::5])


def error(clip: np.ndarray, motions: list) -> float:
    found = []
    for t in range(3, len(clip)):  # the first frames are those of a clip that just began
        fx, fy, seen = motions[t]
        d = sample(clip[t - 1].astype(np.float32), fx, fy) - clip[t]
        found.append(np.sqrt((d[seen] ** 2).mean()) / 255)
    return float(np.mean(found))


def contrast(clip: np.ndarray) -> float:
    return float(np.mean([brightness(f).std() / 255 for f in clip[::5]]))


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    p.add_argument("--frames", type=int, default=24)
    p.add_argument("--size", default="640x360")
    p.add_argument("--styles", default="starry_night,udnie")
    p.add_argument("--stability", default="0,0.5,1")
    p.add_argument("--clips", default="pan,zoom,turn,passing")
    p.add_argument("--film", type=pathlib.Path)
    a = p.parse_args()
    w, h = map(int, a.size.split("x"))
    library = Library(a.build)
    print("| clip | style | stability | error | flicker | by 0 | detail | kept | CPU ms a frame | frames a second |")
    print("|---|---|---|---|---|---|---|---|---|---|")
    for name, layers in clips(w, h):
        if name not in a.clips.split(","):
            continue
        clip = np.stack([render(layers, t, w, h) for t in range(a.frames)])
        motions = [None] + [motion(layers, t, w, h) for t in range(1, a.frames)]
        for style in a.styles.split(","):
            first = None
            for stability in map(float, a.stability.split(",")):
                library.paint(clip[:2], style, stability)  # loads what is loaded once
                cpu, clock = time.process_time(), time.perf_counter()
                painted, kept = library.paint(clip, style, stability)
                cpu, clock = (time.process_time() - cpu) / len(clip), (time.perf_counter() - clock) / len(clip)
                wrong = error(painted, motions)
                values = wrong / contrast(painted), detail(painted)
                first = first or values
                print(f"| {name} | {style} | {stability:g} | {wrong * 1e3:.1f} | {values[0]:.3f} | "
                      f"{values[0] / first[0]:.2f} | {values[1] / first[1]:.2f} | {kept:.2f} | {cpu * 1e3:.1f} | "
                      f"{1 / clock:.1f} |", flush=True)
                if a.film:
                    a.film.mkdir(parents=True, exist_ok=True)
                    for t in range(0, a.frames, 6):
                        Image.fromarray(painted[t]).save(a.film / f"{name}-{style}-{stability:g}-{t:02}.png")
                        if stability == 0:
                            Image.fromarray(clip[t]).save(a.film / f"{name}-{t:02}.png")


if __name__ == "__main__":
    main()
