# SPDX-License-Identifier: BSD-2-Clause
"""Two network namespaces of the bench's own and as many cables between them as are wanted."""
import json
import os
import re
import subprocess
import sys

sys.path.insert(0, os.path.join(os.path.dirname(__file__), "../support"))

from agent import BINARY  # noqa: E402
from netns import Namespace  # noqa: E402

PROGRAMS = os.path.join(os.path.dirname(BINARY), "tests/bench")
REFERENCE = os.path.join(os.path.dirname(BINARY), "bpf/reference.bpf.o")
CPU = (os.cpu_count() or 1) - 1  # floods run here


def program(name, *words, enter=(), patience=120):
    """Runs one of the bench's own programs; returns what it prints as JSON."""
    done = subprocess.run([*enter, f"{PROGRAMS}/{name}", *map(str, words)], capture_output=True,
                          text=True, timeout=patience)
    if done.returncode:
        raise RuntimeError(f"{name} {' '.join(map(str, words))}: {done.stderr.strip()}")
    return json.loads(done.stdout) if done.stdout else None


class Lab:
    """Namespaces `server` and `client`. A frame that is sent into a cable's client end comes
    out of its server end on the same CPU, as it would from a card."""

    def __init__(self):
        self.server = Namespace("bench-server")
        try:
            self.client = Namespace("bench-client")
            # No neighbour discovery: whatever a device receives was sent by the bench.
            for end in (self.server, self.client):
                for scope in ("all", "default"):
                    end.sysctl(f"net.ipv6.conf.{scope}.disable_ipv6", 1)
        except BaseException:
            self.close()
            raise

    def cable(self, name, subnet=None):
        """A veth pair: `name` at the server's end, `c-name` at the client's."""
        self.client.ip("link", "add", "name", f"c-{name}", "address", "02:00:00:00:00:02", "type",
                       "veth", "peer", "name", name, "address", "02:00:00:00:00:01", "netns",
                       self.server.name)
        # Frames that are redirected into a veth are received by a device that runs NAPI: with
        # GRO on, as a card's driver has it, or with an XDP program.
        self.server.run("ethtool", "-K", name, "gro", "on")
        for end, device, host in ((self.server, name, 1), (self.client, f"c-{name}", 2)):
            if subnet is not None:
                end.ip("addr", "add", f"198.18.{subnet}.{host}/24", "dev", device)
            end.ip("link", "set", device, "up")

    def xdp(self, device, name):
        """Attaches one of the reference programs."""
        self.server.ip("link", "set", "dev", device, "xdp", "object", REFERENCE, "program",
                       f"reference_{name}")

    def received(self, device):
        """Frames that came out of the cable."""
        text = self.server.run("ethtool", "-S", device).stdout
        return sum(int(n) for n in re.findall(r"rx_queue_\d+_xdp_packets: (\d+)", text))

    def lost(self, device):
        """Frames that found the cable full, by its own count."""
        text = self.client.run("ethtool", "-S", f"c-{device}").stdout
        return sum(int(n) for n in re.findall(r"tx_queue_\d+_xdp_xmit_errors: (\d+)", text))

    def flood(self, device, **options):
        """SYNs into a cable; see weir_flood --help."""
        words = [w for k, v in options.items() for w in (f"--{k.replace('_', '-')}", v)]
        return program("weir_flood", f"c-{device}", "--cpu", CPU, *words,
                       enter=self.client.enter())

    def close(self):
        for end in ("client", "server"):
            if hasattr(self, end):
                getattr(self, end).close()
