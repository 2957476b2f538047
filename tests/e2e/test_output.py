# SPDX-License-Identifier: BSD-2-Clause
"""What people and programs read: stats, explain, bans, events, metrics, help."""
import datetime
import json
import os
import re
import subprocess
import threading
import time

from agent import BINARY, config, limit, wait_for
from netns import run
from web import at_once, fetch, one_after_another, url
from wire import Sender

LADDER = limit(3, 7, "5s", "burst", "500ms")


def numbers_of(value):
    if isinstance(value, dict):
        return all(numbers_of(v) for v in value.values())
    return isinstance(value, (int, float)) and value >= 0


def test_stats_have_the_shape_that_programs_rely_on(net, nginx, weir):
    agent = weir(config(request=LADDER))
    one_after_another(net.client, url(net.SERVER4), net.client4(1), 9, 0.02, 1)
    fetch(net.client, net.SERVER6, net.client6(1))
    time.sleep(1.2)  # so that one second is in the series
    stats = agent.stats()
    assert stats["schema"] == 1 and stats["version"] and stats["mode"] == "enforce"
    assert stats["uptimeSeconds"] >= 1
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z", stats["time"])
    interface = stats["interfaces"][0]
    assert (interface["name"], interface["attach"]) == (net.DEV, "native")
    assert interface["ifindex"] > 0 and interface["packets"] > 0 and interface["bytes"] > 0
    for name, keys in {"verdicts": "pass allow throttle kick ban malformed",
                       "observed": "throttle kick ban", "events": "syn request",
                       "actions": "drop reset reply challenge deferred",
                       "sources": "tracked capacity insertFailures sketched",
                       "bans": "active capacity", "notices": "sent lost"}.items():
        assert set(keys.split()) <= set(stats[name]) and numbers_of(stats[name]), name
    assert stats["events"] == {"syn": 10, "request": 10, "media": 0}
    assert {"events", "throttle", "kick"} <= set(stats["services"]["web"]["syn"])
    assert stats["services"]["web"]["request"]["kick"] == 2
    for period in ("seconds", "minutes", "hours"):
        assert {"last", "trend", "max"} <= set(stats["series"][period])
    assert sum(stats["series"]["seconds"]["trend"]) <= 20
    # Counted as often as counting is cheap: where walks are slow, so many seconds ago.
    assert wait_for(lambda: agent.stats()["users"]["active"] == 2)
    assert agent.stats()["users"]["addresses"] == 2
    assert stats["sources"]["tracked"] >= 2


def test_explain_tells_count_limits_ban_and_allow(net, nginx, weir):
    agent = weir(config(request=LADDER))
    source = net.client4(1)
    one_after_another(net.client, url(net.SERVER4), source, 5, 0.02, 1)
    told = agent.json("explain", source)
    assert told["schema"] == 1 and told["address"] == source
    assert told["source"].split("/")[0] == source
    row = [r for r in told["limits"] if r["event"] == "request"][0]
    assert (row["count"], row["startThrottle"], row["toMuch"], row["timeoutMs"],
            row["window"]) == (5, 3, 7, 5000, "burst")
    assert 0 < row["resetsInMs"] <= 5000
    assert told["verdict"] == "throttle" and told["why"]
    assert told["ban"] is None and told["allow"] is None
    agent.cli("ban", "add", source, "--for", "1h", "--reason", "too eager")
    told = agent.json("explain", source)
    assert told["verdict"] == "ban" and told["ban"]["reason"] == "too eager"
    agent.cli("allow", "add", "198.19.0.0/16")
    told = agent.json("explain", source)
    assert told["verdict"] == "allow" and told["allow"] == "198.19.0.0/16"
    assert agent.json("explain", net.client6(9, 7))["source"] == "2001:db8:78:9::/64"
    stranger = agent.json("explain", "203.0.113.1")
    assert stranger["verdict"] == "pass"


def test_bans_are_listed_with_who_why_and_how_long_and_count_what_they_dropped(
        net, nginx, weir):
    agent = weir(config())
    asked = datetime.datetime.now(datetime.timezone.utc)
    agent.cli("ban", "add", net.client4(1), "--for", "1h", "--reason", "because")
    agent.cli("ban", "add", "2001:db8:78:5::/64")
    rows = {b["address"]: b for b in agent.json("ban", "list")["bans"]}
    ban = rows[net.client4(1) + "/32"]
    until = datetime.datetime.fromisoformat(ban["until"].replace("Z", "+00:00"))
    assert abs((until - asked).total_seconds() - 3600) < 2
    assert (ban["reason"], ban["origin"], ban["times"]) == ("because", "cli", 1)
    assert "2001:db8:78:5::/64" in rows
    one_after_another(net.client, url(net.SERVER4), net.client4(1), 2, 0.02, 0.3)
    dropped = {b["address"]: b["dropped"] for b in agent.json("ban", "list")["bans"]}
    assert dropped[net.client4(1) + "/32"] >= 2 and dropped["2001:db8:78:5::/64"] == 0
    agent.cli("ban", "remove", net.client4(1))
    assert [b["address"] for b in agent.json("ban", "list")["bans"]] == ["2001:db8:78:5::/64"]
    assert at_once(net.client, net.SERVER4, net.client4(1))


def test_events_can_be_followed_as_json_one_object_a_line(net, nginx, weir):
    agent = weir(config(request=LADDER))
    process = subprocess.Popen(
        [*net.server.enter(), BINARY, "events", "--follow", "--json"], text=True,
        stdout=subprocess.PIPE, env={"WEIR_SOCKET": agent.socket})
    lines = []
    reader = threading.Thread(target=lambda: lines.extend(process.stdout))
    reader.start()
    time.sleep(0.3)
    one_after_another(net.client, url(net.SERVER4, "/some/page?q=1"), net.client4(1), 9, 0.02, 1)
    agent.cli("ban", "add", net.client4(1))
    agent.cli("ban", "remove", net.client4(1))
    end = time.monotonic() + 5
    while not any('"unban"' in line for line in lines) and time.monotonic() < end:
        time.sleep(0.05)
    process.terminate()
    reader.join(5)
    events = [json.loads(line) for line in lines]
    kinds = [e["kind"] for e in events]
    assert kinds.count("throttle") == 4 and kinds.count("kick") == 2, kinds
    assert "ban" in kinds and "unban" in kinds, kinds
    kick = [e for e in events if e["kind"] == "kick"][0]
    assert (kick["address"], kick["service"], kick["event"], kick["count"]) == (
        net.client4(1), "web", "request", 8)
    assert kick["path"].startswith("/some/page") and kick["time"].endswith("Z")
    recent = [json.loads(line) for line in agent.cli("events", "--json").stdout.splitlines()]
    assert "kick" in [e["kind"] for e in recent]


def test_metrics_are_prometheus_text_without_any_clients_address(net, nginx, weir):
    agent = weir(config(request=LADDER))
    one_after_another(net.client, url(net.SERVER4), net.client4(1), 9, 0.02, 1)
    status, text = agent.call("GET", "/metrics")
    assert status == 200
    for name in ("weir_events_total", "weir_verdicts_total", "weir_packets_total",
                 "weir_bytes_total", "weir_sources", "weir_bans", "weir_notices_lost_total",
                 "weir_insert_failures_total", "weir_mode", "weir_attached", "weir_build_info",
                 "weir_actions_total"):
        assert re.search(rf"^{name}\b", text, re.M), name
    assert re.search(r'^weir_events_total{[^}]*service="web"[^}]*} 9$', text, re.M)
    assert "198.19" not in text
    for line in text.splitlines():
        assert re.fullmatch(r'#.*|[a-z_]+({[a-z_]+="[^"]*"(,[a-z_]+="[^"]*")*})? [0-9.e+-]+',
                            line), line


def test_text_is_at_most_100_columns_without_colour(net, nginx, weir):
    agent = weir(config(request=LADDER), devices=(net.DEV,))
    agent.cli("ban", "add", net.client6(1), "--reason", "x" * 200)
    agent.cli("allow", "add", "2001:db8:1234:5678::/64", "--reason", "ä" * 100)
    one_after_another(net.client, url(net.SERVER4, "/" + "y" * 300), net.client4(1), 9, 0.02, 1)
    for words in (["status"], ["stats"], ["ban", "list"], ["allow", "list"], ["limit", "list"],
                  ["events"], ["explain", net.client4(1)], ["config", "show"]):
        out = agent.cli(*words).stdout
        assert out.strip() and "\x1b" not in out, words
        assert max(len(line) for line in out.splitlines()) <= 100, (words, out)


def test_every_reading_command_answers_in_json_with_a_schema(weir):
    agent = weir(config())
    for words in (["status"], ["stats"], ["ban", "list"], ["allow", "list"], ["limit", "list"],
                  ["explain", "192.0.2.1"], ["config", "show"]):
        assert agent.json(*words)["schema"] == 1, words


def test_help_and_version_go_to_stdout_and_are_done():
    for words in (["--help"], ["--version"], ["ban", "--help"], ["run", "--help"],
                  ["limit", "set", "--help"]):
        done = run(BINARY, *words, check=False)
        assert done.returncode == 0 and done.stdout.strip() and not done.stderr, (words, done)


def test_an_operator_cannot_ban_the_address_of_his_own_ssh_session(weir):
    agent = weir(config())
    os.environ["SSH_CONNECTION"] = "192.0.2.50 50000 192.0.2.1 22"
    try:
        done = agent.cli("ban", "add", "192.0.2.0/24", check=False)
        assert done.returncode == 4 and "--force" in done.stderr, done
        assert agent.json("ban", "list")["bans"] == []
        agent.cli("ban", "add", "192.0.2.0/24", "--force")
        assert len(agent.json("ban", "list")["bans"]) == 1
    finally:
        del os.environ["SSH_CONNECTION"]


PACKAGING = os.path.join(os.path.dirname(__file__), "../../packaging")
# Measured later, or of Prometheus itself.
ELSEWHERE = {"up"}


def test_metrics_rules_and_dashboard_are_what_their_own_tools_take(net, nginx, weir):
    agent = weir(config(request=LADDER))
    one_after_another(net.client, url(net.SERVER4), net.client4(1), 9, 0.02, 1)
    _, text = agent.call("GET", "/metrics")
    run("promtool", "check", "metrics", input=text)
    rules = f"{PACKAGING}/prometheus/weir.rules.yml"
    run("promtool", "check", "rules", rules)
    exposed = set(re.findall(r"^# TYPE (\w+)", text, re.M))
    with open(f"{PACKAGING}/grafana/weir.json") as file:
        dashboard = json.load(file)
    queries = [target["expr"] for panel in dashboard["panels"] for target in panel["targets"]]
    with open(rules) as file:
        queries += re.findall(r"expr: (.*)", file.read())
    assert len(queries) > 15
    for query in queries:
        named = set(re.findall(r"\b(weir_\w+|up)\b", query)) - ELSEWHERE
        assert named <= exposed, query
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])


def test_a_scrape_is_as_long_whatever_attacks(net, weir, receiver):
    net.receive_by_xdp(receiver)
    agent = weir(config(syn=limit(2, 2, "10m")))

    def samples():
        return [line.rsplit(" ", 1)[0] for line in agent.call("GET", "/metrics")[1].splitlines()]

    before = samples()
    sender, sources = Sender(net.client, net.PEER), 20_000
    for first in range(0, sources, 100):
        # Three SYNs of each: the third is a kick.
        sender.send_batch(sender.prepare(
            [net.syn(f"10.{n >> 16}.{n >> 8 & 255}.{n & 255}", 1000 + port)
             for n in range(first, first + 100) for port in range(3)]))
    sender.close()
    assert wait_for(lambda: agent.stats()["verdicts"]["kick"] == sources)
    agent.ban_all([f"203.0.113.{n}" for n in range(200)], "1h")
    assert samples() == before, "names and labels; only values grow"
    assert not re.search(r"\b10\.\d+\.\d+\.\d+|203\.0\.113", "".join(before))


def test_a_german_locale_changes_nothing_in_json_metrics_or_lines(net, nginx, weir, german,
                                                                  monkeypatch):
    agent = weir(config(request=LADDER), start=False)
    agent.around = german
    agent.start()
    agent.cli("ban", "add", "203.0.113.7", "--for", "1h", "--reason", "because")
    one_after_another(net.client, url(net.SERVER4), net.client4(1), 9, 0.02, 1)
    sender = Sender(net.client, net.PEER)  # so that there are numbers with thousands
    sender.send_batch(sender.prepare([net.syn(net.client4(9), 2000, dport=9999)] * 1500))
    sender.close()
    assert wait_for(lambda: agent.stats()["reasons"]["unprotected"] >= 1500)
    # What does not change by itself is the same where numbers are written otherwise.
    quiet = [["limit", "list"], ["ban", "list"], ["allow", "list"], ["config", "show"], ["events"],
             ["users", net.client4(1), "--json"], ["ban", "export"]]
    quiet += [[*words, "--json"] for words in quiet if "--json" not in words]

    def outputs():
        texts = [agent.cli(*words).stdout for words in quiet]
        # Times seen are worked out of two clocks, to a millisecond.
        return [re.sub(r'"(activity|resetsInMs)": [\d.]+|"(first|last)Seen": "[^"]+"', "", text)
                for text in texts]

    def is_the_same_there():
        here = outputs()
        with monkeypatch.context() as there:
            for word in german[1:]:
                there.setenv(*word.split("=", 1))
            return outputs() == here

    assert is_the_same_there() or is_the_same_there(), "but for what a client sends in between"
    for word in german[1:]:
        monkeypatch.setenv(*word.split("=", 1))
    grouped = re.compile(r"(?<![\d.:-])\d{1,3}[.,]\d{3}\b(?![.:])")
    for words in (["stats"], ["stats", "--series"], ["status"], ["users"], ["users", "--active"]):
        document = agent.json(*words)
        assert json.loads(agent.cli(*words, "--json").stdout)["schema"] == document["schema"] == 1
        text = agent.cli(*words).stdout
        assert not grouped.search(text), (words, text)
        assert not re.search(r"\d,\d", text), (words, text)
    assert agent.stats()["packets"] >= 1500 and str(agent.stats()["reasons"]["unprotected"]) in \
        json.dumps(agent.stats())
    lines = subprocess.run([*net.server.enter(), "timeout", "1.5", BINARY, "top", "--socket",
                            agent.socket], stdout=subprocess.PIPE, text=True,
                           stdin=subprocess.DEVNULL).stdout.splitlines()
    assert lines
    for line in lines:
        rate = r"(\d+|-)/s"  # none yet in the agent's first second
        assert re.fullmatch(rf"\S+Z  events {rate}  throttle {rate}  kick {rate}  ban {rate}  "
                            r"users \d+  bans 1  most: .*", line), line
    for line in agent.call("GET", "/metrics")[1].splitlines():
        assert re.fullmatch(r"#.*|\S+(?:{.*})? (?:\d+|\d+\.\d{6})", line), line


def test_counters_are_back_after_a_restart(net, nginx, weir):
    agent = weir(config())

    def counted():
        return agent.json("stats", "--series")["series"]

    def wait_until(is_so):
        end = time.monotonic() + 10
        while not is_so(counted()) and time.monotonic() < end:
            time.sleep(0.1)

    # What came before the first second of an agent is in none.
    wait_until(lambda series: series["packets"]["seconds"]["trend"])
    one_after_another(net.client, url(net.SERVER4), net.client4(1), 5, 0.02, 1)
    wait_until(lambda series: sum(series["events.request"]["seconds"]["trend"]) == 5)
    before = counted()
    assert sum(before["events.request"]["seconds"]["trend"]) == 5
    agent.terminate()
    agent.start()
    after = counted()
    for name in ("events.request", "packets", "verdicts.pass"):
        trend = before[name]["seconds"]["trend"]
        assert after[name]["seconds"]["trend"][:len(trend)] == trend, name
        assert after[name]["seconds"]["max"][0] == before[name]["seconds"]["max"][0], name
    assert "events.request" in agent.cli("stats", "--series").stdout
