"""How long a browser takes to show the first page of the dashboard, over a history as `bench_views.py --keep DIR` makes it.

    .venv/bin/python benchmarks/bench_pages.py DIR [--rounds 20]

A real `ghostcells dashboard` and a headless Chromium. The first visit follows the link as a user does, when neither side has
done anything yet; the others come again. Milliseconds from the start of the navigation, by the browser's own clock (for the
first visit also from the click, by ours, with the page that lets one in): the first byte, the document parsed (the charts are
part of it), everything loaded, the first paint with content. On a machine that others use, take real-time priority
(`chrt -f 5`); both sides inherit it.
"""

import argparse
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
    print(f"{name:<12} " + "  ".join(f"{what} {value:.0f}" for what, value in seen.items()), flush=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("directory")
    parser.add_argument("--rounds", type=int, default=20)
    options = parser.parse_args()
    command = [
        sys.executable,
        "-m",
        "ghostcells",
        "dashboard",
        "--no-browser",
        "--json",
        "--data-dir",
        options.directory,
    ]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            measure(json.loads(server.stdout.readline())["link"], options.rounds)
        finally:
            server.terminate()


def measure(link, rounds):
    with sync_playwright() as started:
        browser = started.chromium.launch(executable_path=shutil.which("chromium"), args=["--no-sandbox"])
        page = browser.new_context(viewport={"width": 1280, "height": 900}).new_page()
        first = f"{link.partition('/enter')[0]}/"
        begun = time.perf_counter()
        page.goto(link, wait_until="commit")
        page.wait_for_url(first)
        seen = page.evaluate(TIMES)
        line("first visit", {**seen, "from the click to the paint": 1000 * (time.perf_counter() - begun)})
        again = [visit(page, first) for _ in range(rounds)]
        for name, pick in (("median", statistics.median), ("worst", max)):
            line(name, {what: pick([one[what] for one in again]) for what in again[0]})
        browser.close()


if __name__ == "__main__":
    main()
