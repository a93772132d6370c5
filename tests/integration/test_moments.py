"""Bad moments: usherd is killed, flooded, or hears of an order too early."""

import json
import socket

import endless
from balanced import DRAIN, ONE, UP
from ports import HOST
from usherd import ME, refused
from waiting import wait_until

FLOOD = 1030  # more than usherd lets in at once


def taken_on_disk(folder):
    """Whether all pollers are written down as owed."""
    servers = json.loads((folder / "state.json").read_text())["servers"]
    return all(p["taken"] for s in servers.values() for p in s["pollers"])


def test_told_and_killed_without_an_order_on_disk(site):
    """A volatile order is not on disk; that HAProxy is told of it is, before
    HAProxy has heard it.
    """
    haproxy = site.haproxy()
    haproxy.pause()
    site.usherd.order("drain", "--volatile")
    wait_until(lambda: taken_on_disk(site.usherd.state),
               "that it is being told is not on disk")
    haproxy.resume()
    haproxy.wait_is("puppet1", **DRAIN)
    site.usherd.kill()
    site.usherd.start()
    haproxy.wait_is("puppet1", **UP)


def test_drain_all_before_the_first_verdict(start_peer, start_usherd,
                                            config_for):
    """What nothing is known of may be in service."""
    usherd = start_usherd(config_for(start_peer(endless.silent),
                                     start_peer(endless.silent)))
    refused(usherd.ctl("drain", "--all"), "no server would be left")


def test_a_flood_does_not_cut_who_waits(site, cleanup):
    site.usherd.wait_open()
    monitor = site.usherd.connect_control()
    cleanup.callback(monitor.close)
    monitor.sendall(b"monitor\n")
    monitor.settimeout(30)
    assert monitor.recv(10) == b"ok\n"
    for _ in range(FLOOD):
        cleanup.enter_context(site.usherd.connect_control())
    site.usherd.order("drain")
    assert b"drain by" in monitor.recv(1000)


def test_audit_at_any_log_level(usherd):
    usherd.order("log-level", "error")
    usherd.order("drain", "-m", "x")
    usherd.wait_fact("order", by=ME, new="drain by %s: x" % ME)
    usherd.wait_fact("control", by=ME, text="log-level error")


def test_an_order_that_changes_nothing_is_audited(site):
    """`auto` does: every HAProxy is told `ready` for a while."""
    site.haproxy()
    site.usherd.order("auto")
    assert site.usherd.pollers()[ONE]["ready_owed"]
    site.usherd.wait_fact("order", by=ME, text="auto: nothing changes")


def test_the_port_is_taken_when_it_should_open_again(site):
    site.haproxy()
    port = site.line[2]
    site.usherd.order("release")
    site.usherd.wait_log("closed: HAProxy has been given", 90)
    with socket.socket() as taker:
        taker.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        taker.bind((HOST, port))
        taker.listen()
        site.usherd.order("auto")
        site.usherd.wait_log("can't listen there again")
    site.usherd.wait_log("open again")
