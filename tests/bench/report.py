# SPDX-License-Identifier: BSD-2-Clause
"""The benchmark's document as text: a pure function, and the only place that formats it."""

TITLES = {"packetCost": "what a packet costs", "throughput": "drop throughput",
          "bystander": "what a bystander pays", "accuracy": "accuracy"}
KEYS = {"one": "one", "64k": "64 k", "new": "all new"}
SOURCES = {1: "1", 1 << 16: "64 Ki", 1 << 20: "1 Mi", 1 << 24: "16 Mi"}
WAYS = {"none": "no XDP program", "pass": "a program that passes", "idle": "Weir, idle",
        "flood": "Weir, while another floods"}


def span(figure, scale=1.0, digits=1):
    """Median and, as its spread, the lowest and the highest."""
    return (f"{figure['median'] * scale:7.{digits}f}  {figure['min'] * scale:7.{digits}f} .. "
            f"{figure['max'] * scale:<7.{digits}f}")


def cost(rows):
    yield "ns a packet (BPF_PROG_TEST_RUN, less what changing the source costs)"
    yield f"  {'':<38} {'sources':<8} {'median':>7}  {'lowest':>7}    highest"
    for row in rows:
        yield f"  {row['name']:<38} {KEYS[row['keys']]:<8} {span(row['ns'])}"


def throughput(section):
    yield "million packets a second dropped by one CPU, which generates and receives (veth, live"
    yield "frames); ns a packet that a bare drop does not take; what a limit lets through"
    yield (f"  {'':<28} {'sources':<8} {'median':>6}  {'lowest':>6}    highest {'ns more':>7}  "
           "let through")
    for row in section["rows"]:
        figure, more = row["packetsPerSecond"], row["nsOverBareDrop"] or {"median": 0}
        median, low, high = (figure[key] * 1e-6 for key in ("median", "min", "max"))
        yield (f"  {row['label']:<28} {SOURCES[row['sources']]:<8} {median:6.2f}  {low:6.2f} .. "
               f"{high:<7.2f} {more['median']:7.0f}  "
               f"{row['letThrough']:>11.2%}")
    for missing in section["unable"]:
        yield f"  {missing['label']:<28} cannot run here: {missing['why']}"


def bystander(section):
    flood = section["flood"]
    yield "wrk against nginx, 16 connections (medians)"
    yield (f"  {'':<30} {'requests/s':>10}  {'lowest':>7}    highest  {'p50 ms':>7} {'p99 ms':>7} "
           f"{'CPU us/request':>15}")
    for row in section["rows"]:
        rate = row["requestsPerSecond"]
        yield (f"  {WAYS[row['name']]:<30} {rate['median']:10.0f}  {rate['min']:7.0f} .. "
               f"{rate['max']:<7.0f} {row['p50Ms']['median']:7.2f} {row['p99Ms']['median']:7.2f} "
               f"{row['cpuUsPerRequest']['median']:15.1f}")
    yield ("  CPU time a request, ratios of neighbours: Weir idle "
           f"{section['cpuRatios']['idleToNone']['median']:.3f} x none, "
           f"{section['cpuRatios']['idleToPass']['median']:.3f} x a program that passes")
    yield (f"  the flood: {flood['rate']} packets a second, {flood['sent']} in all, "
           f"{flood['kicked']} turned away, {flood['lost']} lost before Weir (full ring)")


def accuracy(rows):
    yield "admitted events beside an oracle"
    yield f"  {'window':<10} {'CPUs':<5} {'events':>10} {'admitted':>10} {'oracle':>10}"
    for row in rows:
        yield (f"  {row['window']:<10} {row['cpus']:<5} {row['events']:>10} {row['admitted']:>10} "
               f"{row['oracle']:>10}")


def bounds(rows):
    yield "bounds (medians of the ratios of neighbours in time)"
    for row in rows:
        sign = "<=" if row["is"] == "atMost" else ">="
        yield (f"  {'ok    ' if row['holds'] else 'MISSED'} {row['reached']:6.2f} {sign} "
               f"{row['bound']:<5} {row['what']}")


def text(document):
    of = document["machine"]
    lines = [f"{of['processor']}, {of['cpus']} CPUs, {of['memoryGiB']} GiB, Linux {of['kernel']}, "
             f"load {of['loadBefore']:.1f}; {document['time']}, commit {document['commit']}", ""]
    for name, section in (("packetCost", cost), ("throughput", throughput),
                          ("bystander", bystander), ("accuracy", accuracy), ("bounds", bounds)):
        if name in document:
            lines += [*section(document[name]), ""]
    missed = sum(not b["holds"] for b in document["bounds"])
    lines.append(f"{len(document['bounds']) - missed} bounds hold, {missed} missed; "
                 f"{sum(document['seconds'].values()):.0f} s")
    return "\n".join(lines)
