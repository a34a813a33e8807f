"""A Pillow image is painted as the file that it came from."""

import io
import pathlib
import struct
from typing import Any

import numpy as np
import PIL.Image
import pytest
from PIL import ImageCms

import stylize
from stylize import Stylizer

ORIENTATION = 0x0112


def swapped_profile() -> bytes:
    """A profile in which red and green have changed places."""
    data = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    tags = {}
    for i in range(struct.unpack_from(">I", data, 128)[0]):
        tags[bytes(data[132 + 12 * i : 136 + 12 * i])] = 136 + 12 * i
    red, green = tags[b"rXYZ"], tags[b"gXYZ"]
    data[red : red + 8], data[green : green + 8] = data[green : green + 8], data[red : red + 8]
    return bytes(data)


def srgb_profile() -> bytes:
    return ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes()


def turned(orientation: int) -> PIL.Image.Exif:
    exif = PIL.Image.Exif()
    exif[ORIENTATION] = orientation
    return exif


def card(mode: str) -> PIL.Image.Image:
    y, x = np.mgrid[0:40, 0:64]
    pixels = np.stack([x * 4 % 256, y * 6 % 256, (x + y) * 2 % 256, 255 - x * 3], -1).astype(np.uint8)
    if mode == "I;16":
        return PIL.Image.fromarray((x * 1000 + y * 7).astype(np.uint16))
    image = PIL.Image.fromarray(pixels, "RGBA")
    return image.convert("RGB").convert(mode) if "A" not in mode else image.convert(mode)


CASES: dict[str, tuple[str, str, dict[str, Any]]] = {
    **{f"turned {o}": ("RGB", "jpeg", {"exif": turned(o), "quality": 95}) for o in range(1, 9)},
    "turned png": ("RGBA", "png", {"exif": turned(6)}),
    "turned webp": ("RGB", "webp", {"exif": turned(8), "lossless": True}),
    "profile": ("RGB", "jpeg", {"icc_profile": swapped_profile(), "quality": 95}),
    "profile and alpha": ("RGBA", "png", {"icc_profile": swapped_profile()}),
    "profile and turned": ("RGB", "png", {"icc_profile": swapped_profile(), "exif": turned(5)}),
    "sRGB": ("RGB", "png", {"icc_profile": srgb_profile()}),
    "profile of other pixels": ("L", "png", {"icc_profile": swapped_profile()}),
    "damaged profile": ("RGB", "jpeg", {"icc_profile": b"no profile at all", "quality": 95}),
    "16 bits": ("I;16", "png", {}),
    "grey and alpha": ("LA", "png", {}),
    "palette": ("P", "png", {}),
    "transparent colour": ("P", "png", {"transparency": 3}),
    "two levels": ("1", "png", {}),
    "CMYK": ("CMYK", "jpeg", {"quality": 95}),
}


@pytest.mark.parametrize("name", CASES)
def test_as_the_file(stylizer: Stylizer, tmp_path: pathlib.Path, name: str) -> None:
    mode, kind, options = CASES[name]
    path = tmp_path / f"card.{kind}"
    card(mode).save(path, kind, **options)
    file = stylizer(path, "scream", strength=0.0).numpy()
    with PIL.Image.open(path) as opened:
        image = stylizer(opened, "scream", strength=0.0).numpy()
    assert image.shape == file.shape
    assert np.abs(image.astype(int) - file).max() <= 1  # two versions of Little CMS may round apart


def test_what_is_not_asked_for_stays(stylizer: Stylizer) -> None:
    """The image of the caller, and pixels that need nothing, also with the profile of sRGB."""
    image = card("RGB")
    image.info["icc_profile"] = srgb_profile()
    image.getexif()[ORIENTATION] = 6
    before = image.tobytes()
    painted = stylizer(image, "scream", strength=0.0)
    assert painted.size == (40, 64)
    assert (painted.numpy() == np.rot90(np.asarray(image), -1)).all()
    assert image.tobytes() == before and image.size == (64, 40) and image.info["icc_profile"]
    assert stylizer(np.asarray(image), "scream", strength=0.0).size == (64, 40)


def test_metadata_is_kept_where_it_is_asked_for(stylizer: Stylizer) -> None:
    out = io.BytesIO()
    exif = turned(6)
    exif[0x013B], exif[0x010F] = "A. Painter", "Maker"
    card("RGB").save(out, "jpeg", exif=exif, icc_profile=swapped_profile())
    for keep, tags in (("copyright", {0x013B}), ("exif", {0x0112, 0x010F, 0x013B}), (["copyright", "icc"], {0x013B})):
        image = stylizer(out.getvalue(), "scream", output_format="png", keep_metadata=keep)
        with PIL.Image.open(io.BytesIO(image.tobytes())) as opened:
            found = opened.getexif()
            assert set(found) == tags and found[0x013B] == "A. Painter" and found.get(ORIENTATION, 1) == 1
            assert bool(opened.info.get("icc_profile")) == ("icc" in keep)
    with PIL.Image.open(io.BytesIO(stylizer(out.getvalue(), "scream", output_format="png").tobytes())) as opened:
        assert not opened.getexif() and not opened.info.get("icc_profile")
    with pytest.raises(stylize.InvalidError, match='keep_metadata "gps" is not known; none, copyright, exif'):
        stylizer(out.getvalue(), "scream", output_format="png", keep_metadata="gps")


def test_as_a_style_and_a_mask(stylizer: Stylizer) -> None:
    out = io.BytesIO()
    card("RGB").resize((96, 64)).save(out, "png", exif=turned(6))
    file = out.getvalue()
    image = PIL.Image.open(io.BytesIO(file))
    content = card("RGB")
    assert (stylizer(content, image, masks=image).numpy() == stylizer(content, file, masks=file).numpy()).all()
