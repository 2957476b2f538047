# SPDX-License-Identifier: BSD-2-Clause
"""Kick-outs before other web servers, with load generators as clients (issue 4)."""
import json
import os
import re

import pytest

from agent import config, limit, wait_for
from servers import Apache, Haproxy
from web import Nginx, url


@pytest.fixture
def net(net, receiver):
    net.receive_by_xdp(receiver)
    return net


@pytest.fixture(params=[Nginx, Haproxy, Apache], ids=lambda kind: kind.__name__.lower())
def server(net, request):
    made = request.param(net.server)
    yield made
    made.close()


def curl(net, source, count):
    """The statuses of so many requests, on one connection if the server lets it."""
    words = [url(net.SERVER4), "-o", "/dev/null"] * count
    done = net.client.run("curl", "-gsS", "-w", "%{http_code}\n", "--max-time", 5, "--interface",
                          f"host!{source}", *words, check=False)
    return [int(line) for line in done.stdout.split()]


def ab(net, requests, *more):
    """(answered, of these not 2xx, broken) of ab with keep-alive."""
    out = net.client.run("ab", "-kqn", requests, "-c", 3, *more, url(net.SERVER4)).stdout

    def number(name):
        found = re.search(rf"{name}:\s+(\d+)", out)
        return int(found.group(1)) if found else 0

    return number("Complete requests"), number("Non-2xx responses"), sum(
        number(kind) for kind in ("Connect", "Receive", "Exceptions"))


def siege(net, home, times):
    """siege's own account; its 429s are transactions that are neither successful nor failed."""
    out = net.client.run("siege", "--no-parser", "-bjc", 3, "-r", times, url(net.SERVER4),
                         env={**os.environ, "HOME": str(home)}).stdout
    return json.loads(out[out.index("{"):])


def connections(net):
    return net.server.run("ss", "-Htn", "state", "connected", "exclude", "time-wait",
                          "sport", "=", ":80").stdout


def test_a_server_of_any_make_does_not_hear_of_those_kicked_out(net, server, weir, tmp_path,
                                                                figure):
    agent = weir(config(request=limit(20, 20, "10m", action="reply")))
    assert curl(net, net.client4(1), 22) == [200] * 20 + [429] * 2
    assert ab(net, 45, "-B", net.client4(2)) == (45, 25, 0)
    told = siege(net, tmp_path, 15)
    assert (told["transactions"], told["successful_transactions"],
            told["failed_transactions"]) == (45, 20, 0)
    assert server.requests() == 60
    assert agent.stats()["actions"]["reply"] == 52
    assert wait_for(lambda: not connections(net))
    figure("issue 4", f"{type(server).__name__}: 60 requests of curl, ab and siege served, 52 "
                      "kicked out with the page, of which it knows nothing; 0 sockets left")


def test_who_is_turned_away_a_hundred_times_in_a_second_is_told_each_time(net, weir):
    # Or TCP sends the same again until the window has passed, and the client is let in.
    agent, nginx = weir(config(request=limit(1, 1, "1s", action="reply"))), Nginx(net.server)
    try:
        assert ab(net, 151) == (151, 150, 0)
        assert nginx.requests() == 1
        assert agent.stats()["actions"]["reply"] == 150
        assert agent.stats()["reasons"]["kickedAgain"] == 0
    finally:
        nginx.close()
