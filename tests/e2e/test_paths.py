# SPDX-License-Identifier: BSD-2-Clause
"""What http services are asked for: `weir paths`, `weir requests` (issue 6)."""
import json
import os
import re
import socket
import time

import pytest

from agent import config, limit, wait_for
from web import one_after_another, url, wrk

HOSTILE = {
    b"/\x1b[2J\x1b]0;owned\x07": "/?[2J?]0;owned?",
    b"/\xff\xfe\xc3(": "/???(",
    b"/\xe2\x80\xaegnp.exe\xc2\x9b31m": "/???gnp.exe??31m",
    b"/</script><img/src=x/onerror=alert(1)>": "/</script><img/src=x/onerror=alert(1)>",
    b"/\"}],\"paths\":[{": '/"}],"paths":[{',
    b"/tab\there\x0b\x00\x7f": "/tab?here???",
}


def send(net, head, source=None, server=None, patience=5):
    """One request on a connection of its own; the first bytes of the answer."""
    server = server or net.SERVER4
    with net.client.entered():
        sock = socket.socket(socket.AF_INET6 if ":" in server else socket.AF_INET)
    with sock:
        sock.settimeout(patience)
        sock.bind((source or net.client4(1), 0))
        sock.connect((server, 80))
        sock.sendall(head)
        try:
            return sock.recv(100)
        except OSError:
            return b""


def get(net, path, source=None, server=None):
    answer = send(net, f"GET {path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n".encode(),
                  source, server)
    assert answer.startswith(b"HTTP/1.1 "), answer


def paths_of(agent, *words):
    return {path["path"]: path for path in agent.json("paths", *words)["paths"]}


@pytest.mark.parametrize("how", ["native", "tc"])
def test_paths_and_requests_tell_what_was_asked_for(net, nginx, weir, how):
    agent = weir(config(request=limit(4, 4, "5s")), how)
    for _ in range(3):
        get(net, "/index.html?user=me&token=secret")
    get(net, "/image-0.png", net.client6(1), net.SERVER6)
    eager = net.client4(2)
    one_after_another(net.client, url(net.SERVER4, "/nothing"), eager, 6, 0.02, 1)
    document = agent.json("paths")
    assert document["schema"] == 1 and document["enabled"] and not document["sampled"]
    assert document["requests"] == {"seen": 10, "counted": 10}
    assert [(p["path"], p["count"], p["turnedAway"]) for p in document["paths"]] == [
        ("/nothing", 6, 2), ("/index.html", 3, 0), ("/image-0.png", 1, 0)]
    assert all(p["service"] == "web" and p["countError"] == 0 for p in document["paths"])
    assert len(agent.json("paths", "--limit", "1")["paths"]) == 1
    requests = agent.json("requests")["requests"]
    assert [r["path"] for r in requests] == (["/index.html"] * 3 + ["/image-0.png"]
                                             + ["/nothing"] * 6)
    assert [r["time"] for r in requests] == sorted(r["time"] for r in requests)
    assert [r["verdict"] for r in requests] == ["pass"] * 8 + ["kick"] * 2
    assert requests[3]["address"] == net.client6(1) and requests[-1]["address"] == eager
    assert {r["method"] for r in requests} == {"GET"}
    assert len(agent.json("requests", "--limit", "4")["requests"]) == 4
    everything = agent.cli("paths").stdout + agent.cli("requests").stdout + json.dumps(requests)
    assert "secret" not in everything and "token" not in everything
    assert "/nothing" in everything and max(map(len, agent.cli("paths").stdout.splitlines())) <= 100
    # Addresses and paths are nobody's business but the reader's of the socket.
    metrics = agent.call("GET", "/metrics")[1]
    assert "/nothing" not in metrics and eager not in metrics
    for wrong in (("paths", "--by", "size"), ("paths", "--limit", "0"), ("requests", "--limit", "101")):
        assert agent.cli(*wrong, check=False).returncode == 2, wrong
    for wrong in ("/v1/paths?by=size", "/v1/paths?x=1", "/v1/requests?limit=0"):
        assert agent.call("GET", wrong)[0] == 400, wrong


def test_queries_are_told_when_a_setting_says_so_and_nothing_when_one_says_that(net, nginx, weir):
    agent = weir(config(more="pathQueries = true"))
    get(net, "/index.html?a=b")
    assert set(paths_of(agent)) == {"/index.html?a=b"}
    agent.configure(config())
    agent.cli("reload")
    assert paths_of(agent) == {}
    get(net, "/index.html?a=b")
    assert set(paths_of(agent)) == {"/index.html"}
    agent.configure(config(more="paths = false"))
    agent.cli("reload")
    get(net, "/index.html")
    assert agent.json("paths")["paths"] == [] and agent.json("requests")["requests"] == []
    assert agent.json("paths")["enabled"] is False
    assert "off: the setting paths" in agent.cli("paths").stdout
    agent.configure(config())
    agent.cli("reload")
    get(net, "/index.html")
    assert paths_of(agent)["/index.html"]["count"] == 1


def test_hostile_paths_reach_nobody_as_they_are(net, nginx, weir):
    agent = weir(config(request=limit(3, 3, "1m")))
    source = net.client4(7)
    for path in HOSTILE:
        send(net, b"GET " + path + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", source,
             patience=1)
    send(net, b"GET /" + b"x" * 65536 + b" HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n")
    send(net, b"\x16\x03\x01\x02\x00\x01\x00 \x1b[31m \r\n\r\n", patience=1)
    expected = set(HOSTILE.values()) | {"/" + "x" * 115 + "..."}
    assert wait_for(lambda: set(paths_of(agent)) == expected), paths_of(agent)
    requests = agent.json("requests")["requests"]
    # What of the longest comes after nginx has refused it may look like one more, without a path.
    assert sum(r["path"] is not None for r in requests) == len(HOSTILE) + 1
    assert {r["path"] for r in requests} == expected | {None}
    texts = "".join(agent.call("GET", f"/v1/{name}")[1] for name in ("paths", "requests", "events"))
    texts += "".join(agent.cli(name).stdout for name in ("paths", "requests", "events"))
    texts += agent.words()
    wrong = re.sub(r"[ -~\n]", "", texts)
    assert not wrong, repr(wrong[:100])


def test_a_flood_of_requests_is_told_of_as_a_sample(net, nginx, weir, figure):
    agent = weir(config())
    before, started = nginx.requests(), time.monotonic()
    wrk(net.client, url(net.SERVER4, "/index.html"), seconds=2)
    seconds = time.monotonic() - started
    document = agent.json("paths")
    seen, counted = document["requests"]["seen"], document["requests"]["counted"]
    # Some may have been under way when the client ended.
    assert abs(seen - (nginx.requests() - before)) <= 16
    most = 500 * os.cpu_count() * (seconds + 2)
    figure("issue 6, paths", f"{seen} requests in 2 s, told of {counted}, bound {most:.0f}")
    assert 500 <= counted <= min(most, seen)
    assert document["sampled"] == (counted < seen)
    assert document["paths"][0]["path"] == "/index.html"
    text = agent.cli("paths").stdout
    assert f"{seen} requests since" in text and ("a sample" in text) == document["sampled"]


@pytest.mark.long
def test_a_scan_of_many_paths_takes_no_room_and_hides_nothing(net, nginx, weir):
    agent = weir(config())
    with net.client.entered():
        sock = socket.create_connection((net.SERVER4, 80), 5)
    before = agent.memory()
    sent = 0
    with sock:
        for number in range(3000):
            path = "/login" if number % 10 == 0 else f"/scan/{number}/{'y' * 80}"
            sock.sendall(f"GET {path} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
            sent += 1
            answer = sock.recv(1 << 16)
            assert answer
            while b"</html>" not in answer:
                answer += sock.recv(1 << 16)
            time.sleep(0.001)
    document = agent.json("paths", "--limit", "1000")
    assert document["requests"]["seen"] == sent
    assert len(document["paths"]) == document["capacity"] == 1000
    counted = document["requests"]["counted"]
    assert document["sampled"] == (counted < sent)
    top = document["paths"][0]
    assert top["path"] == "/login" and top["countError"] <= counted / 1000
    assert counted / 10 - 60 <= top["count"] <= 300 + top["countError"]
    assert len(agent.json("requests")["requests"]) == 100
    assert agent.memory() - before < 8 << 20
