"""Messages of the page: where they stand, when they go; and what is sent over a slow line."""
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


def test_the_brush_shows_its_size(desktop):
    take(desktop)
    desktop.click("#where")
    for value, fill in (("1", "0%"), ("20", "100%")):
        desktop.locator("#brush-size").fill(value)
        assert desktop.evaluate("() => document.getElementById('brush-size').style.getPropertyValue('--fill')") == fill
