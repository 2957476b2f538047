# SPDX-License-Identifier: BSD-2-Clause
"""The busiest site that the original knew, as it is shown meanwhile (issue 6)."""
import re
import statistics
import threading
import time

import pytest

from terminal import top
from web import crowd

USERS, VIEWS, SECONDS = 1000, 200, 12
# Notes when the page shows another rate, and which.
WATCH = """(() => {
  window.shown = [];
  new MutationObserver(() => {
    const rate = document.querySelector("#tile-rate data")?.value;
    if (rate) window.shown.push([performance.now() / 1000, Number(rate)]);
  }).observe(document.getElementById("tiles"), { childList: true, subtree: true });
})()"""


def longest_pause(times):
    return max(b - a for a, b in zip(times, times[1:]))


def shown_until(terminal, is_over):
    """When `weir top` drew another picture, and the numbers of events a second in them."""
    times, rates, before = [], [], None
    while not is_over():
        screen = terminal.screen()
        if screen != before:
            times.append(time.monotonic())
            rates += [int(n) for n in re.findall(r"^events/s +(\d+)", screen, re.M)]
            before = screen
        time.sleep(0.05)
    return times, rates


@pytest.mark.long
def test_a_thousand_users_with_200_views_a_second_are_shown_live(
        net, nginx, weir, browser, terminal, figure):
    agent = weir('mode = "enforce"\n', start=False)
    agent.start("--web", "0")
    browser.open(re.search(r"http://127\.0\.0\.1:\d+/", agent.ready_line).group(0))
    terminal.run(*top(agent))
    terminal.wait_for("q quit")
    visits = []
    visitors = threading.Thread(
        target=lambda: visits.extend(crowd(net, USERS, VIEWS, SECONDS)[0]))
    visitors.start()
    time.sleep(2.5)  # what was shown before is of nobody
    browser.evaluate(WATCH)
    drawn, told = shown_until(terminal, lambda: not visitors.is_alive())
    page = [(at, rate) for at, rate in browser.evaluate("window.shown") if rate > 0]
    stats = agent.stats()
    assert visits == [b"200"] * (VIEWS * SECONDS)
    assert stats["users"]["active"] == USERS and not stats["verdicts"]["kick"]
    browser.wait_for("document.querySelector('#tile-users data').value === '1000'")
    terminal.wait_for("SOURCES  1000 active")
    figure("issue 6", f"{USERS} users, {VIEWS} views a second: the page was new every "
                      f"{longest_pause([at for at, _ in page]):.1f} s at most, top every "
                      f"{longest_pause(drawn):.1f} s; {2 * VIEWS} events a second, shown "
                      f"{min(r for _, r in page):.0f} to {max(r for _, r in page):.0f} and "
                      f"{min(told)} to {max(told)}")
    # A connection and a request each.
    for rates in ([rate for _, rate in page], told):
        assert 1.8 * VIEWS < statistics.median(rates) < 2.2 * VIEWS, rates
    assert longest_pause([at for at, _ in page]) < 4 and longest_pause(drawn) < 2.5
