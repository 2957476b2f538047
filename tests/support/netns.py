# SPDX-License-Identifier: BSD-2-Clause
"""A server and a client in network namespaces of their own, joined by a veth pair.

Nothing here touches an interface of the machine. Commands enter a namespace by `nsenter
--net`, for `ip netns exec` would hide bpffs; sockets enter it by setns(2) and stay there.
"""
import contextlib
import ctypes
import itertools
import os
import socket
import subprocess
import threading
import time

from frames import ethernet, ipv4, ipv6, tcp

RUN = os.environ.get("WEIR_TEST_ID", str(os.getpid()))
_libc = ctypes.CDLL(None, use_errno=True)
_CLONE_NEWNET = 0x40000000
_numbers = itertools.count(1)


def run(*command, check=True, **options):
    """Runs a command to its end; its words are in the error when it fails."""
    done = subprocess.run([str(c) for c in command], capture_output=True, text=True, **options)
    if check and done.returncode:
        raise RuntimeError(f"{' '.join(map(str, command))}: {done.stderr or done.stdout}")
    return done


class Namespace:
    """One network namespace, made new and removed by close()."""

    def __init__(self, role):
        self.name = f"weir-t-{RUN}-{next(_numbers)}-{role}"
        self.path = f"/run/netns/{self.name}"
        run("ip", "netns", "add", self.name)
        self.ip("link", "set", "lo", "up")

    def enter(self):
        """The words before a command that make it run in here."""
        return ["nsenter", f"--net={self.path}"]

    def run(self, *command, **options):
        return run(*self.enter(), *command, **options)

    def popen(self, *command, **options):
        return subprocess.Popen([*self.enter(), *map(str, command)], **options)

    def ip(self, *words):
        return run("ip", "-n", self.name, *words)

    def counter(self, name):
        """One of the namespace's own counters of packets, by its name in nstat(8)."""
        text = self.run("nstat", "-asz", name).stdout
        return int(text.split(name)[1].split()[0])

    def sysctl(self, name, value):
        path = "/proc/sys/" + name.replace(".", "/")
        self.run("sh", "-c", f"echo {value} > {path}")

    @contextlib.contextmanager
    def entered(self):
        """The calling thread is in here for the length of a `with`."""
        home = os.open(f"/proc/self/task/{threading.get_native_id()}/ns/net", os.O_RDONLY)
        there = os.open(self.path, os.O_RDONLY)
        try:
            _setns(there)
            try:
                yield
            finally:
                _setns(home)
        finally:
            os.close(there)
            os.close(home)

    def close(self):
        # Processes that a failed test left behind keep a namespace alive without a name.
        for pid in run("ip", "netns", "pids", self.name, check=False).stdout.split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), 9)
        run("ip", "netns", "del", self.name, check=False)


def _setns(descriptor):
    if _libc.setns(descriptor, _CLONE_NEWNET):
        raise OSError(ctypes.get_errno(), "setns")


class Net:
    """    client ns: DEV "eager0" ── veth ── "weir0" :server ns

    The client answers to 198.18.0.2 and 2001:db8:77::2 and, without an address being added,
    to every address of 198.19.0.0/16 and 2001:db8:78::/48, which the server reaches through
    the first two. Two queues each way, so that two CPUs really work at the same time.
    """

    DEV, PEER = "weir0", "eager0"
    SERVER_MAC, CLIENT_MAC = "02:00:00:00:00:01", "02:00:00:00:00:02"
    SERVER4, CLIENT4 = "198.18.0.1", "198.18.0.2"
    SERVER6, CLIENT6 = "2001:db8:77::1", "2001:db8:77::2"

    def __init__(self):
        self.server = Namespace("server")
        try:
            self.client = Namespace("client")
        except BaseException:
            self.server.close()
            raise
        try:
            self.client.ip("route", "add", "local", "198.19.0.0/16", "dev", "lo")
            self.client.ip("-6", "route", "add", "local", "2001:db8:78::/48", "dev", "lo")
            self.client.sysctl("net.ipv6.ip_nonlocal_bind", 1)
            self.join()
        except BaseException:
            self.close()
            raise

    def lay(self):
        """Makes the cable."""
        queues = ("numtxqueues", "2", "numrxqueues", "2")
        self.client.ip("link", "add", "name", self.PEER, "address", self.CLIENT_MAC, *queues,
                       "type", "veth", "peer", "name", self.DEV, "address", self.SERVER_MAC,
                       *queues, "netns", self.server.name)
        # As a card would deliver it: whole checksums, no segments larger than a frame.
        self.client.run("ethtool", "-K", self.PEER, "tx", "off", "tso", "off", "gso", "off")

    def join(self):
        """Makes the cable and what is at its ends; a second time after it was removed."""
        self.lay()
        for end, dev, four, six in ((self.server, self.DEV, self.SERVER4, self.SERVER6),
                                    (self.client, self.PEER, self.CLIENT4, self.CLIENT6)):
            end.sysctl(f"net.ipv6.conf.{dev}.accept_dad", 0)
            end.ip("addr", "add", f"{four}/24", "dev", dev)
            end.ip("addr", "add", f"{six}/64", "dev", dev, "nodad")
            end.ip("link", "set", dev, "up")
        self.server.ip("route", "add", "198.19.0.0/16", "via", self.CLIENT4)
        self.server.ip("route", "add", "2001:db8:78::/48", "via", self.CLIENT6)
        self._meet()

    def _meet(self):
        """Both ends know each other's MAC when this returns; IPv6 takes a moment to be up."""
        for server in (self.SERVER4, self.SERVER6):
            end = time.monotonic() + 5
            while True:
                try:
                    with self.client.entered():
                        socket.create_connection((server, 9), 1).close()
                except ConnectionRefusedError:
                    break
                except OSError:
                    if time.monotonic() > end:
                        raise
                    time.sleep(0.01)

    @staticmethod
    def client4(number):
        """The number-th of 65 536 IPv4 clients."""
        return f"198.19.{number >> 8}.{number & 255}"

    def receive_by_xdp(self, program):
        """A veth delivers what its peer's XDP program sends back only to an end that has one."""
        self.client.ip("link", "set", "dev", self.PEER, "xdpdrv", "obj", program, "sec", "xdp")

    @staticmethod
    def client6(network, host=1):
        """A client in the network-th /64."""
        return f"2001:db8:78:{network:x}::{host:x}"

    def syn(self, source, sport, seq=1000, dport=80):
        """The frame of a connection attempt to the server, of the source's family."""
        make, server = (ipv6, self.SERVER6) if ":" in source else (ipv4, self.SERVER4)
        return ethernet(self.SERVER_MAC, self.CLIENT_MAC,
                        make(source, server, tcp(source, server, sport, dport, seq=seq)))

    def close(self):
        self.client.close()
        self.server.close()


def remove_leftovers():
    """Removes the namespaces of test runs that are dead."""
    for line in run("ip", "netns", "list").stdout.splitlines():
        name = line.split()[0]
        words = name.split("-")
        if words[:2] == ["weir", "t"] and not os.path.exists(f"/proc/{words[2]}"):
            run("ip", "netns", "del", name, check=False)
