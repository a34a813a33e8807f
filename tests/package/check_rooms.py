#!/usr/bin/env python3
"""Rules about rooms, the folders of lib/ and apps/: who may include whom, no circles, nothing too long.

    check_rooms.py rooms              includes go down, as the table ROOMS says, and never in a circle of files
    check_rooms.py cycles OBJECT...   no circle among these objects, or those in these folders, by their symbols,
                                      and in lib/ no call that goes up
    check_rooms.py size               no file and no function is longer than a reader can take in

Prints what breaks the rule, as file:line: text, and exits with 1; with 0 if nothing does. 77: nm is missing.
docs/architecture.md says what each room is for.
"""
import os
import re
import shutil
import subprocess
import sys

ROOT = os.path.abspath(os.path.join(os.path.dirname(__file__), "..", ".."))
FILE_MAX, FUNCTION_MAX = 500, 60

# For each top folder its rooms, the lowest first, and which rooms below a room may include besides itself. "*":
# all that stand before it. A file belongs to the room with the longest name that its path begins with.
ROOMS = {
    "lib": {
        "base": [],
        "image": ["base"],
        "codec": ["base", "image"],
        "style": ["base", "image", "codec"],
        "engine": ["base", "image", "style"],
        "job": ["*"],
        "sched": ["base", "style", "engine", "job"],
        "video": ["*"],
        "api": ["*"],
    },
    "apps": {
        "common": [],
        "stylize": ["common"],
        "frei0r": [],
        "gimp": [],
        "web": [],
        "server/base": ["common"],
        "server/config": ["common", "server/base"],
        "server/sandbox": ["common", "server/base", "server/config"],
        "server/remote": ["common", "server/base"],
        "server/paint": ["common", "server/base", "server/config", "server/remote"],
        "server/jobs": ["common", "server/base", "server/config", "server/remote", "server/paint"],
        "server/styles": ["common", "server/base", "server/config", "server/paint", "server/jobs"],
        "server/http": ["common", "server/base", "server/config", "server/paint"],
        "server/fleet": ["common", "server/base", "server/config", "server/remote", "server/paint", "server/jobs",
                         "server/http"],
        "server/api": ["common", "server/base", "server/config", "server/paint", "server/jobs", "server/styles",
                       "server/http", "server/fleet"],
        "server": ["*"],
    },
}

# Folders that an include in quotes may begin at, besides the file's own.
INCLUDE_ROOTS = {"apps": ["apps", "apps/server", "apps/stylize"], "lib": ["lib"]}


def tree(top):
    """The C files of a top folder: those that git knows or would add; without git, all."""
    try:
        git = subprocess.run(["git", "-C", ROOT, "ls-files", "-z", "-co", "--exclude-standard", "--", top],
                             capture_output=True, text=True, check=True)
        names = git.stdout.split("\0")
    except (OSError, subprocess.CalledProcessError):
        names = [os.path.relpath(os.path.join(folder, f), ROOT)
                 for folder, _, files in os.walk(os.path.join(ROOT, top)) for f in files]
    return sorted(n for n in set(names) if n.endswith((".c", ".h")) and os.path.isfile(os.path.join(ROOT, n)))


def read(name):
    with open(os.path.join(ROOT, name), encoding="utf-8", errors="replace") as f:
        return f.read()


def room_of(name, top):
    inside = os.path.dirname(name)[len(top) + 1:]
    return max((r for r in ROOMS[top] if (inside + "/").startswith(r + "/")), key=len, default=None)


def includes(name, top, files):
    """Line and file of each include that means a file of the same top folder."""
    for number, line in enumerate(read(name).splitlines(), 1):
        match = re.match(r'\s*#\s*include\s*"([^"]+)"', line)
        if match:
            for root in [os.path.dirname(name)] + INCLUDE_ROOTS.get(top, [top]):
                target = os.path.normpath(os.path.join(root, match.group(1)))
                if target in files:
                    yield number, target
                    break


def circles(arrows):
    """The strongly connected parts of more than one node (Tarjan)."""
    index, low, stack, found = {}, {}, [], []
    for start in sorted(arrows):
        if start in index:
            continue
        work = [(start, iter(sorted(arrows[start])))]
        index[start] = low[start] = len(index)
        stack.append(start)
        while work:
            node, rest = work[-1]
            for other in rest:
                if other not in index:
                    index[other] = low[other] = len(index)
                    stack.append(other)
                    work.append((other, iter(sorted(arrows.get(other, ())))))
                    break
                if other in stack:
                    low[node] = min(low[node], index[other])
            else:
                work.pop()
                if work:
                    low[work[-1][0]] = min(low[work[-1][0]], low[node])
                if low[node] == index[node]:
                    part = set()
                    while node not in part:
                        part.add(stack.pop())
                    if len(part) > 1:
                        found.append(part)
    return found


def walk(part, arrows):
    """One way round inside a circle: a, b, c, a; as short as there is from its first node."""
    start = min(part)
    before, queue = {}, [start]
    for node in queue:
        for other in sorted(arrows[node]):
            if other == start:
                way = [start]
                while node != start:
                    way.append(node)
                    node = before[node]
                return [start] + way[::-1][:-1] + [start]
            if other in part and other not in before:
                before[other] = node
                queue.append(other)
    return sorted(part)


def rule_rooms():
    """Includes follow the table, and a .c with its .h takes part in no circle."""
    for top, rooms in ROOMS.items():
        order = list(rooms)
        for room, lower in rooms.items():
            below = order[:order.index(room)]
            for other in lower:
                if other != "*" and other not in below:
                    yield f"tests/package/check_rooms.py:1: {room} may include {other}, which does not stand before it"
        files, arrows = set(tree(top)), {}
        for name in sorted(files):
            room, unit = room_of(name, top), name.rsplit(".", 1)[0]
            if not room:
                yield f"{name}:1: lies in no room of {top}/"
                continue
            may = order[:order.index(room)] if rooms[room] == ["*"] else rooms[room]
            for number, target in includes(name, top, files):
                other = room_of(target, top)
                if other != room and other not in may:
                    yield f"{name}:{number}: {top}/{room} must not include {target}"
                if target.rsplit(".", 1)[0] != unit:
                    arrows.setdefault(unit, {}).setdefault(target.rsplit(".", 1)[0], f"{name}:{number}")
                arrows.setdefault(target.rsplit(".", 1)[0], {})
        for part in circles(arrows):
            way = walk(part, arrows)
            yield f"{arrows[way[0]][way[1]]}: files include each other in a circle ({len(part)}): {' > '.join(way)}"


def objects(places):
    for place in places:
        if os.path.isfile(place):
            yield place
        for folder, _, files in os.walk(place):
            yield from (os.path.join(folder, f) for f in files if f.endswith(".o"))


def rule_cycles(*places):
    """By nm: an object points to those that define what it lacks."""
    nm = os.environ.get("NM") or shutil.which("nm")
    if not nm:
        print("nm is missing")
        sys.exit(77)
    shorts = {}
    for name in sorted(set(objects(places))):
        match = re.search(r"CMakeFiles/([^/]*)\.dir/(?:\./)?(.*)\.o$", name)
        shorts[name] = match.groups() if match else ("", name)
    if len(shorts) < 5:
        yield f"{' '.join(places)[:80]}: hardly any objects found"
        return
    owners, lacks = {}, {}
    text = subprocess.run([nm, "-A", "-P", "-g", *shorts], capture_output=True, text=True, check=True).stdout
    for name, symbol, kind in re.findall(r"^(.*?): (\S+) (\S)", text, flags=re.M):
        if kind == "U":
            lacks.setdefault(shorts[name], set()).add(symbol)
        elif kind not in "wv":
            owners.setdefault(symbol, []).append(shorts[name])
    arrows = {short: {} for short in shorts.values()}
    for short, symbols in lacks.items():
        for symbol in sorted(symbols):
            # Programs may have functions of the same name: an object means that of its own target.
            found = owners.get(symbol, [])
            own = [other for other in found if other[0] == short[0]] or found
            if len(own) == 1:
                arrows[short].setdefault(own[0], symbol)
    # Calls go down as includes do; a call needs no include where a public header declares the function.
    order = list(ROOMS["lib"])
    for short in arrows:
        for other, symbol in arrows[short].items():
            if short[0] == other[0] == "stylize_objects":
                upper, lower = (room_of("lib/" + s[1], "lib") for s in (short, other))
                if upper and lower and order.index(lower) > order.index(upper):
                    yield f"lib/{short[1]}: calls {symbol} of lib/{other[1]}, which stands above it"
    for part in circles(arrows):
        way = walk(part, arrows)
        steps = [f"{a[1]} ({arrows[a][b]})" for a, b in zip(way, way[1:])] + [way[-1][1]]
        yield f"{way[0][0]}: objects call each other in a circle ({len(part)}): {' > '.join(steps)}"


def rule_size():
    """In formatted code a function's body begins with { and ends with } in the first column."""
    for top in ROOMS:
        for name in tree(top):
            lines = read(name).split("\n")
            if len(lines) - 1 > FILE_MAX:
                yield f"{name}:{len(lines) - 1}: longer than {FILE_MAX} lines"
            begin = None
            for number, line in enumerate(lines, 1):
                if line == "{":
                    begin = number
                    while begin > 1 and lines[begin - 2] and not re.match(r"[}#]|.*(\*/|;)$", lines[begin - 2]):
                        begin -= 1
                elif line == "}" and begin:
                    if number - begin + 1 > FUNCTION_MAX:
                        yield f"{name}:{begin}: a function of {number - begin + 1} lines, {FUNCTION_MAX} at most"
                    begin = None


def main():
    rules = {name[5:]: rule for name, rule in globals().items() if name.startswith("rule_")}
    if len(sys.argv) < 2 or sys.argv[1] not in rules or (len(sys.argv) > 2) != (sys.argv[1] == "cycles"):
        print(f"usage: check_rooms.py {'|'.join(rules)} [OBJECT...]", file=sys.stderr)
        return 2
    found = list(rules[sys.argv[1]](*sys.argv[2:]))
    for line in found:
        print(line)
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main())
