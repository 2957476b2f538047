# SPDX-License-Identifier: BSD-2-Clause
"""Who is kicked too often is banned: by a path's rule, by the service's, for longer each time."""
import time

import pytest

from agent import config, limit
from web import url

LOGIN = '''
[[services.web.paths]]
prefix = "/register/"
startThrottle = 10
toMuch = 10
timeout = "1m"
ban = "1h"
'''
LADDER = '''
[services.web.ban]
after = 3
within = "1m"
for = "2s"
max = "1h"
'''


@pytest.fixture
def net(net, receiver):
    net.receive_by_xdp(receiver)
    return net


def ask(net, source, path):
    """The status of one request on a connection of its own; 0: no answer."""
    done = net.client.run("curl", "-gs", "--max-time", 2, "--interface", f"host!{source}",
                          "-o", "/dev/null", "-w", "%{http_code}", url(net.SERVER4, path),
                          check=False)
    return int(done.stdout or 0)


def wait_for(condition, patience=5):
    end = time.monotonic() + patience
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    assert condition()


def test_the_eleventh_hit_on_a_login_page_is_a_ban_and_nobody_elses(net, nginx, weir):
    agent = weir(config(request=limit(action="reply"), more=LOGIN))
    eager, other = net.client4(1), net.client4(2)
    paths = ["/register/", "/register/?user=2", "/%72egister/a", "//register/./b"]
    answers = [ask(net, eager, paths[i % len(paths)]) for i in range(10)]
    assert 429 not in answers and 0 not in answers, answers
    assert ask(net, eager, "/register/") == 429
    wait_for(lambda: agent.json("ban", "list")["bans"])
    assert ask(net, eager, "/") == 0
    assert ask(net, other, "/") == 200
    assert ask(net, other, "/register/") in (200, 404)

    ban = agent.json("ban", "list")["bans"][0]
    assert (ban["address"], ban["origin"], ban["rule"]) == (
        f"{eager}/32", "rule", "web.paths /register/")
    assert ban["reason"] == "over 10 requests to /register/ within 1m"
    assert agent.explain(eager)["ban"]["rule"] == "web.paths /register/"


def test_kicks_become_a_ban_that_is_longer_the_next_time(net, nginx, weir):
    agent = weir(config(request=limit(1, 1, "1m", "sliding", action="reply"), more=LADDER))
    eager = net.client4(1)
    assert ask(net, eager, "/") == 200
    assert [ask(net, eager, "/a") for _ in range(3)] == [429] * 3
    wait_for(lambda: agent.json("ban", "list")["bans"])
    ban = agent.explain(eager)["ban"]
    assert (ban["rule"], ban["reason"], ban["times"]) == ("web.ban", "3 kicks within 1m", 1)
    assert ask(net, eager, "/") == 0

    wait_for(lambda: not agent.json("ban", "list")["bans"])
    assert ask(net, eager, "/b") == 429
    wait_for(lambda: agent.json("ban", "list")["bans"])
    assert agent.explain(eager)["ban"]["times"] == 2


def test_in_mode_observe_a_ban_is_only_told(net, nginx, weir):
    agent = weir(config(request=limit(1, 1, "1m", action="reply"), more=LADDER, mode="observe"))
    eager = net.client4(1)
    assert [ask(net, eager, "/") for _ in range(6)] == [200] * 6
    assert agent.json("ban", "list")["bans"] == []
    told = [line for line in agent.cli("events").stdout.splitlines() if "web.ban" in line]
    assert len(told) == 1 and "(only observed)" in told[0] and eager in told[0], told
