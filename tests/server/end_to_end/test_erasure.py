"""Erasure on a disk that does not let go: told as it is, tried again, visible."""
import os
import socket
import subprocess

import pytest
from test_jobs import state_of

ANNA = {"X-Subject": "anna"}


@pytest.fixture
def read_only(disk):
    """A folder on a file system of its own, and a function that takes away writing to it, or gives it back."""
    folder = disk(65536)

    def set_it(yes):
        subprocess.run(["mount", "-o", f"remount,{'ro' if yes else 'rw'}", str(folder)], check=True)
    yield folder, set_it
    set_it(False)


def test_a_disk_that_lets_nothing_go_is_told(start, photo, read_only):
    folder, set_read_only = read_only
    s = start("--state-dir", str(folder / "state"))
    erased, deleted = (s.add_job(photo, headers=h, output_size="96").json()["id"] for h in (ANNA, {}))
    s.wait(lambda: state_of(s, erased) == state_of(s, deleted) == "done")
    set_read_only(True)
    gone = s.client.delete("/api/v1/data/anna").json()
    assert gone["complete"] is False
    for _ in range(2):
        refused = s.client.delete(f"/api/v1/jobs/{deleted}")
        assert refused.status_code == 503 and refused.json()["code"] == "not_removed"
        assert refused.headers["retry-after"]
    assert s.client.get(f"/api/v1/jobs/{erased}/result").status_code == 410  # nobody gets it, though it is there
    assert s.metric("stylize_job_files_left") == 2
    assert len([line for line in s.log() if "cannot be removed" in line["message"]]) == 1
    set_read_only(False)
    s.wait(lambda: s.metric("stylize_job_files_left") == 0)
    assert os.listdir(folder / "state") == []
    s.wait_for_log("can be removed again")
    assert s.client.delete("/api/v1/data/anna").json()["complete"] is True
    s.stop()
    s.start()
    assert s.client.get("/api/v1/data/anna").json()["jobs"] == [] and os.listdir(folder / "state") == []


def test_so_is_a_cache_that_keeps_what_it_should_not(start, photo, read_only):
    folder, set_read_only = read_only
    s = start("--cache-dir", str(folder / "cache"), "--cache-memory", "0")
    assert s.paint(photo, headers=ANNA).status_code == 200
    s.wait(lambda: os.listdir(folder / "cache"))
    set_read_only(True)
    gone = s.client.delete("/api/v1/data/anna").json()
    assert gone == {"deleted": {"paintings": 0, "jobs": 0, "results": 0}, "complete": False}
    assert s.paint(photo, headers=ANNA).json()["cache"] == "miss"
    s.wait(lambda: s.metric('stylize_cache_failures_total{tier="folder"}') == 1)  # nor is the new one kept
    s.wait(lambda: len([line for line in s.log() if line["level"] == "error"]) == 2)  # each once
    set_read_only(False)
    s.wait(lambda: s.metric('stylize_cache_files_left{tier="folder"}') == 0)
    assert os.listdir(folder / "cache") == []
    assert s.client.delete("/api/v1/data/anna").json()["complete"] is True


def test_a_cache_that_cannot_be_written_is_told(start, photo, disk):
    folder = disk(64)
    s = start("--cache-dir", str(folder / "cache"))
    for size in ("512", "516"):
        assert s.paint(photo, output_size=size).status_code == 200
    s.wait(lambda: s.metric('stylize_cache_failures_total{tier="folder"}') == 2)
    assert [line for line in s.log() if line["level"] == "error" and "No space left" in line["message"]]
    assert s.client.get("/health").status_code == 200


def test_results_have_an_end(start, photo, tmp_path):
    s = start("--cache-dir", str(tmp_path / "cache"), "--cache-ttl", "3s")
    s.paint(photo)
    s.wait(lambda: os.listdir(tmp_path / "cache"))
    s.wait(lambda: not os.listdir(tmp_path / "cache"))
    assert s.metric('stylize_cache_entries{tier="memory"}') == 0
    assert s.paint(photo).json()["cache"] == "miss"


def test_data_is_shown_piece_by_piece(start, photo):
    """Unread, each holds a piece only, and there are not many of them at a time."""
    s = start("--rate-limit", "0")
    want = [s.paint(photo, headers=ANNA, output_size=str(1000 + i), format="png").json()["result"] for i in range(4)]
    job = s.add_job(photo, headers=ANNA, output_size="96").json()["id"]
    s.wait(lambda: state_of(s, job) == "done")
    whole = s.client.get("/api/v1/data/anna")
    assert whole.headers["transfer-encoding"] == "chunked" and whole.headers["content-type"] == "application/json"
    data = whole.json()
    assert data["jobs"][0]["job"]["id"] == job and data["jobs"][0]["picture"]
    assert {r["picture"].split(",")[1] for r in data["results"]} >= set(want)
    held = []
    try:
        for _ in range(8):
            c = socket.socket()
            c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
            c.connect(("127.0.0.1", s.port))
            c.sendall(b"GET /api/v1/data/anna HTTP/1.1\r\nHost: localhost\r\n\r\n")
            assert c.recv(12) == b"HTTP/1.1 200"
            held.append(c)
        refused = s.client.get("/api/v1/data/anna")
        assert refused.status_code == 503 and refused.json()["code"] == "busy"
    finally:
        for c in held:
            c.close()
    s.wait(lambda: s.client.get("/api/v1/data/anna").status_code == 200)
    assert s.client.get("/api/v1/data/nobody").json() == {"subject": "nobody", "jobs": [], "results": []}
