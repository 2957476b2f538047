# SPDX-License-Identifier: BSD-2-Clause
"""What a person with a browser sees of a kick-out, and of pages with many parts (issue 4).

Pictures of it are kept in build/test/, or in the directory that WEIR_PICTURES names. The one of the
documentation is made by WEIR_KICK_OUT_PNG=docs/kick-out.png.
"""
import os
import pathlib

import pytest

from agent import config, limit
from visitor import Visitor
from web import url

PICTURES = pathlib.Path(os.environ.get("WEIR_PICTURES") or
                        pathlib.Path(__file__).parents[2] / "build/test")
KICK_OUT = os.environ.get("WEIR_KICK_OUT_PNG")
PARTS = 60


@pytest.fixture
def net(net, receiver):
    net.receive_by_xdp(receiver)
    return net


@pytest.fixture
def browser(net):
    chromium = Visitor(net.client)
    yield chromium
    chromium.close()


def keep_picture(browser, name):
    PICTURES.mkdir(parents=True, exist_ok=True)
    browser.screenshot(PICTURES / name)
    assert (PICTURES / name).stat().st_size > 1000


@pytest.mark.parametrize("family", [4, 6])
def test_the_page_is_shown_and_brings_the_wanted_one_by_itself(net, nginx, weir, browser, figure,
                                                               family):
    agent = weir(config(request=limit(3, 3, "2s", action="reply")))
    page = url((net.SERVER4, net.SERVER6)[family == 6])
    shown = [browser.open(page) for _ in range(4)]
    assert [s.status for s in shown] == [200] * 3 + [429]
    assert shown[3].reused, "the page came on the connection that was open"
    assert "slow down" in browser.text().lower()
    keep_picture(browser, f"kick-out-{family}.png")
    if KICK_OUT and family == 4:
        browser.screenshot(KICK_OUT)
    again = browser.open(page)
    assert (again.status, again.reused) == (429, False), "and on a new one"
    assert "slow down" in browser.text().lower()
    assert browser.next_page().status == 200, "nobody touched the browser"
    assert browser.text() == "served"
    keep_picture(browser, f"after-kick-out-{family}.png")
    assert agent.stats()["actions"]["reply"] == 2
    assert nginx.requests() == 4
    figure("issue 4", f"Chromium over IPv{family}: 429 on an open connection and on a new one, "
                      f"then the wanted page by itself; pictures in {PICTURES}")


def test_a_page_with_many_parts_loads_untouched_under_a_small_limit(net, nginx, weir, browser,
                                                                    figure):
    agent = weir(config(request=limit(3, 7, "10m", action="reply")))
    # By their names alone: over cleartext a browser does not say what a request is for.
    kinds = (("png", '<img src="%s">', PNG),
             ("css", '<link rel="stylesheet" href="%s">', b"p { color: green }"),
             ("js", '<script src="%s"></script>', b"window.ran = (window.ran || 0) + 1"))
    tags = ""
    for number in range(PARTS):
        suffix, tag, content = kinds[number % len(kinds)]
        nginx.put(f"part-{number}.{suffix}", content)
        tags += tag % f"part-{number}.{suffix}"
    nginx.put("parts.html", f"<title>parts</title>{tags}".encode())
    for _ in range(3):
        assert browser.open(url(net.SERVER4, "/parts.html")).status == 200
        assert browser.evaluate("[...document.images].filter(i => i.naturalWidth).length") == 20
        assert browser.evaluate("window.ran") == 20
    stats = agent.stats()
    verdicts, web = stats["verdicts"], stats["services"]["web"]
    figure("issue 4", f"a page with {PARTS} parts, three times with limit 3/7: "
                      f"{web['request']['events']} requests, {web['media']['events']} parts, "
                      f"{verdicts['throttle']} throttled, {verdicts['kick']} kicked")
    assert web["request"]["events"] == 3
    assert web["media"]["events"] >= 3 * PARTS
    assert verdicts["throttle"] == verdicts["kick"] == 0


# One dot.
PNG = bytes.fromhex(
    "89504e470d0a1a0a0000000d49484452000000010000000108000000003a7e9b550000000a49444154789c63"
    "6800000082008177cd72b60000000049454e44ae426082")
