"""Orders given with usherctl: what HAProxy makes of them."""

import contextlib
import json
import os
import pty
import re

import pytest

from haproxy import server_line
from usherd import ME, refused
from waiting import wait_until

UP = {"status": "no check", "weight": 100, "adm": 0, "op": 2}
DRAIN = {"status": "DRAIN (agent)", "weight": 100, "adm": 8, "op": 2}


@pytest.fixture
def farm(usherd, peer, start_haproxy):
    """An usherd whose server is in service, and the HAProxy that polls it."""
    haproxy = start_haproxy(
        server_line("puppet1", peer.address, usherd.agent_port))
    haproxy.wait_is("puppet1", **UP)
    return usherd, haproxy


@pytest.fixture
def pair(start_peer, start_usherd, config_for):
    """Two servers in service."""
    usherd = start_usherd(config_for(start_peer(), start_peer()))
    for name in (b"puppet1\n", b"puppet2\n"):
        usherd.wait_reply("up ready 100%", name)
    return usherd


def via(text):
    return "via agent : " + text


# --- what HAProxy makes of it -----------------------------------------------

@pytest.mark.parametrize("words, reply, state", [
    (["drain"], "up drain 100% # drain by " + ME, DRAIN),
    (["maint"], "up maint 100% # maint by " + ME,
     {"status": "MAINT", "weight": 100, "adm": 1}),
    (["down"], "stopped ready 100% # down by " + ME,
     {"status": "DOWN (agent)", "weight": 100, "adm": 0, "op": 0}),
    (["weight", "10%"], "up ready 10% # weight by " + ME,
     {**UP, "weight": 10}),
    (["weight", "0%"], "up ready 0% # weight by " + ME,
     {"weight": 0, "adm": 0, "op": 2}),
], ids=lambda v: "-".join(v) if isinstance(v, list) else "")
def test_order_and_auto(farm, words, reply, state):
    usherd, haproxy = farm
    assert usherd.order(*words) == "puppet1: %s\n" % reply
    assert usherd.reply() == reply
    haproxy.wait_is("puppet1", **state)
    assert usherd.order("auto") == "puppet1: up ready 100%\n"
    haproxy.wait_is("puppet1", last_agt=via("up"), **UP)


def test_pinned_up(farm, peer):
    usherd, haproxy = farm
    peer.refuse()
    haproxy.wait_is("puppet1", status="DOWN (agent)")
    usherd.order("up", "--for", "1h", "-m", "probe broken")
    haproxy.wait_is("puppet1", last_agt=via(
        "up (up by %s: probe broken)" % ME), **UP)
    usherd.order("auto")
    haproxy.wait_is("puppet1", status="DOWN (agent)")


def test_drain_of_a_dead_server(farm, peer):
    """Both registers are told; it comes back drained, not in service."""
    usherd, haproxy = farm
    usherd.order("drain")
    peer.refuse()
    usherd.wait_reply("fail drain 100% # connection refused")
    haproxy.wait_is("puppet1", status="DOWN (agent)", adm=8)
    peer.listen()
    haproxy.wait_is("puppet1", **DRAIN)


def test_state_and_weight_are_side_by_side(farm):
    usherd, haproxy = farm
    usherd.order("weight", "25%", "-m", "new manifests")
    usherd.order("drain", "-m", "kernel")
    assert usherd.reply() == "up drain 25%% # drain by %s: kernel" % ME
    haproxy.wait_is("puppet1", **{**DRAIN, "weight": 25})
    usherd.order("auto", "--state")
    assert usherd.reply() == (
        "up ready 25%% # weight by %s: new manifests" % ME)
    haproxy.wait_is("puppet1", **{**UP, "weight": 25})
    usherd.order("drain")
    usherd.order("auto", "--weight")
    haproxy.wait_is("puppet1", **DRAIN)


def test_a_state_replaces_the_one_before(farm):
    usherd, haproxy = farm
    usherd.order("maint")
    haproxy.wait_is("puppet1", adm=1)
    usherd.order("drain")
    haproxy.wait_is("puppet1", **DRAIN)
    usherd.order("down")
    haproxy.wait_is("puppet1", status="DOWN (agent)", adm=0)


def test_the_same_again_keeps_since_and_takes_the_end(usherd):
    usherd.order("drain", "--for", "1h", "-m", "first")
    first = usherd.status()["state"]
    wait_until(lambda: json.loads(usherd.order("status", "-j"))["time"]
               > first["since"], "the clock stands still")
    usherd.order("drain", "-m", "second")
    again = usherd.status()["state"]
    assert first["until"] > first["since"] == again["since"]
    assert (again["until"], again["reason"]) == (None, "second")


REASONS = [
    ('say "drain", \\o/', 'say "drain", \\o/', 'say "drain", \\o/'),
    ("Umlaute: äöü €", "Umlaute: äöü €", "Umlaute: ?????? ???"),
    ("\033[31mred\033[0m\a\nup ready 100%", "?[31mred?[0m? up ready 100%",
     "?[31mred?[0m? up ready 100%"),
    ("c1 \u009b31m del \177", "c1 ??31m del ?", "c1 ??31m del ?"),
    (b"no utf-8 \xff\xc3", "no utf-8 ??", "no utf-8 ??"),
    ("x" * 255, "x" * 255, None),
]


def unfolded(text):
    """status folds long lines, also within a long word."""
    return "".join(text.split())


@pytest.mark.parametrize("given, kept, told", REASONS, ids=[
    "quotes", "utf-8", "escapes", "c1", "bytes", "long"])
def test_reasons(farm, given, kept, told):
    """Whole in status; one printable line, cut, for HAProxy."""
    usherd, haproxy = farm
    usherd.order("drain", "-m", given)
    assert usherd.status()["state"]["reason"] == kept
    assert unfolded(kept) in unfolded(usherd.order("status"))
    reply = usherd.reply()  # which checks that it is one short line of ASCII
    assert reply.isprintable()
    if told is not None:
        assert reply == "up drain 100%% # drain by %s: %s" % (ME, told)
    haproxy.wait_is("puppet1", **DRAIN)
    fact = usherd.wait_fact("order", server="puppet1")
    assert fact.line.isprintable()


def in_terminal(usherd, *args, **env):
    """What the program writes to a terminal."""
    ours, theirs = pty.openpty()
    shown = b""
    try:
        assert usherd.ctl(*args, env=env, stdout=theirs).code == 0
        os.close(theirs)
        with contextlib.suppress(OSError):  # EIO is its end
            while more := os.read(ours, 65536):
                shown += more
    finally:
        os.close(ours)
    return shown.decode()


def test_terminal(usherd):
    """Colour there only, and nothing raw from a reason."""
    usherd.order("drain", "-m", "\033]0;title\a \033[2J")
    shown = in_terminal(usherd, "status")
    assert "\033[33mup drain 100%" in shown
    for own in ("\033[33m", "\033[0m", "\r\n"):
        shown = shown.replace(own, "")
    assert shown.isprintable(), shown
    assert "\033" not in in_terminal(usherd, "status", NO_COLOR="1")
    assert "\033" not in usherd.order("status")


# --- several servers, reasons -----------------------------------------------

def test_the_last_one_stays(pair):
    pair.order("drain", "puppet1")
    for words in (["drain"], ["maint"], ["down"], ["weight", "0%"]):
        refused(pair.ctl(*words, "puppet2"), "no server would be left")
        assert pair.reply(b"puppet2\n") == "up ready 100%"
    pair.order("weight", "1%", "puppet2")
    pair.order("drain", "puppet2", "--force")
    assert pair.reply(b"puppet2\n").startswith("up drain 1%")
    pair.order("auto", "--all")
    refused(pair.ctl("drain", "--all"), "--force")
    assert pair.order("drain", "--all", "--force").count("up drain 100%") == 2


def test_a_server_is_named(pair):
    refused(pair.ctl("drain"), "there are 2 servers", 1)
    refused(pair.ctl("drain", "pupet1"), "did you mean puppet1?", 1)
    refused(pair.ctl("drain", "--all", "puppet1"), "not both", 2)
    pair.order("drain", "puppet1")
    assert pair.reply(b"puppet2\n") == "up ready 100%"
    assert [pair.status(name)["in_service"]
            for name in ("puppet1", "puppet2")] == [False, True]
    assert "puppet2" not in pair.order("status", "puppet1")


def test_the_end_of_a_pin_is_never_refused(start_peer, start_usherd,
                                           config_for):
    """Though it leaves none in service: it was none that was measured so."""
    dead, dead_too = start_peer(), start_peer()
    dead.refuse()
    dead_too.refuse()
    usherd = start_usherd(config_for(dead, dead_too))
    usherd.wait_reply("fail ready .*", b"puppet2\n")
    usherd.order("up", "puppet2", "--for", "1h")
    usherd.order("auto", "puppet2")
    assert usherd.reply(b"puppet2\n").startswith("fail ready ")


def test_require_reason(peer, start_usherd, config_for):
    usherd = start_usherd(config_for(peer, usher_require_reason="yes"))
    usherd.wait_reply("up ready 100%")
    for words in (["drain"], ["weight", "5%"], ["up", "--for", "1m"],
                  ["maint", "-m", ""]):
        refused(usherd.ctl(*words), "-m REASON")
    assert usherd.reply() == "up ready 100%"
    usherd.order("drain", "-m", "a reason")
    usherd.order("auto")


# --- the audit --------------------------------------------------------------

def test_words_end_no_field(usherd):
    """Who may order can't add to what the audit says of it."""
    forged = 'x" level=error by="root'
    usherd.order("drain", "--by", forged)
    usherd.ctl("probe", forged)
    usherd.ctl("log-level", 'x" by="r')
    usherd.wait_fact("order", by=forged.replace('"', "'"))
    usherd.wait_fact("control", by=ME, level="info",
                     text="probe " + forged.replace('"', "'"))
    usherd.wait_fact("control", by=ME, text="log-level x' by='r")


def test_audit(usherd):
    """One line each: who, what, why, from what to what."""
    usherd.order("drain", "-m", 'a "quoted" reason')
    usherd.order("weight", "5%")
    usherd.order("maint", "--for", "1s")
    usherd.wait_reply("up ready 5%.*")
    usherd.order("auto")
    usherd.order("auto")
    drain = "drain by %s: a 'quoted' reason" % ME
    maint, weight = "maint by " + ME, "5% weight by " + ME
    lines = wait_until(
        lambda: (found := usherd.facts("order", server="puppet1",
                                       level="info"))[5:] and found,
        usherd.log)
    told = [(f.get("by"), f.get("old"), f.get("new")) for f in lines]
    ends = told[2][2]
    assert re.fullmatch(maint + r" \(until \d{4}-\d\d-\d\dT[\d:]{8}Z\)", ends)
    assert told == [
        (ME, "none", drain),
        (ME, "none", weight),
        (ME, drain, ends),
        ("usherd (it has run out)", ends, "none"),
        (ME, weight, "none"),
        (ME, None, None),  # which has changed nothing
    ]
