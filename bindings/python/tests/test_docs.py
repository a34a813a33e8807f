"""Types, the notebook, the examples of the documents."""

import ast
import asyncio
import json
import pathlib
import pprint
import re
import subprocess
import sys
from typing import Any

import pytest

PACKAGE = pathlib.Path(__file__).resolve().parents[1]


def test_mypy_strict() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "mypy", "--no-incremental", "--strict", "src", "generate.py", "tests"],
        cwd=PACKAGE,
        capture_output=True,
        text=True,
    )
    assert run.returncode == 0, run.stdout


async def run_cell(source: str, names: dict[str, Any]) -> Any:
    """As a notebook does: await is allowed, the value is that of an expression at the end."""
    tree = ast.parse(source)
    last = tree.body.pop() if isinstance(tree.body[-1], ast.Expr) else None
    parts: list[tuple[Any, str]] = [(tree, "exec")]
    if isinstance(last, ast.Expr):
        parts.append((ast.Expression(last.value), "eval"))
    value = None
    for part, mode in parts:
        value = eval(compile(part, "notebook", mode, ast.PyCF_ALLOW_TOP_LEVEL_AWAIT), names)
        if asyncio.iscoroutine(value):
            value = await value
    return value


def test_notebook(root: pathlib.Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Its code runs, and shows what the file shows."""
    monkeypatch.chdir(root / "docs")
    cells = json.loads((root / "docs" / "notebook.ipynb").read_text())["cells"]

    async def run() -> int:
        names: dict[str, Any] = {}
        shown = 0
        for cell in cells:
            if cell["cell_type"] == "code":
                value = await run_cell("".join(cell["source"]), names)
                for output in cell["outputs"]:
                    assert "".join(output["data"]["text/plain"]).split() == pprint.pformat(value).split()
                    assert ("image/jpeg" in output["data"]) == hasattr(value, "_repr_jpeg_")
                    shown += 1
        return shown

    assert asyncio.run(run()) == 10


def test_first_example_of_each_document(
    root: pathlib.Path, photo: str, tmp_path: pathlib.Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photo.jpg").write_bytes(pathlib.Path(photo).read_bytes())
    for document in ("docs/python.md", "bindings/python/README.md", "README.md", "README.zh.md"):
        code = re.search(r"```python\n(from stylize .*?)```", (root / document).read_text(), flags=re.S)
        assert code, document
        exec(compile(code[1], document, "exec"), {})
        (tmp_path / "painted.jpg").unlink()
