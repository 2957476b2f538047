# SPDX-License-Identifier: BSD-2-Clause
"""Attacks that hold connections open by being slow: slowhttptest against nginx (issue 4)."""
import subprocess
import time

import pytest

from agent import config, limit, wait_for
from web import curl, url

LADDER = '[services.web.ban]\nafter = 10\nwithin = "1m"\nfor = "1h"\nmax = "1h"\n'
CONNECTIONS, LIMIT = 80, 20
MODES = {"headers": ["-H"], "body": ["-B", "-s", "8192"],
         "reading": ["-X", "-w", "1", "-y", "1", "-n", "1", "-z", "1", "-k", "3"]}


@pytest.fixture
def net(net, receiver):
    net.receive_by_xdp(receiver)
    return net


def attack(net, mode):
    """Has so many connections within a second, and goes on with them for three."""
    return net.client.popen("slowhttptest", *MODES[mode], "-c", CONNECTIONS, "-r", CONNECTIONS,
                            "-i", 1, "-l", 3, "-u", url(net.SERVER4), stdin=subprocess.DEVNULL,
                            stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def held(net):
    """Connections of the attacker that the server has."""
    text = net.server.run("ss", "-Htn", "state", "connected", "exclude", "time-wait",
                          "sport", "=", ":80").stdout
    return text.count(f"{net.CLIENT4}:")


@pytest.mark.parametrize("mode", [
    "headers", *(pytest.param(mode, marks=pytest.mark.long) for mode in ("body", "reading"))])
def test_a_slow_attacker_is_banned_and_loses_what_it_holds_while_others_are_served(
        net, nginx, weir, figure, mode):
    agent = weir(config(request=limit(LIMIT, LIMIT, "1m", action="reply")) + LADDER)
    slow, most = attack(net, mode), 0
    try:
        codes, seconds = [], []
        while slow.poll() is None:
            most = max(most, held(net))
            answer = curl(net.client, url(net.SERVER4, "/image-1.png"), net.client4(1))
            codes.append(answer.code)
            seconds.append(answer.seconds)
            time.sleep(0.1)
    finally:
        slow.kill()
        slow.wait()
    [ban] = agent.json("ban", "list")["bans"]
    assert wait_for(lambda: held(net) == 0)
    stats = agent.stats()["services"]["web"]["request"]
    figure("issue 4", f"slowhttptest, slow {mode}: {stats['events']} requests counted, "
                      f"{stats['kick']} kicked, banned; it held {most} connections at most and "
                      f"none in the end; {len(codes)} requests of another client served in at "
                      f"most {max(seconds) * 1e3:.0f} ms")
    assert ban["address"] == f"{net.CLIENT4}/32"
    assert stats["kick"] >= 10
    assert stats["events"] - stats["kick"] <= LIMIT
    assert set(codes) == {200}
    assert agent.process.poll() is None and "error" not in agent.words()
