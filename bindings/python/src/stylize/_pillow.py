"""Pillow images as the library would read the files that they came from."""

import contextlib
import io
from typing import Any

from ._errors import InvalidError

_ORIENTATION = 0x0112
_TURNS = {
    2: "FLIP_LEFT_RIGHT", 3: "ROTATE_180", 4: "FLIP_TOP_BOTTOM", 5: "TRANSPOSE", 6: "ROTATE_270", 7: "TRANSVERSE",
    8: "ROTATE_90",
}


def upright_srgb(image: Any) -> Any:
    """The same picture with 8 bits in mode L, RGB or RGBA: turned as its EXIF says, its profile and depth undone.

    The image itself stays as it is.
    """
    profile = image.info.get("icc_profile")
    image = _turned(image)
    if image.mode == "F":
        raise TypeError('a Pillow image of mode "F" says nothing of its range; give an array of uint8')
    if image.mode.startswith("I"):
        image = _eight_bits(image)
    image, alpha = _plain(image)
    if profile:
        image = _converted(image, profile)
    if image.mode == "CMYK":
        image = image.convert("RGB")
    if alpha is not None:
        image = image.convert("RGB")
        image.putalpha(alpha)
    return image


def _turned(image: Any) -> Any:
    import PIL.Image

    turn = _TURNS.get(image.getexif().get(_ORIENTATION, 1))
    return image.transpose(getattr(PIL.Image.Transpose, turn)) if turn else image


def _eight_bits(image: Any) -> Any:
    """Grey of 16 bits, which Pillow keeps in 16 or in 32."""
    image = image.convert("I")
    low, high = image.getextrema()
    if low < 0 or high > 65535:
        raise InvalidError(f"a Pillow image of mode I has values from {low} to {high}; 0 to 65535 are allowed")
    return image.point(lambda value: value * (1 / 257) + 0.5).convert("L")


def _plain(image: Any) -> tuple[Any, Any]:
    """The colours in mode L, RGB or CMYK, and the alpha channel or None."""
    if image.mode in ("RGBa", "La"):
        image = image.convert("RGBA")
    if image.mode in ("LA", "RGBA", "PA") or "transparency" in image.info:
        grey = image.mode in ("L", "LA")
        image = image.convert("RGBA")
        return image.convert("L" if grey else "RGB"), image.getchannel("A")
    if image.mode == "1":
        return image.convert("L"), None
    return image if image.mode in ("L", "RGB", "CMYK") else image.convert("RGB"), None


def _converted(image: Any, profile: bytes) -> Any:
    """In sRGB. A profile that is damaged, or is one for other pixels, counts as none, as in the library."""
    from PIL import ImageCms

    # ImportError: a Pillow without Little CMS, as the library may be without it.
    with contextlib.suppress(ImageCms.PyCMSError, ImportError, OSError, ValueError):
        transform = ImageCms.buildTransform(  # as lib/codec/icc.c does
            ImageCms.ImageCmsProfile(io.BytesIO(profile)), ImageCms.createProfile("sRGB"), image.mode, "RGB",
            renderingIntent=ImageCms.Intent.RELATIVE_COLORIMETRIC, flags=ImageCms.Flags.BLACKPOINTCOMPENSATION,
        )
        if image.mode != "RGB" or not _is_srgb(transform):
            return ImageCms.applyTransform(image, transform)
    return image


def _is_srgb(transform: Any) -> bool:
    """Whether it leaves colours alone, to a level: most profiles are sRGB's, by many names."""
    import PIL.Image
    from PIL import ImageCms

    steps = bytes(range(0, 256, 15))
    colours = bytes(channel for r in steps for g in steps for b in steps for channel in (r, g, b))
    probe = PIL.Image.frombytes("RGB", (len(colours) // 3, 1), colours)
    after = ImageCms.applyTransform(probe, transform)
    return after is not None and all(abs(a - b) <= 1 for a, b in zip(after.tobytes(), colours))
