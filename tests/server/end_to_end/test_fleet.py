"""What servers share: results, rate limits, jobs, the registration; and that they go on without it."""
import json
import os
import re
import shutil
import subprocess
import time

import pytest

import services
from conftest import BINARY, SOURCE

needs_redis = pytest.mark.skipif(not services.have_redis(), reason="redis-server is missing")


@pytest.fixture
def s3(monkeypatch):
    pytest.importorskip("moto")
    if not services.built_with("--consul", "http://127.0.0.1:1"):
        pytest.skip("this build has no libcurl")
    s = services.S3()
    for name, value in s.variables().items():
        monkeypatch.setenv(name, value)
    yield s
    s.stop()


def cache_of(answer):
    assert answer.status_code == 200
    return answer.headers["x-stylize-cache"]


def backend(server, name, result):
    return server.metric(f'stylize_backend_requests_total{{backend="{name}",result="{result}"}}')


def is_up(server, name):
    return server.metric(f'stylize_backend_up{{backend="{name}"}}') == 1


def joined(start, *flags, uses=("redis",)):
    """A server that has found the services it uses; until then it goes on without them."""
    s = start(*flags)
    s.wait(lambda: all(is_up(s, name) for name in uses))
    return s


# ------------------------------------------------------------------ Redis

@pytest.mark.threads
def test_servers_share_results_by_redis(start, redis, photo):
    a, b = (joined(start, "--redis", redis.url(3), "--cache-memory", "0") for _ in range(2))
    painted = a.paint(photo)
    assert cache_of(painted) == "miss"
    a.wait(lambda: redis.ask("-n", "3", "DBSIZE") != "0" and int(redis.ask("-n", "3", "KEYS", "*:result:*") != ""))
    again = b.paint(photo)
    assert cache_of(again) == "hit" and again.json()["result"] == painted.json()["result"]
    assert b.metric('stylize_cache_requests_total{tier="redis",result="hit"}') == 1
    assert backend(b, "redis", "hit") == 1
    key = redis.ask("-n", "3", "KEYS", "*:result:*")
    assert key.startswith("stylize:") and 0 < int(redis.ask("-n", "3", "PTTL", key)) <= 3600000


def test_with_a_key_nobody_else_makes_results(start, redis, photo, tmp_path):
    """What a server without the key left in Redis is not there for one that has it; those that share it share results."""
    for name in ("key", "other"):
        (tmp_path / name).write_text(f"{name} of sixteen bytes and more\n")
    flags = ("--redis", redis.url(3), "--cache-memory", "0")
    without = joined(start, *flags)
    a, b, c = (joined(start, *flags, "--data-key", str(tmp_path / name)) for name in ("key", "key", "other"))
    assert cache_of(without.paint(photo)) == "miss"
    without.wait(lambda: redis.ask("-n", "3", "KEYS", "*:result:*") != "")
    assert cache_of(a.paint(photo)) == "miss"  # and its own takes that place
    a.wait(lambda: cache_of(b.paint(photo)) == "hit")
    assert cache_of(c.paint(photo)) == "miss"
    (tmp_path / "short").write_text("short\n")
    done = subprocess.run([BINARY, "check", "--data-key", str(tmp_path / "short"), "--state-dir", str(tmp_path / "s")],
                          capture_output=True, text=True, check=False)
    assert done.returncode != 0 and "has 5 bytes; at least 16 are needed" in done.stderr


@pytest.mark.threads
def test_redis_may_go_and_come_back(start, redis, photo):
    s = joined(start, "--redis", redis.url(), "--cache-memory", "0")
    redis.kill()
    for size in range(100, 120, 4):
        assert cache_of(s.paint(photo, output_size=str(size))) == "miss"
    assert not is_up(s, "redis")
    assert len([1 for line in s.log() if "cannot be used" in line["message"]]) == 1
    redis.start()
    s.wait(lambda: is_up(s, "redis"))
    assert [line["message"].endswith("is back") for line in s.log() if "redis at" in line["message"]][-1]
    s.paint(photo)
    s.wait(lambda: cache_of(s.paint(photo)) == "hit")


@pytest.mark.heavy
def test_a_redis_that_hangs_holds_nobody_up(start, redis, photo):
    s = joined(start, "--redis", redis.url(), "--cache-memory", "0", "--redis-timeout", "100ms")
    redis.process.send_signal(19)  # SIGSTOP
    try:
        assert cache_of(s.paint(photo)) == "miss"
        assert s.client.get("/health").status_code == 200
        s.wait(lambda: not is_up(s, "redis"))
    finally:
        redis.process.send_signal(18)
    s.wait(lambda: is_up(s, "redis"))


@pytest.mark.heavy
def test_large_results_stay_out_of_redis(start, redis, photo):
    s = joined(start, "--redis", redis.url(), "--cache-memory", "0", "--redis-value-max", "1K")
    s.paint(photo)
    s.wait(lambda: s.metric('stylize_cache_evictions_total{tier="redis"}') == 1)
    assert redis.ask("KEYS", "*:result:*") == ""


@pytest.mark.heavy
def test_rate_limits_are_those_of_all_servers(start, redis):
    a, b = (joined(start, "--redis", redis.url(), "--rate-limit", "0.01", "--rate-burst", "200") for _ in range(2))

    def ask(server):
        return server.client.get("/api/v1/styles").status_code

    def left():
        keys = [k for k in redis.ask("KEYS", "*{limit}*").split() if not k.endswith("all")]
        return float(redis.ask("HGET", keys[0], "tokens")) if keys else 200
    assert [ask(a) for _ in range(95)] == [200] * 95
    a.wait(lambda: left() < 106)
    assert [ask(b) for _ in range(95)] == [200] * 95
    b.wait(lambda: left() < 11)
    # Alone each would let a hundred more through.
    for server in (a, b):
        more = 0
        while ask(server) == 200:
            more += 1
            time.sleep(0.05)
        assert more < 60


def test_limits_go_on_alone_without_redis(start, redis):
    s = joined(start, "--redis", redis.url(), "--rate-limit", "0.01", "--rate-burst", "10")
    redis.kill()
    answers = [s.client.get("/api/v1/styles").status_code for _ in range(20)]
    assert answers.count(200) == 10 and answers.count(429) == 10


@pytest.mark.threads
def test_erasure_reaches_redis_and_other_servers(start, redis, photo):
    a, b = (joined(start, "--redis", redis.url()) for _ in range(2))
    a.paint(photo, headers={"X-Subject": "anna"})
    a.paint(photo, headers={"X-Subject": "bert"})
    a.wait(lambda: len(redis.ask("KEYS", "*:result:*").split()) == 2)
    assert cache_of(b.paint(photo, headers={"X-Subject": "anna"})) == "hit"
    assert cache_of(b.paint(photo, headers={"X-Subject": "anna"})) == "hit"  # from b's memory
    gone = a.client.delete("/api/v1/data/anna").json()
    assert gone == {"deleted": {"paintings": 0, "jobs": 0, "results": 2}, "complete": True}
    assert len(redis.ask("KEYS", "*:result:*").split()) == 1
    b.wait(lambda: b.client.get("/api/v1/data/anna").json()["results"] == [])
    assert len(b.client.get("/api/v1/data/bert").json()["results"]) == 1


def test_erasure_without_redis_is_not_called_complete(start, redis, photo):
    s = joined(start, "--redis", redis.url())
    s.paint(photo, headers={"X-Subject": "anna"})
    redis.kill()
    s.wait(lambda: not is_up(s, "redis"))
    assert s.client.delete("/api/v1/data/anna").json()["complete"] is False


@needs_redis
def test_passwords_are_used_and_never_shown(start, tmp_path, photo):
    folder = tmp_path / "redis"
    folder.mkdir()
    r = services.Redis(folder, password="se/cret")
    try:
        (tmp_path / "password").write_text("se/cret\n")
        s = start("--redis", r.url(), "--redis-password-file", str(tmp_path / "password"))
        s.wait(lambda: is_up(s, "redis"))
        wrong = start("--redis", f"redis://:wr0ng@127.0.0.1:{r.port}")
        wrong.wait_for_log("cannot be used")
        assert "wr0ng" not in wrong.log_path.read_text() and ":***@" in wrong.log_path.read_text()
        checked = subprocess.run([BINARY, "check", "--no-warm-up", "--redis", f"redis://:se%2fcret@127.0.0.1:{r.port}"],
                                 capture_output=True, text=True)
        assert checked.returncode == 0 and "reachable" in checked.stdout and "cret" not in checked.stdout
        checked = subprocess.run([BINARY, "check", "--redis", f"redis://:wr0ng@127.0.0.1:{r.port}"],
                                 capture_output=True, text=True)
        assert checked.returncode == 1 and "wr0ng" not in checked.stdout + checked.stderr
    finally:
        r.kill()


def test_a_wrong_address_is_told_without_its_password(tmp_path):
    for flags in (["--redis", "redis://:pa55@host:badport"], ["--redis", "http://:pa55@host"],
                  ["--broker", "redis://:pa55@[::1/0", "--storage", f"file://{tmp_path}"]):
        done = subprocess.run([BINARY, "check", *flags], capture_output=True, text=True)
        assert done.returncode == 2 and "pa55" not in done.stdout + done.stderr
        assert "redis" in done.stderr or "broker" in done.stderr


def test_a_job_that_cannot_be_looked_up_is_not_called_unknown(start, redis, tmp_path, photo):
    flags = ["--broker", redis.url(), "--storage", f"file://{tmp_path}/shared"]
    a, b = start(*flags), start(*flags)
    path = "/api/v1/jobs/" + a.add_job(photo).json()["id"]
    assert b.client.get("/api/v1/jobs/" + "0" * 24).status_code == 404
    redis.kill()
    b.wait(lambda: not is_up(b, "broker"))
    answer = b.client.get(path)
    assert answer.status_code == 503 and answer.json()["code"] == "no_broker"
    assert int(answer.headers["Retry-After"]) >= 1


# ------------------------------------------------------------------ S3

def test_servers_share_results_by_s3(start, s3, photo):
    a, b = (joined(start, *s3.flags(), "--cache-memory", "0", uses=["storage"]) for _ in range(2))
    painted = a.paint(photo, headers={"X-Subject": "anna.maria"})
    assert cache_of(painted) == "miss"
    a.wait(lambda: s3.names("of/us/results/"))
    again = b.paint(photo, headers={"X-Subject": "anna.maria"})
    assert cache_of(again) == "hit" and again.json()["result"] == painted.json()["result"]
    assert not [r for r in a.log() + b.log() if "Signature" in r["message"]]
    assert len(b.client.get("/api/v1/data/anna.maria").json()["results"]) == 1
    gone = b.client.delete("/api/v1/data/anna.maria").json()
    assert gone == {"deleted": {"paintings": 0, "jobs": 0, "results": 1}, "complete": True}
    assert s3.names() == []
    assert a.stop() == 0 and b.stop() == 0


@pytest.mark.heavy
def test_s3_in_the_style_of_virtual_hosts(start, s3, photo):
    flags = s3.flags()
    flags[3] = flags[3].replace("127.0.0.1", "s3.localhost")  # as a name, so that the bucket can stand before it
    s = start(*flags, "--storage-style", "virtual", "--cache-memory", "0")
    s.paint(photo)
    s.wait(lambda: s.log() and ([r for r in s3.requests if "/of/us/results/" in r[1] and r[0] == "PUT"]
                                or backend(s, "storage", "failed")))
    if backend(s, "storage", "failed"):
        pytest.skip("names below localhost are not known here")
    assert all(not r[1].startswith("/pictures") for r in s3.requests if "results" in r[1])


def test_s3_that_fails_is_asked_again(start, s3, photo):
    s = joined(start, *s3.flags(), "--cache-memory", "0", uses=["storage"])
    s.paint(photo)
    s.wait(lambda: s3.names("of/us/results/"))
    s3.broken += [(503, "SlowDown"), (500, "InternalError")]
    assert cache_of(s.paint(photo)) == "hit"
    assert backend(s, "storage", "failed") == 0


def test_s3_may_go_and_come_back(start, s3, photo):
    s = joined(start, *s3.flags(), "--cache-memory", "0", uses=["storage"])
    s3.stop()
    assert cache_of(s.paint(photo)) == "miss"
    s.wait(lambda: not is_up(s, "storage"))
    s3.start()
    s.wait(lambda: is_up(s, "storage"))


def test_wrong_keys_are_told_and_new_ones_read(start, s3, photo, tmp_path, monkeypatch):
    keys = tmp_path / "keys"
    text = "[default]\naws_access_key_id = {}\naws_secret_access_key = {}\n"
    keys.write_text(text.format(s3.access, "wrong"))
    monkeypatch.delenv("AWS_SESSION_TOKEN")
    s = start(*s3.flags(), "--storage-keys", str(keys), "--cache-memory", "0")
    assert cache_of(s.paint(photo)) == "miss"
    s.wait(lambda: any("SignatureDoesNotMatch" in line["message"] for line in s.log()))
    keys.write_text(text.format(s3.access, s3.secret))
    s.wait(lambda: cache_of(s.paint(photo)) == "hit")
    assert s3.secret not in s.log_path.read_text()


@pytest.mark.heavy
def test_redis_and_s3_answer_in_turn(start, s3, tmp_path, photo):
    if not services.have_redis():
        pytest.skip("redis-server is missing")
    r = services.Redis(tmp_path)
    try:
        s = joined(start, *s3.flags(), "--redis", r.url(), "--cache-memory", "0", uses=["redis", "storage"])
        s.paint(photo)
        s.wait(lambda: s3.names("of/us/results/") and r.ask("KEYS", "*:result:*"))
        r.ask("FLUSHALL")
        assert cache_of(s.paint(photo)) == "hit"
        assert s.metric('stylize_cache_requests_total{tier="storage",result="hit"}') == 1
        assert r.ask("KEYS", "*:result:*")  # it is in the tier above again
    finally:
        r.kill()


def test_a_folder_as_storage(start, tmp_path, photo):
    s = start("--storage", f"file://{tmp_path}/shared", "--cache-memory", "0")
    s.paint(photo)
    s.wait(lambda: len(os.listdir(tmp_path / "shared/results")) == 1)
    assert cache_of(s.paint(photo)) == "hit"


# ------------------------------------------------------------------ Consul

needs_curl = pytest.mark.skipif(not services.built_with("--consul", "http://127.0.0.1:1"), reason="there is no libcurl")


@needs_curl
def test_consul_knows_the_server_from_start_to_end(start, tmp_path):
    agent = services.Consul()
    (tmp_path / "token").write_text("t0ken\n")
    try:
        s = start("--consul", agent.url, "--consul-address", "localhost:8888", "--consul-token-file",
                  str(tmp_path / "token"))
        s.wait(lambda: agent.services)
        service = agent.services["stylize-localhost-8888"]
        assert service["Name"] == "stylize" and service["Port"] == 8888 and service["Address"] == "localhost"
        assert service["Check"]["HTTP"] == "http://localhost:8888/health"
        assert {"Interval", "Timeout", "DeregisterCriticalServiceAfter"} <= set(service["Check"])
        assert all(token == "t0ken" for _, _, _, token in agent.asked)
        agent.services.clear()  # the agent was started anew
        s.wait(lambda: agent.services)
        assert s.stop() == 0
        assert agent.services == {} and agent.maintenance == {"stylize-localhost-8888": True}
        assert "t0ken" not in s.log_path.read_text()
    finally:
        agent.stop()


@needs_curl
def test_without_an_agent_the_server_serves(start, photo):
    s = start("--consul", f"http://127.0.0.1:{services.free_port()}")
    assert s.paint(photo).status_code == 200
    s.wait(lambda: any("consul at" in line["message"] for line in s.log()))
    assert s.stop() == 0


# ------------------------------------------------------------------ Idempotency-Key

def test_a_job_that_is_sent_again_is_the_same(start, photo):
    s = start()
    headers = {"Idempotency-Key": "8e03978e-40d5-43dd-bc93-6894a57f9324"}
    first, second = s.add_job(photo, headers=headers), s.add_job(photo, headers=headers)
    assert first.status_code == second.status_code == 202 and first.json()["id"] == second.json()["id"]
    assert "idempotent-replayed" not in first.headers and second.headers["idempotent-replayed"] == "true"
    other = s.add_job(photo, headers=headers, output_size="96")
    assert other.status_code == 422 and other.json()["code"] == "idempotency_key_reused"
    assert s.add_job(photo).json()["id"] != first.json()["id"]
    s.stop()
    s.start()
    assert s.add_job(photo, headers=headers).json()["id"] == first.json()["id"]
    assert s.client.delete(f"/api/v1/jobs/{first.json()['id']}").status_code == 204


def test_paintings_may_be_sent_again(server, photo):
    headers = {"Idempotency-Key": "one"}
    assert server.paint(photo, headers=headers).json()["result"] == \
        server.paint(photo, headers=headers).json()["result"]
    assert server.paint(photo, headers=headers, output_size="96").status_code == 422
    assert server.paint(photo, headers={"Idempotency-Key": "x" * 300}).status_code == 400


def test_the_example_for_prometheus_is_one(tmp_path):
    text = (SOURCE / "docs/server.md").read_text()
    targets = re.search(r"```json\n(\[\{\"targets.*?)```", text, re.S)[1]
    config = re.search(r"```yaml\n(scrape_configs:.*?)```", text, re.S)[1]
    for group in json.loads(targets):
        assert set(group) == {"targets", "labels"} and all(re.fullmatch(r"[\d.]+:\d+", t) for t in group["targets"])
    (tmp_path / "stylize-servers.json").write_text(targets)
    (tmp_path / "prometheus.yml").write_text(config)
    if shutil.which("promtool"):
        subprocess.run(["promtool", "check", "config", str(tmp_path / "prometheus.yml")], check=True)


@pytest.mark.heavy  # a sanitizer needs more calls than the server
@needs_redis
def test_the_sandbox_leaves_room_for_all_of_it(start, s3, tmp_path, photo):
    (tmp_path / "redis").mkdir()
    r, agent = services.Redis(tmp_path / "redis", password="se/cret"), services.Consul()
    (tmp_path / "password").write_text("se/cret\n")
    try:
        s = joined(start, "--sandbox", "on", "--redis", r.url().replace("127.0.0.1", "localhost"),
                   "--redis-password-file", str(tmp_path / "password"), "--broker", r.url(1),
                   "--broker-password-file", str(tmp_path / "password"), *s3.flags(), "--consul", agent.url,
                   "--cache-memory", "0", uses=["redis", "storage", "broker"])
        assert cache_of(s.paint(photo)) == "miss"
        s.wait(lambda: s3.names("of/us/results/") and r.ask("KEYS", "*:result:*"))
        assert cache_of(s.paint(photo)) == "hit"
        assert s.add_job(photo).status_code == 202 and s3.names("of/us/jobs/")
        s.wait(lambda: agent.services and all(is_up(s, n) for n in ("redis", "storage", "broker", "consul")))
        text = s.client.get("/metrics").text
        if shutil.which("promtool"):
            subprocess.run(["promtool", "check", "metrics"], input=text, text=True, check=True)
        assert s.stop() == 0
    finally:
        r.kill()
        agent.stop()


def test_the_sandbox_leaves_room_for_a_folder(start, tmp_path, photo):
    s = start("--sandbox", "on", "--storage", f"file://{tmp_path}/shared", "--cache-memory", "0")
    s.paint(photo)
    s.wait(lambda: len(os.listdir(tmp_path / "shared/results")) == 1)
    assert cache_of(s.paint(photo)) == "hit"
