# SPDX-License-Identifier: BSD-2-Clause
"""Runs the whole benchmark: measures, checks that the counters agree, prints, writes JSON.

Exit codes: 0 measured (and every bound holds, unless --report-only), 1 a bound was missed or the
run is refused because counters do not agree.
"""
import argparse
import datetime
import json
import os
import platform
import re
import signal
import subprocess
import sys
import time

import accuracy
import bystander
import cost
import report
import throughput
from figures import Refused
from netns import remove_leftovers

# How much of everything: rounds, and how long each of them takes.
FULL = {"cost": (11, 40_000), "accuracy": 100, "throughput": (5, 0.8, throughput.SOURCES),
        "bystander": (12, 1)}
QUICK = {"cost": (1, 5_000), "accuracy": 15, "throughput": (1, 0.02, [1, 1 << 24]),
         "bystander": (1, 1)}


def machine():
    with open("/proc/cpuinfo") as file:
        name = re.search(r"model name\s*: (.*)", file.read())
    with open("/proc/meminfo") as file:
        memory = int(re.search(r"MemTotal: +(\d+)", file.read())[1])
    return {"processor": name[1] if name else platform.machine(), "cpus": os.cpu_count(),
            "memoryGiB": round(memory / 2**20, 1), "kernel": platform.release(),
            "loadBefore": os.getloadavg()[0]}


def commit():
    done = subprocess.run(["git", "describe", "--always", "--dirty"], capture_output=True,
                          text=True, cwd=os.path.dirname(__file__))
    return done.stdout.strip() or None


def measure(much, only):
    """The document that is written, section by section."""
    sections = {
        "packetCost": lambda: cost.measure(*much["cost"]),
        "throughput": lambda: throughput.measure(*much["throughput"]),
        "bystander": lambda: bystander.measure(*much["bystander"]),
        "accuracy": lambda: accuracy.measure(much["accuracy"])}
    document = {"schema": 1, "time": datetime.datetime.now(datetime.timezone.utc).isoformat(
        timespec="seconds"), "commit": commit(), "machine": machine(), "seconds": {}}
    bounds = []
    for name, section in sections.items():
        if only and name not in only:
            continue
        started = time.monotonic()
        print(f"measuring {report.TITLES[name]} …", file=sys.stderr, flush=True)
        document[name], found = section()
        bounds += found
        document["seconds"][name] = round(time.monotonic() - started, 1)
    document["bounds"] = bounds
    return document


def main():
    words = argparse.ArgumentParser(description=__doc__)
    words.add_argument("--quick", action="store_true")
    words.add_argument("--report-only", action="store_true")
    words.add_argument("--only", action="append", choices=list(report.TITLES))
    words.add_argument("--json", required=True)
    options = words.parse_args()
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(130))  # all that was made is removed
    remove_leftovers()
    try:
        document = measure(QUICK if options.quick else FULL, options.only)
    except Refused as refused:
        print(f"weir: the run is refused, counters do not agree: {refused}", file=sys.stderr)
        return 1
    document["quick"] = options.quick
    with open(options.json, "w") as file:
        json.dump(document, file, indent=1, ensure_ascii=False)
        file.write("\n")
    print(report.text(document))
    missed = [b for b in document["bounds"] if not b["holds"]]
    return 1 if missed and not options.report_only else 0


if __name__ == "__main__":
    sys.exit(main())
