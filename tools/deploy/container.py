#!/usr/bin/env python3
"""Runs the lines of the Dockerfile without a container engine, and tries the result: container.py [TARGET...].

Each stage becomes a folder in build/container: `FROM debian:...` a root made by debootstrap, RUN a chroot into it,
COPY a copy; a variable of the caller is a --build-arg. The image `server` is then started read-only, as its user, in namespaces of its own, asked by its
own health check and over HTTP, and stopped. Needs root, debootstrap, util-linux and a mirror of Debian.
It is no replacement for an engine: layers, pulling and the network of containers are not tried.
"""
import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import signal
import subprocess
import sys
import time
import urllib.request

ROOT = pathlib.Path(__file__).resolve().parents[2]
WORK = ROOT / "build/container"
DOCKERFILE = ROOT / "deploy/container/Dockerfile"
PORT = 18080


class Stage:
    def __init__(self, name, base):
        self.name, self.base, self.lines = name, base, []
        self.root = WORK / name
        self.env, self.user, self.folder, self.health, self.entry = {}, "0:0", "/", None, None


def parse(text):
    """The stages of a Dockerfile that uses the instructions ours does; anything else is an error."""
    text = re.sub(r"^\s*#.*\n", "", text, flags=re.M).replace("\\\n", " ")
    stages = []
    for line in filter(None, map(str.strip, text.splitlines())):
        word, _, rest = line.partition(" ")
        if word == "FROM":
            base, _, name = rest.partition(" AS ")
            stages.append(Stage(name, base))
        elif word in ("RUN", "COPY", "ENV", "ARG", "USER", "WORKDIR", "HEALTHCHECK", "ENTRYPOINT", "CMD", "EXPOSE"):
            stages[-1].lines.append((word, rest.strip()))
        else:
            raise SystemExit(f"container: no such instruction here: {word}")
    return {s.name: s for s in stages}


def sh(*command, **more):
    return subprocess.run([str(c) for c in command], check=True, **more)


def debian(log):
    """A minimal Debian, made once."""
    root = WORK / "debian"
    if not (root / "done").exists():
        sources = "\n".join(p.read_text() for p in [pathlib.Path("/etc/apt/sources.list"),
                            *pathlib.Path("/etc/apt/sources.list.d").glob("debian*")] if p.exists())
        mirror = re.search(r"(?:^deb |URIs: ?)(?:\[[^]]*\] )?(\S+/debian)\b", sources, re.M)
        if not mirror:
            raise SystemExit("container: no mirror of Debian in /etc/apt/sources.list")
        shutil.rmtree(root, ignore_errors=True)
        sh("debootstrap", "--variant=minbase", "bookworm", root, mirror[1], stdout=log, stderr=log)
        for name in ("sources.list", "sources.list.d"):  # security updates and what the mirror needs
            if (pathlib.Path("/etc/apt") / name).exists():
                sh("cp", "-a", f"/etc/apt/{name}", root / "etc/apt/")
        for other in (root / "etc/apt/sources.list.d").glob("*"):
            if not other.name.startswith("debian"):
                other.unlink()
        (root / "done").touch()
    return root


def enter(stage, command, **more):
    """A command in the stage's root, with its variables, in a mount and process namespace of its own."""
    env = {"PATH": "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "HOME": "/root", **stage.env}
    for name in ("PIP_INDEX_URL", "http_proxy", "https_proxy"):
        if name in os.environ:
            env[name] = os.environ[name]
    # The authorities that this machine trusts, for the commands only.
    trusted, place = pathlib.Path("/etc/ssl/certs/ca-certificates.crt"), stage.root / "run/host.crt"
    if trusted.exists():
        place.touch()
        env["PIP_CERT"] = "/run/host.crt"
    script = ((f"mount --bind {trusted} {place} && " if trusted.exists() else "") +
              f"mount --rbind /dev {stage.root}/dev && mount -t proc proc {stage.root}/proc && "
              f"cp /etc/resolv.conf {stage.root}/etc/resolv.conf && "
              f"exec chroot {stage.root} /bin/sh -c {shlex.quote('cd ' + stage.folder + ' && ' + command)}")
    return sh("unshare", "--mount", "--pid", "--fork", "sh", "-c", script, env=env, stdin=subprocess.DEVNULL, **more)


def copy(stages, stage, rest):
    source = re.match(r"--from=(\S+) +(.*)", rest)
    *names, target = (source[2] if source else rest).split()
    into = stage.root / ((target if target.startswith("/") else f"{stage.folder}/{target}").lstrip("/"))
    if source:
        for name in names:
            into.mkdir(parents=True, exist_ok=True)
            sh("cp", "-a", "--reflink=auto", f"{stages[source[1]].root}{name.rstrip('/')}/.", into)
        return
    if names == ["."]:
        sh("cp", "-a", "--parents", "-t", into, *sources(), cwd=ROOT)
    else:
        into.parent.mkdir(parents=True, exist_ok=True)
        sh("cp", "-a", ROOT / names[0], into)


def copied(name):
    """Whether Dockerfile.dockerignore lets a file through."""
    lines = (DOCKERFILE.parent / "Dockerfile.dockerignore").read_text().splitlines()
    return (ROOT / name).is_file() and any(name == line[1:] or name.startswith(line[1:] + "/")
                                           for line in lines if line.startswith("!"))


def digest_of(stages, stage):
    """Of all that a stage is made from; equal means that it need not be made again."""
    text = [stage.base, *map(str, stage.lines)]
    text += [digest_of(stages, stages[name]) for name in stages if name == stage.base or f"--from={name} " in str(stage.lines)]
    for word, rest in stage.lines:
        if word == "ARG":
            text.append(os.environ.get(rest.partition("=")[0], ""))
        if word == "COPY" and rest == ". .":
            text += [f"{name} {(ROOT / name).stat().st_mtime_ns}" for name in sources()]
        elif word == "COPY" and not rest.startswith("--from"):
            text.append((ROOT / rest.split()[0]).read_text())
    return hashlib.sha256("\n".join(text).encode()).hexdigest()


def sources():
    """What `COPY . .` copies: what git knows or would add, as far as Dockerfile.dockerignore lets it through."""
    files = subprocess.run(["git", "-C", ROOT, "ls-files", "-co", "--exclude-standard"], check=True,
                           capture_output=True, text=True).stdout
    return [f for f in files.splitlines() if copied(f)]


def make(stages, name, log):
    """Makes a stage and what it is made from, unless nothing of it has changed."""
    stage = stages[name]
    for word, rest in stage.lines:
        source = re.match(r"--from=(\S+)", rest)
        if word == "COPY" and source:
            make(stages, source[1], log)
    if stage.base in stages:
        base = make(stages, stage.base, log)
        stage.env, stage.folder = dict(base.env), base.folder
        root = base.root
    else:
        root = debian(log) if stage.base.startswith("debian:") else None
    made, digest = WORK / f"{name}.done", digest_of(stages, stage)
    fresh = not made.exists() or made.read_text() != digest
    if fresh:
        print(f"container: {name}", flush=True)
        shutil.rmtree(stage.root, ignore_errors=True)
        if root:
            sh("cp", "-a", "--reflink=auto", root, stage.root)
        stage.root.mkdir(parents=True, exist_ok=True)
    for word, rest in stage.lines:
        if word == "ARG":
            variable, _, default = rest.partition("=")
            stage.env[variable] = os.environ.get(variable, default)
        elif word == "ENV":
            stage.env.update(re.findall(r"(\w+)=(\S+)", rest))
        elif word == "USER":
            stage.user = rest
        elif word == "WORKDIR":
            stage.folder = rest
            if fresh:
                (stage.root / rest.lstrip("/")).mkdir(parents=True, exist_ok=True)
        elif word == "HEALTHCHECK":
            stage.health = json.loads(rest[rest.index("CMD") + 3:])
        elif word == "ENTRYPOINT":
            stage.entry = json.loads(rest)
        elif word == "RUN" and fresh:
            enter(stage, rest, stdout=log, stderr=log)
        elif word == "COPY" and fresh:
            copy(stages, stage, rest)
    made.write_text(digest)
    return stage


def size(root):
    """Bytes of the files, as an engine counts an image; what is mounted or was added for the run is left out."""
    total = 0
    for folder, _, files in os.walk(root):
        if folder in (f"{root}/proc", f"{root}/dev"):
            continue
        total += sum(os.lstat(os.path.join(folder, f)).st_size for f in files)
    return total


def read_only(stage, command, **more):
    """Starts a command as an engine with --read-only would: no new privileges, its user, a volume for its state."""
    root = stage.root
    state = stage.env["STYLIZE_STATE_DIR"]
    user, group = stage.user.split(":")
    script = (f"mount --bind {root} {root} && mount -t tmpfs -o uid={user},gid={group},mode=700 tmpfs {root}{state} && "
              f"mount -o remount,bind,ro {root} && exec setpriv --no-new-privs "
              f"/usr/sbin/chroot --userspec={user}:{group} --groups= {root} {shlex.join(command)}")
    return subprocess.Popen(["unshare", "--mount", "sh", "-c", script], env=stage.env, stdin=subprocess.DEVNULL, **more)


def request(path, data=None, headers=None):
    with urllib.request.urlopen(urllib.request.Request(f"http://127.0.0.1:{PORT}{path}", data, headers or {}),
                                timeout=60) as answer:
        return answer.read()


def try_server(stage):
    """Starts it, asks for its health by the image's own check, lets it paint, and stops it."""
    stage.env["STYLIZE_LISTEN"] = f"127.0.0.1:{PORT}"  # of this machine others are not to see it
    log = open(WORK / "server.log", "wb")
    process = read_only(stage, stage.entry, stderr=log)
    try:
        health = [part.replace(":8080", f":{PORT}") for part in stage.health]
        end = time.monotonic() + 60
        while (code := read_only(stage, health, stdout=log, stderr=log).wait()) and time.monotonic() < end:
            assert process.poll() is None, (WORK / "server.log").read_text()
            time.sleep(0.5)
        assert code == 0, "the health check never succeeded"
        status = pathlib.Path(f"/proc/{process.pid}/status").read_text()
        assert f"Uid:\t{stage.user.split(':')[0]}\t" in status, "it does not run as its user"
        content = (ROOT / "examples/data/photo.jpg").read_bytes()
        picture = request("/api/v1/style-transfer", multipart(content),
                          {"Content-Type": "multipart/form-data; boundary=x", "Accept": "image/jpeg"})
        assert picture[:2] == b"\xff\xd8", "what it painted is no JPEG"
        job = json.loads(request("/api/v1/jobs", multipart(content),
                                 {"Content-Type": "multipart/form-data; boundary=x"}))
        memory = int(re.search(r"VmRSS:\s+(\d+)", status)[1]) * 1024
        assert job["state"] in ("queued", "running", "done"), job
    finally:
        process.send_signal(signal.SIGTERM)
        ended = process.wait(timeout=60)
    assert ended == 0, f"it ended with {ended}"
    return memory


def try_worker(stage):
    """The library loads, finds its networks and its styles, and the application of Celery is there."""
    program = "import stylize, stylize.celery; print(len(stylize.Stylizer(threads=1).styles()))"
    user, group = stage.user.split(":")
    done = subprocess.run(["/usr/sbin/chroot", f"--userspec={user}:{group}", "--groups=", stage.root,
                           "/opt/stylize/bin/python", "-c", program], env=stage.env, capture_output=True, text=True)
    assert done.returncode == 0 and int(done.stdout) >= 16, done.stderr
    return int(done.stdout)


def multipart(content):
    return (b'--x\r\nContent-Disposition: form-data; name="style_id"\r\n\r\nudnie\r\n'
            b'--x\r\nContent-Disposition: form-data; name="content_image"; filename="p.jpg"\r\n\r\n' + content +
            b"\r\n--x--\r\n")


def main():
    if os.geteuid() or not shutil.which("debootstrap"):
        raise SystemExit("container: needs root and debootstrap (apt install debootstrap)")
    WORK.mkdir(parents=True, exist_ok=True)
    stages = parse(DOCKERFILE.read_text())
    with open(WORK / "log", "ab") as log:
        for name in sys.argv[1:] or ["server"]:
            try:
                stage = make(stages, name, log)
            except subprocess.CalledProcessError as error:
                raise SystemExit(f"container: {error}; see {WORK}/log") from None
            print(f"container: {name}: {size(stage.root) / 1e6:.1f} MB")
    if "worker" in sys.argv:
        print(f"container: worker: loads the library as {stages['worker'].user}, {try_worker(stages['worker'])} styles")
    if (WORK / "server.done").exists():
        memory = try_server(make(stages, "server", None))
        print(f"container: server: started read-only as {stages['server'].user}, healthy, painted, "
              f"{memory / 1e6:.0f} MB in memory when ready, stopped with 0")


if __name__ == "__main__":
    main()
