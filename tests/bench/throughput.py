# SPDX-License-Identifier: BSD-2-Clause
"""How many packets a second each contestant drops on one CPU.

The generator and the receiving end of a veth pair take turns on that CPU, and the CPU time of
both counts; the wall clock would count what others do on this machine.
"""
import contextlib
import time

import contestants
from figures import Refused, bound, spread
from lab import Lab

SOURCES = [1, 1 << 16, 1 << 20, 1 << 24]
WARM_UP = {1: 1000, 1 << 16: 300_000, 1 << 20: 2_000_000, 1 << 24: 1_000_000}
BOUNDS = [  # ours, theirs, sources, at least
    ("burst", "nft", 1, 6), ("sliding", "nft", 1, 6),
    ("burst", "hashlimit", 1, 5), ("sliding", "hashlimit", 1, 5),
    ("banned", "xdpfilter", 1, 0.95),
    ("burst", "nft", 1 << 24, 5), ("sliding", "nft", 1 << 24, 5),
    ("burst", "hashlimit", 1 << 24, 5), ("sliding", "hashlimit", 1 << 24, 5)]


def sources_name(number):
    return {1: "1", 1 << 16: "64 Ki", 1 << 20: "1 Mi", 1 << 24: "16 Mi"}[number]


class Throughput:
    def __init__(self, lab, rounds, share):
        self.rounds, self.share = rounds, share
        self.able, self.unable = contestants.make(lab)
        self.lab, self.seed = lab, 1
        self.rows = []

    def flood(self, one, sources, packets, warm_up=0):
        """Packets a second of CPU time."""
        self.seed += 1
        done = self.lab.flood(one.name, sources=sources, seed=self.seed * 7919, packets=packets,
                              warm_up=warm_up)
        one.sent += done["sent"]
        return done["measured"] / (done["cpuNs"] + done["softirqNs"]) * 1e9

    def measure(self, sources):
        """All contestants by turns, with so many sources."""
        crowd = [c for c in self.able if sources <= c.most_sources]
        for one in crowd:
            one.forget()
            self.flood(one, sources, int(WARM_UP[sources] * self.share) or 64)
        before = {c.name: (c.sent, c.counts()[1]) for c in crowd}
        rates = {c.name: [] for c in crowd}
        for _ in range(self.rounds):
            for one in crowd:
                packets = int((1_000_000 if one.is_fast else 250_000) * self.share)
                rates[one.name].append(
                    self.flood(one, sources, packets, warm_up=int(20_000 * self.share)))
        bare = rates.get("drop")
        for one in crowd:
            sent, passed = before[one.name]
            self.rows.append({
                "name": one.name, "label": one.label, "sources": sources,
                "packetsPerSecond": spread(rates[one.name]), "rounds": rates[one.name],
                # Of the time of a packet, what is not generating and receiving it.
                "nsOverBareDrop": bare and spread(
                    [1e9 / own - 1e9 / least for own, least in zip(rates[one.name], bare)]),
                "letThrough": (one.counts()[1] - passed) / (one.sent - sent)})

    def check(self):
        """The counters of all three must agree once the last packet has been counted."""
        end = time.monotonic() + 3
        while wrong := [d for c in self.able if (d := c.disagreement())]:
            if time.monotonic() > end:
                raise Refused("; ".join(wrong))
            time.sleep(0.2)

    def bounds(self):
        rounds = {(r["name"], r["sources"]): r for r in self.rows}
        found = []
        for ours, theirs, sources, limit in BOUNDS:
            a, b = rounds.get((ours, sources)), rounds.get((theirs, sources))
            if a and b:
                ratios = [x / y for x, y in zip(a["rounds"], b["rounds"])]
                found.append(bound(f"drops, {a['label']}, {sources_name(sources)} "
                                   f"source{'s' if sources > 1 else ''}: x {b['label']}",
                                   spread(ratios), limit, at_most=False))
        return found

    def close(self):
        for one in self.able:
            with contextlib.suppress(Exception):
                one.close()


def measure(rounds, share, sources):
    """The section of the report, and its bounds. `share`: of the usual number of packets."""
    lab = Lab()
    try:
        test = Throughput(lab, rounds, share)
        try:
            for number in sources:
                test.measure(number)
            test.check()
            return {"rows": test.rows, "unable": test.unable}, test.bounds()
        finally:
            test.close()
    finally:
        lab.close()
