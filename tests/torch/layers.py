"""layers.py SHIM OBJECT...: every include and every call in the plugin goes down.

No headers that include each other in a circle, no objects that need each other in a circle, and nothing outside
optimize/ that knows of it but shim.h, the list of the headers for C."""
import pathlib
import re
import subprocess
import sys


def circle(arrows: dict[str, set[str]]) -> list[str]:
    """Names that form a circle; empty if there is none."""
    done: set[str] = set()

    def visit(name: str, path: list[str]) -> list[str]:
        if name in path:
            return path[path.index(name):] + [name]
        found = [] if name in done else next(filter(None, (visit(n, path + [name]) for n in sorted(arrows[name]))), [])
        done.add(name)
        return found
    return next(filter(None, (visit(name, []) for name in sorted(arrows))), [])


def included(shim: pathlib.Path) -> dict[str, set[str]]:
    files = [f for f in shim.rglob("*") if f.suffix in (".h", ".cpp", ".cu")]
    return {str(f.relative_to(shim)): {str((f.parent / name).resolve().relative_to(shim.resolve()))
                                       for name in re.findall(r'^#include "([^"]+)"', f.read_text(), re.M)} for f in files}


def needed(objects: list[str]) -> dict[str, set[str]]:
    """Which objects define what an object leaves undefined; what many define, as inline functions are, is nobody's."""
    defined, undefined = {}, {}
    for path in objects:
        name = path[path.index("stylize_torch.dir/") + len("stylize_torch.dir/"):].removesuffix(".o")
        lines = subprocess.run(["nm", "-P", path], capture_output=True, text=True, check=True).stdout.splitlines()
        symbols = [line.split()[:2] for line in lines]
        undefined[name] = {s for s, kind in symbols if kind == "U"}
        defined |= {s: name for s, kind in symbols if kind in "TDBR"}
    return {name: {defined[s] for s in wanted if s in defined} for name, wanted in undefined.items()}


def main() -> int:
    shim, objects = pathlib.Path(sys.argv[1]), sys.argv[2:]
    failed = 0
    for what, arrows in (("include", included(shim)), ("need", needed(objects))):
        if len(arrows) < 10:
            print(f"hardly any files: {sorted(arrows)}")
            failed = 1
        if path := circle(arrows):
            print(f"these {what} each other: {' -> '.join(path)}")
            failed = 1
        for name, targets in arrows.items():
            for target in targets:
                if target.startswith("optimize/") and not name.startswith("optimize/") and name != "shim.h":
                    print(f"{name}: knows of {target}")
                    failed = 1
    return failed


if __name__ == "__main__":
    sys.exit(main())
