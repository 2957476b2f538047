# SPDX-License-Identifier: BSD-2-Clause
"""An agent under test, with socket, state, pins and configuration of its own."""
import contextlib
import http.client
import itertools
import json
import os
import selectors
import shutil
import signal
import socket
import subprocess
import tempfile
import time

from netns import RUN

BINARY = os.environ.get("WEIR_BIN") or os.path.join(
    os.path.dirname(__file__), "../../build/release/weir")
_numbers = itertools.count(1)


def limit(start=65534, much=65535, timeout="2s", window="burst", delay="500ms", action="drop"):
    """A limit's lines in TOML; without arguments one that hardly anything meets."""
    return (f'startThrottle = {start}\ntoMuch = {much}\n'
            f'timeout = "{timeout}"\nwindow = "{window}"\ndelay = "{delay}"\n'
            f'action = "{action}"\n')


def config(syn=None, request=None, mode="enforce", ports="[80]", more="", flood=0):
    """A configuration with the one service `web`; what is not named is not limited."""
    return (f'mode = "{mode}"\n{more}\n[services.web]\nports = {ports}\nprotocol = "http"\n'
            f'floodRate = {flood}\n[services.web.syn]\n{syn or limit()}'
            f'[services.web.request]\n{request or limit()}')


def wait_for(condition, patience=5):
    """Whether a condition came true in time."""
    end = time.monotonic() + patience
    while not condition() and time.monotonic() < end:
        time.sleep(0.02)
    return condition()


class Weir:
    """`weir run` in a namespace. Made with a config, nothing runs until start()."""

    def __init__(self, namespace, settings=None, attach="native", devices=("weir0",)):
        self.namespace, self.attach, self.devices = namespace, attach, tuple(devices)
        self.home = tempfile.mkdtemp(prefix="weir-t-agent-")
        self.pins = f"/sys/fs/bpf/weir-test-{RUN}-{next(_numbers)}"
        self.socket = f"{self.home}/sock"
        self.file = f"{self.home}/weir.toml"
        self.process, self.ready_line = None, ""
        self.around = []  # words before the command of `weir run`, which it is executed by
        self.configure(settings if settings is not None else config())

    def configure(self, text):
        with open(self.file, "w") as file:
            file.write(text)

    def paths(self):
        return ["--socket", self.socket, "--state-dir", f"{self.home}/state", "--pin-dir",
                self.pins]

    def run_command(self, *more):
        command = [*self.around, BINARY, "run"]
        for device in self.devices:
            command += ["-i", device]
        if self.attach:
            command += ["--attach", self.attach]
        return [*command, "-c", self.file, *self.paths(), *more]

    def start(self, *more, patience=10):
        """Starts it; returns the seconds until it said `weir: ready`."""
        started = time.monotonic()
        self.log = open(f"{self.home}/log", "a+")
        self.process = self.namespace.popen(*self.run_command(*more), stdout=subprocess.PIPE,
                                            stderr=self.log)
        os.set_blocking(self.process.stdout.fileno(), False)
        text, end = b"", started + patience
        with selectors.DefaultSelector() as selector:
            selector.register(self.process.stdout, selectors.EVENT_READ)
            while b"weir: ready" not in text or not text.endswith(b"\n"):
                if not selector.select(max(0, end - time.monotonic())):
                    self.kill()
                    raise RuntimeError(f"not ready in {patience} s: {text} {self.words()}")
                piece = self.process.stdout.read()
                if not piece:
                    self.process.wait(5)
                    raise RuntimeError(f"ended with {self.process.returncode}: {self.words()}")
                text += piece
        self.ready_line = text.decode()
        return time.monotonic() - started

    def words(self):
        """What it has said on stderr."""
        with open(f"{self.home}/log") as log:
            return log.read()

    def cli(self, *words, check=True, **options):
        """Any other command of `weir`, run in the agent's namespace."""
        done = subprocess.run(
            [*self.namespace.enter(), BINARY, *map(str, words)], capture_output=True, text=True,
            timeout=options.pop("timeout", 20),
            env={**os.environ, "WEIR_SOCKET": self.socket, "WEIR_CONFIG": self.file}, **options)
        if check:
            assert done.returncode == 0, f"weir {' '.join(map(str, words))}: {done}"
        return done

    def json(self, *words):
        return json.loads(self.cli(*words, "--json").stdout)

    def stats(self):
        return self.json("stats")

    def call(self, method, target, body=None, patience=10):
        """One request over the socket: (status, text)."""
        connection = Unix(self.socket, patience)
        try:
            connection.request(method, target, None if body is None else json.dumps(body),
                               {"Content-Type": "application/json"})
            answer = connection.getresponse()
            return answer.status, answer.read().decode()
        finally:
            connection.close()

    def ban_all(self, addresses, time):
        """As many `weir ban add` over one connection: a process for each would take minutes, and
        http.client takes longer to read the answers than the agent to make them."""
        with socket.socket(socket.AF_UNIX) as client:
            client.settimeout(10)
            client.connect(self.socket)
            for address in addresses:
                body = json.dumps({"address": address, "for": time})
                client.sendall(f"POST /v1/bans HTTP/1.1\r\nHost: weir\r\nContent-Type: "
                               f"application/json\r\nContent-Length: {len(body)}\r\n\r\n"
                               f"{body}".encode())
                answer = client.recv(4096)
                while answer.startswith(b"HTTP/1.1 200") and not answer.endswith(b"}\n"):
                    answer += client.recv(4096) or b"}\n"
                assert answer.startswith(b"HTTP/1.1 200"), answer

    def explain(self, address):
        """As `weir explain --json`, without the cost of a process."""
        status, text = self.call("GET", f"/v1/explain/{address}")
        assert status == 200, text
        return json.loads(text)

    def memory(self):
        """Bytes of the process that are in memory."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmRSS"))

    def signal(self, number):
        self.process.send_signal(number)

    def kill(self):
        """kill -9."""
        self.process.kill()
        self.process.wait()

    def terminate(self):
        """SIGTERM; returns the seconds until it was gone."""
        started = time.monotonic()
        self.process.terminate()
        self.process.wait(10)
        return time.monotonic() - started

    def close(self):
        if self.process and self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.kill()
        if os.path.isdir(self.pins):
            with contextlib.suppress(subprocess.TimeoutExpired, OSError):
                self.cli("detach", "--all", "--pin-dir", self.pins, check=False)
            shutil.rmtree(self.pins, ignore_errors=True)
        shutil.rmtree(self.home, ignore_errors=True)


def state_of(agent):
    """All that a command can change, to compare before and after."""
    return (agent.json("config", "show"), agent.json("ban", "list"), agent.json("allow", "list"),
            [i["name"] for i in agent.json("status")["interfaces"]])


class Unix(http.client.HTTPConnection):
    """HTTP over a Unix socket."""

    def __init__(self, path, patience=10):
        super().__init__("localhost", timeout=patience)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        end = time.monotonic() + self.timeout
        while True:
            try:
                return self.sock.connect(self.path)
            except BlockingIOError:  # so many are waiting; without a time limit it would wait too
                if time.monotonic() > end:
                    raise
                time.sleep(0.01)
