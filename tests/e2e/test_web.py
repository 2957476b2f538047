# SPDX-License-Identifier: BSD-2-Clause
"""The page of `weir run --web`, in a real browser, and what its TCP address does not do."""
import http.client
import json
import os
import re
import socket
import time

import pytest
from agent import config, limit
from web import TooSlow, one_after_another, patiently, url

HOSTILE = "</script><img src=x onerror=alert(1)>\x1b[2J\u202e\x07"
AXE = os.path.join(os.path.dirname(__file__), "../../build/axe/axe.min.js")

# What axe asks most of all, for where it is not at hand.
FAULTS = """(() => {
  const faults = [];
  if (!document.documentElement.lang) faults.push("no language");
  if (!document.title) faults.push("no title");
  for (const e of document.querySelectorAll("button, a, [role=img], [role=region], [role=group]"))
    if (!(e.textContent.trim() || e.getAttribute("aria-label") || e.getAttribute("aria-labelledby")))
      faults.push("no name: " + e.outerHTML.slice(0, 80));
  for (const e of document.querySelectorAll("[aria-labelledby]"))
    if (!document.getElementById(e.getAttribute("aria-labelledby"))) faults.push("label of nothing");
  const ids = [...document.querySelectorAll("[id]")].map((e) => e.id);
  if (new Set(ids).size !== ids.length) faults.push("an id twice");
  const light = (c) => { const [r, g, b] = c.match(/[\\d.]+/g).slice(0, 3).map((v) => { v /= 255;
    return v <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4; });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; };
  const back = (e) => { for (; e; e = e.parentElement) { const c = getComputedStyle(e).backgroundColor;
    if (!c.endsWith(", 0)")) return c; } return "rgb(255, 255, 255)"; };
  for (const e of document.querySelectorAll("h1, h2, p, dt, dd, th, td, button, figcaption, span")) {
    if (!e.textContent.trim() || !e.getClientRects().length) continue;
    const [a, b] = [light(getComputedStyle(e).color), light(back(e))];
    const ratio = (Math.max(a, b) + 0.05) / (Math.min(a, b) + 0.05);
    if (ratio < 4.5) faults.push(`contrast ${ratio.toFixed(2)}: ` + e.textContent.slice(0, 40));
  }
  return faults;
})()"""

# How many pixels of a chart are not of its background.
DRAWN = """(() => [...document.querySelectorAll("figure:not([hidden]) canvas")].map((canvas) => {
  const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
  let drawn = 0;
  for (let i = 3; i < data.length; i += 4) if (data[i] > 0) drawn++;
  return drawn;
}))()"""


def tile(name):
    return f"document.querySelector('#tile-{name} data')?.value"


@pytest.fixture
def served(net, nginx, weir):
    """An agent with the page; the address of it."""
    agent = weir(config(request=limit(3, 7, "5s")), start=False)
    agent.start("--web", "0")
    return agent, re.search(r"page at (http://127\.0\.0\.1:\d+)/$", agent.ready_line).group(1)


def get(net, address, path="/", method="GET", host=None, body=None):
    """(status, headers, text) of one request over TCP."""
    name, port = address.removeprefix("http://").split(":")
    with net.server.entered():
        raw = socket.create_connection((name, int(port)), 5)
    connection = http.client.HTTPConnection(name, int(port), timeout=5)
    connection.sock = raw
    connection.request(method, path, body, {"Host": host} if host else {})
    answer = connection.getresponse()
    text = answer.read().decode()
    connection.close()
    return answer.status, dict(answer.getheaders()), text


def test_the_page_draws_its_charts_and_shows_the_numbers_of_stats(net, served, browser, figure):
    agent, address = served
    agent.cli("ban", "add", net.client4(9), "--for", "1h", "--reason", HOSTILE)
    one_after_another(net.client, url(net.SERVER4), net.client4(1), 9, 0.02, 1)
    with net.client.entered():
        hostile = socket.create_connection((net.SERVER4, 80), 5)
    with hostile:
        hostile.sendall(b"GET /</script><img/src=x/onerror=alert(1)>\x1b[2J HTTP/1.1\r\n"
                        b"Host: a\r\nConnection: close\r\n\r\n")
        assert hostile.recv(100)
    time.sleep(2.2)

    def load(_):
        milliseconds = browser.open(address + "/")
        if milliseconds > 300:
            raise TooSlow(f"{milliseconds} ms")
        return milliseconds

    milliseconds, _ = patiently(load)
    figure("issue 6, page load", f"{milliseconds:.0f} ms, bound 300")
    browser.wait_for("document.getElementById('link').textContent === 'live'")
    browser.wait_for("document.querySelectorAll('#users data').length > 0")
    # The last five minutes, by second: there is something by now.
    browser.evaluate("document.querySelector('#ranges button').click()")
    browser.wait_for("document.querySelectorAll('figure canvas').length >= 4")
    browser.wait_for("Number(document.body.dataset.points) >= 2")
    drawn = browser.evaluate(DRAWN)
    assert len(drawn) == 5 and min(drawn) > 300, drawn
    stats = agent.stats()
    assert stats["services"]["web"]["request"]["kick"] == 2
    browser.wait_for(f"{tile('kick')} === '{stats['verdicts']['kick']}'")
    for name, value in (("throttle", stats["verdicts"]["throttle"]), ("users", 2), ("bans", 1),
                        ("ban", stats["verdicts"]["ban"]),
                        ("tracked", stats["sources"]["tracked"])):
        assert browser.evaluate(tile(name)) == str(value), name
    shown = browser.evaluate("[...document.querySelectorAll('#verdicts tbody tr')].map((r) => "
                             "[r.cells[0].textContent, r.cells[1].firstChild.value])")
    now = agent.stats()["verdicts"]
    assert [name for name, _ in shown] == list(now)
    assert all(int(value) == now[name] for name, value in shown if name != "pass"), (shown, now)
    users = browser.evaluate("document.querySelector('#users tbody').textContent")
    assert net.client4(1) in users
    shown = browser.evaluate("document.querySelector('#users tbody td:nth-child(5) data').value")
    assert 9 * 200 < int(shown) <= agent.json("users", net.client4(1))["counted"]["bytes"]
    assert browser.evaluate("!!document.querySelector('#chart-response')"), "answers are timed"
    assert not browser.evaluate("!!document.querySelector('#chart-observed')"), "mode is enforce"
    paths = {p["path"]: p["count"] for p in agent.json("paths")["paths"]}
    assert paths == {"/": 9, "/</script><img/src=x/onerror=alert(1)>?[2J": 1}
    shown = browser.evaluate("[...document.querySelectorAll('#paths tbody tr')].map((r) => "
                             "[r.cells[0].textContent, Number(r.cells[2].firstChild.value)])")
    assert dict(shown) == paths and shown[0][0] == "/"
    # A reason is text, whatever is in it, and so is a path.
    assert "</script><img src=x onerror=alert(1)>" in browser.evaluate(
        "document.querySelector('#bans tbody').textContent")
    assert browser.evaluate("document.querySelectorAll('img').length") == 0
    assert browser.complaints == []
    assert browser.requests and all(r.startswith(address + "/") for r in browser.requests)
    # What is sent again passes from now on.
    agent.cli("mode", "observe")
    browser.wait_for("!!document.querySelector('#chart-observed:not([hidden]) canvas')")
    assert browser.evaluate("document.getElementById('mode').textContent") == "observe"


def test_the_page_is_for_everybody(net, served, browser):
    _, address = served
    for scheme in ("light", "dark"):
        browser.prefer(scheme)
        browser.open(address + "/")
        browser.wait_for("document.querySelectorAll('figure canvas').length >= 4")
        assert browser.evaluate(FAULTS) == [], scheme
        dark = browser.evaluate("getComputedStyle(document.body).backgroundColor") == "rgb(16, 22, 28)"
        assert dark == (scheme == "dark")
        if os.path.exists(AXE):
            with open(AXE) as file:
                browser.evaluate(file.read() + "; 0")
            found = browser.evaluate(
                "axe.run().then((r) => r.violations.filter((v) => ['serious', 'critical']"
                ".includes(v.impact)).map((v) => v.id + ' ' + v.nodes[0].html))")
            assert found == [], scheme
    browser.resize(360, 700, mobile=True)
    browser.open(address + "/")
    browser.wait_for("document.querySelectorAll('figure canvas').length >= 4")
    assert browser.evaluate("document.scrollingElement.scrollWidth") <= 360
    # By keyboard alone: the first stop is the ranges of the charts.
    for name, code in (("Tab", 9), ("Tab", 9), ("Tab", 9)):
        browser.key(name, code)
    assert browser.evaluate("document.activeElement.textContent") == "Day"
    browser.key("Enter", 13, "\r")
    browser.wait_for("document.activeElement.getAttribute('aria-pressed') === 'true'")
    browser.wait_for("performance.getEntriesByType('resource').some((r) => "
                     "r.name.endsWith('period=minutes&last=1440'))")
    assert browser.complaints == []


@pytest.mark.long
def test_the_page_says_when_no_agent_answers_and_goes_on_when_one_does(served, browser):
    agent, address = served
    browser.open(address + "/")
    browser.wait_for("document.getElementById('link').textContent === 'live'")
    agent.terminate()
    browser.wait_for("document.getElementById('link').className === 'lost'")
    agent.start("--web", address.removeprefix("http://"))
    browser.wait_for("document.getElementById('link').textContent === 'live'")


def test_the_tcp_address_is_for_reading_only_and_by_its_own_names(net, served):
    agent, address = served
    port = address.rsplit(":", 1)[1]
    for method, path in (("POST", "/v1/bans"), ("PUT", "/v1/mode"), ("DELETE", "/v1/interfaces"),
                         ("POST", "/v1/reload"), ("PATCH", "/v1/limits/web/syn"), ("DELETE", "/")):
        status, _, text = get(net, address, path, method, body='{"address": "192.0.2.1"}')
        assert status == 403 and json.loads(text)["error"]["code"] == "permission", (method, path)
    assert agent.json("ban", "list")["bans"] == []
    for host in ("evil.example", f"evil.example:{port}", "127.0.0.1.evil.example", "a" * 500):
        status, _, text = get(net, address, "/v1/stats", host=host)
        assert status == 403 and "error" in json.loads(text), host
    for host in (f"127.0.0.1:{port}", f"localhost:{port}", "[::1]"):
        status, headers, _ = get(net, address, "/v1/stats", host=host)
        assert status == 200, host
        assert "default-src 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert "Access-Control-Allow-Origin" not in headers
    for path in ("/web/../etc/passwd", "/web/%2e%2e/x", "/nothing", "/web/"):
        assert get(net, address, path)[0] in (400, 404), path
    for path in ("/v1/stats?x=1", "/v1/series?period=minutes&last=99999999", "/v1/users?limit=0",
                 "/v1/users?limit=1001", "/v1/bans?limit=-1", "/?x", "/v1/events?follow=2"):
        assert get(net, address, path)[0] == 400, path


def test_strangers_cannot_take_all_the_room_nor_stop_the_command_line(net, served):
    agent, address = served
    name, port = address.removeprefix("http://").split(":")
    crowd = []
    with net.server.entered():
        for _ in range(80):
            crowd.append(socket.create_connection((name, int(port)), 5))
    started = time.monotonic()
    agent.stats()  # over the Unix socket, which has room of its own
    assert time.monotonic() - started < 3
    for one in crowd:
        one.close()
    assert get(net, address, "/")[0] == 200
