"""Services that servers share, for tests: a real Redis, S3 by moto with every signature checked, an agent of Consul
that records what it is asked."""
import functools
import hashlib
import http.server
import json
import os
import pathlib
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading

import pytest
from patience import PATIENCE, wait


def free_port():
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        return s.getsockname()[1]


class Redis:
    """redis-server on a port of its own, which stays the same over restarts."""

    def __init__(self, folder, password=None):
        self.folder, self.password, self.port = folder, password, free_port()
        self.start()

    def start(self):
        flags = ["--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self.folder)]
        if self.password:
            flags += ["--requirepass", self.password]
        self.process = subprocess.Popen(["redis-server", *flags], stdout=subprocess.DEVNULL)
        wait(lambda: self.ask("PING") == "PONG")

    def ask(self, *words):
        flags = ["-a", self.password, "--no-auth-warning"] if self.password else []
        done = subprocess.run(["redis-cli", "-p", str(self.port), *flags, *words], capture_output=True, text=True)
        return done.stdout.strip()

    def url(self, database=0):
        return f"redis://127.0.0.1:{self.port}/{database}"

    def kill(self):
        self.process.kill()
        self.process.wait()


class S3:
    """moto behind a check that refuses what is not signed as botocore would sign it."""

    access, secret, token = "AKIDEXAMPLE", "wJalrXUtnFEMI+bPxRfiCYEXAMPLEKEY", "a/session+token=="

    def __init__(self):
        from moto.server import DomainDispatcherApplication, create_backend_app
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.port = free_port()
        self.requests, self.broken = [], []  # (method, path, query); answers to give instead of moto's
        self.start()
        self.call("POST", "/moto-api/reset")  # its buckets are the process's
        self.call("PUT", "/pictures")

    def start(self):
        from werkzeug.serving import make_server
        self.server = make_server("127.0.0.1", self.port, self.answer, threaded=True)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def stop(self):
        if self.server:
            self.server.shutdown()
            self.thread.join()
            self.server.server_close()
        self.server = None

    @property
    def endpoint(self):
        return f"http://127.0.0.1:{self.port}"

    def expected(self, environ, body):
        """The Authorization that botocore gives the same request."""
        from botocore.auth import S3SigV4Auth
        from botocore.awsrequest import AWSRequest
        from botocore.credentials import Credentials
        names = environ["HTTP_AUTHORIZATION"].split("SignedHeaders=")[1].split(",")[0].split(";")
        headers = {n: environ["HTTP_" + n.upper().replace("-", "_")] for n in names}
        url = f"http://{environ['HTTP_HOST']}{environ['RAW_URI'] if 'RAW_URI' in environ else environ['REQUEST_URI']}"
        request = AWSRequest(method=environ["REQUEST_METHOD"], url=url, headers=headers, data=body)
        request.context["timestamp"] = headers["x-amz-date"]
        auth = S3SigV4Auth(Credentials(self.access, self.secret, headers.get("x-amz-security-token")), "s3",
                           environ["HTTP_AUTHORIZATION"].split("/")[2])
        assert headers["x-amz-content-sha256"] == hashlib.sha256(body).hexdigest()
        canonical = auth.canonical_request(request)
        return auth.signature(auth.string_to_sign(request, canonical), request)

    def answer(self, environ, start_response):
        import io
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = io.BytesIO(body)
        self.requests.append((environ["REQUEST_METHOD"], environ["PATH_INFO"], environ.get("QUERY_STRING", "")))
        if self.broken:
            status, code = self.broken.pop(0)
            start_response(f"{status} Broken", [("Content-Type", "application/xml")])
            return [f"<?xml version=\"1.0\"?><Error><Code>{code}</Code><Message>no</Message></Error>".encode()]
        if "HTTP_X_TEST" not in environ and "Boto3" not in environ.get("HTTP_USER_AGENT", ""):
            sent = environ.get("HTTP_AUTHORIZATION", "").rpartition("Signature=")[2]
            if not sent or sent != self.expected(environ, body):
                start_response("403 Forbidden", [("Content-Type", "application/xml")])
                return [b"<Error><Code>SignatureDoesNotMatch</Code></Error>"]
        return self.moto(environ, start_response)

    def call(self, method, path, body=b""):
        import httpx
        credential = f"AWS4-HMAC-SHA256 Credential={self.access}/20200101/us-east-1/s3/aws4_request, "
        return httpx.request(method, self.endpoint + path, content=body, headers={
            "X-Test": "1", "Authorization": credential + "SignedHeaders=host, Signature=0"})

    def names(self, prefix=""):
        text = self.call("GET", f"/pictures?list-type=2&prefix={prefix}").text
        return re.findall("<Key>([^<]*)</Key>", text)

    def variables(self):
        return {"AWS_ACCESS_KEY_ID": self.access, "AWS_SECRET_ACCESS_KEY": self.secret,
                "AWS_SESSION_TOKEN": self.token}

    def flags(self):
        return ["--storage", "s3://pictures/of/us", "--storage-endpoint", self.endpoint]


class Consul:
    """Answers as the agent does, and forgets everything when told to."""

    def __init__(self):
        self.asked, self.services, self.maintenance = [], {}, {}
        agent = self

        class Handler(http.server.BaseHTTPRequestHandler):
            def do(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                path = self.path.partition("?")[0]
                agent.asked.append((self.command, self.path, body.decode(), self.headers.get("X-Consul-Token")))
                status, out = 200, b"{}"
                if path.endswith("/register"):
                    agent.services[json.loads(body)["ID"]] = json.loads(body)
                elif "/deregister/" in path:
                    agent.services.pop(path.rpartition("/")[2], None)
                elif "/maintenance/" in path:
                    agent.maintenance[path.rpartition("/")[2]] = "enable=true" in self.path
                elif "/agent/service/" in path and path.rpartition("/")[2] not in agent.services:
                    status, out = 404, b"unknown service ID"
                self.send_response(status)
                self.send_header("Content-Length", str(len(out)))
                self.end_headers()
                self.wfile.write(out)

            do_GET = do_PUT = do

            def log_message(self, *args):
                pass
        self.server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}"
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    def stop(self):
        self.server.shutdown()
        self.server.server_close()


@functools.cache
def built_with(*flags):
    """Whether the build has what an option needs; the service itself need not be there."""
    done = subprocess.run([os.environ["STYLIZE_SERVER"], "check", *flags], capture_output=True, text=True)
    return "was made without" not in done.stderr


def have_redis():
    return shutil.which("redis-server") and shutil.which("redis-cli") and \
        built_with("--redis", "redis://127.0.0.1:1", "--no-warm-up")


def plain_library(source):
    """That of the server, or of the release beside it if this one has sanitizers."""
    beside = pathlib.Path(os.environ["STYLIZE_SERVER"]).resolve().parent.parent / "lib/libstylize.so"
    for library in (beside, source / "build/release/lib/libstylize.so"):
        if library.exists() and not re.search(rb"__[at]san_init", library.read_bytes()):
            return library
    return None


class Worker:
    """The worker of the Python package, by the library that the server was built with."""

    def __init__(self, folder, broker, **variables):
        source = pathlib.Path(os.environ["STYLIZE_SOURCE"])
        library = plain_library(source)
        if not library:
            pytest.skip("Python cannot load a library with sanitizers, and there is no build/release")
        self.log = folder / "worker.log"
        command = [sys.executable, "-m", "celery", "-A", "stylize.celery", "worker", "-Q", "stylize", "-c", "1",
                   "-l", "INFO", "--without-gossip", "--without-mingle"]
        with open(self.log, "wb") as log:
            self.process = subprocess.Popen(command, stdout=log, stderr=log, start_new_session=True, cwd=folder, env={
                **os.environ, "STYLIZE_BROKER": broker, "STYLIZE_LIBRARY": str(library),
                "STYLIZE_MODELS": f"{source}/models", "PYTHONPATH": f"{source}/bindings/python/src",
                "STYLIZE_WARM_UP": "none", "STYLIZE_RESULTS": folder.as_uri(), **variables})
        wait(lambda: self.process.poll() is not None or " ready." in self.log.read_text())
        assert self.process.poll() is None, self.log.read_text()

    def stop(self):
        for number in (signal.SIGTERM, signal.SIGKILL):
            try:
                os.killpg(self.process.pid, number)
                self.process.wait(timeout=20)
            except (ProcessLookupError, subprocess.TimeoutExpired):
                pass
