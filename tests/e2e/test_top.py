# SPDX-License-Identifier: BSD-2-Clause
"""`weir top` on a terminal that tmux makes, and where there is none."""
import json
import os
import re
import signal
import subprocess
import time

import pytest
from agent import config, limit
from terminal import top
from web import one_after_another, url


def is_as_before(terminal):
    """The shell has its screen back, echoes, and takes lines."""
    terminal.wait_for(r"\n\$\s*\Z")
    assert terminal.modes() == ["0", "1"]
    terminal.run("stty", "-a")
    shown = terminal.wait_for("echoprt")  # near the end of stty's words
    assert re.search(r"(?<!-)\becho\b", shown) and re.search(r"(?<!-)\bicanon\b", shown), shown


def test_top_shows_rates_sources_and_bans_and_acts_after_a_question(net, nginx, weir, terminal):
    agent = weir(config(request=limit(3, 7, "10s")))
    agent.cli("ban", "add", "203.0.113.7", "--for", "1h", "--reason", "\x1b[2J</script>\u202e")
    terminal.type("echo before")
    terminal.press("Enter")
    terminal.run(*top(agent))
    terminal.wait_for("q quit")
    one_after_another(net.client, url(net.SERVER4), net.client4(1), 9, 0.02, 1)
    shown = terminal.wait_for(rf"{net.client4(1)} +kick +9 ")
    assert "enforce" in shown and net.DEV in shown and "web/request" in shown
    assert re.search(r"203\.0\.113\.7/32 +59m", shown), shown
    assert all(len(line) <= 80 for line in shown.splitlines()) and len(shown.splitlines()) == 24
    terminal.wait_for("█")  # the seconds in which that happened
    # Nothing without a y.
    terminal.press("b")
    terminal.wait_for(f"ban {net.client4(1)} for 1h")
    terminal.press("n")
    terminal.wait_for("not done")
    assert len(agent.json("ban", "list")["bans"]) == 1
    terminal.press("b")
    terminal.wait_for(f"ban {net.client4(1)} for 1h")
    terminal.press("y")
    terminal.wait_for(rf"{net.client4(1)} +ban")
    bans = {b["address"]: b for b in agent.json("ban", "list")["bans"]}
    assert bans[net.client4(1) + "/32"]["reason"] == "weir top"
    terminal.press("u")
    terminal.press("y")
    terminal.wait_for(rf"{net.client4(1)} +kick")
    terminal.press("a")
    terminal.press("y")
    terminal.wait_for(rf"{net.client4(1)} +allow")
    assert net.client4(1) + "/32" in [a["address"] for a in agent.json("allow", "list")["allow"]]
    terminal.type("/nobody")
    terminal.wait_for("filter: nobody_")
    terminal.press("Enter")
    terminal.wait_for("with nobody")
    terminal.press("p")
    terminal.wait_for("PAUSED")
    terminal.press("q")
    assert "before" in terminal.wait_for(r"before\n")
    is_as_before(terminal)


def test_top_fits_the_window_as_it_changes(weir, terminal):
    agent = weir(config())
    terminal.run(*top(agent))
    terminal.wait_for("q quit")
    for columns, rows in ((120, 40), (50, 10), (20, 4), (80, 24)):
        terminal.tmux("resize-window", "-x", columns, "-y", rows)
        terminal.wait_for("weir 0" if rows > 4 else "weir")
        end = time.monotonic() + 5
        while len(lines := terminal.screen().rstrip("\n").split("\n")) != rows:
            assert time.monotonic() < end, lines
            time.sleep(0.05)
        assert max(map(len, lines)) <= columns
    terminal.press("q")
    is_as_before(terminal)


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT, signal.SIGHUP])
def test_top_leaves_the_terminal_clean_when_a_signal_ends_it(net, weir, terminal, number):
    agent = weir(config())
    terminal.run(*top(agent))
    terminal.wait_for("q quit")
    pid = int(terminal.tmux("display", "-p", "#{pane_pid}"))
    children = subprocess.run(["pgrep", "-P", str(pid), "weir"], capture_output=True, text=True)
    os.kill(int(children.stdout.split()[0]), number)
    is_as_before(terminal)


def test_top_goes_on_when_the_agent_comes_back(weir, terminal):
    agent = weir(config())
    terminal.run(*top(agent))
    terminal.wait_for("q quit")
    agent.terminate()
    terminal.wait_for(r"no agent|nobody answers|connecting")
    agent.start()
    terminal.wait_for(r"weir 0\.\d")
    terminal.press("q")
    is_as_before(terminal)


def test_top_without_an_agent_says_so_on_a_clean_terminal(weir, terminal):
    agent = weir(config(), start=False)
    terminal.run(*top(agent))
    terminal.wait_for("weir: ")
    is_as_before(terminal)


def test_top_is_plain_lines_where_there_is_no_terminal(net, weir):
    agent = weir(config())
    process = subprocess.Popen([*net.server.enter(), *top(agent)], stdout=subprocess.PIPE, text=True,
                               stdin=subprocess.DEVNULL)
    lines = [process.stdout.readline() for _ in range(2)]
    process.terminate()
    assert process.wait(5) == 0
    for line in lines:
        assert re.match(r"\d{4}-\d\d-\d\dT[\d:]+Z  events ", line) and "\x1b" not in line, lines
    process = subprocess.Popen([*net.server.enter(), *top(agent), "--json"], text=True,
                               stdout=subprocess.PIPE)
    assert json.loads(process.stdout.readline())["schema"] == 1
    process.terminate()
    process.wait(5)
