"""`make screenshots`: takes the README's screenshots from the running app, and paints the picture
that other sites show beside a link to a page (Open Graph)."""

import sys
import tempfile
from io import BytesIO
from pathlib import Path

import numpy as np
from PIL import Image
from playwright.sync_api import Browser, sync_playwright

from tests.browser.conftest import DESKTOP, Site, answered, chromium, draw
from tests.browser.examples import examples
from trainer.data.datasets import synthetic

OPEN_GRAPH = """<body style="margin: 0; background: #faf8f3; color: #1d1b18">
<svg viewBox="0 0 1200 630" width="1200" height="630">
  <rect x="70" y="65" width="500" height="500" rx="16" fill="#fffefb" stroke="#dcd6c9"/>
  <g transform="translate(20 15) scale(.6)" fill="none" stroke="currentColor" stroke-width="46"
    stroke-linecap="round" stroke-linejoin="round">{strokes}</g>
  <text x="650" y="175" font-family="Georgia, Noto Serif, serif" font-size="104"
    font-style="italic" font-weight="600">Inkling</text>
  <text x="650" y="235" font-family="Noto Sans, sans-serif" font-size="34"
    fill="#655f55">reads handwritten digits</text>
  {bars}
</svg></body>"""


def open_graph(browser: Browser) -> Image.Image:
    strokes = "".join(f'<path d="{path}"/>' for path in examples()["7"])
    bars = "".join(
        f'<text x="650" y="{295 + 30 * digit}" font-family="Noto Sans, sans-serif" '
        f'font-size="22" fill="#655f55">{digit}</text><rect x="685" y="{280 + 30 * digit}" rx="4" '
        f'height="14" width="{430 if digit == 7 else 430 * 0.02}" '
        f'fill="{"#2a4d9b" if digit == 7 else "#8a8377"}"/>'
        for digit in range(10)
    )
    page = browser.new_page(viewport={"width": 1200, "height": 630})
    page.set_content(OPEN_GRAPH.format(strokes=strokes, bars=bars))
    picture = Image.open(BytesIO(page.screenshot())).convert("RGB")
    return picture.quantize(64, dither=Image.Dither.NONE)


def main(folder: Path) -> None:
    rng = np.random.default_rng(3)
    seven = next(
        lines
        for lines in iter(lambda: synthetic.synthetic_strokes(7, rng), None)
        if len(lines) == 2
    )
    with tempfile.TemporaryDirectory() as home, sync_playwright() as playwright:
        site = Site(home)
        browser = playwright.chromium.launch(**chromium())
        open_graph(browser).save(folder.parent / "static" / "open-graph.png", optimize=True)
        for scheme in ("light", "dark"):
            page = browser.new_page(**DESKTOP, color_scheme=scheme, locale="en-US")
            page.goto(site.url)
            draw(page, seven)
            answered(page, 7)
            page.wait_for_timeout(500)
            page.screenshot(path=folder / f"inkling-{scheme}.png")
        browser.close()
        site.stop()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
