"""Moving pictures: `Stylizer.video` on arrays, pictures and PyAV's frames."""

import fractions
import gc
import io
import pathlib
from collections.abc import Iterator
from typing import Any

import av
import numpy
import PIL.Image
import pytest

import stylize

Array = numpy.ndarray[Any, numpy.dtype[numpy.uint8]]


@pytest.fixture(scope="module")
def clip(photo: str) -> list[Array]:
    """A camera that pans over a photograph, 96x64."""
    with PIL.Image.open(photo) as opened:
        whole = numpy.asarray(opened.convert("RGB").resize((200, 133)))
    return [whole[20:84, 10 + 2 * n : 106 + 2 * n] for n in range(6)]


def same(a: list[Any], b: list[Any]) -> bool:
    return len(a) == len(b) and all(numpy.array_equal(x, y) for x, y in zip(a, b))


def test_arrays(stylizer: stylize.Stylizer, clip: list[Array]) -> None:
    painted = list(stylizer.video(clip, "udnie"))
    assert [(type(p), p.shape, p.dtype) for p in painted] == [(numpy.ndarray, (64, 96, 3), numpy.uint8)] * 6
    assert all(p.flags.owndata and p.flags.writeable for p in painted)
    assert len({p.ctypes.data for p in painted}) == 6
    # The first is what a still gives; those that follow keep to the ones before, unless that is not wanted.
    assert numpy.array_equal(painted[0], numpy.asarray(stylizer(clip[0], "udnie")))
    alone = list(stylizer.video(clip, "udnie", stability=0))
    assert same(alone, [numpy.asarray(stylizer(frame, "udnie")) for frame in clip])
    assert not same(alone[1:], painted[1:])
    for depth in (1, 5, 64):
        assert same(list(stylizer.video(iter(clip), "udnie", depth=depth)), painted)


def test_arrays_of_opencv(stylizer: stylize.Stylizer, clip: list[Array]) -> None:
    painted = list(stylizer.video(clip, "udnie"))
    blue = [numpy.ascontiguousarray(frame[..., ::-1]) for frame in clip]
    assert same([p[..., ::-1] for p in stylizer.video(blue, "udnie", order="bgr")], painted)
    alpha = numpy.full((64, 96, 1), 70, numpy.uint8)
    with_alpha = list(stylizer.video([numpy.dstack([frame, alpha]) for frame in blue], "udnie", order="bgr"))
    assert all(numpy.array_equal(p[..., 3:], alpha) for p in with_alpha)
    assert same([p[..., 2::-1] for p in with_alpha], painted)
    with pytest.raises(stylize.InvalidError, match="rgb and bgr are"):
        stylizer.video(clip, "udnie", order="rbg")  # type: ignore[arg-type]
    with pytest.raises(TypeError, match="NumPy arrays"):
        list(stylizer.video([PIL.Image.fromarray(clip[0])], "udnie", order="bgr"))


def test_other_pictures(stylizer: stylize.Stylizer, clip: list[Array], tmp_path: pathlib.Path) -> None:
    painted = list(stylizer.video(clip, "udnie"))
    pillow = list(stylizer.video([PIL.Image.fromarray(frame) for frame in clip], "udnie"))
    assert all(isinstance(p, PIL.Image.Image) for p in pillow)
    assert same([numpy.asarray(p) for p in pillow], painted)
    paths = [tmp_path / f"{n}.png" for n in range(6)]
    for frame, path in zip(clip, paths):
        PIL.Image.fromarray(frame).save(path)
    images = list(stylizer.video(paths, "udnie"))
    assert all(isinstance(p, stylize.Image) for p in images)
    del painted[-1], images[-1]
    gc.collect()
    assert same([numpy.asarray(p) for p in images], painted)
    images[0].save(tmp_path / "painted.png")
    grey = list(stylizer.video([frame[..., 0] for frame in clip], "udnie"))
    assert same(grey, list(stylizer.video([frame[..., [0, 0, 0]] for frame in clip], "udnie")))
    assert next(iter(stylizer.video([bytes_of(clip[0])], "udnie"))).size == (96, 64)


def bytes_of(frame: Array) -> bytes:
    memory = io.BytesIO()
    PIL.Image.fromarray(frame).save(memory, "PNG")
    return memory.getvalue()


def av_frames(clip: list[Array], format: str) -> list[av.VideoFrame]:
    frames = []
    for n, pixels in enumerate(clip):
        frame = av.VideoFrame.from_ndarray(pixels, "rgb24").reformat(format=format)
        frame.pts, frame.time_base = 7 + 3 * n, fractions.Fraction(1, 90)
        frames.append(frame)
    return frames


@pytest.mark.parametrize("format", ["rgb24", "bgr24", "rgba", "bgra", "yuv420p", "yuvj420p", "yuv444p", "yuv420p10le", "gray", "gbrp"])
def test_frames_of_pyav(stylizer: stylize.Stylizer, clip: list[Array], format: str) -> None:
    frames = av_frames(clip, format)
    painted = list(stylizer.video(frames, "udnie"))
    assert all(isinstance(p, av.VideoFrame) for p in painted)
    assert [(p.pts, p.time_base) for p in painted] == [(f.pts, f.time_base) for f in frames]
    # As near to the painting of the arrays as one rounding of colours to YUV and back is.
    arrays = [frame.to_ndarray(format="rgb24") for frame in frames]
    rgb = format in ("rgb24", "bgr24", "rgba", "bgra", "gbrp")
    for one, other in zip(painted, stylizer.video(arrays, "udnie")):
        apart = numpy.abs(one.to_ndarray(format="rgb24").astype(int) - other)
        assert apart.max() == 0 if rgb else apart.mean() < 12, (format, apart.mean())


def test_what_colours_mean_is_kept(stylizer: stylize.Stylizer, clip: list[Array]) -> None:
    frame = av_frames(clip[:1], "yuv420p")[0]
    frame.colorspace, frame.color_range = 1, 2
    painted = next(iter(stylizer.video([frame], "udnie", strength=0)))
    assert (int(painted.colorspace), int(painted.color_range)) == (1, 2)
    for before, after in zip(frame.planes, painted.planes):
        a, b = numpy.frombuffer(memoryview(before), numpy.uint8), numpy.frombuffer(memoryview(after), numpy.uint8)
        assert numpy.abs(a.astype(int) - b).max() <= 2


def test_from_file_to_file(stylizer: stylize.Stylizer, clip: list[Array], tmp_path: pathlib.Path) -> None:
    """As the documentation has it."""
    with av.open(str(tmp_path / "in.mp4"), "w") as out:
        stream = out.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for pixels in clip:
            out.mux(stream.encode(av.VideoFrame.from_ndarray(pixels, "rgb24")))
        out.mux(stream.encode(None))
    with av.open(str(tmp_path / "in.mp4")) as source, av.open(str(tmp_path / "out.mp4"), "w") as sink:
        stream = sink.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuv420p"
        for frame in stylizer.video(source.decode(video=0), "udnie"):
            frame.pict_type = 0
            sink.mux(stream.encode(frame))
        sink.mux(stream.encode(None))
    with av.open(str(tmp_path / "out.mp4")) as result:
        assert len(list(result.decode(video=0))) == 6


def test_sizes_and_options(stylizer: stylize.Stylizer, clip: list[Array]) -> None:
    assert [p.shape for p in stylizer.video(clip, "udnie", output_width=48, output_height=32)] == [(32, 48, 3)] * 6
    still = list(stylizer.video(clip, "udnie", strength=0, stability=0))
    assert same(still, clip)
    for name, value in (("out", clip[0]), ("progress", print), ("quality", 90), ("output_format", "png")):
        with pytest.raises(TypeError, match=name):
            stylizer.video(clip, "udnie", **{name: value})  # type: ignore[arg-type]
    with pytest.raises(stylize.InvalidError, match="0 to 1 is allowed"):
        stylizer.video(clip, "udnie", stability=2)
    with pytest.raises(stylize.InvalidError, match="depth is 65"):
        stylizer.video(clip, "udnie", depth=65)
    with pytest.raises(stylize.InvalidError, match="depth is -1"):
        stylizer.video(clip, "udnie", depth=-1)
    with pytest.raises(TypeError, match="no option colour"):
        stylizer.video(clip, "udnie", colour=1)  # type: ignore[call-arg]
    with pytest.raises(stylize.NotFoundError):
        list(stylizer.video(clip, "nothing"))
    assert list(stylizer.video([], "udnie")) == []


def test_styles_that_change(stylizer: stylize.Stylizer, clip: list[Array], artwork: str) -> None:
    blends = [{"udnie": 1 - n / 5, "scream": n / 5} for n in range(6)]
    changing = list(stylizer.video(clip, lambda n: blends[n], stability=0))
    assert same(changing, [numpy.asarray(stylizer(frame, blend)) for frame, blend in zip(clip, blends)])
    picture = numpy.asarray(PIL.Image.open(artwork).convert("RGB"))
    names: list[Any] = ["udnie", "udnie", picture, picture, "scream", "udnie"]
    changing = list(stylizer.video(clip, lambda n: names[n], stability=0))
    assert same(changing, [numpy.asarray(stylizer(frame, name)) for frame, name in zip(clip, names)])


def test_wrong_frames(stylizer: stylize.Stylizer, clip: list[Array]) -> None:
    bad: list[tuple[type[Exception], str, Any]] = [
        (stylize.InvalidError, "96x60, those before were 96x64; one video has one size", clip[1][:60]),
        (TypeError, "uint8", clip[1].astype(numpy.uint16)),
        (TypeError, "a picture is needed, not NoneType", None),
        (stylize.FileError, "nothing.png", "nothing.png"),
        (stylize.FormatError, "picture|format", b"no picture"),
    ]
    for kind, text, frame in bad:
        video = stylizer.video([clip[0], frame], "udnie", depth=1)
        with pytest.raises(kind, match=text):
            list(video)
        assert list(video) == []
    with pytest.raises(stylize.InvalidError, match="16x16"):
        list(stylizer.video([clip[0][:8, :8]], "udnie"))
    with stylize.Stylizer(deep=True, threads=1) as deep:
        with pytest.raises(stylize.InvalidError, match="8 bits a channel, not those of rgb16"):
            list(deep.video([deep.decode(deep(clip[0], "udnie", output_format="png", output_depth=16))], "udnie"))

    def failing() -> Iterator[Array]:
        yield clip[0]
        raise KeyError("camera")

    with pytest.raises(KeyError, match="camera"):
        list(stylizer.video(failing(), "udnie"))


def test_leaving_early(stylizer: stylize.Stylizer, clip: list[Array]) -> None:
    read = []

    def frames() -> Iterator[Array]:
        for n, frame in enumerate(clip):
            read.append(n)
            yield frame

    for _ in stylizer.video(frames(), "udnie", depth=2):
        break
    gc.collect()
    assert read == [0, 1, 2]
    stylizer.video(clip, "udnie")  # never begun
    gc.collect()
    assert not stylizer._context._sequences


@pytest.mark.parametrize("cancel", [False, True])
def test_closing_in_the_middle(clip: list[Array], cancel: bool) -> None:
    stylizer = stylize.Stylizer(threads=1)
    video = stylizer.video(clip, "udnie", depth=2)
    next(video)
    never = stylizer.video(clip, "udnie")
    stylizer.close(cancel=cancel)
    with pytest.raises(stylize.ClosedError):
        next(video)
    with pytest.raises(stylize.ClosedError):
        next(never)
    with pytest.raises(stylize.ClosedError):
        stylizer.video(clip, "udnie")


def test_a_queue_that_others_fill(clip: list[Array]) -> None:
    with stylize.Stylizer(threads=1, queue_length=1) as stylizer:
        alone = list(stylizer.video(clip, "udnie", depth=1))
        job = stylizer.submit(clip[0], "udnie", output_size=640)
        assert same(list(stylizer.video(clip, "udnie", depth=1)), alone)
        job.result()


def test_a_program_may_end_in_the_middle(root: pathlib.Path) -> None:
    import subprocess
    import sys

    code = (
        "import numpy, stylize; s = stylize.Stylizer(threads=2); "
        "v = s.video((numpy.zeros((64, 64, 3), numpy.uint8) for _ in range(9)), 'udnie'); next(v); print('shown')"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert (run.returncode, run.stdout, run.stderr) == (0, "shown\n", "")


def test_a_forked_child_leaves_it_alone(clip: list[Array]) -> None:
    import os

    with stylize.Stylizer(threads=1) as stylizer:
        video = stylizer.video(clip, "udnie", depth=1)
        first = next(video)
        child = os.fork()
        if child == 0:
            try:
                next(video)
            except stylize.ForkError:
                del video
                gc.collect()
                os._exit(7)
            os._exit(1)
        assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
        assert len([first, *video]) == 6
