"""`canary --every`: a plan that goes on by itself, and what it waits for."""

import datetime
import json

import pytest

import jruby
from balanced import DRAIN, UP
from canaries import NEXT, PLAN, STEPS, WHY, percent, plan, wait_objection
from usherd import ME
from waiting import wait_for_clock, wait_until

HOUR_MS = 3600 * 1000
ITSELF = "usherd (its time has come)"
BUSY = jruby.figures(1, borrowed=1, waiting=2)
WAITING = "2 requests wait for a JRuby"
DUE = "next step: 25% is due, but " + WAITING


def step_text(n):
    return "%d%% canary by %s: %s" % (n, ME, WHY)


def wait_percent(usherd, n):
    wait_until(lambda: percent(usherd) == n,
               lambda: "%d%%\n%s" % (n, usherd.log()))


def left_ms(usherd):
    """Until the next step; None while no time runs."""
    return plan(usherd)["next_in_ms"]


def wait_left(usherd, past_ms=0):
    """Until so much of an hour has passed; what is left then."""
    left = wait_until(lambda: [ms for ms in [left_ms(usherd)]
                               if ms is not None and ms <= HOUR_MS - past_ms],
                      lambda: "%s" % plan(usherd))
    return left[0]


def wait_moment(usherd, seconds):
    """Until the clock shows so much more than now."""
    now = json.loads(usherd.order("status", "-j"))["time"].rstrip("Z")
    then = datetime.datetime.fromisoformat(now) + datetime.timedelta(
        seconds=seconds)
    wait_for_clock(then.isoformat() + "Z")


@pytest.fixture
def hourly(usherd):
    """Some seconds of the hour at its first step are over."""
    usherd.order(*PLAN, "--every", "1h")
    wait_left(usherd, 3000)
    return usherd


@pytest.fixture
def due(usherd, peer):
    """The second step is due, but requests wait."""
    peer.metrics = BUSY
    usherd.order(*PLAN, "--every", "1s")
    usherd.wait_fact("canary", text="the next step waits: " + WAITING)
    return usherd


# --- by itself --------------------------------------------------------------

def test_goes_on(site, peer):
    """Up to the last step, where it stays until `auto`."""
    haproxy = site.haproxy()
    site.usherd.order(*PLAN, "--every", "3s")
    haproxy.wait_is("puppet1", **{**UP, "weight": 5})
    haproxy.wait_is("puppet1", **{**UP, "weight": 50})
    peer.wait_more(20)
    site.stays(haproxy, **{**UP, "weight": 50})
    facts = site.usherd.facts("order", by=ITSELF, server="puppet1")
    assert [(f.get("old"), f.get("new")) for f in facts] == [
        (step_text(5), step_text(25)), (step_text(25), step_text(50))]
    assert "last step: it stays until `auto`" in site.usherd.order("status")
    site.usherd.order("auto")
    haproxy.wait_is("puppet1", **UP)


def test_each_step_takes_its_time(usherd):
    usherd.order(*PLAN, "--every", "3s")
    usherd.wait_fact("order", by=ITSELF, new=step_text(50))
    times = [datetime.datetime.fromisoformat(line.split("Z ")[0])
             for line in usherd.lines if " info order " in line]
    assert len(times) == 3
    # Whole seconds: three of them may show as two.
    assert all(b - a >= datetime.timedelta(seconds=2)
               for a, b in zip(times, times[1:])), times


def test_monitor_and_log(usherd):
    with usherd.connect_control() as sock, sock.makefile() as monitor:
        sock.sendall(b"monitor -j\n")
        assert monitor.readline() == "ok\n"
        usherd.order("canary", "5%", "25%", "--every", "1s", "-m", WHY)
        seen = []
        while len(seen) < 2:
            change = json.loads(monitor.readline())
            seen += [change["text"]] if change["what"] == "order" else []
    assert seen == ["none -> %s, by %s" % (step_text(5), ME),
                    "%s -> %s, by %s" % (step_text(5), step_text(25), ITSELF)]
    for text in seen:
        assert text in usherd.order("log")


def test_next_in_between(hourly):
    """The next step's time begins anew."""
    before = left_ms(hourly)
    hourly.order(*NEXT)
    assert wait_left(hourly) > before
    assert (percent(hourly), plan(hourly)["step"]) == (25, 2)


def test_for_ends_it_on_the_way(usherd):
    usherd.order(*PLAN, "--every", "1s", "--for", "6s")
    usherd.wait_fact("order", by=ITSELF)
    usherd.wait_reply("up ready 100%")
    usherd.wait_fact("order", by="usherd (it has run out)", new="none")


def test_the_time_at_the_last_step(peer, start_usherd, config_for):
    """None runs, also before the first probe there."""
    usherd = start_usherd(config_for(peer, interval="1h"))
    usherd.wait_reply("up ready 100%")
    usherd.order("canary", "5%", "25%", "--every", "1s")
    usherd.order("probe")
    wait_until(lambda: left_ms(usherd) == 0, lambda: "%s" % plan(usherd))
    usherd.order("probe")
    assert plan(usherd) == {"steps": [5, 25], "step": 2, "every_ms": 1000,
                            "next_in_ms": None, "objection": None}


# --- what it waits for ------------------------------------------------------

def test_holds_while_requests_wait(due, peer):
    """Says why, once, and goes on when they have gone."""
    assert DUE in due.order("status")
    assert "    %s\n" % DUE in due.order("explain")
    assert plan(due) == {"steps": STEPS, "step": 1, "every_ms": 1000,
                         "next_in_ms": 0, "objection": WAITING}
    assert "the canary's next step waits: " + WAITING in due.order("log")
    peer.wait_more(20)
    assert (percent(due), len(due.facts("canary"))) == (5, 1)
    peer.metrics = jruby.figures()
    due.wait_fact("order", by=ITSELF, new=step_text(50))


def test_holds_without_figures(usherd, peer):
    peer.metrics = jruby.missing
    usherd.order(*PLAN, "--every", "1s")
    usherd.wait_fact("canary", text="the next step waits: the last probe has "
                     "not seen how busy it is (HTTP status 404)")
    peer.wait_more(10)
    assert percent(usherd) == 5
    peer.metrics = jruby.figures()
    wait_percent(usherd, 50)


def test_force_while_it_holds(due):
    due.order(*NEXT, "--force")
    assert plan(due)["step"] == 2
    wait_until(lambda: len(due.facts("canary")) == 2, due.log)
    assert percent(due) == 25


# --- only time in service counts --------------------------------------------

def test_drained(usherd):
    usherd.order(*PLAN, "--every", "1s")
    usherd.order("drain")
    wait_moment(usherd, 3)
    assert (percent(usherd), left_ms(usherd)) == (5, None)
    assert "next step: 25%, in service for 1s" in usherd.order("status")
    usherd.order("auto", "--state")
    wait_percent(usherd, 50)


def test_a_drain_begins_it_anew(hourly):
    before = left_ms(hourly)
    hourly.order("drain")
    wait_until(lambda: left_ms(hourly) is None, lambda: "%s" % plan(hourly))
    hourly.order("auto", "--state")
    assert wait_left(hourly) > before


def test_dead(usherd, peer):
    usherd.order(*PLAN, "--every", "1s")
    peer.refuse()
    usherd.wait_reply("fail .*")
    step = percent(usherd)
    wait_moment(usherd, 3)
    assert (percent(usherd), left_ms(usherd)) == (step, None)
    peer.listen()
    wait_percent(usherd, 50)


def test_force_while_drained(site):
    """Only a person's word makes the weight of a drained server rise."""
    haproxy = site.haproxy()
    site.usherd.order(*PLAN, "--every", "10s")
    site.usherd.order("drain")
    haproxy.wait_is("puppet1", **{**DRAIN, "weight": 5})
    wait_objection(site.usherd, "an order keeps the server out of service")
    site.usherd.order(*NEXT, "--force")
    haproxy.wait_is("puppet1", **{**DRAIN, "weight": 25})


# --- that it lasts ----------------------------------------------------------

def test_a_reload_keeps_the_time(hourly):
    before = left_ms(hourly)
    hourly.order("reload")
    assert left_ms(hourly) <= before
    assert plan(hourly)["step"] == 1


def test_a_restart_begins_the_time_anew(hourly):
    """A plan that was given long ago is not due at once."""
    before = left_ms(hourly)
    hourly.kill()
    path = hourly.state / "state.json"
    state = json.loads(path.read_text())
    state["servers"]["puppet1"]["ceiling"]["since"] -= 2 * 3600
    path.write_text(json.dumps(state))
    hourly.start()
    assert wait_left(hourly) > before
    assert (percent(hourly), plan(hourly)["every_ms"]) == (5, HOUR_MS)


def test_killed_while_it_holds(due, peer):
    """Begins its time anew, then holds again."""
    due.kill()
    due.start()
    due.wait_reply("up ready 5% .*")
    assert not due.facts("canary")
    due.wait_fact("canary", text="the next step waits: " + WAITING)
    assert percent(due) == 5
    peer.metrics = jruby.figures()
    wait_percent(due, 50)


def percent_on_disk(usherd):
    state = json.loads((usherd.state / "state.json").read_text())
    return state["servers"]["puppet1"]["ceiling"]["percent"]


@pytest.mark.parametrize("step", [5, 25, 50])
def test_killed_at_each_step(site, step):
    """And goes on from there."""
    haproxy = site.haproxy()
    site.usherd.order(*PLAN, "--every", "1s")
    wait_until(lambda: percent_on_disk(site.usherd) >= step, site.usherd.log)
    reached = percent_on_disk(site.usherd)
    site.restart()
    assert percent(site.usherd) >= reached
    assert site.usherd.status()["ceiling"]["reason"] == WHY
    haproxy.wait_is("puppet1", **{**UP, "weight": 50})
