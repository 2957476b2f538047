# SPDX-License-Identifier: BSD-2-Clause
"""Whatever comes over the socket, the agent stays up and answers the others."""
import json
import os
import random
import socket
import threading
import time

import pytest

from agent import Unix, config, limit, state_of, wait_for
from web import at_once


def talk(path, data, patience=3):
    """Sends bytes and returns what comes back until the agent closes or is silent."""
    with socket.socket(socket.AF_UNIX) as client:
        client.settimeout(patience)
        client.connect(path)
        answer = b""
        try:
            client.sendall(data)
            client.shutdown(socket.SHUT_WR)
            while piece := client.recv(65536):
                answer += piece
        except (TimeoutError, BrokenPipeError, ConnectionResetError):
            pass
        return answer


def request(body, method="POST", path="/v1/bans", length=None):
    size = len(body) if length is None else length
    return (f"{method} {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n"
            f"Content-Type: application/json\r\nContent-Length: {size}\r\n\r\n").encode() + body


def test_garbage_on_the_socket_is_answered_or_closed_and_others_are_served(net, nginx, weir):
    agent = weir(config(request=limit(5, 9)))
    before = state_of(agent)
    noise = random.Random(4711)
    waiting = Unix(agent.socket)  # a client that was there before keeps being answered
    for data in (noise.randbytes(100_000), b"\0" * 1000, b"GET", b"GET / HTTP/1.1\r\n",
                 b"GET /" + b"a" * 1_000_000 + b" HTTP/1.1\r\n\r\n",
                 b"GET / HTTP/1.1\r\nX: " + b"a" * 1_000_000 + b"\r\n\r\n",
                 b"a" * 1_000_000 + b"\n", b"\r\n" * 10_000,
                 request(b"[" * 1_000_000), request(b"[" * 200_000), request(b"{}"),
                 request(b'{"address":'), request(b'{"address":7}'), request(b"null"),
                 request(b'{"address":"192.0.2.1","for":-1}'),
                 request(b'{"address":"\xff\xfe"}'),
                 request(b'{"address":"192.0.2.1","for":"1e99s"}'),
                 request(b'{"toMuch":-1}', "PATCH", "/v1/limits/web/request"),
                 request(b'{"toMuch":1e30}', "PATCH", "/v1/limits/web/request"),
                 request(b'{"toMuch":"many"}', "PATCH", "/v1/limits/web/request"),
                 request(b'{"colour":1}', "PATCH", "/v1/limits/web/request"),
                 request(b'{"mode":"panic"}', "PUT", "/v1/mode"),
                 request(b"", "DELETE", "/v1/bans/%00%ff"), request(b"", "BREW", "/v1/stats"),
                 request(b"", "GET", "/v1/../../etc/passwd"), request(b"x", length=10**18)):
        answer = talk(agent.socket, data)
        assert not answer.startswith(b"HTTP/1.1 2"), (data[:80], answer[:200])
        waiting.request("GET", "/v1/limits")
        got = waiting.getresponse()
        assert got.status == 200 and got.read(), data[:80]
    waiting.close()
    assert state_of(agent) == before
    assert agent.process.poll() is None
    assert at_once(net.client, net.SERVER4, net.client4(1))


def test_clients_that_say_half_a_request_and_wait_do_not_keep_others_out(net, weir):
    agent = weir(config())
    idle = []
    try:
        for number in range(400):
            client = socket.socket(socket.AF_UNIX)
            client.settimeout(1)
            try:
                client.connect(agent.socket)
                client.send(b"GET /v1/st" if number % 2 else b"")
            except OSError:
                pass
            idle.append(client)
        time.sleep(0.2)
        assert agent.process.poll() is None
    finally:
        for client in idle:
            client.close()
    time.sleep(0.2)
    assert agent.call("GET", "/v1/stats")[0] == 200
    assert agent.terminate() < 2


def test_an_unknown_route_is_a_404_and_an_unknown_address_a_400_in_json(weir):
    agent = weir(config())
    for method, target, body, status in (
            ("GET", "/v1/nothing", None, 404), ("GET", "/v1/explain/nonsense", None, 400),
            ("DELETE", "/v1/bans/192.0.2.1", None, 404),
            ("POST", "/v1/bans", {"address": "192.0.2.1/24"}, 400),
            ("POST", "/v1/interfaces", {"name": "nosuch0"}, 404),
            ("PATCH", "/v1/limits/nosuch/syn", {"toMuch": 5}, 404)):
        got, text = agent.call(method, target, body)
        assert got == status and '"error"' in text and '"message"' in text, (target, got, text)


ROUTES = ("status", "stats", "series", "users", "users/192.0.2.1", "bans", "allow", "limits",
          "config", "explain/192.0.2.1", "events")


def test_unknown_parameters_and_huge_ranges_are_an_error_of_every_route(weir):
    agent = weir(config())
    for target in [f"/v1/{route}" for route in ROUTES] + ["/metrics"]:
        for query in ("colour=red", "x", "%00=1", "limit=1&colour=red"):
            status, text = agent.call("GET", f"{target}?{query}")
            assert status == 400 and '"error"' in text, (target, query, status, text)
    for target in ("users?limit=", "bans?limit=", "series?period=minutes&last="):
        for number in ("0", "-1", "1e3", "99999999", "18446744073709551616", "9" * 5000, ""):
            status, text = agent.call("GET", f"/v1/{target}{number}")
            assert status == 400 and '"error"' in text, (target, number[:20], status)


def test_a_reader_that_is_too_slow_is_cut_off_and_costs_no_memory(weir):
    agent = weir(config())

    def follower():
        client = socket.socket(socket.AF_UNIX)
        client.settimeout(10)
        client.connect(agent.socket)
        client.sendall(b"GET /v1/events?follow=1 HTTP/1.1\r\nHost: weir\r\n\r\n")
        return client

    slow, quick, seen = [follower() for _ in range(8)], follower(), []

    def read():
        while piece := quick.recv(65536):
            seen.append(piece)

    reader = threading.Thread(target=read)
    reader.start()
    before, events = agent.memory(), 1800
    with socket.socket(socket.AF_UNIX) as writer:
        writer.settimeout(10)
        writer.connect(agent.socket)
        for number in range(events):  # 2.5 MB in all: each control character is written as \u0001
            entry = json.dumps({"address": f"192.0.2.{number % 250}", "reason": "\x01" * 200})
            writer.sendall(request(entry.encode(), path="/v1/allow").replace(b"close",
                                                                            b"keep-alive"))
            assert writer.recv(65536).startswith(b"HTTP/1.1 200")
    # A mebibyte may wait for each, until it is cut off.
    assert agent.memory() - before < 12 * 1024 * 1024
    for client in slow:
        got = 0
        while piece := client.recv(1 << 20):
            got += len(piece)
        assert 0 < got < 1_000_000, "what the kernel had taken, and then the end"
        client.close()
    assert agent.call("GET", "/v1/limits")[0] == 200
    assert wait_for(lambda: b"".join(seen).count(b'"kind":"allow"') == events)
    quick.shutdown(socket.SHUT_RDWR)
    reader.join(10)
    quick.close()


@pytest.mark.parametrize("number", [2, 15])
def test_a_signal_ends_it_within_two_seconds_even_with_clients_that_hang(net, weir, number):
    agent = weir(config())
    follower = threading.Thread(target=agent.cli, args=("events", "--follow"),
                                kwargs={"check": False})
    follower.start()
    with socket.socket(socket.AF_UNIX) as half:
        half.connect(agent.socket)
        half.send(b"GET /v1/stats HT")
        time.sleep(0.3)
        started = time.monotonic()
        agent.signal(number)
        agent.process.wait(10)
        assert time.monotonic() - started < 2 and agent.process.returncode == 0
    follower.join(10)
    assert not follower.is_alive()
    assert not os.path.exists(agent.socket)
