"""Each reply that a probe alone produces, and what a real HAProxy takes from
it: status, weight, admin state (8 is drain) and operational state (2 is up).
"""

import re
import signal
import time

import pytest

import endless
import peer as peers
from haproxy import server_line
from ports import HOST, ReservedPort
from usherd import read_all
from waiting import wait_until

UP = {"status": "no check", "weight": 100, "adm": 0, "op": 2}
DRAIN = {"status": "DRAIN (agent)", "weight": 100, "adm": 8, "op": 2}
DOWN = {"status": "DOWN (agent)", "weight": 100, "adm": 0, "op": 0}
BUSY_LIMIT = {"timeout": "1s", "busy_limit": "4s"}


@pytest.fixture
def farm(peer, start_usherd, start_haproxy, config_for):
    """One peer, its usherd, and the HAProxy that polls it."""
    def start(**options):
        usherd = start_usherd(config_for(peer, **options))
        haproxy = start_haproxy(
            server_line("puppet1", peer.address, usherd.agent_port))
        return peer, usherd, haproxy
    return start


def via(text):
    return "via agent : " + text


def test_up(farm):
    peer, usherd, haproxy = farm()
    haproxy.wait_is("puppet1", agent="L7OK", last_agt=via("up"), **UP)
    assert usherd.reply() == "up ready 100%"
    fact = usherd.wait_fact("verdict", **{"is": "up"})
    assert fact.level == "info"
    assert (fact.get("was"), fact.get("word")) == ("none", "ok")


def test_refused_and_back(farm):
    peer, usherd, haproxy = farm()
    haproxy.wait_is("puppet1", last_agt=via("up"), **UP)
    peer.refuse()
    haproxy.wait_is("puppet1", last_agt=via("fail (connection refused)"),
                    **DOWN)
    assert usherd.reply() == "fail ready 100% # connection refused"
    peer.listen()
    haproxy.wait_is("puppet1", last_agt=via("up"), **UP)


@pytest.mark.parametrize("behaviour, status", [
    (peers.starting, "starting"),
    (peers.not_found, "starting: no status page (404)"),
])
def test_not_there_yet(farm, behaviour, status):
    peer, usherd, haproxy = farm()
    haproxy.wait_is("puppet1", last_agt=via("up"), **UP)
    peer.behaviour = behaviour
    haproxy.wait_is("puppet1", last_agt=via("down (%s)" % status), **DOWN)
    assert usherd.reply() == "down ready 100% # " + status
    peer.behaviour = peers.running
    haproxy.wait_is("puppet1", last_agt=via("up"), **UP)


def test_stopping_drains_and_comes_back(farm):
    peer, usherd, haproxy = farm()
    haproxy.wait_is("puppet1", last_agt=via("up"), **UP)
    peer.behaviour = peers.stopping
    haproxy.wait_is("puppet1", last_agt=via("up (stopping)"), **DRAIN)
    assert usherd.reply() == "up drain 100% # stopping"
    peer.refuse()
    haproxy.wait_is("puppet1", last_agt=via("fail (connection refused)"),
                    **DOWN)
    peer.behaviour = peers.running
    peer.listen()
    haproxy.wait_is("puppet1", last_agt=via("up"), **UP)


@pytest.mark.parametrize("behaviour, word", [
    (endless.silent, "busy"),
    (endless.silent_after_tls, "busy"),
    (peers.unknown, "unknown"),
])
def test_busy_stays_up_until_its_limit(farm, behaviour, word):
    peer, usherd, haproxy = farm(**BUSY_LIMIT)
    haproxy.wait_is("puppet1", last_agt=via("up"), **UP)
    peer.behaviour = behaviour
    haproxy.wait_is("puppet1", last_agt=via("up (busy)"), **UP)
    fact = usherd.wait_fact("verdict", **{"is": "busy"})
    assert fact.get("reply") == "up ready 100% # busy"
    haproxy.wait_is("puppet1", **DOWN)
    fact = usherd.wait_fact("verdict", **{"is": "fail"})
    assert (fact.get("was"), fact.get("word")) == ("busy", word)
    peer.behaviour = peers.running
    haproxy.wait_is("puppet1", last_agt=via("up"), **UP)


def test_busy_that_ends_in_time_is_never_failed(farm):
    peer, usherd, haproxy = farm(timeout="1s", busy_limit="60s")
    haproxy.wait_is("puppet1", last_agt=via("up"), **UP)
    peer.behaviour = endless.silent
    haproxy.wait_is("puppet1", last_agt=via("up (busy)"), **UP)
    peer.wait_more(5)
    peer.behaviour = peers.running
    haproxy.wait_is("puppet1", last_agt=via("up"), **UP)
    assert not usherd.facts("verdict", **{"is": "fail"})


def test_no_verdict_changes_nothing(peer, cleanup, start_usherd,
                                    start_haproxy, config_for):
    """A drain that HAProxy's own CLI made survives polls without a verdict;
    the first verdict brings `ready`.
    """
    port = ReservedPort()
    cleanup.callback(port.close)
    haproxy = start_haproxy(server_line("puppet1", peer.address, port.number))
    haproxy.wait_is("puppet1", agent="L4CON")
    haproxy.order("set server puppet/puppet1 state drain")
    peer.behaviour = endless.silent
    usherd = start_usherd(config_for(
        peer, usher_agent_listen="%s:%d" % (HOST, port.number),
        timeout="1s", fall=100))
    # It was polled, and heard no word about state.
    haproxy.wait_is("puppet1", agent="CHECKED", last_agt="", **DRAIN)
    assert usherd.reply() == "# no verdict yet"
    peer.behaviour = peers.running
    haproxy.wait_is("puppet1", last_agt=via("up"), **UP)


def test_first_answer_counts_at_once(farm):
    peer, usherd, haproxy = farm(rise=100, fall=100)
    haproxy.wait_is("puppet1", last_agt=via("up"), **UP)


def test_first_refusal_counts_at_once(peer, start_usherd, config_for):
    peer.refuse()
    usherd = start_usherd(config_for(peer, rise=100, fall=100))
    usherd.wait_reply("fail ready 100% # connection refused")


def test_first_silence_needs_fall(peer, start_usherd, config_for):
    peer.behaviour = endless.silent
    usherd = start_usherd(config_for(peer, timeout="300ms", fall=4))
    usherd.wait_reply("fail ready 100% # connected, but no answer in time")
    assert peer.counts["connections"] >= 4


def test_fall_and_rise_are_counted(peer, start_usherd, config_for):
    usherd = start_usherd(config_for(peer, rise=5, fall=4))
    usherd.wait_reply("up ready 100%")
    before = peer.counts["connections"]
    peer.behaviour = peers.server_error
    usherd.wait_reply("fail ready 100% # unexpected HTTP answer")
    assert peer.counts["connections"] >= before + 4
    before = peer.counts["connections"]
    peer.behaviour = peers.running
    usherd.wait_reply("up ready 100%")
    assert peer.counts["connections"] >= before + 5


def test_a_lone_bad_answer_is_no_verdict(peer, start_usherd, config_for):
    usherd = start_usherd(config_for(peer, fall=3))
    usherd.wait_reply("up ready 100%")
    bad = [peers.server_error, peers.server_error]

    def mostly_running(conn):
        (bad.pop() if bad else peers.running)(conn)

    peer.behaviour = mostly_running
    usherd.wait_fact("probe", word="http")
    peer.wait_more(4, "resumed")
    assert usherd.reply() == "up ready 100%"
    assert not usherd.facts("verdict", **{"is": "fail"})


def test_forbidden_is_alive(farm):
    peer, usherd, haproxy = farm()
    haproxy.wait_is("puppet1", last_agt=via("up"), **UP)
    peer.behaviour = peers.forbidden
    fact = usherd.wait_fact("probe", word="forbidden")
    assert fact.level == "warn" and "auth.conf" in fact.get("text")
    peer.wait_more(6)
    assert haproxy.wait_is("puppet1", **UP)
    assert usherd.reply().startswith("up ready 100%")
    assert len(usherd.facts("probe", word="forbidden")) == 1


def test_stale_verdict(peer, start_usherd, config_for):
    """usherd stood still, as on a host that was suspended: what it knew is
    too old to be said again, also to a poll that waited for it.
    """
    # Stale after 3 * (100 + 500) ms.
    usherd = start_usherd(config_for(peer, timeout="500ms", fall=100,
                                     busy_limit="60s"))
    usherd.wait_reply("up ready 100%")
    peer.behaviour = endless.silent
    usherd.wait_reply("up ready 100% # busy")
    usherd.process.send_signal(signal.SIGSTOP)
    with usherd.connect() as sock:
        end = time.monotonic() + 2
        wait_until(lambda: time.monotonic() > end, "time goes by")
        usherd.process.send_signal(signal.SIGCONT)
        assert read_all(sock) == b"# no verdict yet\n"
    usherd.wait_fact("verdict", **{"is": "none", "was": "busy"})
    peer.behaviour = peers.running
    usherd.wait_reply("up ready 100%")


def test_a_usherd_that_ends_leaves_haproxy_as_it_is(peer, start_usherd,
                                                    start_haproxy,
                                                    config_for):
    usherd = start_usherd(config_for(peer))
    peer.behaviour = peers.stopping
    haproxy = start_haproxy(
        server_line("puppet1", peer.address, usherd.agent_port))
    haproxy.wait_is("puppet1", last_agt=via("up (stopping)"), **DRAIN)
    usherd.stop()
    haproxy.wait_is("puppet1", agent="L4CON", **DRAIN)


def whom(haproxy):
    """Which peer a client of HAProxy reaches: the first byte that it says."""
    with haproxy.connect("front") as sock:
        return read_all(sock).decode()


def test_work_goes_where_it_is_wanted(start_peer, cleanup, start_usherd,
                                      start_haproxy, config_for):
    """Clients reach the servers in service, and no other."""
    one, two = start_peer(), start_peer()
    backs = [start_peer(lambda c, n=n: (c.send(n), c.leave()))
             for n in (b"1", b"2")]
    usherd = start_usherd(config_for(one, two))
    haproxy = start_haproxy(*(
        server_line("puppet%d" % i, back.address, usherd.agent_port,
                    r'agent-send "puppet%d\n"' % i)
        for i, back in enumerate(backs, 1)))
    for name in ("puppet1", "puppet2"):
        haproxy.wait_is(name, last_agt=via("up"), **UP)
    assert {whom(haproxy) for _ in range(4)} == {"1", "2"}
    for behaviour, state in ((peers.stopping, DRAIN), (peers.starting, DOWN)):
        one.behaviour = behaviour
        haproxy.wait_is("puppet1", **state)
        haproxy.wait_is("puppet2", **UP)
        assert {whom(haproxy) for _ in range(4)} == {"2"}
    one.behaviour = peers.running
    haproxy.wait_is("puppet1", **UP)
    assert {whom(haproxy) for _ in range(4)} == {"1", "2"}


# --- what usherd asks -------------------------------------------------------

def test_what_is_asked(peer, start_usherd, config_for):
    usherd = start_usherd(config_for(peer))
    usherd.wait_reply("up ready 100%")
    request = peer.requests[0]
    assert request.target == "GET /status/v1/simple HTTP/1.1"
    # Puppet Server refuses a Host that isn't what SNI said.
    assert request.headers["host"] == request.sni == "puppet.test"
    assert "accept-encoding" not in request.headers


LEGACY = b'{"is_alive":%s,"version":"3.8.7"}'


def test_legacy_check(start_peer, start_usherd, config_for):
    peer = start_peer(peers.simple("200 OK", LEGACY % b"true"))
    usherd = start_usherd(config_for(peer, check="legacy"))
    usherd.wait_reply("up ready 100%")
    assert peer.requests[0].target == "GET /production/status/no_key HTTP/1.1"
    peer.behaviour = peers.simple("200 OK", LEGACY % b"false")
    usherd.wait_reply("fail ready 100% # .+")


@pytest.mark.parametrize("name, reply", [
    ("keepalive-simple.http", "up ready 100%"),
    ("running-simple.http", "up ready 100%"),
    ("v8-running-simple.http", "up ready 100%"),
    ("stopping-simple.503.http", "fail ready 100% # unexpected HTTP answer"),
    ("keepalive-simple-404.http",
     "down ready 100% # starting: no status page (404)"),
])
def test_recorded_answers(start_peer, start_usherd, config_for, name, reply):
    """What a real Puppet Server sent, byte for byte."""
    peer = start_peer(peers.recorded(name))
    start_usherd(config_for(peer)).wait_reply(re.escape(reply))


@pytest.mark.parametrize("answer", [
    peers.chunked("200 OK", b"running"),
    peers.until_close("200 OK", b"running"),
    peers.sized("200 OK", b"running"),
    peers.head("100 Continue") + peers.chunked("200 OK", b"running"),
], ids=["chunked", "until-close", "length", "after-100"])
@pytest.mark.parametrize("cut", [1 << 20, 1], ids=["whole", "by-byte"])
def test_framings(start_peer, start_usherd, config_for, answer, cut):
    def behave(conn):
        conn.tls()
        conn.request()
        for i in range(0, len(answer), cut):
            conn.send(answer[i:i + cut])
        conn.close()

    start_usherd(config_for(start_peer(behave))).wait_reply("up ready 100%")


# --- resumption -------------------------------------------------------------

def test_hundred_probes_make_one_full_handshake(start_peer, pki, start_usherd,
                                                config_for):
    """By session ID alone, without which tickets could hide a fault."""
    peer = start_peer(ctx=peers.session_ids_only(pki.good))
    usherd = start_usherd(config_for(peer))
    wait_until(lambda: len(peer.requests) >= 100,
               lambda: "100 probes: %s\n%s" % (peer.counts, usherd.log()),
               90)
    assert peer.counts["full"] == 1, peer.counts
    assert usherd.reply() == "up ready 100%"


def test_a_server_that_forgot_is_asked_in_full(start_peer, pki, start_usherd,
                                               config_for):
    peer = start_peer(ctx=peers.session_ids_only(pki.good))
    usherd = start_usherd(config_for(peer, fall=1))
    peer.wait_more(3, "resumed")
    # A new context is a restarted server: it knows no session.
    peer.context = peers.session_ids_only(pki.good)
    peer.wait_more(1, "full")
    peer.wait_more(1, "resumed")
    assert usherd.reply() == "up ready 100%"
    assert not usherd.facts("verdict", **{"is": "fail"})
