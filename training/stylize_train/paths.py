"""Where the things are that do not come with the package: the networks, the styles, the pictures of the examples."""

import os
import pathlib


class InputError(Exception):
    """Something the user gave cannot be used; the message says what and what is allowed."""


class PictureError(InputError):
    """A file that is no picture to train with; others of its folder may be."""


def find_clone() -> pathlib.Path:
    """The clone of the project around the current folder, or around this file; the current folder if there is none."""
    here = pathlib.Path.cwd()
    for folder in (here, *here.parents, *pathlib.Path(__file__).resolve().parents):
        if (folder / "models" / "styles" / "library.json").is_file():
            return folder
    return here


ROOT = find_clone()
MODELS = pathlib.Path(os.environ.get("STYLIZE_MODELS") or ROOT / "models")
ARTWORKS = MODELS / "styles" / "artworks"
