"""`--wait` while usherd itself goes, comes back, or hangs."""

import re
import time

import pytest

from balanced import DRAIN
from follower import BUSY, DELIVERED, IDLE, NOT_BUSY, following
from usherd import refused
from waiting import wait_until

GONE = "usherctl: usherd has gone"
LATE = "usherctl: timed out, and usherd has gone"
COMES_BACK = GONE + "; waiting for it to come back\n"
NOBODY_WAITED = ", but nobody has waited to the end\n"
ORDERED = "; what was ordered stays in force"
ENDED = "; what was ordered ended with it"


@pytest.mark.parametrize("end", ["kill", "end"])
@pytest.mark.parametrize("order", ["drain", "hold"])
def test_usherd_comes_back(site, peer, order, end):
    """As in an upgrade of usher: the drain goes on, and so does who waits."""
    haproxy = site.haproxy()
    peer.metrics = BUSY
    with following(site.usherd, order, "--wait") as waiter:
        waiter.wait_line(DELIVERED)
        getattr(site.usherd, end)()
        site.usherd.start()
        site.stays(haproxy, **DRAIN)
        assert waiter.waits(), waiter.finish()
        peer.metrics = IDLE
        said = waiter.finish()
    assert (said.code, said.err) == (0, COMES_BACK)
    lines = said.out.splitlines()
    assert lines.count(DELIVERED) == 2 and lines[-1] == NOT_BUSY


def test_comes_back_with_a_timeout(site, peer):
    """It counts from the beginning, also for the next usherd."""
    site.haproxy()
    peer.metrics = BUSY
    with following(site.usherd, "drain", "--wait",
                   "--timeout", "8s") as waiter:
        waiter.wait_line(DELIVERED)
        later = time.monotonic() + 2
        wait_until(lambda: time.monotonic() > later, "the clock stands")
        site.usherd.kill()
        site.usherd.start()
        said = waiter.finish()
    assert said.code == 6 and re.fullmatch(
        re.escape(COMES_BACK) + "usherctl: puppet1: timed out "
        "after [1-6]s: .*; the order stays in force\n", said.err), said


def test_while_waiting_for_service(site):
    site.haproxy()
    site.usherd.order("drain")
    with following(site.usherd, "wait", "serving") as waiter:
        waiter.wait_line("an order keeps it out")
        site.usherd.kill()
        site.usherd.start()
        site.usherd.order("auto")
        said = waiter.finish()
    assert (said.code, said.err) == (0, COMES_BACK)
    assert said.out.splitlines()[-1] == DELIVERED


def test_the_order_did_not_last(site, peer):
    site.haproxy()
    peer.metrics = BUSY
    with following(site.usherd, "drain", "--volatile", "--wait") as waiter:
        waiter.wait_line(DELIVERED)
        site.usherd.kill()
        site.usherd.start()
        said = waiter.finish()
    assert said.code == 1
    assert said.err == COMES_BACK + ("usherctl: puppet1: no order keeps it "
                                     "out of service: drain it first\n")


@pytest.mark.parametrize("words, stays", [
    (["drain", "--wait"], ORDERED), (["drain", "--wait", "--volatile"], ENDED),
    (["wait", "serving"], "")], ids=["drain", "volatile", "wait"])
def test_usherd_stays_away_until_the_timeout(site, words, stays):
    site.usherd.order("drain")
    with following(site.usherd, *words, "--timeout", "8s") as waiter:
        waiter.wait_line("puppet1: ")
        site.usherd.end()
        said = waiter.finish()
    assert said.code == 6
    assert said.err == COMES_BACK + LATE + stays + "\n"


def test_usherd_stays_away(site):
    site.usherd.order("drain")
    with following(site.usherd, "drain", "--wait") as waiter:
        waiter.wait_line("puppet1: ")
        site.usherd.end()
        said = waiter.finish()
    assert said.code == 4
    assert said.err == COMES_BACK + GONE + ORDERED + NOBODY_WAITED


def test_a_release_ends_with_usherd(site):
    site.haproxy()
    with following(site.usherd, "release", "--wait") as waiter:
        waiter.wait_line("telling 1 HAProxy")
        site.usherd.kill()
        said = waiter.finish()
    assert (said.code, said.err) == (4, GONE + ENDED + NOBODY_WAITED)


def test_usherd_hangs(site, peer):
    """It can't keep the time, so usherctl does."""
    site.haproxy()
    peer.metrics = BUSY
    with following(site.usherd, "drain", "--wait", "--timeout", "6s") as waiter:
        waiter.wait_line(DELIVERED)
        site.usherd.pause()
        said = waiter.finish()
    silent = "usherctl: usherd does not answer"
    assert (said.code, said.err) == (4, silent + ORDERED + "\n")
    refused(site.usherd.ctl("drain", "--wait", "--timeout", "1s"),
            silent[len("usherctl: "):], 4)
    site.usherd.resume()
    site.usherd.order("auto")
