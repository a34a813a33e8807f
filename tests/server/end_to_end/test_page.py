"""What can be done on the page, in a real Chromium; phone and desktop size."""
import base64
import struct

import pytest
from chromium import ARTWORK, PAINT, PHOTO, download, is_quiet, pixels, see_all, take, toast, until, wait_for_painting

pytestmark = [pytest.mark.page, pytest.mark.heavy]


def test_a_picture_is_painted_in_the_style_that_is_chosen(page):
    take(page)
    first = pixels(page)
    page.click("#gallery [data-id=scream]")
    wait_for_painting(page, "The Scream")
    assert pixels(page) != first
    assert page.get_attribute("#gallery [data-id=scream]", "aria-checked") == "true"
    assert "The Scream" in page.get_attribute("#after", "aria-label")
    see_all(page)


def test_pictures_are_dropped_and_pasted(desktop):
    event = """([type, name]) => fetch('/page/example.jpg').then((r) => r.blob()).then((blob) => {
        const data = new DataTransfer();
        data.items.add(new File([blob], 'it.jpg', { type: blob.type }));
        document.body.dispatchEvent(type === 'drop' ? new DragEvent(type, { dataTransfer: data, bubbles: true, cancelable: true })
            : new ClipboardEvent(type, { clipboardData: data, bubbles: true })); })"""
    desktop.evaluate(event, ["paste", ""])
    wait_for_painting(desktop, "The Starry Night")
    desktop.click("#tab-own")
    desktop.evaluate(event, ["paste", ""])  # into the open pane: a style
    wait_for_painting(desktop, "Your own style")
    desktop.evaluate("() => performance.clearMeasures('click-to-preview')")
    desktop.evaluate(event, ["drop", ""])  # on the page: a photograph again
    desktop.wait_for_function("() => performance.getEntriesByName('click-to-preview').length > 0")
    wait_for_painting(desktop, "Your own style")


def test_sliders_show_at_once_and_ask_for_little(page):
    take(page)
    is_quiet(page)
    asked = []
    page.on("request", lambda r: asked.append(r.url))
    full = pixels(page)
    page.fill("#strength", "30")
    weak = pixels(page)
    assert weak != full and asked == []
    assert page.inner_text("#strength-value") == "30%"
    page.fill("#colour", "50")
    page.wait_for_function("() => performance.getEntriesByName('click-to-preview').length > 1")
    is_quiet(page)
    count, half = len(asked), pixels(page)
    assert 0 < count <= 2 and half != weak
    page.fill("#colour", "90")
    assert pixels(page) != half and len(asked) == count


def test_the_automatic_strength_is_that_of_the_server(page, server):
    take(page)
    is_quiet(page)
    page.click("#gallery [data-id=mondrian]")
    wait_for_painting(page, "Composition")
    full = pixels(page)
    with page.expect_response(PAINT) as answer:
        page.click("#auto-strength")
    wanted = float(answer.value.headers["x-stylize-strength"])
    assert 0 < wanted < 1
    page.wait_for_function("(v) => document.getElementById('strength').value === v", arg=str(round(100 * wanted)))
    assert page.inner_text("#strength-value") == f"{round(100 * wanted)}%" and pixels(page) != full


def test_the_stroke_slider_paints_anew(page):
    take(page)
    is_quiet(page)
    before = pixels(page)
    page.fill("#strokes", "4")
    assert page.inner_text("#strokes-value") == "200%"
    page.wait_for_function("() => performance.getEntriesByName('click-to-preview').length > 1")
    is_quiet(page)
    assert pixels(page) != before


def test_styles_are_blended_by_pad_and_slider(page):
    take(page)
    page.click("#tab-blend")
    page.click("#blend-grid [data-id=scream]")
    wait_for_painting(page, "The Starry Night + The Scream")
    is_quiet(page)
    half = pixels(page)
    page.locator("#weights input").nth(1).fill("90")
    page.wait_for_function("() => document.querySelectorAll('#weights output')[0].textContent === '10%'")
    is_quiet(page)
    assert pixels(page) != half
    box = page.locator("#pad").bounding_box()  # a press is enough, nothing has to be dragged
    page.mouse.click(box["x"] + 4, box["y"] + box["height"] / 2)
    assert page.locator("#weights output").all_inner_texts() == ["100%", "0%"]
    for style in ("great_wave", "udnie"):
        page.click(f"#blend-grid [data-id={style}]")
    page.click("#blend-grid [data-id=mondrian]")
    toast(page, "Four styles at most")


def shade(page, across, down):
    """The colour of the picture on the wall at that place."""
    return page.evaluate("""([x, y]) => { const c = document.getElementById('after');
        return [...c.getContext('2d').getImageData(x * c.width, y * c.height, 1, 1).data].slice(0, 3); }""", [across, down])


def colours(page, picture, places):
    """Of an encoded picture."""
    return page.evaluate("""async ([text, places]) => {
        const b = await createImageBitmap(new Blob([Uint8Array.from(atob(text), (c) => c.charCodeAt(0))]));
        const g = new OffscreenCanvas(b.width, b.height).getContext('2d');
        g.drawImage(b, 0, 0);
        return places.map(([x, y]) => [...g.getImageData(x * b.width, y * b.height, 1, 1).data].slice(0, 3)); }""",
                         [base64.b64encode(picture).decode(), places])


def stroke(page, *places):
    box = page.locator("#brush-area").bounding_box()
    for i, (x, y) in enumerate(places):
        page.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=4)
        if i == 0:
            page.mouse.down()
    page.mouse.up()


def test_a_part_is_painted(desktop):
    page, left, right = desktop, (0.25, 0.5), (0.75, 0.5)
    take(page)
    is_quiet(page)
    painted = shade(page, *left), shade(page, *right)
    asked = []
    page.on("request", lambda r: asked.append(r.url))
    page.click("#where")
    plain = shade(page, *left), shade(page, *right)
    assert plain[0] != painted[0] and plain[1] != painted[1]
    page.fill("#brush-size", "15")
    stroke(page, left, (0.25, 0.6))
    assert (shade(page, *left), shade(page, *right)) == (painted[0], plain[1])
    page.click("#brush-invert")
    assert (shade(page, *left), shade(page, *right)) == (plain[0], painted[1])
    page.check("#tool-eraser", force=True)
    stroke(page, right)
    assert (shade(page, *left), shade(page, *right)) == plain
    page.check("#tool-brush", force=True)
    stroke(page, right)
    assert shade(page, *right) == painted[1]
    page.click("#where")  # done, and it stays
    assert page.is_hidden("#brush-area") and shade(page, *left) == plain[0]
    assert asked == []  # the browser has all it takes
    page.click("#where")
    page.click("#brush-clear")
    assert (shade(page, *left), shade(page, *right)) == painted and page.is_hidden("#brush-area")


def test_the_brush_is_moved_by_keys(desktop):
    page = desktop
    take(page)
    is_quiet(page)
    painted = shade(page, 0.5, 0.5)
    page.focus("#where")
    page.keyboard.press("Enter")
    plain = shade(page, 0.5, 0.5)
    page.focus("#brush-area")
    page.keyboard.press("Space")
    assert shade(page, 0.5, 0.5) == painted != plain
    for _ in range(6):
        page.keyboard.press("Shift+ArrowLeft")
    assert shade(page, 0.02, 0.5) != shade(page, 0.5, 0.5)
    page.keyboard.press("Escape")
    assert page.is_hidden("#brush-area") and page.evaluate("() => document.activeElement.id") == "where"


def test_the_download_has_the_part_that_was_painted(desktop, server, photo):
    page = desktop
    take(page)
    page.check("input[value=png]", force=True)
    page.select_option("#size", "512")
    page.click("#tab-blend")
    page.click("#blend-grid [data-id=scream]")
    wait_for_painting(page, "The Starry Night + The Scream")
    page.click("#where")
    page.fill("#brush-size", "20")
    stroke(page, (0.25, 0.5))
    fields = {"output_size": "512", "format": "png", "style_id": None, "styles": "starry_night:0.5,scream:0.5"}
    whole, none = (server.paint(photo, headers={"Accept": "image/png"}, strength=s, **fields).content for s in ("1", "0"))
    places = [(x, y) for y in (0.48, 0.5, 0.52) for x in (0.23, 0.25, 0.27, 0.73, 0.75, 0.77)]
    got, whole, none = (colours(page, picture, places) for picture in (download(page)[1], whole, none))
    for (x, _), is_, painted, plain in zip(places, got, whole, none):
        assert is_ == (painted if x < 0.5 else plain)
    assert whole != none


@pytest.mark.parametrize("kind, magic", [("jpeg", b"\xff\xd8\xff"), ("png", b"\x89PNG"), ("webp", b"RIFF")])
def test_the_download_is_what_the_server_paints(desktop, server, photo, kind, magic):
    take(desktop)
    desktop.fill("#strength", "60")
    desktop.fill("#colour", "40")
    desktop.fill("#strokes", "-4")
    desktop.check(f"input[value={kind}]")
    desktop.select_option("#size", "512")
    name, data = download(desktop)
    assert name == f"photo-starry_night.{'jpg' if kind == 'jpeg' else kind}" and data.startswith(magic)
    asked = server.paint(photo, headers={"Accept": f"image/{kind}"}, output_size="512", strength="0.6",
                         preserve_color="0.4", style_scale="0.5", format=kind, quality="95", style_id=None, styles="starry_night:1")
    assert asked.content == data
    assert "Saved: photo-starry_night" in desktop.inner_text("#spoken")


def test_a_large_download_is_a_job_with_progress(desktop):
    page = desktop
    take(page)
    page.check("input[value=png]")
    page.select_option("#size", "2048")
    seen = []
    page.on("response", lambda r: seen.append((r.request.method, r.url.rsplit("/", 1)[1], r.status)))
    page.evaluate("""() => { window.shares = []; new MutationObserver(() =>
        window.shares.push(Number(document.getElementById('progress').ariaValueNow)))
        .observe(document.getElementById('progress'), { attributes: true }); }""")
    name, data = download(page)
    assert struct.unpack(">II", data[16:24]) == (2048, 1536)
    assert ("POST", "jobs", 202) in seen and ("GET", "events", 200) in seen and ("GET", "result", 200) in seen
    assert page.evaluate("() => window.shares.at(-1)") == 100
    page.wait_for_selector("#download:not([hidden])")
    assert page.is_hidden("#work")


def test_a_download_is_cancelled(desktop):
    take(desktop)
    desktop.select_option("#size", "4096")
    with desktop.expect_response(lambda r: r.url.endswith("/events")):
        desktop.click("#download")
    with desktop.expect_response(lambda r: r.request.method == "DELETE") as gone:
        desktop.click("#cancel")
    assert gone.value.status == 204
    desktop.wait_for_selector("#download:not([hidden])")
    assert desktop.locator("#history li").count() == 0 and "Cancelled" in desktop.inner_text("#spoken")


def test_a_server_without_jobs_paints_at_once(desktop):
    take(desktop)
    desktop.route("**/api/v1/jobs", lambda r: r.fulfill(status=503, json={"code": "no_storage"}))
    desktop.select_option("#size", "2048")
    assert download(desktop)[1].startswith(b"\xff\xd8\xff")


def test_an_own_style_and_the_history(page):
    take(page)
    page.click("#tab-own")
    page.set_input_files("#own-file", ARTWORK)
    wait_for_painting(page, "Your own style")
    page.select_option("#size", "512")
    name, data = download(page)
    assert name == "photo-own-style.jpg"
    page.wait_for_selector("#history li", state="attached")
    page.reload()  # it is in the browser still
    wait_for_painting(page, "Your own style")
    page.click("#brand")
    page.wait_for_selector("#empty:visible")
    page.click("#tab-history")
    page.click("#history .open")
    wait_for_painting(page, "Your own style")
    assert download(page) == (name, data)  # the same file, nothing is painted
    page.click("#tab-gallery")
    page.click("#gallery [data-id=udnie]")
    toast(page, "Choose a picture first")
    page.click("#tab-history")
    page.click("#history .remove")
    page.wait_for_selector("#history li", state="detached")


def test_the_history_is_deleted_after_a_second_press(desktop):
    take(desktop)
    desktop.select_option("#size", "512")
    download(desktop)
    desktop.click("#tab-history")
    desktop.click("#clear-history")
    assert desktop.locator("#history li").count() == 1 and "Really" in desktop.inner_text("#clear-history")
    desktop.click("#clear-history")
    desktop.wait_for_selector("#history li", state="detached")


def test_a_file_that_is_no_picture_is_told(page, tmp_path):
    wrong = tmp_path / "wrong.jpg"
    wrong.write_text("no picture")
    page.set_input_files("#choose", str(wrong))
    toast(page, "not a picture")
    assert page.is_visible("#empty")
    page.click("#toast-close")
    assert page.inner_text("#toast-text") == ""


def test_a_server_that_is_away_is_told_and_tried_again(page):
    take(page)
    is_quiet(page)
    page.context.set_offline(True)
    page.click("#gallery [data-id=udnie]")
    toast(page, "cannot be reached")
    page.context.set_offline(False)
    page.click("#toast-retry")
    wait_for_painting(page, "Udnie")
    assert page.inner_text("#toast-text") == ""


def test_a_busy_server_is_waited_for(desktop):
    take(desktop)
    is_quiet(desktop)
    answers = [503, 429]

    def busy(route):
        if answers:
            return route.fulfill(status=answers.pop(), headers={"Retry-After": "1"}, json={"code": "queue_full"})
        answer = route.fetch()
        route.fulfill(response=answer, headers={**answer.headers, "x-stylize-degraded": "true"})
    desktop.route(PAINT, busy)
    desktop.click("#tab-blend")
    desktop.click("#blend-grid [data-id=pastorale]")
    toast(desktop, "busy")
    wait_for_painting(desktop, "painted smaller")
    assert desktop.inner_text("#toast-text") == ""


def test_a_key_is_asked_for_once(desktop):
    keys = []

    def locked(route):
        keys.append(route.request.headers.get("authorization"))
        if keys[-1] != "Bearer secret":
            return route.fulfill(status=401, json={"code": "key_needed"})
        route.continue_()
    desktop.route(PAINT, locked)
    desktop.set_input_files("#choose", PHOTO)
    desktop.wait_for_selector("#key-dialog[open]")
    desktop.fill("#key", "secret")
    desktop.keyboard.press("Enter")
    wait_for_painting(desktop, "The Starry Night")
    assert None in keys and keys[-1] == "Bearer secret"


def test_chinese_and_dark(page):
    take(page)
    page.click("#language")
    assert page.get_attribute("html", "lang") == "zh-CN"
    wait_for_painting(page, "星月夜")
    assert "下载" in page.inner_text("#download") and page.get_attribute("#language", "lang") == "en"
    light = page.evaluate("() => getComputedStyle(document.body).backgroundColor")
    page.click("#theme")
    assert page.evaluate("() => getComputedStyle(document.body).backgroundColor") != light
    assert page.get_attribute("#theme", "aria-pressed") == "true"
    page.reload()
    page.wait_for_selector("#gallery .style")
    assert page.get_attribute("html", "lang") == "zh-CN" and page.get_attribute("html", "data-theme") == "dark"


def test_the_language_and_the_colours_are_those_of_the_browser(open_page):
    page = open_page("phone", "zh-TW", color_scheme="dark")
    assert "照片" in page.inner_text("h1") and page.get_attribute("#theme", "aria-pressed") == "true"


def test_what_is_pointed_at_is_shown_and_ready(desktop):
    take(desktop)
    see_all(desktop)
    is_quiet(desktop)
    chosen, asked = pixels(desktop), []
    desktop.on("request", lambda r: asked.append(r.url))
    with desktop.expect_response(PAINT):
        desktop.hover("#gallery [data-id=udnie]")
    is_quiet(desktop)
    assert pixels(desktop) != chosen and len(asked) == 1
    desktop.hover("#caption")
    assert pixels(desktop) == chosen
    desktop.hover("#gallery [data-id=udnie]")
    desktop.click("#gallery [data-id=udnie]")
    wait_for_painting(desktop, "Udnie")
    assert desktop.evaluate("() => performance.getEntriesByName('click-to-first-paint').length") > 0


def test_thumbnails_are_few_at_a_time_and_end_with_the_picture(desktop):
    open_now, most, held, first = set(), [0], [], []

    def count(r):
        if "style-transfer" in r.url:
            open_now.add(r)
            most[0] = max(most[0], len(open_now))
    desktop.on("request", count)
    for kind in ("requestfinished", "requestfailed"):
        desktop.on(kind, lambda r: open_now.discard(r))

    def hold(route):  # all but the first
        if first:
            return held.append(route)
        first.append(route)
        route.continue_()
    desktop.route(PAINT, hold)
    desktop.set_input_files("#choose", PHOTO)
    until(desktop, lambda: len(held) == 4)  # the preview's second step and three thumbnails
    desktop.wait_for_timeout(100)
    assert most[0] == len(held) == 4
    failed = []
    desktop.on("requestfailed", lambda r: failed.append(r))
    desktop.set_input_files("#choose", ARTWORK)
    until(desktop, lambda: len(failed) == 4 and len(held) == 5)
    desktop.unroute(PAINT)
    desktop.wait_for_function("() => performance.getEntriesByName('thumbnails').length === 1")
