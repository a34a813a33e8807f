"""One client cannot take what all need, and each limit of time is one by itself."""
import io
import json
import resource
import socket
import subprocess
import time
import zipfile

import pytest
from conftest import BINARY, PATIENCE, connect, request, side, status_of, talk
from test_limits import form

FORM = "Content-Type: multipart/form-data; boundary=x"
UPLOAD = "POST /api/v1/style-transfer HTTP/1.1"


def idle(s, address, count):
    """Connections that were used once and stay open."""
    held = [connect(s, address) for _ in range(count)]
    for c in held:
        try:
            c.sendall(b"GET /health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
        except OSError:
            pass
    return held


def is_open(c):
    c.settimeout(PATIENCE)
    try:
        return c.recv(4) == b"HTTP"
    except OSError:
        return False


@pytest.mark.threads
def test_one_client_has_a_fourth_of_the_connections(start):
    s = start("--max-connections", "64")
    held = idle(s, "127.0.0.2", 100)
    assert sum(is_open(c) for c in held) == 16
    for _ in range(20):
        assert status_of(talk(s, request("GET /health HTTP/1.1"))) == 200
    assert s.metric('stylize_rejected_total{reason="connections"}') == 84
    for c in held:
        c.close()
    s.wait(lambda: s.metric("stylize_http_connections") <= 2)
    assert sum(is_open(c) for c in idle(s, "127.0.0.2", 16)) == 16  # its share is back


@pytest.mark.threads
def test_idle_connections_of_many_clients_give_way(start, photo):
    s = start("--max-connections", "64")
    held = [c for i in range(2, 12) for c in idle(s, f"127.0.0.{i}", 16)]
    for _ in range(20):
        assert status_of(talk(s, request("GET /health HTTP/1.1"))) == 200
    assert status_of(talk(s, form(photo, style_id="scream", output_size=64))) == 200
    for c in held:
        c.close()


def test_one_client_has_a_fourth_of_the_bytes(start, photo):
    s = start("--max-decoded-bytes", "64M", "--max-request-bytes", "8M")
    head = request(UPLOAD, f"Content-Length: {8 << 20}", FORM)
    held = [connect(s, "127.0.0.2") for _ in range(3)]
    for c in held:
        c.sendall(head + b"x" * (5 << 20))
    s.wait(lambda: s.metric("stylize_body_bytes") >= 15 << 20)
    answer = talk(s, head + b"x" * (8 << 20), address="127.0.0.2")
    assert status_of(answer) == 429 and b"too_many_bytes" in answer and b"Retry-After" in answer
    assert s.paint(photo).status_code == 200  # another one
    for c in held:
        c.close()
    s.wait(lambda: s.metric("stylize_body_bytes") == 0)
    assert status_of(talk(s, head + b"x" * (8 << 20), address="127.0.0.2")) == 400  # no form, but taken


def batch(photo, count, size):
    body = b"".join(b"--x\r\nContent-Disposition: form-data; name=content_image; filename=a\r\n\r\n" + photo +
                    bytes([i]) + b"\r\n" for i in range(count))
    for name, value in (("style_id", "scream"), ("output_size", size), ("format", "png")):
        body += f"--x\r\nContent-Disposition: form-data; name={name}\r\n\r\n{value}\r\n".encode()
    body += b"--x--\r\n"
    return request("POST /api/v1/batches HTTP/1.1", f"Content-Length: {len(body)}", FORM) + body


def slow_reader(s):
    c = socket.socket()
    c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
    c.connect(("127.0.0.1", s.port))
    return c


@pytest.mark.heavy
def test_a_batch_that_is_not_read_does_not_hold_its_bytes(start, photo):
    s = start("--send-timeout", "1s")
    with slow_reader(s) as c:
        c.sendall(batch(photo, 12, side(1200)))
        s.wait(lambda: s.metric("stylize_body_bytes") > 0)
        s.wait(lambda: s.metric("stylize_body_bytes") == 0)
    line = s.wait(lambda: next((x for x in s.log() if x.get("route") == "/api/v1/batches"), None))
    assert line["cut"] is True


@pytest.mark.heavy
def test_a_slow_reader_gets_all_of_a_batch(start, photo):
    """Pauses longer than --keep-alive, which is not about them."""
    s = start("--keep-alive", "300ms")
    with slow_reader(s) as c:
        c.sendall(batch(photo, 6, 700))
        c.settimeout(PATIENCE)
        answer = b""
        for _ in range(4):
            answer += c.recv(1000)
            time.sleep(1)
        while piece := c.recv(65536):
            answer += piece
    chunks, rest = b"", answer.partition(b"\r\n\r\n")[2]
    while rest and not rest.startswith(b"0\r\n"):
        size, _, rest = rest.partition(b"\r\n")
        chunks, rest = chunks + rest[:int(size, 16)], rest[int(size, 16) + 2:]
    with zipfile.ZipFile(io.BytesIO(chunks)) as z:
        assert len(z.namelist()) == 6 and z.testzip() is None


def test_pauses_in_a_header_and_a_body_are_not_those_between_requests(start, photo):
    s = start("--keep-alive", "300ms")
    data = form(photo, style_id="scream", output_size=64)
    with connect(s) as c:
        for piece in (data[:30], data[30:500], data[500:5000], data[5000:]):
            c.sendall(piece)
            time.sleep(1)
        c.settimeout(PATIENCE)
        assert status_of(c.recv(100)) == 200


def test_a_slow_upload_gets_the_time_its_bytes_need(start, photo):
    """Longer than --body-timeout; --request-timeout is not about it, but may be too short for a busy machine to paint."""
    s = start("--body-timeout", "1s", "--body-rate", "100", "--request-timeout", "2s")
    data = form(photo, style_id="scream", output_size=32)
    assert len(data) > 100_000  # a quarter of an hour

    def is_painted():
        with connect(s) as c:
            for at in (0, 20_000, 40_000):
                c.sendall(data[at:at + 20_000])
                time.sleep(1)
            c.sendall(data[60_000:])
            c.settimeout(PATIENCE)
            status = status_of(c.recv(100))
            assert status in (200, 504)
            return status == 200
    s.wait(is_painted)
    with connect(s) as c:  # it still has to go on
        c.sendall(data[:300])
        c.settimeout(PATIENCE)
        assert status_of(c.recv(100)) == 408


def test_too_few_files_are_told(tmp_path):
    def few():
        resource.setrlimit(resource.RLIMIT_NOFILE, (400, 400))
    p = subprocess.Popen([BINARY, "--listen", "127.0.0.1:0", "--state-dir", str(tmp_path)], stderr=subprocess.PIPE,
                         stdout=subprocess.DEVNULL, preexec_fn=few, text=True)
    try:
        line = json.loads(p.stderr.readline())
        assert line["level"] == "warning" and "400 files" in line["message"] and "--max-connections" in line["message"]
    finally:
        p.kill()
        p.communicate()
