#!/usr/bin/env python3
"""The archive for Windows: windows_zip.py STAGE SOURCES DIST. STAGE: what `cmake --install` made there; SOURCES: Debian's
sources of the libraries that are linked. Programs, library, headers, models and licences in one folder, which may lie
anywhere: the library finds the models from its own place."""
import pathlib
import sys
import zipfile

from libraries import ROOT, licences, models, version

# Of what is installed; the models come from the source tree, where the other runtimes' are left out.
TAKEN = ("bin/", "include/", "lib/")


def contents(stage: pathlib.Path, sources: pathlib.Path) -> dict[str, bytes]:
    files = {str(p.relative_to(stage)): p.read_bytes() for p in sorted(stage.rglob("*")) if p.is_file()}
    files = {name: data for name, data in files.items() if name.startswith(TAKEN)}
    files |= {f"share/stylize/models/{name}": path.read_bytes() for name, path in models().items()}
    files |= {f"licences/{name}": text for name, text in licences(sources).items()}
    files["LICENSE.txt"] = (ROOT / "LICENSE").read_bytes()
    files["README.txt"] = (ROOT / "packaging/windows/README.txt").read_bytes().replace(b"\n", b"\r\n")
    return files


def main() -> int:
    stage, sources, dist = map(pathlib.Path, sys.argv[1:])
    name = f"stylize-{version()}-windows-x64"
    files = contents(stage, sources)
    for needed in ("bin/stylize.exe", "bin/libstylize.dll", "include/stylize/stylize.h", "lib/libstylize.dll.a"):
        if needed not in files:
            print(f"windows: {needed} was not installed")
            return 1
    with zipfile.ZipFile(dist / f"{name}.zip", "w", zipfile.ZIP_DEFLATED, compresslevel=9) as z:
        for path, data in files.items():
            info = zipfile.ZipInfo(f"{name}/{path}", (2026, 1, 1, 0, 0, 0)) # the same files make the same archive
            info.compress_type, info.external_attr = zipfile.ZIP_DEFLATED, 0o644 << 16
            z.writestr(info, data)
    print(f"windows: {dist / name}.zip, {(dist / f'{name}.zip').stat().st_size} bytes, {len(files)} files")
    return 0


if __name__ == "__main__":
    sys.exit(main())
