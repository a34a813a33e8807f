"""The page in a real Chromium, where playwright and a browser are installed; phone and desktop size."""
import shutil

import pytest
from conftest import SOURCE

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
SIZES = {"desktop": {"viewport": {"width": 1360, "height": 860}},
         "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}}
PHOTO, ARTWORK = str(SOURCE / "examples/data/photo.jpg"), str(SOURCE / "examples/data/artwork.jpg")

pytestmark = pytest.mark.skipif(not CHROMIUM, reason="Chromium is not installed")


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as p:
        b = p.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield b
        b.close()


@pytest.fixture(params=SIZES)
def page(browser, server, request):
    """A fresh page; whatever it asks of another server or reports as an error fails the test."""
    context = browser.new_context(**SIZES[request.param], locale="en-US", accept_downloads=True,
                                  reduced_motion="reduce")
    p, errors = context.new_page(), []
    p.on("pageerror", lambda e: errors.append(str(e)))
    p.on("console", lambda m: errors.append(m.text) if "Content Security Policy" in m.text else None)
    p.on("request", lambda r: errors.append(r.url) if not r.url.startswith((server.url, "blob:", "data:")) else None)
    p.goto(server.url)
    p.wait_for_selector("#gallery .style")
    yield p
    context.close()
    assert errors == []


def wait_for_painting(page, part):
    page.wait_for_function("(t) => document.getElementById('caption').textContent.includes(t)", arg=part)


def pixels(page):
    """A few pixels of the painting as it is shown."""
    return page.evaluate("""() => { const c = document.getElementById('after');
        return Array.from(c.getContext('2d').getImageData(0, c.height >> 1, c.width, 1).data); }""")


def take(page, path):
    page.set_input_files("#choose", path)


def test_a_picture_is_painted_in_the_style_that_is_chosen(page):
    take(page, PHOTO)
    wait_for_painting(page, "The Starry Night")
    first = pixels(page)
    page.click("#gallery [data-id=scream]")
    wait_for_painting(page, "The Scream")
    assert pixels(page) != first
    assert page.get_attribute("#gallery [data-id=scream]", "aria-pressed") == "true"
    page.wait_for_function("document.querySelectorAll('#gallery .style.painted').length >= 3")


def test_sliders_ask_the_server_only_once(page):
    take(page, PHOTO)
    wait_for_painting(page, "Starry")
    page.wait_for_load_state("networkidle")
    asked = []
    page.on("request", lambda r: asked.append(r.url))
    full = pixels(page)
    page.fill("#strength", "30")
    assert pixels(page) != full and asked == []
    assert page.inner_text("#strength-value") == "30 %"


def test_styles_are_blended(page):
    take(page, PHOTO)
    wait_for_painting(page, "Starry")
    page.click("#tab-blend")
    page.click("#blend-grid [data-id=scream]")
    wait_for_painting(page, "The Starry Night + The Scream")
    half = pixels(page)
    page.locator("#weights input").nth(1).fill("90")
    page.wait_for_function("document.querySelectorAll('#weights output')[0].textContent === '10 %'")
    page.wait_for_load_state("networkidle")
    assert pixels(page) != half


def test_an_own_style_and_the_download(page):
    take(page, PHOTO)
    wait_for_painting(page, "Starry")
    page.click("#tab-own")
    page.set_input_files("#own-file", ARTWORK)
    wait_for_painting(page, "Your own style")
    with page.expect_download() as download:
        page.click("#download")
    assert download.value.suggested_filename == "stylize.jpg"
    with open(download.value.path(), "rb") as f:
        assert f.read(3) == b"\xff\xd8\xff"
    assert page.locator("#history li").count() == 1
    page.reload()
    page.wait_for_selector("#history li img")  # it is in the browser still


def test_before_and_after_by_keyboard(page):
    take(page, PHOTO)
    wait_for_painting(page, "Starry")
    page.focus("#compare")
    for _ in range(5):
        page.keyboard.press("ArrowRight")
    assert page.input_value("#compare") == "5"
    assert "95%" in page.evaluate("document.getElementById('before').style.clipPath")


def test_a_file_that_is_no_picture_is_told(page, tmp_path):
    wrong = tmp_path / "wrong.jpg"
    wrong.write_text("no picture")
    take(page, str(wrong))
    page.wait_for_selector("#toast:not([hidden])")
    assert "not a picture" in page.inner_text("#toast")
    assert page.is_visible("#empty")


def test_a_server_that_is_away_is_told(page):
    take(page, PHOTO)
    wait_for_painting(page, "Starry")
    page.wait_for_load_state("networkidle")
    page.context.set_offline(True)
    page.click("#gallery [data-id=udnie]")
    page.wait_for_selector("#toast:not([hidden])")
    assert "cannot be reached" in page.inner_text("#toast")
    page.context.set_offline(False)
    page.click("#gallery [data-id=udnie]")
    wait_for_painting(page, "Udnie")


def test_chinese_and_dark(page):
    page.click("#language")
    assert page.get_attribute("html", "lang") == "zh-CN" and "照片" in page.inner_text("h1")
    light = page.evaluate("getComputedStyle(document.body).backgroundColor")
    page.click("#theme")
    assert page.evaluate("getComputedStyle(document.body).backgroundColor") != light


def test_everything_has_a_name_and_fits_the_screen(page):
    take(page, PHOTO)
    wait_for_painting(page, "Starry")
    unnamed = page.evaluate("""() => [...document.querySelectorAll('button, input, select, [role=button]')]
        .filter((e) => e.offsetParent && !(e.getAttribute('aria-label') || e.textContent.trim() || e.labels?.length))
        .map((e) => e.outerHTML.slice(0, 80))""")
    assert unnamed == []
    assert page.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
