# SPDX-License-Identifier: BSD-2-Clause
"""Every output tells the same: exactly what was sent."""
import re
import time

from agent import config, limit
from browser import Browser
from frames import FIN, SYN, ethernet, ipv4, tcp
from wire import Sender

COUNTS = {"under": 300_000, "unprotected": 500_000, "malformed": 100_000, "banned": 200_000,
          "eager": 134_567}
ROOM = 9  # what the eager one may


def is_on_the_page(net, agent):
    """Whether the page has the numbers of `weir stats`, digit by digit."""
    browser = Browser(net.server)
    try:
        browser.open(re.search(r"page at (\S+)$", agent.ready_line).group(1))
        browser.wait_for("document.getElementById('link').textContent === 'live'")
        # Of the page's own requests for them some may be passing just now.
        told = {name: str(number) for name, number in agent.stats()["verdicts"].items()}
        told.pop("pass")
        browser.wait_for("document.querySelector('#tile-kick data')?.value === '%s'" % told["kick"])
        rows = dict(browser.evaluate(
            "[...document.querySelectorAll('#verdicts tbody tr')].map((r) => "
            "[r.cells[0].textContent, r.cells[1].firstChild.value])"))
        shown = browser.evaluate("[...document.querySelectorAll('#verdicts tbody tr')].map((r) => "
                                 "r.cells[1].textContent.replace(/\\D/g, ''))")
        tiles = {name: browser.evaluate(f"document.querySelector('#tile-{name} data').value")
                 for name in ("kick", "ban", "throttle")}
        assert {name: rows[name] for name in told} == told
        assert shown == list(rows.values()), "what a reader sees is the whole number too"
        assert tiles == {name: told[name] for name in tiles}
    finally:
        browser.close()
    return True


def test_1234567_packets_are_the_same_number_everywhere(net, weir, figure):
    settings = config(ports="[80]") + ("[services.api]\nports = [81]\nprotocol = \"tcp\"\n"
                                       "[services.api.syn]\n" + limit(ROOM, ROOM, "10m"))
    agent = weir(settings, start=False)
    agent.start("--web", "0")
    agent.cli("ban", "add", "10.9.9.9")

    def series_are_there():
        return agent.json("stats", "--series")["series"]["packets"]["seconds"]["trend"]

    while not series_are_there():
        time.sleep(0.1)

    def frame(source, port, flags=SYN):
        segment = tcp(source, net.SERVER4, 4000, port, flags=flags)
        return ethernet(net.SERVER_MAC, net.CLIENT_MAC, ipv4(source, net.SERVER4, segment))

    # Nobody answers 10.0.0.0/8: there is no way to it.
    frames = {"under": [frame(f"10.0.0.{n}", 80) for n in range(20)],
              "unprotected": [frame("10.0.1.1", 9999)], "malformed": [frame("10.0.1.2", 80, SYN | FIN)],
              "banned": [frame("10.9.9.9", 80)], "eager": [frame("10.0.1.3", 81)]}
    before = agent.stats()
    sender, started = Sender(net.client, net.PEER), time.monotonic()
    for kind, count in COUNTS.items():
        kinds = frames[kind]
        batch = sender.prepare([kinds[n % len(kinds)] for n in range(200)])
        for _ in range(count // 200):
            sender.send_batch(batch)
        if count % 200:
            sender.send_batch(sender.prepare(kinds * (count % 200)))
    sender.close()
    took = time.monotonic() - started
    time.sleep(2.2)  # the last second has ended

    stats = agent.stats()
    verdicts = {name: stats["verdicts"][name] - before["verdicts"][name] for name in stats["verdicts"]}
    assert sum(COUNTS.values()) == 1_234_567
    assert stats["reasons"]["unprotected"] - before["reasons"]["unprotected"] == COUNTS["unprotected"]
    assert stats["reasons"]["underLimit"] == COUNTS["under"] + ROOM
    assert verdicts["malformed"] == stats["reasons"]["tcpFlags"] == COUNTS["malformed"]
    assert verdicts["ban"] == COUNTS["banned"] and verdicts["kick"] == COUNTS["eager"] - ROOM
    assert stats["events"]["syn"] == COUNTS["under"] + stats["services"]["api"]["syn"]["events"]
    assert stats["actions"]["drop"] == sum(verdicts[v] for v in ("malformed", "ban", "kick"))
    assert {b["address"]: b["dropped"] for b in agent.json("ban", "list")["bans"]} == {
        "10.9.9.9/32": COUNTS["banned"]}
    # The same in all other forms.
    series = agent.json("stats", "--series")["series"]
    text, metrics = agent.cli("stats").stdout, agent.call("GET", "/metrics")[1]
    for name in ("kick", "ban", "malformed", "throttle"):
        total = stats["verdicts"][name]
        assert re.search(rf'^weir_packets_verdict_total{{verdict="{name}"}} {total}$', metrics, re.M)
        assert re.search(rf"^{name} +{total} ", text, re.M), name
        assert sum(series[f"verdicts.{name}"]["seconds"]["trend"]) == total, name
    assert re.search(rf'weir_events_total{{service="web",event="syn",family="ipv4"}} '
                     rf'{COUNTS["under"]}$', metrics, re.M)
    assert sum(series["events"]["seconds"]["trend"]) == sum(stats["events"].values())
    assert is_on_the_page(net, agent)
    figure("issue 6, totals", f"1234567 packets sent in {took:.1f} s, the same number everywhere")
