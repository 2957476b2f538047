# SPDX-License-Identifier: BSD-2-Clause
"""Requests are counted as often as they were made, whatever the network does to them (issue 4).

WEIR_LONG=yes makes ten times as many.
"""
import random
import socket
import threading

import pytest

from agent import config, limit
from forged import LONG
from relay import Ills, RelayedNet

BAD = Ills(lost=0.05, swapped=0.05, doubled=0.02)
CLIENTS, CONNECTIONS, KEPT = 24, 20 if LONG else 4, 8


@pytest.fixture
def net():
    network = RelayedNet()
    yield network
    network.close()


def send_in_pieces(client, text, dice):
    """Up to three segments right behind each other: the network may swap them."""
    cuts = sorted(dice.sample(range(1, len(text)), dice.randrange(3)))
    for first, last in zip([0, *cuts], [*cuts, len(text)]):
        client.sendall(text[first:last])


def read_answer(client, kept):
    """The answer that is next, of which all bytes must have come; what was read beyond it."""
    while b"\r\n\r\n" not in kept:
        more = client.recv(65536)
        assert more, "the server closed the connection"
        kept += more
    head, _, body = kept.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200"), head
    length = int(head.lower().split(b"content-length:")[1].split()[0])
    while len(body) < length:
        body += client.recv(65536)
    return body[length:]


class Client(threading.Thread):
    """Makes requests by turns on a connection that it keeps and on new ones."""

    def __init__(self, net, number):
        super().__init__(daemon=True)
        self.net, self.number, self.dice = net, number, random.Random(number)
        self.asked, self.error = 0, None

    def ask(self, client, kept, more=b""):
        self.asked += 1
        send_in_pieces(client, b"GET /?%d HTTP/1.1\r\nHost: weir.test\r\n%s\r\n" % (
            self.asked, more), self.dice)
        return read_answer(client, kept)

    def converse(self, requests):
        with self.net.client.entered():
            client = socket.create_connection((self.net.SERVER4, 80), 30,
                                              (self.net.client4(self.number), 0))
        with client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            kept = b""
            for _ in range(requests):
                kept = self.ask(client, kept)

    def run(self):
        try:
            for _ in range(CONNECTIONS):
                self.converse(KEPT)
                self.converse(1)
        except (OSError, AssertionError) as error:
            self.error = error


def test_what_is_lost_swapped_and_doubled_on_the_way_is_one_request(net, nginx, weir, figure):
    agent = weir(config(request=limit(60000, 60000, "10m")))
    net.be(BAD)
    clients = [Client(net, number) for number in range(CLIENTS)]
    for client in clients:
        client.start()
    for client in clients:
        client.join()
    net.be(Ills())
    carried = net.carried()
    made = sum(client.asked for client in clients)
    stats = agent.stats()
    counted = stats["services"]["web"]["request"]["events"]
    figure("issue 4", f"{carried.frames} frames, of which {carried.lost} lost, {carried.swapped} "
                      f"swapped, {carried.doubled} doubled: {made} requests counted as {counted}")
    assert [client.error for client in clients if client.error] == []
    assert made == nginx.requests() == CLIENTS * CONNECTIONS * (KEPT + 1)
    assert min(carried.lost, carried.swapped, carried.doubled) > 0.01 * carried.frames
    assert made <= counted <= 1.01 * made
    assert stats["reasons"]["repeated"] == 0, "what TCP sends again is no second click"
