"""`weight = jruby`: HAProxy's weight follows what Puppet Server says of its
JRubies, and what happens where it says nothing, or is too slow to.
"""

import itertools
import re

import pytest

import endless
import jruby
import peer as peers
from balanced import DOWN, EMPTY, UP
from canaries import WHY
from follower import asked
from haproxy import server_line
from usherd import ME, check, ini
from waiting import wait_until

MIN = 10
FULL = jruby.figures(4, borrowed=4)
AT_HALF = "up ready 50% # load"
AT_FLOOR = "up ready 10% # "
WAITED = "a request has waited for over 10s"
SENT_AWAY = "requests sent away, the queue is full"
OVERSIZE = "too many requests wait to be counted"
LOCKED = "JRuby pool locked: a stop or a flush"


@pytest.fixture
def start(peer, start_usherd, start_haproxy, config_for):
    """An usherd that has seen these figures, and the HAProxy that polls it.

    The first figures count as they are; later ones are smoothed.
    """
    def start_with(metrics, behaviour=peers.running, **options):
        peer.metrics = metrics
        peer.behaviour = behaviour
        usherd = start_usherd(config_for(peer, **{
            "weight": "jruby", "min_weight": MIN, "fast_interval": "50ms",
            **options}))
        haproxy = start_haproxy(
            server_line("puppet1", peer.address, usherd.agent_port))
        usherd.wait_fact("verdict", **{"is": "up"})
        return usherd, haproxy
    return start_with


def weight_of(reply):
    return int(re.search(r"(\d+)%", reply)[1])


def up(weight):
    return {**UP, "weight": weight}


# --- demand -----------------------------------------------------------------

@pytest.mark.parametrize("borrowed, waiting, weight", [
    (0, 0, 100), (2, 0, 75), (4, 0, 50), (4, 4, 25), (4, 400, MIN)])
def test_demand(start, borrowed, waiting, weight):
    usherd, haproxy = start(jruby.figures(4, borrowed, waiting))
    told = "up ready %d%%%s" % (weight, " # load" if weight < 100 else "")
    usherd.wait_reply(told)
    haproxy.wait_is("puppet1", **up(weight), last_agt="via agent : up" + (
        " (load)" if weight < 100 else ""))
    assert usherd.status()["weight"] == weight
    assert ("the lowest of: weight order 100%%, load %d%%" % weight
            in usherd.order("explain"))


def test_glides(start, peer):
    """In steps of 5, and does not jump; nor does it fill the log."""
    usherd, haproxy = start(jruby.figures(4))
    usherd.wait_reply("up ready 100%")
    lines = usherd.mark()
    peer.metrics = jruby.figures(4, borrowed=4, waiting=12)
    seen = [100]

    def follow():
        weight = weight_of(usherd.reply())
        if weight != seen[-1]:
            seen.append(weight)
        return weight <= 80

    wait_until(follow, lambda: "%s" % seen)
    assert seen == sorted(seen, reverse=True) and len(seen) >= 4, seen
    assert all(weight % 5 == 0 for weight in seen), seen
    haproxy.wait("puppet1", lambda state: state["weight"] <= 80)
    assert usherd.lines[lines:] == []


def test_never_below_min_weight(start, peer):
    usherd, haproxy = start(jruby.figures(4, 4, 400), min_weight=30)
    usherd.wait_reply("up ready 30% # load")
    peer.metrics = jruby.figures(4, 4, 4, waited_ms=10001)
    usherd.wait_reply("up ready 30% # " + WAITED)
    haproxy.wait_is("puppet1", **up(30))


def test_orders_and_load_meet_in_the_lowest(start):
    usherd, haproxy = start(FULL)
    usherd.wait_reply(AT_HALF)
    usherd.order("weight", "80%")
    assert usherd.reply() == AT_HALF
    assert "50%, the lowest of: weight order 80%, load 50%" in usherd.order(
        "explain")
    usherd.order("canary", "20%", "60%", "-m", WHY)
    assert usherd.reply() == "up ready 20%% # canary by %s: %s" % (ME, WHY)
    haproxy.wait_is("puppet1", **up(20))
    usherd.order("canary", "--next")
    assert usherd.reply() == AT_HALF
    haproxy.wait_is("puppet1", **up(50))
    usherd.order("auto", "--weight")
    usherd.order("drain")
    assert usherd.reply() == "up drain 50% # drain by " + ME


def test_ready_never(start):
    usherd, haproxy = start(FULL, usher_ready="never")
    usherd.wait_reply("up 50% # load")
    haproxy.wait_is("puppet1", **up(50))
    usherd.order("drain")
    assert usherd.reply() == "up 0% # drain by " + ME
    haproxy.wait_is("puppet1", **EMPTY)


def test_a_restart_of_usherd(start):
    """Its first figures count at once."""
    usherd, _ = start(FULL)
    usherd.wait_reply(AT_HALF)
    usherd.kill()
    usherd.start()
    usherd.wait_fact("verdict", **{"is": "up"})
    assert usherd.reply() == AT_HALF


def test_fixed_asks_for_nothing(start, peer):
    usherd, haproxy = start(FULL, weight="fixed")
    peer.wait_more(10)
    assert asked(peer) == 0 and peer.requests
    assert usherd.reply() == "up ready 100%"
    haproxy.wait_is("puppet1", **up(100))


def test_reload_changes_the_mode(start, peer, config_for):
    usherd, _ = start(FULL)
    usherd.wait_reply(AT_HALF)
    usherd.configure(config_for(peer, weight="fixed"))
    usherd.order("reload")
    assert usherd.reply() == "up ready 100%"


# --- the floor --------------------------------------------------------------

@pytest.mark.parametrize("metrics, why", [
    (jruby.figures(4, 4, 1, waited_ms=10001), WAITED),
    (jruby.figures(4, 4, 7000), OVERSIZE),
    (jruby.figures(4, 0, 1, waited_ms=1001), LOCKED),
], ids=["waiter", "oversize", "locked"])
def test_floor_and_back(start, peer, metrics, why):
    """At once down; up again in steps."""
    usherd, haproxy = start(jruby.figures(4))
    usherd.wait_reply("up ready 100%")
    peer.metrics = metrics
    usherd.wait_reply(AT_FLOOR + why)
    haproxy.wait_is("puppet1", **up(MIN), last_agt="via agent : up (%s)" % why)
    assert "    10%%: %s\n" % why in usherd.order("explain")
    peer.metrics = jruby.figures(4)
    usherd.wait_reply("up ready (15|20|25)% # load")


def test_oversize_is_over_one_mib():
    """What the test above sends, and that it is not far over."""
    body = jruby.figures(4, 4, 7000)("jruby-metrics" + jruby.DEBUG)[2]
    assert peers.MIB < len(body) < 1.5 * peers.MIB


def test_a_waiter_of_ten_seconds_is_none(start, peer):
    usherd, _ = start(jruby.figures(4, 4, 4, waited_ms=10000))
    peer.wait_more(5)
    assert usherd.reply() == "up ready 25% # load"


def test_requests_sent_away(start, peer):
    """Since the last look only."""
    usherd, haproxy = start(jruby.figures(4, limit_hits=7))
    peer.wait_more(5)
    assert usherd.reply() == "up ready 100%"
    hits = itertools.count(8)
    peer.metrics = lambda name: jruby.figures(4, limit_hits=next(hits))(name)
    usherd.wait_reply(AT_FLOOR + SENT_AWAY)
    haproxy.wait_is("puppet1", **up(MIN))
    peer.metrics = jruby.figures(4, limit_hits=next(hits))
    usherd.wait_reply("up ready (15|20|25)% # load")


def test_a_locked_pool_is_seen_twice(start, peer):
    usherd, _ = start(jruby.figures(4))
    usherd.wait_reply("up ready 100%")
    locked = jruby.figures(4, 0, 1, waited_ms=1001)
    with jruby.Stepwise(locked) as figures:
        peer.metrics = figures
        figures.step()
        assert usherd.reply() == "up ready 100%"
        figures.metrics = jruby.figures(4)
        figures.step()
        figures.metrics = locked
        figures.step()
        assert usherd.reply() == "up ready 100%"
        figures.step()
        assert usherd.reply() == AT_FLOOR + LOCKED


@pytest.mark.parametrize("lock", [":acquired", ":requested"])
def test_a_deployment_locks_all_pools(start, peer, lock):
    """So that is no reason: the farm would empty."""
    usherd, _ = start(jruby.figures(4, 0, 2, waited_ms=5000, lock=lock))
    peer.wait_more(10)
    assert usherd.reply() == "up ready 75% # load"


# --- no figures -------------------------------------------------------------

def answering(body, status="200 OK"):
    return lambda name: (status, jruby.JSON, body)


def cut(conn):
    """The figures break off in the middle."""
    conn.tls()
    conn.request()
    conn.send(peers.chunked("200 OK", b"running"))
    conn.request()
    status, kind, body = FULL("jruby-metrics" + jruby.DEBUG)
    whole = peers.until_close(status, body, kind)
    conn.send(whole[:len(whole) // 2])
    conn.leave()


def reset(conn):
    conn.tls()
    conn.request()
    conn.send(peers.chunked("200 OK", b"running"))
    conn.request()
    conn.reset()


MISSING = {
    "404": jruby.missing,
    "403": jruby.forbidden,
    "500": answering(b"", "500 Server Error"),
    "garbage": answering(b"\0\xff{not json"),
    "other": answering(b'{"status": {}}'),
    "deep": answering(b"[" * 100000 + b"]" * 100000),
    "no-jrubies": jruby.figures(0),
}
DETAILS = {
    "404": "HTTP status 404", "403": "HTTP status 403",
    "500": "HTTP status 500", "no-jrubies": "",
}


def gone(usherd, haproxy, peer):
    """Out of three probes nothing follows; then 100%, said once."""
    usherd.wait_reply("up ready 100%")
    haproxy.wait_is("puppet1", **up(100))
    peer.wait_more(3)
    usherd.wait_fact("weight", level="warn")
    fact, = usherd.facts("weight", level="warn")
    assert fact.get("text") == "no figures of its JRubies, so no opinion: 100%"
    assert not usherd.facts("verdict", **{"is": "fail"})
    assert usherd.status()["verdict"] == "up"
    return fact.get("detail")


@pytest.mark.parametrize("case", MISSING)
def test_missing(start, peer, case):
    usherd, haproxy = start(FULL)
    usherd.wait_reply(AT_HALF)
    haproxy.wait_is("puppet1", **up(50))
    with jruby.Stepwise(MISSING[case]) as figures:
        peer.metrics = figures
        figures.step(3)
        assert usherd.reply() == AT_HALF
        assert not usherd.facts("weight")
        figures.step()
        assert usherd.reply() == "up ready 100%"
        usherd.wait_fact("weight", level="warn")
    assert gone(usherd, haproxy, peer) == DETAILS.get(
        case, "the answer is not what Puppet Server writes")
    peer.metrics = FULL
    usherd.wait_fact("weight", text="figures again", level="info")
    usherd.wait_reply(AT_HALF)
    haproxy.wait_is("puppet1", **up(50))


@pytest.mark.parametrize("behaviour", [cut, reset])
def test_broken_off(start, peer, behaviour):
    usherd, haproxy = start(FULL)
    usherd.wait_reply(AT_HALF)
    peer.behaviour = behaviour
    assert gone(usherd, haproxy, peer) != ""
    peer.behaviour = peers.running
    usherd.wait_reply(AT_HALF)


def test_late(start, peer):
    """The first answer came: the server is not busy."""
    usherd, haproxy = start(FULL, timeout="1s")
    usherd.wait_reply(AT_HALF)
    peer.metrics = jruby.silent
    assert gone(usherd, haproxy, peer).startswith("no answer for ")


def test_without_any_from_the_start(start, peer):
    """A word in the log, and never less than 100%."""
    usherd, haproxy = start(jruby.missing)
    gone(usherd, haproxy, peer)


# --- overload is not death --------------------------------------------------

@pytest.mark.parametrize("mode, weight", [("jruby", MIN), ("fixed", 100)])
def test_busy(start, peer, mode, weight):
    """To the floor; and after busy-limit it is dead all the same."""
    usherd, haproxy = start(FULL, weight=mode, timeout="1s",
                            busy_limit="3s")
    usherd.wait_reply(AT_HALF if mode == "jruby" else "up ready 100%")
    peer.behaviour = endless.silent_after_tls
    usherd.wait_reply("up ready %d%% # busy" % weight)
    haproxy.wait_is("puppet1", **up(weight), last_agt="via agent : up (busy)")
    haproxy.wait_is("puppet1", **DOWN)


def test_busy_and_back(start, peer):
    """From the floor it climbs."""
    usherd, haproxy = start(jruby.figures(4), timeout="1s",
                            busy_limit="1h")
    usherd.wait_reply("up ready 100%")
    peer.behaviour = endless.silent_after_tls
    usherd.wait_reply(AT_FLOOR + "busy")
    peer.behaviour = peers.running
    usherd.wait_reply("up ready (10|15|20|25)% # load")
    haproxy.wait("puppet1", lambda state: 10 < state["weight"] < 50)


# --- the configuration ------------------------------------------------------

@pytest.mark.parametrize("options, sentence", [
    ({"weight": "jruby", "check": "legacy"}, "weight = jruby needs check = "
     "simple"),
    ({"weight": "puppet"}, "one of: fixed jruby"),
    ({"min_weight": "0"}, "from 1 to 100"),
    ({"min_weight": "101"}, "from 1 to 100"),
    ({"min_weight": "10%"}, "from 1 to 100"),
    ({"ramp": "2h"}, "from 0s to 1h"),
    ({"ramp": "60"}, "from 0s to 1h"),
], ids=str)
def test_configuration_errors(peer, config_for, tmp_path, options, sentence):
    path = tmp_path / "usher.conf"
    path.write_text(ini(config_for(peer, **options)))
    status, errors = check(path)
    assert status == 1 and errors.count("\n") == 1, errors
    assert sentence in errors, errors
