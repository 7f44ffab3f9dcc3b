"""How long a browser takes to show the first page of the dashboard, over a history as `bench_views.py --keep DIR` makes it.

    .venv/bin/python benchmarks/bench_pages.py DIR [--first 7] [--rounds 20]

A real `ghostcells dashboard` and a headless Chromium. A first visit follows the link as a user does, when neither side has
done anything yet; the others come again. Milliseconds from the start of the navigation, by the browser's own clock (for the
first visits also from the click, by ours): the first byte, the document parsed (the charts are
part of it), everything loaded, the first paint with content. On a machine that others use, take real-time priority
(`chrt -f 5`); both sides inherit it.
"""

import argparse
import contextlib
import json
import shutil
import statistics
import subprocess
import sys
import time

from playwright.sync_api import sync_playwright

TIMES = """async () => {
  await new Promise(seen => new PerformanceObserver(list =>
    list.getEntriesByName('first-contentful-paint').length && seen()).observe({type: 'paint', buffered: true}));
  const page = performance.getEntriesByType('navigation')[0];
  const paint = performance.getEntriesByName('first-contentful-paint')[0];
  return {'first byte': page.responseStart, 'parsed': page.domContentLoadedEventEnd, 'loaded': page.loadEventEnd,
          'first paint': paint.startTime, 'charts': document.querySelectorAll('.chart svg').length,
          'KiB': page.encodedBodySize / 1024};
}"""


def visit(page, address):
    page.goto(address, wait_until="load")
    return page.evaluate(TIMES)


def line(name, seen):
    print(f"{name:<20} " + "  ".join(f"{what} {value:.0f}" for what, value in seen.items()), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("directory")
    parser.add_argument("--first", type=int, default=7, help="how many first visits, each of a new server and browser")
    parser.add_argument("--rounds", type=int, default=20, help="how often the last of them comes again")
    options = parser.parse_args()
    firsts = []
    for number in range(options.first):
        last = number == options.first - 1
        with serving(options.directory) as link, browsing() as page:
            firsts.append(first_visit(page, link))
            again = [visit(page, f"{link.partition('/enter')[0]}/") for _ in range(options.rounds)] if last else []
    for name, seen in (("first visits", firsts), ("again", again)):
        for kind, pick in (("median", statistics.median), ("worst", max)):
            line(f"{name}, {kind}", {what: pick([one[what] for one in seen]) for what in seen[0]})


@contextlib.contextmanager
def serving(directory):
    command = [sys.executable, "-m", "ghostcells", "dashboard", "--no-browser", "--json", "--data-dir", directory]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield json.loads(server.stdout.readline())["link"]
        finally:
            server.terminate()


@contextlib.contextmanager
def browsing():
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        yield browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        browser.close()


def first_visit(page, link):
    begun = time.perf_counter()
    page.goto(link, wait_until="commit")
    page.wait_for_url(f"{link.partition('/enter')[0]}/")
    seen = page.evaluate(TIMES)
    return {**seen, "from the click to the paint": 1000 * (time.perf_counter() - begun)}


if __name__ == "__main__":
    main()
