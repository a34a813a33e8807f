"""What the tests of the Celery tasks run in: an object store, a Redis, workers."""

import contextlib
import http.server
import json
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
import redis

import stylize.celery
WAIT = 600
"""Seconds until a test gives up; nothing is decided by it but that something hangs."""


def until(condition: Callable[[], Any], what: str) -> Any:
    end = time.monotonic() + WAIT
    while not (value := condition()):
        assert time.monotonic() < end, f"{what} did not happen"
        time.sleep(0.02)
    return value


@pytest.fixture(scope="session")
def broker(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    folder = tmp_path_factory.mktemp("redis")
    command = ["redis-server", "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--dir", str(folder)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as server:
        client = redis.Redis(port=port)

        def up() -> bool:
            with contextlib.suppress(redis.ConnectionError):
                return bool(client.ping())
            return False

        until(up, "Redis's start")
        yield f"redis://127.0.0.1:{port}/0"
        client.close()
        server.terminate()
        server.wait()


@pytest.fixture(scope="session")
def app(broker: str) -> Iterator[Any]:
    """The application of the producer, which is this process."""
    stylize.celery.app.conf.update(broker_url=broker, result_backend=broker)
    yield stylize.celery.app
    stylize.celery.app.close()


class Worker:
    """A worker process with its children, a process group of its own."""

    def __init__(self, name: str, broker: str, folder: pathlib.Path, **environment: str) -> None:
        self.log = folder / f"{name}.log"
        env = {
            **os.environ,
            "STYLIZE_BROKER": broker,
            "STYLIZE_RESULT_BACKEND": broker,
            "STYLIZE_RESULTS": (folder / "results").as_uri(),
            "STYLIZE_VISIBILITY_TIMEOUT": "4",
            "STYLIZE_WARM_UP": "scream",
            **environment,
        }
        command = [sys.executable, "-m", "celery", "-A", "stylize.celery", "worker", "-Q", "stylize"]
        command += ["-c", "1", "-n", f"{name}@%h", "-l", "INFO", "--without-gossip", "--without-mingle"]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, env=env, stdout=log, stderr=log, start_new_session=True)

    def ready(self) -> "Worker":
        until(lambda: "is ready in process" in self.text() and f"@{socket.gethostname()} ready" in self.text(), self.text())
        return self

    def text(self) -> str:
        return self.log.read_text()

    def child(self) -> int:
        children = pathlib.Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text()
        return int(children.split()[0])

    def kill(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait()

    def stop(self) -> None:
        self.process.terminate()
        try:
            self.process.wait(WAIT)
        finally:
            self.kill()


def kill_between(victim: Worker, workers: list[Worker], broker: str, task: str, count: int) -> None:
    """Kills a worker at a moment at which Redis knows of all the tasks of a name.

    Between the two commands by which a worker takes a message and writes it down as its own, it would be lost: the one
    moment that docs/celery.md tells of.
    """
    client = redis.Redis.from_url(broker)

    def frozen() -> bool:
        for worker in workers:
            os.killpg(worker.process.pid, signal.SIGSTOP)
        time.sleep(0.1)  # what was sent is done
        messages = [json.loads(m) for m in client.lrange("stylize", 0, -1)]
        messages += [json.loads(m)[0] for m in client.hvals("unacked")]
        known = {m["headers"]["id"] for m in messages if m["headers"]["task"] == task}
        for worker in workers:
            known |= set(re.findall(re.escape(task) + r"\[([0-9a-f-]+)\] succeeded", worker.text()))
        if len(known) >= count:
            return True
        for worker in workers:
            os.killpg(worker.process.pid, signal.SIGCONT)
        return False

    until(frozen, "a moment between two tasks")
    client.close()
    victim.kill()
    for worker in workers:
        if worker is not victim:
            os.killpg(worker.process.pid, signal.SIGCONT)


class Store(http.server.BaseHTTPRequestHandler):
    """An object store on loopback: PUT and GET by path.

    /flaky/N/... fails N times first, /slow/N/... takes N seconds, /status/N/... answers N.
    """

    objects: dict[str, bytes] = {}
    failures: dict[str, int] = {}
    seen: list[tuple[str, str, str | None]] = []

    def answer(self, code: int, body: bytes = b"") -> None:
        self.send_response(code)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def refused(self) -> bool:
        self.seen.append((self.command, self.path, self.headers.get("Authorization")))
        parts = self.path.split("?")[0].split("/")
        if parts[1] == "status":
            self.answer(int(parts[2]))
            return True
        if parts[1] == "slow":
            time.sleep(float(parts[2]))
        if parts[1] == "flaky":
            left = self.failures.setdefault(self.path, int(parts[2]))
            self.failures[self.path] = left - 1
            if left > 0:
                self.answer(503)
                return True
        return False

    def do_GET(self) -> None:
        if not self.refused():
            name = self.path.split("?")[0].lstrip("/")
            if name.startswith(("flaky/", "slow/")):
                name = name.split("/", 2)[2]
            body = self.objects.get(name)
            self.answer(404) if body is None else self.answer(200, body)

    def do_PUT(self) -> None:
        if not self.refused():
            body = self.rfile.read(int(self.headers["Content-Length"]))
            self.objects[self.path.split("?")[0].lstrip("/")] = body
            self.answer(200)

    def log_message(self, *_: Any) -> None:
        pass


@pytest.fixture(scope="session")
def store() -> Iterator[str]:
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Store) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()


def paint(**kwargs: Any) -> Any:
    return stylize.celery.paint.apply_async(kwargs=kwargs)
