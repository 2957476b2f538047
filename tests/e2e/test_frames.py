# SPDX-License-Identifier: BSD-2-Clause
"""No form of frame that Linux takes for a SYN slips by a limit or a ban (FIELD-NOTES, 5)."""
import pytest

import frames as f
from agent import config, limit
from netns import Net
from wire import Counter, Sender, settle

Q, AD = 0x8100, 0x88A8  # 802.1Q, 802.1ad
MUCH, KNOCKS = 3, 8


def v4(tags=(), segment=None, **packet):
    """A maker of the one frame of a SYN over IPv4."""
    def make(source, sport):
        body = f.tcp(source, Net.SERVER4, sport, **(segment or {}))
        return [f.ethernet(Net.SERVER_MAC, Net.CLIENT_MAC,
                           f.ipv4(source, Net.SERVER4, body, **packet), tags)]
    return make


def v4_pieces(first, backwards=False, **segment):
    """A SYN in two IPv4 fragments, the first with so many bytes."""
    def make(source, sport):
        body = f.tcp(source, Net.SERVER4, sport, **segment)
        pieces = [f.ipv4(source, Net.SERVER4, body[:first], more=True, dont=False, ident=sport),
                  f.ipv4(source, Net.SERVER4, body[first:], offset=first, dont=False,
                         ident=sport)]
        return [f.ethernet(Net.SERVER_MAC, Net.CLIENT_MAC, p)
                for p in (reversed(pieces) if backwards else pieces)]
    return make


def v6(headers=(), tags=(), **segment):
    def make(source, sport):
        body = f.tcp(source, Net.SERVER6, sport, **segment)
        return [f.ethernet(Net.SERVER_MAC, Net.CLIENT_MAC,
                           f.ipv6(source, Net.SERVER6, body, headers), tags)]
    return make


def v6_pieces(first, before=(), **segment):
    """A SYN in two IPv6 fragments; `before` are headers ahead of the fragment header."""
    def make(source, sport):
        body = f.tcp(source, Net.SERVER6, sport, **segment)
        whole = [(body[:first], f.fragment(0, True, sport)),
                 (body[first:], f.fragment(first, False, sport))]
        return [f.ethernet(Net.SERVER_MAC, Net.CLIENT_MAC,
                           f.ipv6(source, Net.SERVER6, part, [*before, head]))
                for part, head in whole]
    return make


FORMS4 = {
    "plain IPv4": v4(),
    "DF clear": v4(dont=False),
    "four bytes of IP options": v4(options=b"\1\1\1\0"),
    "forty bytes of an unknown IP option": v4(options=b"\x5e\x28" + bytes(38)),
    "bytes after the IP length": lambda source, sport: [
        frame + b"tail" * 20 for frame in v4()(source, sport)],
    "one 802.1Q tag of VID 0": v4([(Q, 0)]),
    "one 802.1ad tag of VID 0": v4([(AD, 0)]),
    "a priority tag": v4([(Q, 0xE000)]),
    "two tags": v4([(AD, 0), (Q, 0)]),
    "three tags": v4([(Q, 0), (Q, 0), (AD, 0)]),
    "two fragments, 8 bytes first": v4_pieces(8),
    "two fragments, 16 bytes first": v4_pieces(16),
    "two fragments, the second first": v4_pieces(16, backwards=True),
    "two fragments of a SYN with data": v4_pieces(24, payload=b"GET / HTTP/1.0\r\n\r\n"),
    "a SYN with data": v4(segment={"payload": b"GET / HTTP/1.0\r\n\r\n"}),
    "SYN+ECE+CWR": v4(segment={"flags": f.SYN | f.ECE | f.CWR}),
    "SYN+PSH+URG": v4(segment={"flags": f.SYN | f.PSH | f.URG}),
    "a TCP header of 60 bytes": v4(segment={"options": b"\1" * 40}),
}
FORMS6 = {
    "plain IPv6": v6(),
    "IPv6 with a tag": v6(tags=[(Q, 0)]),
    "IPv6 with three tags": v6(tags=[(AD, 0), (Q, 0), (Q, 0)]),
    "hop-by-hop options": v6([f.hop_by_hop()]),
    "destination options": v6([f.destination_options()]),
    "eight destination options": v6([f.destination_options()] * 8),
    "a hundred destination options": v6([f.destination_options()] * 100),
    "a routing header, nothing left": v6([f.routing(0, 0)]),
    "hop-by-hop, destination, routing, fragment": v6(
        [f.hop_by_hop(), f.destination_options(), f.routing(0, 0), f.fragment(0, False, 9)]),
    "an atomic fragment": v6([f.fragment(0, False, 7)]),
    "two IPv6 fragments, the first with the header": v6_pieces(24, payload=b"x" * 40),
    "two IPv6 fragments behind options": v6_pieces(24, [f.destination_options()],
                                                   payload=b"x" * 40),
    "an IPv6 SYN with data": v6(payload=b"GET / HTTP/1.0\r\n\r\n"),
}


def knock(net, first_source):
    """Sends each form KNOCKS times from a source of its own; how many SYN-ACKs came, by form."""
    sources = {}
    for forms, client in ((FORMS4, net.client4), (FORMS6, net.client6)):
        sources |= {name: client(first_source + n) for n, name in enumerate(forms)}
    counter = Counter(net.client, net.PEER, f.SYN | f.ACK, f.SYN | f.ACK)
    sender = Sender(net.client, net.PEER)
    for name, make in (FORMS4 | FORMS6).items():
        for n in range(KNOCKS):
            for frame in make(sources[name], 5000 + n):
                sender.send(frame)
    settle()
    counter.stop()
    answered = {name: {s.dport for s in counter.seen if s.target == source}
                for name, source in sources.items()}
    return {name: len(ports) for name, ports in answered.items()}


@pytest.mark.parametrize("attach", ["native", "tc", "generic"])
def test_no_form_of_syn_that_linux_takes_slips_by_a_limit_or_a_ban(net, nginx, weir, attach):
    bare = knock(net, 0x100)
    assert sum(1 for n in bare.values() if n == KNOCKS) >= 20, bare  # the frames are good ones
    agent = weir(config(syn=limit(MUCH, MUCH, "60s")), attach)
    limited = knock(net, 0x200)
    assert {name: n for name, n in limited.items() if n > MUCH} == {}
    stats = agent.stats()
    # What passes without Weir is metered exactly, or refused and counted.
    refused = [name for name, n in bare.items() if n and limited[name] == 0]
    odd = {name: n for name, n in limited.items() if bare[name] == KNOCKS and 0 < n < MUCH}
    assert odd == {}
    assert stats["verdicts"]["malformed"] >= KNOCKS * len(refused), (refused, stats["verdicts"])
    assert sum(stats["verdicts"].values()) == stats["packets"] == sum(stats["reasons"].values())
    agent.cli("ban", "add", "198.19.3.0/24")
    agent.cli("ban", "add", "2001:db8:78:300::/56")
    assert {name: n for name, n in knock(net, 0x300).items() if n} == {}


def test_a_whole_packet_to_any_port_is_stopped_by_a_ban_of_all(net, nginx, weir):
    agent = weir(config())
    source = net.client4(1)
    frames = [net.syn(source, 4000 + n, dport=22 + n) for n in range(50)]
    counter = Counter(net.server, net.DEV)
    sender = Sender(net.client, net.PEER)
    agent.cli("ban", "add", source)
    sender.send_all(frames)  # ports that nobody protects: an ordinary ban lets them be
    settle()
    ordinary = counter.count()
    agent.cli("ban", "remove", source)
    agent.cli("ban", "add", source, "--all")
    sender.send_all(frames)
    settle()
    counter.stop()
    assert (ordinary, counter.count()) == (50, 50)
