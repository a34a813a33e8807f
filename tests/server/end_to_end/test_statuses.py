"""Every status of an error: provoked, and answered in our own form."""
import socket
import ssl

import httpx
import pytest
from conftest import PATIENCE, connect, make_certificate, make_keys, request, talk
from test_limits import form


def check(answer, status, code=None, field=None):
    """The answer of httpx, or the bytes of one."""
    if isinstance(answer, bytes):
        answer = parse(answer)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    body = answer.json()
    assert set(body) - {"field"} == {"type", "title", "status", "detail", "code"}
    assert (body.pop("status"), body["type"]) == (status, "about:blank")
    assert all(isinstance(v, str) and v for v in body.values())
    assert code is None or body["code"] == code
    assert field is None or body["field"] == field
    if status in (429, 503):
        assert int(answer.headers["retry-after"]) >= 1
    return answer


def parse(data):
    head, _, body = data.partition(b"\r\n\r\n")
    lines = head.decode("latin-1").split("\r\n")
    assert lines[0].startswith("HTTP/1.1 "), data[:200]
    headers = [tuple(line.split(": ", 1)) for line in lines[1:]]
    return httpx.Response(int(lines[0].split(" ")[1]), headers=headers, content=body)


POST = "POST /api/v1/style-transfer HTTP/1.1"
FORM = "Content-Type: multipart/form-data; boundary=x"


def test_400(server):
    check(talk(server, request(POST, FORM, "Content-Length: 7") + b"no form"), 400, "malformed_form")
    check(server.client.post("/api/v1/style-transfer", content=b"{", headers={"Content-Type": "application/json"}), 400)
    check(talk(server, request(POST, FORM, "Content-Length: 7", "Content-Length: 3") + b"no form"), 400, "bad_length")


def test_401_and_403(start, photo, tmp_path):
    keys = make_keys(tmp_path / "keys")
    s = start("--api-keys", str(tmp_path / "keys"))
    answer = check(s.paint(photo), 401, "key_needed")
    assert answer.headers["www-authenticate"] == "Bearer"
    check(s.paint(photo, headers={"X-API-Key": "wrong"}), 401, "bad_key")
    check(s.client.delete("/api/v1/styles/scream", headers=keys["anna"]), 403, "forbidden")


def test_403_to_foreign_pages(server, photo):
    check(server.paint(photo, headers={"Origin": "https://evil.example"}), 403, "foreign_page")
    check(server.client.get("/api/v1/styles", headers={"Host": "evil.example"}), 403, "unknown_host")


def test_404_and_405(server):
    check(server.client.get("/nothing"), 404, "not_found")
    check(server.client.get("/api/v1/jobs/" + "0" * 24), 404, "unknown_job")
    assert check(server.client.put("/health"), 405, "method_not_allowed").headers["allow"] == "GET"


@pytest.mark.threads
def test_408_while_the_header_or_the_body_does_not_come(start):
    s = start("--header-timeout", "500ms", "--body-timeout", "500ms")
    check(talk(s, b"GET /health HTTP/1.1\r\nHost: localhost\r\n"), 408, "request_timeout")
    check(talk(s, request(POST, FORM, "Content-Length: 1000") + b"--x"), 408, "request_timeout")
    assert talk(s, b"GET /hea") == b"" and talk(s, b"") == b""  # that is no request yet
    s.wait(lambda: s.metric('stylize_http_requests_total{route="transfer",method="POST",code="408"}') == 1)
    assert [line["status"] for line in s.log() if line["message"] == "request" and line["status"] == 408] == [408] * 2
    s.serves()


def test_slow_clients_over_tls_are_cut_off_in_silence(start, tmp_path):
    make_certificate(tmp_path, "localhost")
    s = start("--header-timeout", "500ms", "--tls-cert", str(tmp_path / "cert.pem"), "--tls-key",
              str(tmp_path / "key.pem"), scheme="https")
    context = ssl._create_unverified_context()
    with socket.create_connection(("127.0.0.1", s.port)) as plain, context.wrap_socket(plain) as c:
        c.settimeout(PATIENCE)
        c.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n")
        try:
            assert c.recv(1000) == b""
        except (ssl.SSLEOFError, ConnectionError):
            pass
    s.serves()


def test_410(start, photo):
    s = start("--job-ttl", "4s")
    job = s.add_job(photo).json()["id"]
    s.wait(lambda: s.client.get(f"/api/v1/jobs/{job}").status_code == 410)
    check(s.client.get(f"/api/v1/jobs/{job}"), 410, "expired")
    check(s.client.get(f"/api/v1/jobs/{job}/result"), 410, "expired")


def test_413(server, photo):
    check(talk(server, request(POST, FORM, "Content-Length: 99999999999")), 413, "body_too_large")
    check(talk(server, request("GET /health HTTP/1.1", "Content-Length: 5") + b"12345"), 413, "body_too_large")


def test_415_and_422(server, photo):
    check(server.client.post("/api/v1/style-transfer", content=b"x", headers={"Content-Type": "text/plain"}), 415)
    check(server.paint(b"no picture"), 415, "unsupported_picture", "content_image")
    check(server.paint(photo, strength="2"), 422, "invalid_value", "strength")


def test_429(start):
    s = start("--rate-limit", "0.001", "--rate-burst", "1")
    answers = [s.client.get("/api/v1/session") for _ in range(5)]
    check(answers[-1], 429, "rate_limited")


@pytest.mark.parametrize("line, size", [("X-Long: ", 17000), ("X-Long: ", 50000), ("Cookie: ", 20000)])
def test_431(server, line, size):
    check(talk(server, request("GET /health HTTP/1.1", line + "a" * size)), 431, "header_too_large")
    check(talk(server, request(POST, line + "a" * size, "Content-Length: 10", FORM)), 431, "header_too_large")


def test_431_counts_the_address_and_many_small_headers(server):
    check(talk(server, request("GET /" + "a" * 17000 + " HTTP/1.1")), 431, "header_too_large")
    check(talk(server, request("GET /health HTTP/1.1", *[f"X-{i}: {i:036}" for i in range(400)])), 431,
          "header_too_large")
    assert server.client.get("/health", headers={"X-Long": "a" * 15000}).status_code == 200


def test_a_header_beyond_all_memory_is_refused_too(server):
    assert talk(server, request("GET /health HTTP/1.1", "X-Long: " + "a" * 200000))[:12] == b"HTTP/1.1 431"
    assert server.client.get("/health").status_code == 200


def test_503_while_stopping(start, photo):
    s = start("--cache-memory", "0", "--no-degrade", "--threads", "1")
    with socket.create_connection(("127.0.0.1", s.port)) as held, connect(s) as painting:
        painting.sendall(form(photo, style_id="scream", output_size=512, method="optimize", iterations=2000))
        s.wait(lambda: s.metric("stylize_queue_depth") == 1)
        s.process.terminate()
        s.wait_for_log("stopping")
        held.sendall(request(POST, FORM, "Content-Length: 3") + b"--x")
        held.settimeout(PATIENCE)
        answer = b""
        while piece := held.recv(65536):
            answer += piece
        check(answer, 503, "draining")
    assert s.process.wait(timeout=PATIENCE) == 0


def test_503_of_too_many_jobs_and_413_of_pixels(start, photo):
    s = start("--max-decoded-bytes", "8M", "--jobs-max", "1")
    check(s.paint(photo, output_size="2048"), 413, "picture_too_large", "content_image")
    assert s.add_job(photo, output_size="512", method="optimize", iterations="2000").status_code == 202
    check(s.add_job(photo, output_size="64"), 503, "queue_full")


def test_429_of_too_many_jobs_of_one_client(start, photo):
    s = start("--jobs-max", "8", "--threads", "1")
    for i in range(2):
        assert s.add_job(photo, output_size="512", method="optimize", iterations=str(1990 + i)).status_code == 202
    check(s.add_job(photo, output_size="64"), 429, "too_many_jobs")


def test_done_jobs_leave_their_place(start, photo):
    """With four places, many more jobs one after the other."""
    s = start("--jobs-max", "4", "--rate-limit", "0")
    for i in range(30):
        made = s.add_job(photo, output_size=str(32 + 4 * (i % 8)))
        assert made.status_code == 202
        path = f"/api/v1/jobs/{made.json()['id']}"
        s.wait(lambda path=path: s.client.get(path).json()["state"] == "done")


@pytest.mark.heavy
def test_no_input_gives_500(server, photo):
    """Pictures with one byte changed, cut forms, odd values: refused or painted, never our fault."""
    codes = set()
    for at in range(0, min(len(photo), 700), 9):
        damaged = photo[:at] + bytes([photo[at] ^ 0xff]) + photo[at + 1:]
        codes.add(server.paint(damaged, output_size="32").status_code)
    for name in ("output_size", "strength", "quality", "seed", "iterations", "method", "styles", "subject", "format"):
        for value in ("", "-1", "nan", "1e999", "\0", "x" * 5000, "99999999999999999999", "é", "%00", "0x10"):
            codes.add(server.paint(photo, **{name: value, "output_size": value if name == "output_size" else "32"})
                      .status_code)
    assert codes <= {200, 400, 413, 415, 422}
