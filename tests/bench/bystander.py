# SPDX-License-Identifier: BSD-2-Clause
"""What an innocent client pays: wrk against nginx through four cables by turns.

    none    no XDP program at all
    pass    an XDP program that passes everything, which is what veth itself charges for XDP
    idle    Weir, with limits that wrk does not reach
    flood   the same while another source floods the same interface
"""
import json
import os
import re
import resource
import subprocess
import time

from agent import Weir, limit
from figures import Refused, bound, spread
from lab import CPU, PROGRAMS, Lab
from web import Nginx

WAYS = {"none": ("plain", 1), "pass": ("bare", 2), "idle": ("weir", 3), "flood": ("weir", 3)}
RATE = 200_000  # of the flood; a whole CPU's worth would measure the generator
HIGH = limit(65535, 65535, "500ms", "sliding")
SETTINGS = (f'mode = "enforce"\n'
            f'[services.web]\nports = [80]\nprotocol = "http"\n'
            f'[services.web.syn]\n{HIGH}[services.web.request]\n{HIGH}'
            f'[services.flooded]\nports = [81]\nprotocol = "tcp"\n'
            f'[services.flooded.syn]\n{limit(1, 1, "10m")}')
TICK = os.sysconf("SC_CLK_TCK")


def in_ms(text):
    number, unit = re.fullmatch(r"([\d.]+)(us|ms|s)", text).groups()
    return float(number) * {"us": 1e-3, "ms": 1, "s": 1e3}[unit]


class Bystander:
    def __init__(self, lab, seconds):
        self.lab, self.seconds = lab, seconds
        for name, subnet in (("plain", 1), ("bare", 2), ("weir", 3)):
            lab.cable(name, subnet)
            # As a card would deliver it: whole checksums, no segments larger than a frame.
            lab.client.run("ethtool", "-K", f"c-{name}", "tx", "off", "tso", "off", "gso", "off")
        lab.xdp("bare", "pass")
        self.requests = self.flooded = 0
        self.nginx = Nginx(lab.server)
        self.weir = Weir(lab.server, SETTINGS, devices=["weir"])
        self.weir.start()

    def server_cpu(self):
        """Seconds of CPU time that nginx has used."""
        children = f"/proc/{self.nginx.process.pid}/task/{self.nginx.process.pid}/children"
        total = 0
        for pid in open(children).read().split():
            words = open(f"/proc/{pid}/stat").read().rsplit(") ", 1)[1].split()
            total += int(words[11]) + int(words[12])
        return total / TICK

    def block(self, way):
        """One run of wrk."""
        name, subnet = WAYS[way]
        flood = None
        if way == "flood":
            flood = self.lab.client.popen(
                f"{PROGRAMS}/weir_flood", f"c-{name}", "--port", 81, "--rate", RATE, "--packets",
                int(RATE * (self.seconds + 0.5)), "--cpu", CPU, stdout=subprocess.PIPE, text=True)
            time.sleep(0.3)
        before = resource.getrusage(resource.RUSAGE_CHILDREN), self.server_cpu()
        text = self.lab.client.run("wrk", "-t1", "-c16", f"-d{self.seconds}s", "--latency",
                                   f"http://198.18.{subnet}.1/").stdout
        after = resource.getrusage(resource.RUSAGE_CHILDREN), self.server_cpu()
        if "Socket errors" in text or "Non-2xx" in text:
            raise Refused(f"bystander, {way}: wrk was not served: {text}")
        requests = int(re.search(r"(\d+) requests in", text)[1])
        cpu = (after[0].ru_utime + after[0].ru_stime - before[0].ru_utime - before[0].ru_stime +
               after[1] - before[1])
        if flood:
            self.flooded += json.loads(flood.communicate(timeout=20)[0])["sent"]
        if name == "weir":
            self.requests += requests
        return {"requestsPerSecond": float(re.search(r"Requests/sec: +([\d.]+)", text)[1]),
                "p50Ms": in_ms(re.search(r"50% +(\S+)", text)[1]),
                "p99Ms": in_ms(re.search(r"99% +(\S+)", text)[1]),
                "cpuUsPerRequest": cpu / requests * 1e6}

    def check(self, blocks):
        """What wrk, the generator and Weir have counted must agree."""
        services = self.weir.stats()["services"]
        web, flooded = services["web"], services["flooded"]["syn"]
        lost = self.lab.lost("weir")  # Weir never saw them
        extra = web["request"]["events"] - self.requests
        if not 0 <= extra <= 16 * blocks:  # requests that wrk did not wait for
            raise Refused(f"bystander: wrk had {self.requests} answers, Weir counted "
                          f"{web['request']['events']} requests")
        if web["request"]["kick"] or web["syn"]["kick"]:
            raise Refused("bystander: Weir turned wrk away")
        if flooded["events"] != self.flooded - lost or self.flooded - lost - flooded["kick"] > 1:
            raise Refused(f"bystander: the flood was {self.flooded} packets less {lost}, Weir "
                          f"counted {flooded['events']} and turned {flooded['kick']} away")
        return {"sent": self.flooded, "lost": lost, "kicked": flooded["kick"]}

    def close(self):
        self.weir.close()
        self.nginx.close()



def ratio(blocks, way, to, key):
    return spread([a[key] / b[key] for a, b in zip(blocks[way], blocks[to])])


def measure(rounds, seconds):
    """The section of the report, and its bounds."""
    lab = Lab()
    try:
        test = Bystander(lab, seconds)
        try:
            blocks = {way: [] for way in WAYS}
            for number in range(rounds + 1):
                # Back and forth: what gets slower with time does so for all.
                for way in list(WAYS)[::1 if number % 2 else -1]:
                    block = test.block(way)
                    if number:  # the first is for warming up
                        blocks[way].append(block)
            flood = test.check(2 * (rounds + 1))
            rows = [{"name": way, **{key: spread([b[key] for b in blocks[way]])
                                     for key in blocks[way][0]}} for way in WAYS]
            ratios = {f"{way}To{to.capitalize()}": ratio(blocks, way, to, "requestsPerSecond")
                      for way, to in (("idle", "none"), ("idle", "pass"), ("flood", "idle"),
                                      ("pass", "none"))}
            # Less at the mercy of what else runs on the machine than the wall clock.
            cpu = {f"{way}To{to.capitalize()}": ratio(blocks, way, to, "cpuUsPerRequest")
                   for way, to in (("idle", "none"), ("idle", "pass"), ("flood", "idle"))}
            return ({"rows": rows, "ratios": ratios, "cpuRatios": cpu, "flood": {"rate": RATE, **flood}},
                    [bound("bystander, requests a second, Weir idle: x no XDP program",
                           ratios["idleToNone"], 0.99, at_most=False),
                     bound("bystander, requests a second, Weir idle: x a program that passes",
                           ratios["idleToPass"], 0.99, at_most=False)])
        finally:
            test.close()
    finally:
        lab.close()
