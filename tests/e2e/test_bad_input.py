# SPDX-License-Identifier: BSD-2-Clause
"""Wrong input: one clear line, the right exit code, and nothing is changed."""
import os
import re
import shutil
import socket
import time

from agent import BINARY, config, limit, state_of
from netns import run

SET = ("limit", "set", "web", "request")


def check_refused(done, code, *words):
    """One line that says what and where, perhaps a hint, and the exit code."""
    assert done.returncode == code, done
    lines = done.stderr.strip().splitlines()
    assert 1 <= len(lines) <= 2 and (len(lines) == 1 or "hint" in lines[1]), done
    assert done.stdout == "", done
    for word in words:
        assert word.lower() in done.stderr.lower(), (word, done)


# words of the command, exit code, what the message must name
WRONG = [
    (("ban", "add", "300.1.1.1"), 2, ["300.1.1.1"]),
    (("ban", "add", "example.org"), 2, ["example.org"]),
    (("ban", "add", ""), 2, []),
    (("ban", "add", "2001:db8::g"), 2, ["2001:db8::g"]),
    (("ban", "add", "192.0.2.0/33"), 2, ["33"]),
    (("ban", "add", "192.0.2.7/24"), 2, ["192.0.2.7/24", "192.0.2.0/24"]),
    (("ban", "add", "2001:db8::1/32"), 2, ["2001:db8::/32"]),
    (("allow", "add", "10.1.2.3/8"), 2, ["10.0.0.0/8"]),
    (("ban", "add", "192.0.2.1", "--for", "10"), 2, ["10", "unit"]),
    (("ban", "add", "192.0.2.1", "--for", "-1s"), 2, ["-1s"]),
    (("ban", "add", "192.0.2.1", "--for", "0s"), 2, ["0s"]),
    (("ban", "add", "192.0.2.1", "--for", "soon"), 2, ["soon"]),
    (("ban", "add", "192.0.2.1", "--for", "99999999999999999999h"), 2, []),
    (("ban", "remove", "192.0.2.99"), 1, ["192.0.2.99"]),
    (("allow", "remove", "192.0.2.99"), 1, ["192.0.2.99"]),
    (("ban", "add", "0.0.0.0/0"), 4, ["--force"]),
    ((*SET, "--to-much", "0"), 2, ["0"]),
    ((*SET, "--to-much", "-5"), 2, ["-5"]),
    ((*SET, "--to-much", "65536"), 2, ["65536"]),
    ((*SET, "--to-much", "many"), 2, ["many"]),
    ((*SET, "--to-much", "7.5"), 2, ["7.5"]),
    ((*SET, "--start-throttle", "0"), 2, ["0"]),
    ((*SET, "--timeout", "2"), 2, ["2", "unit"]),
    ((*SET, "--timeout", "0s"), 2, ["0s"]),
    ((*SET, "--timeout", "1000d"), 2, ["1000d"]),
    ((*SET, "--delay", "1h"), 2, ["1h"]),
    ((*SET, "--window", "round"), 2, ["round", "burst", "sliding"]),
    ((*SET, "--action", "shout"), 2, ["shout", "drop"]),
    (SET, 2, []),
    (("limit", "set", "nosuch", "request", "--to-much", "5"), 1, ["nosuch", "web"]),
    (("limit", "set", "web", "sneeze", "--to-much", "5"), 2, ["sneeze", "syn"]),
    (("mode", "panic"), 2, ["panic", "observe", "enforce"]),
    (("attach", "nosuch0"), 1, ["nosuch0"]),
    (("attach", "a-name-that-is-far-too-long"), 2, []),
    (("detach", "nosuch0"), 1, ["nosuch0"]),
    (("detach",), 2, []),
    (("explain", "nonsense"), 2, ["nonsense"]),
    (("frobnicate",), 2, ["frobnicate"]),
    (("status", "--colour"), 2, ["--colour"]),
    ((), 2, []),
]


def test_every_wrong_command_says_what_is_wrong_and_changes_nothing(net, weir):
    agent = weir(config(request=limit(5, 9)))
    before, failures = state_of(agent), []
    for words, code, named in WRONG:
        try:
            check_refused(agent.cli(*words, check=False), code, *named)
        except AssertionError as error:
            failures.append(f"weir {' '.join(words)}: expected {code}: {error}")
    assert not failures, "\n".join(failures)
    assert state_of(agent) == before


def test_a_start_throttle_above_to_much_is_done_with_a_notice(weir):
    agent = weir(config(request=limit(5, 9)))
    done = agent.cli(*SET, "--start-throttle", 20)
    assert "delay" in (done.stdout + done.stderr).lower(), done


# text of a file, what the message must name besides the file
FILES = [
    ("colour = 3\n", ["colour", ":1:1"]),
    ('mode = "enforce"\n[services.web]\nports = [80]\nprotocol = "http"\ntomuch = 3\n',
     ["tomuch", ":5:1"]),
    ("mode = 'panic'\n", ["panic", ":1:"]),
    ("mode = \n", [":1:"]),
    ("[[[", [":1:"]),
    ("[services.web]\nports = [80, 80]\nprotocol = 'http'\n", ["80", "twice", ":2:"]),
    ("[services.a]\nports = [80]\nprotocol='tcp'\n[services.b]\nports = [80]\nprotocol='tcp'\n",
     ["80", ":5:"]),
    ("[services.web]\nports = [70000]\n", ["70000"]),
    ("[services.web]\nports = [0]\n", ["0"]),
    ("[services.web]\nports = []\n", ["ports"]),
    ("prefix4 = 33\n", ["prefix4"]),
    ("prefix6 = -1\n", ["prefix6"]),
    ("timeWindow = 5\n", ["timeWindow"]),
    ("allow = ['10.1.2.3/8']\n", ["10.0.0.0/8"]),
    ("allow = ['nonsense']\n", ["nonsense"]),
    ("[services.web]\nports = [80]\n[services.web.syn]\nstartThrottle = 1\ntoMuch = 0\n"
     "timeout = '2s'\n", ["toMuch"]),
    ("[services.web]\nports = [80]\n[services.web.syn]\nstartThrottle = 1\ntoMuch = 2\n"
     "timeout = '2'\n", ["unit"]),
    ("mode = 'observe'\nmode = 'enforce'\n", [":2:"]),
    ("interfaces = 'eth0'\n", ["interfaces"]),
    ("x" * 2_000_000, ["large"]),
    ("a = " + "[" * 100_000, []),
    ("\0\1\2\377", []),
]


def test_every_wrong_file_is_refused_with_line_and_column(tmp_path):
    failures = []
    for number, (text, named) in enumerate(FILES):
        path = tmp_path / f"{number}.toml"
        path.write_text(text, "latin1")
        try:
            check_refused(run(BINARY, "config", "check", path, check=False), 1, str(path), *named)
        except AssertionError as error:
            failures.append(f"{text[:60]!r}: {error}")
    assert not failures, "\n".join(failures)
    for path in (tmp_path / "missing.toml", tmp_path):
        check_refused(run(BINARY, "config", "check", path, check=False), 1, str(path))
    good = tmp_path / "good.toml"
    good.write_text(config())
    assert run(BINARY, "config", "check", good).returncode == 0


def test_the_example_of_the_interface_document_is_a_good_file(tmp_path):
    path = tmp_path / "weir.toml"
    path.write_text('''mode = "observe"
interfaces = ["eth0"]
prefix4 = 32
prefix6 = 64
allow = ["192.0.2.0/24", "2001:db8::/32"]
timeWindow = "10m"
[services.web]
ports = [80, 8080]
protocol = "http"
[services.web.syn]
startThrottle = 40
toMuch = 80
timeout = "2s"
window = "sliding"
action = "challenge"
[services.web.request]
startThrottle = 10
toMuch = 20
timeoutMs = 2000
window = "burst"
delay = "500ms"
action = "reply"
[services.web.ban]
after = 30
within = "1m"
for = "10m"
max = "1d"
[[services.web.paths]]
prefix = "/register/"
startThrottle = 5
toMuch = 10
timeout = "1m"
ban = "1h"
''')
    assert run(BINARY, "config", "check", path).returncode == 0


def test_a_run_that_cannot_work_ends_with_one_line_and_leaves_nothing(net, weir):
    agent = weir(config(), start=False)

    def refused(code, *words, change=(), prefix=(), text=None):
        agent.configure(config() if text is None else text)
        command = agent.run_command()
        for old, new in change:
            command[command.index(old)] = new
        done = net.server.run(*prefix, *command, check=False, timeout=10)
        check_refused(done, code, *words)
        assert "xdp" not in net.server.ip("link", "show", "dev", net.DEV).stdout
        assert not os.path.exists(agent.socket)

    refused(1, "nosuch0", change=[(net.DEV, "nosuch0")])
    refused(1, agent.file, "colour", text="colour = 3")
    refused(1, "/nonexistent/weir.toml", change=[(agent.file, "/nonexistent/weir.toml")])
    refused(2, "sideways", change=[("native", "sideways")])
    # An interface that is there does not stay filtered because the next one is not.
    refused(1, "nosuch0", prefix=(), change=[("--attach", "-i"), ("native", "nosuch0")])
    refused(1, change=[(f"{agent.home}/state", "/proc/nowhere")])
    refused(1, change=[(agent.pins, "/tmp/weir-no-bpffs")])
    assert not os.path.exists("/tmp/weir-no-bpffs/settings")


def test_without_privileges_it_says_what_it_lacks(net, weir):
    agent = weir(config(), start=False)
    # Where nobody may read: the binary too.
    os.chmod(agent.home, 0o777)
    binary = shutil.copy(BINARY, f"{agent.home}/weir")
    command = agent.run_command()
    command[0] = binary
    done = net.server.run("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
                          *command, check=False, timeout=10)
    check_refused(done, 1)
    assert any(word in done.stderr.lower() for word in ("root", "cap_", "privilege", "permi"))
    agent.start()
    done = net.server.run("setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups",
                          "env", f"WEIR_SOCKET={agent.socket}", binary, "ban", "add",
                          "192.0.2.1", check=False, timeout=10)
    assert done.returncode in (1, 3) and "permi" in done.stderr.lower(), done
    assert agent.json("ban", "list")["bans"] == []


def test_without_btf_it_works_or_says_that_btf_is_missing(net, weir):
    agent = weir(config(), start=False)
    hidden = ["unshare", "-m", "sh", "-c", 'mount -t tmpfs none /sys/kernel/btf && exec "$@"', "x"]
    done = net.server.run("timeout", "--preserve-status", "3", *hidden, *agent.run_command(),
                          check=False)
    if done.stdout:
        assert done.stdout.startswith("weir: ready") and done.returncode == 0, done
    else:
        check_refused(done, 1, "BTF")


def test_a_socket_that_is_taken_is_refused_and_a_dead_one_replaced(net, weir):
    agent = weir(config())
    done = net.server.run(*agent.run_command(), check=False, timeout=10)
    check_refused(done, 1, agent.socket)
    assert agent.stats()["mode"] == "enforce"
    agent.kill()
    assert os.path.exists(agent.socket)
    agent.start()
    assert agent.stats()["mode"] == "enforce"


def test_what_comes_from_outside_reaches_no_terminal_log_or_document_as_it_is(net, nginx, weir):
    agent = weir(config(request=limit(1, 2, "5s")))
    hostile = "a\x1b[2J\nweir: ban 192.0.2.1\u202e\x9b</script>\x7f"
    agent.cli("ban", "add", "203.0.113.7", "--reason", hostile)
    agent.cli("allow", "add", "203.0.113.8", "--reason", hostile)
    for _ in range(4):
        with net.client.entered():
            client = socket.create_connection((net.SERVER4, 80), 2, (net.client4(1), 0))
        with client:
            client.sendall(b"GET /\x1b[2J\x9b</script>\xff\x07 HTTP/1.1\r\nHost: x\r\n\r\n")
    time.sleep(0.5)
    outputs = [agent.cli(*words).stdout for words in (
        ["events"], ["ban", "list"], ["allow", "list"], ["explain", "203.0.113.7"], ["users"],
        ["events", "--json"], ["ban", "list", "--json"], ["users", "--json"])]
    agent.terminate()
    for text in [*outputs, agent.words()]:
        assert "203.0.113" in text or net.client4(1) in text
        assert not re.search("[\x00-\x09\x0b-\x1f\x80-\x9f\u202e]", text), repr(text)
    assert "weir: ban 192.0.2.1" not in agent.words().splitlines()
    assert any("203.0.113.7" in line for line in agent.words().splitlines())
