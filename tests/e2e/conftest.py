# SPDX-License-Identifier: BSD-2-Clause
"""Fixtures of the end-to-end ring: a fresh network and fresh agents for every test."""
import contextlib
import os
import signal
import subprocess

import pytest

import netns
from agent import BINARY, Weir
from browser import Browser
from forged import LONG
from netns import Net
from terminal import Terminal
from web import Nginx

PATIENCE = 300 if LONG else 90  # seconds for one test; the ring takes less than five minutes
# What goes to a made-up source has left the client's end: its stack need not look at it.
RECEIVE = """
struct context { unsigned data, data_end; };
__attribute__((section("xdp"), used)) int receive(struct context *context)
{
	unsigned char *data = (void *)(long)context->data, *end = (void *)(long)context->data_end;
	int is_made_up = data + 34 <= end && data[12] == 8 && data[13] == 0 && data[30] == 10;

	return is_made_up ? 1 /* XDP_DROP */ : 2 /* XDP_PASS */;
}
char gpl[] __attribute__((section("license"), used)) = "GPL";
"""
_figures = []


def pytest_collection_modifyitems(config, items):
    """The short run leaves out what is marked long; WEIR_LONG has all."""
    if LONG:
        return
    config.hook.pytest_deselected(items=[i for i in items if i.get_closest_marker("long")])
    items[:] = [i for i in items if not i.get_closest_marker("long")]


@pytest.fixture
def net():
    network = Net()
    yield network
    network.close()


class SmallDisk:
    """A file system of 2 MiB."""

    def __init__(self, path):
        self.path = path
        netns.run("mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", path)

    def fill(self):
        with open(self.path / "filler", "wb", buffering=0) as filler, \
                contextlib.suppress(OSError):
            while True:
                filler.write(b"x" * 4096)

    def empty(self):
        (self.path / "filler").unlink()

    def close(self):
        netns.run("umount", "-l", self.path)


@pytest.fixture
def small_disk(tmp_path):
    where = tmp_path / "disk"
    where.mkdir()
    disk = SmallDisk(where)
    yield disk
    disk.close()


@pytest.fixture
def browser(net):
    made = Browser(net.server)
    yield made
    made.close()


@pytest.fixture
def terminal(net):
    made = Terminal(net.server)
    yield made
    made.close()


@pytest.fixture(scope="session")
def receiver(tmp_path_factory):
    """The file of the XDP program for Net.receive_by_xdp()."""
    path = tmp_path_factory.mktemp("xdp") / "receive.bpf.o"
    subprocess.run(["clang-14", "-target", "bpf", "-O2", "-c", "-x", "c", "-", "-o", str(path)],
                   input=RECEIVE, text=True, check=True)
    return path


@pytest.fixture(scope="session")
def german(tmp_path_factory):
    """The words before a command that is to run in Germany: 1.000.000,5."""
    home = tmp_path_factory.mktemp("locale")
    subprocess.run(["localedef", "-i", "de_DE", "-f", "UTF-8", home / "de_DE.UTF-8"], check=True)
    words = ["env", f"LOCPATH={home}", "LC_ALL=de_DE.UTF-8"]
    point = subprocess.run([*words, "locale", "decimal_point"], check=True, capture_output=True)
    assert point.stdout == b",\n"
    return words


@pytest.fixture
def nginx(net):
    server = Nginx(net.server)
    yield server
    server.close()


@pytest.fixture
def weir(net):
    """Makes agents: weir(settings, …) starts one on the server's interface."""
    made = []

    def make(settings=None, attach="native", devices=(Net.DEV,), start=True, namespace=None):
        agent = Weir(namespace or net.server, settings, attach, devices)
        made.append(agent)
        if start:
            agent.start()
        return agent

    yield make
    for agent in reversed(made):
        agent.close()


@pytest.fixture
def figure(capsys):
    """Remembers a measured figure and prints it at the end of the run.

    A number is one of the figures that issue 2 asks for; others say whose they are.
    """

    def tell(of, text):
        _figures.append(f"{f'figure {of}' if isinstance(of, int) else of}: {text}")

    return tell


def pytest_terminal_summary(terminalreporter):
    if _figures:
        terminalreporter.section("figures")
        for line in sorted(_figures):
            terminalreporter.write_line(line)


def pytest_sessionstart(session):
    if os.geteuid() != 0:
        pytest.exit("the end-to-end ring needs root", returncode=1)
    if not session.config.option.collectonly and not os.access(BINARY, os.X_OK):
        pytest.exit(f"no weir at {BINARY}: run scripts/build, or set WEIR_BIN", returncode=1)
    netns.remove_leftovers()


class Late(Exception):
    pass


@pytest.hookimpl(hookwrapper=True)
def pytest_runtest_call(item):
    def late(*_):
        raise Late(f"not done after {PATIENCE} s")

    before = signal.signal(signal.SIGALRM, late)
    signal.alarm(PATIENCE)
    yield
    signal.alarm(0)
    signal.signal(signal.SIGALRM, before)
