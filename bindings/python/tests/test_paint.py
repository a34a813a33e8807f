"""What goes in, what comes out, what is refused."""

import io
import logging
import math
import pathlib
import subprocess
from typing import Any

import numpy as np
import PIL.Image
import pytest

import stylize
from stylize import Stylizer


@pytest.fixture(scope="module")
def pixels(stylizer: Stylizer, photo: str) -> Any:
    """A small photograph, as an array."""
    image = stylizer.decode(photo).resize(96, 64)
    return image.numpy().copy()


@pytest.fixture(scope="module")
def painted(stylizer: Stylizer, pixels: Any) -> Any:
    return stylizer(pixels, "scream").numpy().copy()


def png(array: Any) -> bytes:
    out = io.BytesIO()
    PIL.Image.fromarray(array).save(out, "png")
    return out.getvalue()


def test_every_kind_of_picture_gives_the_same(
    stylizer: Stylizer, pixels: Any, painted: Any, tmp_path: pathlib.Path
) -> None:
    file = tmp_path / "p.png"
    file.write_bytes(png(pixels))
    wide = np.zeros((64, 120, 3), np.uint8)
    wide[:, 10:106] = pixels
    readonly = pixels.copy()
    readonly.flags.writeable = False
    kinds: dict[str, Any] = {
        "str": str(file),
        "path": file,
        "bytes": png(pixels),
        "bytearray": bytearray(png(pixels)),
        "memoryview": memoryview(png(pixels)),
        "strided bytes": memoryview(b"".join(bytes([b, 0]) for b in png(pixels)))[::2],
        "file": io.BytesIO(png(pixels)),
        "array": pixels,
        "read-only array": readonly,
        "crop": wide[:, 10:106],
        "upside down": pixels[::-1].copy()[::-1],
        "fortran": np.asfortranarray(pixels),
        "reversed channels": pixels[..., ::-1].copy()[..., ::-1],
        "buffer": memoryview(pixels.tobytes()).cast("B", pixels.shape),
        "pil": PIL.Image.fromarray(pixels),
        "palette": PIL.Image.fromarray(pixels),
        "image": stylizer.decode(png(pixels)),
        "encoded image": stylizer.decode(png(pixels)).encode("png"),
    }
    for kind, picture in kinds.items():
        assert (stylizer(picture, "scream").numpy() == painted).all(), kind


def test_arrays_and_bytes_are_not_copied(stylizer: Stylizer, pixels: Any) -> None:
    from stylize._content import take

    for array in (pixels, pixels[10:50, 20:60], pixels[..., 0].copy()):
        assert take(stylizer._context, array).raw.pixels == array.ctypes.data
    data = png(pixels)
    assert take(stylizer._context, data).raw.pixels == np.frombuffer(data, np.uint8).ctypes.data
    image = stylizer.decode(data)
    array = image.numpy()
    assert array.ctypes.data == image._raw.pixels and not array.flags.owndata


def test_result_memory_lives_as_long_as_its_array(photo: str) -> None:
    with Stylizer(threads=1) as stylizer:
        array = stylizer(photo, "scream", output_size=64).numpy()
        before = array.copy()
        for _ in range(20):
            stylizer(photo, "udnie", output_size=64)
    assert (array == before).all()


def test_messages_are_in_words_of_python(stylizer: Stylizer, pixels: Any) -> None:
    with pytest.raises(stylize.InvalidError, match='0 to 1 is allowed, or "auto"'):
        stylizer(pixels, "scream", strength=2.0)
    with pytest.raises(TypeError, match="uint8 is needed, not of float64"):
        stylizer(pixels / 255, "scream")
    with pytest.raises(TypeError, match="uint8 is needed, not of int16"):
        stylizer(pixels.astype(np.int16), "scream")
    with pytest.raises(stylize.NotFoundError, match='"starry night" is no file, and no id of a style'):
        stylizer(pixels, "starry night")
    with pytest.raises(stylize.FileError, match="No such file"):
        stylizer(pixels, "no such artwork.jpg")


def test_damaged_pictures(stylizer: Stylizer, pixels: Any) -> None:
    data = png(np.random.default_rng(1).integers(0, 256, (64, 96, 3), np.uint8))
    cut = data[: len(data) // 2]
    with pytest.raises(stylize.FormatError, match="cut short"):
        stylizer(cut, "scream")
    image = stylizer(cut, "scream", tolerant=True)
    assert image.size == (96, 64) and image.report is not None and image.report.damaged
    whole = stylizer(data, "scream", tolerant=True).report
    assert whole is not None and not whole.damaged
    with Stylizer(threads=1, tolerant=True) as tolerant:
        assert (tolerant.decode(cut).numpy()[:20] == stylizer.decode(data).numpy()[:20]).all()


def test_grey_and_alpha(stylizer: Stylizer, pixels: Any) -> None:
    grey = pixels[..., 1].copy()
    as_rgb = stylizer(np.repeat(grey[..., None], 3, 2), "udnie").numpy()
    assert (stylizer(grey, "udnie").numpy() == as_rgb).all()
    assert (stylizer(grey[..., None], "udnie").numpy() == as_rgb).all()
    assert (stylizer(PIL.Image.fromarray(grey), "udnie").numpy() == as_rgb).all()

    alpha = np.dstack([pixels, np.arange(96, dtype=np.uint8)[None].repeat(64, 0)])
    image = stylizer(alpha, "udnie")
    assert image.format == "rgba8" and (image.numpy()[..., 3] == alpha[..., 3]).all()
    assert image.pil().mode == "RGBA" and image._repr_jpeg_() is None
    shown = image._repr_png_()
    assert shown is not None and shown.startswith(b"\x89PNG")


def test_bytes_are_the_commands(stylizer: Stylizer, command: str, photo: str, artwork: str, tmp_path: pathlib.Path) -> None:
    cases: list[tuple[list[str], Any, dict[str, Any], str]] = [
        (["--style", "starry_night"], "starry_night", {"output_size": 256}, "jpg"),
        (["--style-image", artwork, "--strength", "0.8"], artwork, {"output_size": 256, "strength": 0.8}, "png"),
        (["--style", "great_wave:0.5,scream:0.5"], {"great_wave": 0.5, "scream": 0.5}, {"output_size": 256}, "webp"),
        (["--style", "udnie", "--style-scale", "1.5"], "udnie", {"output_size": 256, "style_scale": 1.5}, "png"),
        (["--style", "udnie", "--preserve-color"], "udnie", {"output_size": 256, "preserve_color": True}, "jpg"),
    ]
    for arguments, style, options, ending in cases:
        theirs, ours = tmp_path / f"theirs.{ending}", tmp_path / f"ours.{ending}"
        subprocess.run([command, photo, *arguments, "--size", "256", "-o", theirs, "--force"], check=True)
        stylizer(photo, style, **options).save(ours)
        assert ours.read_bytes() == theirs.read_bytes(), arguments
        encoded = stylizer(photo, style, **options, output_format="jpeg" if ending == "jpg" else ending)
        assert encoded.tobytes() == theirs.read_bytes(), arguments


def test_auto_strength(stylizer: Stylizer, pixels: Any) -> None:
    chosen = stylizer(pixels, "great_wave", strength="auto")
    assert chosen.report is not None and 0 < chosen.report.strength <= 1
    number = stylizer(pixels, "great_wave", strength=chosen.report.strength)
    assert (number.numpy() == chosen.numpy()).all()
    assert number.report is not None and number.report.strength == chosen.report.strength


def test_masks(stylizer: Stylizer, pixels: Any, command: str, photo: str, tmp_path: pathlib.Path) -> None:
    height, width = pixels.shape[:2]
    left = np.zeros((height, width), dtype=np.uint8)
    left[:, : width // 2] = 255
    right = 255 - left
    one, other = stylizer(pixels, "scream").numpy(), stylizer(pixels, "udnie").numpy()
    masked = stylizer(pixels, "scream", masks=left).numpy()
    assert (masked[:, : width // 2] == one[:, : width // 2]).all()
    assert (masked[:, width // 2 :] == pixels[:, width // 2 :]).all()
    both = stylizer(pixels, ["scream", "udnie"], masks=[left, right]).numpy()
    assert (both[:, : width // 2] == one[:, : width // 2]).all() and (both[:, width // 2 :] == other[:, width // 2 :]).all()
    blend = stylizer(pixels, ["scream", "udnie"]).numpy()
    assert (stylizer(pixels, ["scream", "udnie"], masks=[None, None]).numpy() == blend).all()
    same = stylizer(pixels, ["scream", "udnie"], masks=[left, left]).numpy()
    assert (same[:, : width // 2] == blend[:, : width // 2]).all()
    art = np.where(left[..., None] > 0, pixels, 255 - pixels)
    part = stylizer(pixels, art, style_masks=left).numpy()
    assert (part != stylizer(pixels, art).numpy()).any() and (part != stylizer(pixels, art, style_masks=right).numpy()).any()
    pair = stylizer(pixels, [art, art], masks=[left, right], style_masks=[left, right]).numpy()
    assert (pair[:, : width // 2] == part[:, : width // 2]).all()
    with pytest.raises(stylize.InvalidError, match="2 masks for 1 style"):
        stylizer(pixels, "scream", masks=[left, right])
    with pytest.raises(TypeError):
        stylizer(pixels, "scream", masks=3)  # type: ignore[arg-type]

    file, painted = tmp_path / "mask.png", tmp_path / "painted.png"
    stylizer.image(left).save(file)
    subprocess.run([command, photo, "--style", "scream", "--mask", file, "--size", "128", "-o", painted], check=True)
    stylizer(photo, "scream", masks=file, output_size=128).save(tmp_path / "ours.png")
    assert (tmp_path / "ours.png").read_bytes() == painted.read_bytes()


def test_styles_and_blends(stylizer: Stylizer, pixels: Any, artwork: str) -> None:
    mean = stylizer(pixels, {"scream": 1, "udnie": 1}).numpy()
    assert (stylizer(pixels, [("scream", 2), ("udnie", 2.0)]).numpy() == mean).all()
    assert (stylizer(pixels, ["scream", "udnie"]).numpy() == mean).all()
    assert (stylizer(pixels, "scream").numpy() != mean).any()

    art = pathlib.Path(artwork)
    first = stylizer(pixels, art).numpy()
    assert (stylizer(pixels, art.read_bytes()).numpy() == first).all()
    stylizer.add_style("mine", art, display_name="Mine", year=1900)
    try:
        mine = next(s for s in stylizer.styles() if s.id == "mine")
        assert (mine.display_name, mine.year, mine.added) == ("Mine", 1900, True)
        assert (stylizer(pixels, "mine").numpy() == first).all()
        with pytest.raises(stylize.ExistsError):
            stylizer.add_style("mine", art)
    finally:
        stylizer.remove_style("mine")
    with pytest.raises(stylize.NotFoundError):
        stylizer.remove_style("mine")
    assert len(stylizer.styles()) == 16
    assert stylizer.styles("zh")[0].display_name != stylizer.styles("en")[0].display_name


def test_outputs(stylizer: Stylizer, photo: str, tmp_path: pathlib.Path) -> None:
    image = stylizer(photo, "scream", output_width=80, output_height=60)
    assert image.size == (80, 60) and (image.width, image.height) == (80, 60)
    assert image.report is not None and image.report.model == "brush" and image.report.tiles == 1
    assert image.numpy().shape == (60, 80, 3)
    assert (np.asarray(image.pil()) == image.numpy()).all()
    assert len(image.tobytes()) == 60 * 80 * 3
    for ending, name in (("png", "PNG"), ("webp", "WEBP"), ("jpg", "JPEG"), ("JPEG", "JPEG")):
        image.save(tmp_path / f"o.{ending}")
        with PIL.Image.open(tmp_path / f"o.{ending}") as saved:
            assert saved.format == name and saved.size == (80, 60)
    encoded = stylizer(photo, "scream", output_size=64, output_format="png")
    assert encoded.encoded and encoded.format == "png" and encoded.size == (64, 48)
    encoded.save(tmp_path / "e.jpg")
    with PIL.Image.open(tmp_path / "e.jpg") as saved:
        assert saved.format == "JPEG"
    assert encoded.decode().encoded is False and bytes(encoded) == encoded.tobytes()
    with pytest.raises(TypeError):
        np.asarray(encoded)
        encoded.__array_interface__
    shown = image._repr_jpeg_()
    assert shown is not None and shown.startswith(b"\xff\xd8")
    assert "80x60" in repr(image) and "png" in repr(encoded)
    with pytest.raises(stylize.InvalidError):
        image.save(tmp_path / "o.gif")
    with pytest.raises(stylize.FileError):
        image.save(tmp_path / "none" / "o.png")
    assert sorted(p.name for p in tmp_path.iterdir()) == ["e.jpg", "o.JPEG", "o.jpg", "o.png", "o.webp"]


def test_pictures_outlive_their_stylizer(photo: str, tmp_path: pathlib.Path) -> None:
    with Stylizer(threads=1) as stylizer:
        image = stylizer(photo, "scream", output_size=64)
    image.save(tmp_path / "late.png")
    assert image.encode("jpeg").decode().resize(16, 16).numpy().shape == (16, 16, 3)


def test_progress_rises_and_can_stop(stylizer: Stylizer, photo: str) -> None:
    heard: list[float] = []
    stylizer(photo, "scream", output_size=64, progress=heard.append)
    assert heard == sorted(heard) and heard[0] == 0 and heard[-1] == 1

    with pytest.raises(stylize.CancelledError):
        stylizer(photo, "scream", output_size=64, progress=lambda done: False)

    class Enough(Exception):
        pass

    def stop(done: float) -> None:
        raise Enough

    with pytest.raises(Enough):
        stylizer(photo, "scream", output_size=64, progress=stop)


def test_optimize_shows_its_steps(stylizer: Stylizer, pixels: Any) -> None:
    """Where the torch engine is installed; elsewhere the error says what to install."""
    options: Any = {"method": "optimize", "output_size": 64, "seed": 1}
    with pytest.raises(stylize.UnsupportedError):
        stylizer.tiling(pixels, "scream", **options)
    seen: list[tuple[int, ...] | None] = []
    try:
        stylizer(pixels, "scream", iterations=12, preview=lambda picture: seen.append(picture.shape), **options)
    except stylize.NotFoundError as e:
        assert "libstylize_torch.so" in str(e)
        return
    assert seen and all(shape is not None and shape[2] == 3 for shape in seen)
    before = len(seen)

    def enough(picture: memoryview) -> bool:
        seen.append(picture.shape)
        return False

    assert stylizer(pixels, "scream", iterations=12, preview=enough, **options).width == 64
    assert len(seen) == before + 1

    def broken(picture: memoryview) -> None:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        stylizer(pixels, "scream", iterations=12, preview=broken, **options)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"strength": 2.0}, stylize.InvalidError),
        ({"strength": math.nan}, stylize.InvalidError),
        ({"strength": "much"}, TypeError),
        ({"output_size": -1}, stylize.InvalidError),
        ({"output_size": 2**32 + 64}, stylize.InvalidError),
        ({"output_size": 64.0}, TypeError),
        ({"output_size": 8}, stylize.InvalidError),
        ({"output_size": 100000}, stylize.LimitError),
        ({"output_width": 64}, stylize.InvalidError),
        ({"method": "magic"}, stylize.InvalidError),
        ({"method": 17}, stylize.InvalidError),
        ({"optimizer": "luck"}, stylize.InvalidError),
        ({"preserve_color": 2}, stylize.InvalidError),
        ({"style_scale": 9}, stylize.InvalidError),
        ({"preview": 3}, TypeError),
        ({"output_format": "gif"}, stylize.InvalidError),
        ({"output_format": "gray8"}, stylize.InvalidError),
        ({"quality": 101}, stylize.InvalidError),
        ({"memory_budget": 1}, stylize.InvalidError),
        ({"preserve_colour": True}, TypeError),
        ({"progress": 3}, TypeError),
    ],
)
def test_wrong_options(stylizer: Stylizer, photo: str, options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        stylizer(photo, "scream", **options)


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (None, TypeError),
        (3, TypeError),
        (object(), TypeError),
        (np.zeros((32, 32, 3), np.float32), TypeError),
        (np.zeros((32, 32, 3), np.int8), TypeError),
        (np.zeros((32, 32, 2), np.uint8), TypeError),
        (np.zeros((2, 32, 32, 3), np.uint8), TypeError),
        (np.zeros((0, 32, 3), np.uint8), stylize.InvalidError),
        (np.zeros((4, 4, 3), np.uint8), stylize.InvalidError),
        (io.StringIO("text"), TypeError),
        (b"", stylize.InvalidError),
        (b"no picture at all", stylize.FormatError),
        (b"\xff\xd8\xff\xe0 damaged", stylize.FormatError),
        ("/nowhere/photo.jpg", stylize.FileError),
        (PIL.Image.new("I", (32, 32), 70000), stylize.InvalidError),
        (PIL.Image.new("F", (32, 32)), TypeError),
    ],
)
def test_wrong_pictures(stylizer: Stylizer, content: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        stylizer(content, "scream")


def test_weight_zero_takes_no_part(stylizer: Stylizer, photo: str) -> None:
    assert bytes(stylizer(photo, {"scream": 0, "udnie": 1}, output_size=64)) == bytes(
        stylizer(photo, "udnie", output_size=64)
    )


@pytest.mark.parametrize(
    ("style", "error"),
    [
        ("no_such_style", stylize.NotFoundError),
        ("No Such.jpg", stylize.FileError),
        (None, TypeError),
        ([], stylize.InvalidError),
        ({}, stylize.InvalidError),
        ({"scream": 0}, stylize.InvalidError),
        ({"scream": 0, "udnie": 0}, stylize.InvalidError),
        ({"scream": -1, "udnie": 1}, stylize.InvalidError),
        ({"scream": "much"}, TypeError),
        (["scream"] * 17, stylize.InvalidError),
    ],
)
def test_wrong_styles(stylizer: Stylizer, photo: str, style: Any, error: type[Exception]) -> None:
    with pytest.raises(error):
        stylizer(photo, style)


@pytest.mark.parametrize(
    ("options", "error"),
    [
        ({"threads": -1}, stylize.InvalidError),
        ({"threads": 1000}, stylize.InvalidError),
        ({"threads": "two"}, TypeError),
        ({"engine": "steam"}, stylize.NotFoundError),
        ({"engine": 3}, TypeError),
        ({"engine": "native\0"}, stylize.InvalidError),
        ({"precision": "fp64"}, stylize.InvalidError),
        ({"model_dir": "/nowhere"}, stylize.NotFoundError),
        ({"colour": 1}, TypeError),
    ],
)
def test_wrong_context_options(options: dict[str, Any], error: type[Exception]) -> None:
    with pytest.raises(error):
        Stylizer(**options)


def test_limits_and_deadlines(photo: str) -> None:
    with Stylizer(threads=1, max_side=512) as small:
        with pytest.raises(stylize.LimitError):
            small(photo, "scream")
    with Stylizer(threads=1, queue_length=1) as one:
        with pytest.raises(stylize.DeadlineError):
            one(photo, "scream", deadline_ms=1)


def test_looking(stylizer: Stylizer, photo: str) -> None:
    info = stylizer.probe(photo)
    assert (info.format, info.width, info.height) == ("jpeg", 1024, 768)
    assert stylizer.info()["version"] == stylize.version()
    before = stylizer.stats()["completed"]
    stylizer(photo, "scream", output_size=32)
    assert stylizer.stats()["completed"] == before + 1
    stylizer.warm_up("scream", 64)
    with pytest.raises(stylize.InvalidError):
        stylizer.warm_up("scream", -1)
    assert stylizer.bench(width=64, height=64, rounds=1)["min_ms"] > 0
    copy = stylizer.image(np.zeros((20, 30, 3), np.uint8))
    assert copy.size == (30, 20) and stylizer.image(photo).format == "jpeg"


def test_log_goes_to_logging_or_a_function(
    tmp_path: pathlib.Path, root: pathlib.Path, caplog: pytest.LogCaptureFixture
) -> None:
    import shutil

    models = tmp_path / "models"
    shutil.copytree(root / "models", models, ignore=shutil.ignore_patterns("*.onnx", "*.pt", "previews"))
    (models / "styles" / "codes" / "scream.safetensors").write_bytes(b"broken")
    with caplog.at_level(logging.WARNING, "stylize"):
        Stylizer(threads=1, model_dir=models).close()
    assert "scream" in caplog.text
    lines: list[tuple[int, str]] = []
    Stylizer(threads=1, model_dir=models, log=lambda level, text: lines.append((level, text))).close()
    assert any("scream" in text and level <= stylize.LogLevel.WARNING for level, text in lines)
