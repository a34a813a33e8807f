"""The whole server with --sandbox, and where the kernel has less."""
import ctypes
import os
import platform
import signal
import struct
import subprocess

import pytest
from conftest import BINARY, PATIENCE, make_certificate, make_keys, run

pytestmark = pytest.mark.heavy  # a sanitizer needs more calls than the server
CALLS = {"x86_64": {"landlock": 444, "seccomp": 317}, "aarch64": {"landlock": 444, "seccomp": 277}}


def need_all_of_it(folder):
    checked = run("check", "--sandbox", "on", "--state-dir", str(folder / "state")).stdout
    if "# Sandbox: files and system calls are restricted." not in checked.splitlines():
        pytest.skip("this machine has not all of it: " + checked[-200:])


def statuses(process):
    for thread in os.listdir(f"/proc/{process.pid}/task"):
        with open(f"/proc/{process.pid}/task/{thread}/status", encoding="ascii") as f:
            yield dict(line.rstrip("\n").split(":\t", 1) for line in f if ":\t" in line)


def test_all_that_it_does_works_in_the_sandbox(start, photo, artwork, tmp_path):
    """TLS, keys, a cache on disk, jobs, styles, batches, reloading, erasure, a restart."""
    folder = tmp_path / "certificates"
    folder.mkdir()
    make_certificate(folder, "first")
    keys = make_keys(tmp_path / "keys")
    s = start("--sandbox", "on", "--tls-cert", str(folder / "cert.pem"), "--tls-key", str(folder / "key.pem"),
              "--api-keys", str(tmp_path / "keys"), "--cache-dir", str(tmp_path / "cache"), scheme="https",
              plain=False)
    anna, root = {**keys["anna"], "X-Subject": "me"}, keys["root"]
    assert s.paint(photo, headers=anna).status_code == 200
    assert s.paint(photo, headers=anna).json()["cache"] == "hit"
    assert s.client.post("/api/v1/styles/mine", headers=root, files={"style_image": artwork}).status_code == 201
    assert s.paint(photo, headers=anna, style_id="mine").status_code == 200
    batch = s.client.post("/api/v1/batches", headers=anna, files=[("content_image", photo), ("content_image", artwork)],
                          data={"style_id": "udnie", "output_size": "64"})
    assert batch.status_code == 200 and batch.content.startswith(b"PK")
    job = s.add_job(photo, headers=anna).json()["id"]
    s.wait(lambda: s.client.get(f"/api/v1/jobs/{job}", headers=anna).json()["state"] == "done")
    assert "process_open_fds" in s.client.get("/metrics", headers=root).text
    make_certificate(folder, "second")
    (tmp_path / "keys").write_text("")
    s.process.send_signal(signal.SIGHUP)
    s.wait_for_log("were read again")
    assert not any("not read again" in line["message"] for line in s.log())
    assert s.paint(photo, headers=anna).status_code == 401
    keys = make_keys(tmp_path / "keys")
    assert s.stop() == 0
    s.start()
    anna = {**keys["anna"], "X-Subject": "me"}
    assert s.paint(photo, headers=anna).json()["cache"] == "hit"
    assert s.client.get(f"/api/v1/jobs/{job}/result", headers=anna).status_code == 200
    assert s.client.delete("/api/v1/data/me", headers=anna).json()["deleted"]["jobs"] == 1
    assert os.listdir(s.folder / "state") == []


def test_every_thread_is_restricted(start, photo, tmp_path):
    need_all_of_it(tmp_path)
    s = start("--sandbox", "require", plain=False)
    assert s.paint(photo).status_code == 200
    found = list(statuses(s.process))
    assert len(found) > 4
    for status in found:
        assert (status["Seccomp"], status["NoNewPrivs"]) == ("2", "1"), status["Name"]


def test_without_the_option_nothing_is_restricted(server):
    assert all(status["Seccomp"] == "0" for status in statuses(server.process))
    assert "Sandbox" not in run("check").stdout


def without(*calls):
    """To be called by a child: these system calls are unknown from now on."""
    def forbid():
        bpf = struct.pack("HBBI", 0x20, 0, 0, 0)  # the number of the call
        for name in calls:
            bpf += struct.pack("HBBI", 0x15, 0, 1, CALLS[platform.machine()][name])
            bpf += struct.pack("HBBI", 0x06, 0, 0, 0x00050000 | 38)  # ENOSYS
        bpf += struct.pack("HBBI", 0x06, 0, 0, 0x7fff0000)
        text = ctypes.create_string_buffer(bpf)
        program = struct.pack("HxxxxxxP", len(bpf) // 8, ctypes.addressof(text))
        libc = ctypes.CDLL(None, use_errno=True)
        if libc.prctl(38, 1, 0, 0, 0) or libc.prctl(22, 2, program, 0, 0):
            raise OSError(ctypes.get_errno(), "seccomp")
    return forbid


@pytest.mark.skipif(platform.machine() not in CALLS, reason="the numbers of the calls are not known")
@pytest.mark.parametrize("missing, part, left", [
    (["landlock"], "no Landlock", "only system calls are"), (["seccomp"], "seccomp:", "only files are"),
    (["landlock", "seccomp"], "no Landlock", "nothing is")])
def test_a_kernel_that_has_less(tmp_path, missing, part, left):
    need_all_of_it(tmp_path)

    def check(how):
        return subprocess.run([BINARY, "check", "--sandbox", how, "--state-dir", str(tmp_path / "state")],
                              capture_output=True, text=True, timeout=PATIENCE, check=False, preexec_fn=without(*missing))
    told = check("on")
    assert told.returncode == 0 and f"# Sandbox: {left} restricted" in told.stdout
    assert sum(part in line for line in told.stderr.splitlines()) == 1
    refused = check("require")
    assert refused.returncode == 2 and part in refused.stderr.splitlines()[-1]
