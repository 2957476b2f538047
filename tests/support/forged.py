# SPDX-License-Identifier: BSD-2-Clause
"""SYNs of millions of made-up sources, which would take minutes to be made one by one."""
import ctypes
import itertools
import os

from frames import ethernet, ipv4, tcp
from wire import Flood

LONG = os.environ.get("WEIR_LONG") == "yes"  # as many packets as issue 3 says
BATCH = 32  # few enough for any ring
BLOCK = 65536  # sources
_SIZE = 60  # of a frame
# Where in a frame an octet of the source is, and where those that make up for it in the checksums
# of IP (its identification) and of TCP (the sequence number): as high in their words as it is.
_SECOND, _MADE_UP_SECOND = 27, (19, 39)
_THIRD, _MADE_UP_THIRD = 28, (18, 38)


class Block:
    """Frames to the server of the 65 536 sources 10.N.0.0/16."""

    def __init__(self, net):
        self.bytes = bytearray(b"".join(self._frame(net, n) for n in range(256)) * 256)
        self._set(_THIRD, _MADE_UP_THIRD, b"".join(bytes([n]) * 256 for n in range(256)))
        self.frames = [(ctypes.c_char * _SIZE).from_buffer(self.bytes, n * _SIZE)
                       for n in range(BLOCK)]

    @staticmethod
    def _frame(net, last):
        source = f"10.0.0.{last}"
        segment = tcp(source, net.SERVER4, 1024 + last, seq=0xFFFF0000 + last)
        return ethernet(net.SERVER_MAC, net.CLIENT_MAC,
                        ipv4(source, net.SERVER4, segment, ident=0xFFFF))

    def _set(self, place, made_up, values):
        self.bytes[place::_SIZE] = values
        opposite = bytes(255 - value for value in values)
        for other in made_up:
            self.bytes[other::_SIZE] = opposite

    def become(self, number):
        """The frames are those of 10.number.0.0/16 now."""
        self._set(_SECOND, _MADE_UP_SECOND, bytes([number]) * BLOCK)


class ForgedFlood(Flood):
    """A process that sends a SYN of each of so many sources of 10.0.0.0/8, and then again."""

    def __init__(self, net, sources, rate=None, seconds=80):
        assert BATCH <= sources <= 1 << 24 and sources % BATCH == 0
        self._net = net
        super().__init__(net, [sources], seconds, rate)

    def _batches(self, sender, sources, rate):
        block = Block(self._net)
        batches = [sender.prepare(block.frames[n:n + BATCH]) for n in range(0, BLOCK, BATCH)]
        for first in itertools.cycle(range(0, sources, BLOCK)):
            block.become(first // BLOCK)
            yield from batches[:(sources - first) // BATCH]
