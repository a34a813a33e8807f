"""Where things of this project are, and the sibling tools that this package uses."""

import pathlib
import sys

ROOT = pathlib.Path(__file__).resolve().parents[2]
TOOLS = ROOT / "tools"
MODELS = ROOT / "models"
ARTWORKS = MODELS / "styles" / "artworks"

for sibling in ("bench", "export", "convert"):
    if str(TOOLS / sibling) not in sys.path:
        sys.path.insert(0, str(TOOLS / sibling))


class InputError(Exception):
    """Something the user gave cannot be used; the message says what and what is allowed."""
