"""Sums up what `gcov --json-format --stdout` wrote, one object a line: lines of each room of lib/, and of all."""
import json
import os
import sys

lines: dict[str, dict[int, bool]] = {}
for text in sys.stdin:
    if not text.startswith("{"):
        continue
    report = json.loads(text)
    for file in report["files"]:
        path = os.path.relpath(os.path.join(report["current_working_directory"], file["file"]))
        if path.startswith("lib/"):
            reached = lines.setdefault(path, {})
            for line in file["lines"]:
                reached[line["line_number"]] = reached.get(line["line_number"], False) or line["count"] > 0
rooms: dict[str, list[int]] = {}
for path, reached in lines.items():
    for room in ("lib", path.rsplit("/", 1)[0]):
        sums = rooms.setdefault(room, [0, 0])
        sums[0] += sum(reached.values())
        sums[1] += len(reached)
for room, (hit, count) in sorted(rooms.items()):
    print(f"{100 * hit / count:6.1f} %  {hit:6} of {count:6}  {room}")
