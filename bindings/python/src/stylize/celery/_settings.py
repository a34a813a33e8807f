"""What the environment says. Read when the application is imported."""

import json
import os
from typing import Any

from .._errors import InvalidError


def _number(name: str, default: float) -> float:
    text = os.environ.get(name)
    try:
        value = float(text) if text else default
    except ValueError:
        value = 0
    if value <= 0:
        raise InvalidError(f'{name} is "{text}"; a number above 0 is needed')
    return value


def _stylizer_options() -> dict[str, Any]:
    text = os.environ.get("STYLIZE_WORKER_OPTIONS", "{}")
    try:
        options = json.loads(text)
    except ValueError:
        options = None
    if not isinstance(options, dict):
        raise InvalidError(f"STYLIZE_WORKER_OPTIONS is {text}; a JSON object with options of Stylizer is needed")
    return options


BROKER = os.environ.get("STYLIZE_BROKER", "redis://127.0.0.1:6379/0")
BACKEND = os.environ.get("STYLIZE_RESULT_BACKEND", BROKER)
QUEUE = "stylize"
RESULTS = os.environ.get("STYLIZE_RESULTS")
"""URL of the folder for results that name no place of their own."""
WORK = os.environ.get("STYLIZE_WORK")
"""URL of the folder for the pieces of shared paintings."""
FILES = os.environ.get("STYLIZE_FILES")
"""If given, file:// URLs outside this folder are refused."""
S3_ENDPOINT = os.environ.get("STYLIZE_S3_ENDPOINT")
HTTP_TIMEOUT = _number("STYLIZE_HTTP_TIMEOUT", 30)

SOFT_TIME_LIMIT = _number("STYLIZE_SOFT_TIME_LIMIT", 300)
TIME_LIMIT = SOFT_TIME_LIMIT + 30
VISIBILITY_TIMEOUT = _number("STYLIZE_VISIBILITY_TIMEOUT", 60)
"""Seconds after which the tasks of a worker that gave no sign of life are given to others."""
RETRIES = int(_number("STYLIZE_RETRIES", 5))
DELIVERIES = 5
"""How often a task may take its worker process down with it before it fails."""

STYLIZER = _stylizer_options()
WARM_UP = os.environ.get("STYLIZE_WARM_UP", "all")
""" "all", "none", or the id of a style."""
MAX_BYTES: int = STYLIZER.get("max_input_bytes") or 32 << 20
MAX_DATA_URL = 1 << 20
