#!/usr/bin/env python3
"""What tests cost: test_times.py BUILD [CTEST_ARGUMENT...], such as test_times.py build/release -L unit

Runs the tests that ctest would select, one after the other, and prints for each the seconds of processor time of the
test and all that it started, and the seconds that passed. On a machine that does other things the first is what can
be compared; where the second is much larger, the test waits.
"""
import json
import os
import subprocess
import sys
import tempfile
import time


def selected(build, arguments):
    listed = subprocess.run(["ctest", "--test-dir", build, "--show-only=json-v1", *arguments], check=True,
                            capture_output=True, text=True)
    return [t for t in json.loads(listed.stdout)["tests"] if "command" in t]


def run(test, build):
    properties = {p["name"]: p["value"] for p in test.get("properties", [])}
    environment = dict(os.environ)
    environment.update(e.split("=", 1) for e in properties.get("ENVIRONMENT", []))
    with tempfile.TemporaryFile() as output:
        started = time.monotonic()
        child = subprocess.Popen(test["command"], cwd=properties.get("WORKING_DIRECTORY", build), env=environment,
                                 stdin=subprocess.DEVNULL, stdout=output, stderr=subprocess.STDOUT)
        _, status, used = os.wait4(child.pid, 0)
        passed = time.monotonic() - started
    code = os.waitstatus_to_exitcode(status)
    skipped = code == properties.get("SKIP_RETURN_CODE", -1)
    return used.ru_utime + used.ru_stime, passed, "" if code == 0 else "skipped" if skipped else f"FAILED: {code}"


def main():
    if len(sys.argv) < 2 or sys.argv[1].startswith("-"):
        print(__doc__)
        return 2
    processor = elapsed = failed = 0
    print("processor  elapsed  test")
    for test in selected(sys.argv[1], sys.argv[2:]):
        used, passed, said = run(test, sys.argv[1])
        processor += used
        elapsed += passed
        failed += said.startswith("FAILED")
        print(f"{used:9.1f}  {passed:7.1f}  {test['name']}  {said}".rstrip(), flush=True)
    print(f"{processor:9.1f}  {elapsed:7.1f}  in all")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
