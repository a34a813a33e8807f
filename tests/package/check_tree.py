#!/usr/bin/env python3
"""Rules of the source tree that a compiler does not check: check_tree.py RULE.

Prints what breaks the rule, as file:line: text, and exits with 1; with 0 if nothing does.
"""
import functools
import os
import re
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
HEADER = "include/stylize/stylize.h"
HEADERS = {HEADER: 30, "include/stylize/embed.h": 4, "include/stylize/sequence.h": 10, "include/stylize/train.h": 12}  # and how many functions each may have
C = (".c", ".h")
CODE = C + (".cpp", ".hpp", ".cu", ".py", ".sh", ".js", ".css")
SKIP = {"build", "demo", "__pycache__", ".git", "node_modules"}


@functools.lru_cache(maxsize=None)
def tree(under=".", endings=None):
    """Files of the project in a folder: those that git knows or would add; without git, all."""
    try:
        git = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "-co", "--exclude-standard", "--", under],
                             capture_output=True, text=True, check=True)
        names = git.stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        names = []
        for folder, folders, files in os.walk(os.path.join(ROOT, under)):
            folders[:] = [f for f in folders if f not in SKIP]
            names += [os.path.relpath(os.path.join(folder, f), ROOT) for f in files]
    return sorted(n for n in names if n and os.path.isfile(os.path.join(ROOT, n))
                  and (endings is None or n.endswith(endings)))


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8", errors="replace") as f:
        return f.read()


def bare(text):
    """C without comments and the contents of strings; lines stay where they were."""
    def blank(match):
        piece = match.group(0)
        return ('""' if piece[0] == '"' else " ") + "\n" * piece.count("\n")
    return re.sub(r'/\*.*?\*/|//[^\n]*|"(?:\\.|[^"\\\n])*"', blank, text, flags=re.S)


def hits(name, text, pattern, why):
    for match in re.finditer(pattern, text):
        yield f"{name}:{text.count(chr(10), 0, match.start()) + 1}: {match.group(0).strip()}: {why}"


def includes(name):
    for number, line in enumerate(read(name).splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*([<"])([^>"]+)[>"]', line)
        if match:
            yield number, match.group(1) == '"', match.group(2)


def stays_inside(name, path, top):
    """Whether an include in quotes means a file of the same top folder."""
    target = os.path.normpath(os.path.join(os.path.dirname(name), path))
    found = os.path.exists(os.path.join(ROOT, target)) and target.split("/")[0] == top
    return found or any(f.endswith("/" + path) for f in tree(top))


def rule_includes():
    """Who may include what; docs/architecture.md has the reasons."""
    foreign = re.compile(r"^(torch|ATen|c10)/|^cuda|^Python\.h")
    for name in tree("lib"):
        if name.endswith((".cpp", ".cc", ".cxx", ".hpp", ".cu")):
            yield f"{name}:1: lib/ is C only"
        if name.endswith(C):
            for number, _, path in includes(name):
                if foreign.search(path):
                    yield f"{name}:{number}: lib/ must not include {path}"
                if "shim/" in path and not name.startswith("lib/engine/torch/"):
                    yield f"{name}:{number}: only lib/engine/torch/ includes {path}"
    for top in ("apps", "examples", "bindings"):
        for name in tree(top, C + (".cpp", ".hpp")):
            for number, quoted, path in includes(name):
                if "include/" + path in HEADERS:
                    continue
                if path.startswith("stylize/") or (quoted and not stays_inside(name, path, top)):
                    yield f"{name}:{number}: {top}/ must not include {path}"
        for name in tree(top, ("CMakeLists.txt", ".cmake")):
            yield from hits(name, read(name), r"stylize_(internal|objects)", "only the public library is for programs")
    for name in tree("shim", C + (".cpp", ".hpp", ".cu", ".cuh")):
        for number, quoted, path in includes(name):
            if path.startswith("stylize/") or (quoted and not stays_inside(name, path, "shim")):
                yield f"{name}:{number}: shim/ must not include {path}"
    for header in HEADERS:
        for number, _, path in includes(header):
            if path not in ("stddef.h", "stdint.h") and (header == HEADER or path != "stylize/stylize.h"):
                yield f"{header}:{number}: the public header must not include {path}"


def rule_quiet():
    """The library never ends the process and never prints."""
    pattern = (r"\b(?:abort|_?exit|_Exit|quick_exit|atexit|printf|vprintf|puts|putchar|perror|psignal"
               r"|raise|system|popen|assert)\s*\(|\b(?:stderr|stdout)\b|<assert\.h>")
    count = 0
    for name in tree("lib", C):
        count += 1
        yield from hits(name, bare(read(name)), pattern, "not in the library")
    if count < 10:
        yield "lib:1: hardly any files found"


def rule_system():
    """What is system-specific stands behind one door, lib/base/os.h."""
    headers = (r"#\s*include\s*<(?:sys/\w+|dirent|dlfcn|elf|fcntl|io|link|poll|sched|signal|time|unistd|windows|winsock2)"
               r"\.h>")
    calls = (r"\b(?:strerror(?:_r|_l)?|posix_memalign|_?aligned_alloc|realpath|mkdtemp|rename|unlink|scandir|getcwd"
             r"|clock_gettime|nanosleep|getrandom|getentropy|mmap|madvise|dlopen|dlsym|dladdr"
             r"|pthread_cond_timedwait|pthread_condattr_\w+)\s*\(|\berrno\b(?!\.h)")
    count = 0
    for name in tree("lib", C):
        if name.startswith("lib/base/os"):
            count += 1
            continue
        text = re.sub(r"/\*.*?\*/", lambda m: "\n" * m.group(0).count("\n"), read(name), flags=re.S)
        yield from hits(name, text, headers + r"|%m(?![a-z])", "asks the system past lib/base/os.h")
        yield from hits(name, bare(read(name)), calls, "asks the system past lib/base/os.h")
    if count < 2:
        yield "lib/base/os.h:1: the door is not there"
    # The command has a door of its own; its films are for the systems that FFmpeg's program is.
    for name in tree("apps/stylize", C):
        if not os.path.basename(name).startswith("system") and "/video/" not in name:
            yield from hits(name, read(name), headers.replace("signal|time|", ""), "asks the system past apps/stylize/system.h")


def rule_absent():
    """A build without JPEG and PNG, which few make, has all that is asked of them."""
    asked = set(re.findall(r"\bstz_(?:jpeg|png)_\w+(?=\()", read("lib/codec/format.h")))
    there = set(re.findall(r"^[a-z][\w ]*?\b(stz_(?:jpeg|png)_\w+)\(", read("lib/codec/none.c"), re.M))
    if len(asked) < 10:
        yield "lib/codec/format.h:1: hardly any functions found"
    for name in sorted(asked - there):
        yield f"lib/codec/none.c:1: {name} is missing"


def rule_documented():
    """Every function of the list is declared in one of the headers, right below a comment, and no other."""
    listed = read("lib/stylize.symbols").split()
    declared = {}
    for header, most in HEADERS.items():
        text = read(header)
        names = re.findall(r"^STYLIZE_API [^;]*?[ *](stylize_\w+)\(", text, flags=re.M)
        declared.update((name, header) for name in names)
        for name in names:
            if not re.search(r"\*/\nSTYLIZE_API [^;]*?[ *]" + name + r"\(", text):
                yield f"{header}:1: {name} has no comment right above it"
        if len(names) > most:
            yield f"{header}:1: {len(names)} functions are no small interface"
    for name in sorted(set(listed) ^ set(declared)):
        yield f"{declared.get(name, HEADER)}:1: {name} is in {'the header' if name in declared else 'lib/stylize.symbols'} only"
    if listed != sorted(listed):
        yield "lib/stylize.symbols:1: not in order"
    header = read(HEADER)
    errors = read("docs/errors.md") if os.path.exists(os.path.join(ROOT, "docs/errors.md")) else ""
    for name, number in re.findall(r"(STYLIZE_(?:OK|ERR_\w+)) = (\d+)", header):
        if not re.search(rf"\|\s*{number}\s*\|\s*`{name}`", errors):
            yield f"docs/errors.md:1: {name} = {number} is missing from the table"


def rule_version():
    """The version stands in the public header only; the change log starts with it."""
    header = read(HEADER)
    part = {p: re.search(rf"#define STYLIZE_{p} (\d+)", header).group(1)
            for p in ("VERSION_MAJOR", "VERSION_MINOR", "VERSION_PATCH")}
    version = ".".join(part.values())
    stated = re.compile(r"""(?:version|VERSION)\w*["']?\s*[=:(]\s*["']?""" + re.escape(version) + r"\b")
    for name in tree(endings=CODE + ("CMakeLists.txt", ".cmake", ".in", ".toml", ".cfg", ".md", "Makefile")):
        if name != HEADER and not name.startswith(("tests/", "models/")):
            yield from hits(name, read(name), stated.pattern, "the version is stated in the header only")
    log = re.search(r"^## \[?([^\]\s]+)", read("CHANGELOG.md"), flags=re.M)
    if not log or log.group(1) not in ("Unreleased", version):
        yield f"CHANGELOG.md:1: the first entry is neither Unreleased nor {version}"


def rule_words():
    """Nothing of the machine it was made on: paths, hosts, users."""
    words = r"(?<![\w.:/-])/(?:work|home|root|Users)/\w+|\b(?:localhost\.localdomain|index-url\s*=?\s*http\S+)"
    for name in tree(endings=CODE + (".md", ".txt", ".json", ".in", ".cmake", ".map", ".html", ".1", "Makefile",
                                         "run", ".yml", ".toml")):
        if name != "tests/package/check_tree.py":
            yield from hits(name, read(name), words, "belongs to one machine")


def rule_length():
    """Files that a reader can take in."""
    for name in tree(endings=CODE):
        lines = read(name).count("\n")
        if lines > 800:
            yield f"{name}:{lines}: longer than 800 lines"


def rule_text():
    """Ends of lines and files."""
    for name in tree(endings=CODE + (".md", ".cmake", "CMakeLists.txt", "Makefile")):
        text = read(name)
        yield from hits(name, text, r"[ \t]+(?=\n)|\r", "blank at the end of the line")
        if text and not text.endswith("\n"):
            yield f"{name}:{text.count(chr(10)) + 1}: no newline at the end"


def rule_readme():
    """The two commands that a newcomer needs stand in the README, and the links of all documents lead somewhere."""
    text = read("README.md")
    for command in ("make demo", "make check"):
        if not re.search(rf"^\s*(?:\$ )?{command}\b", text, flags=re.M):
            yield f"README.md:1: {command} is not shown as a command"
    for name in tree(endings=(".md",)):
        for target in re.findall(r"\]\(([^)#\s]+)", read(name)):
            if "://" not in target and not target.startswith("mailto:"):
                if not os.path.exists(os.path.join(ROOT, os.path.dirname(name), target)):
                    yield f"{name}:1: link to {target} leads nowhere"


def main():
    rules = {name[5:]: rule for name, rule in globals().items() if name.startswith("rule_")}
    if len(sys.argv) != 2 or sys.argv[1] not in rules:
        print(f"usage: check_tree.py {'|'.join(rules)}", file=sys.stderr)
        return 2
    found = list(rules[sys.argv[1]]())
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
