# SPDX-License-Identifier: BSD-2-Clause
"""Interfaces: attaching, falling back openly, other people's programs, agents side by side."""
import json
import os
import re
import subprocess

import pytest

from agent import config, limit
from netns import Namespace
from web import at_once, curl, url

FOREIGN = """
__attribute__((section("xdp"), used)) int someone_elses(void *ctx) { return 2; }
__attribute__((section("tc"), used)) int their_filter(void *ctx) { return -1; }
char LICENSE[] __attribute__((section("license"), used)) = "GPL";
"""


@pytest.fixture
def foreign(tmp_path):
    """The object of an XDP and of a tc program that are not Weir's."""
    source = tmp_path / "foreign.c"
    source.write_text(FOREIGN)
    subprocess.run(["clang-14", "-O2", "-g", "-target", "bpf", "-c", source, "-o",
                    tmp_path / "foreign.o"], check=True)
    return str(tmp_path / "foreign.o")


def banned(net, source):
    return curl(net.client, url(net.SERVER4), source, patience=0.4).code == 0


@pytest.mark.parametrize("how,part", [("xdpdrv", "native"), ("xdpgeneric", "generic")])
def test_an_interface_with_somebody_elses_program_is_refused_with_its_name(
        net, weir, foreign, how, part):
    def link():
        shown = net.server.ip("link", "show", "dev", net.DEV).stdout
        return re.search(r"prog/xdp id (\d+)", shown).group(1)

    net.server.run("ip", "link", "set", "dev", net.DEV, how, "obj", foreign, "sec", "xdp")
    before = link()
    for attach in ("auto", part):
        agent = weir(config(), attach, start=False)
        done = net.server.run(*agent.run_command(), check=False, timeout=10)
        assert done.returncode == 1, done
        assert "someone_elses" in done.stderr and net.DEV in done.stderr, done
        assert link() == before
        assert "weir" not in net.server.run("tc", "filter", "show", "dev", net.DEV,
                                            "ingress").stdout
    agent = weir(config(), devices=("lo",), attach="auto")
    done = agent.cli("attach", net.DEV, check=False)
    assert done.returncode == 1 and "someone_elses" in done.stderr, done
    assert link() == before


def test_a_foreign_program_that_arrives_while_weir_filters_changes_nothing(net, weir, foreign):
    agent = weir(config())
    done = net.server.run("ip", "link", "set", "dev", net.DEV, "xdpdrv", "obj", foreign, "sec",
                          "xdp", check=False)
    assert done.returncode != 0  # the kernel guards what a link holds
    assert agent.json("status")["interfaces"][0]["attached"] is True


@pytest.mark.parametrize("kind", ["macvlan", "bridge"])
def test_where_native_cannot_be_it_falls_back_openly_says_why_and_still_filters(
        net, nginx, weir, kind):
    if kind == "macvlan":
        net.server.ip("link", "add", "link", net.DEV, "name", "web0", "type", "macvlan")
    else:
        net.server.ip("link", "add", "name", "web0", "type", "bridge")
        net.server.ip("link", "set", net.DEV, "master", "web0")
    net.server.ip("addr", "add", "198.18.0.9/24", "dev", "web0")
    net.server.ip("link", "set", "web0", "up")
    net.server.ip("route", "replace", "198.19.0.0/16", "via", net.CLIENT4, "dev", "web0")
    net.server.sysctl("net.ipv4.conf.all.rp_filter", 0)
    agent = weir(config(), "auto", ("web0",))
    state = agent.json("status")["interfaces"][0]
    assert state["attach"] in ("generic", "tc") and state["note"], state
    assert "web0" in agent.ready_line
    assert curl(net.client, url("198.18.0.9"), net.client4(1)).code == 200
    agent.cli("ban", "add", net.client4(1))
    assert curl(net.client, url("198.18.0.9"), net.client4(1), patience=0.4).code == 0


def test_native_asked_for_where_it_cannot_be_is_an_error_with_a_remedy(net, weir):
    agent = weir(config(), "native", ("lo",), start=False)
    done = net.server.run(*agent.run_command(), check=False, timeout=10)
    assert done.returncode == 1
    assert "lo" in done.stderr and re.search("generic|tc|auto", done.stderr), done


def test_an_interface_can_be_detached_and_attached_while_the_agent_runs(net, nginx, weir):
    agent = weir(config())
    agent.cli("ban", "add", net.client4(1))
    assert banned(net, net.client4(1))
    packets = agent.stats()["packets"]
    agent.cli("detach", net.DEV)
    assert agent.json("status")["interfaces"] == []
    assert not banned(net, net.client4(1))
    assert agent.stats()["packets"] >= packets > 0  # counters outlive the attachment
    for how in ("tc", "generic", "native"):
        agent.cli("attach", net.DEV, "--attach", how)
        assert [i["attach"] for i in agent.json("status")["interfaces"]] == [how]
        assert banned(net, net.client4(1)), how
        agent.cli("detach", net.DEV)
    assert agent.stats()["packets"] > packets


def test_one_agent_filters_several_interfaces(net, nginx, weir):
    net.server.ip("link", "add", "name", "left", "type", "veth", "peer", "name", "right")
    agent = weir(config(), devices=(net.DEV, "left", "right"))
    assert {i["name"] for i in agent.stats()["interfaces"]} == {net.DEV, "left", "right"}
    agent.cli("ban", "add", net.client4(1))
    assert banned(net, net.client4(1))
    agent.cli("detach", "left")
    assert {i["name"] for i in agent.stats()["interfaces"]} == {net.DEV, "right"}
    assert banned(net, net.client4(1))


def test_a_second_agent_is_not_given_an_interface_that_the_first_one_filters(net, nginx, weir):
    mine = weir(config())
    mine.cli("ban", "add", net.client4(1))
    theirs = weir(config(), start=False)
    done = net.server.run(*theirs.run_command(), check=False, timeout=10)
    assert done.returncode == 1 and "weir_xdp" in done.stderr, done
    theirs.cli("detach", "--all", "--pin-dir", theirs.pins, check=False)
    assert banned(net, net.client4(1))


def test_agents_side_by_side_know_nothing_of_each_other(net, nginx, weir):
    other = Namespace("other")
    try:
        mine = weir(config(request=limit(5, 6)))
        theirs = weir(config(request=limit(7, 8)), "auto", ("lo",), namespace=other)
        mine.cli("ban", "add", net.client4(1))
        theirs.cli("limit", "set", "web", "request", "--to-much", 99)
        assert theirs.json("ban", "list")["bans"] == []
        assert [r["toMuch"] for r in mine.json("limit", "list")["limits"]
                if r["event"] == "request"] == [6]
        theirs.cli("detach", "--all")
        theirs.terminate()
        assert banned(net, net.client4(1))
    finally:
        other.close()


def test_tc_leaves_other_peoples_filters_and_qdisc_where_they_are(net, nginx, weir, foreign):
    net.server.run("tc", "qdisc", "add", "dev", net.DEV, "clsact")
    net.server.run("tc", "filter", "add", "dev", net.DEV, "ingress", "prio", "9", "bpf", "da",
                   "obj", foreign, "sec", "tc")
    agent = weir(config(), "tc")
    agent.cli("ban", "add", net.client4(1))
    assert banned(net, net.client4(1))
    agent.cli("detach", net.DEV)
    shown = net.server.run("tc", "filter", "show", "dev", net.DEV, "ingress").stdout
    assert "pref 9 " in shown and "weir" not in shown, shown
    assert at_once(net.client, net.SERVER4, net.client4(1))


def test_tc_takes_its_own_qdisc_away_with_it(net, weir):
    agent = weir(config(), "tc")
    assert "clsact" in net.server.run("tc", "qdisc", "show", "dev", net.DEV).stdout
    agent.cli("detach", "--all")
    assert "clsact" not in net.server.run("tc", "qdisc", "show", "dev", net.DEV).stdout


def test_tc_goes_on_filtering_when_the_agent_is_killed_and_is_taken_over(net, nginx, weir):
    agent = weir(config(), "tc")
    agent.cli("ban", "add", net.client4(1))
    agent.kill()
    assert banned(net, net.client4(1))
    agent.start()
    assert banned(net, net.client4(1))
    shown = net.server.run("tc", "-j", "filter", "show", "dev", net.DEV, "ingress").stdout
    assert len([f for f in json.loads(shown) if "options" in f]) == 1, shown
    agent.kill()
    agent.cli("detach", "--all", "--pin-dir", agent.pins)
    assert at_once(net.client, net.SERVER4, net.client4(1))


def test_the_pin_directory_is_for_root_alone(weir):
    agent = weir(config())
    state = os.stat(agent.pins)
    assert state.st_uid == 0 and state.st_mode & 0o077 == 0, oct(state.st_mode)
