"""Starts the real binary on a free port of loopback; each test has a server of its own or shares a plain one."""
import json
import os
import pathlib
import signal
import socket
import struct
import subprocess
import sys
import zlib

import httpx
import pytest

sys.path.insert(0, str(pathlib.Path(__file__).resolve().parents[2]))
import services  # noqa: E402
from patience import PATIENCE, SLOWNESS, wait  # noqa: E402

BINARY = os.environ["STYLIZE_SERVER"]
SOURCE = pathlib.Path(os.environ["STYLIZE_SOURCE"])
# On a busy machine clients and other services may be slow; only tests of that give them less time.
PATIENT = {"STYLIZE_" + name: "3600s" for name in ("REQUEST_TIMEOUT", "BODY_TIMEOUT", "SEND_TIMEOUT", "KEEP_ALIVE",
                                                   "GRACEFUL_TIMEOUT")} | \
    {"STYLIZE_" + name: "600s" for name in ("HEADER_TIMEOUT", "STORAGE_TIMEOUT")} | \
    {"STYLIZE_" + name: "60s" for name in ("REDIS_TIMEOUT", "BROKER_TIMEOUT")}
# To load libtorch takes a start most of its time, and a warm-up most of the rest: the server that many tests share does
# both, and those of the sandbox do; to others it makes no difference.
PLAIN = {name: value for name, value in (("STYLIZE_PLUGINS", str(pathlib.Path(__file__).parent)), ("STYLIZE_WARM_UP", "no"))
         if name not in os.environ}
os.environ.update(PLAIN)  # also of what the tests start themselves


def pytest_configure(config):
    config.addinivalue_line("markers", "heavy: left out of builds with sanitizers")
    config.addinivalue_line("markers", "page: in a browser")
    config.addinivalue_line("markers", "threads: what threads do at the same time, for the thread sanitizer")


def side(pixels):
    """Of a picture that shall take a while to paint."""
    return max(pixels // SLOWNESS, 32)


def run(*arguments):
    return subprocess.run([BINARY, *arguments], capture_output=True, text=True, timeout=PATIENCE, check=False)


def make_keys(path):
    """A user's and an admin's key and the file for the server."""
    keys, lines = {}, []
    for name, role in (("anna", "user"), ("bert", "user"), ("root", "admin")):
        comment, line = run("new-key", name).stdout.splitlines()
        keys[name] = {"Authorization": "Bearer " + comment.rsplit(" ", 1)[1]}
        lines.append(line.replace("user ", role + " ", 1))
    path.write_text("\n".join(lines))
    return keys


def make_certificate(folder, name):
    subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes",
                    "-subj", f"/CN={name}", "-days", "2", "-keyout", str(folder / "key.pem"),
                    "-out", str(folder / "cert.pem")], check=True, capture_output=True)


def gray_png(shade):
    """A small picture of one grey."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))

    head = struct.pack(">IIBBBBB", 8, 8, 8, 0, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(
        b"IDAT", zlib.compress((b"\0" + bytes([shade]) * 8) * 8)) + chunk(b"IEND", b"")


def connect(server, address="127.0.0.1"):
    """A connection from that address of this machine: another address is another client."""
    return socket.create_connection(("127.0.0.1", server.port), source_address=(address, 0))


def talk(server, data, address="127.0.0.1"):
    """Sends bytes as they are and reads until the server closes."""
    with connect(server, address) as s:
        s.settimeout(PATIENCE)
        answer = b""
        try:
            s.sendall(data)
            while piece := s.recv(65536):
                answer += piece
        except ConnectionError:
            pass
        return answer


def status_of(answer):
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/1.1 ") else None


def request(line, *headers):
    return "\r\n".join([line, "Host: localhost", "Connection: close", *headers, "", ""]).encode()


class Server:
    """A running stylize-server."""

    def __init__(self, folder, *flags, scheme="http", ready=True, plain=True):
        self.folder = folder
        self.environment = PATIENT | {k: v for k, v in os.environ.items() if plain or k not in PLAIN}
        self.log_path = folder / "log"
        self.flags = flags
        self.scheme = scheme
        self.start(ready)

    def start(self, ready=True):
        with open(self.log_path, "ab") as log:
            offset = log.tell()
            self.process = subprocess.Popen(
                [BINARY, "--listen", "127.0.0.1:0", "--state-dir", str(self.folder / "state"), *self.flags],
                stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=log, env=self.environment)
        line = self.wait_for_log("listening on", offset)
        self.port = int(line["message"].rsplit(" ", 1)[1])
        self.url = f"{self.scheme}://127.0.0.1:{self.port}"
        self.client = httpx.Client(base_url=self.url, timeout=PATIENCE, verify=False)
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

    wait = staticmethod(wait)

    def serves(self):
        """Waits until it answers: where it gives clients little time, one on a busy machine may have been too slow."""
        def answers():
            try:
                return self.client.get("/health").status_code == 200
            except httpx.TransportError:
                return False
        return wait(answers)

    def stop(self, number=signal.SIGTERM):
        self.client.close()
        if self.process.poll() is None:
            self.process.send_signal(number)
        return self.process.wait(timeout=PATIENCE)

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
    s = Server(tmp_path_factory.mktemp("shared"), "--rate-limit", "0", plain=False)
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


@pytest.fixture
def disk(tmp_path):
    """A function that mounts a file system of so many KiB."""
    folder = tmp_path / "disk"
    folder.mkdir()

    def mount(kib):
        if os.geteuid() != 0 or subprocess.run(["mount", "-t", "tmpfs", "-o", f"size={kib}k", "none", str(folder)],
                                               capture_output=True, check=False).returncode:
            pytest.skip("a small file system cannot be mounted here, which needs root")
        return folder
    yield mount
    subprocess.run(["umount", "-l", str(folder)], check=False, capture_output=True)


@pytest.fixture
def redis(tmp_path):
    if not services.have_redis():
        pytest.skip("redis-server is missing")
    r = services.Redis(tmp_path)
    yield r
    r.kill()


@pytest.fixture(scope="session")
def browser():
    from chromium import CHROMIUM, playwright
    with playwright.sync_playwright() as p:
        b = p.chromium.launch(executable_path=CHROMIUM, args=[
            "--no-sandbox", "--disable-dev-shm-usage", "--use-fake-device-for-media-stream", "--use-fake-ui-for-media-stream"])
        yield b
        b.close()


@pytest.fixture
def open_page(browser, server):
    """A function that opens the page; what it asks of another server or reports as an error fails the test."""
    from chromium import SIZES
    contexts, errors = [], []

    def watch(p):
        p.on("pageerror", lambda e: errors.append(str(e)))
        p.on("console", lambda m: errors.append(m.text)
             if "Content Security Policy" in m.text or "Trusted" in m.text else None)
        p.on("request", lambda r: errors.append(r.url)
             if not r.url.startswith((server.url, "blob:", "data:")) else None)

    def run(size="desktop", language="en-US", **more):
        # with a service worker, what the tests put in the place of an answer would not be seen
        more = {"reduced_motion": "reduce", "service_workers": "block", **SIZES[size], "locale": language, "accept_downloads": True, **more}
        context = browser.new_context(**more)
        context.set_default_timeout(1000 * PATIENCE)
        contexts.append(context)
        page = context.new_page()
        watch(page)
        page.goto(server.url)
        page.wait_for_selector("#gallery .style")
        return page
    yield run
    for context in contexts:
        for page in context.pages:
            page.unroute_all(behavior="ignoreErrors")
        context.close()
    assert errors == []


@pytest.fixture(params=["desktop", "phone"])
def page(open_page, request):
    return open_page(request.param)


@pytest.fixture
def desktop(open_page):
    return open_page("desktop")
