"""`ramp`: a server that has come back gets its share back over time, and not
more than the share of its JRubies that exist.
"""

import json
import re

import pytest

import endless
import jruby
import peer as peers
from balanced import DOWN, DRAIN, UP
from haproxy import server_line
from usherd import ME
from waiting import wait_until

MIN = 10
RAMP = "ramp after coming back"
BUILT = "JRubies are still being built"
# One of four exists, and is lent.
COLD = jruby.figures(4, borrowed=1, free=0)


@pytest.fixture
def start(peer, port, start_usherd, start_haproxy, config_for):
    """A server in service, and the HAProxy that asks for it."""
    def start_with(ramp, **options):
        usherd = start_usherd(config_for(peer, **{
            "usher_agent_listen": "127.0.0.1:%d" % port.number,
            "ramp": ramp, "min_weight": MIN, "fast_interval": "50ms",
            **options}))
        haproxy = start_haproxy(
            server_line("puppet1", peer.address, port.number))
        usherd.wait_reply("up (ready )?100%")
        haproxy.wait_is("puppet1", **UP)
        return usherd, haproxy
    return start_with


def leave(usherd, peer):
    """Until it counts as dead."""
    peer.refuse()
    usherd.wait_reply("fail .*")


def come_back(usherd, peer, metrics=None):
    leave(usherd, peer)
    peer.metrics = metrics or jruby.figures(4)
    peer.listen()
    usherd.wait_fact("verdict", **{"is": "up", "was": "fail"})


def told(weight, why):
    return "up ready %d%% # %s" % (weight, why)


def limits(usherd):
    explained, = json.loads(usherd.order("explain", "-j"))["servers"]
    return {v["limit"]: v["percent"] for v in explained["limits"]}


def rising(usherd, most):
    """The weights that are told until it is `most`."""
    seen = []

    def follow():
        weight = int(re.search(r"(\d+)%", usherd.reply())[1])
        if seen[-1:] != [weight]:
            seen.append(weight)
        return weight == most

    wait_until(follow, lambda: "%s" % seen)
    assert seen == sorted(seen), seen
    return seen


# --- time -------------------------------------------------------------------

def test_begins_at_min_weight(start, peer):
    usherd, haproxy = start("1h")
    come_back(usherd, peer)
    assert usherd.reply() == told(MIN, RAMP)
    haproxy.wait_is("puppet1", **{**UP, "weight": MIN},
                    last_agt="via agent : up (%s)" % RAMP)
    assert limits(usherd) == {"order": 100, "load": 100, "ramp": MIN,
                              "JRubies": 100}
    assert usherd.status()["weight"] == MIN


def test_rises(start, peer):
    """Bit by bit, also in HAProxy; at 100% it is over."""
    usherd, haproxy = start("4s")
    come_back(usherd, peer)
    lines = usherd.mark()
    seen = rising(usherd, 100)
    assert MIN <= seen[0] < 100 and len(seen) >= 4, seen
    assert usherd.reply() == "up ready 100%"
    haproxy.wait_is("puppet1", last_agt="via agent : up", **UP)
    assert not any(" verdict " in line for line in usherd.lines[lines:])


@pytest.mark.parametrize("way", ["starting", "stopping"])
def test_what_is_a_return(start, peer, way):
    usherd, _ = start("1h")
    peer.behaviour = getattr(peers, way)
    usherd.wait_fact("probe", word=way)
    peer.behaviour = peers.running
    usherd.wait_reply(told(MIN, RAMP))


def test_gone_again_on_the_way(start, peer):
    """It begins anew."""
    usherd, haproxy = start("20s")
    come_back(usherd, peer)
    wait_until(lambda: limits(usherd)["ramp"] >= 40,
               lambda: "%s" % limits(usherd))
    leave(usherd, peer)
    haproxy.wait_is("puppet1", **DOWN)
    peer.listen()
    usherd.wait_reply("up ready .*")
    assert limits(usherd)["ramp"] < 40


def test_no_ramp(start, peer):
    usherd, haproxy = start("0s")
    come_back(usherd, peer, COLD)
    assert usherd.reply() == "up ready 100%"
    haproxy.wait_is("puppet1", **UP)


# --- what is no return ------------------------------------------------------

def test_a_restart_of_usherd(start, peer):
    usherd, haproxy = start("1h")
    usherd.kill()
    usherd.start()
    usherd.wait_fact("verdict", **{"is": "up"})
    peer.wait_more(5)
    assert usherd.reply() == "up ready 100%"
    haproxy.wait_is("puppet1", **UP)


def test_usherd_restarted_while_it_is_dead(start, peer):
    """Then it was seen to come back."""
    usherd, _ = start("1h")
    leave(usherd, peer)
    usherd.kill()
    usherd.start()
    usherd.wait_reply("fail ready .*")
    peer.listen()
    usherd.wait_reply(told(MIN, RAMP))


@pytest.mark.parametrize("order", ["drain", "maint", "down", "hold"])
def test_the_end_of_an_order(start, peer, order):
    usherd, haproxy = start("1h")
    usherd.order(order)
    peer.wait_more(5)
    usherd.order("auto", "--state")
    usherd.order("auto", "--hold")
    peer.wait_more(5)
    assert usherd.reply() == "up ready 100%"
    haproxy.wait_is("puppet1", **UP)


def test_busy_is_no_absence(start, peer):
    usherd, _ = start("1h", timeout="2s", busy_limit="1h")
    peer.behaviour = endless.silent_after_tls
    usherd.wait_reply("up ready 100% # busy")
    peer.behaviour = peers.running
    usherd.wait_reply("up ready 100%")


# --- kept out meanwhile -----------------------------------------------------

def test_back_while_drained(start, peer):
    """It begins to rise when it is let in."""
    usherd, haproxy = start("5s")
    usherd.order("drain")
    come_back(usherd, peer)
    peer.wait_more(60)  # which take longer than the ramp
    assert usherd.reply() == "up drain %d%% # drain by %s" % (MIN, ME)
    haproxy.wait_is("puppet1", **{**DRAIN, "weight": MIN})
    usherd.order("auto")
    assert rising(usherd, 100)[0] < 100
    haproxy.wait_is("puppet1", **UP)


def test_back_from_a_hold(start, peer):
    """The hold ends when it is back, and then the ramp begins."""
    usherd, haproxy = start("1h")
    usherd.order("hold")
    come_back(usherd, peer)
    usherd.wait_reply(told(MIN, RAMP))
    haproxy.wait_is("puppet1", **{**UP, "weight": MIN})


# --- its JRubies ------------------------------------------------------------

def test_jrubies_that_are_missing(start, peer):
    """They limit it when the time is over too; until all have been there."""
    usherd, haproxy = start("1s")
    come_back(usherd, peer, COLD)
    usherd.wait_reply(told(25, BUILT))
    haproxy.wait_is("puppet1", **{**UP, "weight": 25})
    wait_until(lambda: limits(usherd)["ramp"] == 100,
               lambda: "%s" % limits(usherd))
    peer.wait_more(10)
    assert usherd.reply() == told(25, BUILT)
    peer.metrics = jruby.figures(4, borrowed=2, free=1)
    usherd.wait_reply(told(75, BUILT))
    peer.metrics = jruby.figures(4)
    usherd.wait_reply("up ready 100%")
    haproxy.wait_is("puppet1", **UP)
    peer.metrics = COLD  # as in a flush, later
    peer.wait_more(10)
    assert usherd.reply() == "up ready 100%"


def test_not_below_min_weight(start, peer):
    usherd, _ = start("1s", min_weight=40)
    come_back(usherd, peer, COLD)
    usherd.wait_reply(told(40, BUILT))


def test_without_figures_time_alone(start, peer):
    usherd, _ = start("5s")
    come_back(usherd, peer, jruby.missing)
    assert rising(usherd, 100)[0] < 100


# --- the lowest -------------------------------------------------------------

def test_explain_names_each(start, peer):
    """Order, load, time and JRubies, each with its own limit."""
    usherd, haproxy = start("1h", weight="jruby")
    usherd.order("weight", "80%")
    come_back(usherd, peer, jruby.figures(4, borrowed=1, waiting=3, free=0))
    assert usherd.reply() == told(MIN, RAMP)
    assert ("weight: 10%, the lowest of: weight order 80%, load 50%, "
            "ramp 10%, JRubies 25%\n    10%: " + RAMP
            ) in usherd.order("explain")
    haproxy.wait_is("puppet1", **{**UP, "weight": MIN})
    usherd.order("weight", "5%")
    assert usherd.reply() == told(5, "weight by " + ME)
    assert limits(usherd) == {"order": 5, "load": 50, "ramp": MIN,
                              "JRubies": 25}


def test_canary_that_comes_back(start, peer):
    """Its step is not passed, and the ramp begins below it."""
    usherd, haproxy = start("10s")
    usherd.order("canary", "40%", "60%", "-m", "new site.pp")
    come_back(usherd, peer)
    seen = rising(usherd, 40)
    assert seen[0] < 40, seen
    peer.wait_more(20)
    assert usherd.reply() == told(40, "canary by %s: new site.pp" % ME)
    haproxy.wait_is("puppet1", **{**UP, "weight": 40})


def test_ready_never(start, peer):
    usherd, haproxy = start("1h", usher_ready="never")
    come_back(usherd, peer)
    assert usherd.reply() == "up %d%% # %s" % (MIN, RAMP)
    haproxy.wait_is("puppet1", **{**UP, "weight": MIN})
