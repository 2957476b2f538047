# SPDX-License-Identifier: BSD-2-Clause
"""Who copies the whole site is slowed, and then turned away for as long as he goes on (issue 4).

With the default limits. WEIR_LONG=yes copies with one wget, which takes a minute; without it ten
share the work, for ten can wait at the same time.
"""
import subprocess
import time

import pytest

from forged import LONG
from web import TooSlow, curl, patiently, url

DEFAULTS = 'mode = "enforce"\n'
FREE, TO_MUCH = 60, 120  # the default startThrottle and toMuch
PAGES = 200
MIRRORS = 1 if LONG else 10


@pytest.fixture
def net(net, receiver):
    net.receive_by_xdp(receiver)
    return net


def publish(nginx):
    """Each mirror's share of the pages, linked from its own start page."""
    share = PAGES // MIRRORS
    for mirror in range(MIRRORS):
        pages = [f"page-{number}.html" for number in range(mirror * share, (mirror + 1) * share)]
        for page in pages:
            nginx.put(page, b"<p>a page</p>")
        nginx.put(f"start-{mirror}.html",
                  "".join(f'<a href="{page}">{page}</a>' for page in pages).encode())


def copy_all(net, source, directory):
    """Runs the mirrors side by side; how many pages each of them got, and was refused."""
    running = []
    for mirror in range(MIRRORS):
        running.append(net.client.popen(
            "wget", "-r", "-nv", "-e", "robots=off", "--tries=3", "--timeout=10", "-P",
            directory / f"{source}-{mirror}", f"--bind-address={source}",
            url(net.SERVER4, f"/start-{mirror}.html"), stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT, text=True))
        time.sleep(0.09)  # not in step, or all would pause together
    told = [wget.communicate()[0] for wget in running]
    return sum(text.count(" URL:") for text in told), sum(text.count("ERROR 429") for text in told)


@pytest.mark.long
def test_a_copy_of_the_site_is_slowed_and_then_turned_away_while_it_goes_on(
        net, nginx, weir, tmp_path, figure):
    agent = weir(DEFAULTS)
    publish(nginx)
    asked = PAGES + MIRRORS

    def measure(number):
        before, source = agent.stats()["services"]["web"]["request"], net.client4(number)
        started = time.monotonic()
        got, refused = copy_all(net, source, tmp_path)
        seconds = time.monotonic() - started
        assert curl(net.client, url(net.SERVER4), net.client4(9)).code == 200
        assert got + refused == asked
        if got > TO_MUCH:
            raise TooSlow(f"{got} pages: the machine stopped for a second, which ends the burst")
        after = agent.stats()["services"]["web"]["request"]
        return got, refused, seconds, after["throttle"] - before["throttle"]

    (got, refused, seconds, throttled), tries = patiently(measure)
    figure("issue 4", f"wget -r of {PAGES} pages with the default limits: {got} pages in "
                      f"{seconds:.1f} s, of which {throttled} held off; then {refused} turned away "
                      f"and none let in (try {tries})")
    assert (got, refused) == (TO_MUCH, asked - TO_MUCH)
    assert throttled >= TO_MUCH - FREE
    assert seconds > (TO_MUCH - FREE) / MIRRORS * 0.5
