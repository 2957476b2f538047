# SPDX-License-Identifier: BSD-2-Clause
"""Sending and counting raw frames.

A packet socket on a veth sees what its XDP program passed and nothing else (native and
generic run before it; tc runs after it), so a Counter on the server's end is the truth about
what came through. Its times are the kernel's, not ours.
"""
import contextlib
import ctypes
import itertools
import multiprocessing
import os
import socket
import struct
import threading
import time
from collections import namedtuple

from frames import ACK, SYN, parse_tcp

Seen = namedtuple("Seen", "time source target sport dport")

_ALL = 3  # ETH_P_ALL; bind() puts it into network order
_SOL_PACKET, _PACKET_STATISTICS, _PACKET_QDISC_BYPASS = 263, 6, 20
_SO_RCVBUFFORCE, _SO_TIMESTAMPNS = 33, 35
_OUTGOING = 4
_BATCH = 64  # frames of a flood with a rate that are sent at once: they fit into any ring
_fork = multiprocessing.get_context("fork")


class _iovec(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("len", ctypes.c_size_t)]


class _msghdr(ctypes.Structure):
    _fields_ = [("name", ctypes.c_void_p), ("namelen", ctypes.c_uint32),
                ("iov", ctypes.c_void_p), ("iovlen", ctypes.c_size_t),
                ("control", ctypes.c_void_p), ("controllen", ctypes.c_size_t),
                ("flags", ctypes.c_int)]


class _mmsghdr(ctypes.Structure):
    _fields_ = [("hdr", _msghdr), ("len", ctypes.c_uint)]


_libc = ctypes.CDLL(None, use_errno=True)


class Sender:
    """A packet socket of an interface in a namespace."""

    def __init__(self, namespace, device):
        with namespace.entered():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
            self.socket.bind((device, 0))
        self.socket.setsockopt(_SOL_PACKET, _PACKET_QDISC_BYPASS, 1)

    def send(self, frame):
        self.socket.send(frame)

    def send_all(self, frames):
        """Sends each frame once, as fast as possible."""
        return self.send_batch(self.prepare(frames))

    def prepare(self, frames):
        """What send_batch() takes: making it costs more than sending it.

        A frame that is a ctypes array is sent as it is by then.
        """
        kept = [f if isinstance(f, ctypes.Array) else ctypes.create_string_buffer(f, len(f))
                for f in frames]
        vectors = (_iovec * len(frames))()
        messages = (_mmsghdr * len(frames))()
        first = ctypes.addressof(vectors)
        for i, buffer in enumerate(kept):
            vectors[i] = (ctypes.addressof(buffer), len(buffer))
            header = messages[i].hdr
            header.iov, header.iovlen = first + i * ctypes.sizeof(_iovec), 1
        return messages, vectors, kept  # the latter two only to be kept alive

    def send_batch(self, batch):
        messages, count = batch[0], 0
        while count < len(messages):
            done = _libc.sendmmsg(self.socket.fileno(), ctypes.byref(messages[count]),
                                  min(256, len(messages) - count), 0)
            if done > 0:
                count += done
            elif ctypes.get_errno() not in (11, 105):  # EAGAIN, ENOBUFS: the queue is full
                raise OSError(ctypes.get_errno(), "sendmmsg")
        return count

    def close(self):
        self.socket.close()


class Flood:
    """Processes, each pinned to a CPU, that send lists of frames over and over until stop().

    As fast as they can, or each at a rate of frames a second: a flood that fills the veth's
    ring also loses the frames of others, which is no fault of what is tested.
    """

    def __init__(self, net, lists, seconds=30, rate=None):
        self._stop = _fork.Event()
        self._sent = [_fork.Value("Q", 0) for _ in lists]
        self._crowd = [
            _fork.Process(target=self._work, args=(net, frames, cpu, seconds, rate),
                          daemon=True)
            for cpu, frames in enumerate(lists)]
        for process in self._crowd:
            process.start()

    def _work(self, net, frames, cpu, seconds, rate):
        os.sched_setaffinity(0, {cpu % os.cpu_count()})
        sender, started, sent = Sender(net.client, net.PEER), time.monotonic(), 0
        for batch in self._batches(sender, frames, rate):
            sent += sender.send_batch(batch)
            self._sent[cpu].value = sent
            if self._stop.is_set() or time.monotonic() > started + seconds:
                return
            if rate is not None:
                time.sleep(max(0, sent / rate - (time.monotonic() - started)))

    def _batches(self, sender, frames, rate):
        """What to send, without an end."""
        size = len(frames) if rate is None else _BATCH
        return itertools.cycle([sender.prepare(frames[n:n + size])
                                for n in range(0, len(frames), size)])

    @property
    def sent(self):
        return sum(v.value for v in self._sent)

    def stop(self):
        """Ends it; returns how many frames were sent."""
        self._stop.set()
        for process in self._crowd:
            process.join(10)
            if process.is_alive():
                process.kill()
                process.join()
        return self.sent

    def wait_for(self, count, patience=60):
        """Returns when so many frames were sent."""
        end = time.monotonic() + patience
        while self.sent < count:
            assert time.monotonic() < end, f"only {self.sent} of {count} frames in {patience} s"
            time.sleep(0.01)

    def __enter__(self):
        """All of them are sending when this returns."""
        end = time.monotonic() + 10
        while not all(v.value for v in self._sent) and time.monotonic() < end:
            time.sleep(0.01)
        return self

    def __exit__(self, *_):
        self.stop()


class Counter:
    """Remembers a Seen for each incoming TCP frame whose flags are as wanted.

    `flags` are compared under `mask`: by default SYNs that are no SYN-ACKs.
    """

    def __init__(self, namespace, device, flags=SYN, mask=SYN | ACK):
        with namespace.entered():
            self.socket = socket.socket(socket.AF_PACKET, socket.SOCK_RAW, 0)
        self.socket.setsockopt(socket.SOL_SOCKET, _SO_RCVBUFFORCE, 256 << 20)
        self.socket.setsockopt(socket.SOL_SOCKET, _SO_TIMESTAMPNS, 1)
        self.socket.settimeout(0.05)
        with namespace.entered():
            self.socket.bind((device, _ALL))
        self.seen, self._flags, self._mask = [], flags, mask
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._listen, daemon=True)
        self._thread.start()

    def _listen(self):
        while True:
            try:
                frame, control, _, origin = self.socket.recvmsg(128, 64)
            except TimeoutError:
                if self._done.is_set():
                    return
                continue
            if origin[2] == _OUTGOING:
                continue
            facts = parse_tcp(frame)
            if facts and facts[4] & self._mask == self._flags:
                seconds, nanoseconds = struct.unpack("qq", control[0][2][:16])
                self.seen.append(Seen(seconds + nanoseconds / 1e9, *facts[:4]))

    def count(self, source=None):
        return sum(1 for s in self.seen if source is None or s.source == source)

    def times(self, source=None):
        return sorted(s.time for s in self.seen if source is None or s.source == source)

    def stop(self):
        """Ends listening after what has arrived is read; returns what was seen."""
        self._done.set()
        self._thread.join()
        drops = struct.unpack("II", self.socket.getsockopt(_SOL_PACKET, _PACKET_STATISTICS, 8))[1]
        self.socket.close()
        assert drops == 0, f"the counter itself lost {drops} frames: nothing is proved"
        return self.seen


@contextlib.contextmanager
def counting(namespace, device, **options):
    counter = Counter(namespace, device, **options)
    try:
        yield counter
    finally:
        if not counter._done.is_set():
            counter.stop()


def settle():
    """Frames that were sent have arrived, and been counted, when this returns."""
    time.sleep(0.3)


def most_in_any_window(times, seconds):
    """The largest number of times within any half-open stretch of so many seconds."""
    most = first = 0
    for last, t in enumerate(times):
        while t - times[first] >= seconds:
            first += 1
        most = max(most, last - first + 1)
    return most
