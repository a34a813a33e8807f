"""Keys, TLS, pages of others, headers, configuration, metrics."""
import os
import shutil
import signal
import socket
import ssl
import subprocess
import tempfile

import pytest
from conftest import PATIENCE, make_certificate, make_keys, run


def test_keys(start, photo, artwork, tmp_path):
    keys = make_keys(tmp_path / "keys")
    s = start("--api-keys", str(tmp_path / "keys"))
    assert s.paint(photo).status_code == 401
    assert s.paint(photo, headers={"X-API-Key": "stz_wrong"}).status_code == 401
    assert s.paint(photo, headers=keys["anna"]).status_code == 200
    assert s.client.get("/health").status_code == 200 and s.client.get("/metrics").status_code == 401
    add = {"files": {"style_image": artwork}}
    assert s.client.post("/api/v1/styles/mine", headers=keys["anna"], **add).status_code == 403
    assert s.client.post("/api/v1/styles/mine", headers=keys["root"], **add).status_code == 201
    job = s.add_job(photo, headers={**keys["anna"], "X-Subject": "me"}).json()["id"]
    assert s.client.get(f"/api/v1/jobs/{job}", headers=keys["bert"]).status_code == 404
    assert s.client.get(f"/api/v1/jobs/{job}", headers=keys["anna"]).status_code == 200
    assert s.client.get("/api/v1/data/me", headers=keys["bert"]).json()["jobs"] == []
    assert len(s.client.get("/api/v1/data/me", headers=keys["anna"]).json()["jobs"]) == 1
    s.stop()
    s.start()  # the owner is still known
    assert s.client.get(f"/api/v1/jobs/{job}", headers=keys["anna"]).status_code == 200
    assert s.client.get(f"/api/v1/jobs/{job}", headers=keys["bert"]).status_code == 404
    (tmp_path / "keys").write_text("")
    s.process.send_signal(signal.SIGHUP)
    s.wait(lambda: s.paint(photo, headers=keys["anna"]).status_code == 401)


def test_pages_of_others_may_not_call(server, photo):
    foreign = [{"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"},
               {"Origin": f"http://127.0.0.1:{server.port + 1}"}]
    for headers in foreign:
        assert server.paint(photo, headers=headers).json()["code"] == "foreign_page"
    own = {"Origin": server.url, "Sec-Fetch-Site": "same-origin"}
    assert server.paint(photo, headers=own).json()["code"] == "page_token"
    token = server.client.get("/api/v1/session").json()["page_token"]
    assert server.paint(photo, headers={**own, "X-Page-Token": token}).status_code == 200
    assert "access-control-allow-origin" not in server.client.get(
        "/api/v1/session", headers={"Origin": "https://evil.example"}).headers
    assert server.client.get("/api/v1/styles", headers={"Host": "evil.example"}).status_code == 403


def test_origins_that_are_named_may_call(start, photo):
    s = start("--cors-origin", "https://a.example, https://b.example")
    answer = s.paint(photo, headers={"Origin": "https://b.example", "Sec-Fetch-Site": "cross-site"})
    assert answer.status_code == 200
    assert answer.headers["access-control-allow-origin"] == "https://b.example"
    asked = s.client.options("/api/v1/style-transfer", headers={"Origin": "https://a.example"})
    assert asked.status_code == 204 and "POST" in asked.headers["access-control-allow-methods"]


def test_no_request_forges_the_log(start):
    """Whatever a client sends as its method or path, a line of the log is JSON with the members it should have."""
    s = start()
    forged = ['QQ"}', 'X\'","a":"', "Q\\", 'Q"', 'G"}\u00e9', "[{", 'Q","level":"error']
    for method in forged:
        with socket.create_connection(("127.0.0.1", s.port)) as c:
            c.sendall(f'{method} /"x\\ HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n'.encode("latin-1"))
            while c.recv(65536):
                pass
    lines = s.log()  # every one is read as JSON
    asked = [line for line in lines if line["message"] == "request"]
    assert all(set(line) <= {"time", "level", "message", "request_id", "method", "route", "status", "seconds", "client",
                             "key"} for line in asked)
    assert all(line["level"] == ("warning" if line["status"] >= 500 else "info") for line in asked)
    assert 'QQ"}' in {line["method"] for line in asked}


def test_every_answer_has_the_security_headers(server):
    for path in ("/", "/page/app.js", "/health", "/nothing", "/api/v1/styles"):
        headers = server.client.get(path).headers
        assert headers["x-content-type-options"] == "nosniff" and headers["x-frame-options"] == "DENY"
        assert "default-src 'none'" in headers["content-security-policy"]
        assert "unsafe" not in headers["content-security-policy"]


@pytest.mark.threads
@pytest.mark.skipif(not shutil.which("openssl"), reason="openssl is not installed")
def test_tls(start, tmp_path, photo):
    make_certificate(tmp_path, "first")
    flags = ["--tls-cert", str(tmp_path / "cert.pem"), "--tls-key", str(tmp_path / "key.pem")]
    s = start(*flags, scheme="https")
    assert s.paint(photo).status_code == 200
    assert "strict-transport-security" in s.client.get("/health").headers

    def handshake(option):
        return subprocess.run(["openssl", "s_client", "-connect", f"127.0.0.1:{s.port}", option, "-cipher",
                               "ALL:@SECLEVEL=0"], input="", capture_output=True, text=True, timeout=PATIENCE, check=False)
    for option in ("-tls1", "-tls1_1"):
        assert "Cipher is (NONE)" in handshake(option).stdout
    for option in ("-tls1_2", "-tls1_3"):
        assert "Cipher is (NONE)" not in handshake(option).stdout

    def name():
        pem = ssl.get_server_certificate(("127.0.0.1", s.port))
        return subprocess.run(["openssl", "x509", "-noout", "-subject"], input=pem, capture_output=True, text=True,
                              check=True).stdout
    assert "first" in name()
    (tmp_path / "key.pem").write_text("damaged")
    s.process.send_signal(signal.SIGHUP)
    s.wait_for_log("certificate not read again")
    assert "first" in name()
    make_certificate(tmp_path, "second")
    s.process.send_signal(signal.SIGHUP)
    s.wait(lambda: "second" in name())


@pytest.mark.parametrize("flags, part", [
    (["--listen", "0.0.0.0:0"], "--insecure"), (["--listen", "nowhere"], "ADDRESS:PORT"),
    (["--models", "/nonexistent"], "/nonexistent"), (["--api-keys", "/nonexistent"], "/nonexistent"),
    (["--trusted-proxy", "x"], "trusted-proxy"), (["--threads", "x"], "--threads"),
    (["--tls-cert", "/nonexistent", "--tls-key", "/nonexistent"], "/nonexistent"),
    (["--engine", "steam"], "steam"), (["--precision", "fp8"], "fp32, fp16, int8, tf32"),
    (["--nothing"], "--nothing")])
def test_a_wrong_configuration_is_told_in_one_line(flags, part):
    done = run(*flags)
    last = done.stderr.strip().splitlines()[-1]
    assert done.returncode == 2 and part in last and last.startswith("stylize-server: ")


@pytest.mark.parametrize("flags, part", [
    (["--listen", "0.0.0.0:8080"], "--insecure"), (["--listen", "nowhere"], "ADDRESS:PORT"),
    (["--user", "nosuchuser"], "nosuchuser"), (["--trusted-proxy", "x"], "trusted-proxy"),
    (["--cors-origin", "a.example"], "a.example"), (["--state-dir", "/proc/x"], "/proc/x"),
    (["--tls-cert", "/nonexistent", "--tls-key", "/nonexistent"], "/nonexistent")])
def test_check_finds_what_the_start_refuses(flags, part):
    started, checked = run("--listen", "127.0.0.1:0", *flags), run("check", *flags)
    for done in (started, checked):
        assert done.returncode == 2 and part in done.stderr.strip().splitlines()[-1]
    assert "It would start" not in checked.stdout


def test_a_folder_of_jobs_has_one_server(start, tmp_path):
    s = start("--state-dir", str(tmp_path / "jobs"))
    second = run("--listen", "127.0.0.1:0", "--state-dir", str(tmp_path / "jobs"))
    assert second.returncode == 2 and "another server" in second.stderr and str(tmp_path / "jobs") in second.stderr
    assert run("check", "--state-dir", str(tmp_path / "jobs")).returncode == 0  # before a restart
    s.stop()
    assert start("--state-dir", str(tmp_path / "jobs")).client.get("/health").status_code == 200


def test_check_and_help(tmp_path):
    checked = run("check", "--threads", "1", "--precision", "fp16")
    assert checked.returncode == 0 and "threads = 1" in checked.stdout
    assert "precision = fp16" in checked.stdout
    again = tmp_path / "again.conf"
    again.write_text(checked.stdout)
    assert run("check", "--config", str(again)).stdout == checked.stdout
    for group in ("Network", "Limits", "Painting", "Load", "Cache", "Jobs", "Security", "Operation"):
        assert f"\n{group}\n" in run("--help").stdout


def test_metrics_are_well_formed(server, photo):
    server.paint(photo)
    text = server.client.get("/metrics")
    assert text.headers["content-type"] == "text/plain; version=0.0.4; charset=utf-8"
    for name in ("stylize_http_requests_total", "stylize_inference_duration_seconds_bucket", "stylize_queue_depth",
                 "stylize_batch_size_bucket", "process_resident_memory_bytes", "stylize_buffer_pool_bytes"):
        assert name in text.text
    if shutil.which("promtool"):
        checked = subprocess.run(["promtool", "check", "metrics"], input=text.text, capture_output=True, text=True,
                                 check=False)
        assert checked.returncode == 0, checked.stdout + checked.stderr


def test_the_log_holds_no_whole_address(start, photo):
    s = start()
    s.paint(photo)
    s.wait(lambda: any(line.get("route") == "/api/v1/style-transfer" for line in s.log()))
    line = next(line for line in s.log() if line.get("route") == "/api/v1/style-transfer")
    assert line["client"] == "127.0.0.0" and line["status"] == 200 and len(line["request_id"]) == 24


def test_the_document_names_every_route(server):
    paths = server.client.get("/openapi.json").json()["paths"]
    for path in ("/api/v1/style-transfer", "/api/v1/jobs", "/api/v1/jobs/{id}/events", "/api/v1/data/{subject}",
                 "/api/v1/styles/{id}/preview", "/health", "/v2/models/{id}/ready", "/metrics"):
        assert path in paths


def test_the_page_and_all_it_asks_for_is_here(server):
    page = server.client.get("/")
    tag = page.headers["etag"]
    assert "<title>Stylize</title>" in page.text
    assert server.client.get("/", headers={"If-None-Match": tag}).status_code == 304
    assert "http://" not in page.text and "https://" not in page.text
    for name in ("app.js", "api.js", "stage.js", "picker.js", "history.js", "i18n.js", "base.css", "stage.css",
                 "panel.css", "icon.svg", "example.jpg"):
        assert server.client.get(f"/page/{name}").status_code == 200


def test_text_is_sent_as_gzip_to_who_takes_it(server):
    for path in ("/", "/page/app.js", "/page/base.css", "/page/icon.svg", "/openapi.json", "/api/v1/styles"):
        plain = server.client.get(path, headers={"Accept-Encoding": "gzip;q=0"})
        small = server.client.get(path, headers={"Accept-Encoding": "br, gzip"})
        assert "content-encoding" not in plain.headers and small.headers["content-encoding"] == "gzip", path
        assert plain.content == small.content and "Accept-Encoding" in small.headers["vary"]
        assert int(small.headers["content-length"]) < int(plain.headers["content-length"])
        if "etag" in plain.headers:  # one for each form
            tag = small.headers["etag"]
            assert tag != plain.headers["etag"]
            again = {"Accept-Encoding": "gzip", "If-None-Match": tag}
            assert server.client.get(path, headers=again).status_code == 304
            assert server.client.get(path, headers=again | {"Accept-Encoding": ""}).status_code == 200
    assert "content-encoding" not in server.client.get("/page/example.jpg").headers


@pytest.mark.skipif(os.geteuid() != 0, reason="only root can become somebody else")
def test_root_is_given_up(start, photo):
    with tempfile.TemporaryDirectory(prefix="stylize-") as folder:
        os.chmod(folder, 0o755)
        shutil.chown(folder, "nobody")
        s = start("--user", "nobody", "--state-dir", folder)
        assert s.paint(photo).status_code == 200
        with open(f"/proc/{s.process.pid}/status", encoding="ascii") as f:
            uids = next(line for line in f if line.startswith("Uid:")).split()[1:]
        assert "0" not in uids
