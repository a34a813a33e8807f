"""Jobs that Celery workers paint: messages by a real Redis, pictures by a folder or S3, the project's own worker."""
import base64
import json
import os
import struct
import zlib

import pytest

import services
from conftest import SOURCE, gray_png

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
        assert answer.status_code == 422 and answer.json()["code"] == "damaged_picture"


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


def masked(photo, masks, **more):
    """A form; an empty mask is none."""
    pictures = [("content_image", photo), *more.pop("files", [])]
    return {"files": pictures + [("masks", ("m" if m else "", m)) for m in masks],
            "data": {"output_size": "96", "allow_degraded": "false", **more}}


@pytest.mark.heavy
def test_masks_are_painted_as_here(fleet, worker, tmp_path, photo, artwork):
    s = fleet()
    worker()
    one, other = noise(24), gray_png(90)
    forms = [masked(photo, [one], style_id="scream"),
             masked(photo, [one, b"", other], styles="scream:0.5,udnie:0.2,great_wave", format="png"),
             masked(photo, [other, other], styles="scream,udnie", format="png"),
             masked(photo, [one], files=[("style_image", artwork)], format="webp")]
    jobs = [s.client.post("/api/v1/jobs", **form).json()["id"] for form in forms]
    for job, form in zip(jobs, forms):
        s.wait(lambda: state_of(s, job) in ("done", "failed"))
        image = {"headers": {"Accept": "image/*"}}
        ours = s.client.get(f"/api/v1/jobs/{job}/result", **image)
        here = s.client.post("/api/v1/style-transfer", **form, **image)
        assert (ours.status_code, here.status_code) == (200, 200)
        assert ours.content == here.content
    s.wait(lambda: len(shared(tmp_path)) == len(jobs))  # the uploads are gone
    assert all("/result." in name for name in shared(tmp_path))


@pytest.mark.heavy
def test_masks_on_the_artwork_are_painted_as_here(fleet, worker, tmp_path, photo, artwork):
    s = fleet()
    worker()
    parts = [(SOURCE / "tests/codec/data/grey8.png").read_bytes(), gray_png(255)]
    form = masked(photo, [noise(24), gray_png(120)], files=[("style_image", artwork)] + [("style_masks", ("m", m)) for m in parts], format="png")
    job = s.client.post("/api/v1/jobs", **form).json()["id"]
    s.wait(lambda: state_of(s, job) in ("done", "failed"))
    image = {"headers": {"Accept": "image/*"}}
    ours, here = s.client.get(f"/api/v1/jobs/{job}/result", **image), s.client.post("/api/v1/style-transfer", **form, **image)
    assert (ours.status_code, here.status_code) == (200, 200)
    assert ours.content == here.content
    s.wait(lambda: len(shared(tmp_path)) == 1)  # the uploads are gone, all of them


@pytest.mark.heavy
def test_a_damaged_mask_is_told_as_here(fleet, worker, photo):
    s = fleet()
    worker()
    form = masked(photo, [noise(24)[:600]], style_id="scream")
    job = s.client.post("/api/v1/jobs", **form).json()["id"]
    s.wait(lambda: state_of(s, job) in ("done", "failed"))
    theirs, here = s.client.get(f"/api/v1/jobs/{job}/result"), s.client.post("/api/v1/style-transfer", **form)
    assert theirs.status_code == here.status_code == 422
    for name in ("title", "status", "code", "detail"):
        assert theirs.json()[name] == here.json()[name]


def test_a_job_that_no_server_handed_in_is_none(fleet, redis, tmp_path, photo):
    """With a key: a record of another's making, or of another job, is not believed."""
    (tmp_path / "key").write_text("a key of sixteen bytes and more\n")
    key = ("--no-warm-up", "--data-key", str(tmp_path / "key"))
    s, other = fleet(*key), fleet(*key)
    one, two = (s.client.post("/api/v1/jobs", files={"content_image": photo}, data={"style_id": "scream"}).json()["id"] for _ in "ab")
    assert other.client.get(f"/api/v1/jobs/{one}").status_code == 200
    third = fleet(*key)
    names = [name for name in redis.ask("-n", "2", "KEYS", "*:job:*").split() if name.endswith((one, two))]
    (of_two,) = (name for name in names if name.endswith(two))
    (of_one,) = (name for name in names if name.endswith(one))
    sealed = redis.ask("-n", "2", "GET", of_two)
    for forged in (sealed[65:], redis.ask("-n", "2", "GET", of_one)):
        redis.ask("-n", "2", "SET", of_two, forged)
        assert third.client.get(f"/api/v1/jobs/{two}").status_code == 404
    redis.ask("-n", "2", "SET", of_two, sealed)
    assert third.client.get(f"/api/v1/jobs/{two}").status_code == 200


def test_masks_lie_beside_the_photograph(fleet, redis, tmp_path, photo):
    s = fleet("--no-warm-up")
    masks = [gray_png(i) for i in range(16)]
    job = s.client.post("/api/v1/jobs", **masked(photo, masks, styles=",".join(["scream", "udnie"] * 8))).json()["id"]
    folder = tmp_path / "shared/jobs" / job
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == {
        "content": photo, **{f"mask-{i + 1}": mask for i, mask in enumerate(masks)}}
    message, = messages(redis)
    styles = json.loads(base64.b64decode(message["body"]))[1]["styles"]
    assert styles == [{"style_id": ("scream", "udnie")[i % 2], "weight": 1.0, "mask": f"file://{folder}/mask-{i + 1}"}
                      for i in range(16)]
    assert s.client.delete(f"/api/v1/jobs/{job}").status_code == 204
    assert shared(tmp_path) == [] and messages(redis) == []


def test_a_mask_that_styles_share_lies_there_once(fleet, redis, tmp_path, photo):
    s = fleet("--no-warm-up")
    form = masked(photo, [b"", gray_png(1), gray_png(2), gray_png(1)], styles="scream,udnie,mondrian,pastorale")
    job = s.client.post("/api/v1/jobs", **form).json()["id"]
    folder = tmp_path / "shared/jobs" / job
    assert {p.name for p in folder.iterdir()} == {"content", "mask-2", "mask-3"}
    styles = json.loads(base64.b64decode(messages(redis)[0]["body"]))[1]["styles"]
    assert [one.get("mask", "")[-1:] for one in styles] == ["", "2", "3", "2"]
    assert s.client.delete(f"/api/v1/jobs/{job}").status_code == 204
    assert shared(tmp_path) == []


def test_wrong_masks_are_not_handed_in(fleet, redis, tmp_path, photo):
    s = fleet("--no-warm-up")
    for masks, status in (([b"no picture"], 415), ([gray_png(1)] * 2, 422)):
        answer = s.client.post("/api/v1/jobs", **masked(photo, masks, style_id="scream"))
        assert answer.status_code == status and answer.json()["field"] == "masks"
        assert shared(tmp_path) == [] and messages(redis) == []


def test_a_key_sent_again_with_another_mask_is_refused(fleet, redis, photo):
    a, b = fleet("--no-warm-up"), fleet("--no-warm-up")
    headers = {"Idempotency-Key": "once"}
    answers = [s.client.post("/api/v1/jobs", headers=headers, **masked(photo, [gray_png(shade)], style_id="scream"))
               for s, shade in ((a, 9), (b, 9), (a, 8))]
    assert answers[0].json()["id"] == answers[1].json()["id"] and len(messages(redis)) == 1
    assert answers[2].status_code == 422 and answers[2].json()["code"] == "idempotency_key_reused"


def test_jobs_are_refused_while_the_broker_is_away(fleet, redis, tmp_path, photo):
    s = fleet()
    redis.kill()
    answer = s.add_job(photo)
    assert answer.status_code == 503 and answer.json()["code"] == "no_broker"
    assert shared(tmp_path) == []
    assert s.paint(photo).status_code == 200
    # Nothing is said of jobs that cannot be looked up: not that there are none, nor that all are gone.
    for path in ("", "/events", "/result"):
        answer = s.client.get("/api/v1/jobs/" + 12 * "ab" + path)
        assert answer.status_code == 503 and answer.json()["code"] == "no_broker", path
    assert s.client.get("/api/v1/data/anna").json()["code"] == "no_broker"
    assert s.client.delete("/api/v1/data/anna").json()["complete"] is False
    redis.start()
    s.wait(lambda: s.add_job(photo).status_code == 202)


def test_a_job_sent_again_is_not_made_twice_while_the_broker_is_not_known(fleet, redis, photo):
    """A server that goes on without Redis for a while does not take what it cannot look up for new."""
    a = fleet()
    redis.kill()
    assert a.add_job(photo).status_code == 503  # from now on it tries only now and then
    redis.start()
    b = fleet()
    headers = {"Idempotency-Key": "once"}
    first = b.add_job(photo, headers=headers)
    assert first.status_code == 202
    for _ in range(20):
        again = a.add_job(photo, headers=headers)
        assert again.status_code == 503 or again.json()["id"] == first.json()["id"]
    assert len(messages(redis)) == 1


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
        form = masked(noise(1900), [gray_png(128)], style_id="starry_night", output_size="64")
        large = s.client.post("/api/v1/jobs", **form).json()["id"]
        assert [r[2].partition("&")[0] for r in s3.requests if r[2].startswith("partNumber")] == \
            ["partNumber=1", "partNumber=2"]
        assert s3.names("of/us/jobs/") == [f"of/us/jobs/{large}/{name}" for name in ("content", "mask-1")]
        worker(STYLIZE_S3_ENDPOINT=s3.endpoint, AWS_DEFAULT_REGION="us-east-1", AWS_ENDPOINT_URL=s3.endpoint)
        s.wait(lambda: state_of(s, large) == "done")
        assert s.client.get(f"/api/v1/jobs/{large}/result").json()["width"] == 64
        s.wait(lambda: s3.names("of/us/jobs/") == [f"of/us/jobs/{large}/result.jpg"])
    finally:
        s3.stop()
