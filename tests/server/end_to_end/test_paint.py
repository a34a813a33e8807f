"""One picture, one request: forms, answers, cache, styles."""
import base64
import io
import shutil
import subprocess
import zipfile

import pytest
from conftest import SOURCE, gray_png

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
    form = server.paint(photo, output_size="80x60", strength="0.5", preserve_color="true", style_scale="2",
                        format="png")
    sent = server.client.post("/api/v1/style-transfer", json={
        "content_image": base64.b64encode(photo).decode(), "style_id": "starry_night", "output_size": "80x60",
        "strength": 0.5, "preserve_color": True, "style_scale": 2, "format": "png"})
    assert form.json()["result"] == sent.json()["result"]
    assert sent.json()["cache"] == "hit"


def test_a_share_of_the_colours_is_kept(server, photo):
    size = {"output_size": "96", "format": "png"}
    none, half, all_of_them = (server.paint(photo, preserve_color=v, **size).json()["result"] for v in ("0", "0.5", "1"))
    assert len({none, half, all_of_them}) == 3
    assert server.paint(photo, preserve_color="true", **size).json()["result"] == all_of_them


def test_masks_say_where(server, photo):
    def paint(masks, **fields):
        files = [("content_image", photo)] + [("masks", ("m" if m else "", m)) for m in masks]
        answer = server.client.post("/api/v1/style-transfer", files=files,
                                    data={"output_size": "96", "format": "png", **fields})
        assert answer.status_code == 200, answer.text
        return answer.json()

    white, gray, black = map(gray_png, (255, 128, 0))
    scream, none = {"style_id": "scream"}, {"style_id": "scream", "strength": "0"}
    assert paint([black], **scream)["result"] == paint([], **none)["result"] != paint([], **scream)["result"]
    assert paint([white], **scream)["result"] == paint([], **scream)["result"]
    both = {"styles": "scream,udnie"}
    assert paint([b"", black], **both)["result"] == paint([], **scream)["result"]
    assert paint([b"", b""], **both)["result"] == paint([], **both)["result"]
    assert paint([white, white], **both)["result"] == paint([], **both)["result"]  # of one mask: a blend of their codes
    half = paint([gray], **scream)
    assert half["cache"] == "miss" and paint([gray], **scream)["cache"] == "hit"
    sent = server.client.post("/api/v1/style-transfer", json={
        "content_image": base64.b64encode(photo).decode(), "style_id": "scream", "output_size": 96, "format": "png",
        "masks": [base64.b64encode(gray).decode()]}).json()
    assert (sent["cache"], sent["result"]) == ("hit", half["result"])


def test_masks_on_the_artwork(server, photo, artwork):
    def paint(parts, masks=(), **more):
        files = [("content_image", photo), ("style_image", artwork)]
        files += [("style_masks", ("m", m)) for m in parts] + [("masks", ("m", m)) for m in masks]
        return server.client.post("/api/v1/style-transfer", files=files, data={"output_size": "96", "format": "png", **more})

    white, black = gray_png(255), gray_png(0)
    half = (SOURCE / "tests/codec/data/grey8.png").read_bytes()
    whole, part = paint([]).json(), paint([half]).json()
    assert paint([white]).json()["result"] == whole["result"] != part["result"]
    assert (part["cache"], paint([half]).json()["cache"]) == ("miss", "hit")
    assert paint([half, white], [white, black]).json()["result"] == part["result"]  # a pair of regions
    sent = server.client.post("/api/v1/style-transfer", json={
        "content_image": base64.b64encode(photo).decode(), "style_image": base64.b64encode(artwork).decode(),
        "output_size": 96, "format": "png", "style_masks": [base64.b64encode(half).decode()]}).json()
    assert (sent["cache"], sent["result"]) == ("hit", part["result"])
    for wrong in (paint([black]), paint([b"no picture"]), server.paint(photo, style_masks="x")):
        assert wrong.status_code in (415, 422), wrong.text
    assert paint([black]).json()["detail"].startswith("style mask 1 is black")


def test_which_picture_is_damaged(server, photo, artwork):
    cut, whole = photo[:len(photo) // 2], gray_png(200)
    for name in ("masks", "style_masks"):
        files = [("content_image", photo), ("style_image", artwork), (name, ("m", cut))]
        answer = server.client.post("/api/v1/style-transfer", files=files, data={"output_size": "64"}).json()
        assert (answer["status"], answer["field"]) == (422, name), answer
    answer = server.client.post("/api/v1/style-transfer", data={"output_size": "64"},
                                files=[("content_image", cut), ("style_image", artwork), ("masks", ("m", whole))]).json()
    assert (answer["status"], answer["field"]) == (422, "content_image"), answer


@pytest.mark.parametrize("masks,status", [([b"no picture"], 415), ([gray_png(1)] * 2, 422), ([gray_png(1)] * 17, 422)])
def test_wrong_masks_are_refused(server, photo, masks, status):
    files = [("content_image", photo)] + [("masks", ("m", m)) for m in masks]
    answer = server.client.post("/api/v1/style-transfer", files=files, data={"style_id": "scream"})
    assert answer.status_code == status and answer.json()["field"] == "masks"


def test_a_second_request_comes_from_the_cache(server, photo):
    first, second = server.paint(photo, output_size="100"), server.paint(photo, output_size="100")
    assert (first.json()["cache"], second.json()["cache"]) == ("miss", "hit")
    assert first.json()["result"] == second.json()["result"]
    assert server.paint(photo, output_size="100", strength="0.9").json()["cache"] == "miss"
    assert server.paint(photo, output_size="100", style_scale="0.9").json()["cache"] == "miss"
    assert server.paint(photo, output_size="200", look="80").json()["cache"] == "miss"
    assert server.paint(photo, output_size="200", look="81").json()["cache"] == "miss"


def test_each_precision_has_results_of_its_own(start, photo, tmp_path):
    kept = ["--cache-dir", str(tmp_path / "kept")]

    def painted(*flags):
        server = start(*kept, *flags)
        answer = server.paint(photo, format="png").json()
        assert server.stop() == 0
        return answer
    first, int8, again = painted(), painted("--precision", "int8"), painted("--precision", "fp32")
    assert (first["cache"], int8["cache"], again["cache"]) == ("miss", "miss", "hit")
    assert first["result"] == again["result"] != int8["result"]


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
    ({"styles": "scream"}, 422, "style_id"), ({"preserve_color": "1.5"}, 422, "preserve_color"), ({"style_scale": "9"}, 422, "style_scale"),
    ({"look": "63"}, 422, "look"), ({"look": "256", "style_scale": "2"}, 422, "look"),
    ({"format": "gif"}, 422, "format")])
def test_wrong_fields_are_named(server, photo, fields, status, field):
    error = server.paint(photo, **fields)
    assert error.status_code == status
    assert error.json()["field"] == field and error.json()["detail"]


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


@pytest.mark.threads
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


def check_no_metadata(path):
    tags = subprocess.run(["exiftool", "-G1", "-a", "-s", str(path)], capture_output=True, text=True, check=True).stdout
    groups = {line.split("]")[0].strip("[") for line in tags.splitlines()}
    assert groups <= {"ExifTool", "System", "File", "JFIF", "PNG", "RIFF", "Composite"}
    assert "Somebody" not in tags and "secret" not in tags


@pytest.fixture(scope="module")
def tagged(photo, tmp_path_factory):
    """The photograph with a place, an author and comments in all the ways that JPEG has."""
    if not shutil.which("exiftool"):
        pytest.skip("exiftool is not installed")
    path = tmp_path_factory.mktemp("tagged") / "tagged.jpg"
    path.write_bytes(photo)
    subprocess.run(["exiftool", "-q", "-overwrite_original", "-GPSLatitude=48.1", "-GPSLatitudeRef=N",
                    "-Artist=Somebody", "-XMP:Creator=Somebody", "-IPTC:By-line=Somebody", "-Comment=secret",
                    str(path)], check=True)
    return path.read_bytes()


@pytest.mark.parametrize("kind", ["jpeg", "png", "webp"])
def test_no_metadata_survives(server, tagged, tmp_path, kind):
    out = tmp_path / f"out.{kind}"
    out.write_bytes(server.paint(tagged, headers={"Accept": f"image/{kind}"}).content)
    check_no_metadata(out)
    out.write_bytes(server.paint(tagged, headers={"Accept": f"image/{kind}"}, strength="0").content)  # itself
    check_no_metadata(out)


def tags_of(path):
    return subprocess.run(["exiftool", "-G1", "-a", "-s", str(path)], capture_output=True, text=True, check=True).stdout


def test_metadata_that_is_asked_for_is_kept(server, tagged, tmp_path):
    out = tmp_path / "out.jpg"
    out.write_bytes(server.paint(tagged, headers={"Accept": "image/jpeg"}, keep_metadata="copyright").content)
    assert "Somebody" in tags_of(out) and "GPS" not in tags_of(out)
    out.write_bytes(server.paint(tagged, headers={"Accept": "image/jpeg"}, keep_metadata="all").content)
    assert "GPSLatitude" in tags_of(out)
    wrong = server.paint(tagged, keep_metadata="gps")
    assert wrong.status_code == 422 and wrong.json()["field"] == "keep_metadata"


def test_avif_for_who_asks(server, photo):
    answer = server.paint(photo, headers={"Accept": "image/avif"}, output_size="96")
    if answer.status_code == 422:
        assert "AVIF" in answer.json()["detail"]
        pytest.skip("not in this build")
    assert answer.headers["content-type"] == "image/avif" and answer.content[4:12] == b"ftypavif"
    assert server.paint(photo, format="avif", output_size="96").json()["format"] == "avif"
    usual = server.paint(photo, headers={"Accept": "image/avif,image/webp,*/*;q=0.8"}, output_size="96")
    assert usual.headers["content-type"] == "image/webp"


def depth_of(png):
    return png[24]


def test_sixteen_bits_in_every_way(server, photo):
    png = {"Accept": "image/png"}
    assert depth_of(server.paint(photo, headers=png, output_size="96", output_depth="16").content) == 16
    assert depth_of(server.paint(photo, headers=png, output_size="96").content) == 8  # not that of before
    sent = server.client.post("/api/v1/style-transfer", headers=png, json={
        "content_image": base64.b64encode(photo).decode(), "style_id": "starry_night", "output_depth": 16,
        "output_size": 96})
    assert sent.status_code == 200 and depth_of(sent.content) == 16 and sent.headers["x-stylize-cache"] == "hit"
    raw = server.client.post("/api/v1/style-transfer?style_id=scream&output_size=96&output_depth=16&format=png", content=photo,
                             headers={"Content-Type": "image/jpeg", **png})
    assert raw.status_code == 200 and depth_of(raw.content) == 16
    batch = server.client.post("/api/v1/batches", files=[("content_image", photo)],
                               data={"style_id": "scream", "output_size": "72", "format": "png", "output_depth": "16"})
    with zipfile.ZipFile(io.BytesIO(batch.content)) as z:
        assert [depth_of(z.read(n)) for n in z.namelist() if n.endswith(".png")] == [16]
    job = server.add_job(photo, format="png", output_size="80", output_depth="16").json()["id"]
    server.wait(lambda: server.client.get(f"/api/v1/jobs/{job}").json()["state"] == "done")
    assert depth_of(server.client.get(f"/api/v1/jobs/{job}/result", headers=png).content) == 16
    wrong = server.paint(photo, output_depth="16")
    assert wrong.status_code == 422 and wrong.json()["field"] == "output_depth"


def test_damaged_pictures_if_asked_for(server, photo):
    whole, cut = photo, photo[:len(photo) * 2 // 3]
    refused = server.paint(cut, output_size="64")
    assert refused.status_code == 422 and refused.json()["code"] == "damaged_picture"
    painted = server.paint(cut, output_size="64", tolerant="true")
    assert painted.status_code == 200 and painted.json()["damaged"] is True
    assert painted.headers["x-stylize-damaged"] == "true"
    assert server.paint(cut, output_size="64", tolerant="true").json()["damaged"] is True  # from the cache
    assert "damaged" not in server.paint(whole, output_size="64", tolerant="true").json()
    assert server.paint(cut, output_size="64").status_code == 422  # still


def test_no_metadata_survives_in_jobs_batches_and_previews(server, tagged, tmp_path):
    job = server.add_job(tagged, format="png", output_size="80").json()["id"]
    server.wait(lambda: server.client.get(f"/api/v1/jobs/{job}").json()["state"] == "done")
    result = server.client.get(f"/api/v1/jobs/{job}/result", headers={"Accept": "image/png"})
    (tmp_path / "job.png").write_bytes(result.content)
    batch = server.client.post("/api/v1/batches", files=[("content_image", tagged)],
                               data={"style_id": "scream", "output_size": "72", "format": "webp"})
    with zipfile.ZipFile(io.BytesIO(batch.content)) as z:
        z.extractall(tmp_path)
    url = "/api/v1/styles/tagged"
    assert server.client.post(url, files={"style_image": tagged}).status_code == 201
    preview = server.client.get(url + "/preview")
    if preview.status_code == 200:
        (tmp_path / "preview.jpg").write_bytes(preview.content)
    server.client.delete(url)
    outputs = list(tmp_path.iterdir())
    assert len(outputs) >= 2
    for path in outputs:
        check_no_metadata(path)


def test_a_cache_folder_survives_a_restart(start, photo, tmp_path):
    flags = ["--cache-dir", str(tmp_path / "cache")]
    s = start(*flags)
    first = s.paint(photo)
    assert s.stop() == 0
    s.start()
    again = s.paint(photo)
    assert again.json()["cache"] == "hit" and again.json()["result"] == first.json()["result"]


def test_the_strength_that_was_used_is_told(server, photo):
    given = server.paint(photo, style_id="mondrian", strength="0.25")
    assert given.json()["strength"] == 0.25 and given.headers["x-stylize-strength"] == "0.25"
    chosen = server.paint(photo, style_id="mondrian", strength="auto").json()["strength"]
    assert 0 < chosen < 1
    again = server.paint(photo, headers={"Accept": "image/jpeg"}, style_id="mondrian", strength="auto")
    assert again.headers["x-stylize-cache"] == "hit" and float(again.headers["x-stylize-strength"]) == chosen
    job = server.add_job(photo, style_id="mondrian", strength="auto").json()["id"]
    server.wait(lambda: server.client.get(f"/api/v1/jobs/{job}").json()["state"] == "done")
    assert server.client.get(f"/api/v1/jobs/{job}/result").json()["strength"] == chosen


@pytest.mark.parametrize("sandbox", ["off", "on"])
def test_formats_that_are_asked_for(server, start, sandbox):
    """JPEG, PNG and WebP only, unless the operator wants more: then also inside of the sandbox."""
    data = SOURCE / "tests/codec/data"
    pictures = {"bmp": "v3.bmp", "tiff": "tiled.tif", "gif": "small.gif", "avif": "alpha.avif", "heic": "plain.heic",
                "jxl": "rgba8.jxl"}
    for name, file in pictures.items():
        refused = server.paint((data / file).read_bytes())
        assert refused.status_code in (400, 415, 422)
        assert f"is {'JPEG XL' if name == 'jxl' else name.upper()}, which is not read here" in refused.json()["detail"]
    more = start("--formats", "all", "--sandbox", sandbox)
    for name, file in pictures.items():
        answer = more.paint((data / file).read_bytes(), output_size="64")
        if answer.status_code != 200:
            assert "which this build does not have" in answer.text, (name, answer.text)
            continue
        assert base64.b64decode(answer.json()["result"]).startswith(MAGIC["image/jpeg"])
        if name == "avif":
            assert more.paint((data / file).read_bytes(), output_size="64", format="avif").json()["format"] == "avif"
        style = more.client.post("/api/v1/style-transfer", files={
            "content_image": (data / "rgb8.png").read_bytes(), "style_image": (data / file).read_bytes()})
        assert style.status_code in (200, 422), style.text
