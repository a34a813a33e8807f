"""Jobs that Celery workers paint: messages by a real Redis, pictures by a folder or S3, the project's own worker."""
import base64
import json
import os
import struct
import zlib

import pytest

import services
from conftest import gray_png

pytest.importorskip("celery")


@pytest.fixture
def fleet(start, redis, tmp_path):
    """A function that starts a server with the broker and a folder."""
    def run(*flags):
        return start("--broker", redis.url(2), "--storage", f"file://{tmp_path}/shared", *flags)
    return run


@pytest.fixture
def worker(redis, tmp_path):
    workers = []

    def run(**variables):
        workers.append(services.Worker(tmp_path, redis.url(2), **variables))
        return workers[-1]
    yield run
    for w in workers:
        w.stop()


def shared(tmp_path):
    return sorted(str(p.relative_to(tmp_path / "shared")) for p in (tmp_path / "shared/jobs").rglob("*") if p.is_file())


def state_of(server, job):
    answer = server.client.get(f"/api/v1/jobs/{job}")
    return answer.json().get("state") if answer.status_code == 200 else answer.status_code


def messages(redis):
    return [json.loads(m) for m in redis.ask("-n", "2", "LRANGE", "stylize", "0", "-1").splitlines() if m]


def noise(side):
    """A PNG that does not get smaller."""
    def chunk(kind, data):
        return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
    rows = b"".join(b"\0" + os.urandom(3 * side) for _ in range(side))
    head = struct.pack(">IIBBBBB", side, side, 8, 2, 0, 0, 0)
    return b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows, 1)) + chunk(b"IEND", b"")


@pytest.mark.heavy
def test_a_worker_paints_and_any_server_answers(fleet, worker, redis, tmp_path, photo):
    a, b = fleet(), fleet()
    made = a.add_job(photo, output_size="160", strength="0.5")
    assert made.status_code == 202
    job = made.json()["id"]
    assert shared(tmp_path) == [f"jobs/{job}/content"] and os.listdir(a.folder / "state") == []
    assert state_of(b, job) == "queued" and b.client.get(f"/api/v1/jobs/{job}/result").status_code == 409
    worker()
    with b.client.stream("GET", f"/api/v1/jobs/{job}/events") as events:
        assert '"state": "done"' in "".join(events.iter_text())
    a.wait(lambda: state_of(a, job) == "done")
    for server in (a, b):
        result = server.client.get(f"/api/v1/jobs/{job}/result").json()
        assert result["width"] == 160 and result["engine"] == "native"
        raw = server.client.get(f"/api/v1/jobs/{job}/result", headers={"Accept": "image/*"})
        assert raw.content == base64.b64decode(result["result"]) and raw.content.startswith(b"\xff\xd8\xff")
    a.wait(lambda: shared(tmp_path) == [f"jobs/{job}/result.jpg"])  # the upload is gone
    assert b.client.delete(f"/api/v1/jobs/{job}").status_code == 204
    assert shared(tmp_path) == [] and state_of(b, job) == 404
    assert a.client.get(f"/api/v1/jobs/{job}/result").status_code == 410


@pytest.mark.heavy
def test_own_styles_and_blends_are_painted(fleet, worker, photo, artwork):
    s = fleet()
    worker()
    own = s.client.post("/api/v1/jobs", files={"content_image": photo, "style_image": artwork},
                        data={"output_size": "96", "format": "png"}).json()["id"]
    blend = s.client.post("/api/v1/jobs", files={"content_image": photo},
                          data={"styles": "scream:0.3,udnie:0.7", "output_size": "100x64"})
    s.wait(lambda: state_of(s, own) == "done" and state_of(s, blend.json()["id"]) == "done")
    assert s.client.get(f"/api/v1/jobs/{own}/result", headers={"Accept": "image/*"}).content[1:4] == b"PNG"
    result = s.client.get(f"/api/v1/jobs/{blend.json()['id']}/result").json()
    assert (result["width"], result["height"]) == (100, 64)


@pytest.mark.heavy
def test_what_a_worker_cannot_paint_is_told(fleet, worker, photo):
    s = fleet()
    half = s.add_job(photo[:len(photo) // 4], output_size="96").json()["id"]
    worker()
    s.wait(lambda: state_of(s, half) in ("failed", "done"))
    if state_of(s, half) == "failed":
        answer = s.client.get(f"/api/v1/jobs/{half}/result")
        assert answer.status_code == 422 and answer.json()["error"]["code"] == "damaged_picture"


@pytest.mark.heavy
def test_a_cancelled_job_is_not_painted(fleet, worker, redis, tmp_path, photo):
    a, b = fleet(), fleet()
    jobs = [a.add_job(photo, output_size=str(96 + 4 * i)).json()["id"] for i in range(2)]
    assert len(messages(redis)) == 2
    assert b.client.delete(f"/api/v1/jobs/{jobs[0]}").status_code == 204
    assert [m["headers"]["id"] for m in messages(redis)] == [jobs[1]]
    a.wait(lambda: state_of(a, jobs[0]) == state_of(b, jobs[0]) == "cancelled")
    assert shared(tmp_path) == [f"jobs/{jobs[1]}/content"]
    worker()
    a.wait(lambda: state_of(a, jobs[1]) == "done")
    assert not [n for n in shared(tmp_path) if jobs[0] in n]


@pytest.mark.heavy
def test_a_running_job_is_cancelled(fleet, worker, redis, photo):
    s = fleet("--max-output-size", "7000")
    w = worker()
    job = s.add_job(photo, output_size="7000").json()["id"]
    s.wait(lambda: state_of(s, job) == "running")
    assert s.client.delete(f"/api/v1/jobs/{job}").status_code == 204
    s.wait(lambda: "Terminating" in w.log.read_text() or "revoked" in w.log.read_text())
    assert state_of(s, job) == "cancelled"
    after = s.add_job(photo, output_size="96").json()["id"]
    s.wait(lambda: state_of(s, after) == "done")  # the worker is there for others


def test_the_message_is_what_celery_makes(fleet, redis, tmp_path, photo):
    """Field by field against a message of Celery's own."""
    from celery import Celery
    s = fleet()
    job = s.add_job(photo, output_size="96", quality="80", preserve_color="0.25").json()["id"]
    ours, = messages(redis)
    redis.ask("-n", "2", "DEL", "stylize")
    with Celery(broker=redis.url(2)) as app:
        app.conf.task_default_queue = "stylize"
        app.send_task("stylize.paint", kwargs={"content": "file:///x"}, expires=60)
    theirs, = messages(redis)
    assert set(theirs) == set(ours) and set(theirs["headers"]) <= set(ours["headers"]) | {"stamps"}
    assert set(theirs["properties"]) - {"expiration"} == set(ours["properties"])
    for name in ("content-encoding", "content-type"):
        assert ours[name] == theirs[name]
    assert ours["properties"]["delivery_info"]["routing_key"] == "stylize"
    assert ours["properties"]["body_encoding"] == "base64"
    args, kwargs, rest = json.loads(base64.b64decode(ours["body"]))
    assert args == [] and rest == json.loads(base64.b64decode(theirs["body"]))[2]
    folder = f"file://{tmp_path}/shared/jobs/{job}"
    assert kwargs == {"content": f"{folder}/content", "style_id": "starry_night", "result": f"{folder}/result.jpg",
                      "options": {"method": "auto", "strength": 1.0, "preserve_color": 0.25, "output_size": 96,
                                  "output_format": "jpeg", "quality": 80}}


def test_masks_are_not_for_workers(fleet, tmp_path, photo):
    s = fleet()
    answer = s.client.post("/api/v1/jobs", data={"style_id": "scream"},
                           files=[("content_image", photo), ("masks", ("m", gray_png(9)))])
    assert answer.status_code == 422 and answer.json()["error"]["field"] == "masks"
    assert shared(tmp_path) == []


def test_jobs_are_refused_while_the_broker_is_away(fleet, redis, tmp_path, photo):
    s = fleet()
    redis.kill()
    answer = s.add_job(photo)
    assert answer.status_code == 503 and answer.json()["error"]["code"] == "no_broker"
    assert shared(tmp_path) == []
    assert s.paint(photo).status_code == 200
    redis.start()
    s.wait(lambda: s.add_job(photo).status_code == 202)


def test_a_job_sent_again_to_another_server_is_the_same(fleet, redis, photo):
    a, b = fleet(), fleet()
    headers = {"Idempotency-Key": "once"}
    first, second = a.add_job(photo, headers=headers), b.add_job(photo, headers=headers)
    assert first.json()["id"] == second.json()["id"] and len(messages(redis)) == 1
    assert second.headers["idempotent-replayed"] == "true"


def test_erasure_reaches_the_broker(fleet, redis, tmp_path, photo):
    a, b = fleet(), fleet()
    waiting = a.add_job(photo, headers={"X-Subject": "anna"}).json()["id"]
    data = b.client.get("/api/v1/data/anna").json()["jobs"]
    assert [j["job"]["id"] for j in data] == [waiting] and base64.b64decode(data[0]["upload"]) == photo
    assert b.client.delete("/api/v1/data/anna").json()["deleted"]["jobs"] == 1
    assert shared(tmp_path) == [] and messages(redis) == []
    assert redis.ask("-n", "2", "KEYS", "stylize:job:*") == ""


@pytest.mark.heavy
def test_large_uploads_go_to_s3_in_parts(start, redis, photo, worker, monkeypatch):
    pytest.importorskip("moto")
    s3 = services.S3()
    try:
        for name, value in s3.variables().items():
            monkeypatch.setenv(name, value)
        s = start("--broker", redis.url(2), *s3.flags())
        large = s.add_job(noise(1900), output_size="64").json()["id"]
        assert [r[2].partition("&")[0] for r in s3.requests if r[2].startswith("partNumber")] == \
            ["partNumber=1", "partNumber=2"]
        assert s3.names("of/us/jobs/") == [f"of/us/jobs/{large}/content"]
        worker(STYLIZE_S3_ENDPOINT=s3.endpoint, AWS_DEFAULT_REGION="us-east-1", AWS_ENDPOINT_URL=s3.endpoint)
        s.wait(lambda: state_of(s, large) == "done")
        assert s.client.get(f"/api/v1/jobs/{large}/result").json()["width"] == 64
        s.wait(lambda: s3.names("of/us/jobs/") == [f"of/us/jobs/{large}/result.jpg"])
    finally:
        s3.stop()
