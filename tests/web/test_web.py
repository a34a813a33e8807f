"""The site of tools/platforms/web.sh: the same paintings as the portable engine of this machine, and the page in a
browser. WEB_SITE, WEB_NATIVE and SCREENSHOTS (may be empty) are of the environment."""
import functools
import http.server
import os
import pathlib
import shutil
import subprocess
import threading

import pytest

HERE = pathlib.Path(__file__).resolve().parent
SITE, NATIVE = pathlib.Path(os.environ["WEB_SITE"]), os.environ["WEB_NATIVE"]
PHOTO = HERE.parents[1] / "apps/server/page/example.jpg"
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DEADLINE = 120_000  # milliseconds until something is taken for hung
SIZES = {"desktop": {"viewport": {"width": 1280, "height": 900}},
         "phone": {"viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True}}


def picture(width: int, height: int) -> bytes:
    """Edges, gradients and noise, with an alpha that varies."""
    out, noise = bytearray(), 1
    for y in range(height):
        for x in range(width):
            noise = noise * 1103515245 + 12345 & 0x7FFFFFFF
            edge = 255 if (x // 9 + y // 7) % 2 else 0
            out += bytes((x * 255 // width, edge, noise >> 16 & 255, 255 - y % 3))
    return bytes(out)


def native(pixels: bytes, width: int, height: int, style: str, strength: float, size: int) -> bytes:
    done = subprocess.run([NATIVE, str(SITE), str(width), str(height), style, str(strength), str(size)], input=pixels,
                          capture_output=True, check=True, env={**os.environ, "STYLIZE_CPU": "portable"})
    return done.stdout


CASES = [(96, 64, "starry_night", 1, 0), (61, 83, "great_wave", 0.5, 0), (200, 150, "udnie", 1, 128)]


@pytest.mark.parametrize("width,height,style,strength,size", CASES)
def test_node_paints_what_this_machine_paints(width, height, style, strength, size):
    if not shutil.which("node"):
        pytest.skip("node is not installed")
    pixels = picture(width, height)
    done = subprocess.run(["node", "--no-warnings", str(HERE / "paint.mjs"), str(SITE), str(width), str(height), style,
                           str(strength), str(size), "1"], input=pixels, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr[-300:]
    assert done.stdout == native(pixels, width, height, style, strength, size)


def test_it_is_the_painting_of_the_command(tmp_path):
    """Which shares no line with engine.c. Its caches may be of another size, and sums then end by a level elsewhere."""
    image = pytest.importorskip("PIL.Image", reason="Pillow is not installed")
    width, height = 120, 90
    content = image.frombytes("RGBA", (width, height), picture(width, height))
    content.save(tmp_path / "in.png")
    subprocess.run([os.environ["WEB_COMMAND"], str(tmp_path / "in.png"), "-s", "starry_night", "--precision", "int8", "-o",
                    str(tmp_path / "out.png")], check=True, capture_output=True,
                   env={**os.environ, "STYLIZE_CPU": "portable", "STYLIZE_STYLES": ""})
    wanted = image.open(tmp_path / "out.png").convert("RGBA").tobytes()
    painted = native(content.tobytes(), width, height, "starry_night", 1, 0)
    assert len(painted) == len(wanted)
    assert max(abs(a - b) for a, b in zip(painted, wanted)) <= 1


class Handler(http.server.SimpleHTTPRequestHandler):
    extensions_map = {**http.server.SimpleHTTPRequestHandler.extensions_map, ".mjs": "text/javascript",
                      ".js": "text/javascript", ".wasm": "application/wasm"}

    def log_message(self, *args):
        pass


@pytest.fixture(scope="module")
def address():
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=SITE))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_port}/"
    server.shutdown()


@pytest.fixture(scope="module")
def chromium():
    playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
    if not CHROMIUM:
        pytest.skip("Chromium is not installed")
    with playwright.sync_playwright() as p:
        browser = p.chromium.launch(executable_path=CHROMIUM, args=[
            "--no-sandbox", "--disable-dev-shm-usage", "--use-fake-device-for-media-stream",
            "--use-fake-ui-for-media-stream"])
        yield browser
        browser.close()


@pytest.fixture
def page(chromium, address, request):
    context = chromium.new_context(**SIZES[getattr(request, "param", "desktop")], locale="en-GB")
    page = context.new_page()
    page.set_default_timeout(DEADLINE)
    page.problems, page.asked = [], []
    page.on("console", lambda m: m.type in ("error", "warning") and page.problems.append(m.text))
    page.on("pageerror", lambda e: page.problems.append(str(e)))
    page.on("request", lambda r: page.asked.append((r.method, r.url)))
    page.goto(address)
    yield page
    assert page.problems == []
    assert all(m == "GET" and u.startswith((address, "blob:", "data:")) for m, u in page.asked)  # nothing leaves it
    context.close()


def wait(page, condition):
    """By asking: the page's policy forbids the eval that wait_for_function is made of."""
    for _ in range(DEADLINE // 50):
        if page.evaluate(condition):
            return
        page.wait_for_timeout(50)
    raise AssertionError(f"it did not happen in time: {condition}; the page says {page.inner_text('#state')}")


def wait_painted(page):
    wait(page, "/Painted|用时/.test(document.getElementById('state').textContent)")


def wait_thumbnails(page):
    wait(page, """[...document.querySelectorAll('#styles canvas')].length > 0 &&
        [...document.querySelectorAll('#styles canvas')].every((c) => c.width !== 300)""")


def after(page) -> str:
    return page.evaluate("document.getElementById('after').toDataURL()")


def shot(page, name):
    if os.environ.get("SCREENSHOTS"):
        page.screenshot(path=f"{os.environ['SCREENSHOTS']}/{name}.png")


def test_the_package_paints_what_this_machine_paints(page):
    width, height, style, strength, _ = CASES[1]
    pixels = picture(width, height)
    out = page.evaluate("""async ([pixels, width, height, style, strength]) => {
        const { Stylizer } = await import('/stylize.js');
        const stylizer = await Stylizer.load();
        const image = new ImageData(new Uint8ClampedArray(pixels), width, height);
        const [one, two] = await Promise.all([stylizer.stylize(image, { style, strength }),
                                              stylizer.stylize(image, { style: 'none' }).catch((e) => e)]);
        const copy = Array.from(image.data); // the picture is still the caller's
        stylizer.close();
        const closed = await stylizer.stylize(image, { style }).catch((e) => e.message);
        return { pixels: Array.from(one.data), width: one.width, height: one.height, error: two.message,
                 name: two.name, same: copy.every((v, i) => v === pixels[i]), closed, count: stylizer.styles.length };
    }""", [list(pixels), width, height, style, strength])
    assert (out["width"], out["height"]) == (width, height)
    assert bytes(out["pixels"]) == native(pixels, width, height, style, strength, 0)
    assert out["name"] == "StylizeError" and "none" in out["error"]
    assert out["same"] and out["closed"] == "closed" and out["count"] >= 16


@pytest.mark.parametrize("page", ["desktop", "phone"], indirect=True)
def test_a_photograph_is_painted_in_every_style(page, request):
    wait_painted(page)
    wait_thumbnails(page)
    first = after(page)
    page.click("#styles button[data-style=great_wave]")
    wait(page, "document.getElementById('state').textContent.includes('Painting')")
    wait_painted(page)
    assert after(page) != first
    page.fill("#compare", "40")
    shot(page, f"web-{request.node.callspec.params['page']}")
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.fill("#strength", "50")
    assert page.evaluate("getComputedStyle(document.getElementById('after')).opacity") == "0.5"
    with page.expect_download() as download:
        page.click("#download")
    assert download.value.suggested_filename == "great_wave.png"
    assert pathlib.Path(download.value.path()).read_bytes().startswith(b"\x89PNG")
    page.set_input_files("#file", str(PHOTO))
    wait_painted(page)


def test_a_file_that_is_no_picture_is_said(page):
    wait_painted(page)
    page.set_input_files("#file", str(HERE / "test_web.py"))
    wait(page, "document.getElementById('state').textContent.includes('not a picture')")


def test_chinese(page):
    wait_painted(page)
    wait_thumbnails(page)
    page.select_option("#language", "zh")
    assert page.get_attribute("html", "lang") == "zh"
    assert "不会上传" in page.inner_text("header")
    assert "神奈川" in page.inner_text("#styles")
    shot(page, "web-zh")


def test_it_works_without_a_network(page):
    wait_painted(page)
    page.evaluate("navigator.serviceWorker.ready.then(() => true)")
    wait(page, "navigator.serviceWorker.controller !== null")
    page.context.set_offline(True)
    page.reload()
    wait_painted(page)
    page.click("#styles button[data-style=udnie]")
    wait(page, "document.querySelector('[data-style=udnie]').ariaPressed === 'true'")
    wait_painted(page)
    shot(page, "web-offline")


def test_the_camera_is_painted_live(page):
    wait_painted(page)
    page.click("#camera")
    wait(page, "document.getElementById('state').textContent.includes('frames a second')")
    page.wait_for_timeout(3000)
    print("camera:", page.inner_text("#state"))
    shot(page, "web-camera")
    page.click("#camera")
    wait(page, "!document.getElementById('video').srcObject")
