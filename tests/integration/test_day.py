"""A whole day, and at each step of it something breaks: HAProxy never routes
more to a server than usher has been told to let it have, but for one poll
after the first that follows.
"""

import ssl
import time

import pytest

import day as days
import peer as peers
from balanced import ONE, TWO
from day import IN, P1, P2, SCRIPT, Day
from pki import NAME
from watched import Balancer, Clients


def der(identity):
    with open(identity.cert) as file:
        return ssl.PEM_cert_to_DER_cert(file.read())


@pytest.fixture
def day(pki, start_peer, port, start_usherd, config_for, cleanup):
    ids = {name: pki.identity(NAME) for name in (P1, P2)}
    farm = {name: start_peer(ctx=peers.context(i)) for name, i in ids.items()}
    usherd = start_usherd(config_for(
        *farm.values(), usher_ready=None,
        usher_agent_listen="127.0.0.1:%d" % port.number))
    addresses = {name: peer.address for name, peer in farm.items()}
    day = Day(usherd, farm[P1], *(Balancer(port.number, source, addresses)
                                  for source in (ONE, TWO)))
    names = {der(identity): name for name, identity in ids.items()}
    for balancer in day.balancers:
        cleanup.callback(balancer.stop)
        day.clients.append(Clients(balancer, names))
        cleanup.callback(day.clients[-1].stop)
    day.wait_shown(IN)
    return day


class Figures:
    """The worst that was seen, of one fault over a day."""

    def __init__(self):
        self.polls = self.seconds = self.watched = 0

    def add(self, step, watched):
        polls = [1 + heard for _, heard in watched.over(step.most)]
        self.polls = max([self.polls] + polls)
        self.seconds = max(self.seconds, watched.seconds(step.most))
        self.watched += len(watched.polls)

    def __str__(self):
        return ("routed to for at most %d poll%s and %.2f s; %d polls watched"
                % (self.polls, "" if self.polls == 1 else "s", self.seconds,
                   self.watched))


def check(step, watched):
    """What was said to this HAProxy holds from the next poll on."""
    assert not [p for p, heard in watched.over(step.most) if heard > 0], (
        step.name, watched.polls)
    if step.most == 0:
        assert watched.served() == [], (step.name, watched.polls)


def strike(day, step, fault, figures):
    since, until = time.monotonic(), day.end()
    with fault(day):
        if step.meanwhile:
            step.meanwhile(day)
    day.wait_shown(step.shown)
    day.wait_answered(2)
    seen = day.watched(since, until)
    for watched in seen:
        figures.add(step, watched)
        check(step, watched)
    return seen


def take(day, step, fault, figures):
    """Something breaks before HAProxy can know of the step, and again when it
    knows.
    """
    step.do(day)
    strike(day, step, fault, figures)
    if step.meanwhile:
        return
    lives = [balancer.life for balancer in day.balancers]
    for life, watched in zip(lives, strike(day, step, fault, figures)):
        assert not [p for p, _ in watched.over(step.most) if p.life == life]
        if days.is_in(step.shown):
            assert all(p.share > 0 for p in watched.polls), watched.polls
            if step.most == 100:
                watched.clients.wait_served(P1)


@pytest.mark.parametrize("fault", days.FAULTS)
def test_day(day, figure, fault):
    figures = Figures()
    for step in SCRIPT:
        take(day, step, days.FAULTS[fault], figures)
    for balancer in day.balancers:
        assert all(p.share > 0 for p in balancer.of(P2)), balancer.of(P2)
    figure(str(figures))
