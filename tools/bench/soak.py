#!/usr/bin/env python3
"""Keeps stylize-server under mixed load and watches its memory: soak.py [--minutes 10].

Clients paint pictures that the server has and has not seen, use pictures as styles, queue jobs, send batches, send what
is wrong, and go away in the middle. Caches and jobs are bounded so low that they fill within the first minutes. Every
minute it prints resident memory, open files, threads, and what was answered. Ends with 1 if the server died, if an
answer came that should not, or if memory still grows in the last third.
"""

import argparse
import collections
import dataclasses
import http.client
import io
import json
import os
import pathlib
import random
import signal
import socket
import struct
import sys
import threading
import time
import zipfile

import peers
from services import PATH, Stylize

ROOT = peers.ROOT
WORK = ROOT / "build" / "bench-server"
BOUNDARY = "f0c27a9d1b6e4835"
JPEG = {"Accept": "image/jpeg"}
STYLES = ("starry_night", "great_wave", "udnie", "scream")
OPTIONS = ("--rate-limit", "0", "--cache-memory", "32M", "--jobs-max", "200", "--job-ttl", "15s")
ALLOWED = {  # besides 503, which may come for all that paints
    "uncached": {200}, "cached": {200}, "style picture": {200}, "batch": {200}, "job": {202}, "job result": {200, 410},
    "not a picture": {415}, "no style": {404, 422}, "damaged picture": {415, 422}, "no form": {400, 415},
    "too large": {413}, "not there": {404}, "watch": {200}}
GROWTH = 1.05  # memory of the last third, compared with the third before


def form(fields: list[tuple[str, bytes, bool]]) -> tuple[bytes, dict[str, str]]:
    out = io.BytesIO()
    for name, value, is_file in fields:
        extra = '; filename="photo.jpg"\r\nContent-Type: image/jpeg' if is_file else ""
        out.write(f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="{name}"{extra}\r\n\r\n'.encode())
        out.write(value + b"\r\n")
    out.write(f"--{BOUNDARY}--\r\n".encode())
    return out.getvalue(), {"Content-Type": f"multipart/form-data; boundary={BOUNDARY}"}


def commented(jpeg: bytes, text: str) -> bytes:
    """The same picture as another file."""
    note = text.encode()
    return jpeg[:2] + b"\xff\xfe" + struct.pack(">H", len(note) + 2) + note + jpeg[2:]


@dataclasses.dataclass
class Tally:
    """What all clients saw; under its lock."""
    lock: threading.Lock
    answers: collections.Counter  # by what was asked for, and status
    wrong: list[str]

    def add(self, what: str, status: int | str) -> None:
        with self.lock:
            self.answers[what, status] += 1

    def complain(self, text: str) -> None:
        with self.lock:
            self.wrong.append(text)


class Client:
    """One connection that asks for one thing after the other."""

    def __init__(self, number: int, port: int, tally: Tally, stop: threading.Event):
        self.random = random.Random(number)
        self.number, self.port, self.tally, self.stop = number, port, tally, stop
        self.photo = (ROOT / "examples/data/photo.jpg").read_bytes()
        self.artwork = (ROOT / "examples/data/artwork.jpg").read_bytes()
        self.sent = 0
        self.connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)

    def ask(self, what: str, method: str, path: str, body: bytes = b"", headers: dict | None = None) -> tuple[int, bytes]:
        self.connection.request(method, path, body, headers or {})
        answer = self.connection.getresponse()
        data = answer.read()
        self.tally.add(what, answer.status)
        if answer.status not in ALLOWED[what] | {503}:
            self.tally.complain(f"{what}: {answer.status} {data[:200]!r}")
        return answer.status, data

    def new_photo(self) -> bytes:
        self.sent += 1
        return commented(self.photo, f"{self.number} {self.sent}")

    def fields(self, photo: bytes, *more: tuple[str, bytes, bool]) -> tuple[bytes, dict[str, str]]:
        size = str(self.random.choice((256, 384, 512))).encode()
        return form([("content_image", photo, True), ("output_size", size, False), *more])

    def style(self) -> tuple[str, bytes, bool]:
        return "style_id", self.random.choice(STYLES).encode(), False

    def paint(self, what: str, body: bytes, headers: dict) -> None:
        status, data = self.ask(what, "POST", PATH, body, headers | JPEG)
        if status == 200 and (data[:2] != b"\xff\xd8" or data[-2:] != b"\xff\xd9"):
            self.tally.complain(f"{what}: the answer is not a JPEG")

    def uncached(self) -> None:
        self.paint("uncached", *self.fields(self.new_photo(), self.style()))

    def cached(self) -> None:
        photo = commented(self.photo, f"known {self.random.randrange(8)}")
        self.paint("cached", *form([("content_image", photo, True), ("style_id", b"starry_night", False)]))

    def style_picture(self) -> None:
        artwork = commented(self.artwork, f"{self.number} {self.random.randrange(50)}")
        self.paint("style picture", *self.fields(self.new_photo(), ("style_image", artwork, True)))

    def batch(self) -> None:
        photos = [("content_image", self.new_photo(), True) for _ in range(3)]
        body, headers = form([*photos, self.style(), ("output_size", b"256", False)])
        status, data = self.ask("batch", "POST", "/api/v1/batches", body, headers)
        if status == 200 and len(zipfile.ZipFile(io.BytesIO(data)).namelist()) < 3:
            self.tally.complain("batch: fewer than three files in the ZIP")

    def job(self) -> None:
        body, headers = self.fields(self.new_photo(), self.style())
        status, data = self.ask("job", "POST", "/api/v1/jobs", body, headers)
        if status != 202:
            return
        path = f"/api/v1/jobs/{json.loads(data)['id']}"
        how = self.random.random()
        if how < 0.2:  # never looked after again
            return
        while how < 0.8 and not self.stop.is_set():
            self.connection.request("GET", path)
            answer = self.connection.getresponse()
            state = json.loads(answer.read()).get("state") if answer.status == 200 else None
            if state not in ("queued", "running"):
                if state == "done":
                    self.ask("job result", "GET", path + "/result", headers=JPEG)
                break
            self.stop.wait(0.1)
        self.connection.request("DELETE", path)
        self.connection.getresponse().read()

    def wrong(self) -> None:
        style = self.style()
        body, headers = form([("content_image", b"\xff\xd8\xff\xe0 no picture", True), style])
        self.ask("damaged picture", "POST", PATH, body, headers)
        self.ask("not a picture", "POST", PATH, *form([("content_image", b"hello", True), style]))
        self.ask("no style", "POST", PATH, *form([("content_image", self.photo, True), ("style_id", b"none", False)]))
        self.ask("no form", "POST", PATH, b"no form at all", headers)
        self.ask("not there", "GET", "/api/v1/jobs/" + "0" * 24)

    def too_large(self) -> None:
        """Refused by its header, so that the body is never sent."""
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as s:
            s.sendall(f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: multipart/form-data; "
                      f"boundary={BOUNDARY}\r\nContent-Length: {1 << 40}\r\n\r\n".encode())
            line = s.recv(4096).split(b"\r\n")[0].split()
        status = int(line[1]) if len(line) > 1 else 0
        self.tally.add("too large", status)
        if status != 413:
            self.tally.complain(f"too large: {status}")

    def leave(self) -> None:
        """Goes away: in the middle of the body, or while the picture is painted."""
        body, headers = self.fields(self.new_photo(), self.style())
        end = len(body) if self.random.random() < 0.7 else self.random.randrange(len(body))
        with socket.create_connection(("127.0.0.1", self.port), timeout=60) as s:
            s.sendall(f"POST {PATH} HTTP/1.1\r\nHost: 127.0.0.1:{self.port}\r\nContent-Type: {headers['Content-Type']}\r\n"
                      f"Content-Length: {len(body)}\r\n\r\n".encode() + body[:end])
            self.stop.wait(self.random.random() * 0.2)
        self.tally.add("went away", "-")

    def watch(self) -> None:
        for path in ("/metrics", "/health", "/api/v1/styles", "/openapi.json", "/"):
            self.ask("watch", "GET", path)

    def run(self) -> None:
        kinds = {self.uncached: 30, self.cached: 30, self.style_picture: 6, self.batch: 4, self.job: 10, self.wrong: 6,
                 self.too_large: 2, self.leave: 8, self.watch: 4}
        while not self.stop.is_set():
            try:
                self.random.choices(list(kinds), list(kinds.values()))[0]()
            except (OSError, http.client.HTTPException) as e:
                self.connection.close()
                if not self.stop.is_set():
                    self.tally.complain(f"connection: {type(e).__name__}: {e}")
                    self.stop.wait(0.5)


def memory_of(pid: int) -> dict[str, int]:
    """Kilobytes resident, threads and open files."""
    status = pathlib.Path(f"/proc/{pid}/status").read_text()
    fields = dict(line.split(":", 1) for line in status.splitlines())
    return {"rss": int(fields["VmRSS"].split()[0]), "threads": int(fields["Threads"]),
            "files": len(os.listdir(f"/proc/{pid}/fd"))}


def grows(samples: list[int]) -> bool:
    third = len(samples) // 3
    return third > 0 and max(samples[-third:]) > GROWTH * max(samples[third:-third])


def watch(pid: int, minutes: float, every: float) -> list[dict]:
    samples = []
    print("minute  resident MiB  threads  files", flush=True)
    end = time.monotonic() + minutes * 60
    next_line = time.monotonic() + 60
    while (now := time.monotonic()) < end:
        time.sleep(min(every, end - now))
        samples.append(memory_of(pid))
        if time.monotonic() >= next_line or time.monotonic() >= end:
            next_line += 60
            last = samples[-1]
            passed = (time.monotonic() - end) / 60 + minutes
            print(f"{passed:6.1f}  {last['rss'] / 1024:12.1f}  {last['threads']:7}  {last['files']:5}", flush=True)
    return samples


def soak(args) -> dict:
    """Runs it; the results, with all that went wrong in "wrong"."""
    tally = Tally(threading.Lock(), collections.Counter(), [])
    stop = threading.Event()
    WORK.mkdir(parents=True, exist_ok=True)
    with Stylize("stylize-server", WORK / "soak.log", args.server, ROOT / "models", OPTIONS) as service:
        port = int(service.url.rsplit(":", 1)[1])
        clients = [threading.Thread(target=Client(n, port, tally, stop).run, daemon=True) for n in range(args.clients)]
        for client in clients:
            client.start()
        try:
            samples = watch(service.process.pid, args.minutes, args.every)
        except (OSError, KeyError):  # its files are gone, or it is a zombie
            samples = []
            tally.complain("the server ended")
        stop.set()
        for client in clients:
            client.join(120)
        service.process.terminate()
        status = service.process.wait(120)
        if status:
            tally.complain(f"the server ended with {status}")
    resident = [s["rss"] for s in samples]
    if grows(resident):
        tally.complain("memory still grows in the last third")
    return {"minutes": args.minutes, "clients": args.clients, "every": args.every, "samples": samples,
            "answers": [{"what": what, "status": status, "count": n}
                        for (what, status), n in sorted(tally.answers.items(), key=str)], "wrong": tally.wrong}


def parse_arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.split("\n\n")[0])
    parser.add_argument("--minutes", type=float, default=10)
    parser.add_argument("--clients", type=int, default=24)
    parser.add_argument("--every", type=float, default=1, help="seconds between two looks at the memory")
    parser.add_argument("--server", type=pathlib.Path, default=ROOT / "build/release/bin/stylize-server")
    parser.add_argument("--json", type=pathlib.Path, help="file for the results")
    return parser.parse_args()


def main() -> None:
    args = parse_arguments()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    results = soak(args)
    for entry in results["answers"]:
        print(f"{entry['what']:18} {entry['status']:>4} {entry['count']:8}")
    if results["samples"]:
        print(f"resident at most {max(s['rss'] for s in results['samples']) / 1024:.1f} MiB")
    if args.json:
        args.json.write_text(json.dumps(results, indent=1))
    for text in results["wrong"][:20]:
        print(text, file=sys.stderr)
    sys.exit(f"{len(results['wrong'])} thing(s) went wrong" if results["wrong"] else 0)


if __name__ == "__main__":
    main()
