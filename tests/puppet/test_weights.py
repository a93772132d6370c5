"""`weight = jruby` and `ramp` with a real Puppet Server that has two JRubies,
behind HAProxys that balance by `roundrobin` and by `source`: the weight that
they show follows the rule, and recovers.

Each test goes on where the one before it ended, because a start takes long:
they run in the order of this file, and all of them.  At the end the time line
is printed, and written to weights.json beside the programs, from which
`make plots` draws.
"""

import contextlib
import copy
import json
import math
import re
import threading
from pathlib import Path

import pytest

from balanced import ONE, TWO
from farm import CATALOG_SECONDS
from haproxy import GENERATED, HAProxy, server_line
from ports import HOST, ReservedPort
from puppetserver import CERTNAME, DEADLINE, Catalog, PuppetServer
from timeline import Timeline, worth
from usherd import Usherd, binary
from waiting import wait_until

SERVER = "puppet1"
JRUBIES = 2
MIN, STEP = 5, 5
SMOOTH_SECONDS = 30
# Half of it is over before the second JRuby exists.
RAMP = "6s"
# Six agents with these wait for less than the 10 s that lead to the floor, also
# where a busy machine makes of 2 s four.
SHORT_SECONDS = 2
PROBES = 5  # enough to see that a weight stays
BALANCE = {"roundrobin": "balance roundrobin",
           "source": "balance source\n    hash-type consistent"}


class Agent(threading.Thread):
    """Asks for one slow catalog after the other."""

    def __init__(self, server):
        super().__init__(daemon=True)
        self.server = server
        self.seconds = SHORT_SECONDS
        self.done = False
        self.catalogs = []

    def run(self):
        while not self.done:
            catalog = Catalog(self.server, self.seconds)
            catalog.run()  # in this thread
            self.catalogs.append(catalog)


class WatchedUsherd(Usherd):
    def explained(self):
        return json.loads(self.order("explain", "-j"))["servers"][0]

    def wait_probes(self, more):
        """Until so many have succeeded from now on."""
        goal = len(self.facts("probe", word="ok")) + more
        wait_until(lambda: len(self.facts("probe", word="ok")) >= goal,
                   self.log, DEADLINE, 0.2)


class Front:
    """An HAProxy with a port for agents."""

    def __init__(self, balance, puppet, usherd, source, cleanup):
        port = ReservedPort()
        cleanup.callback(port.close)
        line = server_line(SERVER, "%s:%d" % (HOST, puppet.port),
                           usherd.agent_port, "source", source)
        self.haproxy = HAProxy(GENERATED.replace(
            "balance roundrobin", balance).replace("10s", "10m").replace(
            "unix@{folder}/front", "%s:%d" % (HOST, port.number)).replace(
            "{servers}", line))
        cleanup.callback(self.haproxy.stop)
        # For the agents: the same server at HAProxy's port.
        self.balanced = copy.copy(puppet)
        self.balanced.port = port.number


class Site:
    """A Puppet Server with all its JRubies, an usherd, and the HAProxys."""

    def __init__(self, model, folder, cleanup):
        self.puppet = PuppetServer(folder / "puppetserver", JRUBIES)
        cleanup.callback(self.puppet.stop)
        self.puppet.setup_like(model)
        self.puppet.ca("generate", "--certname",
                       "slow%d.test" % SHORT_SECONDS, "--ca-client", "--force")
        self.puppet.start()
        self.puppet.wait_running()
        wait_until(self.all_built, self.puppet.tail, DEADLINE)
        self.usherd = WatchedUsherd(folder, self.config())
        cleanup.callback(self.usherd.stop)
        self.fronts = {
            name: Front(balance, self.puppet, self.usherd, source, cleanup)
            for (name, balance), source in zip(BALANCE.items(), (ONE, TWO))}
        self.agents = []
        self.timeline = Timeline(
            self.puppet, self.usherd,
            {name: f.haproxy for name, f in self.fronts.items()}, SERVER)
        cleanup.callback(self.tell)

    def all_built(self):
        return self.puppet.pool()["num-free-jrubies"] == JRUBIES

    def config(self):
        return {
            "usher": {"agent-listen": HOST + ":0", "log-level": "debug",
                      "ready": None},
            "server " + SERVER: {
                "address": "%s:%d" % (HOST, self.puppet.port),
                "tls-name": CERTNAME, "ca-file": self.puppet.ca_file,
                "crl-file": self.puppet.crl_file,
                # No machine is so busy that figures come late.
                "interval": "1s", "timeout": "20s",
                "weight": "jruby", "min-weight": MIN, "ramp": RAMP},
        }

    def tell(self):
        self.timeline.stop()
        self.timeline.write(Path(binary()).parent / "weights.json",
                            jrubies=JRUBIES, ramp=RAMP)
        print("\n\n%s" % self.timeline)

    def employ(self, count):
        """So many agents at all times, by turns at each HAProxy."""
        fronts = list(self.fronts.values())
        mark = self.timeline.note(
            "%d agent%s" % (count, "s" if count > 1 else ""))
        while len(self.agents) < count:
            front = fronts[len(self.agents) % len(fronts)]
            self.agents.append(Agent(front.balanced))
            self.agents[-1].start()
        return mark

    def dismiss(self):
        """They end what they have begun."""
        mark = self.timeline.note("no more agents")
        for agent in self.agents:
            agent.done = True
        return mark

    def weights(self, since, until=None):
        """What each HAProxy has shown, one change after another."""
        return [[row[name] for row in self.timeline.rows[since:until]]
                for name in self.fronts]


@pytest.fixture(scope="module")
def site(model, tmp_path_factory):
    with contextlib.ExitStack() as stack:
        yield Site(model, tmp_path_factory.mktemp("weights"), stack)


def expected(lent, wait):
    return worth(lent, wait, JRUBIES)


def near(weight, goal):
    """Where it rests: within a step, since it moves by whole steps only."""
    return abs(weight - goal) <= STEP


def shown(site, row, right):
    """Everybody agrees, and it is right."""
    weights = {row["told"], *(row[name] for name in site.fronts)}
    return len(weights) == 1 and right(*weights)


def follows_rule(rows):
    """At all times the weight is what the rule gives for the JRubies so far,
    smoothed.  One step off is what whole steps allow; another is for the time
    between two probes, and that they are not ours.
    """
    smoothed = rows[0]["told"]
    for row, following in zip(rows, rows[1:]):
        past = following["at"] - row["at"]
        smoothed += (row["rule"] - smoothed) * (
            1 - math.exp(-past / SMOOTH_SECONDS))
        if abs(following["told"] - smoothed) > 2 * STEP:
            return False
    return True


def falls(site, count, lent, wait):
    """With so many requests HAProxy's weight falls to what the rule says, in
    steps of 5.
    """
    goal = expected(lent, wait)
    mark = site.employ(count)
    site.timeline.wait("%d lent, %d waiting" % (lent, wait), lambda row: (
        row["lent"], row["wait"]) == (lent, wait))
    site.timeline.wait("about %d" % goal, lambda row: shown(
        site, row, lambda weight: near(weight, goal)))
    for weights in site.weights(mark):
        assert weights == sorted(weights, reverse=True), site.timeline
        assert all(w % STEP == 0 for w in weights), site.timeline
    assert follows_rule(site.timeline.rows), site.timeline


def test_idle(site):
    site.timeline.wait("idle", lambda row: shown(
        site, row, lambda weight: weight == 100))
    site.usherd.wait_probes(PROBES)
    for weights in site.weights(-1):
        assert weights == [100], site.timeline


def test_one_lent(site):
    assert expected(1, 0) == 75
    falls(site, 1, lent=1, wait=0)


def test_both_lent(site):
    assert expected(2, 0) == 50
    falls(site, 2, lent=2, wait=0)


def test_four_wait(site):
    assert round(expected(2, 4), 1) == 16.7
    falls(site, 6, lent=2, wait=4)


def test_waited_for_too_long(site):
    """To the floor, and does not glide."""
    mark = site.timeline.note("%d ask for %d s" % (JRUBIES, CATALOG_SECONDS))
    for agent in site.agents[:JRUBIES]:
        agent.seconds = CATALOG_SECONDS
    there = site.timeline.wait("the floor", lambda row: shown(
        site, row, lambda weight: weight == MIN))
    for weights in site.weights(mark, there):
        assert all(near(w, expected(2, 4)) or w == MIN
                   for w in weights), site.timeline
    why = "%d%%: a request has waited for over 10s" % MIN
    wait_until(lambda: why in site.usherd.order("explain"),
               lambda: site.usherd.order("explain"))


def test_recovers(site):
    """All catalogs are made, and the weight climbs back, step by step."""
    mark = site.dismiss()
    for agent in site.agents:
        agent.join(DEADLINE)
        assert agent.catalogs and not agent.is_alive()
        assert {c.status for c in agent.catalogs} == {200}, [
            str(c) for c in agent.catalogs]
    site.timeline.wait("100 again", lambda row: shown(
        site, row, lambda weight: weight == 100))
    for weights in site.weights(mark):
        assert weights == sorted(weights), site.timeline
        assert all(w % STEP == 0 for w in weights), site.timeline
    rows = site.timeline.rows[mark:]
    climbs = next(n for n, row in enumerate(rows) if row["told"] > MIN)
    assert follows_rule(rows[climbs:]), site.timeline
    assert min(map(min, site.weights(0))) == MIN, site.timeline


def restart(site):
    site.timeline.note("SIGTERM")
    site.puppet.term()
    site.puppet.wait_exit()
    site.timeline.note("has ended")
    site.timeline.wait("nobody sends work", lambda row: not any(
        row[name] for name in site.fronts))
    mark = site.timeline.note("started")
    site.puppet.start()
    site.timeline.wait("it runs", lambda row: row["exist"])
    site.timeline.note("runs")
    return mark


def test_comes_back(site):
    """From min-weight up, and not past one of two JRubies until both exist."""
    mark = restart(site)
    told = []

    def explained():
        told.append(site.usherd.order("explain"))
        return re.search(r"the lowest of: weight order 100%, load 100%, "
                         r"ramp \d\d?%, JRubies 50%\n +\d+%: \S", told[-1])
    wait_until(explained, lambda: "%s\n%s" % (told[-1], site.timeline))
    site.timeline.wait("all built", lambda row: row["exist"] == JRUBIES)
    site.timeline.note("both JRubies")
    site.timeline.wait("100 again", lambda row: shown(
        site, row, lambda weight: weight == 100))
    site.usherd.wait_probes(PROBES)
    one = [row for row in site.timeline.rows[mark:] if row["exist"] == 1]
    assert one, site.timeline
    for name in ("told", *site.fronts):
        assert all(row[name] <= 50 for row in one), site.timeline
    for weights in site.weights(mark):
        assert weights == sorted(weights), site.timeline
        assert MIN <= min(w for w in weights if w) <= 50, site.timeline
