"""usherctl(8): its command lines are run, and do and print what it says."""

import re

import manual
from balanced import DRAIN, UP
from canaries import percent, wait_objection
from manual import BUSY, IDLE, P1, P2

pytest_plugins = ["manual_site"]  # start_pages
DRAINED = manual.example("usherctl.8", "To wait", "puppet1: up drain")
TIMED_OUT = manual.example("usherctl.8", "CONTROL PROTOCOL", "ok\n")
SOCKET = "/run/usher/control.sock"


def fine(said):
    assert (said.code, said.err) == (0, ""), said
    return said.out.splitlines()


@manual.shown("usherctl.8", "EXAMPLES", "usherctl drain")
def test_upgrade(text, start_pages):
    """What it prints meanwhile is the example below `To wait`."""
    site = start_pages("puppet1", acts=["upgrade-and-restart"])
    haproxies = site.haproxies()
    site.peer().metrics = BUSY
    site.shell.start(text)
    site.shell.wait_line("puppet1: 2 requests running, 0 waiting")
    for haproxy in haproxies:
        haproxy.wait_is("puppet1", **DRAIN)
    site.peer().metrics = IDLE
    site.shell.wait_act("upgrade-and-restart")
    lines = site.shell.lines()
    assert lines[0] == DRAINED.splitlines()[0]
    assert sorted(lines) == sorted(DRAINED.splitlines())
    order = site.usherd.status()["state"]
    assert (order["by"], order["reason"]) == ("alice", "kernel upgrade")
    assert order["until"] is not None
    site.shell.let()
    assert len(fine(site.shell.finish())) == len(site.shell.lines())
    for haproxy in haproxies:
        haproxy.wait_is("puppet1", **UP)
    assert site.usherd.status()["state"] is None


@manual.shown("usherctl.8", "EXAMPLES", "usherctl hold")
def test_restart(text, start_pages):
    site = start_pages("puppet1", acts=["systemctl"])
    haproxy = site.haproxy()
    site.shell.start(text)
    site.shell.wait_act("systemctl", "restart", "puppetserver")
    haproxy.wait_is("puppet1", **DRAIN)
    assert site.usherd.status()["hold"]["reason"] == "new heap size"
    site.peer().refuse()
    site.usherd.wait_fact("verdict", **{"is": "fail"})
    site.shell.let()
    site.peer().listen()
    fine(site.shell.finish())
    haproxy.wait_is("puppet1", **UP)
    assert site.usherd.status()["hold"] is None


@manual.shown("usherctl.8", "EXAMPLES", "usherctl weight")
def test_half_of_its_share(text, start_pages):
    site = start_pages(P1, P2)
    haproxy = site.haproxy()
    assert fine(site.shell.run(text)) == [
        P1 + ": up 50% # weight by alice: one DIMM"]
    haproxy.wait_is(P1, **{**UP, "weight": 50})
    haproxy.wait_is(P2, **UP)
    assert site.usherd.status(P1)["ceiling"]["until"] is not None


@manual.shown("usherctl.8", "EXAMPLES", "usherctl status -q")
def test_only_while_out_of_service(text, start_pages):
    site = start_pages(P1)
    assert fine(site.shell.run(text)) == []
    site.usherd.order("drain")
    assert fine(site.shell.run(text)) == ["out of service, or no usherd"]
    site.usherd.order("auto")
    assert fine(site.shell.run(text)) == []
    site.usherd.end()
    said = site.shell.run(text)
    assert (said.code, said.out) == (0, "out of service, or no usherd\n")
    assert said.err.startswith("usherctl: ")
    site.usherd.start()
    site.usherd.wait_open()


@manual.shown("usherctl.8", "EXAMPLES", "usherctl status -j")
def test_names_out_of_service(text, start_pages):
    site = start_pages(P1, P2)
    assert fine(site.shell.run(text)) == []
    site.usherd.order("drain", P2)
    assert fine(site.shell.run(text)) == [P2]


@manual.shown("usherctl.8", "CANARIES", "usherctl canary")
def test_canary(text, start_pages):
    """Further with each call of the second line, while the check is content.
    """
    site = start_pages(P1, P2, acts=["check-reports"])
    haproxy = site.haproxy()
    plan, further = text.splitlines()
    steps = [int(n) for n in re.findall(r"(\d+)%", plan)]
    assert len(steps) > 2
    fine(site.shell.run(plan))
    for step in steps[1:]:
        wait_objection(site.usherd, None, P1)
        site.shell.start(further)
        site.shell.wait_act("check-reports")
        site.shell.let(0)
        fine(site.shell.finish())
        haproxy.wait_is(P1, **{**UP, "weight": step})
    haproxy.wait_is(P2, **UP)
    assert site.usherd.status(P1)["ceiling"]["reason"] == "new site.pp"


@manual.shown("usherctl.8", "CANARIES", "usherctl canary")
def test_canary_with_a_check_that_fails(text, start_pages):
    site = start_pages(P1, acts=["check-reports"])
    plan, further = text.splitlines()
    fine(site.shell.run(plan))
    before = percent(site.usherd)
    wait_objection(site.usherd, None)
    site.shell.start(further)
    site.shell.wait_act("check-reports")
    site.shell.let(1)
    assert site.shell.finish() == (1, "", "")
    assert percent(site.usherd) == before


@manual.shown("usherctl.8", "CONTROL PROTOCOL", "echo ")
def test_by_hand(text, start_pages):
    site = start_pages(P1)
    text = manual.put(text, {SOCKET: str(site.usherd.socket)})
    reply = "up drain 100% # drain by root: by hand"
    assert fine(site.shell.run(text)) == ["ok", "%s: %s" % (P1, reply)]
    assert site.usherd.reply() == reply


def test_by_hand_until_a_timeout(start_pages):
    """Line by line, in time that a busy machine has; the page breaks the last
    one.
    """
    site = start_pages("puppet1")
    site.haproxies()
    site.peer().metrics = IDLE
    line = "echo drain --wait --timeout 4s | socat -t10 - UNIX:%s"
    said = fine(site.shell.run(line % site.usherd.socket))
    shown = TIMED_OUT.replace("order\n", "order ").replace("2s", "4s")
    first, *middle, last = shown.splitlines()
    assert (said[0], said[-1]) == (first, last)
    assert sorted(said[1:-1]) == sorted(middle)
