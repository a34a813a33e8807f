"""What the tests of the page share; they need playwright and a Chromium."""
import shutil

import pytest
from conftest import PATIENCE, SOURCE

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
if not CHROMIUM:
    pytest.skip("Chromium is not installed", allow_module_level=True)

SIZES = {"desktop": {"viewport": {"width": 1440, "height": 900}},
         "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}}
PHOTO, ARTWORK = str(SOURCE / "examples/data/photo.jpg"), str(SOURCE / "examples/data/artwork.jpg")
PAINT = "**/api/v1/style-transfer"


def take(page, path=PHOTO, painting="The Starry Night"):
    page.set_input_files("#choose", path)
    wait_for_painting(page, painting)


def wait_for_painting(page, part):
    """Until the caption says so and what it names is painted: the name alone is there from the choice on."""
    page.wait_for_function("""(part) => {
        const caption = document.getElementById('caption').textContent, title = caption.split(' · ')[0];
        return title && caption.includes(part) && document.getElementById('after').ariaLabel.includes(title) &&
            document.getElementById('stage').ariaBusy !== 'true'; }""", arg=part)


def until(page, condition):
    for _ in range(20 * PATIENCE):
        if condition():
            return
        page.wait_for_timeout(50)
    raise AssertionError("it did not happen")


def is_quiet(page):
    """Waits until nothing is asked of the server any more."""
    page.wait_for_function("() => document.getElementById('stage').ariaBusy === 'false' && "
                           "performance.getEntriesByName('thumbnails').length > 0")


def see_all(page):
    """Scrolls through the gallery, until each style is tried on the photograph: it is when its card is seen."""
    for card in page.locator("#gallery .style").all():
        card.scroll_into_view_if_needed()
    page.wait_for_function("() => document.querySelectorAll('#gallery .style.painted').length === "
                           "document.querySelectorAll('#gallery .style').length")
    page.locator("#gallery .style").first.scroll_into_view_if_needed()


def pixels(page):
    """A few pixels of the painting as it is shown."""
    return page.evaluate("""() => { const c = document.getElementById('after');
        return Array.from(c.getContext('2d').getImageData(0, c.height >> 1, c.width, 1).data); }""")


def toast(page, part):
    page.wait_for_function("(t) => document.getElementById('toast-text').textContent.includes(t)", arg=part)


def download(page):
    with page.expect_download() as saved:
        page.click("#download")
    with open(saved.value.path(), "rb") as f:
        return saved.value.suggested_filename, f.read()
