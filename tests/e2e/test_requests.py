# SPDX-License-Identifier: BSD-2-Clause
"""Requests as the server sees them: split, put behind each other; parts of pages, and repeats
(issue 4)."""
import http.server
import socket
import threading
import time

import pytest

from agent import config, limit, wait_for
from web import curl, url

GET = b"GET /%s HTTP/1.1\r\nHost: a\r\n\r\n"


@pytest.fixture
def net(net, receiver):
    net.receive_by_xdp(receiver)
    return net


def connect(net, number=1):
    with net.client.entered():
        client = socket.create_connection((net.SERVER4, 80), 3, (net.client4(number), 0))
    client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return client


def read_answer(client):
    """The status of the next answer on a connection; None when there is none in time."""
    text = b""
    while b"\r\n\r\n" not in text:
        try:
            more = client.recv(65536)
        except TimeoutError:
            return None
        if not more:
            return None
        text += more
    head, _, body = text.partition(b"\r\n\r\n")
    length = int(head.lower().split(b"content-length:")[1].split()[0])
    while len(body) < length:
        body += client.recv(65536)
    return int(text.split()[1])


def requests(agent, event="request"):
    return agent.stats()["services"]["web"][event]["events"]


def counted(**more):
    return config(request=limit(1000, 1000, "10m"), **more)


def test_a_request_split_at_any_byte_is_one(net, nginx, weir, figure):
    agent, cuts = weir(counted()), 200
    text = b"GET / HTTP/1.1\r\nHost: a\r\nCookie: %s\r\n\r\n" % (b"GET /" * 40)
    assert len(text) > cuts
    for cut in range(1, cuts + 1):
        with connect(net) as client:
            client.sendall(text[:cut])
            time.sleep(0.005)
            client.sendall(text[cut:])
            assert read_answer(client) == 200
    figure("issue 4", f"a request split at each of its first {cuts} bytes: counted as "
                      f"{requests(agent)} of {cuts}")
    assert requests(agent) == cuts == nginx.requests()
    with connect(net) as client:
        for byte in GET % b"":
            client.sendall(bytes([byte]))
            time.sleep(0.002)
        assert read_answer(client) == 200
    assert requests(agent) == cuts + 1 == nginx.requests()


@pytest.mark.parametrize("text", [
    b"\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\n", b"GET http://a/ HTTP/1.1\r\nHost: a\r\n\r\n",
    b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 30\r\n\r\nGET / HTTP/1.1\r\nHost: a\r\n\r\nabc",
    b"FROB / HTTP/1.1\r\nHost: a\r\n\r\n", b"get / HTTP/1.1\r\nHost: a\r\n\r\n"])
def test_whatever_the_server_answers_once_is_one(net, nginx, weir, text):
    agent = weir(counted())
    with connect(net) as client:
        client.sendall(text)
        assert read_answer(client)
    assert requests(agent) == 1 == nginx.requests()


def test_requests_that_are_kicked_together_are_each_counted_as_kicked(net, nginx, weir):
    agent = weir(config(request=limit(10, 10, "10m", action="reply")))
    for number, together in enumerate((8, 4, 4)):
        with connect(net) as client:
            client.sendall((GET % b"") * together)
            assert read_answer(client) == (200, 429, 429)[number]
            assert wait_for(lambda: nginx.requests() == 8)
    counts = agent.stats()["services"]["web"]["request"]
    assert (counts["events"], counts["pass"], counts["kick"]) == (16, 8, 8)


@pytest.mark.parametrize("window", ["burst", "sliding"])
def test_requests_put_behind_each_other_are_each_counted(net, nginx, weir, figure, window):
    agent, together = weir(config(request=limit(1000, 1000, "10m", window))), 16
    with connect(net) as client:
        client.sendall((GET % b"") * together)
        assert read_answer(client) == 200
        assert wait_for(lambda: nginx.requests() == together)
    figure("issue 4", f"{together} requests in a segment, window {window}: counted as "
                      f"{requests(agent)}")
    assert requests(agent) == together
    [metered] = [m for m in agent.explain(net.client4(1))["limits"] if m["event"] == "request"]
    assert metered["count"] == together
    with connect(net, 2) as client:
        client.sendall((GET % b"") * (together + 20))
        client.sendall(GET % b"")
        assert wait_for(lambda: nginx.requests() == 2 * together + 21)
    assert requests(agent) == 2 * together + 1, "more than that in a segment count as so many"


def test_requests_on_one_connection_are_each_counted(net, nginx, weir):
    agent = weir(counted())
    with connect(net) as client:
        for _ in range(50):
            client.sendall(GET % b"")
            assert read_answer(client) == 200
    assert requests(agent) == 50


def test_a_body_is_no_request(net, nginx, weir):
    agent = weir(counted())
    body = (b"GET / HTTP/1.1\r\nHost: a\r\n\r\n" * 20000)[:500_000]
    with connect(net) as client:
        client.sendall(b"POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 500000\r\n\r\n")
        time.sleep(0.05)
        client.sendall(body)
        assert read_answer(client)
    assert requests(agent) == 1


def test_parts_of_a_page_are_counted_apart(net, nginx, weir):
    agent = weir(config(request=limit(3, 7, "10m", action="reply")))
    source = net.client4(1)
    for number in range(20):
        assert curl(net.client, url(net.SERVER4, f"/image-{number}.png?v=3"), source).code == 200
    for field in ("Range: bytes=0-3", "X-Requested-With: XMLHttpRequest", "Sec-Fetch-Dest: style"):
        for _ in range(5):
            assert curl(net.client, url(net.SERVER4), source, 5, "-H", field).code in (200, 206)
    assert (requests(agent), requests(agent, "media")) == (0, 35)
    assert curl(net.client, url(net.SERVER4), source).code == 200
    assert requests(agent) == 1


def test_parts_of_a_page_have_a_limit_of_their_own(net, nginx, weir):
    weir(config(request=limit(3, 7, "10m", action="reply")) +
         f"[services.web.media]\n{limit(5, 5, '10m', action='reply')}")
    codes = [curl(net.client, url(net.SERVER4, f"/image-{n}.png"), net.client4(1)).code
             for n in range(8)]
    assert codes == [200] * 5 + [429] * 3


class Slow(http.server.BaseHTTPRequestHandler):
    """Answers after half a second; /slow when its gate is opened."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        if self.path == "/slow":
            self.server.gate.wait(20)
        else:
            time.sleep(0.5)
        self.send_response(200)
        self.send_header("Content-Length", "2")
        self.end_headers()
        self.wfile.write(b"ok")

    def log_message(self, *_):
        pass


@pytest.fixture
def slow(net):
    """A server that takes half a second for each answer."""
    with net.server.entered():
        server = http.server.ThreadingHTTPServer(("", 80), Slow)
    server.gate = threading.Event()
    server.handle_error = lambda *_: None  # connections that are destroyed are what is tested
    thread = threading.Thread(target=server.serve_forever, daemon=True)
    thread.start()
    yield server
    server.shutdown()
    server.server_close()


def repeating(**more):
    return config(request=limit(1000, 1000, "10m", action="reply"), **more)


def test_the_same_url_again_while_it_is_being_answered_is_a_repeat(net, slow, weir):
    agent = weir(repeating())

    def twice(a, b, who=2):
        with connect(net) as first, connect(net, 1 if who == 1 else 2) as second:
            first.sendall(GET % a)
            time.sleep(0.2)
            second.sendall(GET % b)
            return read_answer(first), read_answer(second)

    assert twice(b"a", b"a", 1) == (200, 429)
    assert twice(b"a", b"b", 1) == (200, 200)
    assert twice(b"a", b"a", 2) == (200, 200)
    assert twice(b"a.png", b"a.png", 1) == (200, 200), "parts of pages are left alone"
    with connect(net) as client:
        for _ in range(2):
            client.sendall(GET % b"a")
            assert read_answer(client) == 200, "one after the other is no repeat"
    assert agent.stats()["reasons"]["repeated"] == 1


def test_after_15_repeats_in_a_minute_the_url_is_closed(net, slow, weir):
    weir(repeating())
    with connect(net) as first:
        first.sendall(GET % b"slow")
        time.sleep(0.2)
        for _ in range(15):
            with connect(net) as again:
                again.sendall(GET % b"slow")
                assert read_answer(again) == 429
        slow.gate.set()
        assert read_answer(first) == 200
    with connect(net) as again:
        again.sendall(GET % b"slow")
        assert read_answer(again) == 429, "closed"
    with connect(net) as other:
        other.sendall(GET % b"b")
        assert read_answer(other) == 200


def test_what_many_connections_ask_for_at_once_is_no_repeat(net, slow, weir):
    agent = weir(repeating())
    clients = [connect(net) for _ in range(10)]
    for client in clients:
        client.sendall(GET % b"a")
    assert [read_answer(client) for client in clients] == [200] * 10
    assert agent.stats()["reasons"]["repeated"] == 0
    for client in clients:
        client.close()


def test_repeats_can_be_left_alone(net, slow, weir):
    agent = weir(repeating().replace('protocol = "http"', 'protocol = "http"\nrepeats = false'))
    with connect(net) as first, connect(net) as second:
        first.sendall(GET % b"a")
        time.sleep(0.2)
        second.sendall(GET % b"a")
        assert (read_answer(first), read_answer(second)) == (200, 200)
    assert agent.stats()["reasons"]["repeated"] == 0


def fast_open(net, family):
    """The status of a request that is sent with the SYN."""
    server, source = ((net.SERVER4, net.client4(1)), (net.SERVER6, net.client6(1)))[family == 6]
    kind = socket.AF_INET6 if family == 6 else socket.AF_INET
    with net.client.entered(), socket.socket(kind, socket.SOCK_STREAM) as client:
        client.bind((source, 0))
        client.sendto(GET % b"", socket.MSG_FASTOPEN, (server, 80))
        client.settimeout(3)
        return read_answer(client)


@pytest.mark.parametrize("family", [4, 6])
def test_a_request_in_the_syn_is_one_request_and_judged_as_any(net, nginx, weir, figure, family):
    for end, roles in ((net.client, 1), (net.server, 2)):
        end.sysctl("net.ipv4.tcp_fastopen", roles)
    assert [fast_open(net, family) for _ in range(3)] == [200] * 3
    assert net.server.counter("TcpExtTCPFastOpenPassive") == 2, "the first brought the cookie"
    agent = weir(config(request=limit(3, 3, "10m", action="reply")))
    assert [fast_open(net, family) for _ in range(5)] == [200] * 3 + [429] * 2
    counted = agent.stats()["services"]["web"]["request"]["events"]
    figure("issue 4", f"5 requests with the SYN over IPv{family}: counted as {counted}")
    assert counted == 5
    assert nginx.requests() == 3 + 3
