"""What a task asks for, checked, and the key that names its result."""

import base64
import hashlib
import json
import re
from dataclasses import dataclass
from typing import Any

from .._content import _ID
from .._errors import InvalidError
from .._library import version
from . import _settings as settings
from ._urls import fetch

FORMATS = {"jpeg": "jpg", "png": "png", "webp": "webp", "avif": "avif"}
_ENDINGS = {"jpg": "jpeg", "jpeg": "jpeg", "png": "png", "webp": "webp", "avif": "avif"}
_DEFAULTS: dict[str, Any] = {
    "method": "auto",
    "output_size": 0,
    "output_width": 0,
    "output_height": 0,
    "strength": 1.0,
    "preserve_color": 0.0,
    "style_scale": 1.0,
    "look": 0,
    "seed": 0,
    "iterations": 0,
    "optimizer": "lbfgs",
    "time_budget_ms": 0,
    "memory_budget": 0,
    "deadline_ms": 0,
    "quality": 0,
}
# Newer ones stand in a key only where they are given, so that results of before are found.
_NEWER: dict[str, Any] = {"output_depth": 8, "keep_metadata": [], "tolerant": False}
_KINDS: dict[str, Any] = {"method": str, "optimizer": str, "strength": (int, float), "preserve_color": (int, float),
                          "style_scale": (int, float), "keep_metadata": list, "tolerant": bool}


def data_url(data: bytes, mime: str = "image/jpeg") -> str:
    """A small picture as a URL, to go inside the message."""
    return f"data:{mime};base64,{base64.b64encode(data).decode()}"


@dataclass(frozen=True)
class Order:
    """A task's arguments once its pictures are there."""

    content: bytes
    styles: list[tuple[str | bytes, float]]
    masks: list[bytes | None] | None
    style_masks: list[bytes | None] | None
    options: dict[str, Any]
    format: str
    key: str
    result: str


def _weight(value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0 <= value < float("inf"):
        raise InvalidError(f"the weight of a style is {value!r}; a number of 0 or above is needed")
    return float(value)


def _one(style: Any, style_id: Any) -> str | bytes:
    if (style is None) == (style_id is None):
        raise InvalidError("a style needs either style (a URL) or style_id")
    if style is not None:
        return fetch(style)
    if not isinstance(style_id, str) or not _ID.fullmatch(style_id):
        raise InvalidError(f"style_id is {style_id!r}; a-z 0-9 _ - are allowed, 1 to 63 characters")
    return style_id


def _styles(style: Any, style_id: Any, styles: Any) -> list[tuple[str | bytes, float]]:
    if styles is None:
        return [(_one(style, style_id), 1.0)]
    if style is not None or style_id is not None:
        raise InvalidError("one of style, style_id and styles is allowed")
    if not isinstance(styles, list) or not 1 <= len(styles) <= 16:
        raise InvalidError("styles must be a list of 1 to 16")
    found = []
    for one in styles:
        if not isinstance(one, dict) or set(one) - {"style", "style_id", "weight", "mask", "style_mask"}:
            raise InvalidError("each of styles must be an object with style or style_id, weight, mask and style_mask")
        found.append((_one(one.get("style"), one.get("style_id")), _weight(one.get("weight", 1))))
    if not any(weight for _, weight in found):
        raise InvalidError("the weights of all styles are 0; one must be above 0")
    return found


def _masks(styles: Any, name: str) -> list[bytes | None] | None:
    """One for each style; styles whose masks have one URL share it."""
    urls = [one.get(name) for one in styles or []]
    for i, url in enumerate(urls):
        if url is not None and not isinstance(url, str):
            raise InvalidError(f"the {name} of style {i + 1} must be a URL, not {type(url).__name__}")
    fetched = {url: fetch(url) for url in dict.fromkeys(urls) if url is not None}
    return [None if url is None else fetched[url] for url in urls] if fetched else None


def _options(given: Any) -> dict[str, Any]:
    if given is None:
        return dict(_DEFAULTS)
    if not isinstance(given, dict):
        raise InvalidError("options must be an object")
    known = [*_DEFAULTS, *_NEWER, "output_format"]
    for name, value in given.items():
        if name not in known:
            raise InvalidError(f'there is no option "{name}"; there are {", ".join(known)}')
        if name == "strength" and value == "auto":
            continue
        kind = _KINDS.get(name, str if name == "output_format" else int)
        if not isinstance(value, kind) or (isinstance(value, bool) and name not in ("preserve_color", "tolerant")):
            raise InvalidError(f"the option {name} is {value!r}, which is of the wrong type")
    if any(not isinstance(name, str) for name in given.get("keep_metadata", [])):
        raise InvalidError(f"keep_metadata is {given['keep_metadata']!r}; a list of names is needed")
    given = {name: value for name, value in given.items() if name not in _NEWER or value != _NEWER[name]}
    # 1, 1.0 and true are one value, and so one key.
    return {**_DEFAULTS, **{n: float(v) if isinstance(_DEFAULTS.get(n), float) and v != "auto" else v for n, v in given.items()}}


def _format(options: dict[str, Any], result: str) -> str:
    asked = options.pop("output_format", None)
    if asked is None:
        ending = re.search(r"\.(\w+)$", result)
        return _ENDINGS.get(ending[1].lower(), "jpeg") if ending else "jpeg"
    if asked not in FORMATS:
        raise InvalidError(f'output_format is "{asked}"; jpeg, png, webp and avif are allowed')
    return str(asked)


def _key(
    content: bytes,
    styles: list[tuple[str | bytes, float]],
    masks: list[bytes | None] | None,
    style_masks: list[bytes | None] | None,
    options: dict[str, Any],
) -> str:
    total = sum(weight for _, weight in styles)
    described: dict[str, Any] = {
        "library": version(),
        "content": hashlib.sha256(content).hexdigest(),
        "styles": [
            [one if isinstance(one, str) else {"sha256": hashlib.sha256(one).hexdigest()}, round(weight / total, 9)]
            for one, weight in styles
        ],
        # How long it may take says nothing about the picture.
        "options": {name: value for name, value in options.items() if name != "deadline_ms"},
    }
    if masks is not None:
        # Styles that share a mask are a blend, those of two equal ones are not: the place of the first says which.
        described["masks"] = [
            None if mask is None else [hashlib.sha256(mask).hexdigest(), next(i for i, m in enumerate(masks) if m is mask)]
            for mask in masks
        ]
    if style_masks is not None:
        described["style_masks"] = [None if mask is None else hashlib.sha256(mask).hexdigest() for mask in style_masks]
    return hashlib.sha256(json.dumps(described, sort_keys=True).encode()).hexdigest()


def order(
    content: Any, style: Any, style_id: Any, styles: Any, options: Any, result: Any, default: str | None = None
) -> Order:
    """Checks everything, fetches the pictures, names the result. default: for tasks without `result`."""
    place = result if result is not None else default or settings.RESULTS
    if not isinstance(place, str) or not place:
        raise InvalidError("the task has no result URL, and the worker no STYLIZE_RESULTS")
    values = _options(options)
    format = _format(values, place)
    if place == settings.RESULTS and not place.endswith("/"):
        place += "/"
    found = _styles(style, style_id, styles)
    masks, style_masks = _masks(styles, "mask"), _masks(styles, "style_mask")
    picture = fetch(content)
    asked = {**values, "output_format": format}
    key = _key(picture, found, masks, style_masks, asked)
    if place.endswith("/"):
        place += "{key}." + FORMATS[format]
    return Order(picture, found, masks, style_masks, asked, format, key, re.sub(r"\{key\}|%7Bkey%7D", key, place))
