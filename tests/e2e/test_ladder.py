# SPDX-License-Identifier: BSD-2-Clause
"""At once, delayed, nothing, and after a pause at once again (figure 2)."""
import http.client
import time

import pytest

from agent import config, limit
from web import curl, fetch, one_after_another, url

LADDER = limit(3, 7, "2s", "burst", "500ms")


def told(answers, part="seconds"):
    return " ".join(f"{getattr(a, part):.2f}" if a.code else "–" for a in answers)


def check_ladder(answers, part="seconds"):
    assert all(a.code == 200 and getattr(a, part) < 0.4 for a in answers[:3]), answers
    assert all(a.code == 200 and 0.5 <= getattr(a, part) <= 1.5 for a in answers[3:7]), answers
    assert all(a.code == 0 for a in answers[7:]), answers


@pytest.mark.parametrize("attach,family", [
    ("native", 4), ("native", 6), ("tc", 4), ("tc", 6), ("generic", 4), ("generic", 6)])
def test_of_a_burst_of_requests_3_are_served_4_delayed_the_rest_dropped_and_a_pause_forgives(
        net, nginx, weir, figure, attach, family):
    agent = weir(config(request=LADDER), attach)
    assert agent.stats()["interfaces"][0]["attach"] == attach
    server, source = ((net.SERVER4, net.client4(1)), (net.SERVER6, net.client6(1)))[family == 6]
    answers = one_after_another(net.client, url(server), source, 10)
    time.sleep(2.1)
    after = curl(net.client, url(server), source, patience=1.8)
    figure(2, f"{attach} IPv{family}, seconds to the answer: {told(answers)}, "
              f"after a pause {told([after])}")
    check_ladder(answers)
    assert after.code == 200 and after.seconds < 0.4
    stats = agent.stats()
    row = stats["services"]["web"]["request"]
    # What TCP sends again is no second event.
    assert (row["events"], row["throttle"], row["kick"]) == (11, 4, 3)
    assert stats["actions"]["deferred"] >= 4
    assert nginx.requests() == 8


def test_the_same_ladder_holds_on_one_connection_that_is_kept_open(net, nginx, weir, figure):
    weir(config(request=LADDER))
    seconds = []
    with net.client.entered():
        connection = http.client.HTTPConnection(net.SERVER4, timeout=1.8,
                                                source_address=(net.client4(1), 0))
        connection.connect()
    for _ in range(7):
        started = time.monotonic()
        connection.request("GET", "/")
        assert connection.getresponse().read()
        seconds.append(time.monotonic() - started)
    figure(2, "native IPv4, one connection, seconds to the answer: "
              + " ".join(f"{s:.2f}" for s in seconds))
    assert max(seconds[:3]) < 0.4
    assert all(0.5 <= s <= 1.5 for s in seconds[3:])
    connection.request("GET", "/")
    with pytest.raises(TimeoutError):
        connection.getresponse()
    connection.close()


@pytest.mark.parametrize("attach", ["native", "tc"])
def test_of_a_burst_of_connections_3_open_at_once_4_late_and_the_rest_never(
        net, nginx, weir, figure, attach):
    agent = weir(config(syn=LADDER), attach)
    answers = one_after_another(net.client, url(net.SERVER4), net.client4(1), 10)
    figure(2, f"{attach} IPv4, seconds to the connection: {told(answers, 'connect')}")
    check_ladder(answers, "connect")
    row = agent.stats()["services"]["web"]["syn"]
    # A kicked SYN that is sent again is a new attempt; a throttled one is not.
    assert row["throttle"] == 4 and row["kick"] == row["events"] - 7


def test_a_start_throttle_at_or_above_to_much_switches_the_delay_stage_off(net, nginx, weir):
    agent = weir(config(request=limit(11, 10)))
    answers = one_after_another(net.client, url(net.SERVER4), net.client4(1), 12, 0.02, 1.2)
    assert [a.code for a in answers] == [200] * 10 + [0] * 2
    assert max(a.seconds for a in answers[:10]) < 0.2
    assert agent.stats()["services"]["web"]["request"]["throttle"] == 0


def test_one_client_over_its_limit_takes_nothing_from_its_neighbour(net, nginx, weir):
    weir(config(request=limit(2, 2, "10s")))
    answers = one_after_another(net.client, url(net.SERVER4), net.client4(1), 4, 0.02, 1)
    assert [a.code for a in answers] == [200, 200, 0, 0]
    assert fetch(net.client, net.SERVER4, net.client4(2)) < 0.2
    assert fetch(net.client, net.SERVER6, net.client6(1)) < 0.2


def test_a_sliding_window_forgets_each_request_when_it_is_older_than_the_timeout(
        net, nginx, weir):
    weir(config(request=limit(4, 4, "2s", "sliding")))
    where = net.client, url(net.SERVER4), net.client4(1)
    started = time.monotonic()
    assert [a.code for a in one_after_another(*where, 2, 0.02)] == [200, 200]
    time.sleep(1 - (time.monotonic() - started))
    assert [a.code for a in one_after_another(*where, 2, 0.02)] == [200, 200]
    time.sleep(max(0, 2.2 - (time.monotonic() - started)))
    # The two of the start are too old to count, the two of the middle are not; a burst
    # window would have counted all four and turned these away.
    assert [a.code for a in one_after_another(*where, 2, 0.02, 0.7)] == [200, 200]
    assert curl(*where, patience=0.7).code == 0


def test_ports_that_no_service_names_are_never_touched(net, nginx, weir):
    agent = weir(config(syn=limit(1, 1), request=limit(1, 1), ports="[8080]"))
    assert max(fetch(net.client, net.SERVER4, net.client4(1)) for _ in range(20)) < 0.2
    assert agent.stats()["events"] == {"syn": 0, "request": 0}
