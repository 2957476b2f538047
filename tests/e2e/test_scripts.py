# SPDX-License-Identifier: BSD-2-Clause
"""The scripts that a newcomer runs first."""
import os
import re
import signal
import subprocess
import tempfile
import time

import pytest

from netns import run
from web import TooSlow, patiently

SCRIPTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../scripts")


def test_scripts_called_wrongly_say_how_and_do_nothing():
    for words, code in ((["run"], 2), (["run", "--attach", "tc"], 2), (["run", "--help"], 0),
                        (["build", "--nonsense"], 2), (["build", "--help"], 0),
                        (["test", "--only", "nonsense"], 2), (["test", "--help"], 0),
                        (["demo", "now"], 2), (["demo", "--help"], 0),
                        (["package", "now"], 2), (["package", "--help"], 0)):
        done = run(os.path.join(SCRIPTS, words[0]), *words[1:], check=False, cwd="/")
        assert done.returncode == code, (words, done)
        assert "usage" in done.stdout + done.stderr or code == 2, (words, done)


def test_scripts_run_filters_a_veth_end_in_a_namespace_until_a_signal(net):
    with tempfile.TemporaryDirectory(prefix="weir-t-run-") as home:
        pins = f"/sys/fs/bpf/weir-test-{os.path.basename(home)}"
        process = net.server.popen(
            os.path.join(SCRIPTS, "run"), net.DEV, "--socket", f"{home}/sock", "--state-dir",
            f"{home}/state", "--pin-dir", pins, stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL, text=True, cwd="/")
        line = process.stdout.readline()
        assert line.startswith("weir: ready") and net.DEV in line, line
        assert "xdp" in net.server.ip("link", "show", "dev", net.DEV).stdout
        process.send_signal(signal.SIGINT)
        assert process.wait(10) == 0
        net.server.run("rm", "-r", pins)


@pytest.mark.long
def test_the_demo_tells_its_story_in_a_minute_and_leaves_nothing_behind():
    def left():
        return [n for n in run("ip", "netns", "list").stdout.split() if n.startswith("weir-demo")]

    def story(_):
        started = time.monotonic()
        done = run(os.path.join(SCRIPTS, "demo"), cwd="/")
        assert time.monotonic() - started < 60
        polite, eager = done.stdout.split("An eager client")
        told = re.findall(r"request +\d+ +→ .*: (at once|delayed|turned away)", eager)
        if (told != ["at once"] * 3 + ["delayed"] * 4 + ["turned away"] * 3 + ["at once"]
                or len(re.findall("at once", polite)) != 5):
            raise TooSlow(done.stdout)

    patiently(story, tries=2)
    assert left() == []
    assert "xdp" not in run("ip", "link", "show").stdout


def test_the_demo_leaves_nothing_behind_when_it_is_stopped():
    # A job in the background is started with SIGINT ignored, and no shell below it may trap it.
    process = subprocess.Popen([os.path.join(SCRIPTS, "demo")], stdout=subprocess.PIPE,
                               stderr=subprocess.DEVNULL, text=True, start_new_session=True,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    for line in process.stdout:
        if "A polite client" in line:
            break
    names = [n for n in run("ip", "netns", "list").stdout.split() if "weir-demo-" in n]
    assert len(names) == 2
    os.killpg(process.pid, signal.SIGINT)  # Ctrl-C reaches all of a terminal's foreground group
    process.communicate(timeout=10)
    assert process.returncode == 130
    assert not set(names) & set(run("ip", "netns", "list").stdout.split())
    assert not [n for n in os.listdir("/sys/fs/bpf") if n == names[0].rsplit("-", 1)[0]]
