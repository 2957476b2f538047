# SPDX-License-Identifier: BSD-2-Clause
"""A network between client and server that can be made bad: it loses, swaps and doubles frames.

The kernel of the development machine has no netem, so frames are carried by hand, from packet
socket to packet socket. What happens to which frame comes from a seed; which frames there are
does not.
"""
import multiprocessing
import random
import select
import socket
import time
from collections import namedtuple

from netns import Namespace, Net

# Shares of the frames of each direction, from 0 to 1.
Ills = namedtuple("Ills", "lost swapped doubled", defaults=(0, 0, 0))
Carried = namedtuple("Carried", "frames lost swapped doubled")

_SOL_PACKET, _PACKET_IGNORE_OUTGOING = 263, 23
_ALL = 3  # ETH_P_ALL
_OVERTAKEN = 2  # a swapped frame goes on when so many others of its direction have …
_LONGEST_S = 0.02  # … or after so long, for there may be none
_fork = multiprocessing.get_context("fork")


class RelayedNet(Net):
    """client ns: "eager0" ── "toclient0" :relay ns: "toserver0" ── "weir0" :server ns"""

    ENDS = ("toclient0", "toserver0")

    def __init__(self):
        self.relay, self._carrier = Namespace("relay"), None
        try:
            super().__init__()
        except BaseException:
            self.relay.close()
            raise

    def lay(self):
        for end, dev, address, inner in ((self.client, self.PEER, self.CLIENT_MAC, self.ENDS[0]),
                                         (self.server, self.DEV, self.SERVER_MAC, self.ENDS[1])):
            end.ip("link", "add", "name", dev, "address", address, "type", "veth", "peer", "name",
                   inner, "netns", self.relay.name)
            self.relay.sysctl(f"net.ipv6.conf.{inner}.disable_ipv6", 1)
            self.relay.ip("link", "set", inner, "up")
            # Frames as they are on a wire: with checksums, and none larger than that takes.
            for namespace, name in ((end, dev), (self.relay, inner)):
                namespace.run("ethtool", "-K", name, "tx", "off", "tso", "off", "gso", "off",
                              "gro", "off")
        self._carrier = _Carrier(self.relay, self.ENDS)

    def be(self, ills, seed=1):
        """From now on the network has these ills."""
        self._carrier.be(ills, seed)

    def carried(self):
        """What has become of the frames while the network was bad."""
        return Carried(*(count.value for count in self._carrier.counts))

    def close(self):
        if self._carrier:
            self._carrier.stop()
        super().close()
        self.relay.close()


class _Carrier:
    """The process that carries the frames."""

    def __init__(self, namespace, devices):
        self.counts = [_fork.Value("Q", 0) for _ in Carried._fields]
        self._orders, orders = _fork.Pipe()
        with namespace.entered():
            sockets = [self._open(device) for device in devices]
        self._process = _fork.Process(target=self._carry, args=(sockets, orders), daemon=True)
        self._process.start()
        for s in sockets:
            s.close()

    @staticmethod
    def _open(device):
        s = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        s.setsockopt(_SOL_PACKET, _PACKET_IGNORE_OUTGOING, 1)
        s.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4 << 20)
        s.bind((device, _ALL))
        return s

    def be(self, ills, seed):
        self._orders.send((ills, seed))
        self._orders.recv()

    def stop(self):
        self._process.kill()
        self._process.join()

    def _carry(self, sockets, orders):
        ills, dice = Ills(), random.Random(1)
        frames, lost, swapped, doubled = self.counts
        other = {sockets[0]: sockets[1], sockets[1]: sockets[0]}
        # By where they go to: [frame, others that must pass it yet, until when].
        held = {s: [] for s in sockets}
        while True:
            waiting = [entry[2] for entries in held.values() for entry in entries]
            timeout = max(0, min(waiting) - time.monotonic()) if waiting else None
            ready, _, _ = select.select([*sockets, orders], [], [], timeout)
            for source in ready:
                if source is orders:
                    ills, seed = orders.recv()
                    dice = random.Random(seed)
                    orders.send(True)
                    continue
                frame, target, times = source.recv(65536), other[source], 1
                if any(ills):
                    frames.value += 1
                    if dice.random() < ills.lost:
                        lost.value += 1
                        times = 0
                    elif dice.random() < ills.doubled:
                        doubled.value += 1
                        times = 2
                    elif dice.random() < ills.swapped:
                        swapped.value += 1
                        times = 0
                        held[target].append([frame, _OVERTAKEN, time.monotonic() + _LONGEST_S])
                for _ in range(times):
                    _send(target, frame)
                if times:
                    for entry in held[target]:
                        entry[1] -= 1
            now = time.monotonic()
            for target, entries in held.items():
                for entry in [e for e in entries if e[1] <= 0 or e[2] <= now]:
                    entries.remove(entry)
                    _send(target, entry[0])


def _send(target, frame):
    try:
        target.send(frame)
    except OSError:  # a full queue: one more that is lost
        pass
