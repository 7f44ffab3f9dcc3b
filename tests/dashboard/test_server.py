"""Who may see the pages and change what was learned; and what the pages tell."""

import http.client
import socket

import pytest

from .conftest import CELL, RAN, SESSION, SILENT, SUGGESTION, decide, records

PAGES = ("/", f"/cell/{CELL}", f"/suggestion/{SUGGESTION}", f"/suggestion/{SILENT}", f"/session/{SESSION}", "/sessions",
         "/suggestions")  # fmt: skip


# Who may ask


def test_the_link_works_once(site):
    path = site.server.link.partition(f":{site.port}")[2]
    assert site.ask("/")[0] == 401
    site.enter()
    assert site.ask("/")[0] == 200
    assert site.ask(path, cookie=False)[0] == 403


def test_the_link_shows_the_first_page_at_once(site):
    """Without a page in between: that costs a browser that has just been started as much as the rest."""
    status, _, text = site.ask(site.server.link.partition(f":{site.port}")[2])
    assert status == 200
    assert "<h1>Overview</h1>" in text
    assert site.server.link.partition("token=")[2] not in text


def test_who_is_in_already_comes_to_the_first_page_by_a_used_link_too(site):
    path = site.server.link.partition(f":{site.port}")[2]
    site.enter()
    status, headers, _ = site.ask(path)
    assert (status, headers["location"]) == (303, "/")


def test_a_wrong_token_lets_nobody_in_and_is_not_the_end_of_the_right_one(site):
    assert site.ask("/enter?token=guess")[0] == 403
    assert site.ask("/enter")[0] == 403
    assert site.enter().ask("/")[0] == 200


def test_the_cookie_is_for_this_site_and_no_script(site):
    _, headers, _ = site.ask(site.server.link.partition(f":{site.port}")[2])
    said = headers["set-cookie"].lower()
    assert "httponly" in said
    assert "samesite=strict" in said


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}"])
def test_another_name_for_this_machine_is_refused(site, host):
    """DNS rebinding: a name of another site that has come to mean this machine."""
    site.enter()
    assert site.ask("/", host=host.format(port=site.port))[0] == 421


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "http://127.0.0.1:1", "https://127.0.0.1:{port}"])
@pytest.mark.parametrize("method", ["GET", "POST"])
def test_another_site_may_not_ask(site, origin, method):
    site.enter()
    path = "/" if method == "GET" else f"/examples/{site.example}/forget"
    status, _, _ = site.ask(path, method, Origin=origin.format(port=site.port))
    assert status == 403
    assert site.known() is not None


@pytest.mark.parametrize(
    "headers",
    [{}, {"Origin": "http://127.0.0.1:{port}", "Sec_Fetch_Site": "cross-site"}],
    ids=["no-origin", "cross-site"],
)
def test_a_change_comes_from_a_page_of_ours(site, headers):
    site.enter()
    given = {name: value.format(port=site.port) for name, value in headers.items()}
    assert site.ask(f"/examples/{site.example}/forget", "POST", **given)[0] == 403
    assert site.known() is not None


def test_a_change_needs_the_cookie(site):
    assert site.change(f"/examples/{site.example}/forget")[0] == 401


@pytest.mark.parametrize("path", [*PAGES, "/nowhere", "/static/app.js", "/enter"])
def test_every_answer_has_the_policy(site, path):
    site.enter()
    _, headers, _ = site.ask(path)
    policy = headers["content-security-policy"]
    assert "default-src 'none'" in policy
    assert "script-src 'self';" in policy
    assert "frame-ancestors 'none'" in policy
    assert headers["cache-control"] == "no-store"


@pytest.mark.parametrize(
    "path", ["/static/../guard.py", "/static/%2e%2e/guard.py", "/static/..%2fguard.py", "/static//etc/passwd"]
)
def test_only_what_is_meant_for_browsers_is_served(site, path):
    status, _, text = site.enter().ask(path)
    assert status == 404
    assert "hmac" not in text


def test_two_names_for_this_site_are_no_name(site):
    site.enter()
    with socket.create_connection(("127.0.0.1", site.port), timeout=20) as raw:
        ours = f"127.0.0.1:{site.port}"
        raw.sendall(f"GET / HTTP/1.1\r\nHost: {ours}\r\nHost: evil.example\r\nCookie: {site.cookie}\r\n\r\n".encode())
        assert raw.makefile("rb").readline().split()[1] == b"400"


@pytest.mark.parametrize("method", ["HEAD", "POST", "PUT", "OPTIONS"])
def test_only_following_the_link_uses_it_up(site, method):
    path = site.server.link.partition(f":{site.port}")[2]
    assert site.ask(path, method, Origin=f"http://127.0.0.1:{site.port}")[0] == 403
    assert site.enter().ask("/")[0] == 200


def test_a_cookie_of_another_run_is_worth_nothing(site):
    site.enter()
    for cookie in (f"ghostcells-{site.port}=", f"ghostcells-{site.port}=x", site.cookie + "x", "ghostcells-1=x"):
        site.cookie = cookie
        assert site.ask("/")[0] == 401


def test_only_loopback_listens(site):
    assert site.server._socket.getsockname()[0] == "127.0.0.1"


# What is told


@pytest.mark.parametrize("path", PAGES)
def test_what_looks_like_markup_is_text(site, path):
    """A command, a notebook, an intent, a model's name, a prompt: all are named `<script>` here."""
    status, _, text = site.enter().ask(path)
    assert status == 200
    assert "&lt;img src=x" in text
    assert "<script>document" not in text
    assert "<img src=x" not in text


@pytest.mark.parametrize("path", PAGES)
def test_nothing_comes_from_elsewhere(site, path):
    _, _, text = site.enter().ask(path)
    for part in ('src="http', 'href="http', "url(http", "@import"):
        assert part not in text


def test_a_cell_s_page_tells_its_whole_life(site):
    _, _, text = site.enter().ask(f"/cell/{CELL}")
    for said in ("prompt &lt;script", "answer &lt;script", "candidate &lt;script", "120 (estimated)", "$0.001200",
                 "until the model began to answer",
                 "destructive-command", "<dt>passed</dt><dd>parses", "accepted (focus)", "in view for 0.9 s", "+echo more",
                 "-echo",
                 f'Learned as <a href="/example/{site.example}">{site.example}</a> (edited)'):  # fmt: skip
        assert said in text, said


def test_silence_has_its_page_with_the_reason_and_the_next_step(site):
    _, _, text = site.enter().ask(f"/suggestion/{SILENT}")
    assert "<strong>abstained</strong>" in text
    assert "memory.minConfidence" in text


def test_an_example_s_page_tells_what_counts_for_and_against_it(site):
    _, _, text = site.enter().ask(f"/example/{site.example}")
    assert f'<a href="/cell/{CELL}">' in text
    assert f'<a href="/session/{SESSION}">' in text
    assert f'action="/examples/{site.example}/pin"' in text
    assert "<td>ran</td>" in text


def test_the_first_page_leads_to_everything_and_passes_over_what_needs_no_telling(site):
    _, _, text = site.enter().ask("/")
    assert f'<a href="/suggestion/{SILENT}">' in text
    assert f'<a href="/example/{site.example}">' in text
    assert "the cell is empty" not in text


def test_what_is_unknown_is_not_found(site):
    for path in (
        f"/cell/{SESSION}",
        "/cell/x",
        "/suggestion/x",
        "/session/%00",
        "/example/x",
        f"/suggestion/{SESSION}",
        f"/session/{CELL}",
    ):
        status, _, text = site.enter().ask(path) if not site.cookie else site.ask(path)
        assert (status, "Nothing is known of this id" in text) == (404, True)


def test_pin_and_forget(site):
    site.enter()
    assert site.change(f"/examples/{site.example}/pin")[0] == 303
    assert site.known().pinned
    assert site.change(f"/examples/{site.example}/unpin")[0] == 303
    assert not site.known().pinned
    assert site.change(f"/examples/{site.example}/forget")[0] == 303
    assert site.known() is None
    assert site.change(f"/examples/{site.example}/pin")[0] == 404
    assert site.change(f"/examples/{site.example}/praise")[0] == 404
    _, _, text = site.ask(f"/cell/{CELL}")
    assert RAN.split("<", maxsplit=1)[0] + "more" not in text


def test_what_is_new_is_told_while_the_page_is_open(site):
    site.enter()
    connection = http.client.HTTPConnection("127.0.0.1", site.port, timeout=20)
    connection.request("GET", "/live", headers={"Host": f"127.0.0.1:{site.port}", "Cookie": site.cookie})
    answer = connection.getresponse()

    def version():
        number = int(answer.readline().removeprefix(b"data: "))
        assert answer.readline() == b"\n"
        return number

    before = version()
    site.apart(lambda data: data.append(records()[:1]))
    assert version() == before + 1
    decide(site.logs)
    assert version() > before + 1
    connection.close()
