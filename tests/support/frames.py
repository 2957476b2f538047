# SPDX-License-Identifier: BSD-2-Clause
"""Frames byte by byte, for what no client program sends. Checksums are right unless asked."""
import functools
import ipaddress
import struct

SYN, ACK, FIN, RST, PSH, URG, ECE, CWR = 0x02, 0x10, 0x01, 0x04, 0x08, 0x20, 0x40, 0x80
TCP, HOP, ROUTING, FRAGMENT, DESTINATION = 6, 0, 43, 44, 60


def checksum(data):
    """The Internet checksum (RFC 1071)."""
    if len(data) % 2:
        data += b"\0"
    total = sum(struct.unpack(f"!{len(data) // 2}H", data))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return ~total & 0xFFFF


@functools.lru_cache(1024)  # one end of all the frames of a list is the same
def packed(address):
    return ipaddress.ip_address(address).packed


def mac(text):
    return bytes.fromhex(text.replace(":", ""))


def tcp(source, target, sport, dport=80, flags=SYN, seq=1000, ack=0, options=b"", payload=b""):
    """A TCP segment; options are padded to a multiple of four."""
    options += b"\0" * (-len(options) % 4)
    header = struct.pack("!HHIIBBHHH", sport, dport, seq, ack, (20 + len(options)) // 4 << 4,
                         flags, 64240, 0, 0) + options
    a, b = packed(source), packed(target)
    if len(a) == 4:
        pseudo = a + b + struct.pack("!BBH", 0, TCP, len(header) + len(payload))
    else:
        pseudo = a + b + struct.pack("!II", len(header) + len(payload), TCP)
    total = checksum(pseudo + header + payload)
    return header[:16] + struct.pack("!H", total) + header[18:] + payload


def ipv4(source, target, body, options=b"", offset=0, more=False, dont=True, ident=0,
         length=None, protocol=TCP):
    """An IPv4 packet, or one fragment of it: offset in bytes, `more` to follow."""
    options += b"\0" * (-len(options) % 4)
    flags = (0x2000 if more else 0) | (0x4000 if dont else 0) | offset // 8
    size = length if length is not None else 20 + len(options) + len(body)
    head = struct.pack("!BBHHHBBH", 0x40 | (5 + len(options) // 4), 0, size, ident, flags, 64,
                       protocol, 0) + packed(source) + packed(target) + options
    return head[:10] + struct.pack("!H", checksum(head)) + head[12:] + body


def ipv6(source, target, body, headers=()):
    """An IPv6 packet; headers is a list of (number, function(next header) → bytes)."""
    numbers = [number for number, _ in headers] + [TCP]
    chain = b"".join(make(numbers[i + 1]) for i, (_, make) in enumerate(headers))
    return struct.pack("!IHBB", 6 << 28, len(chain) + len(body), numbers[0], 64) + \
        packed(source) + packed(target) + chain + body


def destination_options():
    return DESTINATION, lambda after: bytes([after, 0, 1, 4, 0, 0, 0, 0])


def hop_by_hop():
    return HOP, lambda after: bytes([after, 0, 1, 4, 0, 0, 0, 0])


def routing(kind=0, left=0):
    return ROUTING, lambda after: bytes([after, 0, kind, left, 0, 0, 0, 0])


def fragment(offset=0, more=False, ident=1):
    return FRAGMENT, lambda after: struct.pack("!BBHI", after, 0, offset | (1 if more else 0),
                                               ident)


def ethernet(to, sender, packet, tags=()):
    """A frame; tags is a list of (TPID, VID), the outermost first."""
    kind = 0x0800 if packet[0] >> 4 == 4 else 0x86DD
    head = mac(to) + mac(sender)
    for tpid, vid in tags:
        head += struct.pack("!HH", tpid, vid)
    return (head + struct.pack("!H", kind) + packet).ljust(60, b"\0")


def parse_tcp(frame):
    """(source, target, sport, dport, flags) of an unadorned TCP frame; None for others."""
    kind = frame[12:14]
    if kind == b"\x08\0" and frame[23] == TCP:
        start, at = 14 + (frame[14] & 15) * 4, slice(26, 34)
    elif kind == b"\x86\xdd" and frame[20] == TCP:
        start, at = 54, slice(22, 54)
    else:
        return None
    if len(frame) < start + 14:
        return None
    both = frame[at]
    half = len(both) // 2
    sport, dport = struct.unpack_from("!HH", frame, start)
    return (str(ipaddress.ip_address(both[:half])), str(ipaddress.ip_address(both[half:])),
            sport, dport, frame[start + 13])
