"""`make screenshots`: takes the README's screenshots from the running app."""

import sys
import tempfile
from pathlib import Path

import numpy as np
from playwright.sync_api import sync_playwright

from tests.browser.conftest import DESKTOP, Site, answered, chromium, draw
from trainer.data.datasets import synthetic


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
