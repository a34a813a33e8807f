#!/usr/bin/env python3
"""Whether a shared library runs on a glibc as old as this: glibc_floor.py 2.28 LIBRARY... Says what asks for a newer one, or for
a library that manylinux does not promise."""
import re
import subprocess
import sys

# PEP 600: what a system that takes manylinux wheels has.
PROMISED = {"libc.so.6", "libm.so.6", "libdl.so.2", "libpthread.so.0", "librt.so.1", "ld-linux-x86-64.so.2", "ld-linux-aarch64.so.1"}


def number(text: str) -> tuple[int, ...]:
    return tuple(int(part) for part in text.split("."))


def faults(floor: str, library: str) -> list[str]:
    said = subprocess.run(["readelf", "-W", "--dyn-syms", "-d", library], capture_output=True, text=True, check=True).stdout
    found = [f"{library}: needs {name}" for name in re.findall(r"\(NEEDED\).*\[(.*?)\]", said) if name not in PROMISED and not name.startswith("libstylize.so.")]
    wanted = re.findall(r"UND (\S+)@GLIBC_([\d.]+)", said)
    if not wanted:
        return [*found, f"{library}: asks nothing of glibc, which cannot be"]
    return found + [f"{library}: {name} is of glibc {version}" for name, version in wanted if number(version) > number(floor)]


def main() -> int:
    floor, *libraries = sys.argv[1:]
    found = [line for library in libraries for line in faults(floor, library)]
    print("\n".join(found) or f"glibc {floor} is enough for {len(libraries)} libraries")
    return 1 if found or not libraries else 0


if __name__ == "__main__":
    sys.exit(main())
