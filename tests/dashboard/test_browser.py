"""The pages in a real browser: nothing of the history runs, all of it can be read, and what is new appears by itself."""

import os
from pathlib import Path

import pytest

from .browsing import Visit, browser, needs_chromium
from .conftest import CELL, EVIL, SESSION, SILENT, SUGGESTION, decide, records

axe = pytest.importorskip("axe_playwright_python.sync_playwright", reason="axe is not installed")
__all__ = ["browser"]
pytestmark = needs_chromium
PAGES = {
    "overview": "/",
    "cell": f"/cell/{CELL}",
    "suggestion": f"/suggestion/{SUGGESTION}",
    "silent": f"/suggestion/{SILENT}",
    "session": f"/session/{SESSION}",
    "example": "/example/{example}",
    "sessions": "/sessions",
    "suggestions": "/suggestions",
}


@pytest.fixture(params=["light", "dark"])
def scheme(request):
    return request.param


@pytest.fixture
def visit(browser, site, scheme):
    made = Visit(browser, site, scheme)
    yield made
    made.context.close()


def test_every_page_can_be_used_by_everybody_and_runs_nothing_of_the_history(visit, site, scheme):
    """By axe's rules for WCAG 2.1 A and AA; screenshots go where GHOSTCELLS_SCREENSHOTS says."""
    folder = os.environ.get("GHOSTCELLS_SCREENSHOTS")
    checker = axe.Axe()
    options = {"runOnly": {"type": "tag", "values": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa"]}}
    for name, path in PAGES.items():
        page = visit.go(path.format(example=site.example))
        assert "stolen" not in page.title()
        if folder:
            page.screenshot(path=str(Path(folder) / f"{name}-{scheme}.png"), full_page=True)
        found = checker.run(page, options=options)
        assert found.violations_count == 0, f"{name}: {found.generate_report()}"
    assert not visit.complaints


@pytest.mark.parametrize("scheme", ["light"], indirect=True)
def test_from_the_first_page_to_a_prompt_in_two_clicks(visit):
    page = visit.go("/suggestions")
    page.locator("tbody a").click()
    assert page.get_by_role("group", name="What was sent").inner_text() == f"prompt {EVIL}"
    page.get_by_role("link", name=CELL).click()
    assert page.get_by_role("heading", level=1).inner_text() == f"Cell {CELL}"


@pytest.mark.parametrize("scheme", ["light"], indirect=True)
def test_what_happens_while_the_page_is_open_appears(visit, site):
    page = visit.go("/sessions")
    assert page.locator("tbody tr").count() == 1
    page.get_by_text("Sessions").first.wait_for()
    site.apart(lambda data: data.append(records()[:1]))
    page.get_by_text("updated").wait_for(timeout=10_000)
    page = visit.go("/")
    charts = page.locator(".chart svg")
    assert charts.count() == 5
    assert charts.first.evaluate("chart => getComputedStyle(chart.querySelector('.axis text')).fontSize") == "12px"
    assert not visit.complaints


@pytest.mark.parametrize("scheme", ["light"], indirect=True)
def test_why_nothing_was_suggested_appears_too(visit, site):
    page = visit.go("/")
    told = page.get_by_role("group", name="Decisions").locator("tbody tr")
    before = told.count()
    decide(site.logs)
    page.get_by_text("updated").wait_for(timeout=10_000)
    assert told.count() > before
    assert not visit.complaints


@pytest.mark.parametrize("scheme", ["light"], indirect=True)
def test_forgetting_asks_first(visit, site):
    page = visit.go("/")
    forget = page.get_by_role("button", name="Forget").first
    page.once("dialog", lambda asked: asked.dismiss())
    forget.click()
    assert site.known() is not None
    page.once("dialog", lambda asked: asked.accept())
    forget.click()
    page.wait_for_load_state()
    page.get_by_text("There are none yet.").first.wait_for()
    assert site.known() is None
