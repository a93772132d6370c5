"""`--wait`, and `wait` alone: back only when it is true."""

import json
import re

import pytest

import jruby
from balanced import DRAIN, ONE, TWO, UP
from follower import (BUSY, DELIVERED, DRAINED, IDLE, NOBODY, NOT_BUSY, STANDS,
                      following, lost, settled, timed_out, wait_asked)
from haproxy import server_line
from usherd import refused
from waiting import wait_until

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")


@pytest.fixture
def alone(peer, start_usherd, config_for):
    """An usherd that nobody polls."""
    usherd = start_usherd(config_for(peer))
    usherd.wait_fact("verdict", **{"is": "up"})
    return usherd


@pytest.fixture
def two(start_peer, start_usherd, start_haproxy, config_for):
    """Two servers, and an HAProxy that polls both."""
    peers = [start_peer(), start_peer()]
    usherd = start_usherd(config_for(*peers))
    haproxy = start_haproxy(*(
        server_line("puppet%d" % n, peer.address, usherd.agent_port,
                    "agent-send puppet%d\\n source" % n, ONE)
        for n, peer in enumerate(peers, 1)))
    for name in ("puppet1", "puppet2"):
        usherd.wait_polled(ONE, name)
    return usherd, haproxy, peers


# --- a drain that takes its time --------------------------------------------

def test_drain(site, peer):
    """Told, settled, idle; and it says so as it comes."""
    haproxy = site.haproxy()
    peer.metrics = BUSY
    with following(site.usherd, "drain", "--wait") as waiter:
        waiter.wait_line(DELIVERED)
        waiter.wait_line("puppet1: 2 requests running, 1 waiting")
        haproxy.wait_is("puppet1", **DRAIN)
        wait_asked(peer)
        assert waiter.waits()
        peer.metrics = jruby.figures(2, borrowed=1)
        waiter.wait_line("puppet1: 1 request running, 0 waiting")
        peer.metrics = IDLE
        waiter.wait_line(NOT_BUSY)
        lines = settled(waiter.finish())
    assert (lines[0], lines[-1]) == (DRAINED, NOT_BUSY)
    assert len(lines) == 5, lines
    assert haproxy.state("puppet1")["adm"] == DRAIN["adm"]
    assert site.usherd.status()["state"]["order"] == "drain"


@pytest.mark.parametrize("order", ["maint", "down"])
def test_other_orders(site, peer, order):
    site.haproxy()
    peer.metrics = jruby.figures(2, waiting=1)
    with following(site.usherd, order, "--wait") as waiter:
        waiter.wait_line("puppet1: 0 requests running, 1 waiting")
        peer.metrics = IDLE
        lines = settled(waiter.finish())
    assert DELIVERED in lines and NOT_BUSY in lines


def test_not_before_haproxy_was_told(site):
    haproxy = site.haproxy("agent-inter 2s")
    haproxy.pause()
    said = site.usherd.ctl("drain", "--wait", "--timeout", "1s")
    timed_out(said, "0 of 1 HAProxies told, not " + ONE, 1)
    assert DELIVERED not in said.out
    haproxy.resume()
    haproxy.wait_is("puppet1", **DRAIN)


def test_a_haproxy_that_polls_no_more(site):
    """It may not be waited for without end, and is named."""
    one, two = site.haproxy(), site.haproxy(source=TWO)
    one.pause()
    with following(site.usherd, "drain", "--wait") as waiter:
        line = waiter.wait_line("delivered")
        assert line == DELIVERED + (
            "; warning: %s polls no more and has not been told" % ONE)
        two.wait_is("puppet1", **DRAIN)
        settled(waiter.finish())


def test_two_haproxys(site):
    """The last one to poll is waited for."""
    site.haproxy()
    slow = site.haproxy("agent-inter 1s", source=TWO)
    with following(site.usherd, "drain", "--wait") as waiter:
        waiter.wait_line("puppet1: delivered to 2 HAProxies")
        assert site.usherd.pollers()[TWO]["told"] == "drain"
        slow.wait_is("puppet1", **DRAIN)


def test_a_dead_server_is_idle(site, peer):
    site.haproxy()
    peer.metrics = BUSY
    with following(site.usherd, "drain", "--wait") as waiter:
        waiter.wait_line("puppet1: 2 requests running, 1 waiting")
        peer.refuse()
        lines = settled(waiter.finish())
    assert lines[-1] == "puppet1: nothing listens there"


def test_nobody_polls(alone):
    lines = settled(alone.ctl("drain", "--wait"))
    assert lines[0] == DRAINED and NOBODY in lines


# --- how it ends otherwise --------------------------------------------------

def test_timeout(site, peer):
    haproxy = site.haproxy()
    peer.metrics = BUSY
    said = site.usherd.ctl("drain", "--wait", "--timeout", "6s")
    timed_out(said, "2 requests running, 1 waiting", 6)
    haproxy.wait_is("puppet1", **DRAIN)
    site.stays(haproxy, **DRAIN)
    assert site.usherd.status()["state"]["order"] == "drain"


def test_timeout_before_it_has_settled(alone):
    timed_out(alone.ctl("drain", "--wait", "--timeout", "2s"),
              "it has not settled yet")


def test_another_ends_the_order(site, peer):
    haproxy = site.haproxy()
    peer.metrics = BUSY
    with following(site.usherd, "drain", "--wait") as waiter:
        waiter.wait_line(DELIVERED)
        site.usherd.order("auto")
        lost(waiter.finish())
    haproxy.wait_is("puppet1", **UP)


def test_the_order_runs_out(site, peer):
    haproxy = site.haproxy()
    peer.metrics = BUSY
    with following(site.usherd, "drain", "--wait", "--for", "6s") as waiter:
        lost(waiter.finish())
    haproxy.wait_is("puppet1", **UP)


def test_another_order_that_keeps_it_out(site, peer):
    """Is as good as the first one."""
    site.haproxy()
    peer.metrics = BUSY
    with following(site.usherd, "drain", "--wait") as waiter:
        waiter.wait_line(DELIVERED)
        site.usherd.order("maint")
        peer.metrics = IDLE
        settled(waiter.finish())


def test_a_reload_takes_the_server_away(site, peer, config_for):
    site.haproxy()
    peer.metrics = BUSY
    config = config_for(peer, usher_agent_listen="127.0.0.1:%d"
                        % site.usherd.agent_port)
    config["server other"] = config.pop("server puppet1")
    with following(site.usherd, "drain", "--wait") as waiter:
        waiter.wait_line(DELIVERED)
        site.usherd.configure(config)
        site.usherd.order("reload")
        lost(waiter.finish(), "it is no longer in the configuration")


@pytest.mark.parametrize("words, stays", [
    (["drain", "--wait"], "the order stays in force, `usherctl auto` ends"),
    (["hold", "--wait"], "the hold stays in force, `usherctl auto --hold` e"),
    (["wait", "serving"], "nothing has changed")], ids=lambda v: v[0])
def test_interrupted(site, peer, words, stays):
    site.haproxy()
    peer.metrics = BUSY
    if words[0] == "wait":
        site.usherd.order("drain")
    with following(site.usherd, *words) as waiter:
        waiter.wait_line("puppet1: ")
        waiter.interrupt()
        said = waiter.finish()
    assert said.code == 130
    assert said.err.startswith("\nusherctl: interrupted; " + stays), said
    site.usherd.wait_reply("up drain 100% # .*")


def test_who_leaves_leaves_nothing_behind(site, peer):
    site.haproxy()
    site.usherd.order("drain")
    peer.metrics = BUSY

    def idle_fds():
        """Without a poll or a probe under way."""
        return min(site.usherd.fds() for _ in range(200))

    before = idle_fds()
    for _ in range(20):
        with site.usherd.connect_control() as sock, sock.makefile() as lines:
            sock.sendall(b"wait idle\n")
            assert lines.readline() == "ok\n"
            assert lines.readline().startswith("puppet1: ")
    wait_until(lambda: idle_fds() <= before, lambda: "%d files, now %d" % (
        before, idle_fds()))
    assert site.usherd.ctl("status", "-q").code == 3


# --- wait alone -------------------------------------------------------------

def test_wait_idle(site):
    site.haproxy()
    said = site.usherd.ctl("wait", "idle")
    assert said.out == ""
    lost(said, "no order keeps it out of service: drain it first")
    site.usherd.order("drain")
    lines = settled(site.usherd.ctl("wait", "idle"))
    assert sorted(lines) == sorted([DELIVERED, NOT_BUSY])


def test_wait_serving_after_a_start(site, peer):
    haproxy = site.haproxy()
    peer.refuse()
    haproxy.wait_is("puppet1", status="DOWN (agent)")
    with following(site.usherd, "wait", "serving") as waiter:
        waiter.wait_line("puppet1: measured: fail")
        peer.listen()
        lines = settled(waiter.finish())
    assert lines[1:] == ["puppet1: measured: up", DELIVERED] or (
        lines[-1] == DELIVERED), lines
    haproxy.wait_is("puppet1", **UP)


def test_wait_serving_waits_for_the_end_of_an_order(site):
    haproxy = site.drained()
    said = site.usherd.ctl("wait", "serving", "--timeout", "2s")
    assert (said.code, said.err) == (
        6, "usherctl: puppet1: timed out after 2s: it is up, and an order "
        "keeps it out\n")
    assert said.out == "puppet1: measured: up, but an order keeps it out\n"
    with following(site.usherd, "wait", "serving") as waiter:
        waiter.wait_line("keeps it out")
        site.usherd.order("auto")
        settled(waiter.finish())
    haproxy.wait_is("puppet1", **UP)


def test_wait_serving_and_nobody_polls(alone):
    lines = settled(alone.ctl("wait", "serving"))
    assert lines == ["puppet1: measured: up", NOBODY] or (
        lines == [NOBODY]), lines


def test_several_servers(two):
    """Done when all are; the one that is not is named."""
    usherd, haproxy, peers = two
    peers[1].metrics = BUSY
    with following(usherd, "drain", "--all", "--force", "--wait") as waiter:
        for part in (NOT_BUSY, "puppet1: delivered", "puppet2: delivered",
                     "puppet2: 2 requests running, 1 waiting"):
            waiter.wait_line(part)
        wait_asked(peers[1])
        assert waiter.waits()
        peers[1].metrics = IDLE
        settled(waiter.finish())
    for name in ("puppet1", "puppet2"):
        haproxy.wait_is(name, **DRAIN)
    peers[1].metrics = BUSY
    said = usherd.ctl("wait", "idle", "--all", "--timeout", "7s")
    assert said.code == 6 and "puppet2: timed out after 7s: 2 requ" in said.err
    refused(usherd.ctl("wait", "idle"), "there are 2 servers", 1)
    settled(usherd.ctl("wait", "idle", "puppet1"))


def test_more_servers_than_are_looked_at_at_once(peer, start_usherd,
                                                 config_for):
    """Each is told of, and those that don't come are waited for."""
    names = ["puppet%d" % n for n in range(1, 121)]
    config = config_for(peer, interval="5s")
    for name in names:
        config["server " + name] = config["server puppet1"]
    usherd = start_usherd(config)
    with following(usherd, "wait", "serving", "--all") as waiter:
        said = waiter.finish(120)
    assert said.code == 0, said
    assert {line.partition(":")[0]
            for line in said.out.splitlines()} == set(names)
    del config["server puppet120"]
    usherd.configure(config)
    usherd.order("drain", "--all", "--force")
    with following(usherd, "wait", "idle", "--all") as waiter:
        waiter.wait_line("puppet120: ")
        usherd.sighup()
        last = waiter.finish()
    assert last.code == 1 and "puppet120: it is no longer in" in last.err


# --- what is said -----------------------------------------------------------

def test_as_with_socat(site, peer):
    site.haproxy()
    lines = site.usherd.say(b"drain --wait\n").decode().splitlines()
    assert lines[:2] == ["ok", DRAINED] and lines[-1] == "done"
    assert sorted(lines[2:-1]) == sorted([DELIVERED, NOT_BUSY])
    peer.metrics = BUSY
    said = site.usherd.say(b"wait idle --timeout 5s\n").decode()
    assert said.splitlines()[-1] == (
        "error 6 puppet1: timed out after 5s: 2 requests running, 1 waiting"
        + STANDS)


def test_json(site):
    """One object a line, then the word that a script waits for."""
    site.haproxy()
    first, told, *progress, last = site.usherd.say(
        b"drain --wait -j\n").decode().splitlines()
    assert (first, last) == ("ok", "done")
    assert json.loads(told) == {"version": 1, "servers": [
        {"name": "puppet1", "reply": DRAINED.partition(": ")[2]}]}
    progress = [json.loads(line) for line in progress]
    for line in progress:
        assert line.keys() == {"version", "time", "server", "text"}
        assert (line["version"], line["server"]) == (1, "puppet1")
        assert TIME.fullmatch(line["time"])
    assert {"puppet1: " + line["text"] for line in progress} == {
        DELIVERED, NOT_BUSY}
    for line in settled(site.usherd.ctl("wait", "idle", "-j")):
        assert json.loads(line)["version"] == 1


@pytest.mark.parametrize("words, sentence", [
    (["drain", "--timeout", "2s"], "go with --wait"),
    (["drain", "--settle", "2s"], "go with --wait"),
    (["drain", "--wait", "--timeout", "2"], "--timeout is a whole number"),
    (["auto", "--wait"], "does not take --wait"),
    (["wait"], "needs idle or serving"),
    (["wait", "nosuch"], "needs idle or serving"),
], ids="_".join)
def test_usage(alone, words, sentence):
    refused(alone.ctl(*words), sentence, 2)
    assert alone.reply() == "up ready 100%"
