"""Installing the site as an app, and the page that it shows while the server is away."""

import io

import pytest
from PIL import Image
from playwright.sync_api import Error, expect


@pytest.fixture
def installed(open_page):
    """The drawing page, once its service worker is in charge."""
    page = open_page(expect_errors=True)
    page.evaluate("navigator.serviceWorker.ready.then(({ active }) => active.state)")
    return page


def test_while_the_server_is_away_a_page_says_so_and_goes_on_once_it_is_back(installed, site):
    site.stop()
    installed.goto(f"{site.url}/models")
    expect(installed.locator("h1")).to_have_text("The server is away")
    expect(installed.locator("svg")).to_be_visible()
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    assert installed.evaluate(paper) == "rgb(250, 248, 243)"  # its style is there too
    another = installed.context.new_page()
    with pytest.raises(Error, match="ERR_CONNECTION_REFUSED"):
        another.goto(f"{site.url}/admin/")
    assert (
        installed.evaluate("fetch('/api/v1/models').then(() => 'an answer', () => 'none')")
        == "none"
    )
    site.start()
    installed.evaluate("dispatchEvent(new Event('online'))")
    expect(installed.locator("h1")).to_have_text("Models")


def test_nothing_is_kept_but_the_page_for_a_server_that_is_away(installed, site):
    for path in ("/models", "/admin/login", "/"):
        installed.goto(site.url + path)
    kept = installed.evaluate(
        """async () => {
        const names = await caches.keys();
        const all = await Promise.all(names.map(async (name) => (await caches.open(name)).keys()));
        return all.flat().map(({ url }) => new URL(url).pathname.split("/").at(-1)).sort();
        }"""
    )
    assert kept == ["inkling.css", "offline", "offline.css", "offline.js", "theme.js"]
    site.requests.clear()
    installed.goto(f"{site.url}/models")
    assert "/models" in site.requests  # from the server, not from what is kept


def test_the_manifest_names_icons_of_their_sizes(client):
    manifest = client.get("/manifest.webmanifest")
    assert manifest.mimetype == "application/manifest+json"
    assert client.get(manifest.json["start_url"]).status_code == 200
    sizes = set()
    for icon in manifest.json["icons"]:
        picture = Image.open(io.BytesIO(client.get(icon["src"]).data))
        assert f"{picture.width}x{picture.height}" == icon["sizes"]
        sizes.add(picture.width)
    assert {192, 512} <= sizes
    favicon = client.get("/favicon.ico", follow_redirects=True)
    assert Image.open(io.BytesIO(favicon.data)).size == (48, 48)


def test_the_policy_lets_browsers_read_the_manifest_and_start_the_worker(client):
    page = client.get("/")
    policy = page.headers["Content-Security-Policy"]
    assert "manifest-src 'self'" in policy
    assert "worker-src 'self'" in policy
    assert 'rel="manifest"' in page.text
    assert 'name="theme-color"' in page.text
    worker = client.get("/service-worker.js")
    assert (worker.mimetype, worker.headers["Cache-Control"]) == ("text/javascript", "no-cache")
