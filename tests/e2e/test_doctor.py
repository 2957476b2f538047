# SPDX-License-Identifier: BSD-2-Clause
"""`weir doctor`: what is wrong with a machine and an interface, told before anything is tried."""
import json
import re
import subprocess

import pytest

from agent import BINARY, config
from netns import RUN

FOREIGN = """
__attribute__((section("xdp"), used)) int someone_elses(void *ctx) { return 2; }
char LICENSE[] __attribute__((section("license"), used)) = "GPL";
"""
NO_PINS = f"/sys/fs/bpf/weir-test-{RUN}-doctor"
NOBODY = ["setpriv", "--reuid", "65534", "--regid", "65534", "--clear-groups", "--inh-caps=-all",
          "--bounding-set=-all"]


def doctor(namespace, *words, around=(), binary=BINARY):
    """The exit code, and the findings by (area, check)."""
    done = namespace.run(*around, binary, "doctor", *words, "--json", "--pin-dir", NO_PINS,
                         "--socket", "/nowhere/sock", check=False, timeout=20,
                         env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin",
                              "WEIR_CONFIG": "/nowhere/weir.toml"})
    assert done.stdout, done
    document = json.loads(done.stdout)
    assert document["schema"] == 1
    assert (done.returncode == 0) == document["ok"] == (document["problems"] == 0), done
    found = {}
    for finding in document["findings"]:
        key = finding["area"], finding["check"]
        if key not in found or found[key]["level"] == "ok" != finding["level"]:
            found[key] = finding
    return done, found


def levels(found):
    return {finding["level"] for finding in found.values()}


@pytest.fixture
def foreign(tmp_path):
    (tmp_path / "foreign.c").write_text(FOREIGN)
    subprocess.run(["clang-14", "-O2", "-g", "-target", "bpf", "-c", tmp_path / "foreign.c", "-o",
                    tmp_path / "foreign.o"], check=True)
    return str(tmp_path / "foreign.o")


def test_on_a_good_interface_nothing_is_wrong_and_nothing_is_changed(net):
    before = net.server.ip("-d", "link", "show", "dev", net.DEV).stdout
    done, found = doctor(net.server, net.DEV)
    assert done.returncode == 0 and levels(found) == {"ok"}, found
    assert "veth" in found[net.DEV, "driver"]["text"]
    assert found["host", "bpf"]["text"].startswith("all ")
    assert net.server.ip("-d", "link", "show", "dev", net.DEV).stdout == before


def test_people_read_it_in_a_hundred_columns(net):
    net.server.ip("link", "set", net.DEV, "mtu", "9000")
    done = net.server.run(BINARY, "doctor", net.DEV, "--pin-dir", NO_PINS, check=False)
    assert done.returncode == 0 and max(map(len, done.stdout.splitlines())) <= 100, done.stdout
    assert f"ip link set dev {net.DEV} mtu" in done.stdout
    assert done.stdout.rstrip().endswith("0 problems, 1 warning"), done.stdout


def test_a_foreign_program_is_named_and_is_what_attaching_fails_with(net, weir, foreign):
    net.server.run("ip", "link", "set", "dev", net.DEV, "xdpdrv", "obj", foreign, "sec", "xdp")
    done, found = doctor(net.server, net.DEV)
    finding = found[net.DEV, "programs"]
    assert done.returncode == 1 and finding["level"] == "problem", found
    assert re.search(r'"someone_elses" \(id \d+\)', finding["text"]), finding
    assert done.stderr == "weir: doctor: 1 problem found\n"
    # The remedies work.
    for word in ("--attach tc", f"ip link set dev {net.DEV} xdp off"):
        assert word in finding["remedy"]
    net.server.ip("link", "set", "dev", net.DEV, "xdp", "off")
    assert doctor(net.server, net.DEV)[0].returncode == 0


def test_an_mtu_too_large_is_found_where_the_kernel_refuses_it_in_its_own_words(net, weir):
    for end, dev in ((net.server, net.DEV), (net.client, net.PEER)):
        end.ip("link", "set", dev, "mtu", "9000")
    _, found = doctor(net.server, net.DEV)
    finding = found[net.DEV, "mtu"]
    assert finding["level"] == "warning" and "9000" in finding["text"], finding
    agent = weir(config(), "native", start=False)
    done = net.server.run(*agent.run_command(), check=False, timeout=10)
    assert done.returncode == 1 and "MTU is too large" in done.stderr, done
    # One byte more than what the doctor says is refused too; what it says is taken.
    largest = int(re.search(r"mtu (\d+)$", finding["remedy"]).group(1))
    for mtu in (largest + 1, largest):
        for end, dev in ((net.server, net.DEV), (net.client, net.PEER)):
            end.ip("link", "set", dev, "mtu", str(mtu))
        if mtu > largest:
            assert net.server.run(*agent.run_command(), check=False, timeout=10).returncode == 1
    assert doctor(net.server, net.DEV)[1][net.DEV, "mtu"]["level"] == "ok"
    agent.start()


def test_where_tc_fails_the_kernels_words_are_told_too(net, weir):
    net.server.run("tc", "qdisc", "add", "dev", net.DEV, "ingress_block", "7", "clsact")
    agent = weir(config(), "tc", start=False)
    done = net.server.run(*agent.run_command(), check=False, timeout=10)
    assert done.returncode == 1 and "filter block is shared" in done.stderr, done


def test_an_interface_that_weir_filters_is_known_as_its_own(net, weir):
    agent = weir(config())
    found = {(f["area"], f["check"]): f
             for f in agent.json("doctor", net.DEV, "--pin-dir", agent.pins)["findings"]}
    assert found[net.DEV, "programs"]["text"].endswith(": Weir"), found
    assert found["host", "agent"]["level"] == "ok"
    agent.kill()
    # Without a name it looks at what is filtered.
    done = agent.cli("doctor", "--json", "--pin-dir", agent.pins)
    found = {(f["area"], f["check"]): f for f in json.loads(done.stdout)["findings"]}
    assert found["host", "agent"]["level"] == "warning"
    assert net.DEV in found["host", "agent"]["text"]
    assert found[net.DEV, "programs"]["text"].endswith(": Weir"), found


def test_without_a_bpf_file_system_it_tells_the_mount_that_helps(net):
    around = ["unshare", "--mount", "--propagation", "private", "sh", "-c",
              'umount -l /sys/fs/bpf; while mountpoint -q /sys/fs/bpf && umount -l /sys/fs/bpf;'
              ' do :; done; exec "$0" "$@"']
    done, found = doctor(net.server, net.DEV, around=around)
    finding = found["host", "bpffs"]
    assert finding["level"] == "warning" and done.returncode == 0, finding  # root may mount it
    assert finding["remedy"] == "mount -t bpf bpf /sys/fs/bpf"
    around += ["setpriv", "--bounding-set=-sys_admin", "--inh-caps=-sys_admin"]
    done, found = doctor(net.server, net.DEV, around=around)
    assert found["host", "bpffs"]["level"] == "problem" and done.returncode == 1, found


def test_a_pin_directory_open_to_others_is_a_problem_and_its_remedy_mends_it(net):
    try:
        net.server.run("mkdir", "-m", "755", NO_PINS)
        finding = doctor(net.server, net.DEV)[1]["host", "pins"]
        assert finding["level"] == "problem" and "0755" in finding["text"], finding
        net.server.run(*finding["remedy"].split())
        assert doctor(net.server, net.DEV)[1]["host", "pins"]["level"] == "ok"
    finally:
        net.server.run("rmdir", NO_PINS, check=False)


def test_without_privileges_it_says_what_it_could_not_ask_and_works(net, tmp_path):
    # The build directory need not be open to everybody.
    binary = f"/tmp/weir-t-{RUN}-doctor"
    subprocess.run(["install", "-m", "755", BINARY, binary], check=True)
    try:
        done, found = doctor(net.server, net.DEV, around=NOBODY, binary=binary)
    finally:
        subprocess.run(["rm", "-f", binary], check=True)
    assert done.returncode == 0, done
    finding = found["host", "capabilities"]
    assert finding["level"] == "warning" and "CAP_BPF" in finding["text"], finding
    assert finding["remedy"] == "sudo weir doctor"
    assert found[net.DEV, "driver"]["text"].startswith("veth")


@pytest.mark.parametrize("words,what", [
    (["link", "add", "doc0", "type", "bridge"], "bridge has no native XDP"),
    (["link", "add", "link", "weir0", "name", "doc0", "type", "macvlan"], "macvlan has no native")])
def test_interfaces_without_native_xdp_are_told_with_what_is_done_instead(net, words, what):
    net.server.ip(*words)
    _, found = doctor(net.server, "doc0")
    assert found["doc0", "driver"]["level"] == "warning" and what in found["doc0", "driver"]["text"]
    assert found["doc0", "link"]["remedy"] == "ip link set dev doc0 up"


def test_a_name_that_is_not_there_and_a_broken_file_are_problems(net, tmp_path):
    done, found = doctor(net.server, "nonesuch0")
    assert done.returncode == 1 and found["nonesuch0", "interface"]["level"] == "problem"
    bad = tmp_path / "weir.toml"
    bad.write_text("mode = 'enforce'\nnonsense = 1\n")
    done = net.server.run("env", f"WEIR_CONFIG={bad}", BINARY, "doctor", net.DEV, "--pin-dir",
                          NO_PINS, "--json", check=False)
    assert done.returncode == 1 and "weir.toml:2:1" in done.stdout, done
