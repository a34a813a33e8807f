"""Jobs, their files, privacy, starting and stopping."""
import io
import json
import os
import signal
import threading
import zipfile

import httpx
import pytest
from conftest import PATIENCE, gray_png, make_keys, side


def state_of(server, job):
    answer = server.client.get(f"/api/v1/jobs/{job}")
    return answer.json().get("state") if answer.status_code == 200 else answer.status_code


def files(server):
    return sorted(os.listdir(server.folder / "state"))


def test_a_job_is_accepted_painted_and_fetched(start, photo):
    s = start()
    made = s.add_job(photo)
    assert made.status_code == 202 and made.headers["location"] == f"/api/v1/jobs/{made.json()['id']}"
    job = made.json()["id"]
    s.wait(lambda: state_of(s, job) == "done")
    assert files(s) == [f"{job}.done"]  # the upload is gone
    result = s.client.get(f"/api/v1/jobs/{job}/result", headers={"Accept": "image/*"})
    assert result.content.startswith(b"\xff\xd8\xff")
    assert s.client.get(f"/api/v1/jobs/{job}/result").json()["width"] == 128
    assert s.client.delete(f"/api/v1/jobs/{job}").status_code == 204
    assert state_of(s, job) == 404 and files(s) == []
    assert oct(os.stat(s.folder / "state").st_mode & 0o777) == "0o700"


def test_a_job_has_masks_and_other_controls(server, photo):
    data = {"style_id": "scream", "output_size": "96", "format": "png", "style_scale": "2"}
    made = server.client.post("/api/v1/jobs", data={**data, "strength": "auto"},
                              files=[("content_image", photo), ("masks", ("m", gray_png(0)))]).json()["id"]
    server.wait(lambda: state_of(server, made) == "done")
    result = server.client.get(f"/api/v1/jobs/{made}/result", headers={"Accept": "image/png"})
    assert result.content == server.paint(photo, headers={"Accept": "image/png"}, strength="0", **data).content


def test_a_bad_job_is_refused_at_once(server, photo):
    assert server.add_job(b"no picture").status_code == 415
    assert server.add_job(photo, strength="7").status_code == 422


@pytest.mark.threads
def test_events_tell_of_the_end(start, photo):
    s = start()
    job = s.add_job(photo, output_size="1024").json()["id"]
    with s.client.stream("GET", f"/api/v1/jobs/{job}/events") as events:
        text = "".join(events.iter_text())
    assert text.startswith("event: job\ndata: {") and '"state": "done"' in text


@pytest.mark.threads
def test_waiting_jobs_have_a_place_and_can_be_cancelled(start, photo):
    s = start("--threads", "1", "--cache-memory", "0")
    jobs = [s.add_job(photo, output_size=str(side(3000) + 4 * i)).json()["id"] for i in range(6)]
    last = s.client.get(f"/api/v1/jobs/{jobs[-1]}").json()
    assert last["state"] == "queued" and last["place"] >= 1
    assert s.client.get(f"/api/v1/jobs/{jobs[-1]}/result").status_code == 409
    for job in jobs[1:]:
        assert s.client.delete(f"/api/v1/jobs/{job}").status_code == 204
    s.wait(lambda: all(state_of(s, job) == "cancelled" for job in jobs[2:]))
    s.wait(lambda: state_of(s, jobs[0]) == "done")
    assert s.client.get(f"/api/v1/jobs/{jobs[-1]}/result").status_code == 410


def test_jobs_expire(start, photo):
    s = start("--job-ttl", "4s")
    job = s.add_job(photo).json()["id"]
    s.wait(lambda: state_of(s, job) == 410)
    assert files(s) == []
    s.wait(lambda: state_of(s, job) == 404)


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_a_restart_loses_no_job(start, photo, number):
    s = start("--threads", "1", "--cache-memory", "0", "--graceful-timeout", "0s")
    jobs = [s.add_job(photo, output_size=str(side(900) + 4 * i)).json()["id"] for i in range(8)]
    s.wait(lambda: state_of(s, jobs[0]) in ("running", "done"))
    assert s.stop(number) == (0 if number == signal.SIGTERM else -number)
    s.start()
    s.wait(lambda: all(state_of(s, job) == "done" for job in jobs))
    for i, job in enumerate(jobs):
        assert s.client.get(f"/api/v1/jobs/{job}/result").json()["width"] == side(900) + 4 * i


def test_damaged_files_do_not_stop_the_start(start, photo):
    s = start()
    job = s.add_job(photo).json()["id"]
    s.wait(lambda: state_of(s, job) == "done")
    s.stop()
    folder = s.folder / "state"
    (folder / f"{job}.done").write_bytes(b"damaged")
    (folder / ("0" * 24 + ".job")).write_bytes(b"{}\nnothing")
    (folder / ("1" * 24 + ".job")).write_bytes(b"")
    (folder / ("2" * 24 + ".new")).write_bytes(b"half")
    s.start()
    assert state_of(s, job) == 404
    assert not (folder / ("2" * 24 + ".new")).exists()
    s.wait(lambda: state_of(s, "0" * 24) == "failed")


def test_a_full_disk_is_told_and_nothing_is_left(start, photo, disk):
    folder = disk(64)
    s = start("--state-dir", str(folder / "state"), "--cache-dir", str(folder / "cache"))
    refused = s.add_job(photo)
    assert refused.status_code == 503 and refused.json()["code"] == "no_storage"
    assert refused.headers["retry-after"]
    assert s.paint(photo, output_size="512").status_code == 200
    assert os.listdir(folder / "state") == []
    assert s.stop() == 0


def test_a_disk_that_fills_up_loses_no_result(start, photo, disk):
    folder = disk(2048)
    s = start("--state-dir", str(folder / "state"), "--cache-dir", str(folder / "cache"), "--threads", "1")
    jobs = [s.add_job(photo, output_size=str(side(1600) + 4 * i), format="png").json()["id"] for i in range(2)]
    with open(folder / "other", "wb", buffering=0) as f, pytest.raises(OSError):
        while True:
            f.write(bytes(4096))
    s.wait(lambda: all(state_of(s, job) == "done" for job in jobs))
    for i, job in enumerate(jobs):  # from memory
        assert s.client.get(f"/api/v1/jobs/{job}/result").json()["width"] == side(1600) + 4 * i
    assert not [name for name in os.listdir(folder / "state") + os.listdir(folder / "cache") if "new" in name]
    assert s.stop() == 0


def test_data_of_a_subject_is_shown_and_erased(start, photo, tmp_path):
    s = start("--cache-dir", str(tmp_path / "cache"))
    s.paint(photo, headers={"X-Subject": "anna"})
    s.paint(photo, headers={"X-Subject": "bert"})
    job = s.add_job(photo, headers={"X-Subject": "anna"}, output_size="96").json()["id"]
    s.wait(lambda: state_of(s, job) == "done")
    data = s.client.get("/api/v1/data/anna").json()
    assert len(data["jobs"]) == 1 and data["jobs"][0]["picture"].startswith("data:image/jpeg;base64,")
    assert len(data["results"]) == 2 and "picture" in data["results"][0]
    gone = s.client.delete("/api/v1/data/anna").json()
    assert gone["complete"] and gone["deleted"]["jobs"] == 1
    assert s.client.get("/api/v1/data/anna").json() == {"subject": "anna", "jobs": [], "results": []}
    assert len(s.client.get("/api/v1/data/bert").json()["results"]) == 1
    assert files(s) == [] and len(os.listdir(tmp_path / "cache")) == 1
    assert state_of(s, job) == 404


@pytest.mark.threads
def test_erasure_ends_what_is_in_work(start, photo, tmp_path):
    s = start("--threads", "1", "--no-degrade", "--cache-dir", str(tmp_path / "cache"), "--max-output-size", "6000")
    anna, bert = {"X-Subject": "anna"}, {"X-Subject": "bert"}
    answers = {}

    def paint(name, headers, size):
        with httpx.Client(base_url=s.url, timeout=PATIENCE) as client:
            answers[name] = client.post(
                "/api/v1/batches" if name == "batch" else "/api/v1/style-transfer", headers=headers,
                files=[("content_image", photo)] * (40 if name == "batch" else 1),
                data={"style_id": "scream", "output_size": str(size)})
    threads = [threading.Thread(target=paint, args=a) for a in (
        ("anna", anna, 6000), ("other size", anna, 5900), ("batch", anna, 1400),
        ("bert", bert, side(1000)))]
    for i, t in enumerate(threads):
        t.start()
        s.wait(lambda i=i: s.metric("stylize_queue_depth") > i)
    jobs = [s.add_job(photo, headers=anna, output_size=str(2000 + 4 * i)).json()["id"] for i in range(4)]
    s.wait(lambda: any(state_of(s, job) == "running" for job in jobs))
    gone = s.client.delete("/api/v1/data/anna").json()
    assert gone["complete"] and gone["deleted"]["paintings"] >= 3 and gone["deleted"]["jobs"] == 4
    for t in threads:
        t.join()
    for name in ("anna", "other size"):
        assert answers[name].status_code == 410 and answers[name].json()["code"] == "erased"
    assert answers["bert"].status_code == 200
    with zipfile.ZipFile(io.BytesIO(answers["batch"].content)) as z:
        assert json.loads(z.read("0040.error.json"))["code"] == "erased" and len(z.namelist()) == 40
    s.wait(lambda: s.metric("stylize_queue_depth") == 0)
    s.wait(lambda: all(state_of(s, job) in ("cancelled", 404) for job in jobs))
    data = s.client.get("/api/v1/data/anna").json()
    assert data["results"] == [] and all(j["job"]["state"] == "cancelled" for j in data["jobs"])
    assert files(s) == [] and len(os.listdir(tmp_path / "cache")) == 1  # bert's


@pytest.mark.threads
def test_sigterm_under_load(start, photo):
    """What runs is finished, what comes is refused, no job that was accepted is lost."""
    s = start("--cache-memory", "0", "--no-degrade", "--threads", "1")
    answers = []

    def paint(i):
        answers.append((i, s.paint(photo, style_id="scream", output_size=str(side(1000) + 4 * i))))
    threads = [threading.Thread(target=paint, args=[i]) for i in range(6)]
    for t in threads:
        t.start()
    s.wait(lambda: s.metric("stylize_queue_depth") + len(answers) == 6)
    jobs = [s.add_job(photo, output_size=str(side(700) + 4 * i)).json()["id"] for i in range(6)]
    s.process.send_signal(signal.SIGTERM)
    for t in threads:
        t.join()
    assert s.process.wait(timeout=PATIENCE) == 0
    assert sorted((i, a.status_code, a.json()["width"]) for i, a in answers) == \
        [(i, 200, side(1000) + 4 * i) for i in range(6)]
    with pytest.raises(httpx.TransportError):
        s.client.get("/health")
    s.start()
    s.wait(lambda: all(state_of(s, job) == "done" for job in jobs))
    assert [s.client.get(f"/api/v1/jobs/{job}/result").json()["width"] for job in jobs] == \
        [side(700) + 4 * i for i in range(6)]


@pytest.mark.threads
def test_sighup_under_load(start, photo, tmp_path):
    """Keys are read again while others are served; a damaged file changes nothing."""
    keys = make_keys(tmp_path / "keys")
    good = (tmp_path / "keys").read_text()
    s = start("--api-keys", str(tmp_path / "keys"), "--rate-limit", "0")
    codes = []

    def paint(i):
        with httpx.Client(base_url=s.url, timeout=PATIENCE, headers=keys["anna"]) as client:
            for k in range(10):
                codes.append(client.post("/api/v1/style-transfer", files={"content_image": photo}, data={
                    "style_id": "scream", "output_size": str(64 + 40 * i + 4 * k)}).status_code)
    threads = [threading.Thread(target=paint, args=[i]) for i in range(4)]
    for t in threads:
        t.start()
    for text in (good, "damaged", "# another\n" + good, good):
        logged = s.log_path.stat().st_size
        (tmp_path / "new").write_text(text)
        (tmp_path / "new").rename(tmp_path / "keys")
        s.process.send_signal(signal.SIGHUP)
        s.wait_for_log("were read again" if good in text else "not read again", logged)
    for t in threads:
        t.join()
    assert codes == [200] * 40
    assert s.stop() == 0


@pytest.mark.heavy
def test_ready_only_after_the_warm_up(start):
    s = start(ready=False, plain=False)
    seen = s.client.get("/health")
    assert seen.json()["live"] and seen.status_code == (200 if seen.json()["ready"] else 503)
    assert ("retry-after" in seen.headers) == (seen.status_code == 503)
    s.wait(lambda: s.client.get("/v2/health/ready").status_code == 200)
    assert any("ready after a warm-up" in line["message"] for line in s.log())


def batch(server, pictures, **fields):
    return server.client.post("/api/v1/batches", files=[("content_image", p) for p in pictures],
                              data={"style_id": "scream", "output_size": "96", **fields})


def test_a_batch_is_a_zip_of_paintings_and_errors(server, photo, artwork):
    answer = batch(server, [photo, b"no picture", artwork] + [photo] * 20)
    assert answer.status_code == 200 and answer.headers["content-type"] == "application/zip"
    with zipfile.ZipFile(io.BytesIO(answer.content)) as z:
        assert z.testzip() is None
        names = z.namelist()
        assert names[:3] == ["0001.jpg", "0002.error.json", "0003.jpg"] and len(names) == 23
        assert z.read("0001.jpg").startswith(b"\xff\xd8\xff")
        assert json.loads(z.read("0002.error.json"))["code"] == "unsupported_picture"
        assert z.read("0001.jpg") == z.read("0023.jpg") != z.read("0003.jpg")


def test_a_bad_batch_is_refused_as_a_whole(server, photo):
    assert batch(server, []).status_code in (415, 422)
    assert batch(server, [photo], strength="9").status_code == 422
    assert batch(server, [photo], style_id="../x").status_code == 422


@pytest.mark.threads
def test_a_batch_that_nobody_reads_ends(start, photo):
    s = start("--cache-memory", "0", "--no-degrade")
    with s.client.stream("POST", "/api/v1/batches", files=[("content_image", photo)] * 30,
                         data={"style_id": "scream", "output_size": str(side(1500))}) as answer:
        next(answer.iter_raw())
    s.wait(lambda: s.metric("stylize_queue_depth") == 0)
    assert s.metric('stylize_paintings_total{result="done"}') < 30
    assert s.stop() == 0
