"""Who may do what only this machine may: nobody whose request was passed on, whatever its header says."""
import shutil
import subprocess

import httpx
import pytest
import services
from conftest import PATIENCE, SOURCE, run, status_of, talk

STYLE = "/api/v1/styles/mine"


def ask(server, *headers, method="DELETE", path="/api/v1/styles/scream", host="localhost", version="1.1"):
    lines = [f"{method} {path} HTTP/{version}", f"Host: {host}", "Connection: close", *headers, "", ""]
    return talk(server, "\r\n".join(lines).encode())


def test_this_machine_may(start):
    s = start()
    for host in ("localhost", "127.0.0.1", f"localhost:{s.port}", "[::1]", "127.0.0.9:80"):
        assert status_of(ask(s, path="/api/v1/styles/nothing", host=host)) == 404
    assert status_of(ask(s)) == 204


@pytest.mark.parametrize("headers", [
    ["X-Forwarded-For: 203.0.113.5"], ["X-Forwarded-For: 127.0.0.1"], ["Forwarded: for=127.0.0.1"], ["Via: 1.1 proxy"],
    ["X-Real-IP: 127.0.0.1"], ["X-Forwarded-Proto: https"], ["X-Forwarded-For: 127.0.0.1", "X-Forwarded-For: 1.2.3.4"]])
def test_what_is_passed_on_has_no_rights_of_this_machine(start, headers):
    s = start()
    assert status_of(ask(s, *headers)) == 403
    assert status_of(ask(s, *headers, method="GET", path="/metrics")) == 403
    assert status_of(ask(s, *headers, method="GET", path="/api/v1/info")) == 403
    assert status_of(ask(s, *headers, method="GET", path="/health")) == 200
    warnings = [line for line in s.log() if "is not named" in line["message"]]
    assert len(warnings) == 1 and "--trusted-proxy 127.0.0.1" in warnings[0]["message"]  # once


def test_nor_has_what_a_named_proxy_passes_on(start):
    s = start("--trusted-proxy", "127.0.0.0/8")
    for headers in (["X-Forwarded-For: 127.0.0.1"], ["X-Forwarded-For: 203.0.113.5"], []):
        assert status_of(ask(s, *headers)) == 403
    assert not [line for line in s.log() if "is not named" in line["message"]]


def test_nor_have_names_of_elsewhere_or_old_proxies(start):
    s = start()
    for host in ("8.8.8.8", "evil.example", "localhost.evil.example", "[2001:db8::1]:80"):
        answer = ask(s, host=host)
        assert status_of(answer) == 403 and b"unknown_host" in answer
    assert status_of(ask(s, version="1.0")) == 403
    assert status_of(ask(s, method="GET", path="/metrics", host="evil.example")) == 403
    assert status_of(ask(s, method="GET", path="/health/ready", host="stylize")) == 200  # as a proxy's probe


@pytest.mark.parametrize("flags", [["--cors-origin", "https://a.example"], ["--trusted-proxy", "10.0.0.0/8"]])
def test_other_options_do_not_end_the_check_of_names(start, flags):
    assert status_of(ask(start(*flags), method="GET", path="/api/v1/styles", host="evil.example")) == 403


def test_a_named_proxy_is_asked_by_its_own_name(start):
    s = start("--trusted-proxy", "127.0.0.0/8")
    answer = ask(s, "X-Forwarded-For: 203.0.113.5", method="GET", path="/api/v1/styles", host="stylize.example")
    assert status_of(answer) == 200


def test_all_lines_of_forwarded_addresses_count(start):
    """The client's own line stands before the one that the proxy adds."""
    s = start("--rate-limit", "0.001", "--rate-burst", "5", "--trusted-proxy", "127.0.0.0/8")
    codes = [status_of(ask(s, f"X-Forwarded-For: 198.51.100.{i}", "X-Forwarded-For: 203.0.113.5", method="GET",
                           path="/api/v1/session")) for i in range(20)]
    assert codes == [200] * 5 + [429] * 15


@pytest.mark.parametrize("lines", [
    ["Host: localhost"], ["Authorization: Bearer a", "Authorization: Bearer b"], ["X-API-Key: a", "X-API-Key: b"],
    ["Idempotency-Key: a", "Idempotency-Key: b"], ["X-Subject: a", "x-subject: b"], ["Origin: a", "Origin: a"],
    ["Content-Type: a/b", "Content-Type: a/c"], ["Content-Length: 0", "Content-Length: 0"]])
def test_what_may_be_said_once_is_refused_twice(server, lines):
    assert status_of(ask(server, *lines, method="GET", path="/health")) == 400


NGINX = """daemon off; error_log stderr; pid nginx.pid; events {{}}
http {{ access_log off; proxy_read_timeout 600s; client_body_buffer_size 4m; client_body_temp_path b; proxy_temp_path p; fastcgi_temp_path f; uwsgi_temp_path u;
scgi_temp_path s; server {{ listen 127.0.0.1:{port}; location / {{ proxy_pass http://127.0.0.1:{to}; {more} }} }} }}
"""
HAPROXY = """defaults
    mode http
    timeout client 600s
    timeout server 600s
    timeout connect 600s
frontend a
    bind 127.0.0.1:{port}
    option forwardfor
    default_backend b
backend b
    server s 127.0.0.1:{to}
"""


@pytest.fixture
def proxy(tmp_path):
    """A function that puts a proxy of that kind before a server; its address."""
    running = []

    def begin(name, text):
        if not shutil.which(name):
            pytest.skip(f"{name} is missing")
        (tmp_path / "proxy.conf").write_text(text)
        line = [name, "-p", str(tmp_path), "-c", str(tmp_path / "proxy.conf")] if name == "nginx" else \
            [name, "-db", "-f", str(tmp_path / "proxy.conf")]
        running.append(subprocess.Popen(line, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL,
                                        stderr=subprocess.DEVNULL))
    yield begin
    for p in running:
        p.kill()
        p.wait()


FORWARDED = "proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;"


@pytest.mark.parametrize("name, text, more", [
    ("nginx", NGINX, ""), ("nginx", NGINX, FORWARDED), ("nginx", NGINX, FORWARDED + "proxy_http_version 1.1;"),
    ("haproxy", HAPROXY, "")])
@pytest.mark.parametrize("named", [True, False])
def test_strangers_behind_a_proxy_as_it_comes(start, proxy, artwork, name, text, more, named):
    s = start(*(["--trusted-proxy", "127.0.0.0/8"] if named else []))
    port = services.free_port()
    proxy(name, text.format(port=port, to=s.port, more=more))
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE) as stranger:
        def up():
            try:
                return stranger.get("/health").status_code == 200
            except httpx.TransportError:
                return False
        s.wait(up)
        for headers in ({}, {"X-Forwarded-For": "127.0.0.1"}):
            assert stranger.post(STYLE, files={"style_image": artwork}, headers=headers).status_code == 403
            assert stranger.delete("/api/v1/styles/scream", headers=headers).status_code == 403
    assert s.client.get(STYLE).status_code == 404


def test_the_ten_lines_of_the_manual_are_safe(start, proxy, artwork, photo):
    text = (SOURCE / "docs/deployment.md").read_text().split("```nginx\n", 1)[1].split("```", 1)[0]
    assert len(text.splitlines()) <= 12
    s = start("--trusted-proxy", "127.0.0.1", "--rate-limit", "0.001", "--rate-burst", "6")
    port = services.free_port()
    lines = [line for line in text.splitlines() if "ssl_" not in line]
    text = "\n".join(lines).replace("listen 443 ssl http2", f"listen 127.0.0.1:{port}").replace("8080", str(s.port))
    head = NGINX.split("server {{", 1)[0].replace("{{", "{").replace("}}", "}")
    proxy("nginx", head + text + "}")

    def ask(address):
        return httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE, headers={"Host": "stylize.example"},
                            transport=httpx.HTTPTransport(local_address=address))

    def up():
        try:
            return ask("127.0.0.2").get("/health").status_code == 200
        except httpx.TransportError:
            return False
    s.wait(up)
    with ask("127.0.0.3") as stranger:
        assert stranger.post(STYLE, files={"style_image": artwork}).status_code == 403
        assert stranger.get("/metrics").status_code == 403
        assert stranger.post("/api/v1/style-transfer", files={"content_image": photo},
                             data={"style_id": "scream", "output_size": "64"}).status_code == 200
        forged = [stranger.get("/api/v1/session", headers={"X-Forwarded-For": f"1.2.3.{i}"}).status_code for i in range(9)]
    assert forged == [200] * 4 + [429] * 5  # /metrics is not limited
    with ask("127.0.0.4") as other:
        assert other.get("/api/v1/session").status_code == 200
    assert not [line for line in s.log() if "is not named" in line["message"]]


def test_haproxys_own_option_does_not_end_the_limit(start, proxy):
    s = start("--trusted-proxy", "127.0.0.1", "--rate-limit", "0.001", "--rate-burst", "5")
    port = services.free_port()
    proxy("haproxy", HAPROXY.format(port=port, to=s.port))
    elsewhere = httpx.HTTPTransport(local_address="127.0.0.2")
    with httpx.Client(base_url=f"http://127.0.0.1:{port}", timeout=PATIENCE, transport=elsewhere) as stranger:
        def up():
            try:
                return stranger.get("/health").status_code == 200
            except httpx.TransportError:
                return False
        s.wait(up)
        codes = [stranger.get("/api/v1/session", headers={"X-Forwarded-For": f"198.51.100.{i}"}).status_code
                 for i in range(20)]
    assert codes == [200] * 5 + [429] * 15


def test_an_origin_has_a_scheme():
    done = run("check", "--cors-origin", "https://a.example,b.example")
    assert done.returncode == 2 and "b.example" in done.stderr
