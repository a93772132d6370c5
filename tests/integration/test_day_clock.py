"""The wall clock is set by an hour or a year, forth and back: for usherd and
one of two HAProxys, as on a host that has both.
"""

import pytest

from balanced import ONE, TWO
from canaries import PLAN, STEPS, percent, plan
from day import DRAIN, IN
from follower import following
from usherd import ME
from waiting import wait_until
from wallclock import WallClock
from watched import Balancer

HOUR = 3600
YEAR = 366 * 24 * HOUR
JUMPS = pytest.mark.parametrize("jump", [HOUR, -HOUR, YEAR, -YEAR], ids=[
    "hour-forth", "hour-back", "year-forth", "year-back"])
P1 = "puppet1"
MIN = 10


class Host:
    """usherd and HAProxys, and the clock.  A year on or back the certificate
    is out of date, which usherd sees at a full handshake, as after a restart.
    """

    def __init__(self, clock, usherd, peer, balancers):
        self.clock = clock
        self.usherd = usherd
        self.peer = peer
        self.balancers = balancers

    def restart(self):
        self.usherd.kill()
        self.usherd.start()

    def wait_shown(self, fields):
        for balancer in self.balancers:
            balancer.wait_is(P1, **fields)

    def wait_heeded(self):
        """Some replies more, and some probes."""
        self.peer.wait_more(3)
        for balancer in self.balancers:
            balancer.wait_answered(P1, 3)

    def jump(self, seconds):
        """The clock is set, usherd killed and started, the clock set right;
        what is said meanwhile is heeded.
        """
        self.clock.set(seconds)
        self.wait_heeded()
        self.restart()
        self.wait_heeded()
        self.clock.set(0)
        self.wait_heeded()

    def shares(self):
        """Each weight that it is routed to with from now on, as iterator."""
        marks = [len(balancer.polls) for balancer in self.balancers]
        return lambda: {poll.share for balancer, mark in
                        zip(self.balancers, marks)
                        for poll in balancer.polls[mark:]}


@pytest.fixture
def start(tmp_path, start_peer, port, start_usherd, config_for, cleanup):
    clock = WallClock(tmp_path)

    def start(**options):
        peer = start_peer()
        usherd = start_usherd(config_for(
            peer, usher_ready=None, usher_agent_listen="127.0.0.1:%d"
            % port.number, **options), wrap=clock.wrap)
        balancers = [Balancer(port.number, source, {P1: peer.address}, env)
                     for source, env in ((ONE, clock.env), (TWO, None))]
        for balancer in balancers:
            cleanup.callback(balancer.stop)
        host = Host(clock, usherd, peer, balancers)
        usherd.wait_fact("verdict", **{"is": "up"})
        host.wait_shown(IN)
        return host
    return start


@pytest.fixture
def host(start):
    return start()


def ended_once(host):
    by_itself = {"by": "usherd (it has run out)"}
    host.usherd.wait_fact("order", **by_itself)
    return len(host.usherd.facts("order", **by_itself)) == 1


# --- orders -----------------------------------------------------------------

@JUMPS
@pytest.mark.parametrize("limit", [[], ["--for", "800d"]],
                         ids=["no-end", "end"])
def test_a_drain_stands(host, jump, limit):
    host.usherd.order("drain", *limit)
    before = host.usherd.status()["state"]
    host.wait_shown(DRAIN)
    shares = host.shares()
    host.jump(jump)
    assert shares() == {0}
    assert host.usherd.status()["state"] == before
    host.usherd.order("auto")
    host.wait_shown(IN)


@pytest.mark.parametrize("jump", [HOUR, YEAR], ids=["hour", "year"])
@pytest.mark.parametrize("killed", [False, True], ids=["running", "killed"])
def test_an_end_is_a_moment_of_the_clock(host, jump, killed):
    """Passed by a jump, it is over; and stays so when the clock goes back."""
    host.usherd.order("drain", "--for", "30m")
    host.wait_shown(DRAIN)
    if killed:
        host.usherd.kill()
    host.clock.set(jump)
    if killed:
        host.usherd.start()
    host.wait_shown({"adm": 0})
    assert ended_once(host)
    host.jump(0)
    host.wait_shown(IN)


@pytest.mark.parametrize("jump", [HOUR, YEAR], ids=["hour", "year"])
def test_an_order_given_while_the_clock_was_wrong(host, jump):
    """Ahead by so much: its end comes as much later once that is mended."""
    host.clock.set(jump)
    host.usherd.order("drain", "--for", "30m")
    host.wait_shown(DRAIN)
    shares = host.shares()
    host.jump(0)
    assert shares() == {0}
    assert "drain by %s for 0s, ends in " % ME in host.usherd.order("status")
    host.clock.set(jump + 1800)
    host.wait_shown(IN)


def test_debts_outlast_a_year(host):
    """One that doesn't hear of the end of a drain, and the year goes by."""
    one = host.balancers[0]
    host.usherd.order("drain")
    host.wait_shown(DRAIN)
    one.pause()
    host.usherd.order("auto")
    host.clock.set(YEAR)
    host.restart()
    one.resume()
    host.wait_shown({"adm": 0})
    host.clock.set(0)
    host.wait_shown(IN)


# --- what runs by itself ----------------------------------------------------

@JUMPS
def test_canary(host, jump):
    """--every counts time in service, not what a clock shows."""
    host.usherd.order(*PLAN, "--every", "1h")
    host.wait_shown({**IN, "weight": STEPS[0]})
    shares = host.shares()
    host.jump(jump)
    assert max(shares()) == STEPS[0]
    assert 0 < plan(host.usherd)["next_in_ms"] <= HOUR * 1000


@JUMPS
def test_canary_goes_on(host, jump):
    host.clock.set(jump)
    host.usherd.order(*PLAN, "--every", "1s")
    wait_until(lambda: percent(host.usherd) >= STEPS[1], host.usherd.log)
    host.clock.set(0)
    wait_until(lambda: percent(host.usherd) == STEPS[2], host.usherd.log)


@JUMPS
def test_ramp(start, jump):
    host = start(ramp="1h", min_weight=MIN)
    host.peer.refuse()
    host.wait_shown({"op": 0})
    host.peer.listen()
    host.wait_shown({**IN, "weight": MIN})
    shares = host.shares()
    host.clock.set(jump)
    host.wait_heeded()
    host.clock.set(0)
    host.wait_heeded()
    assert shares() == {MIN}


@pytest.mark.parametrize("jump", [YEAR, -YEAR], ids=["forth", "back"])
def test_drain_that_is_waited_for(host, jump):
    """--wait and --timeout measure time; a clock says nothing about it."""
    with following(host.usherd, "drain", "--wait", "--settle", "2s",
                   "--timeout", "1h") as drain:
        drain.wait_line("delivered to 2 HAProxies")
        host.clock.set(jump)
        assert drain.finish().code == 0


# --- what the clock decides -------------------------------------------------

@pytest.mark.parametrize("jump", [YEAR, -YEAR], ids=["forth", "back"])
def test_certificate(host, jump):
    """By such a clock it has ended, or not begun: usherd says so, and takes
    the server back once the clock is right.
    """
    host.clock.set(jump)
    host.usherd.order("probe")
    host.wait_shown({"op": 0})
    host.usherd.wait_fact("verdict", **{"is": "fail", "word": "expired"})
    host.restart()
    host.wait_heeded()
    host.wait_shown({"op": 0})
    host.clock.set(0)
    host.wait_shown(IN)


@pytest.mark.parametrize("jump", [HOUR, -HOUR], ids=["forth", "back"])
def test_certificate_within_its_time(host, jump):
    shares = host.shares()
    host.clock.set(jump)
    host.usherd.order("probe")
    host.wait_heeded()
    assert shares() == {100}
