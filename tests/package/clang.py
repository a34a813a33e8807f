#!/usr/bin/env python3
"""Reads every C file as clang does, with the warnings of the project as errors: clang.py CLANG COMPILE_COMMANDS

Nothing is generated, so it takes a small part of a build. 77: there is no clang.
"""
import concurrent.futures
import json
import os
import shlex
import shutil
import subprocess
import sys


def check(clang, entry):
    words = shlex.split(entry["command"])
    kept, skip = [], False
    for word in words[1:]:
        if skip or word in ("-c", "-MD"):
            skip = False
        elif word in ("-o", "-MT", "-MF"):
            skip = True
        else:
            kept.append(word)
    return subprocess.run([clang, "-fsyntax-only", "-Werror", "-Wno-unused-command-line-argument", *kept],
                          cwd=entry["directory"], capture_output=True, text=True)


def main():
    if len(sys.argv) != 3:
        print(__doc__)
        return 2
    clang = shutil.which(sys.argv[1])
    if not clang:
        print("skipped: there is no clang")
        return 77
    with open(sys.argv[2], encoding="utf-8") as f:
        entries = [e for e in json.load(f) if e["file"].endswith(".c")]
    if len(entries) < 100:
        print(f"{sys.argv[2]}: hardly any files found")
        return 1
    bad = 0
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        for done in pool.map(lambda e: check(clang, e), entries):
            if done.returncode:
                bad += 1
                print(done.stderr.strip())
    print(f"{len(entries)} files, {bad} not as clang wants them")
    return 1 if bad else 0


if __name__ == "__main__":
    sys.exit(main())
