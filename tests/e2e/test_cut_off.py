# SPDX-License-Identifier: BSD-2-Clause
"""What a client has open ends soon after its ban, or the server would wait for it (issue 4)."""
import contextlib
import socket
import time

import pytest

from agent import config, limit, wait_for
from web import curl, url

ELSEWHERE = 9000  # a port that is not protected


@pytest.fixture
def net(net, receiver):
    net.receive_by_xdp(receiver)
    return net


@pytest.fixture
def elsewhere(net):
    """Another server of the host, on a port that is not protected."""
    with net.server.entered():
        listener = socket.create_server(("::", ELSEWHERE), family=socket.AF_INET6,
                                        dualstack_ipv6=True)
    with listener:
        yield listener


@pytest.fixture
def connect(net):
    """Opens connections to the server that then stay idle; `asked`: after a request."""
    with contextlib.ExitStack() as made:
        def make(source, port=80, asked=False, namespace=net.client, server=None):
            server = server or (net.SERVER6 if ":" in source else net.SERVER4)
            with namespace.entered():
                client = made.enter_context(socket.create_connection((server, port), 3,
                                                                     (source, 0)))
            if asked:
                client.sendall(b"GET / HTTP/1.1\r\nHost: weir.test\r\n\r\n")
                assert client.recv(65536).startswith(b"HTTP/1.1 200")
            return client

        yield make


def held(net, source, port=80):
    """How many connections with a client the server has."""
    # A mapped address is written in brackets; as a filter of ss it would be another.
    text = net.server.run("ss", "-Htn", "state", "connected", "exclude", "time-wait",
                          "sport", "=", f":{port}").stdout
    return sum(f"{source}]:" in line or f"{source}:" in line for line in text.splitlines())


def seconds_until(condition):
    started = time.monotonic()
    assert wait_for(condition)
    return time.monotonic() - started


@pytest.mark.parametrize("family", [4, 6])
def test_a_ban_ends_what_its_client_has_open_and_nothing_else(net, nginx, elsewhere, weir, connect,
                                                              figure, family):
    agent, client = weir(config()), (net.client4, net.client6)[family == 6]
    banned, other = client(1), client(2)
    for asked in (False, True) * 5:
        connect(banned, asked=asked)
    connect(banned, ELSEWHERE)
    bystander = connect(other, asked=True)
    loopback = ("127.0.0.1", "::1")[family == 6]
    own = connect(loopback, namespace=net.server, server=loopback)
    assert wait_for(lambda: held(net, banned) == 10)
    agent.cli("ban", "add", banned)
    seconds = seconds_until(lambda: held(net, banned) == 0)
    figure("issue 4", f"10 idle connections of a client over IPv{family}: gone {seconds:.2f} s "
                      "after its ban")
    assert held(net, banned, ELSEWHERE) == 1, "the ban is of protected ports only"
    for client in (bystander, own):
        client.sendall(b"GET / HTTP/1.1\r\nHost: weir.test\r\n\r\n")
        assert client.recv(65536).startswith(b"HTTP/1.1 200")
    assert curl(net.client, url((net.SERVER4, net.SERVER6)[family == 6]), other).code == 200


def test_a_ban_of_all_packets_ends_what_is_open_on_any_port(net, nginx, elsewhere, weir, connect):
    agent = weir(config())
    connect(net.client4(1), ELSEWHERE)
    connect(net.client4(2), ELSEWHERE)
    assert wait_for(lambda: held(net, net.client4(1), ELSEWHERE) == 1)
    agent.cli("ban", "add", net.client4(1), "--all")
    assert wait_for(lambda: held(net, net.client4(1), ELSEWHERE) == 0)
    assert held(net, net.client4(2), ELSEWHERE) == 1


def test_a_ban_by_rule_ends_what_its_client_has_open(net, nginx, weir, connect, figure):
    agent = weir(config(request=limit(3, 3, "10m", action="reply")) +
                 '[services.web.ban]\nafter = 2\nwithin = "1m"\nfor = "1h"\nmax = "1h"\n')
    eager = net.client4(1)
    for asked in (False, True) * 3:
        connect(eager, asked=asked)
    connect(net.client4(2))
    codes = [curl(net.client, url(net.SERVER4), eager).code for _ in range(2)]
    assert codes == [429, 429]
    seconds = seconds_until(lambda: held(net, eager) == 0)
    figure("issue 4", f"6 idle connections of a client: gone {seconds:.2f} s after it was banned "
                      "by rule")
    assert agent.json("ban", "list")["bans"][0]["origin"] == "rule"
    assert held(net, net.client4(2)) == 1


def test_in_mode_observe_nothing_is_ended_until_the_ban_is_enforced(net, nginx, weir, connect):
    agent = weir(config(mode="observe"))
    client = connect(net.client4(1), asked=True)
    agent.cli("ban", "add", net.client4(1))
    time.sleep(1)
    assert held(net, net.client4(1)) == 1
    client.sendall(b"GET / HTTP/1.1\r\nHost: weir.test\r\n\r\n")
    assert client.recv(65536).startswith(b"HTTP/1.1 200")
    agent.cli("mode", "enforce")
    assert wait_for(lambda: held(net, net.client4(1)) == 0)
