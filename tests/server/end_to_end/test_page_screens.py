"""The page in windows of all sizes, in high contrast, and in Chinese; in a real Chromium."""
import re

import pytest
from chromium import ARTWORK, PAINT, PHOTO, is_quiet, take, toast
from conftest import SOURCE

pytestmark = [pytest.mark.page, pytest.mark.heavy]

PHONE = {"has_touch": True, "is_mobile": True}
# a phone upright, with and without the bars of a browser, and on its side; 1440 x 900 at 200 %; a tablet
SCREENS = {"phone": (390, 664, PHONE), "tall phone": (412, 860, PHONE), "on its side": (844, 390, PHONE),
           "200 %": (720, 450, {"device_scale_factor": 2}), "tablet": (820, 1180, PHONE), "desktop": (1440, 900, {})}


def screen(open_page, name, language="en-US"):
    width, height, more = SCREENS[name]
    return open_page("desktop", language, viewport={"width": width, "height": height}, **more)


def hidden(page, *elements):
    """Those whose middle nobody sees or can press without scrolling."""
    return page.evaluate("""(list) => list.filter((id) => {
        const e = document.querySelector(id), box = e.getBoundingClientRect(), x = box.x + box.width / 2, y = box.y + box.height / 2;
        const at = document.elementFromPoint(x, y);
        return !at || x < 0 || y < 0 || x > innerWidth || y > innerHeight || !(at === e || e.contains(at)); })""", list(elements))


@pytest.mark.parametrize("name", SCREENS)
@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
def test_picture_styles_and_controls_are_there_without_scrolling(open_page, name, language):
    page = screen(open_page, name, language)
    assert hidden(page, "#choose-button", "#example") == []
    take(page, painting="ms")
    assert hidden(page, "#compare", "#where", "#zoom-in", "#tab-gallery", "#tab-history", "#gallery .style", "#gallery .style:nth-child(2)",
                  "#strength", "#download") == []
    assert page.evaluate("() => document.documentElement.scrollWidth <= innerWidth")
    page.click("#where")
    assert hidden(page, "#brush-area", "#brush-size", "#brush-undo", "#brush-clear", "#where", "#download") == []


@pytest.mark.parametrize("name", ["on its side", "200 %", "desktop"])
def test_only_the_panel_scrolls_beside_a_picture(open_page, name):
    page = screen(open_page, name)
    take(page)
    page.click("#tab-own")
    page.set_input_files("#own-file", ARTWORK)
    is_quiet(page)
    for tab in ("own", "blend", "history", "gallery"):
        page.click(f"#tab-{tab}")
        page.evaluate("() => scrollTo(0, 1000)")
        assert page.evaluate("() => scrollY") == 0, tab
        assert hidden(page, "#compare", "#download") == []


@pytest.mark.parametrize("name", SCREENS)
@pytest.mark.parametrize("language", ["en-US", "zh-CN"])
def test_labels_stand_on_one_line(open_page, name, language):
    page = screen(open_page, name, language)
    broken = """() => [...document.querySelectorAll('button, label, output, legend + label span, .tabs button')].filter((e) => {
        if (!e.checkVisibility() || e.closest('.style, .own-drop, .history, #learn, .visually-hidden')) return false;
        const range = document.createRange(), tops = [];
        for (const walk = document.createTreeWalker(e, NodeFilter.SHOW_TEXT); walk.nextNode();) {
            if (!walk.currentNode.data.trim()) continue;
            range.selectNodeContents(walk.currentNode);
            tops.push(...[...range.getClientRects()].filter((r) => r.width > 0).map((r) => Math.round(r.top)));
        }
        return new Set(tops).size > 1;
    }).map((e) => e.id || e.textContent)"""
    assert page.evaluate(broken) == []
    page.set_input_files("#choose", [PHOTO, ARTWORK])
    page.wait_for_selector("#download-all:enabled")
    assert page.evaluate(broken) == []
    page.click("#where")
    assert page.evaluate(broken) == []


def test_high_contrast_has_the_colours_of_the_system(open_page):
    for size in ("desktop", "phone"):
        page = open_page(size, forced_colors="active")
        page.set_input_files("#choose", [PHOTO, ARTWORK])
        is_quiet(page)
        shades = page.evaluate("""() => {
            const probe = document.body.appendChild(document.createElement('i')), colour = (name) => {
                probe.style.cssText = `forced-color-adjust: none; color: ${name}`;
                return getComputedStyle(probe).color; };
            const system = { canvas: colour('Canvas'), mark: colour('Highlight'), marked: colour('HighlightText'), text: colour('CanvasText') };
            probe.remove();
            const of = (id, what) => getComputedStyle(document.querySelector(id))[what];
            return { system, tab: of('#tab-gallery', 'backgroundColor'), other: of('#tab-blend', 'backgroundColor'),
                format: of('input[value=jpeg] + span', 'backgroundColor'), plain: of('input[value=png] + span', 'backgroundColor'),
                chosen: of('#gallery [aria-checked=true] .picture', 'outlineColor'), stage: of('#stage', 'backgroundColor'),
                mini: of('.mini[aria-current=true]', 'outlineColor'), width: of('.mini[aria-current=true]', 'outlineWidth'),
                toast: of('#toast', 'borderTopStyle'), track: of('#strength', 'forcedColorAdjust') }; }""")
        system = shades["system"]
        assert shades["tab"] == shades["format"] == shades["chosen"] == shades["mini"] == system["mark"]
        assert shades["other"] != system["mark"] and shades["plain"] != system["mark"]
        assert shades["stage"] == system["canvas"]  # what is scrolled below it does not shine through
        assert shades["width"] == "4px" and shades["toast"] == "solid"
        # on the mark's colour the text is drawn as it is said, without a plate of another colour behind it
        plain = "(id) => { const s = getComputedStyle(document.querySelector(id)); return [s.forcedColorAdjust, s.backgroundColor, s.color]; }"
        for element in ("#download", "#tab-gallery", "input[value=jpeg] + span"):
            assert page.evaluate(plain, element) == ["none", system["mark"], system["marked"]], element
        assert page.evaluate(plain, "#toast") == ["none", system["canvas"], system["text"]]
        assert page.is_hidden("#theme")


# ------------------------------------------------------------------ Chinese

LATIN = re.compile(r"[A-Za-z]{2,}")
NAMES = {"Stylize", "English", "JPEG", "PNG", "WebP", "ZIP", "API", "ms", "jpg"}  # as they are in Chinese too


def english(page):
    """Words of a Latin alphabet that somebody sees or hears."""
    texts = page.evaluate("""() => {
        const list = [document.title];
        for (const e of document.querySelectorAll('body *')) {
            for (const name of ['aria-label', 'title', 'alt', 'aria-valuetext', 'placeholder']) if (e.hasAttribute(name)) list.push(e.getAttribute(name));
            if (['SCRIPT', 'STYLE'].includes(e.tagName) || !e.children.length === false) continue;
            list.push(e.textContent);
        }
        return list; }""")
    return [t for t in texts if set(LATIN.findall(t)) - NAMES]


def test_nothing_is_english_in_chinese(open_page, tmp_path):
    page = open_page("desktop", "zh-CN")
    assert english(page) == []
    wrong = tmp_path / "1.jpg"
    wrong.write_text("no picture")
    page.set_input_files("#choose", str(wrong))
    page.wait_for_selector("#toast.on")
    assert english(page) == []
    photo = tmp_path / "2.jpg"
    photo.write_bytes((SOURCE / "examples/data/photo.jpg").read_bytes())
    page.set_input_files("#choose", str(photo))
    is_quiet(page)
    page.click("#where")
    page.click("#tab-blend")
    page.click("#blend-grid .style:nth-child(4)")
    is_quiet(page)
    assert english(page) == []
    for card in page.locator("#gallery .style").all():
        assert not LATIN.findall(card.text_content()), card.text_content()
    page.select_option("#size", "4096")
    page.click("#download")
    page.wait_for_selector("#work:visible")
    assert english(page) == []
    page.click("#cancel")


def codes():
    """Of all errors that the server answers with."""
    found = set()
    for path in (SOURCE / "apps/server").rglob("*.c"):
        text = path.read_text(encoding="utf-8")
        for code in re.findall(r"\b[45][0-9]{2},([^,;]*)", text):  # also where one of two is chosen
            found |= set(re.findall(r'"([a-z_]+)"', code))
        found |= set(re.findall(r'\\"code\\": \\"([a-z_]+)\\"', text))
    return found | {"erased"}


def test_each_error_of_the_server_has_chinese_words(open_page):
    page = open_page("desktop", "zh-CN")
    known = page.evaluate("async () => Object.keys((await import('/page/problems.js')).chinese)")
    assert len(codes()) > 40 and set(known) == codes()


def test_an_error_of_the_server_is_told_in_chinese(open_page):
    page = open_page("desktop", "zh-CN")
    page.route(PAINT, lambda r: r.fulfill(status=413, json={"code": "picture_too_large", "detail": "picture is 9x9; at most 8"}))
    page.set_input_files("#choose", PHOTO)
    toast(page, "图片太大")
    assert "picture" not in page.inner_text("#toast-text")
    page.unroute(PAINT)
    page.route(PAINT, lambda r: r.fulfill(status=418, json={"code": "news", "detail": "something new"}))
    page.click("#gallery .style:nth-child(3)")
    toast(page, "news")  # the code is all that can be said
    assert "something" not in page.inner_text("#toast-text")


def test_the_artists_of_our_styles_have_chinese_names(open_page, server):
    page = open_page("desktop", "zh-CN")
    artists = sorted({s["artist"] for s in server.client.get("/api/v1/styles").json()["styles"] if s["artist"]})
    names = page.evaluate("async (list) => { const m = await import('/page/problems.js'); return list.map(m.artistName); }", artists)
    assert artists and [n for n in names if LATIN.search(n)] == []
