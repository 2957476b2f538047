# SPDX-License-Identifier: BSD-2-Clause
"""Floods of made-up sources: nothing is forgotten, and bystanders notice nothing (issue 3).

WEIR_LONG=yes sends as many packets as issue 3 says; without it a tenth.
"""
import contextlib
import statistics
import time

import pytest

from agent import config, limit
from forged import LONG, ForgedFlood
from web import fetch
from wire import Counter, Sender, settle

DEFAULTS = 'mode = "enforce"\n'
MANY = 10_000


@pytest.fixture
def net(net, receiver):
    net.receive_by_xdp(receiver)
    # Or the host would find no way back to the made-up sources and forget them at once.
    net.server.ip("route", "add", "10.0.0.0/8", "via", net.CLIENT4)
    return net


def banned(number):
    return f"172.16.{number >> 8}.{number & 255}"


def served(net, sources):
    """How many of them get an answer from the web server, on a connection of their own."""
    count = 0
    for source in sources:
        with contextlib.suppress(OSError):
            fetch(net.client, net.SERVER4, source)
            count += 1
    return count


def send_a_syn_of_each(net, sources, port):
    Sender(net.client, net.PEER).send_all([net.syn(source, port) for source in sources])
    settle()


@pytest.mark.long
def test_bans_and_known_clients_outlive_a_flood_of_made_up_sources(net, nginx, weir, figure):
    # Ten minutes, so that what is still known of a client can be asked for when all is over; the
    # rest is as it is by default.
    agent = weir(config(syn=limit(48, 64, "10m", "sliding", action="challenge"), flood=2000,
                        more="maxSources = 524288\n"))
    bans = [banned(n) for n in range(MANY)]
    known = [net.client4(n) for n in range(MANY)]
    visitors, seen = known[::50], known[1::50]
    agent.ban_all(bans, "1h")
    assert served(net, visitors) == len(visitors)
    for port in (2000, 2001):  # the second is what makes a sliding window's log
        for first in range(0, MANY, 1000):  # all at once would be a flood themselves
            send_a_syn_of_each(net, known[first:first + 1000], port)
            time.sleep(0.1)
    before, memory = agent.stats(), agent.memory()

    sources = 10_000_000 if LONG else 1_000_000
    with ForgedFlood(net, sources) as flood:
        flood.wait_for(sources)
        sent = flood.stop()
    settle()

    after, growth = agent.stats(), agent.memory() - memory
    alive = sum(agent.explain(source)["limits"][0]["count"] >= 2 for source in seen)
    validated = sum(agent.explain(source)["validated"] for source in visitors)
    counter = Counter(net.server, net.DEV)
    send_a_syn_of_each(net, bans, 2002)
    counter.stop()
    dropped = agent.stats()["verdicts"]["ban"] - after["verdicts"]["ban"]
    admitted = served(net, seen + visitors)
    spoofed = after["events"]["syn"] - before["events"]["syn"]
    figure("issue 3", f"{sent} spoofed sources after {MANY} bans and {MANY} known clients: "
                      f"{after['bans']['active']} bans active, {dropped} of {MANY} banned SYNs "
                      f"dropped; of {len(seen)} known clients {alive} entries alive, of "
                      f"{len(visitors)} validated ones {validated}; {admitted} of "
                      f"{len(seen) + len(visitors)} served; memory {growth / 1e6:+.1f} MB; "
                      f"{after['sources']['sketched']} events only noted, "
                      f"{after['sources']['displaced']} sources displaced")
    assert spoofed >= 0.99 * sent  # they were really counted
    assert after["sources"]["sketched"] > sent / 2
    assert after["sources"]["displaced"] < 0.01 * after["sources"]["capacity"]
    assert after["bans"]["active"] == MANY
    assert dropped == MANY and counter.count() == 0
    assert alive >= 0.99 * len(seen) and validated >= 0.99 * len(visitors)
    assert admitted >= 0.99 * len(seen + visitors)
    assert abs(growth) < 5_000_000


class Bystanders:
    """Connects to the server now and then, with a hundred addresses by turns."""

    def __init__(self, net):
        self.net, self.number, self.lost, self.resent = net, 0, 0, 0
        self.seconds = []

    def connect(self):
        self.number += 1
        try:
            fetched = fetch(self.net.client, self.net.SERVER4,
                            self.net.client4(self.number % 100))
            self.seconds.append(fetched.connect)
            self.resent += fetched.resent > 0
        except OSError:
            self.lost += 1
        time.sleep(0.015)

    def p99_ms(self):
        return statistics.quantiles(self.seconds, n=100)[98] * 1e3

    def __str__(self):
        return (f"{len(self.seconds)} of {self.number} served, {self.resent} after a "
                f"retransmission, connected in {statistics.median(self.seconds) * 1e3:.2f} ms, "
                f"p99 {self.p99_ms():.2f} ms")


@pytest.mark.long
def test_bystanders_connect_as_fast_as_ever_while_made_up_sources_send_ten_syns_each(
        net, nginx, weir, figure):
    # Or the host would send cookies by itself; Weir changes this when it wants to challenge.
    net.server.sysctl("net.ipv4.tcp_syncookies", 0)
    agent = weir(DEFAULTS)
    sources, turns = 1_000_000 if LONG else 100_000, 5
    idle, flooded = Bystanders(net), Bystanders(net)
    sent = 0
    for _ in range(turns):
        for _ in range(30):
            idle.connect()
        with ForgedFlood(net, sources, rate=150_000) as flood:
            while flood.sent < 10 // turns * sources:
                flooded.connect()
            sent += flood.stop()
    challenged = agent.stats()["actions"]["challenge"]
    figure("issue 3", f"{sent} SYNs of {sources} sources, {challenged} challenged; "
                      f"bystanders: {flooded}; without the flood: {idle}")
    assert challenged > 0.5 * sent
    assert len(flooded.seconds) >= 0.99 * flooded.number
    assert flooded.p99_ms() <= idle.p99_ms() + 10
