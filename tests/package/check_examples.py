"""examples/ is what a stranger reads first: exactly these programs, each short, and of the project the public header
only. Prints what breaks the rule and exits with 1."""
import pathlib
import re
import sys

FOLDER = pathlib.Path(__file__).resolve().parents[2] / "examples"
PROGRAMS = ["batch.c", "http.c", "minimal.c"]
LONGEST = 150  # lines


def broken():
    found = sorted(str(f.relative_to(FOLDER)) for f in FOLDER.rglob("*") if f.suffix in (".c", ".h", ".cpp", ".py"))
    if found != PROGRAMS:
        yield f"examples: holds {', '.join(found)}; it should be {', '.join(PROGRAMS)}"
    for path in (FOLDER / name for name in found):
        text = path.read_text()
        if text.count("\n") > LONGEST:
            yield f"examples/{path.name}: {text.count(chr(10))} lines, {LONGEST} are allowed"
        for header in re.findall(r'^#include ("[^"]+"|<stylize/[^>]+>)', text, re.M):
            if header != "<stylize/stylize.h>":
                yield f"examples/{path.name}: includes {header}"
        if "#include <stylize/stylize.h>" not in text:
            yield f"examples/{path.name}: does not use the library"


if __name__ == "__main__":
    lines = list(broken())
    print("\n".join(lines))
    sys.exit(1 if lines else 0)
