"""Keeping a picture as a style on the page, in a real Chromium; phone and desktop size."""
import pytest
from chromium import ARTWORK, take, toast, until, wait_for_painting
from conftest import Server

pytestmark = [pytest.mark.page, pytest.mark.heavy]


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("learning")
    s = Server(folder, "--rate-limit", "0", "--style-dir", str(folder / "styles"))
    yield s
    assert s.stop() == 0


def form(page, **fields):
    """Few steps, which the page itself does not ask for."""
    def add(route):
        lines = "".join(f'Content-Disposition: form-data; name="{k}"\r\n\r\n{v}\r\n--MARK\r\n' for k, v in fields.items())
        body, mark = route.request.post_data_buffer, route.request.headers["content-type"].split("boundary=")[1]
        start = f"--{mark}\r\n".encode()
        route.continue_(post_data=start + lines.replace("MARK", mark).encode() + body[len(start):])
    page.route("**/api/v1/styles", lambda r: add(r) if r.request.method == "POST" else r.continue_())


def own(page):
    take(page)
    page.click("#tab-own")
    assert page.is_hidden("#learn")  # there is no picture yet
    page.set_input_files("#own-file", ARTWORK)
    wait_for_painting(page, "Your own style")
    page.click("#learn-open")


def names(page):
    return page.locator("#gallery .style .name").all_inner_texts()


def test_a_picture_is_kept_as_a_style(page, server):
    form(page, code_steps="3")
    own(page)
    assert page.input_value("#learn-name") == "artwork" and page.evaluate("document.activeElement.id") == "learn-name"
    page.fill("#learn-name", "My wall")
    page.check("#learn-form [value=good]", force=True)
    assert "minutes" in page.inner_text("#learn-effort")
    page.check("#learn-form [value=fast]", force=True)
    page.click("#learn-form [type=submit]")
    page.wait_for_selector("#learning:not([hidden])")
    assert page.inner_text("#learning-title") == "Learning: My wall"
    toast(page, "Learnt: My wall")
    wait_for_painting(page, "My wall")
    assert "My wall" in names(page) and page.get_attribute("#tab-gallery", "aria-selected") == "true"
    assert page.is_hidden("#learning")
    style = page.get_attribute("#gallery [aria-checked=true]", "data-id")
    assert style.startswith("my-wall")
    server.client.delete(f"/api/v1/styles/{style}")


def test_it_is_kept_as_it_is(page, server):
    form(page, code_steps="1", network_steps="20000")
    own(page)
    page.check("#learn-form [value=good]", force=True)
    page.click("#learn-form [type=submit]")
    page.wait_for_selector("#learn-preview:not([hidden])")
    page.wait_for_function("() => /%/.test(document.getElementById('learn-text').textContent)")
    page.click("#learn-keep")
    wait_for_painting(page, "artwork")
    server.client.delete("/api/v1/styles/" + page.get_attribute("#gallery [aria-checked=true]", "data-id"))


def test_it_goes_on_while_the_page_is_away_and_is_cancelled(page, server):
    form(page, code_steps="1", network_steps="20000")
    own(page)
    page.check("#learn-form [value=good]", force=True)
    page.fill("#learn-name", "Later")
    page.click("#learn-form [type=submit]")
    page.wait_for_selector("#learning:not([hidden])")
    page.reload()
    page.click("#tab-own")
    page.wait_for_selector("#learning:not([hidden])")
    assert page.inner_text("#learning-title") == "Learning: Later"
    page.click("#language")
    assert page.inner_text("#learning-title") == "正在学习：Later"
    page.click("#learn-cancel")
    page.wait_for_selector("#learning", state="hidden")
    until(page, lambda: server.metric("stylize_styles_learning") == 0)
    assert server.client.get("/api/v1/styles/later").status_code == 404
    page.reload()
    page.click("#tab-own")
    page.wait_for_selector("#learn-open:visible")  # of the picture that is there still
    assert page.is_hidden("#learning")


def test_what_the_server_says_is_told(desktop):
    own(desktop)
    desktop.route("**/api/v1/styles", lambda r: r.fulfill(status=409, json={"code": "no_style_folder", "detail": "no folder"})
                  if r.request.method == "POST" else r.continue_())
    desktop.click("#learn-form [type=submit]")
    toast(desktop, "no folder")
    assert desktop.is_visible("#learn-form")


def test_axe_finds_nothing_in_it(open_page, server, tmp_path):
    axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed").Axe()
    for size in ("desktop", "phone"):
        page = open_page(size, bypass_csp=True)
        form(page, code_steps="1", network_steps="20000")
        own(page)
        page.check("#learn-form [value=good]", force=True)
        page.evaluate(axe.axe_script)
        for state in ("form", "learning"):
            if state == "learning":
                page.click("#learn-form [type=submit]")
                page.wait_for_selector("#learn-preview:not([hidden])")
            found = page.evaluate("() => axe.run('#learn')")["violations"]
            assert [(v["id"], n["html"]) for v in found for n in v["nodes"]] == []
        page.click("#learn-cancel")
        until(page, lambda: server.metric("stylize_styles_learning") == 0)


def test_it_is_not_offered_where_it_is_not_allowed(browser, start):
    s = start()
    context = browser.new_context()
    page = context.new_page()
    page.goto(s.url)
    take(page)
    page.click("#tab-own")
    page.set_input_files("#own-file", ARTWORK)
    wait_for_painting(page, "Your own style")
    assert page.is_hidden("#learn")
    context.close()
