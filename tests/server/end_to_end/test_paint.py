"""One picture, one request: forms, answers, cache, styles."""
import base64
import shutil
import subprocess

import pytest

MAGIC = {"image/jpeg": b"\xff\xd8\xff", "image/png": b"\x89PNG", "image/webp": b"RIFF"}


def test_a_form_is_painted(server, photo):
    answer = server.paint(photo, output_size="96")
    assert answer.status_code == 200
    body = answer.json()
    assert (body["width"], body["height"], body["format"]) == (96, 72, "jpeg")
    assert body["style"] == "starry_night" and not body["degraded"]
    assert base64.b64decode(body["result"]).startswith(MAGIC["image/jpeg"])
    assert body["timings"]["engine"] > 0
    assert answer.headers["cache-control"] == "no-store" and answer.headers["x-request-id"]


@pytest.mark.parametrize("kind", MAGIC)
def test_the_picture_itself_is_answered(server, photo, kind):
    answer = server.paint(photo, headers={"Accept": kind})
    assert answer.status_code == 200 and answer.headers["content-type"] == kind
    assert answer.content.startswith(MAGIC[kind])


def test_json_is_the_same_as_a_form(server, photo):
    form = server.paint(photo, output_size="80x60", strength="0.5", preserve_color="true", format="png")
    sent = server.client.post("/api/v1/style-transfer", json={
        "content_image": base64.b64encode(photo).decode(), "style_id": "starry_night", "output_size": "80x60",
        "strength": 0.5, "preserve_color": True, "format": "png"})
    assert form.json()["result"] == sent.json()["result"]
    assert sent.json()["cache"] == "hit"


def test_a_second_request_comes_from_the_cache(server, photo):
    first, second = server.paint(photo, output_size="100"), server.paint(photo, output_size="100")
    assert (first.json()["cache"], second.json()["cache"]) == ("miss", "hit")
    assert first.json()["result"] == second.json()["result"]
    assert server.paint(photo, output_size="100", strength="0.9").json()["cache"] == "miss"


def test_blends_and_own_styles(server, photo, artwork):
    blend = server.paint(photo, style_id=None, styles="starry_night:0.5,scream:0.5")
    assert blend.status_code == 200 and blend.json()["style"] == "starry_night:0.5,scream:0.5"
    own = server.client.post("/api/v1/style-transfer", data={"output_size": "128"},
                             files={"content_image": photo, "style_image": artwork})
    assert own.status_code == 200 and own.json()["style"] == "picture"


@pytest.mark.parametrize("fields, status, field", [
    ({"strength": "2"}, 422, "strength"), ({"output_size": "1"}, 422, "output_size"),
    ({"output_size": "5000"}, 422, "output_size"), ({"style_id": "nobody"}, 422, "style_id"),
    ({"style_id": "../../etc"}, 422, "style_id"), ({"method": "magic"}, 422, "method"),
    ({"quality": "0"}, 422, "quality"), ({"colour": "red"}, 422, "colour"),
    ({"styles": "scream"}, 422, "style_id"), ({"format": "gif"}, 422, "format")])
def test_wrong_fields_are_named(server, photo, fields, status, field):
    error = server.paint(photo, **fields)
    assert error.status_code == status
    assert error.json()["error"]["field"] == field and error.json()["error"]["message"]


@pytest.mark.parametrize("content", [b"", b"hello", b"\xff\xd8\xff\xe0 no picture", b"\x89PNG\r\n\x1a\n",
                                     b"RIFF\x00\x00\x00\x00WEBPVP8 "])
def test_uploads_that_are_no_pictures(server, content):
    assert server.paint(content).status_code in (415, 422)


def test_a_cut_off_picture_is_an_error_or_a_picture(server, photo):
    assert server.paint(photo[:len(photo) // 2], output_size="64").status_code in (200, 422)


def test_styles_are_listed_with_previews(server):
    styles = server.client.get("/api/v1/styles").json()["styles"]
    assert len(styles) > 1 and {"en", "zh"} <= set(styles[0]["display_name"])
    assert server.client.get(styles[0]["preview_image"]).content.startswith(b"\xff\xd8\xff")
    assert server.client.get("/api/v1/styles/nobody").status_code == 404


def test_a_style_is_added_used_and_removed(server, photo, artwork):
    url = "/api/v1/styles/test-style"
    form = {"files": {"style_image": artwork}, "data": {"display_name": "Test"}}
    assert server.client.post(url, **form).status_code == 201
    assert server.client.post(url, **form).status_code == 409
    first = server.paint(photo, style_id="test-style")
    assert first.status_code == 200
    assert server.client.delete(url).status_code == 204
    assert server.client.delete(url).status_code == 404
    # Another picture under the same id is another style, also for the cache.
    assert server.client.post(url, files={"style_image": photo}).status_code == 201
    second = server.paint(photo, style_id="test-style")
    assert second.json()["cache"] == "miss" and second.json()["result"] != first.json()["result"]
    server.client.delete(url)


@pytest.mark.skipif(not shutil.which("exiftool"), reason="exiftool is not installed")
@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_no_metadata_survives(server, photo, tmp_path, kind):
    tagged = tmp_path / "tagged.jpg"
    tagged.write_bytes(photo)
    subprocess.run(["exiftool", "-q", "-overwrite_original", "-GPSLatitude=48.1", "-GPSLatitudeRef=N",
                    "-Artist=Somebody", "-XMP:Creator=Somebody", "-Comment=secret", str(tagged)], check=True)
    out = tmp_path / f"out.{kind}"
    out.write_bytes(server.paint(tagged.read_bytes(), headers={"Accept": f"image/{kind}"}).content)
    tags = subprocess.run(["exiftool", "-G1", "-a", "-s", str(out)], capture_output=True, text=True, check=True).stdout
    groups = {line.split("]")[0].strip("[") for line in tags.splitlines()}
    assert groups <= {"ExifTool", "System", "File", "JFIF", "PNG", "RIFF", "Composite"}
    assert "Somebody" not in tags and "secret" not in tags


def test_a_cache_folder_survives_a_restart(start, photo, tmp_path):
    flags = ["--cache-dir", str(tmp_path / "cache")]
    s = start(*flags)
    first = s.paint(photo)
    assert s.stop() == 0
    s.start()
    again = s.paint(photo)
    assert again.json()["cache"] == "hit" and again.json()["result"] == first.json()["result"]
