"""Starts the real binary on a free port of loopback; each test has a server of its own or shares a plain one."""
import json
import os
import pathlib
import signal
import subprocess
import time

import httpx
import pytest

BINARY = os.environ["STYLIZE_SERVER"]
SOURCE = pathlib.Path(os.environ["STYLIZE_SOURCE"])


class Server:
    """A running stylize-server."""

    def __init__(self, folder, *flags, scheme="http", ready=True):
        self.folder = folder
        self.log_path = folder / "log"
        self.flags = flags
        self.scheme = scheme
        self.start(ready)

    def start(self, ready=True):
        with open(self.log_path, "ab") as log:
            offset = log.tell()
            self.process = subprocess.Popen(
                [BINARY, "--listen", "127.0.0.1:0", "--state-dir", str(self.folder / "state"), *self.flags],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log)
        line = self.wait_for_log("listening on", offset)
        self.port = int(line["message"].rsplit(" ", 1)[1])
        self.url = f"{self.scheme}://127.0.0.1:{self.port}"
        self.client = httpx.Client(base_url=self.url, timeout=60, verify=False)
        if ready:
            self.wait(lambda: self.client.get("/health/ready").status_code == 200)

    def log(self, offset=0):
        text = self.log_path.read_bytes()[offset:].decode()
        return [json.loads(line) for line in text.splitlines() if line.startswith("{")]

    def wait_for_log(self, part, offset=0):
        def find():
            if self.process.poll() is not None:
                raise AssertionError(self.log_path.read_text()[-2000:])
            return next((line for line in self.log(offset) if part in line["message"]), None)
        return self.wait(find)

    @staticmethod
    def wait(condition, seconds=60):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            found = condition()
            if found:
                return found
            time.sleep(0.02)
        raise AssertionError("it did not happen in time")

    def stop(self, number=signal.SIGTERM):
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=60)

    def paint(self, photo, headers=None, **fields):
        fields.setdefault("style_id", "starry_night")
        fields.setdefault("output_size", "128")
        fields = {k: v for k, v in fields.items() if v is not None}
        return self.client.post("/api/v1/style-transfer", files={"content_image": photo}, data=fields,
                                headers=headers or {})

    def add_job(self, photo, headers=None, **fields):
        fields.setdefault("style_id", "starry_night")
        fields.setdefault("output_size", "128")
        return self.client.post("/api/v1/jobs", files={"content_image": photo}, data=fields, headers=headers or {})

    def metric(self, name):
        for line in self.client.get("/metrics").text.splitlines():
            if line.startswith(name + " "):
                return float(line.rsplit(" ", 1)[1])
        return None


@pytest.fixture(scope="session")
def photo():
    return (SOURCE / "examples/data/photo.jpg").read_bytes()


@pytest.fixture(scope="session")
def artwork():
    return (SOURCE / "examples/data/artwork.jpg").read_bytes()


@pytest.fixture(scope="session")
def server(tmp_path_factory):
    s = Server(tmp_path_factory.mktemp("shared"), "--rate-limit", "0")
    yield s
    assert s.stop() == 0


@pytest.fixture
def start(tmp_path):
    """A function that starts a server with the flags given; all are stopped at the end."""
    running = []

    def run(*flags, **more):
        folder = tmp_path / str(len(running))
        folder.mkdir()
        running.append(Server(folder, *flags, **more))
        return running[-1]
    yield run
    for s in running:
        s.stop(signal.SIGKILL)
