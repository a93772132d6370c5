"""usherctl(8), JSON: what it shows is what there is, member by member and,
but for times, addresses and counts, value by value.
"""

import json
import re

import pytest

import manual
from balanced import ONE
from follower import following
from haproxy import GENERATED, HAProxy, server_line
from manual import BUSY, P1, P2, put
from waiting import wait_until

pytest_plugins = ["manual_site"]  # start_pages
TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
ADDRESS = re.compile(r"\d+\.\d+\.\d+\.\d+")
# Seconds, milliseconds and counts differ each time; nobody's CA is theirs.
VARY = re.compile(r".*_ms|polls|issuer|address|peer")
NAMED = 'agent-send "%s\\n"'
ALICE = {"SUDO_USER": "alice"}


def kind(value):
    return "number" if type(value) in (int, float) else type(value).__name__


def alike(shown, got, where="", vary=False):
    """Of the same shape, with the same words."""
    assert kind(shown) == kind(got), (where, shown, got)
    if isinstance(shown, dict):
        assert shown.keys() == got.keys(), where
        for key in shown:
            alike(shown[key], got[key], where + "." + key,
                  VARY.fullmatch(key))
    elif isinstance(shown, list):
        assert len(shown) == len(got), (where, got)
        for one, other in zip(shown, got):
            alike(one, other, where)
    elif isinstance(shown, str) and TIME.fullmatch(shown):
        assert TIME.fullmatch(got), (where, got)
    elif isinstance(shown, str) and ":" in shown and vary:
        assert re.fullmatch(r"\S+:\d+", got), (where, got)
    elif isinstance(shown, str) and shown.endswith(" ..."):
        assert got.startswith(shown[:-3]), (where, got)
    elif not vary:
        assert shown == got, where


def one_line(text):
    """Lines that are broken for the page only."""
    return json.loads(text.replace("\n", ""))


@pytest.fixture
def drained(start_pages):
    """As the examples have it."""
    site = start_pages(P1)
    site.peer().metrics = BUSY
    site.haproxy()
    site.usherd.order("drain", "-m", "kernel upgrade", "--for", "2h",
                      env=ALICE)
    site.usherd.wait_poller(ONE, lambda p: p["live"] and p["interval_ms"])
    return site


def same(usherd, text, *words):
    alike(json.loads(text), json.loads(usherd.order(*words, "-j")))


@manual.shown("usherctl.8", "status")
def test_status(text, drained):
    same(drained.usherd, text, "status")


@manual.shown("usherctl.8", "pollers")
def test_pollers(text, drained):
    drained.usherd.wait_polled(ONE)
    same(drained.usherd, text, "pollers")


@manual.shown("usherctl.8", "probe")
def test_probe(text, drained):
    same(drained.usherd, text, "probe")


@manual.shown("usherctl.8", "log, monitor")
def test_log_and_monitor(text, start_pages):
    site = start_pages(P1)
    with following(site.usherd, "monitor", "-j") as monitor:
        def heard():
            """The first orders may have been given before it listened."""
            site.usherd.order("auto")
            site.usherd.order("drain", "-m", "kernel upgrade", env=ALICE)
            return any("none -> drain" in line for line in monitor.lines)
        wait_until(heard, lambda: monitor)
        seen = json.loads(monitor.wait_line("none -> drain"))
    alike(one_line(text), seen)
    assert seen in json.loads(site.usherd.order("log", "-j"))


@manual.shown("usherctl.8", "Orders", '{"version":1,"servers"')
def test_order(text, start_pages):
    site = start_pages(P1)
    alike(one_line(text), json.loads(site.usherd.order(
        "drain", "-m", "kernel upgrade", "-j", env=ALICE)))


@manual.shown("usherctl.8", "Orders", '{"version":1,"time"')
def test_wait(text, start_pages):
    site = start_pages(P1)
    site.haproxies()
    with following(site.usherd, "drain", "-j", "--wait") as waiter:
        alike(one_line(text), json.loads(waiter.wait_line("delivered")))


@manual.shown("usherctl.8", "version, reload, log-level, haproxy-config")
def test_one_text(text, start_pages):
    """reload is what is shown; the others are alike."""
    site = start_pages(P1)
    shown = json.loads(text)
    for words in (["reload"], ["version"], ["log-level", "info"],
                  ["haproxy-config"]):
        got = json.loads(site.usherd.order(*words, "-j"))
        assert got.keys() == shown.keys()
        assert got == shown or words != ["reload"]


# --- the doctor -------------------------------------------------------------

@pytest.fixture
def start_doctor(start_pages, cleanup):
    """What it says of an HAProxy where these servers have these weights."""
    def start(weights, *words):
        site = start_pages(*weights)
        lines = [server_line(name, peer.address, site.usherd.agent_port,
                             "weight", weights[name], NAMED % name)
                 for name, peer in site.peers.items()]
        haproxy = HAProxy(put(GENERATED, {
            "weight 100 agent-check": "agent-check check inter 100ms",
            "_backend puppet\n": "_backend puppetserver\n",
            "\nbackend puppet\n": "\nbackend puppetserver\n",
            "{servers}": "\n".join(lines)}), "puppetserver")
        cleanup.callback(haproxy.stop)
        for name in weights:
            haproxy.wait(name, lambda s: s["last_agt"] == "via agent : up"
                         and s["check"] == "L4OK")
        said = site.shell.run("usherctl doctor --haproxy %s %s" % (
            haproxy.folder / "stats", " ".join(words)))
        assert (said.code, said.err) == (1, "")
        return said.out
    return start


@manual.shown("usherctl.8", "To look")
def test_doctor_as_text(text, start_doctor):
    """Of the servers; then comes what is said of every HAProxy."""
    *lines, note = start_doctor({P1: "100", P2: "1"}).splitlines()
    assert lines == text.splitlines()
    assert note.startswith("note: agent-inter ")


@manual.shown("usherctl.8", "doctor")
def test_doctor(text, start_doctor):
    alike(json.loads(text), json.loads(start_doctor({P2: "1"}, "-j")))
