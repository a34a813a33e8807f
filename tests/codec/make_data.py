"""Pictures for make_data.sh that other programs then store in many ways, and golden resizes."""
import sys
from pathlib import Path

import numpy as np
from PIL import Image

work, data = Path(sys.argv[1]), Path(sys.argv[2])
W, H = 48, 32
x, y = np.meshgrid(np.arange(W), np.arange(H))

# The card: no two sides or diagonals alike, every value known from x and y (codec_test.c has the same lines).
card = np.stack([40 + 4 * x, 30 + 6 * y, 200 - 2 * x - y], axis=-1).astype(np.uint8)
alpha = (255 - 5 * x).clip(0, 255).astype(np.uint8)
grey = (20 + 3 * x + 2 * y).astype(np.uint8)
Image.fromarray(card).save(work / "card.png")
Image.fromarray(card).save(work / "card.ppm")
Image.fromarray(np.dstack([card, alpha])).save(work / "alpha.png")
Image.fromarray(grey).save(work / "grey.png")
Image.fromarray(np.dstack([grey, alpha])).save(work / "greyalpha.png")
for depth in (1, 2, 4):  # as many levels as the depth has
    levels = (1 << depth) - 1
    steps = (x % (levels + 1) * 255 // levels).astype(np.uint8)
    Image.fromarray(steps).save(work / f"steps{depth}.png")

# What has to be stored so that the tag turns it into the card.
T = Image.Transpose
inverse = {1: None, 2: T.FLIP_LEFT_RIGHT, 3: T.ROTATE_180, 4: T.FLIP_TOP_BOTTOM, 5: T.TRANSPOSE, 6: T.ROTATE_90,
           7: T.TRANSVERSE, 8: T.ROTATE_270}
for tag, op in inverse.items():
    stored = Image.fromarray(card) if op is None else Image.fromarray(card).transpose(op)
    stored.save(work / f"stored{tag}.png")
    stored.save(work / f"stored{tag}.ppm")

# CMYK with black ink: the card's colours as ink.
top = card.max(axis=-1).astype(float)
ink = 255 - np.rint(card / top[..., None] * 255)
cmyk = np.dstack([ink, 255 - top]).astype(np.uint8)
Image.fromarray(cmyk, mode="CMYK").save(data / "cmyk.jpg", quality=95, subsampling=0)

# Animated: a first frame smaller than the canvas is what optimisers make; Pillow keeps frames whole.
frames = [Image.fromarray(card), Image.fromarray(255 - card)]
frames[0].save(data / "animated.webp", save_all=True, append_images=frames[1:], duration=100, lossless=True)
frames[0].save(data / "animated.png", save_all=True, append_images=frames[1:], duration=100)

# Golden resizes: noise over waves and a hard edge, the worst that a filter meets.
rng = np.random.default_rng(1)
w, h = 121, 83
u, v = np.meshgrid(np.arange(w), np.arange(h))
wave = np.stack([np.sin(u / 3) * np.cos(v / 5), np.sin((u + v) / 7), np.cos(u * v / 300)], axis=-1)
photo = (128 + 80 * wave + rng.normal(0, 15, wave.shape)).clip(0, 255)
photo[:, :20] = 255 - photo[:, :20] // 8
photo = photo.astype(np.uint8)
mask = (255 - 2 * u).clip(0, 255).astype(np.uint8)
source = Image.fromarray(photo)
source.save(data / "golden.png", optimize=True)
see_through = Image.fromarray(np.dstack([photo, mask]))
see_through.save(data / "golden_rgba.png", optimize=True)
R = Image.Resampling


def scaled(channels, size, how):
    """Pillow's filter in floating point: its 8-bit one rounds and clamps between the passes."""
    return [np.asarray(Image.fromarray(c.astype(np.float32), mode="F").resize(size, how)) for c in channels]


def save(channels, name):
    pixels = np.stack(channels, axis=-1).round().clip(0, 255).astype(np.uint8)
    Image.fromarray(pixels.squeeze()).save(data / name, optimize=True)


channels = list(np.moveaxis(photo, -1, 0))
save(scaled(channels, (50, 31), R.LANCZOS), "golden_50x31.png")
save(scaled(channels, (120, 17), R.LANCZOS), "golden_120x17.png")
save(scaled(channels, (160, 110), R.BICUBIC), "golden_160x110.png")
save(scaled([c[7:77, 10:110] for c in channels], (33, 40), R.LANCZOS), "golden_crop_33x40.png")
grey = np.asarray(source.convert("L"))
Image.fromarray(grey).save(data / "golden_l.png", optimize=True)
save(scaled([grey], (37, 29), R.LANCZOS), "golden_l_37x29.png")
weighted = scaled([c * (mask / 255.0) for c in channels] + [mask], (50, 31), R.LANCZOS)
save([c * 255.0 / weighted[3] for c in weighted[:3]] + [weighted[3]], "golden_rgba_50x31.png")
