# SPDX-License-Identifier: BSD-2-Clause
"""What an eager client is shown: the page with status 429, or a reset (issue 4)."""
import http.client
import re
import time

import pytest

from agent import config, limit, wait_for
from forged import LONG
from frames import ACK, PSH, RST, ethernet, ipv4, tcp
from web import url
from wire import Counter, Sender, settle


@pytest.fixture
def net(net, receiver):
    net.receive_by_xdp(receiver)
    return net


def kicking(action, **more):
    return config(request=limit(2, 2, "10m", action=action), **more)


def curl(net, source, *urls, family=4):
    """What curl prints of these, one after another on one connection if the server lets it."""
    words = [w for u in urls for w in (u, "-o", "-")]
    return net.client.run("curl", "-gsSi", "--max-time", 5, "--interface", f"host!{source}",
                          *words, check=False)


def statuses(text):
    return [int(line.split()[1]) for line in text.splitlines() if line.startswith("HTTP/")]


@pytest.mark.parametrize("family", [4, 6])
def test_the_page_comes_on_a_connection_that_is_open_and_on_a_new_one(net, nginx, weir, family):
    agent = weir(kicking("reply"))
    server, source = ((net.SERVER4, net.client4(1)), (net.SERVER6, net.client6(1)))[family == 6]
    answer = curl(net, source, *[url(server)] * 3)
    assert statuses(answer.stdout) == [200, 200, 429], answer
    for field in ("Retry-After: 3", "Refresh: 3", "Connection: close", "Content-Type: text/html"):
        assert field in answer.stdout
    page = answer.stdout.split("\n\n")[-1].split("429 Too Many Requests")[-1]
    assert "<" in page
    again = curl(net, source, url(server))
    assert statuses(again.stdout) == [429], again
    assert nginx.requests() == 2
    stats = agent.stats()
    assert stats["actions"]["reply"] == 2
    assert stats["services"]["web"]["request"]["kick"] == 2


def accepted(net):
    """Connections that the server's TCP has taken since the namespace was made."""
    return net.server.counter("TcpPassiveOpens")


@pytest.mark.parametrize("family", [4, 6])
def test_the_server_never_hears_of_the_new_connections_of_who_is_turned_away(net, nginx, weir,
                                                                             figure, family):
    agent = weir(kicking("reply"))
    server, source = ((net.SERVER4, net.client4(1)), (net.SERVER6, net.client6(1)))[family == 6]
    other = (net.client4(2), net.client6(2))[family == 6]
    assert statuses(curl(net, source, *[url(server)] * 3).stdout) == [200, 200, 429]
    # Or the end of that connection would be counted too, which the client may have to send again.
    assert wait_for(lambda: not sockets(net.server) and not sockets(net.client, "dport"))
    before, acknowledged = accepted(net), agent.stats()["actions"]["acknowledge"]
    resets = Counter(net.client, net.PEER, flags=RST, mask=RST)
    answers = [curl(net, source, url(server)) for _ in range(20)]
    assert [statuses(a.stdout) for a in answers] == [[429]] * 20
    assert all(a.returncode == 0 for a in answers)
    resets.stop()
    assert accepted(net) == before
    assert resets.count() == 0, "neither its own nor the host's"
    stats = agent.stats()
    assert stats["services"]["web"]["request"]["kick"] == 21
    assert stats["services"]["web"]["syn"]["events"] == 21
    assert stats["services"]["web"]["syn"]["kick"] == 0, "within their own limit"
    assert stats["actions"]["reply"] == 21
    assert stats["actions"]["challenge"] == 20
    assert stats["actions"]["acknowledge"] - acknowledged == 20
    figure("issue 4", f"20 new connections over IPv{family} of a kicked client: 20 pages, "
                      "0 connections and 0 resets of the server's")
    assert statuses(curl(net, other, url(server)).stdout) == [200]


def test_a_large_request_of_who_is_turned_away_is_answered_too(net, nginx, weir):
    weir(kicking("reply"))
    assert statuses(curl(net, net.client4(1), *[url(net.SERVER4)] * 3).stdout) == [200, 200, 429]
    before = accepted(net)
    large = net.client.run("curl", "-gsSi", "--max-time", 5, "--interface",
                           f"host!{net.client4(1)}", "-H", f"Cookie: {'a' * 6000}",
                           url(net.SERVER4), check=False)
    assert (large.returncode, statuses(large.stdout)) == (0, [429]), large
    assert accepted(net) == before


def sockets(namespace, end="sport"):
    """Connections that the server (or the client, by "dport") has, but for those it remembers."""
    text = namespace.run("ss", "-Htn", "state", "connected", "exclude", "time-wait",
                         end, "=", ":80").stdout
    return [line for line in text.splitlines() if line]


@pytest.mark.parametrize("action", ["reply", "reset"])
def test_nothing_of_it_stays_behind_on_the_server(net, nginx, weir, figure, action):
    weir(kicking(action))
    for number in range(20):
        curl(net, net.client4(1), url(net.SERVER4))
    started = time.monotonic()
    assert wait_for(lambda: not sockets(net.server))
    figure("issue 4", f"18 kicks with {action}: the server has 0 of their sockets "
                      f"{time.monotonic() - started:.2f} s after the last")
    assert nginx.requests() == 2


@pytest.mark.parametrize("family", [4, 6])
def test_wget_shows_the_page_on_a_connection_that_is_open_and_on_a_new_one(net, nginx, weir,
                                                                           family):
    agent = weir(kicking("reply"))
    server, source = ((net.SERVER4, net.client4(1)), (net.SERVER6, net.client6(1)))[family == 6]

    def wget(*urls):
        return net.client.run("wget", "-qSO-", "--tries=1", "--timeout=3", "--content-on-error",
                              f"--bind-address={source}", *urls, check=False)

    open_one = wget(*[url(server)] * 3)
    assert re.findall(r"HTTP/1.1 (\d+)", open_one.stderr) == ["200", "200", "429"]
    assert agent.stats()["events"]["syn"] == 1
    new_one = wget(url(server))
    assert re.findall(r"HTTP/1.1 (\d+)", new_one.stderr) == ["429"]
    assert "Slow down" in open_one.stdout and "Slow down" in new_one.stdout
    assert nginx.requests() == 2


def test_python_reads_the_page_too(net, nginx, weir):
    weir(kicking("reply"))
    with net.client.entered():
        connection = http.client.HTTPConnection(net.SERVER4, timeout=3,
                                                source_address=(net.client4(1), 0))
        connection.connect()
    codes = []
    for _ in range(3):
        connection.request("GET", "/")
        answer = connection.getresponse()
        body = answer.read()
        codes.append(answer.status)
    assert codes == [200, 200, 429]
    assert len(body) == int(answer.headers["Content-Length"])


def test_a_reset_ends_the_connection_at_once(net, nginx, weir):
    agent = weir(kicking("reset"))
    started = time.monotonic()
    answers = [curl(net, net.client4(1), url(net.SERVER4)) for _ in range(3)]
    assert time.monotonic() - started < 2
    assert [a.returncode for a in answers] == [0, 0, 56], answers  # "Connection reset by peer"
    assert agent.stats()["actions"]["reset"] == 1


def test_a_banned_client_is_reset_where_the_service_says_so(net, nginx, weir):
    agent = weir(config(request=limit(1000, 1000, action="reset")))
    agent.cli("ban", "add", net.client4(1))
    assert curl(net, net.client4(1), url(net.SERVER4)).returncode == 7
    assert curl(net, net.client4(2), url(net.SERVER4)).returncode == 0


def test_a_connection_attempt_over_its_limit_is_reset(net, nginx, weir):
    weir(config(syn=limit(1, 1, "10m", action="reset")))
    assert curl(net, net.client4(1), url(net.SERVER4)).returncode == 0
    assert curl(net, net.client4(1), url(net.SERVER4)).returncode == 7  # "Connection refused"


def test_with_the_page_before_it_a_window_that_has_passed_lets_the_client_in_again(
        net, nginx, weir):
    weir(config(request=limit(2, 2, "1s", action="reply")))
    for expected in (200, 200, 429):
        assert statuses(curl(net, net.client4(1), url(net.SERVER4)).stdout) == [expected]
    time.sleep(1.2)
    assert statuses(curl(net, net.client4(1), url(net.SERVER4)).stdout) == [200]


FORGED = 1_000_000 if LONG else 20_000  # of each kind
BAD = 0x100 | ACK | PSH  # with a checksum that is wrong


def forged(net, source, flags, number, payload=b""):
    segment = tcp(source, net.SERVER4, 1024 + number % 64_000, flags=flags & 0xFF,
                  seq=number * 7919 % 2**32, ack=number * 65537 % 2**32, payload=payload)
    if flags & 0x100:
        segment = segment[:16] + bytes([segment[16] ^ 0x55]) + segment[17:]
    return ethernet(net.SERVER_MAC, net.CLIENT_MAC, ipv4(source, net.SERVER4, segment))


def test_forged_segments_are_not_answered_with_pages_nor_counted(net, nginx, weir, figure):
    agent = weir(config(request=limit(3, 3, "10m", action="reply")))
    victim = net.client4(1)
    pages = Counter(net.client, net.PEER, flags=PSH, mask=PSH)
    sender = Sender(net.client, net.PEER)
    get = b"GET / HTTP/1.1\r\nHost: a\r\n\r\n"
    for flags, payload in ((ACK | PSH, get), (RST, b""), (BAD, get)):
        for first in range(0, FORGED, 10_000):
            sender.send_all([forged(net, victim, flags, n, payload)
                             for n in range(first, first + 10_000)])
    settle()
    pages.stop()
    stats = agent.stats()
    figure("issue 4", f"{FORGED} forged requests, resets and requests with bad checksums each: "
                      f"{stats['actions']['reply']} pages, {stats['actions']['reset']} resets, "
                      f"{stats['bans']['active']} bans")
    assert pages.count() == 0
    assert stats["actions"]["reply"] == stats["actions"]["reset"] == stats["bans"]["active"] == 0
    assert stats["services"]["web"]["request"]["events"] == 0
    assert [statuses(curl(net, victim, url(net.SERVER4)).stdout) for _ in range(3)] == [[200]] * 3
