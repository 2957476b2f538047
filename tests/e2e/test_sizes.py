# SPDX-License-Identifier: BSD-2-Clause
"""The sizes of the kernel's tables: asked for in the file, kept for as long as the pins are."""
import shutil

from agent import config, limit
from netns import run
from wire import Sender, settle


def sizes(sources, bans):
    return config(syn=limit(5, 9, "10m"), more=f"maxSources = {sources}\nmaxBans = {bans}")


def capacities(agent):
    """As status tells them; what stats tells of the same is no other."""
    tables, stats = agent.json("status")["tables"], agent.stats()
    assert stats["sources"]["capacity"] == tables["sources"]["capacity"]
    assert stats["bans"]["capacity"] == sum(tables[t]["capacity"] for t in ("bans", "banNets"))
    return tables["sources"]["capacity"], tables["bans"]["capacity"]


def sources_in_the_kernel(agent):
    """Room in the pinned table itself, whose entries are sets of four."""
    pin = run("find", agent.pins, "-name", "bursts").stdout.strip()
    shown = run("bpftool", "-j", "map", "show", "pinned", pin).stdout
    return 4 * int(shown.split('"max_entries":')[1].split(",")[0])


def test_the_tables_have_the_size_that_the_file_says_and_keep_it_while_their_pins_are_there(
        net, weir):
    agent = weir(sizes(20_000, 3_000))
    assert capacities(agent) == (32_768, 4_096)  # powers of two
    assert sources_in_the_kernel(agent) == 32_768
    sender, source = Sender(net.client, net.PEER), net.client4(1)
    sender.send_all([net.syn(source, 2000 + n) for n in range(3)])
    settle()
    agent.cli("ban", "add", net.client4(2))

    agent.terminate()
    agent.configure(sizes(200_000, 30_000))
    agent.start()
    assert capacities(agent) == (32_768, 4_096)
    assert "maxSources has no effect yet: the table has room for 32768" in agent.words()
    assert agent.explain(source)["limits"][0]["count"] == 3  # what was counted is there
    assert agent.explain(net.client4(2))["verdict"] == "ban"

    agent.terminate()
    agent.cli("detach", "--all", "--pin-dir", agent.pins)
    shutil.rmtree(agent.pins)  # what a reboot does to them
    agent.start()
    assert capacities(agent) == (262_144, 32_768)
    assert sources_in_the_kernel(agent) == 262_144
    assert agent.explain(net.client4(2))["verdict"] == "ban"
