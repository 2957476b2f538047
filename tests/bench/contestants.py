# SPDX-License-Identifier: BSD-2-Clause
"""Everything that a flood is thrown at, each behind a cable of its own.

All of them drop all they get, as early as they can: Weir is told that every source is over its
limit, and behind the rules of the peers, whose limits let a first packet through or fail open,
stands a rule that drops and counts the rest.
"""
import contextlib
import json
import os
import re
import subprocess

from agent import Weir, config, limit
from lab import program

ROOM = 524288  # sources that Weir's tables remember: the peers get as much room
FIRST = "10.0.0.0"
LOST = 0.001  # more than this share of frames lost on the cable, and nothing was measured


class Contestant:
    """One device with something on it that drops. Counts are of packets since it was made."""

    is_fast = True  # drops in XDP: gets longer runs
    most_sources = 1 << 24

    def __init__(self, lab, name, label):
        self.lab, self.name, self.label = lab, name, label
        self.sent = 0
        lab.cable(name)
        try:
            self.set_up()
        except BaseException:
            with contextlib.suppress(Exception):
                self.close()  # what there is of it
            raise

    def set_up(self):
        raise NotImplementedError

    def forget(self):
        """Drops all state, if that is possible."""

    def counts(self):
        """(packets that it says it had, those of them that it would have let through).

        None: it does not count."""
        return None, 0

    def disagreement(self):
        """What the counters of generator, device and contestant differ in; None if they agree."""
        received, lost, (own, _) = (self.lab.received(self.name), self.lab.lost(self.name),
                                    self.counts())
        if received + lost != self.sent or lost > self.sent * LOST or own not in (None, received):
            return (f"{self.label}: sent {self.sent}, lost on the cable {lost}, received by the "
                    f"device {received}, counted by it {own}")
        return None

    def close(self):
        pass


class Reference(Contestant):
    def set_up(self):
        self.lab.xdp(self.name, self.name)


class Agent(Contestant):
    """A real agent with a limit on SYNs."""

    attach, window, is_zero = "native", "burst", True

    def set_up(self):
        self.weir = Weir(self.lab.server, config(syn=limit(1, 1, "10m", self.window)),
                         self.attach, [self.name])
        self.weir.start()
        if self.is_zero:
            # No configuration can say this: every source is over its limit from the start.
            pins = self.weir.pins
            layout = next(d for d in os.listdir(pins) if d.startswith("v"))
            program("weir_zero_limit", f"{pins}/{layout}/maps/control")

    def counts(self):
        stats = self.weir.stats()
        verdicts = stats["verdicts"]
        return stats["packets"], verdicts["pass"]

    def close(self):
        self.weir.close()


class Sliding(Agent):
    window = "sliding"


class Generic(Agent):
    attach, is_fast = "generic", False


class Tc(Agent):
    attach, is_fast = "tc", False


class Nft(Contestant):
    """nftables' netdev ingress hook, which is as early as netfilter gets."""

    is_fast = False

    def rules(self, text):
        self.lab.server.run("nft", "-f", "-", input=text)

    def set_up(self):
        self.rules(f"""table netdev bench_{self.name} {{
          set seen {{ type ipv4_addr; size {ROOM}; flags dynamic,timeout; timeout 10m; }}
          chain in {{ type filter hook ingress device {self.name} priority 0;
            tcp dport 80 tcp flags & (fin|syn|rst|ack) == syn \
              update @seen {{ ip saddr limit rate over 1/minute burst 1 packets }} counter drop
            counter drop
          }}
        }}""")

    def forget(self):
        self.rules(f"flush set netdev bench_{self.name} seen")

    def counters(self):
        text = self.lab.server.run("nft", "-j", "list", "chain", "netdev", f"bench_{self.name}",
                                   "in").stdout
        rules = [r["rule"]["expr"] for r in json.loads(text)["nftables"] if "rule" in r]
        return [e["counter"]["packets"] for expr in rules for e in expr if "counter" in e]

    def counts(self):
        over, rest = self.counters()
        return over + rest, rest


class LimitOne(Agent):
    """As users may set it: one SYN per source passes; nftables drops it behind Weir."""

    is_zero = False

    def set_up(self):
        super().set_up()
        self.lab.server.run("nft", "-f", "-", input=f"""table netdev bench_{self.name} {{
          chain in {{ type filter hook ingress device {self.name} priority 0; policy drop; }}
        }}""")


class Banned(Agent):
    """One source, and that banned."""

    most_sources = 1

    def set_up(self):
        super().set_up()
        self.weir.cli("ban", "add", FIRST)


class Hashlimit(Contestant):
    """iptables-legacy, in raw's PREROUTING, the earliest that it has."""

    is_fast = False
    table, had, let = 0, 0, 0

    def rule(self, *words):
        self.lab.server.run("iptables-legacy", "-t", "raw", "-A", "PREROUTING", "-i", self.name,
                            *words)

    def set_up(self):
        self.table += 1
        self.rule("-p", "tcp", "--dport", 80, "--syn", "-m", "hashlimit", "--hashlimit-above", "1/minute",
                  "--hashlimit-burst", 1, "--hashlimit-mode", "srcip", "--hashlimit-name",
                  f"bench{self.table}", "--hashlimit-htable-size", ROOM // 4,
                  "--hashlimit-htable-max", ROOM, "--hashlimit-htable-expire", 600_000, "-j",
                  "DROP")
        self.rule("-j", "DROP")

    def counters(self):
        text = self.lab.server.run("iptables-legacy", "-t", "raw", "-nvxL", "PREROUTING").stdout
        return [int(n) for n in re.findall(r"^ *(\d+) +\d+ DROP", text, re.M)]

    def forget(self):
        _, self.let = self.counts()
        self.lab.server.run("iptables-legacy", "-t", "raw", "-F", "PREROUTING")
        self.set_up()

    def counts(self):
        # Packets that find its table full are dropped before a counter.
        return None, self.let + self.counters()[1]


class XdpFilter(Contestant):
    """xdp-filter with one denied source; it has no limits."""

    most_sources = 1

    def set_up(self):
        # Its pins are named by interface numbers, which repeat in every namespace: hence a bpf
        # file system of its own, for as long as this shell lives.
        self.shell = self.lab.server.popen(
            "unshare", "-m", "sh", "-c",
            f"mount -t bpf bpf /sys/fs/bpf && xdp-filter load -m native -f ipv4 {self.name} && "
            f"xdp-filter ip -m src {FIRST} && echo ready && read end",
            stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        if self.shell.stdout.readline() != "ready\n":
            raise RuntimeError(self.shell.communicate()[1])

    def counts(self):
        status = subprocess.run(
            ["nsenter", "-t", str(self.shell.pid), "-m", "-n", "xdp-filter", "status"],
            capture_output=True, text=True).stdout
        return int(re.search(r"XDP_DROP +(\d+) pkts", status)[1]), 0

    def close(self):
        self.shell.communicate("")


ALL = [("drop", "bare XDP drop", Reference),
       ("naive", "naive LRU throttle", Reference),
       ("burst", "Weir, burst", Agent),
       ("sliding", "Weir, sliding", Sliding),
       ("one", "Weir, one SYN admitted", LimitOne),
       ("generic", "Weir, generic XDP", Generic),
       ("tc", "Weir, tc", Tc),
       ("nft", "nftables, dynamic set", Nft),
       ("hashlimit", "iptables-legacy, hashlimit", Hashlimit),
       ("banned", "Weir, banned source", Banned),
       ("xdpfilter", "xdp-filter, denied source", XdpFilter)]


def make(lab):
    """Those that work here, and why the others do not."""
    able, unable = [], []
    for name, label, kind in ALL:
        try:
            able.append(kind(lab, name, label))
        except (RuntimeError, OSError) as error:
            unable.append({"name": name, "label": label,
                           "why": str(error).strip().split("\n")[-1]})
    return able, unable
