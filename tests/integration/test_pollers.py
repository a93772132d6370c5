"""Who polls: what `usherctl pollers`, `status` and the log say of it."""

import json
import re

import pytest

from balanced import DRAIN, ONE, TWO, UP
from haproxy import server_line
from usherd import ME
from waiting import wait_until

TIME = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ")
SILENT = "has not polled for 3 of its usual intervals"


@pytest.fixture
def alone(peer, start_usherd, config_for):
    """An usherd with the shipped policy that nobody has polled yet."""
    usherd = start_usherd(config_for(peer, usher_ready=None))
    usherd.wait_fact("verdict", **{"is": "up"})
    return usherd


def as_json(usherd, *words):
    return json.loads(usherd.order(*words, "-j"))


def warnings(usherd):
    """What `status -j` warns of; the text must say so too, in any lines."""
    status = as_json(usherd, "status")
    said = status["warnings"] + [
        w for server in status["servers"] for w in server["warnings"]]
    text = " ".join(usherd.order("status").split())
    return [w for w in said if "warning: " + w in text]


def wait_warning(usherd, *parts, deadline=60):
    """Until there is one with all of these parts."""
    wait_until(lambda: any(all(part in warning for part in parts)
                           for warning in warnings(usherd)),
               lambda: "%s, but %s" % (parts, usherd.order("status")),
               deadline)


def wait_no_warning(usherd):
    def none():
        status = as_json(usherd, "status")
        return "warning: " not in usherd.order("status") and not (
            status["warnings"] + status["servers"][0]["warnings"])

    wait_until(none, lambda: usherd.order("status"))


# --- the table --------------------------------------------------------------

def test_two_haproxys(site):
    """Each is an address of its own, and what it was told is kept apart."""
    one, two = site.haproxy(), site.haproxy(source=TWO)
    pollers = site.usherd.pollers()
    assert sorted(pollers) == [ONE, TWO]
    for poller in pollers.values():
        assert TIME.fullmatch(poller["last_poll"])
        assert poller["longest_gap_ms"] >= poller["interval_ms"] > 0
        assert (poller["live"], poller["told"], poller["ready_owed"]) == (
            True, "in", False)
    one.pause()
    site.usherd.order("drain")
    two.wait_is("puppet1", **DRAIN)
    site.usherd.wait_poller(TWO, lambda p: p["told"] == "drain")
    assert site.usherd.pollers()[ONE]["told"] == "in"
    site.usherd.order("auto")
    assert site.usherd.pollers()[TWO]["ready_owed"] is True
    one.resume()
    one.wait_is("puppet1", **UP)


def test_pollers_json(site):
    site.haproxy()
    shown = as_json(site.usherd, "pollers")
    assert shown["version"] == 1 and TIME.fullmatch(shown["time"])
    assert (shown["refused_polls"], shown["refused_last"]) == (0, None)
    server, = shown["servers"]
    assert (server["name"], server["ready"]) == ("puppet1", "auto")
    poller, = server["pollers"]
    assert set(poller) == {
        "address", "live", "last_poll", "interval_ms", "longest_gap_ms",
        "polls", "told", "ready_owed"}


def test_pollers_for_people(site):
    site.haproxy()
    text = site.usherd.order("pollers")
    assert ONE in text and text.isascii()
    assert max(map(len, text.splitlines())) <= 100
    assert "POLLED" in site.usherd.order("status")


def test_nobody_yet(alone):
    assert alone.pollers() == {}
    assert alone.status()["last_poll"] is None
    assert alone.order("pollers")


@pytest.mark.parametrize("ready", ["auto", "always", "never"])
def test_the_policy_is_shown(peer, start_usherd, config_for, ready):
    usherd = start_usherd(config_for(peer, usher_ready=ready))
    server, = as_json(usherd, "pollers")["servers"]
    assert server["ready"] == ready


def test_one_poll_is_no_poller_to_wait_for(alone):
    """Somebody who looked once, as with nc."""
    alone.poll()
    poller, = alone.pollers().values()
    assert (poller["polls"], poller["live"]) == (1, False)
    assert poller["interval_ms"] is None
    assert TIME.fullmatch(alone.status()["last_poll"])


@pytest.mark.parametrize("words, told", [
    (["drain"], "drain"), (["maint"], "maint"), (["down"], "out"),
    (["weight", "0%"], "out"), (["weight", "1%"], "in"),
    (["up", "--for", "1h"], "in")], ids="-".join)
def test_told(alone, words, told):
    alone.order(*words)
    alone.poll()
    assert alone.pollers()["127.0.0.1"]["told"] == told


def test_told_nothing(start_usherd, peer, config_for, tmp_path):
    """`# no verdict yet` changes nothing in HAProxy."""
    config = config_for(peer, usher_ready=None,
                        ca_file=str(tmp_path / "not-there.pem"))
    usherd = start_usherd(config)
    assert usherd.reply().startswith("# ")
    assert usherd.pollers()["127.0.0.1"]["told"] == "none"


def test_paused_is_not_live(site):
    haproxy = site.haproxy()
    site.usherd.wait_poller(ONE, lambda p: p["live"])
    haproxy.pause()
    site.usherd.wait_poller(ONE, lambda p: not p["live"])
    haproxy.resume()
    site.usherd.wait_poller(ONE, lambda p: p["live"])


@pytest.mark.parametrize("end", ["end", "kill"])
def test_survives_a_restart(site, end):
    """HAProxy is paused: what is shown is what was known before."""
    haproxy = site.drained()
    site.usherd.order("auto")
    haproxy.wait_is("puppet1", **UP)
    site.usherd.order("drain")
    haproxy.wait_is("puppet1", **DRAIN)
    haproxy.pause()
    site.usherd.order("auto")
    getattr(site.usherd, end)()
    site.usherd.start()
    poller = site.usherd.pollers()[ONE]
    assert (poller["polls"], poller["live"]) == (0, False)
    assert poller["ready_owed"] is True
    haproxy.resume()
    site.usherd.wait_poller(ONE, lambda p: p["live"] and p["told"] == "in")


def test_several_servers(start_peer, start_usherd, start_haproxy, config_for):
    pair = [start_peer(), start_peer()]
    usherd = start_usherd(config_for(*pair, usher_ready=None))
    start_haproxy(server_line("puppet1", pair[0].address, usherd.agent_port,
                              "agent-send puppet1\\n source", ONE))
    usherd.wait_poller(ONE, lambda p: p["live"], "puppet1")
    assert usherd.pollers("puppet2") == {}
    assert usherd.reply(b"nosuch\n") == "# unknown server"
    assert list(usherd.pollers("puppet1")) == [ONE]
    shown, = as_json(usherd, "pollers", "puppet2")["servers"]
    assert shown["name"] == "puppet2"
    assert "puppet1" not in usherd.order("pollers", "puppet2")


def test_the_table_is_bounded(alone):
    """A place that is owed isn't given away; who has none gets `ready`."""
    hosts = ["127.0.3.%d" % n for n in range(1, 65)]
    alone.order("drain")
    for host in 3 * hosts:  # who polls once is not missed
        assert alone.poll(source=host).startswith(b"up drain 100% ")
    alone.order("auto")
    for n in range(1, 10):
        assert alone.poll(source="127.0.4.%d" % n) == b"up ready 100%\n"
    assert sorted(alone.pollers()) == sorted(hosts)
    assert alone.poll(source=hosts[0]) == b"up ready 100%\n"


# --- warnings ---------------------------------------------------------------

def test_a_poller_that_stops(site):
    """The log says it once, and when it is back; status while it is so."""
    haproxy = site.haproxy()
    wait_no_warning(site.usherd)
    haproxy.pause()
    site.usherd.wait_fact("polls", level="warn", server="puppet1",
                          poller=ONE, text=SILENT)
    wait_warning(site.usherd, ONE)
    haproxy.resume()
    site.usherd.wait_fact("polls", level="info", server="puppet1",
                          poller=ONE, text="polls again")
    wait_no_warning(site.usherd)
    assert len(site.usherd.facts("polls", text=SILENT)) == 1


def test_a_poller_of_before_the_restart_that_stays_away(site):
    haproxy = site.haproxy()
    haproxy.pause()
    site.usherd.end()
    site.usherd.start()
    site.usherd.wait_fact("polls", level="warn", poller=ONE, text=SILENT)
    wait_warning(site.usherd, ONE)


def test_nobody_polls(alone):
    alone.wait_log('warn polls server=puppet1 text="nobody has polled yet"',
                   120)
    wait_warning(alone, "polled")
    alone.poll()
    wait_no_warning(alone)


def test_polls_from_outside_allow(peer, start_usherd, config_for):
    usherd = start_usherd(config_for(
        peer, usher_ready=None, usher_allow="127.0.0.1 127.0.0.2"))
    usherd.wait_fact("verdict", **{"is": "up"})
    assert usherd.poll() == b"up 100%\n"
    wait_no_warning(usherd)
    for source in ("127.0.0.9", "127.0.0.8", "127.0.0.8"):
        assert usherd.poll(source=source) == b""
    shown = as_json(usherd, "pollers")
    assert (shown["refused_polls"], shown["refused_last"]) == (3, "127.0.0.8")
    assert list(usherd.pollers()) == ["127.0.0.1"]
    assert "127.0.0.8" in usherd.order("pollers")
    wait_warning(usherd, "127.0.0.8")


def test_a_damaged_file_is_warned_of(alone):
    alone.end()
    alone.state.mkdir(exist_ok=True)
    (alone.state / "state.json").write_text("{")
    alone.start()
    wait_warning(alone, "state.json.bad")
    alone.order("drain")
    alone.wait_reply("up drain 100% # drain by " + ME)
