"""Styles of one's own. Learning is cut short: what is learnt, the tests of the library know."""

import pathlib

import pytest

import stylize
from stylize import FitState, Stylizer


@pytest.fixture
def learner(tmp_path: pathlib.Path) -> Stylizer:
    return Stylizer(threads=2, style_dir=tmp_path / "styles")


def test_a_style_is_learnt_and_deleted(learner: Stylizer, tmp_path: pathlib.Path, photo: str, artwork: str) -> None:
    seen: list[FitState] = []

    def progress(state: FitState) -> bool:
        seen.append(state)
        return state.steps < 3

    fitted = learner.fit_style("mine", artwork, display_name="Mine", artist="Me", progress=progress)
    assert (fitted.code_steps, fitted.network_steps, fitted.ended_early) == (3, 0, True)
    assert 0 < fitted.loss <= 1
    assert [s.steps for s in seen] == [1, 2, 3] and not any(s.network for s in seen)
    assert seen[0].picture is not None and seen[0].picture.shape == (256, 256, 3)
    assert all(a.done <= b.done for a, b in zip(seen, seen[1:]))
    style = next(s for s in learner.styles() if s.id == "mine")
    assert (style.display_name, style.artist, style.added, style.model) == ("Mine", "Me", True, "brush")
    assert learner(photo, "mine", output_size=64).width == 64
    with Stylizer(threads=1, style_dir=tmp_path / "styles") as other:  # a program that comes later
        assert "mine" in [s.id for s in other.styles()]
    with pytest.raises(stylize.ExistsError):
        learner.fit_style("mine", artwork)
    learner.delete_style("mine")
    assert "mine" not in [s.id for s in learner.styles()] and not list((tmp_path / "styles").iterdir())
    with pytest.raises(stylize.NotFoundError):
        learner.delete_style("mine")
    with pytest.raises(stylize.InvalidError, match="one's own"):
        learner.delete_style("scream")


def test_a_network_is_trained(learner: Stylizer, photo: str, artwork: str) -> None:
    fitted = learner.fit_style("net", artwork, effort="good", contents=[photo], code_steps=1, network_steps=2,
                               memory_budget=40 << 20)
    assert (fitted.code_steps, fitted.network_steps) == (1, 2)
    report = learner(photo, "net", output_size=64).report
    assert report is not None and report.model.startswith("net-")


def test_an_exception_cancels(learner: Stylizer, tmp_path: pathlib.Path, artwork: str) -> None:
    def progress(state: FitState) -> None:
        raise ZeroDivisionError("enough")

    with pytest.raises(ZeroDivisionError, match="enough"):
        learner.fit_style("mine", artwork, progress=progress)
    assert not list((tmp_path / "styles").iterdir())


def test_misuse(learner: Stylizer, artwork: str) -> None:
    with pytest.raises(stylize.InvalidError, match="effort"):
        learner.fit_style("mine", artwork, effort="huge")
    with pytest.raises(stylize.InvalidError, match="a-z 0-9"):
        learner.fit_style("My Style", artwork)
    with pytest.raises(stylize.InvalidError, match="style_scale is 9"):
        learner.fit_style("mine", artwork, style_scale=9)
    with pytest.raises(stylize.NotFoundError, match="nowhere"):
        learner.fit_style("mine", artwork, contents=["nowhere"])
    with pytest.raises(stylize.UnsupportedError, match="style folder"):
        Stylizer(style_dir="").fit_style("mine", artwork)
