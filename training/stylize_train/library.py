"""The style library of a model folder: styles/library.json."""

import json
import pathlib
import re

from .paths import InputError


def check_id(text: str, what: str) -> None:
    if not re.fullmatch("[a-z0-9_-]{1,63}", text):
        raise InputError(f'"{text}": {what}: a-z 0-9 _ -, at most 63 characters')


def read(styles: pathlib.Path) -> list[dict]:
    path = styles / "library.json"
    if not path.exists():
        return []
    try:
        entries = json.loads(path.read_text("utf-8"))
    except ValueError as e:
        raise InputError(f"{path}: not JSON: {e}") from e
    if not isinstance(entries, list):
        raise InputError(f"{path}: not a list of styles")
    return entries


def add(styles: pathlib.Path, entry: dict) -> None:
    """Adds the entry, or puts it in the place of the one of the same id."""
    entries = read(styles)
    same = [i for i, e in enumerate(entries) if isinstance(e, dict) and e.get("style_id") == entry["style_id"]]
    if same:
        entries[same[0]] = entry
    else:
        entries.append(entry)
    styles.mkdir(parents=True, exist_ok=True)
    temporary = styles / "library.json.tmp"
    temporary.write_text(json.dumps(entries, ensure_ascii=False, indent=2) + "\n", "utf-8")
    temporary.replace(styles / "library.json")
