"""A browser for tests of the pages, or a reason to skip them."""

import shutil

import pytest

playwright = pytest.importorskip("playwright.sync_api", reason="playwright is not installed")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
needs_chromium = pytest.mark.skipif(
    CHROMIUM is None, reason="there is no Chromium (Debian and Ubuntu: apt install chromium)"
)


@pytest.fixture(scope="module")
def browser():
    with playwright.sync_playwright() as started:
        made = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox", "--disable-dev-shm-usage"])
        yield made
        made.close()


class Visit:
    """A page that has been let in, with what the browser complained of."""

    def __init__(self, browser, site, scheme="light"):
        self.complaints = []
        self.context = browser.new_context(color_scheme=scheme, viewport={"width": 1280, "height": 900})
        self.page = self.context.new_page()
        self.page.on("console", lambda said: self.complaints.append(said.text) if said.type == "error" else None)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.base = f"http://127.0.0.1:{site.port}"
        self.page.goto(site.server.link)
        self.page.wait_for_url(f"{self.base}/")

    def go(self, path):
        self.page.goto(self.base + path, wait_until="load")
        return self.page
