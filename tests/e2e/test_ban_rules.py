# SPDX-License-Identifier: BSD-2-Clause
"""Who is kicked too often is banned: by a path's rule, by the service's, for longer each time."""
import contextlib
import datetime
import json
import socket
import time

import pytest

from agent import config, limit, wait_for
from web import curl, one_after_another, url

GUARD = """
[[services.web.paths]]
prefix = "/register/"
startThrottle = 10
toMuch = 10
timeout = "1m"
ban = "1h"
[[services.web.paths]]
prefix = "/register/help"
startThrottle = 1000
toMuch = 1000
timeout = "1m"
"""
LADDER = """
[services.web.ban]
after = 3
within = "1m"
for = "2s"
max = "1h"
"""


@pytest.fixture
def net(net, receiver):
    net.receive_by_xdp(receiver)
    return net


def ask(net, source, path="/", patience=3):
    """The status of one request on a connection of its own; 0: no answer."""
    return curl(net.client, url(net.SERVER4, path), source, patience, "--path-as-is").code


def is_shut_out(net, source):
    return ask(net, source, patience=1) == 0


def bans(agent):
    return agent.json("ban", "list")["bans"]


def guarded():
    return config(request=limit(1000, 1000, "10m", action="reply"), more=GUARD)


@pytest.mark.parametrize("path", ["/register/", "/register/?a=1", "/%72egi%73ter/", "//register//",
                                  "/x/../register/", "/./register/new"])
def test_the_eleventh_hit_on_a_guarded_path_is_a_ban_and_nobody_elses(net, nginx, weir, path):
    agent = weir(guarded())
    eager, other = net.client4(1), net.client4(2)
    assert [ask(net, eager, path) for _ in range(10)] == [404] * 10
    assert ask(net, eager) == 200
    [counted] = [limit for limit in agent.explain(eager)["limits"] if "path" in limit]
    assert (counted["path"], counted["count"]) == ("/register/", 10)
    assert ask(net, eager, path) == 429
    assert wait_for(lambda: bans(agent))
    assert is_shut_out(net, eager)
    assert [ask(net, other, where) for where in ("/", path)] == [200, 404]

    [ban] = bans(agent)
    assert (ban["address"], ban["origin"], ban["rule"]) == (
        f"{eager}/32", "rule", "web.paths /register/")
    assert ban["reason"] == "over 10 requests to /register/ within 1m"
    explained = agent.explain(eager)
    assert (explained["verdict"], explained["ban"]["rule"]) == ("ban", ban["rule"])


def ask_in_pieces(net, source, at):
    """The status of a request for a guarded path that is sent in pieces which end there."""
    text = b"GET /register/ HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n"
    with net.client.entered():
        client = socket.create_connection((net.SERVER4, 80), 3, (source, 0))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    with client, contextlib.suppress(OSError):
        for start, end in zip((0, *at), (*at, len(text))):
            client.sendall(text[start:end])
            time.sleep(0.005)  # on a wire of their own
        return int(client.recv(4096).split()[1])
    return 0


# In the method, in the target, and everywhere.
@pytest.mark.parametrize("pieces", [(3,), (9,), tuple(range(1, 17))])
def test_a_path_in_pieces_evades_no_rule(net, nginx, weir, pieces):
    agent = weir(guarded())
    eager = net.client4(1)
    assert [ask_in_pieces(net, eager, pieces) for _ in range(10)] == [404] * 10
    assert ask_in_pieces(net, eager, pieces) == 429
    assert wait_for(lambda: bans(agent))
    assert nginx.requests() == 10
    assert agent.stats()["services"]["web"]["request"]["events"] == 11


def test_a_longer_rule_wins(net, nginx, weir):
    weir(guarded())
    assert [ask(net, net.client4(1), "/register/help/me") for _ in range(20)] == [404] * 20


def test_kicks_become_a_ban_that_is_twice_as_long_the_next_time(net, nginx, weir):
    agent = weir(config(request=limit(1, 1, "1m", "sliding", action="reply"), more=LADDER))
    eager = net.client4(1)
    assert ask(net, eager) == 200
    assert [ask(net, eager, "/a") for _ in range(3)] == [429] * 3
    assert wait_for(lambda: bans(agent))
    [first] = bans(agent)
    assert (first["origin"], first["rule"], first["reason"], first["times"]) == (
        "rule", "web.ban", "3 kicks within 1m", 1)
    assert is_shut_out(net, eager)

    assert wait_for(lambda: not bans(agent))
    assert ask(net, eager, "/b") == 429, "its window has not passed"
    assert wait_for(lambda: bans(agent))
    [second] = bans(agent)
    assert second["times"] == agent.explain(eager)["ban"]["times"] == 2
    assert [seconds_of(ban) for ban in (first, second)] == [pytest.approx(2, abs=0.1),
                                                            pytest.approx(4, abs=0.1)]
    told = [json.loads(line) for line in agent.cli("events", "--json").stdout.splitlines()]
    assert sum(e["kind"] == "ban" and eager in json.dumps(e) for e in told) == 2


def seconds_of(ban):
    since, until = (datetime.datetime.fromisoformat(ban[end].replace("Z", "+00:00"))
                    for end in ("since", "until"))
    return (until - since).total_seconds()


def test_connection_attempts_never_lead_to_a_ban(net, nginx, weir):
    agent = weir(config(syn=limit(1, 1, "10m"), more=LADDER.replace("after = 3", "after = 1")))
    one_after_another(net.client, url(net.SERVER4), net.client4(1), 10, 0.02, 0.5)
    time.sleep(0.3)
    assert bans(agent) == []


def test_in_mode_observe_a_ban_is_only_told(net, nginx, weir):
    agent = weir(config(request=limit(1, 1, "1m", action="reply"), more=LADDER, mode="observe"))
    eager = net.client4(1)
    assert [ask(net, eager) for _ in range(6)] == [200] * 6
    assert bans(agent) == []
    told = [line for line in agent.cli("events").stdout.splitlines() if "web.ban" in line]
    assert len(told) == 1 and "(only observed)" in told[0] and eager in told[0], told
