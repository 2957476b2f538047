# SPDX-License-Identifier: BSD-2-Clause
"""A real nginx in the server's namespace, and clients of it in the client's."""
import asyncio
import contextlib
import os
import re
import shutil
import socket
import subprocess
import sys
import tempfile
import time
from collections import namedtuple

CONF = """
daemon off;
user root;
worker_processes 2;
pid {home}/nginx.pid;
error_log {home}/error.log;
events {{ worker_connections 4096; }}
http {{
  access_log {home}/access.log;
  client_body_temp_path {home}/t1; proxy_temp_path {home}/t2; fastcgi_temp_path {home}/t3;
  uwsgi_temp_path {home}/t4; scgi_temp_path {home}/t5;
  default_type text/html;
  types {{ text/html html; text/css css; text/javascript js; image/png png; }}
  keepalive_requests 1000000;
  server {{
    listen 80 backlog=4096 fastopen=256; listen [::]:80 backlog=4096 fastopen=256;
    root {home}/www;
  }}
}}
"""

Answer = namedtuple("Answer", "code seconds connect")
Fetched = namedtuple("Fetched", "seconds resent connect")

_TOTAL_RETRANS = slice(100, 104)  # of struct tcp_info


class WebServer:
    """A web server with a directory of its own, that ends with close()."""

    def __init__(self, name):
        self.home, self.process = tempfile.mkdtemp(prefix=f"weir-t-{name}-"), None
        os.chmod(self.home, 0o755)  # workers may be others than root
        os.mkdir(f"{self.home}/www")
        self.put("index.html", b"<h1>served</h1>\n")

    def write(self, name, text):
        with open(f"{self.home}/{name}", "w") as file:
            file.write(text)

    def put(self, name, content):
        """Serves bytes as /name."""
        with open(f"{self.home}/www/{name}", "wb") as file:
            file.write(content)

    def start(self, namespace, *command):
        """It answers when this returns."""
        log = f"{self.home}/error.log"
        with open(log, "a") as words:
            self.process = namespace.popen(*command, stdout=words, stderr=words)
        end = time.monotonic() + 10
        while True:
            with contextlib.suppress(OSError), namespace.entered():
                socket.create_connection(("127.0.0.1", 80), 1).close()
                return
            if time.monotonic() > end or self.process.poll() is not None:
                with open(log) as words:
                    text = words.read()
                self.close()
                raise RuntimeError(f"{command[0]} does not start: {text}")
            time.sleep(0.02)

    def requests(self):
        """How many requests it has answered; the log is written at once."""
        with open(f"{self.home}/access.log") as log:
            return sum(1 for _ in log)

    def close(self):
        if self.process:
            self.process.terminate()
            try:
                self.process.wait(5)
            except subprocess.TimeoutExpired:
                self.process.kill()
        shutil.rmtree(self.home, ignore_errors=True)


class Nginx(WebServer):
    """Serves / and /image-0.png to /image-29.png on port 80 of a namespace."""

    def __init__(self, namespace):
        super().__init__("nginx")
        for number in range(30):
            self.put(f"image-{number}.png", os.urandom(10_000))
        self.write("nginx.conf", CONF.format(home=self.home))
        self.start(namespace, "nginx", "-p", self.home, "-c", f"{self.home}/nginx.conf", "-e",
                   f"{self.home}/error.log")


def url(server, path="/"):
    return f"http://[{server}]{path}" if ":" in server else f"http://{server}{path}"


class Curl:
    """A curl process under way; answer() waits for its end."""

    def __init__(self, namespace, where, source=None, patience=5, *words):
        command = ["curl", "-gsS", "-o", "/dev/null", "--max-time", patience, "-w",
                   "%{http_code} %{time_total} %{time_connect}\\n", *words]
        if source:
            command += ["--interface", f"host!{source}"]
        self.process = namespace.popen(*command, where, stdout=subprocess.PIPE,
                                       stderr=subprocess.DEVNULL, text=True)

    def answer(self):
        """Code 0 when nothing came back."""
        out = self.process.communicate()[0].split()
        return Answer(int(out[0]), float(out[1]), float(out[2]))


def curl(*words, **options):
    return Curl(*words, **options).answer()


def one_after_another(namespace, where, source, count, gap=0.05, patience=1.8):
    """Starts `count` requests, each on a connection of its own; their answers in order."""
    crowd = []
    for _ in range(count):
        crowd.append(Curl(namespace, where, source, patience))
        time.sleep(gap)
    return [c.answer() for c in crowd]


def fetch(namespace, server, source, port=80, patience=3, path="/"):
    """One request on a connection of its own, without the cost of a process.

    The seconds it took, how many segments TCP had to send again, and the seconds to connect.
    """
    family = socket.AF_INET6 if ":" in server else socket.AF_INET
    with namespace.entered():
        client = socket.socket(family, socket.SOCK_STREAM)
    client.settimeout(patience)
    with client:
        client.bind((source, 0))
        started = time.perf_counter()
        client.connect((server, port))
        connect = time.perf_counter() - started
        client.sendall(f"GET {path} HTTP/1.1\r\nHost: weir.test\r\n"
                       "Connection: close\r\n\r\n".encode())
        answer = b""
        while piece := client.recv(65536):
            answer += piece
        seconds = time.perf_counter() - started
        resent = resent_by(client)
    assert answer.startswith(b"HTTP/1.1 200"), answer[:60]
    return Fetched(seconds, resent, connect)


def resent_by(client):
    """How many segments a TCP socket has sent again, SYNs too."""
    info = client.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 104)
    return int.from_bytes(info[_TOTAL_RETRANS], sys.byteorder)


def at_once(*words):
    """Whether one request is served with nothing dropped or delayed on the way.

    What Weir drops or delays, TCP sends again after 0.2 s or more. Time alone tells nothing: a
    busy machine stops everything for a second now and then.
    """
    fetched = fetch(*words)
    return fetched.seconds < 0.2 or fetched.resent == 0


class TooSlow(AssertionError):
    """An upper bound of time was not kept, which may be the machine's fault."""


def patiently(measure, tries=3):
    """measure(number) with numbers from 1, again when it was TooSlow; what it returns, and the
    number of the try. A bound that never holds still fails."""
    for number in range(1, tries + 1):
        try:
            return measure(number), number
        except TooSlow:
            if number == tries:
                raise


def wrk(namespace, where, seconds=2, connections=8):
    """Runs wrk; returns the requests it got an answer to."""
    done = namespace.run("wrk", "-t2", f"-c{connections}", f"-d{seconds}s", "--timeout", "1s",
                         where)
    return int(re.search(r"(\d+) requests in", done.stdout).group(1))


def crowd(net, clients, rate, seconds):
    """So many requests a second, each on a connection of its own, of one client after the other.

    Returns the answers' codes, how long each took, and how long all took, in seconds.
    """
    codes, times = [], []

    async def visit(loop, number):
        await asyncio.sleep(number / rate)
        with socket.socket() as client:
            client.setblocking(False)
            client.bind((net.client4(number % clients), 0))
            started = time.perf_counter()
            await loop.sock_connect(client, (net.SERVER4, 80))
            await loop.sock_sendall(client, b"GET / HTTP/1.0\r\nHost: weir.test\r\n\r\n")
            codes.append((await loop.sock_recv(client, 4096))[9:12])
            times.append(time.perf_counter() - started)

    async def visits():
        loop = asyncio.get_running_loop()
        await asyncio.gather(*(visit(loop, n) for n in range(rate * seconds)))

    with net.client.entered():
        started = time.monotonic()
        asyncio.run(visits())
        return codes, times, time.monotonic() - started
