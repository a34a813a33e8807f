"""Limits, wrong requests, slow and absent clients, load."""
import asyncio
import concurrent.futures
import contextlib
import socket
import struct
import time
import zlib

import pytest
from conftest import PATIENCE, request, status_of, talk


def flat_png(width, height):
    """A picture that is small as a file and large as pixels."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    row = zlib.compressobj(9)
    data = b"".join(row.compress(b"\0" * (1 + width // 8 + 1)) for _ in range(height)) + row.flush()
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 1, 0, 0, 0, 0)) + \
        chunk(b"IDAT", data) + chunk(b"IEND", b"")


@pytest.mark.parametrize("method, path, status", [
    ("GET", "/metrics%00", 400), ("GET", "/page/app.js%00.png", 400), ("GET", "/health?x=%00", 400),
    ("GET", "/nothing", 404), ("GET", "/api/v1/style-transfer", 405), ("PUT", "/health", 405),
    ("GET", "/page/../../etc/passwd", 404), ("GET", "/page/nothing.js", 404), ("GET", "/api/v1/jobs/x", 404)])
def test_routes(server, method, path, status):
    answer = server.client.request(method, path)
    assert answer.status_code == status and answer.json()["code"]
    assert status != 405 or answer.headers["allow"]


def test_a_large_body_is_refused_by_its_header(server):
    answer = talk(server, request("POST /api/v1/style-transfer HTTP/1.1", "Content-Length: 99999999999",
                                  "Content-Type: multipart/form-data; boundary=x"))
    assert status_of(answer) == 413


def test_pixels_are_counted_before_they_are_decoded(server):
    bomb = flat_png(15000, 15000)
    assert len(bomb) < 100_000
    answer = server.paint(bomb)
    assert answer.status_code == 413 and answer.json()["field"] == "content_image"


def chunked(data, size=1000):
    pieces = [data[i:i + size] for i in range(0, len(data), size)]
    return b"".join(b"%x\r\n%b\r\n" % (len(p), p) for p in pieces) + b"0\r\n\r\n"


def test_chunked_bodies_are_taken_up_to_the_limit(start, photo):
    s = start("--max-request-bytes", "1M")
    head, body = form(photo, style_id="scream", output_size=64).split(b"\r\n\r\n", 1)
    head = b"\r\n".join(h for h in head.split(b"\r\n") if not h.startswith(b"Content-Length"))
    answer = talk(s, head + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(body))
    assert status_of(answer) == 200 and b"\xff\xd8\xff" in answer
    answer = talk(s, head + b"\r\nTransfer-Encoding: chunked\r\n\r\n" + chunked(b"x" * 2_000_000, 100_000))
    assert status_of(answer) == 413 and b"body_too_large" in answer
    s.wait(lambda: s.metric("stylize_body_bytes") == 0)
    with s.client.stream("POST", "/api/v1/style-transfer", content=iter([b"{", b"}"]),
                         headers={"Content-Type": "application/json"}) as answer:
        assert answer.status_code == 422  # a field is missing


def test_other_codings_are_refused(server):
    post = "POST /api/v1/style-transfer HTTP/1.1"
    assert status_of(talk(server, request(post, "Transfer-Encoding: gzip, chunked") + b"0\r\n\r\n")) in (400, 501)
    answer = talk(server, request(post, "Content-Encoding: gzip", "Content-Length: 3") + b"abc")
    assert status_of(answer) == 415 and b"unsupported_encoding" in answer
    both = talk(server, request(post, "Content-Length: 3", "Transfer-Encoding: chunked") + b"0\r\n\r\n")
    assert status_of(both) == 400


def test_a_refusal_spares_the_body(server):
    """Who waits for 100 is told at once."""
    answer = talk(server, request("POST /nothing HTTP/1.1", "Expect: 100-continue", "Content-Length: 100000"))
    assert status_of(answer) == 404 and b"100 Continue" not in answer


def test_addresses_may_be_absolute(server):
    def ask(target, host):
        return status_of(talk(server, f"GET {target} HTTP/1.1\r\nHost: {host}\r\nConnection: close\r\n\r\n".encode()))
    assert ask("http://localhost/health/live", "localhost") == 200
    assert ask("http://localhost:80/health/live", "localhost:80") == 200
    assert ask("http://localhost/health/live", "127.0.0.1") == 400
    assert ask("http://evil.example/api/v1/styles", "evil.example") == 403


def test_a_body_shorter_than_it_says_is_given_up(start):
    s = start("--body-timeout", "500ms")
    answer = talk(s, request("POST /api/v1/style-transfer HTTP/1.1", "Content-Length: 1000",
                             "Content-Type: application/json") + b"{}")
    assert status_of(answer) == 408
    s.serves()


def test_a_body_longer_than_it_says_is_no_second_request(server):
    body = b'{"x": 1}'
    hidden = b"DELETE /api/v1/styles/scream HTTP/1.1\r\n\r\n"  # without Host and Content-Length
    answer = talk(server, request("POST /api/v1/style-transfer HTTP/1.1", f"Content-Length: {len(body)}",
                                  "Content-Type: application/json") + body + hidden)
    assert status_of(answer) == 422 and answer.count(b"HTTP/1.1 ") == 1  # "Connection: close" was said
    assert server.client.get("/api/v1/styles/scream").status_code == 200


def test_a_header_too_large(server):
    assert status_of(talk(server, request("GET /health HTTP/1.1", "X-Long: " + "a" * 60000))) == 431


@pytest.mark.parametrize("data", [b"\r\n\r\n", b"GET\r\n\r\n", b"\0\1\2\3\r\n\r\n", b"GET / HTTP/9.9\r\n\r\n",
                                  b"GET / HTTP/1.1\r\nContent-Length: -5\r\n\r\n",
                                  b"POST /api/v1/jobs HTTP/1.1\r\nHost: localhost\r\nContent-Length: x\r\n\r\n"])
def test_nonsense_is_answered_or_cut_off(start, data):
    s = start("--header-timeout", "500ms")
    assert status_of(talk(s, data)) in (None, 400, 404, 405, 413, 505)
    s.serves()


@pytest.mark.threads
def test_slow_headers_are_cut_off_while_others_are_served(start, photo):
    s = start("--header-timeout", "1s")
    slow = [socket.create_connection(("127.0.0.1", s.port)) for _ in range(50)]
    for c in slow:
        c.sendall(b"GET /health HTTP/1.1\r\nHost: localhost\r\n")

    def are_cut_off():
        s.serves()
        for c in list(slow):
            try:
                c.sendall(b"X-Drip: 1\r\n")
                c.settimeout(0.001)
                if c.recv(1) == b"":
                    raise ConnectionError
            except TimeoutError:
                continue
            except OSError:
                c.close()
                slow.remove(c)
        return not slow
    s.wait(are_cut_off, pause=0.1)
    assert s.metric("stylize_slow_connections_total") >= 50


@pytest.mark.threads
def test_slow_bodies_are_cut_off_though_they_go_on(start):
    s = start("--body-timeout", "1s")
    slow = [socket.create_connection(("127.0.0.1", s.port)) for _ in range(50)]
    for c in slow:
        c.sendall(request("POST /api/v1/style-transfer HTTP/1.1", "Content-Length: 100000",
                          "Content-Type: multipart/form-data; boundary=x"))
    for _ in range(10):
        for c in slow:
            with contextlib.suppress(ConnectionError):  # on a busy machine it may be cut off by now
                c.sendall(b"x")
        time.sleep(0.05)
    for c in slow:
        c.settimeout(PATIENCE)
        with contextlib.suppress(ConnectionError):
            assert c.recv(12) in (b"HTTP/1.1 408", b"")
        c.close()
    s.wait(lambda: s.metric("stylize_body_bytes") == 0)
    s.wait(lambda: s.metric('stylize_http_requests_total{route="transfer",method="POST",code="408"}') == 50)


@pytest.mark.heavy
def test_a_client_that_does_not_read_is_cut_off(start, photo):
    s = start("--send-timeout", "500ms")
    job = s.add_job(photo, output_size="2000", format="png").json()["id"]
    s.wait(lambda: s.client.get(f"/api/v1/jobs/{job}").json()["state"] == "done")
    with socket.socket() as c:
        c.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4096)
        c.connect(("127.0.0.1", s.port))
        c.sendall(request(f"GET /api/v1/jobs/{job}/result HTTP/1.1"))
        s.wait(lambda: s.metric("stylize_slow_connections_total") == 1)
    assert s.client.get(f"/api/v1/jobs/{job}/result", headers={"Accept": "image/png"}).content[1:4] == b"PNG"


@pytest.mark.threads
def test_a_thousand_idle_connections(start, photo):
    s = start()
    idle = [socket.create_connection(("127.0.0.1", s.port)) for _ in range(1000)]
    assert s.paint(photo).status_code == 200
    s.wait(lambda: s.metric("stylize_http_connections") >= 1000)  # the kernel takes them before the server does
    for c in idle:
        c.close()


def test_one_client_is_limited(start):
    s = start("--rate-limit", "0.001", "--rate-burst", "10")
    answers = [s.client.get("/api/v1/session") for _ in range(40)]
    refused = [a for a in answers if a.status_code == 429]
    assert len(refused) in (29, 30) and int(refused[0].headers["retry-after"]) >= 1
    assert refused[0].json()["code"] == "rate_limited"
    assert s.client.get("/health").status_code == 200


def test_forwarded_addresses_of_a_trusted_proxy_count(start):
    s = start("--rate-limit", "0.001", "--rate-burst", "2", "--trusted-proxy", "127.0.0.0/8")
    codes = [s.client.get("/api/v1/session", headers={"X-Forwarded-For": f"198.51.100.{i}"}).status_code
             for i in range(20)]
    assert codes == [200] * 20


@pytest.mark.heavy
def test_a_full_queue_is_answered_503(start, photo):
    s = start("--queue-length", "2", "--cache-memory", "0", "--no-degrade", "--rate-limit", "0", "--threads", "1")

    def one(i):
        return s.paint(photo, style_id="scream", output_size=str(512 + i))
    with concurrent.futures.ThreadPoolExecutor(30) as pool:
        answers = list(pool.map(one, range(60)))
    codes = {a.status_code for a in answers}
    assert codes == {200, 503}
    assert all(a.headers.get("retry-after") for a in answers if a.status_code == 503)


def form(photo, **fields):
    """The header and body of a request to paint."""
    body = b"--x\r\nContent-Disposition: form-data; name=content_image; filename=a\r\n\r\n" + photo
    for name, value in fields.items():
        body += f"\r\n--x\r\nContent-Disposition: form-data; name={name}\r\n\r\n{value}".encode()
    body += b"\r\n--x--\r\n"
    return request("POST /api/v1/style-transfer HTTP/1.1", f"Content-Length: {len(body)}", "Accept: image/jpeg",
                   "Content-Type: multipart/form-data; boundary=x") + body


@pytest.mark.heavy
@pytest.mark.parametrize("clients, paintings", [(500, 10), (600, 600), (1000, 200)])
def test_hundreds_of_clients_at_once(start, photo, clients, paintings):
    """With default settings each gets a picture, whatever the room for pixels; equal requests are painted once."""
    s = start(*(["--no-degrade", "--max-decoded-bytes", "160M"] if clients == 600 else []))
    together = asyncio.Event()

    async def one(i, connected):
        reader, writer = await asyncio.open_connection("127.0.0.1", s.port, local_addr=(f"127.0.{1 + i // 100}.{1 + i % 100}", 0))
        connected.append(i)
        if len(connected) == clients:
            together.set()
        await together.wait()
        writer.write(form(photo, style_id="scream", output_size=64 + 4 * (i % 10), quality=1 + i % paintings // 10))
        answer = await reader.read()
        writer.close()
        return status_of(answer), answer

    async def all_of_them():
        connected = []
        return await asyncio.gather(*[one(i, connected) for i in range(clients)])
    answers = asyncio.run(all_of_them())
    codes = [status for status, _ in answers]
    assert codes == [200] * clients, next(answer[-300:] for status, answer in answers if status != 200)
    assert all(b"\xff\xd8\xff" in answer for _, answer in answers)
    assert s.metric('stylize_cache_requests_total{tier="none",result="miss"}') == paintings


def test_all_uploads_together_are_bounded(start, photo):
    s = start("--max-decoded-bytes", "16M", "--max-request-bytes", "12M")
    head = request("POST /api/v1/style-transfer HTTP/1.1", f"Content-Length: {12 << 20}",
                   "Content-Type: multipart/form-data; boundary=x")
    with socket.create_connection(("127.0.0.1", s.port)) as held:
        held.sendall(head + b"x" * (11 << 20))
        s.wait(lambda: (s.metric("stylize_body_bytes") or 0) > 10 << 20)
        answer = talk(s, head + b"x" * (12 << 20), address="127.0.0.2")
        assert status_of(answer) == 503 and b"busy" in answer
    s.wait(lambda: s.metric("stylize_body_bytes") == 0)
    assert s.paint(photo).status_code == 200


def test_a_client_that_leaves_cancels_its_run(start, photo):
    s = start("--cache-memory", "0", "--no-degrade")
    for _ in range(4):
        with socket.create_connection(("127.0.0.1", s.port)) as c:
            c.sendall(form(photo, style_id="scream", output_size=4096))
            s.wait(lambda: s.metric("stylize_queue_depth") > 0)
        s.wait(lambda: s.metric("stylize_queue_depth") == 0)
    s.wait(lambda: s.metric("stylize_clients_gone_total") >= 1)
    s.wait(lambda: s.metric("stylize_queue_depth") == 0)
    assert s.metric('stylize_paintings_total{result="cancelled"}') >= 1


@pytest.mark.heavy
def test_results_shrink_under_load_unless_refused(start, photo):
    s = start("--degrade-after", "1ms", "--cache-memory", "0", "--rate-limit", "0", "--threads", "1")

    def one(i):
        return s.paint(photo, style_id="scream", output_size=str(640 + 4 * i), allow_degraded=str(i % 2 == 0))
    with concurrent.futures.ThreadPoolExecutor(8) as pool:
        answers = list(enumerate(pool.map(one, range(60))))
    small = [(i, a) for i, a in answers if a.json()["degraded"]]
    assert small and all(i % 2 == 0 for i, _ in small)
    assert all(a.json()["width"] < 640 + 4 * i and a.headers["x-stylize-degraded"] == "true" for i, a in small)
    assert all(a.json()["width"] == 640 + 4 * i for i, a in answers if not a.json()["degraded"])
