"""What the tests of the proxies start: real servers, the shipped configurations on free ports of loopback, broken servers."""
import contextlib
import http.client
import importlib.util
import os
import pathlib
import random
import signal
import socket
import ssl
import subprocess
import sys
import threading
import time

import httpx

SOURCE = pathlib.Path(os.environ["STYLIZE_SOURCE"])
END_TO_END = SOURCE / "tests/server/end_to_end"
sys.path.insert(0, str(END_TO_END))  # conftest.py takes the modules beside it
_spec = importlib.util.spec_from_file_location("end_to_end", END_TO_END / "conftest.py")
_end_to_end = importlib.util.module_from_spec(_spec)
_spec.loader.exec_module(_end_to_end)
Server = _end_to_end.Server
PATIENCE, wait = _end_to_end.PATIENCE, _end_to_end.wait
sys.path.insert(0, str(SOURCE / "tools/deploy"))
import edge  # noqa: E402


def free_port():
    """Below the ports that the system gives to clients: such a one may be taken before the proxy has it."""
    while True:
        port = random.randrange(12000, 30000)
        with socket.socket() as s:
            try:
                s.bind(("127.0.0.1", port))
                return port
            except OSError:
                pass


class Proxy:
    """The shipped configuration, with this machine's ports and folders put in place of the example's."""

    def __init__(self, folder, ports, change=lambda text: text):
        self.folder = folder
        self.folder.mkdir()
        edge.certificate(folder)
        self.port = free_port()
        self.plain_port = free_port()
        self.configure([f"127.0.0.1:{port}" for port in ports], change)
        self.process = None
        self.log = folder / "log"

    def start(self):
        assert self.check().returncode == 0, self.check().stderr
        with open(self.log, "ab") as log:
            self.process = subprocess.Popen(self.command(), stdin=subprocess.DEVNULL, stdout=log, stderr=log)
        wait(self.answers)
        return self

    def answers(self):
        assert self.process.poll() is None, self.log.read_text()
        with socket.socket() as s:
            return s.connect_ex(("127.0.0.1", self.port)) == 0

    def client(self, address="127.0.0.1", **more):
        transport = httpx.HTTPTransport(verify=False, local_address=address,
                                        limits=httpx.Limits(max_connections=64, max_keepalive_connections=0))
        return httpx.Client(base_url=f"https://127.0.0.1:{self.port}", transport=transport, timeout=PATIENCE, **more)

    def get(self, target):
        """A GET with exactly this target, which httpx would tidy up: status, headers, text."""
        context = ssl.create_default_context()
        context.check_hostname, context.verify_mode = False, ssl.CERT_NONE
        connection = http.client.HTTPSConnection("127.0.0.1", self.port, timeout=PATIENCE, context=context)
        with contextlib.closing(connection):
            connection.request("GET", target)
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read().decode(errors="replace")

    def stop(self):
        if self.process:
            self.process.send_signal(signal.SIGTERM)
            self.process.wait(timeout=PATIENCE)


class Nginx(Proxy):
    name = "nginx"
    binary = edge.binary("nginx")

    def configure(self, servers, change):
        edge.write_nginx(self.folder, f"127.0.0.1:{self.port}", f"127.0.0.1:{self.plain_port}", servers, change)

    def check(self):
        return subprocess.run([self.binary, "-t", "-q", "-c", self.folder / "nginx.conf", "-e", self.folder / "error.log"],
                              capture_output=True, text=True)

    def command(self):
        return [self.binary, "-c", self.folder / "nginx.conf", "-e", self.folder / "error.log"]

    def drain(self, ports, which):
        """As stylize-servers.list says: "down" behind the line, and read it again."""
        before = (self.folder / "error.log").read_text().count("exited with code 0")
        edge.write_servers(self.folder, [f"127.0.0.1:{port}" + (" down" if port == which else "") for port in ports])
        self.process.send_signal(signal.SIGHUP)
        # The old worker processes still go by the old list.
        wait(lambda: (self.folder / "error.log").read_text().count("exited with code 0") >= before + 2)


class Haproxy(Proxy):
    name = "haproxy"
    binary = edge.binary("haproxy")

    def configure(self, servers, change):
        edge.write_haproxy(self.folder, f"127.0.0.1:{self.port}", f"127.0.0.1:{self.plain_port}", servers, change)

    def check(self):
        return subprocess.run([self.binary, "-c", "-q", "-f", self.folder / "haproxy.cfg"],
                              capture_output=True, text=True)

    def command(self):
        return [self.binary, "-db", "-f", self.folder / "haproxy.cfg"]

    def ask(self, line):
        with socket.socket(socket.AF_UNIX) as s:
            s.connect(str(self.folder / "admin"))
            s.sendall(line.encode() + b"\n")
            answer = b""
            while part := s.recv(65536):
                answer += part
        return answer.decode()

    def states(self):
        """Backend and server to the state that haproxy sees, as UP, DOWN, DRAIN."""
        rows = [line.split(",") for line in self.ask("show stat").splitlines()]
        return {f"{row[0]}/{row[1]}": row[17] for row in rows if len(row) > 17 and row[1] in "abc"}

    def drain(self, ports, which):
        server = "abc"[list(ports).index(which)]
        assert self.ask(f"set server idlest/{server} state drain").strip() == ""
        wait(lambda: all("DRAIN" in state for name, state in self.states().items() if name.endswith("/" + server)))


class Broken:
    """A server that reads whole requests and then does what a broken one does: ends the connection, or answers 503.
    With `hold` it sends the first half of an event stream and the rest when it is told to."""

    def __init__(self, behaviour):
        self.behaviour = behaviour
        self.requests = []
        self.go_on = threading.Event()
        self.listener = socket.create_server(("127.0.0.1", 0))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self.serve, daemon=True).start()

    def serve(self):
        while True:
            try:
                connection, _ = self.listener.accept()
            except OSError:
                return
            threading.Thread(target=self.exchange, args=(connection,), daemon=True).start()

    def exchange(self, connection):
        with connection, connection.makefile("rb") as stream:
            first = stream.readline()
            length = 0
            while (line := stream.readline().strip()):
                name, _, value = line.partition(b":")
                if name.lower() == b"content-length":
                    length = int(value)
            stream.read(length)
            if b"/health" in first:
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
                return
            if not first:
                return
            self.requests.append(first.decode().strip())
            if self.behaviour == "busy":
                connection.sendall(b"HTTP/1.1 503 Busy\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")
            elif self.behaviour == "hold":
                connection.sendall(b"HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n"
                                   b"event: job\ndata: first\n\n")
                self.go_on.wait(PATIENCE)
                connection.sendall(b"event: job\ndata: last\n\n")

    def stop(self):
        self.go_on.set()
        self.listener.close()
