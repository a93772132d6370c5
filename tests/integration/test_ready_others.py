"""`ready`: what others have set in HAProxy, in the register of usherd's drain,
is left alone; and the lines of each policy.
"""

import shutil

import pytest

from balanced import DRAIN, MAINT, ONE, TAKEN, UP
from haproxy import server_line
from usherd import ME
from waiting import wait_until

# --- what others have set ---------------------------------------------------

@pytest.mark.parametrize("ready", ["auto", "never"])
@pytest.mark.parametrize("state", ["maint", "drain"])
def test_what_haproxys_admin_sets_stays(start_site, ready, state):
    site = start_site(ready)
    haproxy = site.haproxy()
    haproxy.set_state("puppet1", state)
    site.stays(haproxy, **TAKEN[state])


@pytest.mark.parametrize("state", ["maint", "drain"])
def test_what_haproxys_admin_sets_is_cancelled_by_always(start_site, state):
    site = start_site("always")
    haproxy = site.haproxy()
    haproxy.set_state("puppet1", state)
    haproxy.wait_is("puppet1", **UP)


def test_auto_says_no_ready_under_never(start_site):
    """Nothing was taken, so `usherctl auto` gives nothing back either."""
    site = start_site("never")
    haproxy = site.haproxy()
    haproxy.set_state("puppet1", "maint")
    site.usherd.order("drain")
    haproxy.wait_is("puppet1", last_agt="via agent : up (drain by %s)" % ME)
    site.usherd.order("auto")
    site.stays(haproxy, **MAINT)


def freeze(site, haproxy):
    site.usherd.pause()
    haproxy.wait_is("puppet1", agent="L7TOUT")
    site.usherd.resume()


def end(site, haproxy):
    site.usherd.end()
    haproxy.wait_is("puppet1", agent="L4CON")
    site.usherd.start()


def kill(site, haproxy):
    site.usherd.kill()
    haproxy.wait_is("puppet1", agent="L4CON")
    site.usherd.start()


def lose_the_disk(site, haproxy):
    """As on a host that was installed anew."""
    site.usherd.kill()
    shutil.rmtree(site.usherd.state)
    haproxy.wait_is("puppet1", agent="L4CON")
    site.usherd.start()


@pytest.mark.parametrize("ready", ["auto", "never"])
@pytest.mark.parametrize("silence", [freeze, end, kill, lose_the_disk])
def test_haproxys_maint_outlasts_a_silence(start_site, ready, silence):
    site = start_site(ready)
    haproxy = site.haproxy()
    haproxy.set_state("puppet1", "maint")
    silence(site, haproxy)
    site.usherd.wait_fact("verdict", **{"is": "up"})
    site.stays(haproxy, **MAINT)


@pytest.mark.parametrize("ready", ["auto", "never"])
def test_a_disabled_line_stays_so_on_a_first_start(start_site, ready):
    site = start_site(ready)
    haproxy = site.haproxy("disabled")
    # 4: the configuration says so, besides 1.
    site.stays(haproxy, status="MAINT", adm=5, op=0)


def test_a_disabled_line_is_enabled_by_always(start_site):
    haproxy = start_site("always").haproxy("disabled")
    haproxy.wait_is("puppet1", status="no check", op=2)


def test_a_debt_is_of_one_server(start_peer, start_usherd, start_haproxy,
                                 config_for):
    pair = [start_peer(), start_peer()]
    usherd = start_usherd(config_for(*pair, usher_ready="auto"))
    haproxy = start_haproxy(*(
        server_line(name, peer.address, usherd.agent_port,
                    "agent-send", name + "\\n", "source", ONE)
        for name, peer in zip(("puppet1", "puppet2"), pair)))
    haproxy.wait_is("puppet1", last_agt="via agent : up")
    haproxy.set_state("puppet2", "maint")
    usherd.order("drain", "puppet1", "--for", "6s", "--force")
    haproxy.wait_is("puppet1", **DRAIN)
    haproxy.wait_is("puppet1", **UP)
    usherd.wait_polled(ONE, "puppet2")
    assert haproxy.state("puppet2")["adm"] == 1
    assert usherd.pollers("puppet1")[ONE]["ready_owed"] is True
    assert usherd.pollers("puppet2")[ONE]["ready_owed"] is False


def test_a_debt_is_paid(site):
    """And then HAProxy's admin has the register again."""
    haproxy = site.drained()
    site.usherd.order("auto")
    wait_until(lambda: not site.usherd.pollers()[ONE]["ready_owed"],
               lambda: site.usherd.pollers(), 120)
    haproxy.set_state("puppet1", "maint")
    site.stays(haproxy, **MAINT)
    site.restart()
    site.usherd.wait_fact("verdict", **{"is": "up"})
    site.stays(haproxy, **MAINT)


# --- the lines --------------------------------------------------------------

LINES = {
    "auto": ["up 100%", "up drain 100% # drain by " + ME,
             "up maint 100% # maint by " + ME, "stopped ready 100%.*",
             "up ready 10% # weight by " + ME, "up ready 100%"],
    "always": ["up ready 100%", "up drain 100% # drain by " + ME,
               "up maint 100% # maint by " + ME, "stopped ready 100%.*",
               "up ready 10% # weight by " + ME, "up ready 100%"],
    "never": ["up 100%", "up 0% # drain by " + ME, "up 0% # maint by " + ME,
              "stopped 0% # down by " + ME, "up 10% # weight by " + ME,
              "up 100%"],
}
ORDERS = [["auto"], ["drain"], ["maint"], ["down"], ["weight", "10%"],
          ["auto"]]


@pytest.mark.parametrize("ready", LINES)
def test_lines(peer, start_usherd, config_for, ready):
    """As one poller hears them, one after the other."""
    usherd = start_usherd(config_for(peer, usher_ready=ready))
    usherd.wait_reply(LINES[ready][0])
    for words, line in zip(ORDERS[1:], LINES[ready][1:]):
        if words[0] == "weight":
            usherd.order("auto", "--state")
        usherd.order(*words)
        usherd.wait_reply(line)


@pytest.mark.parametrize("ready, line", [
    ("auto", "fail 100%"), ("always", "fail ready 100%"),
    ("never", "fail 0%")])
def test_lines_of_a_dead_server(peer, start_usherd, config_for, ready, line):
    peer.refuse()
    usherd = start_usherd(config_for(peer, usher_ready=ready))
    usherd.wait_reply(line + " # connection refused")


def test_the_policy_is_reloaded(peer, start_usherd, config_for):
    usherd = start_usherd(config_for(peer, usher_ready="auto"))
    usherd.wait_reply("up 100%")
    usherd.configure(config_for(peer, usher_ready="always"))
    usherd.order("reload")
    usherd.wait_reply("up ready 100%")
