"""nginx and haproxy with the shipped configurations before three real servers, on loopback."""
import hashlib
import json
import re
import signal
import socket
import ssl
import subprocess
import threading

import httpx
import pytest

from proxy import PATIENCE, Broken, Haproxy, Nginx, Server, edge, wait

KINDS = [pytest.param(kind, id=kind.name, marks=pytest.mark.skipif(
    not kind.binary, reason=f"{kind.name} is not installed")) for kind in (Nginx, Haproxy)]
FLAGS = ("--threads", "1", "--no-warm-up", "--no-degrade", "--rate-limit", "0", "--log-addresses", "full")
pytestmark = [pytest.mark.parametrize("kind", KINDS),
              pytest.mark.filterwarnings("ignore:ssl.TLSVersion:DeprecationWarning")]


@pytest.fixture(scope="module")
def servers(tmp_path_factory):
    """Shared by the tests that stop none of them."""
    three = [Server(tmp_path_factory.mktemp("server"), *FLAGS, "--trusted-proxy", "127.0.0.1") for _ in range(3)]
    yield three
    for s in three:
        assert s.stop() == 0


@pytest.fixture
def own_servers(tmp_path_factory):
    """For tests that kill or stop one."""
    three = [Server(tmp_path_factory.mktemp("server"), *FLAGS, "--trusted-proxy", "127.0.0.1") for _ in range(3)]
    yield three
    for s in three:
        s.stop(signal.SIGKILL)


@pytest.fixture
def front(kind, tmp_path):
    """A function that starts the proxy; it is stopped at the end."""
    running = []

    def start(ports, change=lambda text: text):
        running.append(kind(tmp_path / str(len(running)), ports, change).start())
        return running[-1]
    yield start
    for p in running:
        p.stop()


def ports(servers):
    return [s.port for s in servers]


def paint(client, photo, size=64, headers=None, **fields):
    return client.post("/api/v1/style-transfer", headers={"Accept": "image/png", **(headers or {})},
                       files={"content_image": photo}, data={"style_id": "udnie", "output_size": str(size), **fields})


def painted(s):
    """Style transfers that a server answered with 200."""
    text = s.client.get("/metrics").text
    found = re.search(r'stylize_http_requests_total\{route="transfer",method="POST",code="200"\} (\d+)', text)
    return int(found[1]) if found else 0


def gained(servers, before, total):
    """How many each painted since, once all are counted: a server counts when its answer is on the way."""
    wait(lambda: sum(painted(s) for s in servers) - sum(before) == total)
    return [painted(s) - b for s, b in zip(servers, before)]


def test_the_idlest_server_gets_the_request(front, servers, photo, together):
    before = [painted(s) for s in servers]
    with front(ports(servers)).client() as client:
        answers = together(lambda n: paint(client, photo, 64 + n), range(12))
    assert [a.status_code for a in answers] == [200] * 12
    assert min(gained(servers, before, 12)) > 0


def test_equal_content_stays_with_one_server(front, servers, photo, together):
    with front(ports(servers)).client() as client:
        before = [painted(s) for s in servers]
        digest = hashlib.sha256(photo).hexdigest()
        for n in range(6):
            assert paint(client, photo, 80 + n, {"X-Content-Hash": digest}).status_code == 200
        assert sorted(gained(servers, before, 6)) == [0, 0, 6]
        before = [painted(s) for s in servers]
        together(lambda n: paint(client, photo, 64, {"X-Content-Hash": f"{n * 7919}"}), range(24))
        assert min(gained(servers, before, 24)) > 0


def test_a_killed_server_loses_nothing_that_may_be_repeated(front, own_servers, photo, together):
    # haproxy repeats what fits in its buffer: a small picture then, here made by painting the photograph.
    photo = paint(own_servers[0].client, photo, 128).content
    expected = {n: paint(own_servers[0].client, photo, 64 + n).content for n in range(5)}
    count = 0
    lock = threading.Lock()

    def one(n):
        nonlocal count
        answer = paint(client, photo, 64 + n % 5, {"Idempotency-Key": f"key-{n}"}, strength="1")
        with lock:
            count += 1
            if count == 10:
                own_servers[1].process.kill()
        return answer.status_code, answer.content == expected[n % 5]
    with front(ports(own_servers)).client() as client:
        answers = together(one, range(60))
        assert answers == [(200, True)] * 60
        own_servers[1].process.wait()
        assert [paint(client, photo, 99 + n).status_code for n in range(6)] == [200] * 6


def test_a_drained_server_loses_nothing(front, own_servers, photo, together):
    gate = front(ports(own_servers))
    drained = own_servers[2]
    ended = []

    def drain():
        gate.drain(ports(own_servers), drained.port)
        wait(lambda: drained.metric("stylize_http_requests_in_flight") == 1)  # the question itself
        ended.append(drained.stop(signal.SIGTERM))
    with gate.client() as client:
        worker = threading.Thread(target=drain)
        answers = together(lambda n: (worker.start() if n == 12 else None, paint(client, photo, 64 + n))[1], range(60))
        worker.join()
        last = [paint(client, photo, 64).status_code for _ in range(4)]
    assert [a.status_code for a in answers] == [200] * 60
    assert ended == [0] and last == [200] * 4


def test_without_a_key_a_sent_request_is_not_sent_again(front, servers, photo):
    broken = Broken("crash")
    with front([broken.port, *ports(servers)[:2]]).client() as client:
        statuses = [paint(client, photo, 64).status_code for _ in range(9)]
    broken.stop()
    assert len(broken.requests) > 0
    assert statuses.count(502) == len(broken.requests)
    assert statuses.count(200) == 9 - len(broken.requests)


def test_with_a_key_it_is(front, servers, photo):
    photo = paint(servers[0].client, photo, 128).content
    broken = Broken("crash")
    with front([broken.port, *ports(servers)[:2]]).client() as client:
        statuses = [paint(client, photo, 64, {"Idempotency-Key": str(n)}).status_code for n in range(9)]
    broken.stop()
    assert len(broken.requests) > 0
    assert statuses == [200] * 9


def test_servers_that_say_later_are_not_taken_for_dead(front, photo):
    """Otherwise a moment of too much load would become an outage."""
    busy = [Broken("busy") for _ in range(3)]
    with front([b.port for b in busy]).client() as client:
        statuses = [paint(client, photo, 64, {"Idempotency-Key": str(n)}).status_code for n in range(12)]
        seen = [len(b.requests) for b in busy]
    for b in busy:
        b.stop()
    assert statuses == [503] * 12
    assert sum(seen) >= 12 and min(seen) > 0


def test_a_job_is_found_again(front, servers, photo):
    with front(ports(servers)).client() as client:
        for _ in range(4):
            answer = client.post("/api/v1/jobs", files={"content_image": photo},
                                 data={"style_id": "udnie", "output_size": "64"})
            assert answer.status_code == 202
            path = "/api/v1/jobs/" + answer.json()["id"]
            wait(lambda: client.get(path).json()["state"] == "done")
            assert client.get(path + "/result", headers={"Accept": "image/jpeg"}).content[:2] == b"\xff\xd8"


def test_events_pass_while_they_happen(front):
    streams = [Broken("hold") for _ in range(3)]
    with front([s.port for s in streams]).client() as client:
        with client.stream("GET", "/api/v1/jobs/0123/events") as answer:
            lines = answer.iter_lines()
            assert [next(lines).strip(), next(lines).strip()] == ["event: job", "data: first"]
            for s in streams:
                s.stop()
            assert "data: last" in [line.strip() for line in lines]


def test_old_tls_is_refused(front, servers):
    port = front(ports(servers)).port

    def connect(port, version):
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = False
        context.verify_mode = ssl.CERT_NONE
        context.set_ciphers("DEFAULT:@SECLEVEL=0")
        context.minimum_version = context.maximum_version = version
        with socket.create_connection(("127.0.0.1", port)) as plain, context.wrap_socket(plain) as s:
            return s.version()
    assert connect(port, ssl.TLSVersion.TLSv1_2) == "TLSv1.2"
    assert connect(port, ssl.TLSVersion.TLSv1_3) == "TLSv1.3"
    for old in (ssl.TLSVersion.TLSv1, ssl.TLSVersion.TLSv1_1):
        with pytest.raises((ssl.SSLError, ConnectionError)):
            connect(port, old)


def test_this_client_can_speak_old_tls(kind, tmp_path):
    """Otherwise the test above could not fail."""
    edge.certificate(tmp_path)
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT:@SECLEVEL=0")
    context.minimum_version = ssl.TLSVersion.TLSv1
    context.load_cert_chain(tmp_path / "stylize.pem", tmp_path / "stylize.key")
    with socket.create_server(("127.0.0.1", 0)) as listener:
        def serve():
            connection, _ = listener.accept()
            with context.wrap_socket(connection, server_side=True) as s:
                s.recv(1)
        threading.Thread(target=serve, daemon=True).start()
        done = subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{listener.getsockname()[1]}", "-tls1_1",
                               "-cipher", "DEFAULT:@SECLEVEL=0"], input="x", capture_output=True, text=True, timeout=PATIENCE)
    assert "Protocol  : TLSv1.1" in done.stdout


def test_plain_http_is_sent_to_tls(front, servers):
    gate = front(ports(servers))
    answer = httpx.get(f"http://127.0.0.1:{gate.plain_port}/api/v1/styles?a=b", headers={"Host": "localhost"},
                       timeout=PATIENCE)
    assert answer.status_code == 308
    assert answer.headers["Location"] == "https://localhost/api/v1/styles?a=b"


def test_a_large_body_is_refused_at_the_edge(front, servers, photo):
    before = sum(s.metric("stylize_http_connections_total") for s in servers)
    with front(ports(servers)).client() as client:
        try:
            assert client.post("/api/v1/style-transfer", content=b"x" * (33 << 20)).status_code == 413
        except (httpx.WriteError, httpx.RemoteProtocolError):
            pass  # it ended the connection before the answer could be read
        assert paint(client, photo).status_code == 200
    logs = [line for s in servers for line in s.log() if line.get("status") == 413]
    assert logs == [] and sum(s.metric("stylize_http_connections_total") for s in servers) > before


def test_a_client_that_asks_too_often_is_told(front, servers):
    def slower(text):
        if "limit_req_zone" in text:
            return edge.put(edge.put(text, "rate=100r/s", "rate=1r/m"), "burst=200", "burst=4")
        return edge.put(text, "gt 1000", "gt 5")
    with front(ports(servers), slower).client() as client:
        statuses = [client.get("/api/v1/styles").status_code for _ in range(8)]
    assert statuses == [200] * 5 + [429] * 3
    with front(ports(servers), slower).client("127.0.0.7") as other:
        assert other.get("/api/v1/styles").status_code == 200


def test_the_clients_address_comes_from_the_proxy_only(front, tmp_path, photo):
    """The proxy asks from 127.0.0.9, which the server trusts; a client that asks it directly is not believed."""
    def bind(text):
        if "limit_req_zone" in text:
            return edge.put(text, "    proxy_connect_timeout 2s;", "    proxy_bind 127.0.0.9; proxy_connect_timeout 2s;")
        return edge.put(text, "    timeout connect 2s", "    source 127.0.0.9\n    timeout connect 2s")
    folder = tmp_path / "server"
    folder.mkdir()
    s = Server(folder, *FLAGS, "--trusted-proxy", "127.0.0.9/32")
    try:
        forged = {"X-Forwarded-For": "203.0.113.7"}
        with front([s.port] * 3, bind).client("127.0.0.5") as client:
            assert paint(client, photo, headers=forged).status_code == 200
        assert paint(s.client, photo, headers=forged).status_code == 200
        text = s.log_path.read_text()
    finally:
        s.stop()
    assert "203.0.113.7" not in text
    assert text.count('"127.0.0.5"') == 1 and text.count('"127.0.0.1"') >= 1


def test_the_metrics_are_not_for_everybody(front, servers):
    gate = front(ports(servers))
    with gate.client() as client:
        assert client.get("/metrics").status_code == 404
        assert client.get("/health/ready").status_code == 200
    for target in ("/%6detrics", "/metrics%00", "/metrics%00.png", "//metrics", "/metrics/", "/metrics?x=1",
                   "/./metrics", "/%2e/metrics", "/METRICS"):
        status, _, text = gate.get(target)
        assert status != 200 and "stylize_ready" not in text, target


def test_a_line_of_the_log_is_json_whatever_is_asked(front, servers, kind):
    """Of nginx the file; haproxy logs to the system, so that its format is asked for by a header here."""
    def change(text):
        log = text.split("log-format '", 1)[1].split("'", 1)[0] if kind is Haproxy else ""
        fields = [part for part in ("method", "path") if part in log]
        assert kind is Nginx or len(fields) == 2
        return text.replace("    default_backend idlest", "".join(
            f"    http-response set-header X-Log-{f} '\"%[var(txn.{'route' if f == 'path' else f})]\"'\n"
            for f in fields) + "    default_backend idlest")
    gate = front(ports(servers), change)
    headers = gate.get('/a"b\\c')[1]
    if kind is Haproxy:
        assert json.loads(headers["x-log-path"]) == '/a"b\\c' and json.loads(headers["x-log-method"]) == "GET"
    else:
        line = wait(lambda: (gate.folder / "stylize.log").read_text())
        assert json.loads(line.splitlines()[-1])["path"] == '/a"b\\c'


def test_uploads_stay_in_memory(front, servers, kind):
    """nginx says in its log when it writes a body or an answer to a file; haproxy has no files."""
    gate = front(ports(servers))
    with gate.client() as client:
        assert client.post("/api/v1/style-transfer", content=b"x" * (20 << 20),
                           headers={"Content-Type": "image/jpeg"}).status_code in (400, 413, 415, 422)
    if kind is Nginx:
        assert "temporary file" not in (gate.folder / "error.log").read_text()
        access = wait(lambda: (gate.folder / "stylize.log").read_text())
        assert '"client":"127.0.0.0"' in access
