# SPDX-License-Identifier: BSD-2-Clause
"""The Debian package: what is in it, and its life on a machine, from install to purge."""
import contextlib
import os
import re
import subprocess

import pytest

from forged import LONG
from netns import run
from web import at_once, curl, url
from wire import Counter, Flood, settle

HERE = os.path.dirname(os.path.abspath(__file__))
SCRIPTS = os.path.join(HERE, "../../scripts")

# What systemd does with the unit, as far as the package's scripts ask for it: one service, started
# with the unit's capabilities, told to stop by SIGTERM.
SYSTEMCTL = r"""#!/bin/sh
echo "$*" >>/tmp/systemctl.log
for word; do case $word in start | stop | restart | reload) what=$word ;; esac; done
stop() {
  [ -e /tmp/weir.pid ] || return 0
  kill "$(cat /tmp/weir.pid)" && while [ -d "/proc/$(cat /tmp/weir.pid)" ]; do sleep 0.02; done
  rm -f /tmp/weir.pid
}
said() { sed -n "s/^$1=//p" /lib/systemd/system/weir.service; }
start() {
  mkdir -p /run/weir
  : >/tmp/weir.out
  kept=$(said CapabilityBoundingSet | tr A-Z a-z | sed 's/cap_/+/g; s/ /,/g')
  setpriv --regid root --groups "$(said SupplementaryGroups)" --bounding-set="-all,$kept" \
    --inh-caps=-all $(said ExecStart) >/tmp/weir.out 2>&1 </dev/null &
  echo $! >/tmp/weir.pid
  for i in $(seq 200); do grep -q '^weir: ready' /tmp/weir.out && return 0; sleep 0.05; done
  cat /tmp/weir.out >&2
  exit 1
}
case " $* " in
*" --root="*) exec /bin/systemctl "$@" ;; # what needs no running systemd
*" is-enabled "*) exec /bin/systemctl --root=/ is-enabled weir.service ;;
*" is-active "*) [ -e /tmp/weir.pid ]; exit ;;
esac
case $what in
start) start ;;
stop) stop ;;
restart) stop; start ;;
reload) $(said ExecReload) ;;
esac
"""


@pytest.fixture(scope="module")
def package():
    """The .deb of this tree, of the release build that the ring has made."""
    return run(os.path.join(SCRIPTS, "package"), cwd="/").stdout.splitlines()[-1]


class Machine:
    """A copy of this machine that forgets: an overlay over / with a network of its own."""

    def __init__(self, namespace, home):
        self.root, self.upper = f"{home}/root", f"{home}/layers/upper"
        os.makedirs(self.root)
        os.makedirs(f"{home}/layers")
        # Everything mounted is in a mount namespace that goes with this process.
        self.process = namespace.popen(
            "unshare", "--mount", "--propagation", "private", "sh", "-ec",
            f"""mount -t tmpfs tmpfs {home}/layers
            mkdir {home}/layers/upper {home}/layers/work
            mount -t overlay overlay -o lowerdir=/,upperdir={home}/layers/upper,workdir={home}/layers/work {self.root}
            for there in proc dev; do mount --rbind /$there {self.root}/$there; done
            mount -t sysfs sysfs {self.root}/sys
            mount -t bpf bpf {self.root}/sys/fs/bpf -o mode=0700
            mount -t tmpfs tmpfs {self.root}/run
            mount -t tmpfs tmpfs {self.root}/tmp
            mkdir -p {self.root}/run/systemd/system
            echo ready
            exec sleep 300""", stdout=subprocess.PIPE, text=True)
        assert self.process.stdout.readline() == "ready\n"
        self.write("/usr/local/sbin/systemctl", SYSTEMCTL, 0o755)
        # deb-systemd-invoke asks it; a test machine may have one that forbids every start.
        self.run("rm", "-f", "/usr/sbin/policy-rc.d")
        self.run("rm", "-f", "/var/lib/man-db/auto-update")  # or each dpkg takes seconds for it

    def path(self, name):
        return f"/proc/{self.process.pid}/root{self.root}{name}"

    def write(self, name, text, mode=0o644):
        with open(self.path(name), "w") as file:
            file.write(text)
        os.chmod(self.path(name), mode)

    def read(self, name):
        with open(self.path(name)) as file:
            return file.read()

    def run(self, *command, check=True):
        return run("nsenter", "-t", self.process.pid, "-m", "-n", "chroot", self.root, "env", "-i",
                   "PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin",
                   "DEBIAN_FRONTEND=noninteractive", *command, check=check, timeout=60)

    def install(self, package):
        with open(package, "rb") as source, open(self.path("/tmp/weir.deb"), "wb") as target:
            target.write(source.read())
        return self.run("dpkg", "-i", "/tmp/weir.deb")

    def weir(self, *words, check=True):
        return self.run("weir", *words, check=check)

    def traces(self):
        """What is on its disk that has to do with Weir; not what dpkg and the tests log."""
        found = run("nsenter", "-t", self.process.pid, "-m", "find", self.upper, "-iname", "*weir*",
                    "-not", "-type", "c").stdout.split()
        return [name for name in found if "/root/" not in name]

    def close(self):
        with contextlib.suppress(Exception):
            self.run("systemctl", "stop", "weir")
        self.process.kill()
        self.process.wait()


@pytest.fixture
def machine(net, tmp_path):
    made = Machine(net.server, str(tmp_path))
    yield made
    made.close()


def newer(package, home, version="0.1.99"):
    """The same package with another version."""
    run("dpkg-deb", "-R", package, f"{home}/tree")
    control = f"{home}/tree/DEBIAN/control"
    with open(control) as file:
        text = file.read()
    with open(control, "w") as file:
        file.write(re.sub(r"^Version: .*", f"Version: {version}", text, flags=re.M))
    path = f"{home}/weir_{version}.deb"
    run("dpkg-deb", "--root-owner-group", "-Zgzip", "-z1", "-b", f"{home}/tree", path)
    return path


def test_the_package_has_all_that_belongs_to_a_service(package):
    listed = {line.split()[-1].lstrip("."): line.split()
              for line in run("dpkg-deb", "-c", package).stdout.splitlines()}
    for name in ("/usr/sbin/weir", "/lib/systemd/system/weir.service", "/etc/weir/weir.toml",
                 "/usr/lib/sysusers.d/weir.conf", "/usr/lib/tmpfiles.d/weir.conf",
                 "/usr/share/man/man8/weir.8.gz", "/usr/share/man/man5/weir.toml.5.gz",
                 "/usr/share/bash-completion/completions/weir", "/usr/share/doc/weir/copyright",
                 "/etc/logrotate.d/weir"):
        assert name in listed, name
    for name, (mode, owner, *_) in listed.items():
        assert owner == "root/root" and mode in ("drwxr-xr-x", "-rw-r--r--", "-rwxr-xr-x"), name
    control = run("dpkg-deb", "-I", package).stdout
    depends = re.search(r"^ Depends: (.*)$", control, re.M).group(1)
    for library in ("libbpf1", "libsystemd0", "libsqlite3-0", "libc6"):
        assert library in depends, depends
    assert run("dpkg-deb", "-I", package, "conffiles").stdout.split() == [
        "/etc/weir/weir.toml", "/etc/logrotate.d/weir"]


if LONG:  # it takes ten seconds, and lintian has to be installed

    def test_lintian_finds_no_error(package):
        run(os.path.join(SCRIPTS, "lib/deps"), "lint")
        done = run("lintian", "--allow-root", "--fail-on", "error", package, check=False)
        assert done.returncode == 0, done.stdout


@pytest.mark.long
def test_from_install_over_upgrade_and_removal_to_purge(net, nginx, machine, package, tmp_path,
                                                        figure):
    bad = net.client4(1)
    # Installed, it runs and touches nothing.
    machine.install(package)
    status = machine.weir("status").stdout
    assert "mode observe" in status and "healthy" in status, status
    assert "xdp" not in net.server.ip("link", "show", "dev", net.DEV).stdout
    assert machine.run("getent", "group", "weir").returncode == 0
    socket = machine.run("stat", "-c", "%a %U %G", "/run/weir/weir.sock").stdout.split()
    assert socket == ["660", "root", "weir"], "no capability is needed for that"
    assert "weir.service" in machine.run(
        "ls", "/etc/systemd/system/multi-user.target.wants").stdout

    # Told to, it filters. The file is the administrator's from now on.
    machine.write("/etc/weir/weir.toml",
                  f'mode = "enforce"\ninterfaces = ["{net.DEV}"]\n# mine\n')
    machine.run("systemctl", "reload", "weir")
    machine.weir("ban", "add", bad, "--all")
    assert curl(net.client, url(net.SERVER4), bad, patience=0.4).code == 0
    links = machine.run("ls", "/sys/fs/bpf/weir").stdout

    # An upgrade leaves no gap: of a banned source nothing comes through, at any moment of it.
    pid, later = machine.read("/tmp/weir.pid"), newer(package, str(tmp_path))
    counter = Counter(net.server, net.DEV)
    with Flood(net, [[net.syn(bad, 1024 + n, n) for n in range(20_000)]], 60) as flood:
        machine.install(later)
        sent = flood.stop()
    settle()
    counter.stop()
    figure("upgrade of the package", f"{sent} frames of a banned source meanwhile, "
                                     f"{counter.count(bad)} came through")
    assert sent > 100_000 and counter.count(bad) == 0
    assert machine.read("/tmp/weir.pid") != pid, "the agent is the new one"
    assert machine.run("ls", "/sys/fs/bpf/weir").stdout == links
    assert bad in machine.weir("ban", "list").stdout
    assert "# mine" in machine.read("/etc/weir/weir.toml")

    # Removed, nothing filters any more; settings and bans wait.
    machine.run("dpkg", "--remove", "weir")
    assert "xdp" not in net.server.ip("link", "show", "dev", net.DEV).stdout
    assert at_once(net.client, net.SERVER4, bad)
    assert not os.path.exists(machine.path("/tmp/weir.pid"))
    assert "weir" not in machine.run("ls", "/sys/fs/bpf").stdout
    assert "# mine" in machine.read("/etc/weir/weir.toml")
    assert os.path.exists(machine.path("/var/lib/weir/weir.db"))

    # Back again, it knows its bans.
    machine.install(package)
    assert bad in machine.weir("ban", "list").stdout
    assert curl(net.client, url(net.SERVER4), bad, patience=0.4).code == 0

    # Purged, there is nothing.
    machine.run("dpkg", "--purge", "weir")
    assert "xdp" not in net.server.ip("link", "show", "dev", net.DEV).stdout
    assert machine.traces() == []
    assert machine.run("ls", "-A", "/run/weir", "/sys/fs/bpf/weir", check=False).stdout == ""
    assert machine.run("getent", "group", "weir", check=False).returncode != 0
