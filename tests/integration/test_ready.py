"""`ready`: usherd gives back to HAProxy what it took.

Each test is a trap: HAProxy keeps a drain until somebody says `ready`, also
when it hasn't heard that the drain has ended.
"""

import pytest

import peer as peers
from balanced import DOWN, DRAIN, ONE, POLICIES, TAKEN, TWO, UP
from waiting import wait_for_clock

# --- what is taken is given back --------------------------------------------

@pytest.mark.parametrize("ready", POLICIES)
@pytest.mark.parametrize("order", TAKEN)
def test_an_order_and_auto(start_site, ready, order):
    site = start_site(ready)
    haproxy = site.haproxy()
    site.usherd.order(order)
    haproxy.wait_is("puppet1", **POLICIES[ready][order])
    site.usherd.order("auto")
    haproxy.wait_is("puppet1", **UP)


@pytest.mark.parametrize("order", ["drain", "maint"])
def test_an_order_that_runs_out(site, order):
    haproxy = site.haproxy()
    site.usherd.order(order, "--for", "6s")
    haproxy.wait_is("puppet1", **TAKEN[order])
    haproxy.wait_is("puppet1", **UP)


@pytest.mark.parametrize("order", ["drain", "maint"])
def test_an_order_that_another_replaces(site, order):
    haproxy = site.haproxy()
    site.usherd.order(order)
    haproxy.wait_is("puppet1", **TAKEN[order])
    site.usherd.order("down")
    haproxy.wait_is("puppet1", **DOWN)
    site.usherd.order("up", "--for", "1h")
    haproxy.wait_is("puppet1", **UP)


def test_stopping_is_a_drain_too(site, peer):
    haproxy = site.haproxy()
    peer.behaviour = peers.stopping
    haproxy.wait_is("puppet1", **DRAIN)
    peer.behaviour = peers.running
    haproxy.wait_is("puppet1", **UP)


def test_a_server_that_dies_while_drained(site, peer):
    """`fail` with a debt names `ready`: no old drain is left behind it."""
    haproxy = site.drained()
    peer.refuse()
    haproxy.wait_is("puppet1", status="DOWN (agent)", adm=8)
    site.usherd.order("auto")
    haproxy.wait_is("puppet1", **DOWN)
    peer.listen()
    haproxy.wait_is("puppet1", **UP)


def test_a_drain_leaves_the_weight(site):
    haproxy = site.haproxy()
    site.usherd.order("weight", "10%")
    haproxy.wait_is("puppet1", **{**UP, "weight": 10})
    site.usherd.order("drain")
    haproxy.wait_is("puppet1", **{**DRAIN, "weight": 10})
    site.usherd.order("auto", "--state")
    haproxy.wait_is("puppet1", **{**UP, "weight": 10})


def test_auto_mends_a_server_that_is_stuck(site):
    """Whoever left it so, and though usherd knows of no debt."""
    haproxy = site.haproxy()
    haproxy.set_state("puppet1", "drain")
    site.stays(haproxy, **DRAIN)
    site.usherd.order("auto")
    haproxy.wait_is("puppet1", **UP)


def test_a_debt_outlasts_the_change_to_never(site, peer, config_for):
    haproxy = site.drained()
    site.usherd.configure(config_for(
        peer, usher_agent_listen="127.0.0.1:%d" % site.usherd.agent_port,
        usher_ready="never"))
    site.usherd.order("reload")
    haproxy.wait_is("puppet1", weight=0)
    site.usherd.order("auto")
    haproxy.wait_is("puppet1", **UP)


# --- HAProxy that doesn't hear it -------------------------------------------

@pytest.mark.parametrize("limit", [[], ["--for", "5s"]], ids=["auto", "for"])
def test_paused_through_the_end_of_a_drain(site, limit):
    """While another one, at another address, hears `ready` all the time."""
    two = site.haproxy(source=TWO)
    one = site.drained(*limit)
    two.wait_is("puppet1", **DRAIN)
    one.pause()
    if not limit:
        site.usherd.order("auto")
    two.wait_is("puppet1", **UP)
    site.usherd.wait_polled(TWO)
    one.resume()
    one.wait_is("puppet1", **UP)


def test_cut_off_through_a_whole_drain(site):
    two, one = site.haproxy(source=TWO), site.haproxy()
    one.pause()
    site.usherd.order("drain")
    two.wait_is("puppet1", **DRAIN)
    site.usherd.order("auto")
    two.wait_is("puppet1", **UP)
    one.resume()
    site.stays(one, **UP)


def test_told_before_the_end_of_usherd(site):
    """The order goes on, and ends after the next start."""
    haproxy = site.drained()
    site.restart()
    site.usherd.order("auto")
    haproxy.wait_is("puppet1", **UP)


@pytest.mark.parametrize("end", ["end", "kill"])
def test_an_order_that_runs_out_while_usherd_is_off(site, end):
    """At once after HAProxy knows: nothing may depend on a later write."""
    haproxy = site.drained("--for", "6s")
    until = site.usherd.status()["state"]["until"]
    getattr(site.usherd, end)()
    wait_for_clock(until)
    haproxy.wait_is("puppet1", agent="L4CON", **DRAIN)
    site.usherd.start()
    haproxy.wait_is("puppet1", **UP)


def test_a_volatile_order_that_ends_with_usherd(site):
    haproxy = site.haproxy()
    site.usherd.order("drain", "--volatile")
    haproxy.wait_is("puppet1", **DRAIN)
    site.usherd.end()
    site.usherd.start()
    haproxy.wait_is("puppet1", **UP)


def test_a_debt_outlasts_usherd(site):
    """HAProxy is paused from before the end of the drain until usherd has been
    killed and started again.
    """
    haproxy = site.drained()
    haproxy.pause()
    site.usherd.order("auto")
    site.restart()
    assert site.usherd.pollers()[ONE]["ready_owed"] is True
    haproxy.resume()
    haproxy.wait_is("puppet1", **UP)


def test_reload_with_states_from_a_drain_that_ended_meanwhile(site):
    """usherd is frozen while it reloads: so it is seen to have read them."""
    haproxy = site.drained()
    haproxy.save(haproxy.states())
    site.usherd.order("auto")
    haproxy.wait_is("puppet1", **UP)
    site.usherd.pause()
    haproxy.reload()
    haproxy.wait_is("puppet1", **DRAIN)
    site.usherd.resume()
    haproxy.wait_is("puppet1", **UP)


def test_killed_while_drained_and_started_later(site):
    haproxy = site.drained()
    states = haproxy.states()
    haproxy.kill()
    site.usherd.order("auto")
    haproxy = site.haproxy(states=states)
    haproxy.wait_is("puppet1", **UP)


def test_a_new_address_after_a_drain(site):
    """A balancer that has moved brings its states with it."""
    states = site.drained().states()
    site.usherd.order("auto")
    moved = site.haproxy(source=TWO, states=states)
    moved.wait_is("puppet1", **UP)
    assert site.usherd.pollers()[TWO]["ready_owed"] is True


def test_a_new_address_after_a_drain_and_a_restart(site):
    site.drained()
    site.usherd.order("auto")
    site.restart()
    moved = site.haproxy("disabled", source=TWO)
    moved.wait_is("puppet1", op=2)


@pytest.mark.parametrize("damage", [b"", b'{"version": 1, "serv', b"[]"],
                         ids=["empty", "cut", "list"])
def test_a_damaged_file_gives_to_all(site, damage):
    haproxy = site.drained()
    haproxy.pause()
    site.usherd.order("auto")
    site.usherd.end()
    (site.usherd.state / "state.json").write_bytes(damage)
    site.usherd.start()
    haproxy.resume()
    haproxy.wait_is("puppet1", **UP)
    assert site.usherd.pollers()[ONE]["ready_owed"] is True
