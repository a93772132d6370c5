"""`--wait`: whether a Puppet Server is idle, by its own figures; and where it
gives none.
"""

import contextlib
import itertools
import socket

import pytest

import jruby
from follower import (BLIND, BUSY, DELIVERED, IDLE, NOBODY, NOT_BUSY, asked,
                      following, settled, timed_out, wait_asked)
from ports import HOST

# --- seen -------------------------------------------------------------------

def test_work_between_two_probes(site, peer):
    """Never seen, but counted."""
    site.haproxy()
    count = itertools.count(7)
    peer.metrics = lambda name: jruby.figures(borrow_count=next(count))(name)
    with following(site.usherd, "drain", "--wait") as waiter:
        waiter.wait_line(DELIVERED)
        waiter.wait_line(NOT_BUSY)
        wait_asked(peer)
        assert waiter.waits()
        peer.metrics = jruby.figures()
        settled(waiter.finish())


def test_work_that_a_slow_probe_has_not_seen_yet(site, peer, config_for):
    """One look is not five seconds of idleness."""
    site.usherd.configure(config_for(
        peer, usher_agent_listen="127.0.0.1:%d" % site.usherd.agent_port,
        interval="9s", fast_interval="9s"))
    site.usherd.order("reload")
    site.haproxy()
    with following(site.usherd, "drain", "--wait") as waiter:
        waiter.wait_line(DELIVERED)
        waiter.wait_line(NOT_BUSY)
        peer.metrics = BUSY
        waiter.wait_line("puppet1: 2 requests running, 1 waiting")


# --- not seen ---------------------------------------------------------------

@pytest.mark.parametrize("metrics", [
    jruby.missing, jruby.forbidden,
    lambda name: ("200 OK", jruby.JSON, b'{"status": {}}'),
], ids=["404", "403", "other"])
def test_no_figures(site, peer, metrics):
    """Says so, and settles for longer; 30 s unless told."""
    site.haproxy()
    peer.metrics = metrics
    with following(site.usherd, "drain", "--wait") as waiter:
        waiter.wait_line(BLIND % "30s")
    with following(site.usherd, "drain", "--wait", "--settle", "6s") as waiter:
        waiter.wait_line(BLIND % "6s")
        settled(waiter.finish())


def test_no_ca_file(peer, start_usherd, config_for, tmp_path):
    """No probe can be made, and so none brings figures."""
    usherd = start_usherd(config_for(peer, ca_file=tmp_path / "none.pem"))
    with following(usherd, "drain", "--wait", "--settle", "1s") as waiter:
        waiter.wait_line(BLIND % "1s")
        assert NOBODY in settled(waiter.finish())


def test_no_figures_and_no_time(site, peer):
    site.haproxy()
    peer.metrics = jruby.missing
    said = site.usherd.ctl("drain", "--wait", "--settle", "20s", "--timeout",
                           "8s")
    timed_out(said, "it has not settled yet", 8)


def test_puppet_enterprise(site, peer):
    """Its figures have another name, which is learned."""
    site.haproxy()
    peer.metrics = jruby.figures(2, borrowed=1, service="pe-jruby-metrics")
    with following(site.usherd, "drain", "--wait") as waiter:
        waiter.wait_line("puppet1: 1 request running, 0 waiting")
        before = asked(peer)
        wait_asked(peer, 10, "pe-jruby-metrics")
        assert asked(peer) == before
        peer.metrics = jruby.figures(2, service="pe-jruby-metrics")
        lines = settled(waiter.finish())
    assert not any("figures" in line for line in lines), lines


def test_figures_that_never_come(peer, start_usherd, config_for):
    """So busy that it doesn't answer: that is not blindness."""
    usherd = start_usherd(config_for(peer, timeout="1s"))
    usherd.wait_reply("up ready 100%")
    peer.metrics = jruby.silent
    with following(usherd, "drain", "--wait", "--settle", "1s") as waiter:
        waiter.wait_line(NOBODY)
        wait_asked(peer, 10)
        assert waiter.waits()
        assert not any("figures" in line for line in waiter.lines)
        peer.metrics = IDLE
        settled(waiter.finish())
    assert usherd.status()["verdict"] == "up"


@pytest.fixture
def full(cleanup):
    """The address of a port whose queue is full: the kernel takes no more."""
    listener = cleanup.enter_context(socket.socket())
    listener.bind((HOST, 0))
    listener.listen(0)
    for _ in range(8):
        client = cleanup.enter_context(socket.socket())
        client.setblocking(False)
        with contextlib.suppress(BlockingIOError):
            client.connect(listener.getsockname())
    return "%s:%d" % listener.getsockname()


def test_no_connection_in_time(peer, full, start_usherd, config_for):
    """It may be overloaded, and is not taken for dead and so idle."""
    config = config_for(peer, timeout="300ms")
    config["server puppet1"]["address"] = full
    usherd = start_usherd(config)
    usherd.wait_fact("probe", word="timeout")
    with following(usherd, "drain", "--wait") as waiter:
        waiter.wait_line(BLIND % "30s")
        assert not any("listens" in line for line in waiter.lines)
