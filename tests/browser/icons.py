"""`python -m tests.browser.icons static`: makes the icons of the installed app."""

import io
import re
import sys
from pathlib import Path
from urllib.parse import unquote

from PIL import Image
from playwright.sync_api import Page, sync_playwright

from tests.browser.conftest import chromium
from tests.conftest import ROOT

FAVICON_SIDES = [(16, 16), (32, 32), (48, 48)]
SAFE_ZONE = 0.8
"""The part of a maskable icon that no system cuts off, as a share of its side."""


def main(folder: Path) -> None:
    base = (ROOT / "templates/base.html").read_text("utf-8")
    svg = unquote(re.search(r'href="data:image/svg\+xml,([^"]+)"', base)[1])
    full_bleed = svg.replace("rx='7' ", "")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(**chromium())
        page = browser.new_page()
        for side in (192, 512):
            (folder / f"icon-{side}.png").write_bytes(picture(page, svg, side, side))
        content = picture(page, full_bleed, 512, round(512 * SAFE_ZONE), "#1d1b18")
        (folder / "icon-maskable.png").write_bytes(content)
        icon = Image.open(io.BytesIO(picture(page, svg, 192, 192)))
        icon.save(folder / "favicon.ico", sizes=FAVICON_SIDES)
        browser.close()


def picture(page: Page, svg: str, side: int, inner: int, background: str = "transparent") -> bytes:
    """The drawing as a PNG file of `side` pixels, with a margin if `inner` is smaller."""
    page.set_viewport_size({"width": side, "height": side})
    place = f"display: grid; place-items: center; height: 100vh; background: {background}"
    sized = svg.replace("<svg ", f"<svg width='{inner}' height='{inner}' ")
    page.set_content(f"<body style='margin: 0'><div style='{place}'>{sized}</div>")
    shot = Image.open(io.BytesIO(page.screenshot(omit_background=True)))
    file = io.BytesIO()
    shot.quantize(32, Image.Quantize.FASTOCTREE).save(file, "PNG", optimize=True)
    return file.getvalue()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
