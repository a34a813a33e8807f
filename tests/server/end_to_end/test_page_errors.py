"""Messages of the page: where they stand, when they go; and what is sent over a slow line."""
import re

import pytest
from chromium import PHOTO, download, is_quiet, take, toast, wait_for_painting

pytestmark = [pytest.mark.page, pytest.mark.heavy]


@pytest.fixture
def wrong(tmp_path):
    path = tmp_path / "wrong.jpg"
    path.write_text("no picture")
    return str(path)


def nothing_is_said(page):
    page.wait_for_function("() => !document.getElementById('toast').classList.contains('on')")


def test_an_error_goes_with_the_next_success(page, wrong):
    page.set_input_files("#choose", wrong)
    toast(page, "not a picture")
    take(page)
    nothing_is_said(page)
    page.set_input_files("#choose", wrong)
    toast(page, "not a picture")
    page.select_option("#size", "512")
    download(page)
    nothing_is_said(page)


def test_an_error_of_an_own_style_too(desktop, wrong):
    take(desktop)
    desktop.click("#tab-own")
    desktop.set_input_files("#own-file", wrong)
    toast(desktop, "not a picture")
    desktop.set_input_files("#own-file", PHOTO)
    nothing_is_said(desktop)


def test_an_error_lies_over_no_tool(page, wrong):
    take(page)
    is_quiet(page)
    page.set_input_files("#choose", wrong)
    toast(page, "not a picture")
    page.click("#where")
    page.wait_for_selector("#brush-tools:visible")
    for tool in ("#brush-clear", "#brush-size", "#download"):
        if not page.is_visible(tool):
            continue
        free = page.evaluate("""(id) => {
            const a = document.querySelector(id).getBoundingClientRect(), b = document.getElementById('toast').getBoundingClientRect();
            return a.bottom <= b.top || a.top >= b.bottom || a.right <= b.left || a.left >= b.right; }""", tool)
        assert free, tool
    page.click("#toast-close")
    nothing_is_said(page)


LARGE = """async () => {
    const c = new OffscreenCanvas(3000, 2000), g = c.getContext('2d'), d = g.createImageData(3000, 2000);
    for (let i = 0; i < d.data.length; i++) d.data[i] = (i % 4 === 3) ? 255 : (i * 7919 + (i >> 9)) & 255;
    g.putImageData(d, 0, 0);
    const blob = await c.convertToBlob({ type: 'image/jpeg', quality: 0.95 }), files = new DataTransfer();
    files.items.add(new File([blob], 'large.jpg', { type: 'image/jpeg' }));
    const input = document.getElementById('choose');
    input.files = files.files;
    input.dispatchEvent(new Event('change'));
    return blob.size; }"""


def test_a_large_file_is_not_sent_for_a_small_painting(desktop):
    size = desktop.evaluate(LARGE)
    assert size > 1 << 20
    wait_for_painting(desktop, "The Starry Night")
    sent = desktop.evaluate("""async () => {
        const { toSend } = await import('/page/photo.js'), list = [];
        for (const side of [512, 4096]) {
            const blob = await toSend(side), picture = await createImageBitmap(blob);
            list.push([blob.size, picture.width]); }
        return list; }""")
    assert sent[0][1] == 512 and sent[0][0] < size / 4
    assert sent[1] == [size, 3000]  # all that there is


@pytest.fixture
def slow(desktop):
    """The page behind a line that takes a good while for a large picture; gives the words of the progress, as they come."""
    cdp = desktop.context.new_cdp_session(desktop)
    desktop.evaluate("""() => { window.told = []; const e = document.getElementById('work-text');
        new MutationObserver(() => window.told.push(e.textContent)).observe(e, { childList: true, characterData: true, subtree: true }); }""")

    def line(bytes_a_second, offline=False):
        cdp.send("Network.enable")
        cdp.send("Network.emulateNetworkConditions", {"offline": offline, "latency": 0, "downloadThroughput": -1,
                                                      "uploadThroughput": bytes_a_second})
    line(-1)
    return line


def test_an_upload_tells_how_far_it_is(desktop, slow):
    size = desktop.evaluate(LARGE)
    wait_for_painting(desktop, "The Starry Night")
    is_quiet(desktop)
    desktop.select_option("#size", "2048")
    is_quiet(desktop)
    slow(1 << 20)
    download(desktop)
    told = desktop.evaluate("() => window.told")
    sending = [m for m in (re.match(r"Sending ([0-9.]+) MB · (\d+)%", t) for t in told) if m]
    shares = [int(m.group(2)) for m in sending]
    assert len(shares) > 2 and shares == sorted(shares) and shares[-1] > shares[0], told
    assert any(t.startswith("Painting 2048") for t in told[told.index(next(t for t in told if t.startswith("Sending"))):])
    assert 0 < 1e6 * float(sending[0].group(1)) < 0.9 * size  # the size that is painted, not what the file has


def test_an_upload_that_breaks_is_tried_again(desktop, slow):
    desktop.evaluate(LARGE)
    wait_for_painting(desktop, "The Starry Night")
    is_quiet(desktop)
    desktop.select_option("#size", "2048")
    is_quiet(desktop)
    slow(1 << 18)
    desktop.click("#download")
    desktop.wait_for_function("() => window.told.some((t) => /Sending .*[1-9]%/.test(t))")
    slow(-1, offline=True)
    toast(desktop, "cannot be reached")
    desktop.wait_for_selector("#download:enabled")
    slow(-1)
    with desktop.expect_download():
        desktop.click("#toast-retry")
    nothing_is_said(desktop)


def test_an_upload_that_is_cancelled_ends(desktop, slow):
    desktop.evaluate(LARGE)
    wait_for_painting(desktop, "The Starry Night")
    is_quiet(desktop)
    desktop.select_option("#size", "2048")
    is_quiet(desktop)
    slow(1 << 17)
    desktop.click("#download")
    desktop.wait_for_function("() => window.told.some((t) => /Sending .*%/.test(t))")
    with desktop.expect_event("requestfailed", lambda r: r.url.endswith("/jobs")):
        desktop.click("#cancel")
    desktop.wait_for_selector("#download:enabled")
    assert "Cancelled" in desktop.inner_text("#spoken")


def test_the_brush_shows_its_size(desktop):
    take(desktop)
    desktop.click("#where")
    for value, fill in (("1", "0%"), ("20", "100%")):
        desktop.locator("#brush-size").fill(value)
        assert desktop.evaluate("() => document.getElementById('brush-size').style.getPropertyValue('--fill')") == fill
