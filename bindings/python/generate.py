#!/usr/bin/env python3
"""Writes src/stylize/_abi.py, the ctypes view of the library, from stylize.h and sequence.h of include/stylize.

generate.py [--check]     --check only says whether the file is what the headers give, exit code 1 if not.
generate.py --layout      prints a C program that prints sizes and offsets, for a test against the compiler.

The headers are plain C99 without macros in its declarations, so a few patterns read all of them; whatever
these do not understand is an error, never left out.
"""
import pathlib
import re
import sys

HERE = pathlib.Path(__file__).resolve().parent
FOLDER = HERE.parents[1] / "include" / "stylize"
HEADERS = [FOLDER / "stylize.h", FOLDER / "sequence.h"]
TARGET = HERE / "src" / "stylize" / "_abi.py"

SCALARS = {
    "char": "c_char", "int": "c_int", "float": "c_float", "double": "c_double", "size_t": "c_size_t",
    "ptrdiff_t": "c_ssize_t", "int32_t": "c_int32", "int64_t": "c_int64", "uint8_t": "c_uint8", "uint32_t": "c_uint32",
    "uint64_t": "c_uint64",
}
# Of enumerations whose numbers have another name in front than their own.
PREFIXES = {
    "stylize_log_level": "LOG_", "stylize_fit_answer": "FIT_", "stylize_frame_format": "FRAME_",
    "stylize_frame_matrix": "MATRIX_", "stylize_frame_range": "RANGE_",
}
HEAD = '''\
"""The binary interface of libstylize, made by generate.py from the headers: do not edit."""

import ctypes as c
import enum
from typing import Any

'''


def match(pattern: str, text: str) -> re.Match[str]:
    """A match of the whole text; there must be one."""
    found = re.fullmatch(pattern, text.strip(), flags=re.S)
    if not found:
        raise SystemExit(f"generate.py: not understood in the headers: {text.strip()[:200]}")
    return found


def class_name(name: str) -> str:
    """stylize_image_info -> ImageInfo"""
    return "".join(part.capitalize() for part in name.removeprefix("stylize_").split("_"))


class Header:
    def __init__(self, texts: list[str]) -> None:
        self.text = re.sub(r"/\*.*?\*/|//[^\n]*", " ", "\n".join(texts), flags=re.S)
        self.defines = dict(re.findall(r"^#define STYLIZE_(\w+) \(?(-?[\d.]+)f?\)?$", self.text, flags=re.M))
        self.enums: dict[str, list[tuple[str, int]]] = {}
        self.structs: dict[str, list[tuple[str, str]]] = {}
        self.opaque: set[str] = set()
        self.callbacks: dict[str, str] = {}
        self.functions: dict[str, tuple[str, list[str]]] = {}
        for text in texts:
            text = re.sub(r"/\*.*?\*/|//[^\n]*", " ", text, flags=re.S)
            text = re.sub(r"^#.*$", "", text, flags=re.M).replace("STYLIZE_API", "")
            for statement in self.statements(match(r'.*extern "C" \{(.*)\}', text)[1]):
                self.read(statement)

    @staticmethod
    def statements(text: str) -> list[str]:
        """Splits at the semicolons that are not inside braces."""
        found, depth, start = [], 0, 0
        for at, char in enumerate(text):
            depth += (char == "{") - (char == "}")
            if char == ";" and depth == 0:
                found.append(" ".join(text[start:at].split()))
                start = at + 1
        return [s for s in found if s]

    def read(self, statement: str) -> None:
        if m := re.fullmatch(r"typedef enum (\w+) \{(.*)\} \1", statement):
            self.enums[m[1]] = [self.enumerator(e) for e in m[2].split(",") if e.strip()]
        elif m := re.fullmatch(r"typedef struct (\w+) \{(.*)\} \1", statement):
            self.structs[m[1]] = [self.member(m) for m in m[2].split(";") if m.strip()]
        elif m := re.fullmatch(r"typedef struct (\w+) \1", statement):
            self.opaque.add(m[1])
        elif m := re.fullmatch(r"typedef ([\w ]+?) ?\(\*(\w+)\)\((.*)\)", statement):
            types = [self.type(m[1])] + [self.parameter(p) for p in m[3].split(",")]
            self.callbacks[m[2]] = ", ".join(types)
        elif m := re.fullmatch(r"([\w ]+?[ *]+)(stylize_\w+)\((.*)\)", statement):
            parameters = [] if m[3] == "void" else [self.parameter(p) for p in m[3].split(",")]
            self.functions[m[2]] = (self.type(m[1]), parameters)
        else:
            match("a declaration", statement)

    @staticmethod
    def enumerator(text: str) -> tuple[str, int]:
        m = match(r"STYLIZE_(\w+) = (\d+)", text)
        return m[1], int(m[2])

    def member(self, text: str) -> tuple[str, str]:
        m = match(r"(.*?[ *])(\w+)(?:\[(\d+)\])?", text)
        kind = self.type(m[1])
        return m[2], f"{kind} * {m[3]}" if m[3] else kind

    def parameter(self, text: str) -> str:
        return self.type(match(r"(.*?[ *])(\w+)", text)[1])

    def type(self, text: str) -> str:
        """The ctypes expression of a C type."""
        stars = text.count("*")
        name = text.replace("*", " ").replace("const ", " ").strip()
        if name in self.callbacks and not stars:
            return class_name(name)
        if name == "void" and stars < 2:
            return "c.c_void_p" if stars else "None"
        if name == "char" and stars == 1:
            return "c.c_char_p"
        if name == "char" and stars == 2:
            return "c.POINTER(c.c_void_p)"  # text that the library owns: its address is needed to release it
        if name == "uint8_t" and stars == 1:
            return "c.c_void_p"
        if name in self.opaque or name == "void":
            kind, stars = "c.c_void_p", stars - 1
        elif name in self.enums:
            kind = "c.c_int"
        elif name in self.structs:
            kind = class_name(name)
        elif name in SCALARS:
            kind = f"c.{SCALARS[name]}"
        else:
            kind = match("a known type", text)[0]
        for _ in range(stars):
            kind = f"c.POINTER({kind})"
        return kind


def enum_lines(name: str, values: list[tuple[str, int]]) -> list[str]:
    # What the names have in common is the name of the enumeration; STYLIZE_OK and STYLIZE_DRAIN stand alone.
    words = name.removeprefix("stylize_").upper() + "_"
    short = [n.removeprefix(words).removeprefix("ERR_") for n, _ in values]
    short = [n.removeprefix(PREFIXES.get(name, "")) for n in short]
    return [f"class {class_name(name)}(enum.IntEnum):",
            *(f"    {s} = {number}" for s, (_, number) in zip(short, values)), "", ""]


def module(header: Header) -> str:
    lines = [f"{name} = {value}" for name, value in header.defines.items()] + ["", ""]
    for name, values in header.enums.items():
        lines += enum_lines(name, values)
    # In the headers' order, callbacks between the structures: each needs only what stands above it.
    kinds = {**header.structs, **header.callbacks}
    for name in sorted(kinds, key=lambda n: match(rf"(.*?)(?:typedef struct |\(\*){n}\b.*", header.text).end(1)):
        if name in header.callbacks:
            lines += [f"{class_name(name)} = c.CFUNCTYPE({header.callbacks[name]})", "", ""]
        else:
            lines += [f"class {class_name(name)}(c.Structure):", "    _fields_ = [",
                      *(f'        ("{member}", {kind}),' for member, kind in header.structs[name]), "    ]", "", ""]
    lines.append("STRUCTURES: dict[str, type[c.Structure]] = {")
    lines += [f'    "{name}": {class_name(name)},' for name in header.structs] + ["}", ""]
    lines.append("FUNCTIONS: dict[str, tuple[Any, list[Any]]] = {")
    for name, (result, parameters) in header.functions.items():
        lines += [f'    "{name}": (', f"        {result},", f"        [{', '.join(parameters)}],", "    ),"]
    return HEAD + "\n".join(lines) + "\n}\n"


def layout(header: Header) -> str:
    lines = ['#include <stdio.h>', '#include "stylize/sequence.h"', "int main(void)", "{"]
    for name, members in header.structs.items():
        lines.append(f'    printf("{name} %zu\\n", sizeof({name}));')
        lines += [f'    printf("{name}.{m} %zu %zu\\n", offsetof({name}, {m}), sizeof((({name} *)0)->{m}));'
                  for m, _ in members]
    for values in header.enums.values():
        lines += [f'    printf("STYLIZE_{n} %d\\n", (int)STYLIZE_{n});' for n, _ in values]
    return "\n".join([*lines, "    return 0;", "}", ""])


def main() -> int:
    header = Header([path.read_text(encoding="utf-8") for path in HEADERS])
    if sys.argv[1:] == ["--layout"]:
        print(layout(header), end="")
    elif sys.argv[1:] == ["--check"]:
        if TARGET.read_text(encoding="utf-8") != module(header):
            print(f"{TARGET.name} is not what the headers give: run bindings/python/generate.py")
            return 1
    elif not sys.argv[1:]:
        TARGET.write_text(module(header), encoding="utf-8")
    else:
        print(__doc__)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
