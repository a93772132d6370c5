"""A day at a site, step by step: what the operator or Puppet Server does, and
what HAProxy has to make of it, whatever breaks meanwhile.
"""

import contextlib
import datetime
import json
import time
from typing import Callable, NamedTuple

import peer as peers
from canaries import NEXT, PLAN
from waiting import wait_for_clock, wait_until
from watched import Watched

P1, P2 = "puppet1", "puppet2"  # what is done is done to P1
# As HAProxy has a server: admin state, operational state, weight.
IN, DRAIN, DOWN = ({"adm": 0, "op": 2, "weight": 100},
                   {"adm": 8, "op": 2, "weight": 100},
                   {"adm": 0, "op": 0, "weight": 100})
DEAD_DRAIN = {"adm": 8, "op": 0, "weight": 100}


class Step(NamedTuple):
    name: str
    do: Callable  # with the Day
    most: int     # the weight that usher is told to let it have at most
    shown: dict   # what each HAProxy comes to have of it
    meanwhile: Callable = None  # what time brings while something is broken


def is_in(shown):
    return ((shown["adm"], shown.get("op")) == (0, 2) and
            shown["weight"] > 0)


def order(*words):
    return lambda day: day.usherd.order(*words, P1)


def leave(day):
    day.peer.refuse()


def serve(behaviour):
    """What Puppet Server says from now on."""
    def do(day):
        day.peer.behaviour = behaviour
        if day.peer.listener is None:
            day.peer.listen()
    return do


def go_on(day):
    """With --force: after a restart its figures may not be there yet."""
    day.usherd.order(*NEXT, "--force", P1)


def back_from_hold(day):
    """That it has left is on disk: the hold ends after any restart."""
    wait_until(lambda: day.on_disk()["hold"]["left"], "it has not left")
    serve(peers.running)(day)


def drain_for_a_while(day):
    day.usherd.order("drain", P1, "--for", "10s")
    day.until = day.usherd.status(P1)["state"]["until"]
    day.wait_shown(DRAIN)


def wait_for_its_end(day):
    wait_for_clock(day.until)


def weight(percent):
    return {**IN, "weight": percent}


SCRIPT = [
    Step("the day begins", lambda day: None, 100, IN),
    Step("drain", order("drain", "-m", "kernel", "--for", "8h"), 0, DRAIN),
    Step("Puppet Server stops, drained", leave, 0, DEAD_DRAIN),
    Step("it starts, drained", serve(peers.starting), 0, DEAD_DRAIN),
    Step("it runs, drained", serve(peers.running), 0, DRAIN),
    Step("auto", order("auto"), 100, IN),
    Step("canary", order(*PLAN), 5, weight(5)),
    Step("canary --next", go_on, 25, weight(25)),
    Step("Puppet Server crashes", leave, 25, {**DOWN, "weight": 25}),
    Step("it is back", serve(peers.running), 25, weight(25)),
    Step("maint", order("maint", "-m", "disks"), 0, {"adm": 1}),
    Step("auto again", order("auto"), 100, IN),
    Step("down", order("down"), 0, DOWN),
    Step("drain after down", order("drain"), 0, DRAIN),
    Step("auto after drain", order("auto"), 100, IN),
    Step("weight 0%", order("weight", "0%"), 0, weight(0)),
    Step("auto after weight", order("auto"), 100, IN),
    Step("hold", order("hold"), 0, DRAIN),
    Step("Puppet Server stops, held", leave, 0, DEAD_DRAIN),
    Step("it is back, held", back_from_hold, 100, IN),
    Step("drain that runs out", drain_for_a_while, 0, IN,
         wait_for_its_end),
]


class Day:
    """usherd, the Puppet Server that things happen to, and the HAProxys."""

    def __init__(self, usherd, peer, one, two):
        self.usherd = usherd
        self.peer = peer
        self.one = one  # what breaks an HAProxy breaks this one
        self.two = two  # and this one watches
        self.clients = []  # of each
        self.until = None

    @property
    def balancers(self):
        return self.one, self.two

    def end(self):
        """When what was ordered last runs out, as time.monotonic() has it."""
        if self.until is None:
            return float("inf")
        end = datetime.datetime.fromisoformat(self.until.rstrip("Z") +
                                              "+00:00")
        return time.monotonic() + end.timestamp() - time.time()

    def on_disk(self):
        text = (self.usherd.state / "state.json").read_text()
        return json.loads(text)["servers"][P1]

    def watched(self, since, until):
        """By each of the two."""
        return [Watched(clients, P1, since, until)
                for clients in self.clients]

    def wait_shown(self, fields):
        for balancer in self.balancers:
            balancer.wait_is(P1, **fields)

    def wait_answered(self, more):
        """Each HAProxy has been answered so often, in its present life."""
        for balancer in self.balancers:
            balancer.wait_answered(P1, more)


# --- what breaks ------------------------------------------------------------

@contextlib.contextmanager
def usherd_killed(day):
    day.usherd.kill()
    yield
    day.usherd.start()


@contextlib.contextmanager
def haproxy_killed(day):
    day.one.kill()
    yield
    day.one.launch()


@contextlib.contextmanager
def haproxy_reloaded(day):
    yield
    day.one.reload()


@contextlib.contextmanager
def both_killed(day):
    """usherd comes back last: until then HAProxy has nobody to ask."""
    day.usherd.kill()
    day.one.kill()
    yield
    day.one.launch()
    day.usherd.start()


def with_states(fault):
    """HAProxy goes on with what it knew when it broke."""
    @contextlib.contextmanager
    def strike(day):
        day.one.save(day.one.states())
        with fault(day):
            yield
        day.one.forget()
    return strike


FAULTS = {
    "usherd-killed": usherd_killed,
    "haproxy-killed": haproxy_killed,
    "haproxy-killed-states": with_states(haproxy_killed),
    "haproxy-reloaded": haproxy_reloaded,
    "haproxy-reloaded-states": with_states(haproxy_reloaded),
    "both-killed": both_killed,
    "both-killed-states": with_states(both_killed),
}
