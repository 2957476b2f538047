# SPDX-License-Identifier: BSD-2-Clause
"""As a service: the unit, and the agent with the rights that the unit leaves it, no more."""
import os
import re
import signal
import socket
import time

import pytest

from agent import BINARY, config, limit, wait_for
import systemd
from netns import run
from web import at_once, curl, url

UNIT = systemd.UNIT


def settings_of(name):
    """Every value of a setting in the unit, in its order."""
    with open(UNIT) as file:
        return re.findall(rf"^{name}=(.*)$", file.read(), re.M)


def capabilities():
    return settings_of("CapabilityBoundingSet")[0].split()


def as_the_unit(*around):
    """The words that run a command as the unit does: root with its capabilities alone, /proc/sys
    read-only but for one file."""
    writable = [path.lstrip("-") for path in settings_of("ReadWritePaths") if "/proc/" in path]
    script = "mount --bind /proc/sys /proc/sys; mount -o remount,ro,bind /proc/sys\n"
    for path in writable:
        script += f"mount --bind {path} {path}; mount -o remount,rw,bind {path}\n"
    kept = ",".join("+" + name.removeprefix("CAP_").lower() for name in capabilities())
    return ["unshare", "--mount", "--propagation", "private", "sh", "-ec",
            script + 'exec "$0" "$@"', "setpriv", "--bounding-set=-all," + kept,
            "--inh-caps=-all", "--no-new-privs", *around]


def test_the_unit_is_valid_and_its_exposure_is_at_most_2(tmp_path):
    with open(UNIT) as file:
        text = file.read()
    unit = tmp_path / "weir.service"
    unit.write_text(text.replace("/usr/sbin/weir", BINARY))
    done = run("systemd-analyze", "verify", "--man=no", unit, check=False)
    words = [line for line in done.stderr.splitlines() if "weir.service" in line]
    assert done.returncode == 0 and not words, done
    done = run("systemd-analyze", "security", "--offline=true", unit)
    exposure = re.search(r"Overall exposure level for weir.service: ([\d.]+)", done.stdout)
    assert float(exposure.group(1)) <= 2.0, done.stdout


def test_the_unit_has_the_three_capabilities_and_its_start_is_what_the_package_installs():
    assert sorted(capabilities()) == ["CAP_BPF", "CAP_NET_ADMIN", "CAP_PERFMON"]
    assert settings_of("ExecStart") == ["/usr/sbin/weir run"]
    assert settings_of("Type") == ["notify"] and int(settings_of("WatchdogSec")[0]) >= 10


@pytest.fixture
def net(net, receiver):
    net.receive_by_xdp(receiver)
    return net


def allowed_calls():
    """The system calls that the unit's filter passes: lines add, lines with ~ take away."""
    groups = {}

    def of(name):
        if not name.startswith("@"):
            return {name}
        if name not in groups:
            lines = run("systemd-analyze", "syscall-filter", name).stdout.splitlines()
            groups[name] = {call for line in lines if line.startswith("    ")
                            and not line.strip().startswith("#")
                            for call in of(line.strip())}
        return groups[name]

    allowed = set(of("@default"))
    for line in settings_of("SystemCallFilter"):
        calls = set().union(*[of(name) for name in line.lstrip("~").split()])
        allowed = allowed - calls if line.startswith("~") else allowed | calls
    return allowed


def test_with_the_rights_of_the_unit_everything_works(net, nginx, weir, tmp_path):
    agent = weir(config(syn=limit(20, 30, action="challenge"),
                        request=limit(2, 2, "10m", action="reply"),
                        more=f'eventLog = "{tmp_path}/events.ndjson"'), "auto", start=False)
    calls = f"{agent.home}/calls"
    agent.around = as_the_unit("strace", "-f", "-c", "-o", calls)
    agent.start()
    pid = int(run("pgrep", "-f", f"^{BINARY} run .*{agent.socket}").stdout)
    with open(f"/proc/{pid}/status") as file:
        held = int(re.search(r"CapEff:\s*(\w+)", file.read()).group(1), 16)
    assert bin(held).count("1") == len(capabilities())
    # Challenges: the one sysctl can be set, the others cannot.
    assert agent.json("status")["problems"] == []
    assert net.server.run("cat", "/proc/sys/net/ipv4/tcp_syncookies").stdout == "2\n"
    # The page, and the end of the server's half of the connection.
    answer = net.client.run("curl", "-gsSi", "--max-time", 5, "--interface",
                            f"host!{net.client4(1)}", *[url(net.SERVER4), "-o", "-"] * 3)
    assert re.findall(r"^HTTP/1.1 (\d+)", answer.stdout, re.M) == ["200", "200", "429"], answer
    end = time.monotonic() + 3
    while net.server.run("ss", "-Htn", "state", "established", "sport", "=", ":80").stdout:
        assert time.monotonic() < end, "the connection lingers: SOCK_DESTROY was refused"
        time.sleep(0.05)
    # All that is told to it.
    for words in (["ban", "add", net.client4(2)], ["ban", "remove", net.client4(2)],
                  ["allow", "add", "192.0.2.0/24"], ["mode", "observe"], ["mode", "enforce"],
                  ["limit", "set", "web", "syn", "--to-much", "40"], ["reload"],
                  ["detach", net.DEV], ["attach", net.DEV, "--attach", "tc"], ["detach", net.DEV],
                  ["attach", net.DEV, "--attach", "native"], ["stats"], ["events"],
                  ["explain", net.client4(1)], ["config", "show"]):
        agent.cli(*words)
    os.kill(pid, signal.SIGTERM)
    assert agent.process.wait(10) == 0
    assert "xdp" in net.server.ip("link", "show", "dev", net.DEV).stdout
    # And none of it took a system call that the unit forbids.
    with open(calls) as file:
        used = set(re.findall(r" (\w+)$", file.read(), re.M)) - {"syscall", "total"}
    assert "bpf" in used and used - allowed_calls() == set()


def test_a_real_systemd_runs_it_reloads_it_and_restarts_it_when_it_hangs(
        net, nginx, tmp_path, figure):
    settings, bad = tmp_path / "weir.toml", net.client4(1)
    settings.write_text(config(more=f'interfaces = ["{net.DEV}"]\n'
                                    'eventLog = "/var/log/weir/events.ndjson"\n',
                               syn=limit(40, 80, "2s", action="challenge")))
    machine = systemd.Systemd(net.server, str(tmp_path / "machine"), BINARY, UNIT, settings,
                              "WatchdogSec=2\\n")
    try:
        machine.wait_until("ActiveState", "active")
        status = machine.run("weir", "status").stdout
        assert "healthy" in status and "mode enforce" in status, status
        assert net.server.run("cat", "/proc/sys/net/ipv4/tcp_syncookies").stdout == "2\n"
        held = machine.run("grep", "-E", "^(CapEff|Seccomp):",
                           f"/proc/{machine.show('MainPID')}/status").stdout.split()
        assert bin(int(held[1], 16)).count("1") == 3 and held[3] == "2", held
        assert machine.run("stat", "-c", "%a %U %G", "/run/weir/weir.sock").stdout == \
            "660 root weir\n"
        assert machine.run("systemctl", "show", "weir", "-p", "NRestarts").stdout == "NRestarts=0\n"
        machine.run("weir", "ban", "add", bad, "--all")
        assert curl(net.client, url(net.SERVER4), bad, patience=0.4).code == 0
        log = "/var/log/weir/events.ndjson"
        assert wait_for(lambda: bad in machine.run("cat", log).stdout)
        assert machine.run("stat", "-c", "%a %U", "/var/log/weir", log).stdout == \
            "750 root\n640 root\n"
        # A file that is wrong is told by `systemctl reload`, and changes nothing.
        machine.run("sh", "-c", "echo 'mod = 1' >/etc/weir/weir.toml")
        assert machine.run("systemctl", "reload", "weir", check=False).returncode != 0
        assert "mode enforce" in machine.run("weir", "status").stdout
        machine.run("sh", "-c", f"""echo 'interfaces = ["{net.DEV}"]' >/etc/weir/weir.toml""")
        machine.run("systemctl", "reload", "weir")
        assert "mode observe" in machine.run("weir", "status").stdout
        machine.run("weir", "mode", "enforce")
        # Killed, and hanging, it is started again; meanwhile the data path filters.
        machine.signal_service("KILL")
        machine.wait_until("NRestarts", "1")
        machine.wait_until("ActiveState", "active")
        started = time.monotonic()
        machine.signal_service("STOP")
        assert curl(net.client, url(net.SERVER4), bad, patience=0.4).code == 0
        machine.wait_until("NRestarts", "2")
        figure("hanging agent", f"started again after {time.monotonic() - started:.1f} s, with a "
                                "watchdog of 2 s")
        machine.wait_until("ActiveState", "active")
        assert bad in machine.run("weir", "ban", "list").stdout
        machine.run("systemctl", "stop", "weir")
        assert curl(net.client, url(net.SERVER4), bad, patience=0.4).code == 0
        machine.run("weir", "detach", "--all")
        assert at_once(net.client, net.SERVER4, bad)
    finally:
        machine.close()


class Systemd:
    """The other end of NOTIFY_SOCKET."""

    def __init__(self, path, interval):
        self.socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.socket.bind(path)
        self.words = ["env", f"NOTIFY_SOCKET={path}",
                      f"WATCHDOG_USEC={int(interval * 1_000_000)}"]

    def hear(self, seconds):
        """What is said within a time."""
        said, end = [], time.monotonic() + seconds
        while (left := end - time.monotonic()) > 0:
            self.socket.settimeout(left)
            try:
                said += self.socket.recv(4096).decode().splitlines()
            except TimeoutError:
                break
        return said


def test_systemd_is_told_when_it_is_ready_that_it_is_well_and_when_it_ends(net, weir, tmp_path):
    systemd = Systemd(str(tmp_path / "notify"), 0.4)
    agent = weir(config(), start=False)
    agent.around = systemd.words
    agent.start()
    said = systemd.hear(1.2)
    assert said[0] == "READY=1" and 4 <= said.count("WATCHDOG=1") <= 8, said
    # One that hangs is not fed; systemd would kill it and start another.
    agent.process.send_signal(signal.SIGSTOP)
    systemd.hear(0.05)
    assert systemd.hear(0.6) == []
    agent.process.send_signal(signal.SIGCONT)
    assert "WATCHDOG=1" in systemd.hear(0.6)
    agent.process.send_signal(signal.SIGABRT)  # what the watchdog sends
    agent.process.wait(10)
    assert "xdp" in net.server.ip("link", "show", "dev", net.DEV).stdout
    agent.start()
    agent.terminate()
    assert systemd.hear(0.5)[-1] == "STOPPING=1"
    assert "xdp" in net.server.ip("link", "show", "dev", net.DEV).stdout


def test_without_a_watchdog_nothing_is_fed(weir, tmp_path):
    systemd = Systemd(str(tmp_path / "notify"), 0.2)
    agent = weir(config(), start=False)
    agent.around = systemd.words[:2]
    agent.start()
    assert systemd.hear(0.5) == ["READY=1"]


def test_the_log_is_bounded_a_second_however_many_bans_come_and_end(net, weir):
    agent = weir(config())
    started = time.monotonic()
    agent.ban_all([f"198.51.{n >> 8}.{n & 255}" for n in range(150)], "1s")
    end = started + 10
    while agent.json("ban", "list")["bans"]:
        assert time.monotonic() < end
        time.sleep(0.2)
    time.sleep(2.2)  # their end is told within a second; the second after that is another one
    agent.cli("mode", "observe")  # a line more, with which what was left out is told
    lines = agent.words().splitlines()
    assert len(lines) <= 21 * (time.monotonic() - started + 2), len(lines)
    left_out = sum(int(n) for n in re.findall(r"(\d+) lines were left out", agent.words()))
    written = len(re.findall(r"^weir: (?:un)?ban 198", agent.words(), re.M))
    assert left_out > 0 and written + left_out == 300, (written, left_out)
    # Nothing is lost that events, which are asked for, have.
    assert len(agent.cli("events", "--json").stdout.splitlines()) >= 300
