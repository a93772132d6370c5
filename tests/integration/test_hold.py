"""`hold`, the drain around a restart, and `release`, which hands the server
back to HAProxy before usher is removed.
"""

import contextlib
import datetime
import json

import pytest

import endless
import peer as peers
from balanced import DRAIN, ONE, UP
from follower import following
from haproxy import server_line
from usherd import ME, refused
from waiting import wait_until

HELD = "up drain 100% # hold by " + ME
RELEASED = "up ready 100% # release by " + ME
GONE = "the server has gone"
LONG = 90  # s: HAProxy is told `ready` for 30 s before a port closes


def wait_gone(usherd):
    wait_until(lambda: GONE in usherd.order("status"), usherd.log)


def wait_over(usherd):
    """The hold has ended by itself, and the log says why."""
    usherd.wait_fact("order", by="usherd (the server is back)")
    assert usherd.status()["hold"] is None


def refuse(peer):
    peer.refuse()


def start_anew(peer):
    """Too quick for a refused probe, but it says `starting`."""
    peer.behaviour = peers.starting


def come_back(peer):
    peer.behaviour = peers.running
    if peer.listener is None:
        peer.listen()


# --- hold -------------------------------------------------------------------

def test_hold_over_a_restart(site, peer):
    haproxy = site.haproxy()
    assert site.usherd.order("hold", "-m", "upgrade") == (
        "puppet1: %s: upgrade\n" % HELD)
    haproxy.wait_is("puppet1", **DRAIN)
    site.stays(haproxy, **DRAIN)
    peer.refuse()
    haproxy.wait_is("puppet1", status="DOWN (agent)", adm=8)
    wait_gone(site.usherd)
    peer.listen()
    haproxy.wait_is("puppet1", **UP)
    wait_over(site.usherd)


def test_hook(site, peer):
    """What a restart hook does: wait, restart, wait."""
    haproxy = site.haproxy()
    with following(site.usherd, "hold", "--wait") as waiter:
        assert waiter.finish().code == 0, waiter
    haproxy.wait_is("puppet1", **DRAIN)
    peer.refuse()
    wait_gone(site.usherd)
    with following(site.usherd, "wait", "serving") as waiter:
        waiter.wait_line("puppet1: measured: ")
        peer.listen()
        assert waiter.finish().code == 0, waiter
    haproxy.wait_is("puppet1", **UP)


@pytest.mark.parametrize("leave", [refuse, start_anew])
def test_what_is_a_leave(usherd, peer, leave):
    usherd.order("hold")
    leave(peer)
    wait_gone(usherd)
    come_back(peer)
    wait_over(usherd)
    usherd.wait_reply("up ready 100%")


def test_a_server_that_never_left(usherd, peer):
    usherd.order("hold")
    peer.wait_more(20)
    assert usherd.reply() == HELD


def test_too_slow_is_no_leave(peer, start_usherd, config_for):
    usherd = start_usherd(config_for(peer, timeout="1s"))
    usherd.wait_reply("up ready 100%")
    usherd.order("hold")
    peer.behaviour = endless.silent_after_tls
    usherd.wait_fact("probe", word="busy")
    peer.behaviour = peers.running
    usherd.wait_fact("probe", word="ok")
    peer.wait_more(20)
    assert usherd.reply() == HELD


def test_rise_counts(peer, start_usherd, config_for):
    usherd = start_usherd(config_for(peer, rise=10))
    usherd.wait_reply("up ready 100%")
    usherd.order("hold")
    peer.refuse()
    wait_gone(usherd)
    before = peer.counts["connections"]
    peer.listen()
    wait_over(usherd)
    assert peer.counts["connections"] >= before + 10


def test_a_quick_restart(peer, start_usherd, config_for):
    """It is probed faster from the moment when the hold is given."""
    usherd = start_usherd(config_for(peer, interval="1h"))
    usherd.wait_reply("up ready 100%")
    usherd.order("hold")
    peer.wait_more(3)
    peer.refuse()
    wait_gone(usherd)
    peer.listen()
    wait_over(usherd)


def test_hold_runs_out(site):
    haproxy = site.haproxy()
    site.usherd.order("hold", "--for", "6s")
    haproxy.wait_is("puppet1", **DRAIN)
    haproxy.wait_is("puppet1", **UP)
    site.usherd.wait_fact("order", by="usherd (it has run out)")


def test_hold_ends_after_15_minutes(usherd):
    usherd.order("hold")
    since, until = (datetime.datetime.fromisoformat(
        usherd.status()["hold"][key].rstrip("Z")) for key in ("since",
                                                              "until"))
    assert until - since == datetime.timedelta(minutes=15)
    assert usherd.status()["hold"]["order"] == "hold"
    assert not usherd.status()["in_service"]


def on_disk(usherd, slot="hold"):
    """What the next start will find of the only server; None: no order."""
    server, = json.loads(
        (usherd.state / "state.json").read_text())["servers"].values()
    return server.get(slot)


@pytest.mark.parametrize("back", ["before", "after"])
def test_killed_between_leave_and_return(site, peer, back):
    """The server is back before usherd is, or after it."""
    haproxy = site.haproxy()
    site.usherd.order("hold")
    haproxy.wait_is("puppet1", **DRAIN)
    peer.refuse()
    wait_until(lambda: on_disk(site.usherd)["left"],
               lambda: "%s" % on_disk(site.usherd))
    site.usherd.kill()
    if back == "before":
        peer.listen()
    site.usherd.start()
    if back == "after":
        site.usherd.wait_fact("probe", word="refused")
        wait_gone(site.usherd)
        peer.listen()
    haproxy.wait_is("puppet1", **UP)
    wait_over(site.usherd)


def test_killed_before_the_leave(site, peer):
    """Being back after its own restart is no return of the server."""
    haproxy = site.haproxy()
    site.usherd.order("hold")
    haproxy.wait_is("puppet1", **DRAIN)
    site.restart()
    peer.wait_more(10)
    site.stays(haproxy, **DRAIN)
    assert site.usherd.status()["hold"]["order"] == "hold"


def test_a_drain_outlives_the_hold(site, peer):
    """Whichever came first."""
    haproxy = site.haproxy()
    site.usherd.order("drain", "-m", "mine")
    site.usherd.order("hold")
    peer.refuse()
    wait_gone(site.usherd)
    peer.listen()
    wait_over(site.usherd)
    assert site.usherd.status()["state"]["reason"] == "mine"
    haproxy.wait_is("puppet1", **DRAIN)
    site.stays(haproxy, **DRAIN)


def test_auto_leaves_the_hold(site):
    haproxy = site.haproxy()
    site.usherd.order("hold")
    site.usherd.order("drain")
    assert site.usherd.order("auto") == "puppet1: %s\n" % HELD
    haproxy.wait_is("puppet1", **DRAIN)
    site.usherd.order("drain", "-m", "mine")
    site.usherd.order("auto", "--hold")
    assert site.usherd.status()["hold"] is None
    assert site.usherd.status()["state"]["reason"] == "mine"
    site.usherd.order("auto")
    haproxy.wait_is("puppet1", **UP)


def test_the_last_one_is_not_held(start_peer, start_usherd, config_for):
    usherd = start_usherd(config_for(start_peer(), start_peer()))
    for name in (b"puppet1\n", b"puppet2\n"):
        usherd.wait_reply("up ready 100%", name)
    refused(usherd.ctl("hold", "--all"), "no server would be left in service")
    usherd.order("hold", "puppet1")
    refused(usherd.ctl("hold", "puppet2"), "no server would be left")
    assert usherd.reply(b"puppet2\n") == "up ready 100%"
    usherd.order("hold", "puppet2", "--force")
    assert usherd.reply(b"puppet2\n") == HELD


# --- release ----------------------------------------------------------------

def closed(usherd, port):
    with contextlib.suppress(ConnectionRefusedError):
        usherd.poll(port=port)
        return False
    return True


def drained(usherd, peer):
    del peer
    usherd.order("drain")


def dead(usherd, peer):
    peer.refuse()
    usherd.wait_reply("fail ready .*")


def weighted(usherd, peer):
    del peer
    usherd.order("weight", "10%")


def held(usherd, peer):
    del peer
    usherd.order("hold")


@pytest.mark.parametrize("before", [drained, dead, weighted, held])
def test_release_says_up(usherd, peer, before):
    before(usherd, peer)
    assert usherd.order("release", "-m", "removed") == (
        "puppet1: %s: removed\n" % RELEASED)
    assert usherd.reply() == RELEASED + ": removed"


@pytest.fixture
def alone(peer, start_usherd, config_for):
    """An usherd that nobody has polled."""
    usherd = start_usherd(config_for(peer))
    usherd.wait_fact("verdict", **{"is": "up"})
    return usherd


@pytest.mark.parametrize("ready, usual", [
    ("auto", RELEASED), ("never", RELEASED.replace(" ready", ""))])
def test_release_of_a_drained_server(start_site, ready, usual):
    """Whatever the policy; HAProxy is left in service, the port closed."""
    site = start_site(ready)
    haproxy = site.haproxy()
    port = site.usherd.agent_port
    site.usherd.order("drain")
    site.usherd.wait_poller(ONE, lambda p: p["told"] in ("drain", "out"))
    with following(site.usherd, "release", "--wait") as waiter:
        waiter.wait_line("puppet1: " + usual)
        waiter.wait_line("puppet1: telling 1 HAProxy for 30s")
        haproxy.wait_is("puppet1", **UP)
        assert not closed(site.usherd, port)
        assert waiter.finish(LONG).code == 0, waiter
    wait_until(lambda: closed(site.usherd, port), site.usherd.log)
    haproxy.wait_is("puppet1", agent="L4CON", **UP)
    site.usherd.order("auto")
    site.usherd.wait_fact("listening", text="open again")
    site.usherd.wait_polled(ONE)
    haproxy.wait_is("puppet1", agent="L7OK", **UP)
    assert site.usherd.status()["state"] is None


def test_release_to_nobody(alone):
    port = alone.agent_port
    with following(alone, "release", "--wait") as waiter:
        waiter.wait_line("warning: no HAProxy polls, so nobody can be told")
        assert waiter.finish(LONG).code == 0, waiter
    wait_until(lambda: closed(alone, port), alone.log)


def test_release_interrupted(alone):
    with following(alone, "release", "--wait") as waiter:
        waiter.wait_line("puppet1: warning")
        waiter.interrupt()
        assert waiter.finish().code == 130
    assert alone.reply() == RELEASED


def test_release_timeout(alone):
    said = alone.ctl("release", "--wait", "--timeout", "1s")
    assert said.code == 6 and "puppet1: timed out after 1s" in said.err, said
    assert alone.reply() == RELEASED


def test_release_and_auto(alone):
    """Before the time is over."""
    with following(alone, "release", "--wait") as waiter:
        waiter.wait_line("puppet1: warning")
        alone.order("auto")
        said = waiter.finish()
    assert said.code == 1 and said.err.startswith("usherctl: puppet1: "), said
    assert alone.reply() == "up ready 100%"


def test_a_shared_port(start_peer, start_usherd, start_haproxy, config_for):
    """Closes with the last of its servers; a server's own port with that."""
    started = [start_peer() for _ in range(3)]
    config = config_for(*started, usher_ready="auto")
    config["server puppet3"]["agent-listen"] = "127.0.0.1:0"
    usherd = start_usherd(config)
    usherd.agent_ports(2)
    ports = {f.get("server"): int(f.get("agent").rsplit(":", 1)[1])
             for f in usherd.facts("listening")}
    shared, own = ports["*"], ports["puppet3"]
    haproxy = start_haproxy(
        server_line("puppet1", started[0].address, shared,
                    "agent-send puppet1\\n source", ONE),
        server_line("puppet2", started[1].address, shared,
                    "agent-send puppet2\\n source", ONE),
        # One without agent-send beside others with it: HAProxy hears nothing.
        server_line("puppet3", started[2].address, own,
                    "agent-send puppet3\\n source", ONE))
    names = ["puppet1", "puppet2", "puppet3"]
    for name in names:
        usherd.wait_polled(ONE, name)
    usherd.order("release", "puppet1")
    with following(usherd, "release", "puppet3", "--wait") as waiter:
        assert waiter.finish(LONG).code == 0, waiter
    wait_until(lambda: closed(usherd, own), usherd.log)
    usherd.wait_poller(ONE, lambda p: not p["ready_owed"], "puppet1")
    with following(usherd, "release", "--all", "--wait") as waiter:
        assert not closed(usherd, shared)
        assert waiter.finish(LONG).code == 0, waiter
    wait_until(lambda: closed(usherd, shared), usherd.log)
    for name in names:
        haproxy.wait_is(name, agent="L4CON", **UP)


@pytest.mark.parametrize("end", ["end", "kill"])
def test_release_is_not_on_disk(usherd, end):
    usherd.order("drain")
    usherd.order("weight", "10%")
    usherd.order("release")
    assert usherd.status()["state"]["durable"] is False
    wait_until(lambda: on_disk(usherd, "state") is None, usherd.log)
    getattr(usherd, end)()
    usherd.start()
    usherd.wait_fact("verdict", **{"is": "up"})
    assert usherd.status()["state"] is None
    assert usherd.status()["ceiling"]["percent"] == 10
    assert usherd.reply().startswith("up ready 10%")


def test_release_takes_no_end(usherd):
    refused(usherd.ctl("release", "--for", "1h"), "does not take --for", 2)
