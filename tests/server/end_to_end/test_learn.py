"""Styles that are learnt from an artwork as a job. Few steps, so that it takes a second or two."""
import json
import os
import signal

import pytest
from conftest import gray_png, make_keys
from test_jobs import files, state_of

LONG = {"effort": "good", "code_steps": "1", "network_steps": "20000"}


def learn(server, picture, headers=None, name="artwork.jpg", **fields):
    fields.setdefault("code_steps", "2")
    return server.client.post("/api/v1/styles", files={"style_image": (name, picture)}, data=fields, headers=headers or {})


def view(server, job, headers=None):
    return server.client.get(f"/api/v1/jobs/{job}", headers=headers or {}).json()


def over(server, job, state="done"):
    server.wait(lambda: state_of(server, job) not in ("queued", "running"))
    job = view(server, job)
    assert job["state"] == state, job
    return job


def running(server, job):
    """Until it has made a step."""
    server.wait(lambda: "steps" in view(server, job)["style"])


@pytest.fixture
def folder(tmp_path):
    return tmp_path / "own" / "styles"


def test_a_style_is_learnt_painted_with_and_removed(start, artwork, photo, folder):
    s = start("--style-dir", str(folder))
    assert s.client.get("/api/v1/session").json()["learns_styles"] is True
    made = learn(s, artwork, style_id="mine", display_name="Mine é 我", artist="Me")
    assert made.status_code == 202 and made.json()["kind"] == "style"
    job = made.json()["id"]
    assert made.headers["location"] == f"/api/v1/jobs/{job}"
    done = over(s, job)
    assert done["progress"] == 1 and done["style"]["style_id"] == "mine" and done["style"]["steps"] == 2
    assert 0 < done["style"]["loss"] <= 1 and done["style"]["part"] == "code" and "ended_early" in done["style"]
    style = s.client.get("/api/v1/styles/mine").json()
    assert style["added"] and style["display_name"]["en"] == "Mine é 我" and style["artist"] == "Me"
    assert s.client.get(done["result"]).json() == style
    assert s.client.get(style["preview_image"]).content.startswith(b"\xff\xd8\xff")
    assert s.client.get(done["style"]["preview"]).content.startswith(b"\xff\xd8\xff")
    first = s.paint(photo, style_id="mine", headers={"Accept": "image/jpeg"})
    assert first.status_code == 200 and sorted(os.listdir(folder)) == ["mine"]
    assert files(s) == [f"{job}.style"]
    assert s.metric("stylize_styles_learning") == 0
    assert any("style mine was learnt" in line["message"] for line in s.log())
    assert s.client.delete(f"/api/v1/jobs/{job}").status_code == 204 and files(s) == []
    # the same id with another style paints another picture
    assert s.client.delete("/api/v1/styles/mine").status_code == 204 and os.listdir(folder) == []
    assert s.paint(photo, style_id="mine").status_code == 422
    over(s, learn(s, artwork, style_id="mine", code_steps="4").json()["id"])
    second = s.paint(photo, style_id="mine", headers={"Accept": "image/jpeg"})
    assert second.headers["x-stylize-cache"] == "miss" and second.content != first.content


@pytest.mark.heavy
def test_a_learnt_style_outlives_the_server_and_its_job_too(start, artwork, folder):
    s = start("--style-dir", str(folder))
    job = learn(s, artwork, style_id="mine").json()["id"]
    over(s, job)
    assert s.stop() == 0
    s.start()
    assert view(s, job)["state"] == "done" and view(s, job)["style"] == {"style_id": "mine"}
    assert s.client.get(f"/api/v1/jobs/{job}/result").json()["style_id"] == "mine"
    assert s.client.delete("/api/v1/styles/mine").status_code == 204
    assert s.client.get(f"/api/v1/jobs/{job}/result").status_code == 410


def test_an_id_is_made_from_the_name(start, artwork, folder):
    s = start("--style-dir", str(folder))
    jobs = [learn(s, artwork, **f).json() for f in (
        {"display_name": "Café  Nº 7!"}, {"display_name": "Café Nº 7"}, {"display_name": "星夜"}, {"name": "My Wall.JPG"})]
    ids = [job["style"]["style_id"] for job in jobs]
    assert ids[0] == "caf-n-7" and ids[1] == "caf-n-7-2" and ids[2].startswith("style-") and ids[3] == "my-wall"
    for job in reversed(jobs[1:]):
        assert s.client.delete(f"/api/v1/jobs/{job['id']}").status_code == 204
    over(s, jobs[0]["id"])
    assert os.listdir(folder) == ids[:1]


def test_what_is_wrong_is_told_at_once(start, artwork, folder):
    s = start("--style-dir", str(folder))
    for field, value in (("style_id", "../x"), ("style_id", "A"), ("style_id", "x" * 64), ("display_name", "x" * 128),
                         ("display_name", b"\xff"), ("artist", "a\nb"), ("effort", "great"), ("effort", ""),
                         ("style_scale", "0.2"), ("style_scale", "nan"), ("max_seconds", "0"), ("max_seconds", "86401"),
                         ("code_steps", "0"), ("code_steps", "many"), ("network_steps", "-1"), ("seed", "x")):
        refused = learn(s, artwork, **{field: value})
        error = refused.json()
        assert (refused.status_code, error["code"], error["field"]) == (422, "invalid_value", field), (field, value)
    assert learn(s, artwork, colour="red").json()["code"] == "unknown_field"
    twice = s.client.post("/api/v1/styles", files=[("style_image", artwork), ("style_image", artwork)])
    assert twice.status_code == 422 and twice.json()["code"] == "given_twice"
    for picture, status, code in ((b"", 422, "missing_field"), (b"no picture", 415, "unsupported_picture"),
                                  (gray_png(3), 422, "invalid_value")):
        refused = learn(s, picture)
        assert (refused.status_code, refused.json()["code"]) == (status, code)
        assert refused.json()["field"] == "style_image"
    assert s.client.post("/api/v1/styles", json={}).status_code == 415
    assert s.client.post("/api/v1/styles").status_code == 415
    taken = learn(s, artwork, style_id="scream")
    assert taken.status_code == 409 and taken.json()["field"] == "style_id"
    assert learn(s, artwork, headers={"X-Subject": "anna"}).json()["field"] == "X-Subject"
    cut = over(s, learn(s, artwork[:len(artwork) // 2], style_id="cut").json()["id"], "failed")
    assert cut["error"]["code"] == "damaged_picture"
    assert s.client.get("/api/v1/styles/cut").status_code == 404 and os.listdir(folder) == []
    assert [f for f in files(s) if not f.endswith(".failed")] == []


def test_only_an_admin_may(start, artwork, folder, tmp_path):
    keys = make_keys(tmp_path / "keys")
    s = start("--style-dir", str(folder), "--api-keys", str(tmp_path / "keys"))
    assert learn(s, artwork).status_code == 401
    assert learn(s, artwork, headers=keys["anna"]).status_code == 403
    for name, may in (("anna", False), ("root", True)):
        assert s.client.get("/api/v1/session", headers=keys[name]).json()["learns_styles"] is may
    made = learn(s, artwork, headers=keys["root"], style_id="mine", **LONG)
    job = made.json()["id"]
    assert made.status_code == 202
    for method, path in (("GET", ""), ("GET", "/preview"), ("POST", "/keep"), ("DELETE", "")):
        assert s.client.request(method, f"/api/v1/jobs/{job}{path}", headers=keys["anna"]).status_code == 404
    assert s.client.delete(f"/api/v1/jobs/{job}", headers=keys["root"]).status_code == 204


def test_nobody_may_through_a_proxy(start, artwork, folder):
    s = start("--style-dir", str(folder))
    assert learn(s, artwork, headers={"X-Forwarded-For": "192.0.2.1"}).status_code == 403
    session = s.client.get("/api/v1/session", headers={"X-Forwarded-For": "192.0.2.1"})
    assert session.json()["learns_styles"] is False


def test_a_page_of_somebody_else_may_not(start, artwork, folder):
    s = start("--style-dir", str(folder))
    assert learn(s, artwork, headers={"Origin": "https://elsewhere.example"}).status_code == 403


def test_without_a_folder_it_says_so(server, artwork):
    refused = learn(server, artwork)
    assert refused.status_code == 409 and "--style-dir" in refused.json()["detail"]
    assert refused.json()["code"] == "no_style_folder"
    assert server.client.get("/api/v1/session").json()["learns_styles"] is False


def test_cancelling_leaves_nothing(start, artwork, folder):
    s = start("--style-dir", str(folder))
    job = learn(s, artwork, style_id="mine", **LONG).json()["id"]
    running(s, job)
    waits = learn(s, artwork, style_id="later").json()
    assert waits["state"] == "queued" and waits["place"] == 0  # one at a time, and the second is next
    assert s.client.post(f"/api/v1/jobs/{waits['id']}/keep").status_code == 409
    assert learn(s, artwork, style_id="mine").status_code == 409
    assert s.client.post("/api/v1/styles/mine", files={"style_image": artwork}).status_code == 409
    assert s.metric("stylize_styles_learning") == 1 and s.metric("stylize_styles_waiting") == 1
    assert s.client.delete(f"/api/v1/jobs/{job}").status_code == 204
    over(s, job, "cancelled")
    over(s, waits["id"])
    assert os.listdir(folder) == ["later"] and files(s) == [waits["id"] + ".style"]
    assert s.client.get("/api/v1/styles/mine").status_code == 404
    queued = learn(s, artwork, style_id="a", **LONG).json()["id"], learn(s, artwork, style_id="b").json()["id"]
    for job in reversed(queued):
        assert s.client.delete(f"/api/v1/jobs/{job}").status_code == 204
    s.wait(lambda: all(state_of(s, job) in ("cancelled", 404) for job in queued))


def test_what_there_is_can_be_kept(start, artwork, photo, folder):
    s = start("--style-dir", str(folder))
    job = learn(s, artwork, style_id="mine", **LONG).json()["id"]
    running(s, job)
    assert s.client.post(f"/api/v1/jobs/{job}/keep").status_code == 202
    done = over(s, job)
    assert done["style"]["ended_early"] is True
    assert s.paint(photo, style_id="mine").status_code == 200
    assert s.client.post(f"/api/v1/jobs/{job}/keep").status_code == 409
    painting = s.add_job(photo).json()["id"]
    assert s.client.post(f"/api/v1/jobs/{painting}/keep").json()["code"] == "no_style"
    assert s.client.get(f"/api/v1/jobs/{painting}/preview").status_code == 409
    assert s.client.post("/api/v1/jobs/" + "0" * 24 + "/keep").status_code == 404


@pytest.mark.heavy
def test_its_time_is_limited(start, artwork, folder):
    s = start("--style-dir", str(folder))
    done = over(s, learn(s, artwork, style_id="mine", max_seconds="1", **LONG).json()["id"])
    assert done["style"]["ended_early"] is True


@pytest.mark.heavy
def test_a_network_of_its_own(start, artwork, photo, folder):
    s = start("--style-dir", str(folder))
    done = over(s, learn(s, artwork, style_id="mine", effort="good", code_steps="1", network_steps="2").json()["id"])
    assert done["style"]["part"] == "network" and done["style"]["steps"] == 2
    assert s.paint(photo, style_id="mine").json()["model"].startswith("mine-")
    assert s.client.delete("/api/v1/styles/mine").status_code == 204 and os.listdir(folder) == []


@pytest.mark.heavy
def test_its_progress_is_told(start, artwork, folder):
    s = start("--style-dir", str(folder))
    job = learn(s, artwork, style_id="mine", code_steps="4").json()["id"]
    seen = []
    with s.client.stream("GET", f"/api/v1/jobs/{job}/events") as stream:
        for line in stream.iter_lines():
            if line.startswith("data: "):
                seen.append(json.loads(line[6:]))
    assert seen[-1]["state"] == "done" and seen[-1]["style"]["steps"] == 4
    steps = [e for e in seen if e["state"] == "running" and "steps" in e["style"]]
    assert steps and all(0 < e["style"]["loss"] <= 1.01 and 0 <= e["progress"] <= 1 for e in steps)
    assert sorted(e["progress"] for e in seen) == [e["progress"] for e in seen]


@pytest.mark.heavy
def test_pictures_do_not_wait_for_it(start, artwork, photo, folder):
    s = start("--style-dir", str(folder), "--threads", "1", "--cache-memory", "0")
    job = learn(s, artwork, style_id="mine", **LONG).json()["id"]
    running(s, job)
    for size in ("64", "96"):
        assert s.paint(photo, output_size=size).status_code == 200
    painted = s.add_job(photo).json()["id"]
    s.wait(lambda: state_of(s, painted) == "done")
    assert view(s, job)["state"] == "running"
    s.client.delete(f"/api/v1/jobs/{job}")


@pytest.mark.heavy
def test_a_stop_puts_it_off(start, artwork, folder):
    s = start("--style-dir", str(folder), "--graceful-timeout", "0")
    job = learn(s, artwork, style_id="mine", **LONG).json()["id"]
    waits = learn(s, artwork, style_id="later").json()["id"]
    running(s, job)
    assert s.stop() == 0
    assert os.listdir(folder) == [] and files(s) == sorted([job + ".job", waits + ".job"])
    s.start()
    running(s, job)  # it begins anew
    s.client.delete(f"/api/v1/jobs/{job}")
    over(s, waits)
    assert os.listdir(folder) == ["later"]


@pytest.mark.heavy
def test_a_crash_loses_nothing(start, artwork, folder):
    s = start("--style-dir", str(folder))
    job = learn(s, artwork, style_id="mine", **{**LONG, "network_steps": "2"}).json()["id"]
    s.stop(signal.SIGKILL)
    s.start()
    over(s, job)
    upload = s.folder / "state" / (job + ".job")
    # the power went after the style was saved, and before that was written down
    other = learn(s, artwork, style_id="other").json()["id"]
    kept = (s.folder / "state" / (other + ".job")).read_bytes()
    over(s, other)
    s.stop(signal.SIGKILL)
    (s.folder / "state" / (other + ".style")).unlink()
    (s.folder / "state" / (other + ".job")).write_bytes(kept)
    s.start()
    over(s, other)
    assert sorted(os.listdir(folder)) == ["mine", "other"] and not upload.exists()


def test_a_full_disk_is_told(start, artwork, disk):
    folder = disk(16)
    (folder / "styles").mkdir()
    s = start("--style-dir", str(folder / "styles"))
    failed = over(s, learn(s, artwork, style_id="mine").json()["id"], "failed")
    assert failed["error"]["code"] == "no_storage" and os.listdir(folder / "styles") == []
    assert s.client.get("/api/v1/styles/mine").status_code == 404


@pytest.mark.heavy
def test_few_may_wait(start, artwork, folder):
    s = start("--style-dir", str(folder))
    answers = [learn(s, artwork, style_id=f"s{i}", **LONG) for i in range(17)]
    assert [a.status_code for a in answers] == [202] * 16 + [503]
    assert answers[-1].json()["code"] == "queue_full" and answers[-1].headers["retry-after"]
    for a in answers[15::-1]:
        s.client.delete(f"/api/v1/jobs/{a.json()['id']}")


def test_the_same_request_is_one_job(start, artwork, folder):
    s = start("--style-dir", str(folder))
    body = (b"--b\r\nContent-Disposition: form-data; name=\"style_image\"; filename=\"a\"\r\n\r\n" + artwork +
            b"\r\n--b\r\nContent-Disposition: form-data; name=\"code_steps\"\r\n\r\n2\r\n--b--\r\n")
    headers = {"Content-Type": "multipart/form-data; boundary=b", "Idempotency-Key": "k"}
    first, again = [s.client.post("/api/v1/styles", content=body, headers=headers) for _ in range(2)]
    assert first.json()["id"] == again.json()["id"] and again.headers["idempotent-replayed"] == "true"
    over(s, first.json()["id"])
    assert os.listdir(folder) == ["a"]
