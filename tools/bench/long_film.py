#!/usr/bin/env python3
"""A long film by `stylize video`: does memory stay flat, sound in step, and nothing broken stay when it is killed?

    long_film.py [--minutes 10] [--size 160x96] [--build build/release]

Makes a film with a tone in a folder of its own, paints it, looks at the process's memory every second, compares the times of all
packets before and after, and paints it again to kill that in the middle. Says what it saw; exit code 1 if any of it is wrong.
Needs ffmpeg and ffprobe.
"""
import argparse
import os
import pathlib
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
GROWTH = 8 << 10  # KiB that memory may grow by after the first quarter, whatever the length


def make(path: pathlib.Path, size: str, seconds: float) -> None:
    subprocess.run(["ffmpeg", "-v", "error", "-nostdin", "-y", "-f", "lavfi", "-i", f"testsrc2=size={size}:rate=25:duration={seconds}", "-f",
                    "lavfi", "-i", f"sine=440:beep_factor=2:duration={seconds}", "-c:v", "libx264", "-preset", "ultrafast", "-c:a", "aac",
                    str(path)], check=True)


def times(path: pathlib.Path, kind: str) -> list[float]:
    run = subprocess.run(["ffprobe", "-v", "error", "-select_streams", kind, "-show_entries", "packet=pts_time", "-of", "csv=p=0", str(path)],
                         capture_output=True, text=True, check=True)
    return sorted(float(line.strip(",")) for line in run.stdout.split() if line.strip(",") not in ("", "N/A"))


def memory(pid: int) -> int:
    """KiB that are resident; 0 when it has ended."""
    try:
        text = pathlib.Path(f"/proc/{pid}/status").read_text()
    except FileNotFoundError:
        return 0
    return next((int(line.split()[1]) for line in text.splitlines() if line.startswith("VmRSS")), 0)


def start(command: pathlib.Path, film: pathlib.Path, out: pathlib.Path) -> subprocess.Popen:
    return subprocess.Popen([command, "video", film, "--style", "udnie", "-q", "-o", out],
                            env={**os.environ, "STYLIZE_MODELS": str(ROOT / "models")})


def watch(process: subprocess.Popen, every: float) -> list[int]:
    seen = []
    while process.poll() is None:
        now = memory(process.pid)
        if now:
            seen.append(now)
        time.sleep(every)
    return seen


def main() -> int:
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--minutes", type=float, default=10)
    p.add_argument("--size", default="160x96")
    p.add_argument("--build", type=pathlib.Path, default=ROOT / "build" / "release")
    a = p.parse_args()
    wrong: list[str] = []
    command = a.build / "bin" / "stylize"
    with tempfile.TemporaryDirectory() as folder:
        film, out, killed = (pathlib.Path(folder) / name for name in ("in.mp4", "out.mp4", "killed.mp4"))
        make(film, a.size, 60 * a.minutes)
        process = start(command, film, out)
        seen = watch(process, min(1.0, a.minutes / 10))
        if process.returncode:
            return print("it failed") or 1
        early = max(seen[: max(1, len(seen) // 4)])  # by then all that is loaded once is there
        print(f"memory: {early >> 10} MiB in the first quarter, {max(seen) >> 10} MiB at most, seen {len(seen)} times")
        if max(seen) - early > GROWTH:
            wrong.append("memory grew")
        for kind, name in (("v", "picture"), ("a", "sound")):
            before, after = times(film, kind), times(out, kind)
            apart = max((abs(x - y) for x, y in zip(before, after)), default=0)
            print(f"{name}: {len(before)} packets, {len(after)} after; their times are {1000 * apart:.2f} ms apart at most")
            if len(before) != len(after) or apart > 0.001:
                wrong.append(f"{name} is not in step")
        process = start(command, film, killed)
        while process.poll() is None and not any(name.startswith(".killed") for name in os.listdir(folder)):
            time.sleep(0.01)
        time.sleep(0.2)
        process.send_signal(signal.SIGKILL)
        process.wait()
        print(f"killed: {'there is a file' if killed.exists() else 'no file'} under the final name")
        if killed.exists():
            wrong.append("a broken file stayed")
    print("wrong: " + ", ".join(wrong) if wrong else "as it should be")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
