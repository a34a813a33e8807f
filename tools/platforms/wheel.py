#!/usr/bin/env python3
"""A wheel of the Python package around a library that was built for another platform: wheel.py LIBRARY TAG SOURCES DIST.

The package is Python and one C library, so a wheel is that library, the models, and what pyproject.toml says. The wheel of
this machine's own platform is made by pip; that both say the same of the package is tested."""
import base64
import hashlib
import pathlib
import sys
import tomllib
import zipfile

from libraries import ROOT, licences, models, version

PACKAGE = ROOT / "bindings/python"
NAMES = {".dll": "libstylize.dll", ".dylib": "libstylize.dylib", ".so": "libstylize.so"}


def metadata() -> str:
    project = tomllib.loads((PACKAGE / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    lines = ["Metadata-Version: 2.4", f"Name: {project['name']}", f"Version: {version()}",
             f"Summary: {project['description']}", f"License-Expression: {project['license']}"]
    lines += [f"Classifier: {c}" for c in project["classifiers"]]
    lines += [f"Requires-Python: {project['requires-python']}"]
    for extra, needs in project["optional-dependencies"].items():
        lines += [f"Provides-Extra: {extra}"] + [f'Requires-Dist: {n}; extra == "{extra}"' for n in needs]
    readme = (PACKAGE / project["readme"]).read_text(encoding="utf-8")
    return "\n".join([*lines, "Description-Content-Type: text/markdown", "", readme])


def contents(library: pathlib.Path, tag: str, sources: pathlib.Path) -> dict[str, bytes]:
    package = PACKAGE / "src/stylize"
    files = {f"stylize/{p.relative_to(package)}": p.read_bytes() for p in sorted(package.rglob("*"))
             if p.suffix == ".py" or p.name == "py.typed"}
    files[f"stylize/lib/{NAMES[library.suffix]}"] = library.read_bytes()
    files |= {f"stylize/models/{name}": path.read_bytes() for name, path in models().items()}
    files["stylize/LICENSE"] = (ROOT / "LICENSE").read_bytes()
    info = f"stylize-{version()}.dist-info"
    files |= {f"{info}/licenses/{name}": text for name, text in licences(sources).items()}
    files[f"{info}/METADATA"] = metadata().encode()
    files[f"{info}/WHEEL"] = ("Wheel-Version: 1.0\nGenerator: libstylize\nRoot-Is-Purelib: false\n" +
                              "".join(f"Tag: py3-none-{t}\n" for t in tag.split("."))).encode()
    record = [f"{name},sha256={digest(data)},{len(data)}\n" for name, data in files.items()]
    files[f"{info}/RECORD"] = ("".join(record) + f"{info}/RECORD,,\n").encode()
    return files


def digest(data: bytes) -> str:
    return base64.urlsafe_b64encode(hashlib.sha256(data).digest()).rstrip(b"=").decode()


def main() -> int:
    library, tag, sources, dist = sys.argv[1:]
    dist = pathlib.Path(dist)
    dist.mkdir(parents=True, exist_ok=True)
    wheel = dist / f"stylize-{version()}-py3-none-{tag}.whl"
    with zipfile.ZipFile(wheel, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
        for path, data in contents(pathlib.Path(library), tag, pathlib.Path(sources)).items():
            info = zipfile.ZipInfo(path, (2026, 1, 1, 0, 0, 0))
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            z.writestr(info, data)
    print(f"wheel: {wheel}, {wheel.stat().st_size} bytes")
    return 0


if __name__ == "__main__":
    sys.exit(main())
