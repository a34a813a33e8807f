#!/usr/bin/env python3
"""Photographs the page of stylize-server for the guides: docs/images/page.webp, page-zh.webp and page-phone.webp.

    page_images.py [--server build/release/bin/stylize-server] [--out docs/images]

Needs playwright, Pillow, a Chromium and a font with Chinese characters (fonts-noto-cjk)."""

import argparse
import io
import pathlib
import shutil
import subprocess

from PIL import Image
from playwright.sync_api import Page, sync_playwright

ROOT = pathlib.Path(__file__).resolve().parents[2]
PHOTO = ROOT / "examples" / "data" / "photo.jpg"
DESKTOP = {"viewport": {"width": 1280, "height": 800}}
PHONE = {"viewport": {"width": 390, "height": 780}, "is_mobile": True, "has_touch": True, "device_scale_factor": 1.25}
GAP = 18
QUALITY = 88


def quiet(page: Page) -> None:
    page.wait_for_function("() => document.getElementById('stage').ariaBusy === 'false' && "
                           "performance.getEntriesByName('thumbnails').length > 0")
    page.wait_for_timeout(1200)  # the sweep from photograph to painting


def opened(browser, url: str, size: dict, **more) -> Page:
    page = browser.new_context(**size, **more).new_page()
    page.set_default_timeout(180000)
    page.goto(url)
    page.set_input_files("#choose", str(PHOTO))
    quiet(page)
    return page


def choose(page: Page, style: str) -> None:
    page.click(f"#gallery [data-id={style}]")
    quiet(page)


def compare(page: Page, percent: int) -> None:
    page.evaluate("""(v) => { const c = document.getElementById('compare'); c.value = v; c.dispatchEvent(new Event('input')); }""",
                  percent)


def shot(page: Page) -> Image.Image:
    return Image.open(io.BytesIO(page.screenshot())).convert("RGB")


def desktop(browser, url: str, locale: str, style: str) -> Image.Image:
    page = opened(browser, url, DESKTOP, locale=locale)
    choose(page, style)
    compare(page, 46)
    return shot(page)


def phones(browser, url: str) -> Image.Image:
    chosen = opened(browser, url, PHONE)
    choose(chosen, "mondrian")
    chosen.evaluate("() => window.scrollTo(0, 0)")
    blend = opened(browser, url, PHONE, color_scheme="dark")
    blend.click("#tab-blend")
    for style in ("scream", "great_wave"):
        blend.click(f"#blend-grid [data-id={style}]")
    quiet(blend)
    compare(blend, 50)
    blend.evaluate("() => document.getElementById('pad').scrollIntoView({ block: 'center' })")
    blend.wait_for_timeout(500)
    part = opened(browser, url, PHONE)
    choose(part, "great_wave")
    part.click("#where")
    part.fill("#brush-size", "16")
    box = part.locator("#brush-area").bounding_box()
    part.mouse.move(box["x"] + 0.62 * box["width"], box["y"] + 0.3 * box["height"])
    part.mouse.down()
    for x, y in ((0.5, 0.4), (0.7, 0.55), (0.6, 0.65), (0.8, 0.4), (0.72, 0.25), (0.6, 0.5)):
        part.mouse.move(box["x"] + x * box["width"], box["y"] + y * box["height"], steps=8)
    part.mouse.up()
    screens = [shot(p) for p in (chosen, blend, part)]
    width, height = screens[0].size
    image = Image.new("RGB", (3 * width + 2 * GAP, height), "white")
    for i, screen in enumerate(screens):
        image.paste(screen, (i * (width + GAP), 0))
    return image


def main() -> None:
    p = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    p.add_argument("--server", type=pathlib.Path, default=ROOT / "build/release/bin/stylize-server")
    p.add_argument("--out", type=pathlib.Path, default=ROOT / "docs/images")
    a = p.parse_args()
    server = subprocess.Popen([a.server, "--listen", "127.0.0.1:0"], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True)
    try:
        line = next(l for l in server.stdout if "listening on" in l)
        url = f"http://127.0.0.1:{line.split('port ')[1].split(chr(34))[0]}/"
        with sync_playwright() as tool:
            browser = tool.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
            images = {"page": desktop(browser, url, "en-GB", "starry_night"), "page-zh": desktop(browser, url, "zh-CN", "scream"),
                      "page-phone": phones(browser, url)}
            browser.close()
        for name, image in images.items():
            image.save(a.out / f"{name}.webp", quality=QUALITY)
    finally:
        server.terminate()
        server.wait()


if __name__ == "__main__":
    main()
