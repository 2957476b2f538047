# SPDX-License-Identifier: BSD-2-Clause
"""At once, delayed, nothing, and after a pause at once again (figure 2)."""
import http.client
import statistics
import time

import pytest

from agent import config, limit
from web import TooSlow, at_once, curl, one_after_another, patiently, resent_by, url

LADDER = limit(3, 7, "2s", "burst", "500ms")


def told(answers, part="seconds"):
    return " ".join(f"{getattr(a, part):.2f}" if a.code else "–" for a in answers)


def check_ladder(answers, part="seconds"):
    # Never more than 3 at once and 7 in all; that each is in its place and in its time is asked
    # of one burst of three, for curls may overtake each other and machines stand still.
    assert sum(1 for a in answers if a.code and getattr(a, part) < 0.5) <= 3, answers
    assert sum(1 for a in answers if a.code) <= 7, answers
    try:
        check_places(answers, part)
    except AssertionError as error:
        raise TooSlow(str(error)) from None


def check_places(answers, part):
    assert all(a.code == 200 and getattr(a, part) < 0.4 for a in answers[:3]), answers
    assert all(a.code == 200 and 0.5 <= getattr(a, part) <= 1.5 for a in answers[3:7]), answers
    assert all(a.code == 0 for a in answers[7:]), answers


@pytest.mark.parametrize("attach,family", [
    ("native", 4), ("tc", 4), ("generic", 6),
    *(pytest.param(*which, marks=pytest.mark.long)
      for which in (("native", 6), ("tc", 6), ("generic", 4)))])
def test_of_a_burst_of_requests_3_are_served_4_delayed_the_rest_dropped_and_a_pause_forgives(
        net, nginx, weir, figure, attach, family):
    agent = weir(config(request=LADDER), attach)
    assert agent.stats()["interfaces"][0]["attach"] == attach
    server, client = ((net.SERVER4, net.client4), (net.SERVER6, net.client6))[family == 6]

    def burst(number):
        answers = one_after_another(net.client, url(server), client(number), 10)
        time.sleep(2.1)
        after = curl(net.client, url(server), client(number), patience=1.8)
        figure(2, f"{attach} IPv{family}, seconds to the answer: {told(answers)}, "
                  f"after a pause {told([after])}")
        check_ladder(answers)
        if after.code != 200 or after.seconds >= 0.4:
            raise TooSlow(f"after a pause: {after}")

    _, bursts = patiently(burst)
    stats = agent.stats()
    row = stats["services"]["web"]["request"]
    # What TCP sends again is no second event.
    assert (row["events"], row["throttle"], row["kick"]) == (11 * bursts, 4 * bursts, 3 * bursts)
    assert stats["actions"]["deferred"] >= 4 * bursts
    assert nginx.requests() == 8 * bursts


def test_the_same_ladder_holds_on_one_connection_that_is_kept_open(net, nginx, weir, figure):
    weir(config(request=LADDER))

    def burst(number):
        seconds, resent = [], []
        with net.client.entered():
            connection = http.client.HTTPConnection(net.SERVER4, timeout=1.8,
                                                    source_address=(net.client4(number), 0))
            connection.connect()
        for _ in range(7):
            started = time.monotonic()
            connection.request("GET", "/")
            try:
                assert connection.getresponse().read()
            except TimeoutError:
                raise TooSlow(f"no answer after {seconds}") from None
            seconds.append(time.monotonic() - started)
            resent.append(resent_by(connection.sock))
        figure(2, "native IPv4, one connection, seconds to the answer: "
                  + " ".join(f"{s:.2f}" for s in seconds))
        assert all(s >= 0.5 for s in seconds[3:]) and resent[6] >= 4
        if max(seconds[:3]) >= 0.4 or resent[2] > 0 or max(seconds[3:]) > 1.5:
            raise TooSlow(f"{seconds}, sent again {resent}")
        connection.request("GET", "/")
        with pytest.raises(TimeoutError):
            connection.getresponse()
        connection.close()

    patiently(burst)


@pytest.mark.parametrize("attach", ["native", "tc"])
def test_of_a_burst_of_connections_3_open_at_once_4_late_and_the_rest_never(
        net, nginx, weir, figure, attach):
    agent = weir(config(syn=LADDER), attach)

    def burst(number):
        answers = one_after_another(net.client, url(net.SERVER4), net.client4(number), 10)
        figure(2, f"{attach} IPv4, seconds to the connection: {told(answers, 'connect')}")
        check_ladder(answers, "connect")

    _, bursts = patiently(burst)
    row = agent.stats()["services"]["web"]["syn"]
    # A kicked SYN that is sent again is a new attempt; a throttled one is not.
    assert row["throttle"] == 4 * bursts and row["kick"] == row["events"] - 7 * bursts


def test_a_start_throttle_at_or_above_to_much_switches_the_delay_stage_off(net, nginx, weir):
    agent = weir(config(request=limit(11, 10, "10s")))
    answers = one_after_another(net.client, url(net.SERVER4), net.client4(1), 12, 0.02, 3)
    assert sorted(a.code for a in answers) == [0] * 2 + [200] * 10
    assert statistics.median(a.seconds for a in answers if a.code) < 0.2
    assert agent.stats()["services"]["web"]["request"]["throttle"] == 0


def test_one_client_over_its_limit_takes_nothing_from_its_neighbour(net, nginx, weir):
    weir(config(request=limit(2, 2, "10s")))
    answers = one_after_another(net.client, url(net.SERVER4), net.client4(1), 4, 0.02, 3)
    assert sorted(a.code for a in answers) == [0, 0, 200, 200]
    assert at_once(net.client, net.SERVER4, net.client4(2))
    assert at_once(net.client, net.SERVER6, net.client6(1))


def test_a_sliding_window_forgets_each_request_when_it_is_older_than_the_timeout(
        net, nginx, weir):
    weir(config(request=limit(4, 4, "2s", "sliding")))

    def visit(number):
        where = net.client, url(net.SERVER4), net.client4(number)
        codes, started = [], time.monotonic()
        codes += [a.code for a in one_after_another(*where, 2, 0.02)]
        begun = time.monotonic()
        time.sleep(max(0, 1 - (begun - started)))
        middle = time.monotonic()
        codes += [a.code for a in one_after_another(*where, 2, 0.02)]
        # From when the two of the start are too old to count, and the two of the middle are not;
        # a burst window would have counted all four and turned these away.
        time.sleep(max(0, begun + 2.1 - time.monotonic()))
        codes += [a.code for a in one_after_another(*where, 2, 0.02, 0.7)]
        fifth = curl(*where, patience=0.7).code
        if time.monotonic() > middle + 2.6 or begun > started + 0.5:
            raise TooSlow(f"the windows are over before the requests: {codes}, {fifth}")
        assert codes == [200] * 6 and fifth == 0

    patiently(visit)


def test_ports_that_no_service_names_are_never_touched(net, nginx, weir):
    agent = weir(config(syn=limit(1, 1), request=limit(1, 1), ports="[8080]"))
    assert all(at_once(net.client, net.SERVER4, net.client4(1)) for _ in range(20))
    assert not any(agent.stats()["events"].values())
