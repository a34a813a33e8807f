"""The parts of a fleet as processes on their machines: nginx, servers, workers, Redis, object store."""
import os
import pathlib
import re
import signal
import socket
import subprocess
import sys
import time

SOURCE = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("STYLIZE_BUILD", SOURCE / "build/release"))
BUCKET = "pictures"
KEYS = {"AWS_ACCESS_KEY_ID": "fleet", "AWS_SECRET_ACCESS_KEY": "fleet", "AWS_EC2_METADATA_DISABLED": "true"}
# A worker that is gone is noticed after so many seconds; 60 unless told otherwise, too long for a demonstration.
VISIBILITY = 8


def wait(condition, what, seconds=90):
    end = time.monotonic() + seconds
    while not condition():
        if time.monotonic() > end:
            raise SystemExit(f"fleet: {what} did not happen within {seconds} s")
        time.sleep(0.05)


def accepts(address, port):
    with socket.socket() as s:
        s.settimeout(1)
        return s.connect_ex((address, port)) == 0


class Part:
    """A process on a machine that can be killed and started again. What it prints goes to a file of its name."""

    port = 0

    def __init__(self, hosts, name, folder):
        self.hosts, self.name, self.folder = hosts, name, folder / name
        self.folder.mkdir(parents=True)
        self.address = hosts.address(name)
        self.environment = dict(os.environ)
        self.process = None

    def start(self):
        with open(self.folder / "log", "ab") as log:
            self.process = subprocess.Popen(self.hosts.command(self.name, self.command()), env=self.environment,
                                            stdin=subprocess.DEVNULL, stdout=log, stderr=log, start_new_session=True)
        return self

    def ready(self):
        wait(self.is_ready, f"the start of {self.name} ({self.folder}/log)")
        return self

    def is_ready(self):
        return accepts(self.address, self.port)

    def kill(self):
        """As when the power fails: all its processes at once."""
        if self.process and self.process.poll() is None:
            os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait()

    def stop(self):
        if self.process and self.process.poll() is None:
            self.process.terminate()
            try:
                self.process.wait(40)
            except subprocess.TimeoutExpired:
                self.kill()


class Redis(Part):
    """Queue and cache in one; what it answered is on the disk before, as in deploy/."""

    port = 6379

    def command(self):
        return ["redis-server", "--bind", self.address, "--port", self.port, "--protected-mode", "no", "--save", "",
                "--appendonly", "yes", "--appendfsync", "always", "--maxmemory-policy", "noeviction",
                "--dir", self.folder]

    def url(self, database):
        return f"redis://{self.address}:{self.port}/{database}"


class Store(Part):
    """moto in place of an object store."""

    port = 9000

    def command(self):
        return [sys.executable, "-m", "moto.server", "-H", self.address, "-p", self.port]

    @property
    def endpoint(self):
        return f"http://{self.address}:{self.port}"

    def ready(self):
        import boto3
        super().ready()
        boto3.client("s3", endpoint_url=self.endpoint, region_name="us-east-1", aws_access_key_id="fleet",
                     aws_secret_access_key="fleet").create_bucket(Bucket=BUCKET)
        return self


class Server(Part):
    port = 8080

    def __init__(self, hosts, name, folder, *flags):
        super().__init__(hosts, name, folder)
        self.flags = flags
        self.environment |= KEYS | {"STYLIZE_MODELS": str(SOURCE / "models")}

    def command(self):
        return [BUILD / "bin/stylize-server", "--listen", f"{self.address}:{self.port}", "--insecure", "--rate-limit",
                "0", "--no-degrade", "--threads", "1", "--state-dir", self.folder / "state", *self.flags]

    @property
    def url(self):
        return f"http://{self.address}:{self.port}"


class Worker(Part):
    def __init__(self, hosts, name, folder, redis, store):
        super().__init__(hosts, name, folder)
        self.environment |= KEYS | {
            "STYLIZE_MODELS": str(SOURCE / "models"), "STYLIZE_LIBRARY": str(BUILD / "lib/libstylize.so"),
            "PYTHONPATH": str(SOURCE / "bindings/python/src"), "PYTHONDONTWRITEBYTECODE": "1",
            "STYLIZE_BROKER": redis.url(1), "STYLIZE_S3_ENDPOINT": store.endpoint, "AWS_REGION": "us-east-1",
            "AWS_DEFAULT_REGION": "us-east-1", "STYLIZE_VISIBILITY_TIMEOUT": str(VISIBILITY),
            "STYLIZE_WORKER_OPTIONS": '{"threads": 1}'}

    def command(self):
        return [sys.executable, "-m", "celery", "-A", "stylize.celery", "worker", "-Q", "stylize", "-c", "1", "-n",
                f"{self.name}@%h", "-l", "INFO", "--without-gossip", "--without-mingle"]

    def is_ready(self):
        return bool(re.search(rf"{self.name}@\S+ ready", (self.folder / "log").read_text()))


class Edge(Part):
    """nginx with deploy/nginx/stylize.conf; only addresses, ports and folders are put in."""

    port = 8443

    def __init__(self, hosts, name, folder, servers):
        super().__init__(hosts, name, folder)
        sys.path.insert(0, str(SOURCE / "tools/deploy"))
        import edge
        edge.certificate(self.folder)
        edge.write_nginx(self.folder, f"{self.address}:{self.port}", f"{self.address}:8000",
                         [f"{s.address}:{s.port}" for s in servers], self.without_limits)
        self.binary = edge.binary("nginx")

    @staticmethod
    def without_limits(text):
        """One client makes the load of all."""
        return re.sub(r"^ *limit_(req|conn) .*\n", "", text, flags=re.M)

    def command(self):
        return [self.binary, "-c", self.folder / "nginx.conf", "-e", self.folder / "error.log"]

    @property
    def url(self):
        return f"https://{self.address}:{self.port}"
