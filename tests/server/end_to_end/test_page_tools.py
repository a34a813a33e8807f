"""Tools of the page: undo, zoom, copying, sharing, the camera, several pictures, a reload, an installed page."""
import io
import json
import zipfile

import pytest
from chromium import ARTWORK, PHOTO, download, is_quiet, pixels, take, toast, until, wait_for_painting
from conftest import SOURCE
from test_page import shade, stroke

pytestmark = [pytest.mark.page, pytest.mark.heavy]


# ------------------------------------------------------------------ undo


def test_the_brush_is_undone_and_redone(page):
    take(page)
    is_quiet(page)
    page.click("#where")
    assert page.get_attribute("#brush-undo", "aria-disabled") == page.get_attribute("#brush-redo", "aria-disabled") == "true"
    seen = [shade(page, 0.25, 0.5)]
    page.fill("#brush-size", "15")
    stroke(page, (0.25, 0.45), (0.25, 0.55))
    seen.append(shade(page, 0.25, 0.5))
    page.click("#brush-invert")
    seen.append(shade(page, 0.25, 0.5))
    page.click("#brush-clear")  # everywhere, and the tools are put away: that too
    page.click("#where")
    assert seen[0] != seen[1] != seen[2]
    page.click("#brush-undo")
    assert shade(page, 0.25, 0.5) == seen[2]
    page.click("#brush-undo")
    assert shade(page, 0.25, 0.5) == seen[1]
    page.click("#brush-undo")
    assert shade(page, 0.25, 0.5) == seen[0] and page.get_attribute("#brush-undo", "aria-disabled") == "true"
    page.click("#brush-undo", force=True)  # there is nothing left
    page.keyboard.press("Control+Shift+Z")
    assert shade(page, 0.25, 0.5) == seen[1]
    page.keyboard.press("Control+Y")
    assert shade(page, 0.25, 0.5) == seen[2]
    page.keyboard.press("Control+Z")
    assert shade(page, 0.25, 0.5) == seen[1]
    page.click("#brush-invert")
    assert page.get_attribute("#brush-redo", "aria-disabled") == "true"  # another way was taken


# ------------------------------------------------------------------ zoom


def view(page):
    """How much larger the picture is than its frame, and where its corner lies in it."""
    return page.evaluate("""() => { const f = document.getElementById('frame').getBoundingClientRect(),
        v = document.getElementById('after').getBoundingClientRect();
        return [v.width / f.width, (v.left - f.left) / f.width, (v.top - f.top) / f.height].map((n) => Math.round(n * 1000) / 1000); }""")


def test_the_picture_is_zoomed_and_moved(desktop):
    page = desktop
    take(page)
    is_quiet(page)
    assert view(page) == [1, 0, 0]
    box = page.locator("#frame").bounding_box()
    at = (box["x"] + box["width"] / 4, box["y"] + box["height"] / 4)
    page.mouse.move(*at)
    page.mouse.wheel(0, -300)
    page.wait_for_function("() => document.getElementById('zoom-level').textContent !== '100%'")
    z, x, y = view(page)
    assert z > 1.2 and abs(x - 0.25 * (1 - z)) < 0.01 and abs(y - 0.25 * (1 - z)) < 0.01  # what is pointed at stays
    page.mouse.down()
    page.mouse.move(at[0] - 60, at[1] - 30, steps=3)
    page.mouse.up()
    moved = view(page)
    assert abs(moved[1] - (x - 60 / box["width"])) < 0.01 and abs(moved[2] - (y - 30 / box["height"])) < 0.01
    assert page.input_value("#compare") == "0"  # it was the picture that moved
    for _ in range(9):
        page.click("#zoom-in", force=True)
    assert page.inner_text("#zoom-level") == "800%" and page.get_attribute("#zoom-in", "aria-disabled") == "true"
    page.mouse.move(*at)
    page.mouse.down()
    page.mouse.move(at[0] + 5000, at[1] + 5000)
    page.mouse.up()
    assert view(page)[1:] == [0, 0]  # never past its edge
    page.click("#zoom-level")
    assert view(page) == [1, 0, 0]
    page.focus("#compare")
    page.keyboard.press("+")
    page.keyboard.press("Shift+ArrowRight")
    z, x, _ = view(page)
    assert z > 1.3 and x < 0.5 * (1 - z)
    page.keyboard.press("0")
    page.mouse.dblclick(*at)
    assert view(page)[0] == 2.5
    page.set_input_files("#choose", ARTWORK)  # another picture is seen whole
    page.wait_for_function("() => document.getElementById('zoom-level').textContent === '100%'")


def test_the_divider_stays_where_it_is_held(desktop):
    page = desktop
    take(page)
    is_quiet(page)
    page.evaluate("() => { const c = document.getElementById('compare'); c.value = 50; c.dispatchEvent(new Event('input')); }")
    for _ in range(2):
        page.click("#zoom-in")
    box = page.locator("#frame").bounding_box()
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    page.mouse.move(box["x"] + box["width"] * 0.7, middle, steps=4)
    page.mouse.up()
    assert abs(float(page.input_value("#compare")) - 70) <= 1 and view(page)[0] > 1.9
    # the photograph ends where the divider stands, though it lies elsewhere in the picture
    edge = page.evaluate("""() => { const b = document.getElementById('before'), r = b.getBoundingClientRect();
        return r.left + r.width * (1 - parseFloat(b.style.clipPath.split(' ')[1]) / 100); }""")
    assert abs(edge - (box["x"] + box["width"] * 0.7)) < 3


def test_two_fingers_zoom_and_draw_nothing(open_page):
    page = open_page("phone")
    take(page)
    is_quiet(page)
    cdp = page.context.new_cdp_session(page)
    box = page.locator("#frame").bounding_box()

    def touch(kind, *points):
        cdp.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [
            {"x": box["x"] + x * box["width"], "y": box["y"] + y * box["height"], "id": i} for i, (x, y) in enumerate(points)]})

    def pinch():
        touch("touchStart", (0.45, 0.5))
        touch("touchStart", (0.45, 0.5), (0.55, 0.5))
        for wide in (0.1, 0.2, 0.3):
            touch("touchMove", (0.5 - wide, 0.5), (0.5 + wide, 0.5))
        touch("touchEnd")

    pinch()
    until(page, lambda: view(page)[0] > 3)
    assert page.input_value("#compare") == "0"
    page.click("#zoom-level")
    page.click("#where")
    pinch()
    until(page, lambda: view(page)[0] > 3)
    assert page.get_attribute("#brush-undo", "aria-disabled") == "true"
    touch("touchStart", (0.5, 0.5))
    touch("touchMove", (0.55, 0.5))
    touch("touchEnd")
    until(page, lambda: page.get_attribute("#brush-undo", "aria-disabled") == "false")  # one finger draws


def test_the_brush_paints_where_it_is_when_zoomed(desktop):
    page = desktop
    take(page)
    is_quiet(page)
    page.click("#where")
    plain = shade(page, 0.5, 0.5), shade(page, 0.25, 0.5)
    for _ in range(4):
        page.click("#zoom-in")
    box = page.locator("#frame").bounding_box()
    page.fill("#brush-size", "5")
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.mouse.down()
    page.mouse.up()
    assert shade(page, 0.5, 0.5) != plain[0] and shade(page, 0.25, 0.5) == plain[1]


# ------------------------------------------------------------------ copying and sharing


def test_the_painting_is_copied(open_page, server, photo):
    page = open_page("desktop", permissions=["clipboard-read", "clipboard-write"])
    assert page.is_disabled("#copy")
    take(page)
    page.select_option("#size", "512")
    page.click("#copy")
    toast(page, "Copied")
    size, colours = page.evaluate("""async () => {
        const [item] = await navigator.clipboard.read(), b = await createImageBitmap(await item.getType('image/png'));
        const g = new OffscreenCanvas(b.width, b.height).getContext('2d');
        g.drawImage(b, 0, 0);
        return [[b.width, b.height], [...g.getImageData(100, 100, 20, 1).data]]; }""")
    assert size == [512, 384]
    asked = server.paint(photo, headers={"Accept": "image/png"}, output_size="512", style_id=None, styles="starry_night:1", format="png")
    same = page.evaluate("""async (bytes) => {
        const b = await createImageBitmap(new Blob([new Uint8Array(bytes)])), g = new OffscreenCanvas(b.width, b.height).getContext('2d');
        g.drawImage(b, 0, 0);
        return [...g.getImageData(100, 100, 20, 1).data]; }""", list(asked.content))
    assert colours == same


def test_why_it_was_not_copied_is_told(open_page):
    page = open_page("desktop", permissions=["clipboard-read", "clipboard-write"])
    take(page)
    page.select_option("#size", "512")
    is_quiet(page)
    page.route("**/api/v1/style-transfer", lambda r: r.fulfill(status=422, json={"code": "unsupported", "detail": "not today"}))
    page.click("#copy")
    toast(page, "not today")


SHARING = """() => { window.shared = []; window.refuse = 0; navigator.canShare = () => true;
    navigator.share = async ({ files }) => {
        if (window.refuse-- > 0) throw new DOMException('too late', 'NotAllowedError');
        window.shared.push(...files.map((f) => [f.name, f.type, f.size])); }; }"""


def test_the_painting_is_shared(open_page):
    page = open_page("phone")
    assert page.is_hidden("#share")  # this browser cannot
    page.add_init_script(f"({SHARING})()")
    page.reload()
    page.wait_for_selector("#gallery .style")
    take(page)
    page.select_option("#size", "512")
    page.evaluate("() => { window.refuse = 1; }")
    page.click("#share")
    toast(page, "ready")  # it took too long for the browser: once more
    page.click("#toast-retry")
    page.wait_for_function("() => window.shared.length === 1")
    name, kind, size = page.evaluate("() => window.shared[0]")
    assert name == "photo-starry_night.jpg" and kind == "image/jpeg" and size == len(download(page)[1])


# ------------------------------------------------------------------ the camera


def test_a_photograph_is_taken(desktop):
    page = desktop
    page.click("#camera-button")
    page.wait_for_selector("#camera-shoot:enabled")
    page.click("#camera-shoot")
    wait_for_painting(page, "The Starry Night")
    assert page.is_hidden("#camera-dialog")
    assert page.evaluate("() => document.getElementById('camera-video').srcObject") is None  # and it is off
    page.click("#brand")
    page.click("#camera-button")
    page.wait_for_selector("#camera-shoot:enabled")
    page.keyboard.press("Escape")
    page.wait_for_function("() => document.getElementById('camera-video').srcObject === null")
    assert page.is_visible("#empty")


def test_a_camera_that_is_refused_is_told(desktop):
    page = desktop
    page.evaluate("""() => { navigator.mediaDevices.getUserMedia = async () => { throw new DOMException('no', 'NotAllowedError'); }; }""")
    page.click("#camera-button")
    toast(page, "does not allow the camera")
    assert page.is_hidden("#camera-dialog")


def test_a_phone_has_a_camera_of_its_own(open_page):
    page = open_page("phone")
    with page.expect_file_chooser() as chooser:
        page.click("#camera-button")
    chooser.value.set_files(PHOTO)
    wait_for_painting(page, "The Starry Night")


# ------------------------------------------------------------------ several pictures


def several(page, tmp_path, *extra):
    again = tmp_path / "photo.jpg"
    again.write_bytes((SOURCE / "examples/data/photo.jpg").read_bytes())
    page.set_input_files("#choose", [PHOTO, ARTWORK, str(again), *extra])
    wait_for_painting(page, "The Starry Night")
    page.wait_for_function("(n) => document.querySelectorAll('#album-list img[src]').length === n", arg=3)


def test_several_pictures_are_painted_at_once(page, server, photo, tmp_path):
    several(page, tmp_path)
    page.select_option("#size", "512")
    page.click("#where")
    page.fill("#brush-size", "20")
    stroke(page, (0.3, 0.5))
    part = shade(page, 0.3, 0.5), shade(page, 0.9, 0.9)
    page.click("#where")
    page.click("#album-list li:nth-child(2) button")
    wait_for_painting(page, "The Starry Night")
    assert page.get_attribute("#album-list li:nth-child(2) button", "aria-current") == "true"
    assert page.inner_text("#download-all") == "All 3"
    with page.expect_download() as saved:
        page.click("#download-all")
    assert saved.value.suggested_filename == "stylize-starry_night.zip"
    with open(saved.value.path(), "rb") as f, zipfile.ZipFile(io.BytesIO(f.read())) as z:
        assert z.testzip() is None
        assert z.namelist() == ["photo-starry_night.jpg", "artwork-starry_night.jpg", "photo-starry_night-2.jpg"]
        pictures = [z.read(n) for n in z.namelist()]
    asked = server.paint(photo, headers={"Accept": "image/jpeg"}, output_size="512", style_id=None, styles="starry_night:1",
                         format="jpeg", quality="95", strength="1", preserve_color="0", style_scale="1").content
    assert pictures[2] == asked != pictures[0]  # only on the first was a part drawn
    page.wait_for_function("() => document.querySelectorAll('#history li').length === 3")
    page.click("#album-list li:nth-child(1) button")  # what was drawn is there again
    until(page, lambda: (shade(page, 0.3, 0.5), shade(page, 0.9, 0.9)) == part)


def test_what_is_no_picture_is_left_out(desktop, tmp_path):
    page = desktop
    wrong = tmp_path / "wrong.jpg"
    wrong.write_text("no picture")
    several(page, tmp_path, str(wrong))
    toast(page, "wrong.jpg")
    assert page.locator("#album-list li").count() == 3
    page.click("#toast-close")
    page.set_input_files("#choose", [str(wrong), PHOTO, ARTWORK])  # and if it is the first
    toast(page, "wrong.jpg")
    wait_for_painting(page, "The Starry Night")
    assert page.locator("#album-list li").count() == 2
    page.set_input_files("#choose", str(wrong))  # alone: the others stay
    toast(page, "not a picture")
    assert page.locator("#album-list li").count() == 2 and page.is_enabled("#download")


def test_pictures_come_and_go(desktop, tmp_path):
    page = desktop
    several(page, tmp_path)
    page.set_input_files("#choose-more", ARTWORK)
    page.wait_for_function("() => document.querySelectorAll('#album-list li').length === 4")
    assert page.get_attribute("#album-list li:nth-child(4) button", "aria-current") == "true"
    wait_for_painting(page, "The Starry Night")
    for left in (3, 2):
        page.click("#album-remove")
        page.wait_for_function("(n) => document.querySelectorAll('#album-list li').length === n", arg=left)
    page.click("#album-remove")
    page.wait_for_selector("#album", state="hidden")
    assert page.is_hidden("#download-all")
    wait_for_painting(page, "The Starry Night")


def test_one_of_several_that_fails_does_not_keep_the_others(desktop, tmp_path):
    page = desktop
    several(page, tmp_path)
    is_quiet(page)
    page.select_option("#size", "512")
    is_quiet(page)
    count = []

    def second(route):
        count.append(1)
        if len(count) == 2:
            return route.fulfill(status=422, json={"code": "damaged_picture", "detail": "damaged"})
        route.continue_()
    page.route("**/api/v1/style-transfer", second)
    with page.expect_download() as saved:
        page.click("#download-all")
    toast(page, "artwork.jpg")
    assert len(zipfile.ZipFile(saved.value.path()).namelist()) == 2


def test_many_at_once_are_cancelled(desktop, tmp_path):
    page = desktop
    several(page, tmp_path)
    page.select_option("#size", "4096")
    with page.expect_response(lambda r: r.url.endswith("/events")):
        page.click("#download-all")
    assert page.inner_text("#work-text").startswith("1/3 · ")
    with page.expect_response(lambda r: r.request.method == "DELETE"):
        page.click("#cancel")
    page.wait_for_selector("#download:visible")
    assert page.locator("#history li").count() == 0


# ------------------------------------------------------------------ a reload


def test_a_reload_brings_all_back(page, tmp_path):
    several(page, tmp_path)
    page.click("#album-list li:nth-child(3) button")
    wait_for_painting(page, "The Starry Night")
    page.click("#tab-blend")
    page.click("#blend-grid [data-id=scream]")
    wait_for_painting(page, "The Starry Night + The Scream")
    page.locator("#weights input").nth(1).fill("80")
    page.fill("#strength", "70")
    page.fill("#strokes", "2")
    page.check("input[value=webp]", force=True)
    page.select_option("#size", "512")
    page.click("#where")
    page.fill("#brush-size", "20")
    stroke(page, (0.3, 0.5))
    page.click("#where")
    is_quiet(page)
    before = shade(page, 0.3, 0.5), shade(page, 0.9, 0.9)
    page.wait_for_timeout(800)  # it is kept a moment after the last change
    page.reload()
    wait_for_painting(page, "The Starry Night + The Scream")
    is_quiet(page)
    assert (shade(page, 0.3, 0.5), shade(page, 0.9, 0.9)) == before
    assert page.locator("#album-list li").count() == 3
    assert page.get_attribute("#album-list li:nth-child(3) button", "aria-current") == "true"
    assert page.locator("#weights output").all_inner_texts() == ["20%", "80%"]
    assert [page.input_value(f"#{i}") for i in ("strength", "strokes", "size")] == ["70", "2", "512"]
    assert page.is_checked("input[value=webp]")


def test_an_own_style_comes_back(desktop):
    page = desktop
    take(page)
    page.click("#tab-own")
    page.set_input_files("#own-file", ARTWORK)
    wait_for_painting(page, "Your own style")
    is_quiet(page)
    before = pixels(page)
    page.wait_for_timeout(800)
    page.reload()
    wait_for_painting(page, "Your own style")
    is_quiet(page)
    assert pixels(page) == before and page.is_visible("#own-picture")


def test_what_is_closed_does_not_come_back(desktop):
    page = desktop
    take(page)
    page.wait_for_timeout(800)
    page.click("#brand")
    page.wait_for_selector("#empty:visible")
    kept = """async () => { const { done, store } = await import('/page/db.js');
        return (await done((await store('sessions', 'readonly')).getAll())).length; }"""
    until(page, lambda: page.evaluate(kept) == 0)
    page.reload()
    page.wait_for_selector("#gallery .style")
    is_there = page.evaluate("() => document.body.dataset.state")
    assert is_there == "empty" and page.is_visible("#choose-button")


def test_another_tab_has_nothing_of_it_and_old_ones_are_forgotten(desktop, server):
    page = desktop
    take(page)
    page.wait_for_timeout(800)
    other = page.context.new_page()
    other.goto(server.url)
    other.wait_for_selector("#gallery .style")
    assert other.evaluate("() => document.body.dataset.state") == "empty"
    age = """async () => { const { done, store } = await import('/page/db.js');
        for (const r of await done((await store('sessions', 'readonly')).getAll()))
            await done((await store('sessions', 'readwrite')).put({ ...r, made: Date.now() - 25 * 3600e3 })); }"""
    other.evaluate(age)
    page.reload()  # a day later
    page.wait_for_selector("#gallery .style")
    page.wait_for_function("() => document.body.dataset.state === 'empty'")


# ------------------------------------------------------------------ installed


def test_the_page_can_be_installed_and_opens_without_a_network(open_page, server):
    page = open_page("desktop", service_workers="allow")
    manifest = server.client.get("/page/stylize.webmanifest")
    assert manifest.headers["content-type"] == "application/manifest+json"
    for icon in manifest.json()["icons"]:
        answer = server.client.get(icon["src"])
        assert answer.status_code == 200 and answer.headers["content-type"] == icon["type"]
    page.evaluate("() => navigator.serviceWorker.ready")
    cdp = page.context.new_cdp_session(page)
    assert cdp.send("Page.getAppManifest")["errors"] == []
    found = [e["errorId"] for e in cdp.send("Page.getInstallabilityErrors")["installabilityErrors"]]
    assert [e for e in found if e != "in-incognito"] == []
    kept = page.evaluate("async () => (await (await caches.open('stylize-page')).keys()).map((r) => new URL(r.url).pathname)")
    folder = SOURCE / "apps/server/page"
    parts = {f"/page/{f.name}" for f in folder.iterdir() if f.suffix in (".js", ".css", ".svg") and f.name != "service.js"}
    assert set(kept) == parts | {"/"}
    page.context.set_offline(True)
    page.reload()
    toast(page, "cannot be reached")
    assert page.inner_text("h1") == "Your photograph, painted." and page.evaluate("() => getComputedStyle(document.body).margin") == "0px"
    page.context.set_offline(False)
    page.click("#toast-retry")
    page.wait_for_selector("#gallery .style")
    take(page)
    kept = json.dumps(page.evaluate("async () => (await (await caches.open('stylize-page')).keys()).map((r) => r.url)"))
    assert "/api/" not in kept  # nothing of what is painted


def test_only_the_one_script_may_become_a_worker(browser, server):
    context = browser.new_context()
    page = context.new_page()
    page.goto(server.url)
    why = page.evaluate("async () => { try { await navigator.serviceWorker.register('/page/service.js'); return ''; } catch (e) { return e.name; } }")
    assert why == "TypeError"  # as a plain string, which is not trusted
    why = page.evaluate("() => { try { trustedTypes.createPolicy('other', {}); return ''; } catch (e) { return e.name; } }")
    assert why == "TypeError"
    context.close()


# ------------------------------------------------------------------ what is loaded


def test_previews_are_loaded_when_they_are_seen(open_page):
    page = open_page("phone")
    is_asked = "() => performance.getEntriesByType('resource').filter((e) => e.name.endsWith('/preview')).length"
    page.wait_for_function(f"{is_asked.replace('() => ', '() => (')}) > 3")
    page.wait_for_timeout(300)
    first = page.evaluate("() => document.querySelectorAll('#gallery .artwork[src]').length")
    assert 0 < first < 10 and page.evaluate("() => document.querySelectorAll('#blend-grid .artwork[src]').length") == 0
    page.evaluate("() => { document.querySelector('#gallery .style:last-child').scrollIntoView(); }")
    page.wait_for_function("() => document.querySelector('#gallery .style:last-child .artwork').src")


def test_text_comes_packed(desktop):
    plain = desktop.evaluate("""() => performance.getEntriesByType('resource')
        .filter((e) => /[.](js|css)$|styles$/.test(e.name) && e.encodedBodySize > 1000 && e.encodedBodySize >= e.decodedBodySize).map((e) => e.name)""")
    assert plain == []
