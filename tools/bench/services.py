"""Starts stylize-server and the Flask service, and runs wrk against them (see server.py and soak.py)."""

import dataclasses
import json
import os
import pathlib
import shutil
import socket
import subprocess
import tempfile
import time
import urllib.error
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
PATH = "/api/v1/style-transfer"
START_SECONDS = 120
# Nobody is refused and all pictures are painted in full size, so that every service does the same work.
UNLIMITED = ("--rate-limit", "0", "--queue-length", "4096", "--max-decoded-bytes", "16G", "--no-degrade")


class Service:
    """A program that listens on loopback while it is used in a with statement."""

    def __init__(self, label: str, log: pathlib.Path):
        self.label = label
        self.log = log
        self.process = None

    def command(self, address: str) -> tuple[list, dict[str, str]]:
        """The arguments, and what is added to the environment."""
        raise NotImplementedError

    ready = "/health"

    def __enter__(self):
        with socket.socket() as probe:
            probe.bind(("127.0.0.1", 0))
            address = f"127.0.0.1:{probe.getsockname()[1]}"
        self.url = f"http://{address}"
        arguments, environment = self.command(address)
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                            env=os.environ | environment)
        try:
            self.wait_until_ready()
        except BaseException:
            self.__exit__()
            raise
        return self

    def wait_until_ready(self) -> None:
        end = time.monotonic() + START_SECONDS
        while time.monotonic() < end and self.process.poll() is None:
            try:
                with urllib.request.urlopen(self.url + self.ready, timeout=START_SECONDS):
                    return
            except (urllib.error.URLError, ConnectionError):
                time.sleep(0.1)
        raise SystemExit(f"{self.label} does not start, see {self.log}")

    def __exit__(self, *_):
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()


class Stylize(Service):
    ready = "/health/ready"

    def __init__(self, label: str, log: pathlib.Path, binary: pathlib.Path, models: pathlib.Path, options=UNLIMITED):
        super().__init__(label, log)
        self.binary, self.models, self.options = binary, models, options

    def command(self, address: str) -> tuple[list, dict[str, str]]:
        self.state = tempfile.mkdtemp(prefix="stylize-bench-")
        return [self.binary, "--listen", address, "--models", self.models, "--state-dir", self.state,
                "--log-level", "warning", *self.options], {}

    def __exit__(self, *_):
        super().__exit__()
        shutil.rmtree(self.state, ignore_errors=True)


class Flask(Service):
    def __init__(self, label: str, log: pathlib.Path, python: pathlib.Path, models: pathlib.Path, form: str,
                 workers: int, threads: int):
        super().__init__(label, log)
        self.python, self.models, self.form = python, models, form
        self.workers, self.threads = workers, threads

    def command(self, address: str) -> tuple[list, dict[str, str]]:
        folder = HERE / "flask_service"
        return [self.python, "-W", "ignore", "-m", "gunicorn", "-c", folder / "gunicorn.conf.py", "--chdir", folder,
                "app:app"], \
            {"SERVICE_LISTEN": address, "SERVICE_MODELS": str(self.models), "SERVICE_FORM": self.form,
             "SERVICE_WORKERS": str(self.workers), "SERVICE_THREADS": str(self.threads),
             "OMP_NUM_THREADS": str(self.threads)}

    def wait_until_ready(self) -> None:
        """Every worker has to be warm, and none says which it is: all have answered when all are idle."""
        super().wait_until_ready()
        before = -1.0
        while self.workers > 1 and (now := self.processor_seconds()) - before > 0.1:
            before = now
            time.sleep(0.5)

    def processor_seconds(self) -> float:
        total = 0
        for path in pathlib.Path("/proc").glob("[0-9]*/stat"):
            try:
                fields = path.read_text().rsplit(")", 1)[1].split()
            except OSError:
                continue
            if int(fields[1]) == self.process.pid:  # its parent
                total += int(fields[11]) + int(fields[12])
        return total / os.sysconf("SC_CLK_TCK")


@dataclasses.dataclass
class Load:
    """What wrk is to send."""
    pictures: pathlib.Path
    style: str
    clients: int
    seconds: float
    cached: bool = False
    count: int = 32  # different pictures
    samples: int = 0  # answers to keep beside the folder of the pictures


tags = 0


def run_wrk(service: Service, load: Load) -> dict:
    """One run, as load.lua's line of JSON, with answers a second and milliseconds."""
    global tags
    tags += 1
    tag = f"{os.getpid()}-{time.time_ns() % 10**12}-{tags}"
    arguments = ["wrk", "-t", "1", "-c", str(load.clients), "-d", f"{max(1, round(load.seconds))}s", "--timeout", "600s",
                 "-s", HERE / "load.lua", service.url + PATH, "--", load.pictures, str(load.count), load.style,
                 "cached" if load.cached else "uncached", "same" if load.cached else tag, str(load.samples)]
    text = subprocess.run(arguments, check=True, text=True, capture_output=True).stdout
    lines = [line for line in text.splitlines() if line.startswith("RESULT ")]
    if not lines:
        raise SystemExit(f"wrk did not report:\n{text}")
    raw = json.loads(lines[0].removeprefix("RESULT "))
    good = raw["statuses"].get("200", 0) if raw["statuses"] else raw["answers"] - raw["refused"]
    errors = {status: n for status, n in raw["statuses"].items() if status != "200"}
    if not errors and raw["refused"]:
        errors["400 and above"] = raw["refused"]
    errors |= {name: raw[name] for name in ("broken", "connect", "read", "write", "timeout") if raw[name]}
    seconds = raw["microseconds"] / 1e6
    return {"rate": good / seconds, "answers": good, "seconds": seconds, "p50_ms": raw["p50"] / 1e3,
            "p99_ms": raw["p99"] / 1e3, "errors": errors}
