# SPDX-License-Identifier: BSD-2-Clause
"""eventLog and counterLog: events and counters for others to read, whatever becomes of the disk."""
import json
import os
import re
import signal
import socket
import stat
import time

import pytest

import systemd
from agent import BINARY, config, limit, wait_for
from netns import run
from web import one_after_another, url
from wire import Sender

LADDER = limit(3, 7, "5s")


def events_in(path):
    if not os.path.exists(path):
        return []
    with open(path) as file:
        return [json.loads(line) for line in file]


def kinds_in(path):
    return [event["kind"] for event in events_in(path)]


@pytest.fixture
def logging(weir, tmp_path):
    """Makes an agent that writes its events to a file; returns both."""

    def make(where=tmp_path, more="", start=True, **settings):
        agent = weir(config(more=f'eventLog = "{where}/events.ndjson"\n{more}', **settings),
                     start=start)
        return agent, f"{where}/events.ndjson"

    return make


def test_every_event_is_a_line_of_the_file_and_the_same_as_weir_events_tells(net, nginx, logging):
    agent, path = logging(request=LADDER)
    assert stat.S_IMODE(os.stat(path).st_mode) == 0o640
    one_after_another(net.client, url(net.SERVER4, "/some/page"), net.client4(1), 9, 0.02, 1)
    agent.cli("ban", "add", net.client4(1), "--reason", "\x1b[2J \"quoted\"\n</script>")
    assert wait_for(lambda: "ban" in kinds_in(path))
    # What the banned client sends again is told of as well, and in the file a moment later.
    assert wait_for(lambda: events_in(path) == [
        json.loads(line) for line in agent.cli("events", "--json").stdout.splitlines()])
    assert kinds_in(path).count("kick") == 2
    with open(path, "rb") as file:
        assert b"\x1b" not in file.read()
    logs = agent.stats()["logs"]
    assert logs == {"eventLog": {"to": path, "written": len(kinds_in(path)), "lost": 0}}
    metrics = agent.call("GET", "/metrics")[1]
    assert f'weir_log_lines_total{{log="eventLog"}} {len(kinds_in(path))}' in metrics
    run("promtool", "check", "metrics", input=metrics)


def test_the_file_may_be_moved_away_by_hand_by_signal_and_by_logrotate(net, logging, tmp_path):
    agent, path = logging()
    agent.cli("ban", "add", "203.0.113.1")
    assert wait_for(lambda: "ban" in kinds_in(path))
    os.rename(path, path + ".old")
    agent.cli("ban", "remove", "203.0.113.1")
    assert wait_for(lambda: kinds_in(path) == ["unban"])
    assert "unban" not in kinds_in(path + ".old")
    os.rename(path, path + ".older")
    agent.signal(signal.SIGHUP)  # a file that is there at once, with nothing to say but that
    assert wait_for(lambda: kinds_in(path) == ["reload"])
    # The package's own file, for these paths.
    with open(os.path.join(os.path.dirname(__file__), "../../packaging/logrotate.conf")) as file:
        rules = file.read().replace("/var/log/weir", str(tmp_path))
    (tmp_path / "rules").write_text("su root root\n" + rules)
    os.chmod(tmp_path, 0o755)
    run("logrotate", "--force", "--state", tmp_path / "state", tmp_path / "rules")
    assert not os.path.exists(path) and kinds_in(path + ".1") == ["reload"]
    agent.cli("allow", "add", "203.0.113.2")
    assert wait_for(lambda: kinds_in(path) == ["allow"])


def test_a_flood_is_written_many_lines_at_a_time(net, logging, figure):
    agent, path = logging(syn=limit(5, 5, "10m"))

    def writes():
        with open(f"/proc/{agent.process.pid}/io") as file:
            return int(re.search(r"syscw: (\d+)", file.read()).group(1))

    before = writes()
    sender, started = Sender(net.client, net.PEER), time.monotonic()
    sources = 0
    while time.monotonic() - started < 3:
        # Ten SYNs each of ever new sources: five of them are kicks.
        frames = [net.syn(f"198.19.{sources // 250 + 1}.{sources % 250 + 1}", 2000 + n, n)
                  for n in range(10)]
        sender.send_batch(sender.prepare(frames))
        sources += 1
        time.sleep(0.005)
    sender.close()
    took = time.monotonic() - started
    told = agent.stats()["notices"]["sent"]
    assert wait_for(lambda: kinds_in(path).count("kick") == told)
    figure("issue 6, eventLog", f"{told} events in {took:.1f} s, {writes() - before} writes")
    assert told > 500 and writes() - before < 0.25 * told


def test_a_full_disk_is_told_once_and_nothing_is_torn(net, logging, small_disk):
    agent, path = logging(small_disk.path)
    small_disk.fill()
    for number in range(100):  # more than a page's worth, which may have been free
        agent.cli("ban", "add", f"203.0.113.{number}", "--reason", "r" * 200)

    def problems():
        return agent.json("status")["problems"]

    assert wait_for(problems)
    assert problems()[0].startswith(f"eventLog: writing {path}: No space left on device"), problems()
    assert agent.words().count("eventLog: ") == 1
    assert "No space left" in agent.cli("status").stdout
    small_disk.empty()
    assert wait_for(lambda: not problems())
    assert wait_for(lambda: kinds_in(path).count("ban") == 100)
    assert wait_for(lambda: kinds_in(path).count("eventLog") == 2), "behind, and caught up"


def test_a_directory_that_goes_is_told_and_the_file_is_made_when_it_is_back(net, logging, tmp_path):
    where = tmp_path / "log"
    where.mkdir()
    agent, path = logging(where)
    os.rename(where, tmp_path / "elsewhere")
    agent.cli("ban", "add", "203.0.113.1")
    assert wait_for(lambda: not agent.json("status")["healthy"])
    assert "No such file" in agent.json("status")["problems"][0]
    where.mkdir()
    assert wait_for(lambda: agent.json("status")["healthy"])
    assert wait_for(lambda: "ban" in kinds_in(path))


def test_a_path_that_cannot_be_is_refused_with_the_name_of_its_key(net, weir, logging, tmp_path):
    agent, path = logging(tmp_path / "none", start=False)
    done = net.server.run(*agent.run_command(), check=False)
    assert done.returncode == 1
    assert f"eventLog: opening {path}: No such file or directory" in done.stderr
    assert not os.path.exists(agent.pins), "nothing was touched"
    agent.configure(config())
    agent.start()
    os.mkfifo(tmp_path / "pipe")
    for where, why in ((tmp_path / "pipe", "no regular file"), (tmp_path, "Is a directory"),
                       ("/dev/full", "no regular file")):
        agent.configure(config(mode="observe", more=f'counterLog = "{where}"'))
        done = agent.cli("reload", check=False)
        assert done.returncode == 1 and f"counterLog: opening {where}: " in done.stderr, done
        assert why in done.stderr, done
    assert agent.json("status")["mode"] == "enforce", "the settings before stay"


class Journald:
    """Its socket, for an agent in a mount namespace in which that is journald's."""

    def __init__(self, home):
        os.makedirs(f"{home}/journal")
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(f"{home}/journal/socket")
        self.socket.settimeout(5)
        self.words = ["unshare", "--mount", "--propagation", "private", "sh", "-ec",
                      f"mount -t tmpfs tmpfs /run; mkdir -p /run/systemd; "
                      f"ln -s {home}/journal /run/systemd/journal; exec \"$@\"", "sh"]

    def record(self):
        """The next one's fields."""
        data, fields = self.socket.recv(1 << 20), {}
        while data:
            name, _, data = data.partition(b"\n")
            if b"=" in name:
                name, _, value = name.partition(b"=")
            else:
                size = int.from_bytes(data[:8], "little")
                value, data = data[8:8 + size], data[9 + size:]
            fields[name.decode()] = value.decode()
        return fields


def test_events_are_records_of_journald_with_fields(net, nginx, weir, tmp_path):
    journald = Journald(str(tmp_path))
    agent = weir(config(request=LADDER, more='eventLog = "journal"'), start=False)
    agent.around = journald.words
    agent.start()
    one_after_another(net.client, url(net.SERVER4, "/x"), net.client4(1), 8, 0.02, 1)
    record = {}
    while record.get("WEIR_KIND") != "kick":
        record = journald.record()
    assert record["WEIR_ADDRESS"] == net.client4(1) and record["PRIORITY"] == "6"
    assert (record["WEIR_SERVICE"], record["WEIR_EVENT"], record["WEIR_COUNT"]) == (
        "web", "request", "8")
    assert record["SYSLOG_IDENTIFIER"] == "weir"
    assert re.match(rf"kick +{net.client4(1)} +web/request +number 8 ", record["MESSAGE"])
    assert json.loads(record["WEIR_JSON"])["path"] == "/x"
    # One that takes nothing holds nobody up: its queue is full soon.
    agent.ban_all([f"203.0.{n >> 8}.{n & 255}" for n in range(1500)], "1h")
    assert wait_for(lambda: not agent.json("status")["healthy"], 10)
    assert "journald" in agent.json("status")["problems"][0]
    assert agent.terminate() < 2


@pytest.mark.long
def test_a_real_journald_keeps_them_and_journalctl_finds_them_by_field(net, nginx, tmp_path):
    settings = tmp_path / "weir.toml"
    settings.write_text(config(request=LADDER, more=f'interfaces = ["{net.DEV}"]\n'
                                                    'eventLog = "journal"'))
    machine = systemd.Systemd(net.server, str(tmp_path / "machine"), BINARY, systemd.UNIT,
                              settings)
    try:
        machine.run("systemctl", "start", "systemd-journald.service")
        machine.run("systemctl", "restart", "weir")
        machine.wait_until("ActiveState", "active")
        one_after_another(net.client, url(net.SERVER4, "/x"), net.client4(1), 9, 0.02, 1)
        machine.run("weir", "ban", "add", "203.0.113.7", "--reason", "Ärger\x1b[2J")

        def found(*fields):
            lines = machine.run("journalctl", "--quiet", "--output=json", *fields).stdout
            return [json.loads(line) for line in lines.splitlines()]

        assert wait_for(lambda: len(found("WEIR_KIND=kick")) == 2)
        kicks = found(f"WEIR_ADDRESS={net.client4(1)}", "WEIR_KIND=kick", "_SYSTEMD_UNIT=weir.service")
        assert [kick["WEIR_COUNT"] for kick in kicks] == ["8", "9"]
        assert {kick["SYSLOG_IDENTIFIER"] for kick in kicks} == {"weir"}
        (ban,) = found("WEIR_KIND=ban")
        assert json.loads(ban["WEIR_JSON"])["subject"] == "203.0.113.7/32"
        assert "\x1b" not in machine.run("journalctl", "--output=cat", "WEIR_KIND=ban").stdout
    finally:
        machine.run("weir", "detach", "--all", check=False)
        machine.close()


@pytest.mark.long
def test_a_german_locale_changes_nothing_in_the_files(net, nginx, weir, tmp_path, german):
    agent = weir(config(request=LADDER, more=f'eventLog = "{tmp_path}/events"'), start=False)
    agent.around = german
    agent.start()
    one_after_another(net.client, url(net.SERVER4), net.client4(1), 9, 0.02, 1)
    assert wait_for(lambda: os.path.exists(tmp_path / "events") and
                    kinds_in(tmp_path / "events").count("kick") == 2)


LINE = re.compile(r"(\S+Z) -- (\S+)((?: [a-zA-Z.]+ (?:-|\d+(?:\.\d+)?))+)")


def minutes_in(path):
    """What the lines of a counterLog tell: [{name: text}]."""
    minutes = []
    for line in path.read_text().splitlines():
        _, host, counters = LINE.fullmatch(line).groups()
        assert host == os.uname().nodename
        words = counters.split()
        minutes.append(dict(zip(words[::2], words[1::2])))
    return minutes


@pytest.mark.long
def test_the_counters_of_a_minute_are_a_line_with_what_was_counted(net, nginx, weir, tmp_path,
                                                                   german):
    path = tmp_path / "counter.log"
    agent = weir(config(request=LADDER, more=f'counterLog = "{path}"'), start=False)
    agent.around = german
    agent.start()

    def series():
        return agent.json("stats", "--series")["series"]

    assert wait_for(lambda: series()["packets"]["seconds"]["trend"])
    one_after_another(net.client, url(net.SERVER4), net.client4(1), 9, 0.02, 1)
    # They may be of two minutes.
    assert wait_for(lambda: sum(int(m["events.request"]) for m in minutes_in(path)) == 9, 130)
    written, counted = minutes_in(path), series()
    assert list(written[0]) == list(counted)
    for name in ("events.syn", "verdicts.kick", "packets", "bytes", "activeUsers"):
        assert [int(m[name]) for m in written] == counted[name]["minutes"]["trend"], name
    assert max(float(m["responseTimeMs"].replace("-", "0")) for m in written) > 0
