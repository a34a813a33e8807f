"""What a body may look like: forms, JSON, the picture itself; and what an answer is to be."""
import base64

import pytest

POST = "/api/v1/style-transfer"
JPEG = {"Content-Type": "image/jpeg", "Accept": "image/jpeg"}


def test_base64_with_line_breaks_and_of_urls(server, photo):
    want = server.paint(photo, output_size="64").json()["result"]
    for text in (base64.encodebytes(photo).decode(), base64.urlsafe_b64encode(photo).decode(),
                 "data:image/jpeg;base64," + base64.encodebytes(photo).decode().replace("\n", "\r\n")):
        answer = server.client.post(POST, json={"style_id": "starry_night", "output_size": 64, "content_image": text})
        assert answer.status_code == 200 and answer.json()["result"] == want


def test_a_picture_is_the_body(server, photo):
    want = server.paint(photo, headers={"Accept": "image/jpeg"}, output_size="64", styles="scream:0.5,udnie:0.5",
                        style_id=None)
    fields = {"output_size": "64", "styles": "scream:0.5,udnie:0.5"}
    got = server.client.post(POST, content=photo, params=fields, headers=JPEG)
    assert got.status_code == 200 and got.content == want.content
    chunks = server.client.post(POST, content=iter([photo[:1000], photo[1000:]]), params=fields, headers=JPEG)
    assert chunks.content == want.content
    for params, field in (({}, "style_id"), ({"style_id": "scream", "x": "1"}, "x"),
                          ({"style_id": "scream", "strength": "9"}, "strength"),
                          ({"style_id": 'a"b\r\n--'}, "style_id")):
        wrong = server.client.post(POST, content=photo, params=params, headers=JPEG)
        assert wrong.status_code == 422 and wrong.json()["field"] == field


def test_so_it_is_of_a_job_which_survives(start, photo):
    s = start("--threads", "1", "--cache-memory", "0")
    first = s.add_job(photo, output_size="2000").json()["id"]
    made = s.client.post("/api/v1/jobs", content=photo, params={"style_id": "udnie", "output_size": "96"},
                         headers={**JPEG, "Idempotency-Key": "a"}).json()["id"]
    again = s.client.post("/api/v1/jobs", content=photo, params={"style_id": "udnie", "output_size": "100"},
                          headers={**JPEG, "Idempotency-Key": "a"})
    assert again.status_code == 422  # the fields are part of what is sent again
    s.stop(9)
    s.start()
    for job in (first, made):
        s.wait(lambda job=job: s.client.get(f"/api/v1/jobs/{job}").json()["state"] == "done")
    assert s.client.get(f"/api/v1/jobs/{made}/result").json()["width"] == 96


def test_a_field_that_is_given_twice_is_an_error(server, photo):
    for name, values in (("output_size", ["64", "96"]), ("strength", ["1", "1"]), ("subject", ["a", "b"])):
        answer = server.client.post(POST, files={"content_image": photo}, data={"style_id": "scream", name: values})
        assert answer.status_code == 422
        assert answer.json()["code"] == "given_twice" and answer.json()["field"] == name
    answer = server.paint(photo, headers={"X-Subject": "header"}, subject="form", output_size="64")
    assert answer.status_code == 200


@pytest.mark.parametrize("accept, kind", [
    ("image/png;q=0, image/jpeg", "image/jpeg"), ("image/png;q=0.5, image/webp;q=0.9", "image/webp"),
    ("application/json;q=0.2, image/png;q=0.3", "image/png"), ("image/webp; q=1.0, image/png", "image/webp"),
    ("image/png;q=0", "application/json"), ("text/html, image/*;q=0.8, */*;q=0.5", "image/jpeg"),
    ("*/*", "application/json"), ("Image/PNG", "image/png")])
def test_the_type_that_is_liked_best(server, photo, accept, kind):
    answer = server.paint(photo, headers={"Accept": accept}, output_size="64")
    assert answer.status_code == 200 and answer.headers["content-type"] == kind


def test_all_lines_of_accept_count(server, photo):
    headers = [("Accept", "image/png;q=0.1"), ("Accept", "image/jpeg")]
    answer = server.client.post(POST, files={"content_image": photo}, data={"style_id": "scream", "output_size": "64"},
                                headers=headers)
    assert answer.headers["content-type"] == "image/jpeg"
