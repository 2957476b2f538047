# SPDX-License-Identifier: BSD-2-Clause
"""A systemd of its own as process 1, in namespaces and an overlay over / that go with it. Of this
machine's services it starts none: only the unit that it is given."""
import contextlib
import os
import re
import signal
import subprocess
import time

from netns import RUN, run

UNIT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "../../packaging/weir.service")
_SETUP = r"""
mount -t tmpfs tmpfs {home}/layers
mkdir {home}/layers/upper {home}/layers/work
mount -t overlay overlay -o lowerdir=/,upperdir={home}/layers/upper,workdir={home}/layers/work {root}
mount -t proc proc {root}/proc
mount -t tmpfs tmpfs {root}/dev
for node in null zero random urandom full tty; do cp -a /dev/$node {root}/dev/; done
mkdir {root}/dev/shm {root}/dev/pts {root}/dev/mqueue
mount -t devpts -o newinstance,ptmxmode=0666 devpts {root}/dev/pts
ln -s pts/ptmx {root}/dev/ptmx
mount -t sysfs sysfs {root}/sys
mount -t cgroup2 cgroup2 {root}/sys/fs/cgroup
mount -t bpf bpf {root}/sys/fs/bpf -o mode=0700
mount -t tmpfs tmpfs {root}/run
mount -t tmpfs tmpfs {root}/tmp
cp {binary} {root}/usr/sbin/weir
cp {unit} {root}/lib/systemd/system/weir.service
mkdir -p {root}/etc/weir {root}/etc/systemd/system/weir.service.d
cp {settings} {root}/etc/weir/weir.toml
printf '{drop_in}' >{root}/etc/systemd/system/weir.service.d/test.conf
printf '[Unit]\nDefaultDependencies=no\nWants=weir.service\n' >{root}/etc/systemd/system/only.target
chroot {root} sh -c 'getent group weir || groupadd --system weir' >/dev/null
exec env -i container=test PATH=/usr/sbin:/usr/bin:/sbin:/bin chroot {root} /lib/systemd/systemd \
  --system --unit=only.target --log-target=null --show-status=no
"""


class Systemd:
    def __init__(self, namespace, home, binary, unit, settings, drop_in=""):
        root = f"{home}/root"
        os.makedirs(root)
        os.makedirs(f"{home}/layers")
        drop_in = ("[Unit]\\nDefaultDependencies=no\\n[Service]\\nStandardOutput=file:/tmp/out\\n"
                   "StandardError=file:/tmp/out\\n" + drop_in)
        script = _SETUP.format(**locals())
        with open("/proc/mounts") as file:
            mounted = re.search(r"^\S+ (\S+) cgroup2 ", file.read(), re.M)
        self.cgroup = f"{mounted.group(1)}/weir-t-{RUN}-{os.path.basename(home)}"
        os.mkdir(self.cgroup)
        self.process = namespace.popen(
            "sh", "-ec", f"echo $$ >{self.cgroup}/cgroup.procs; exec \"$@\"", "sh", "unshare",
            "--mount", "--pid", "--uts", "--ipc", "--cgroup", "--fork", "--kill-child",
            "--propagation", "private", "sh", "-ec", script, stderr=subprocess.PIPE)
        self.init = None
        self._wait_for(self._find_init, "systemd did not start")

    def _find_init(self):
        pid = self.process.pid
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            children = file.read().split()
        if not children:
            return False
        with open(f"/proc/{children[0]}/comm") as file:
            if file.read() != "systemd\n":
                return False
        self.init = int(children[0])
        return os.path.exists(f"/proc/{self.init}/root/run/systemd/private")  # where it listens

    def _wait_for(self, condition, otherwise, patience=20):
        end = time.monotonic() + patience
        while True:
            with contextlib.suppress(FileNotFoundError):
                if condition():
                    return
            if time.monotonic() > end or self.process.poll() is not None:
                words = self.process.stderr.read() if self.process.poll() is not None else b""
                raise RuntimeError(f"{otherwise}: {words}")
            time.sleep(0.05)

    def run(self, *command, check=True):
        return run("nsenter", "-t", self.init, "-m", "-u", "-i", "-n", "-p", "-C", "-r", "-w",
                   "env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", *command, check=check,
                   timeout=30)

    def show(self, name):
        return self.run("systemctl", "show", "weir", "-p", name, "--value").stdout.strip()

    def wait_until(self, name, value, patience=20):
        self._wait_for(lambda: self.show(name) == value, f"{name} did not become {value}: "
                       f"{self.run('cat', '/tmp/out', check=False).stdout}", patience)

    def signal_service(self, name):
        self.run("kill", f"-{name}", self.show("MainPID"))

    def close(self):
        if self.init:
            with contextlib.suppress(ProcessLookupError):
                os.kill(self.init, signal.SIGKILL)
        self.process.kill()
        self.process.wait()
        end = time.monotonic() + 5
        while os.path.isdir(self.cgroup) and time.monotonic() < end:
            for path, _, _ in os.walk(self.cgroup, topdown=False):
                with contextlib.suppress(OSError):
                    os.rmdir(path)
            time.sleep(0.02)
