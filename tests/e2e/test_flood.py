# SPDX-License-Identifier: BSD-2-Clause
"""Floods: the quota is exact with two CPUs, and a /64 is one source (figures 3 and 4)."""
import statistics
import subprocess
import time

import pytest

from agent import config, limit
from frames import ACK, SYN
from web import at_once, curl, fetch, url, wrk
from wire import Counter, Flood, Sender, most_in_any_window, settle

MUCH = 50


@pytest.mark.parametrize("window", ["burst", "sliding"])
def test_of_a_syn_flood_on_two_cpus_exactly_to_much_syns_a_window_reach_the_stack(
        net, nginx, weir, figure, window):
    # A machine that stops for a second must not look like a client that pauses for one.
    seconds = {"burst": 2, "sliding": 1}[window]
    agent = weir(config(syn=limit(MUCH, MUCH, f"{seconds}s", window)))
    source = net.client4(1)
    lists = [[net.syn(source, 1024 + n % 60_000, cpu + 2 * n) for n in range(20_000)]
             for cpu in range(2)]
    counter = Counter(net.server, net.DEV)
    with Flood(net, lists) as flood:
        time.sleep(3.5)
        sent = flood.stop()
    settle()
    counter.stop()
    times = counter.times(source)
    first = sum(1 for t in times if t < times[0] + seconds)
    most = most_in_any_window(times, seconds - 0.02)  # the data path's clock has steps of 4 ms
    row = agent.stats()["services"]["web"]["syn"]
    figure(3, f"own flood, {window} window of {seconds} s, toMuch {MUCH}: {sent} SYNs sent on two "
              f"CPUs, {first} passed in the first window, at most {most} in any, {len(times)} in "
              f"all, {row['events']} counted")
    assert sent > 100_000
    assert first == MUCH
    assert most <= MUCH
    if window == "burst":  # it never paused, so there was only one window
        assert len(times) == MUCH


@pytest.mark.parametrize("attach,family", [
    pytest.param(*which, marks=pytest.mark.long)
    for which in (("native", 6), ("tc", 4), ("generic", 4))])
def test_two_bursts_on_two_cpus_with_a_pause_between_get_to_much_answers_each(
        net, nginx, weir, figure, attach, family):
    weir(config(syn=limit(MUCH, MUCH, "2s")), attach)
    source = net.client4(1) if family == 4 else net.client6(1)
    lists = [[net.syn(source, 1024 + 2 * n + cpu, 7) for n in range(20_000)] for cpu in range(2)]
    # tc comes after packet sockets: the server's answers tell what its stack has seen.
    counter = Counter(net.client, net.PEER, SYN | ACK, SYN | ACK)
    answered = []
    for _ in range(2):
        mark = len(counter.seen)
        with Flood(net, lists) as flood:
            time.sleep(0.7)
            flood.stop()
        settle()
        answered.append(len({s.dport for s in counter.seen[mark:]}))
        time.sleep(2)
    counter.stop()
    figure(3, f"{attach} IPv{family}, two bursts on two CPUs: {answered[0]} and {answered[1]} "
              f"SYNs answered, toMuch {MUCH}")
    assert answered == [MUCH, MUCH]


def test_two_hping3_floods_from_one_source_pass_exactly_to_much_syns(net, nginx, weir, figure):
    weir(config(syn=limit(MUCH, MUCH)))
    counter = Counter(net.server, net.DEV)
    crowd = [net.client.popen("timeout", "3", "taskset", "-c", cpu, "hping3", "--flood", "-q",
                              "-S", "-p", 80, "-I", net.PEER, net.SERVER4,
                              stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
             for cpu in range(2)]
    for process in crowd:
        process.wait(10)
    settle()
    counter.stop()
    figure(3, f"two hping3 --flood for 3 s, burst, toMuch {MUCH}: {counter.count()} SYNs passed")
    assert counter.count() == MUCH


def test_65536_addresses_inside_one_64_share_one_quota_and_the_next_64_loses_nothing(
        net, nginx, weir, figure):
    agent = weir(config(syn=limit(MUCH, MUCH, "10s")))
    sources = [net.client6(5, n) for n in range(65536)]
    frames = [net.syn(source, 1024 + n % 60_000) for n, source in enumerate(sources)]
    neighbour = net.client6(6)
    counter = Counter(net.server, net.DEV)
    sender, served = Sender(net.client, net.PEER), []
    for part in range(16):
        sender.send_all(frames[part * 4096:(part + 1) * 4096])
        served.append(fetch(net.client, net.SERVER6, neighbour))
    settle()
    counter.stop()
    inside = counter.count() - counter.count(neighbour)
    row = agent.stats()["services"]["web"]["syn"]
    median, slowest = statistics.median(f.seconds for f in served), max(f.seconds for f in served)
    figure(4, f"65536 addresses of one /64, toMuch {MUCH}: {inside} SYNs passed; neighbour /64: "
              f"{len(served)} of 16 requests served, median {median * 1e3:.1f} ms, slowest "
              f"{slowest * 1e3:.1f} ms")
    assert inside == MUCH
    assert len(served) == 16 and median < 0.2
    # All that was kicked was of the one /64; a SYN that TCP had to send again counts anew.
    assert row["kick"] == 65536 - MUCH and row["throttle"] == 0
    assert row["events"] == 65536 + counter.count(neighbour)


def test_the_length_of_an_ipv6_source_can_be_chosen(net, nginx, weir):
    weir(config(syn=limit(3, 3, "10s"), more="prefix6 = 48\nprefix4 = 24"))
    counter = Counter(net.server, net.DEV)
    sender = Sender(net.client, net.PEER)
    sender.send_all([net.syn(net.client6(n), 2000) for n in range(10)])  # ten /64s, one /48
    sender.send_all([net.syn(net.client4(n), 2000) for n in range(10)])  # one /24
    sender.send_all([net.syn(net.client4(256 + n), 2000) for n in range(10)])  # the next
    settle()
    counter.stop()
    assert sum(1 for s in counter.seen if ":" in s.source) == 3
    assert sum(1 for s in counter.seen if s.source.startswith("198.19.0.")) == 3
    assert sum(1 for s in counter.seen if s.source.startswith("198.19.1.")) == 3


def test_wrk_gets_no_more_than_its_limit_while_others_are_served(net, nginx, weir):
    agent = weir(config(request=limit(MUCH, MUCH, "10s", "burst")))
    before = nginx.requests()
    got = wrk(net.client, url(net.SERVER4), 3)
    assert nginx.requests() - before <= MUCH
    assert got <= MUCH
    assert at_once(net.client, net.SERVER4, net.client4(7))
    assert agent.stats()["services"]["web"]["request"]["kick"] > 0


def test_a_flood_of_made_up_addresses_does_not_keep_a_real_client_from_being_served(
        net, nginx, weir, figure):
    agent = weir(config(syn=limit(20, 40, "2s", "sliding"), ports="[80, 8081]"))
    frames = [net.syn(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", 1024 + n % 60_000, dport=8081)
              for n in range(100_000)]
    agent.cli("ban", "add", net.client4(1))
    with Flood(net, [frames], rate=100_000) as flood:
        served = []
        for number in range(20):
            served.append(fetch(net.client, net.SERVER4, net.client4(100 + number)))
            time.sleep(0.07)
        sent = flood.stop()
    stats = agent.stats()
    median, slowest = statistics.median(f.seconds for f in served), max(f.seconds for f in served)
    figure(3, f"beside: {sent} SYNs from 100000 made-up addresses, {len(served)} of 20 real "
              f"clients served, median {median * 1e3:.1f} ms, slowest "
              f"{slowest * 1e3:.1f} ms, insert failures "
              f"{stats['sources']['insertFailures']}")
    # The flood may fill the veth's ring for a moment, where Weir is not asked: what Weir did is
    # in its counters, and a typical client notices nothing.
    assert sent > 50_000 and len(served) == 20 and median < 0.2
    assert stats["verdicts"]["throttle"] == stats["verdicts"]["kick"] == 0
    for number in range(20):
        assert agent.json("explain", net.client4(100 + number))["verdict"] == "pass"
    assert curl(net.client, url(net.SERVER4), net.client4(1), patience=0.5).code == 0
