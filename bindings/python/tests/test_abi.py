"""The generated module against the header and against the compiler."""

import ctypes
import enum
import os
import pathlib
import shutil
import subprocess
import sys

import pytest

import stylize
from stylize import _abi as abi
from stylize._job import PaintOptions

PACKAGE = pathlib.Path(__file__).resolve().parents[1]


def generate(*arguments: str, script: pathlib.Path = PACKAGE / "generate.py") -> subprocess.CompletedProcess[str]:
    return subprocess.run([sys.executable, script, *arguments], capture_output=True, text=True)


def test_module_is_what_the_header_gives() -> None:
    assert generate("--check").stdout == ""


def test_a_changed_header_is_noticed(tmp_path: pathlib.Path, root: pathlib.Path) -> None:
    package = tmp_path / "bindings" / "python"
    (package / "src" / "stylize").mkdir(parents=True)
    (tmp_path / "include" / "stylize").mkdir(parents=True)
    script = shutil.copy(PACKAGE / "generate.py", package)
    shutil.copy(PACKAGE / "src" / "stylize" / "_abi.py", package / "src" / "stylize")
    shutil.copy(root / "include" / "stylize" / "sequence.h", tmp_path / "include" / "stylize")
    header = (root / "include" / "stylize" / "stylize.h").read_text()
    target = tmp_path / "include" / "stylize" / "stylize.h"

    target.write_text(header)
    assert generate("--check", script=pathlib.Path(script)).returncode == 0
    target.write_text(header.replace("uint32_t iterations;", "uint64_t iterations;"))
    assert generate("--check", script=pathlib.Path(script)).returncode == 1
    target.write_text(header.replace("uint32_t iterations;", "unsigned iterations;"))
    assert "not understood" in generate("--check", script=pathlib.Path(script)).stderr


def test_sizes_and_offsets_are_the_compilers(tmp_path: pathlib.Path, root: pathlib.Path) -> None:
    source, program = tmp_path / "layout.c", tmp_path / "layout"
    source.write_text(generate("--layout").stdout)
    compiler = os.environ.get("CC", "cc")
    subprocess.run([compiler, "-std=c99", f"-I{root}/include", source, "-o", program], check=True)
    lines = subprocess.run([program], check=True, capture_output=True, text=True).stdout.splitlines()
    assert len(lines) > 150
    numbers = {
        f"{kind.__name__}.{one.name}": int(one)
        for kind in vars(abi).values()
        if isinstance(kind, type) and issubclass(kind, enum.IntEnum) and kind is not enum.IntEnum
        for one in kind
    }
    seen = 0
    for line in lines:
        name, *found = line.split()
        values = [int(v) for v in found]
        if name.startswith("STYLIZE_"):
            short = name.removeprefix("STYLIZE_")
            assert values[0] in [v for k, v in numbers.items() if short.endswith(k.split(".")[1])], name
            seen += 1
        elif "." in name:
            structure, member = name.split(".")
            field = getattr(abi.STRUCTURES[structure], member)
            assert [field.offset, field.size] == values, name
        else:
            assert [ctypes.sizeof(abi.STRUCTURES[name])] == values, name
    assert seen == len(numbers)


def test_every_option_of_c_is_a_keyword() -> None:
    handled = {"struct_size", "content", "styles", "style_count", "progress_user", "preview_user", "report"}
    handled |= {"tiling", "tiling_size", "tile", "reserved", "reserved2"}
    members = {{"target": "out"}.get(name, name) for name, *_ in abi.Request._fields_} - handled
    assert members == set(PaintOptions.__annotations__)

    import inspect

    members = {name for name, *_ in abi.Options._fields_} - {"struct_size", "log_user", "reserved"}
    assert members == set(inspect.signature(stylize.Stylizer.__init__).parameters) - {"self"}


def test_every_status_has_its_exception() -> None:
    from stylize._errors import error_of

    kinds = {type(error_of(status, b"text")) for status in abi.Status if status != abi.Status.OK}
    assert len(kinds) == len(abi.Status) - 1
    assert all(kind.status == status for status in list(abi.Status)[1:] for kind in [type(error_of(status, b""))])
    assert type(error_of(99, b"new")) is stylize.StylizeError


def test_version_is_the_librarys() -> None:
    assert stylize.version() == f"{abi.VERSION_MAJOR}.{abi.VERSION_MINOR}.{abi.VERSION_PATCH}"


@pytest.mark.parametrize("path", ["/nowhere/libstylize.so", __file__])
def test_a_library_that_was_asked_for_must_load(path: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", "import stylize; stylize.Stylizer()"],
        env={**os.environ, "STYLIZE_LIBRARY": path},
        capture_output=True,
        text=True,
    )
    assert run.returncode == 1
    assert "LibraryError" in run.stderr and "STYLIZE_LIBRARY" in run.stderr
