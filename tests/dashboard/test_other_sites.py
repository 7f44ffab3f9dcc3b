"""What other pages in the same browser can do with a dashboard that the user has open: nothing.

A server on another port of 127.0.0.1 is of the same site as browsers see it, so it is sent our cookie, and only what we check
keeps it out; `localhost` is another site.
"""

import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from .browsing import Visit, browser, needs_chromium
from .conftest import EVIL

__all__ = ["browser"]
pytestmark = needs_chromium


class Stranger:
    """A server of somebody else: answers every path with one page, and keeps what it was asked with."""

    def __init__(self):
        self.page = ""
        self.asked = []
        stranger = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                stranger.asked.append((self.path, dict(self.headers)))
                self.send_response(200)
                self.send_header("content-type", "text/html")
                self.end_headers()
                self.wfile.write(f"<!doctype html><title>stranger</title>{stranger.page}".encode())

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.thread = threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.05})
        self.thread.start()

    def at(self, host):
        return f"http://{host}:{self.server.server_address[1]}/"

    def close(self):
        self.server.shutdown()
        self.server.server_close()
        self.thread.join()


@pytest.fixture
def stranger():
    made = Stranger()
    yield made
    made.close()


@pytest.fixture
def visit(browser, site):
    made = Visit(browser, site)
    yield made
    made.context.close()


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_another_page_cannot_forget_what_was_learned(visit, site, stranger, host):
    stranger.page = (
        f"<form method=post action='{visit.base}/examples/{site.example}/forget'><button>win</button></form>"
    )
    visit.page.goto(stranger.at(host))
    with visit.page.expect_navigation() as refused:
        visit.page.get_by_role("button").click()
    assert refused.value.status == 403
    assert site.known() is not None


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_another_page_cannot_read_ours(visit, stranger, host):
    visit.page.goto(stranger.at(host))
    asking = """async address => {
      const answers = [];
      for (const mode of ['cors', 'no-cors'])
        answers.push(await fetch(address, { mode, credentials: 'include' }).then(found => found.text(), () => 'refused'));
      const script = document.createElement('script');
      script.src = address + 'static/app.js';
      answers.push(await new Promise(seen => {
        script.onload = () => seen('loaded');
        script.onerror = () => seen('refused');
        document.body.append(script);
      }));
      return answers;
    }"""
    assert visit.page.evaluate(asking, f"{visit.base}/") == ["refused", "refused", "refused"]


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost"])
def test_another_page_cannot_put_ours_into_a_frame(visit, stranger, host):
    stranger.page = f"<iframe src='{visit.base}/'></iframe>"
    visit.page.goto(stranger.at(host))
    visit.page.wait_for_load_state()
    assert "Overview" not in visit.page.frames[-1].content()


def test_the_link_works_when_it_is_clicked_on_another_site(browser, site, stranger):
    """A terminal in a web page is another site: browsers keep a strict cookie back on the way from there."""
    stranger.page = f"<a href='{site.server.link}'>dashboard</a>"
    context = browser.new_context()
    page = context.new_page()
    page.goto(stranger.at("localhost"))
    page.get_by_role("link").click()
    page.get_by_role("heading", name="Overview", exact=True).wait_for(timeout=10_000)
    page.wait_for_url("**/")
    page.reload()
    page.get_by_role("heading", name="Overview", exact=True).wait_for(timeout=10_000)
    page.get_by_role("link", name="Sessions").click()
    page.get_by_role("heading", name="Sessions", exact=True).wait_for(timeout=10_000)
    context.close()


def test_the_token_is_kept_nowhere(browser, site, stranger):
    """Neither where the browser goes back to, nor in what other servers are told of where it came from."""
    visit = Visit(browser, site)
    token = site.server.link.partition("token=")[2]
    visit.page.get_by_role("heading", name="Overview", exact=True).wait_for()
    assert token not in visit.page.content()
    assert token not in visit.page.url
    visit.page.evaluate("address => { location.href = address; }", stranger.at("127.0.0.1"))
    visit.page.wait_for_url(stranger.at("127.0.0.1"))
    path, headers = stranger.asked[0]
    assert path == "/"
    assert "referer" not in {name.lower() for name in headers}
    visit.page.go_back()
    assert token not in visit.page.url
    visit.context.close()


def test_what_looks_like_markup_runs_nowhere_in_a_file_either(browser, site, tmp_path):
    """`--html` makes files: they have no server whose policy would hold."""
    from ghostcells.app.stories import Stories
    from ghostcells.dashboard.pages import document

    from .conftest import CELL

    def told(data):
        return document("cell", story=Stories(data.still, data.examples, tmp_path).cell(CELL))

    file = tmp_path / "cell.html"
    file.write_text(site.apart(told).replace("</main>", f"{EVIL}</main>"), encoding="utf-8")
    context = browser.new_context()
    page = context.new_page()
    page.goto(file.as_uri())
    assert page.title().startswith("Cell ")
    context.close()
