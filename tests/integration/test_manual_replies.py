"""The tables of replies in usherd(8) and usher.conf(5): a real usherd comes to
say each of them.  (What HAProxy makes of those in usher-protocol(7) is in
test_protocol_manual.py.)
"""

import re

import pytest

import endless
import jruby
import manual
import peer as peers
from manual import P1, P2
from usherd import ME

pytest_plugins = ["manual_site"]  # start_pages
HASTY = {"timeout": "1s", "busy_limit": "1h"}
RAMP = {"ramp": "1h", "min_weight": 30}
LOADED = jruby.figures(4, borrowed=4, waiting=1)
WAITED = jruby.figures(4, borrowed=4, waiting=1, waited_ms=10001)
ONE_OF_FOUR = jruby.figures(4, borrowed=1, free=0)


class Play:
    """What happens to a server, which behaves so from the beginning."""

    def __init__(self, *acts, behaviour=peers.running, metrics=None,
                 names=(P1,), **options):
        self.acts, self.names, self.options = acts, names, options
        self.behaviour, self.metrics = behaviour, metrics

    def prepare(self, peer):
        peer.behaviour = self.behaviour
        peer.metrics = self.metrics or peer.metrics

    def run(self, start_pages):
        site = start_pages(*self.names, prepare=self.prepare, **self.options)
        for act in self.acts:
            act(site)
        return site.usherd


# --- acts -------------------------------------------------------------------

def order(*words, by="alice"):
    def act(site):
        site.usherd.order(*words, env={"SUDO_USER": by} if by != ME else {})
    return act


def up(site):
    site.wait_up()


def gone(site):
    site.peer().refuse()
    site.usherd.wait_fact("verdict", **{"is": "fail"})


def back(site):
    site.peer().listen()


def slow(site):
    site.peer().behaviour = endless.silent_after_tls


def told(site):
    site.usherd.wait_reply(".* drain .*")


DISK = ["-m", "new disk"]
DRAIN = order("drain", *DISK)
NO_VERDICT = {"behaviour": endless.silent, "timeout": "1m"}
PLAYS = {
    "# no verdict yet": Play(**NO_VERDICT),
    "up 100%": Play(),
    "up ready 100%": Play(up, DRAIN, told, order("auto")),
    "up 100% # busy": Play(up, slow, **HASTY),
    "down 100% # starting": Play(behaviour=peers.starting),
    "fail 100% # connection refused": Play(up, gone),
    "up drain 100% # stopping": Play(behaviour=peers.stopping),
    "up drain 100% # drain by alice: new disk": Play(DRAIN),
    "up drain 100% # hold by root: restart": Play(
        order("hold", "-m", "restart", by="root")),
    "fail drain 100% # connection refused": Play(up, DRAIN, gone),
    "drain 100% # drain by alice: new disk": Play(DRAIN, **NO_VERDICT),
    "up maint 100% # maint by alice": Play(order("maint")),
    "stopped 100% # down by alice": Play(order("down")),
    "up 100% # up by alice": Play(order("up", "--for", "1h")),
    "up ready 100% # release by alice": Play(order("release")),
    "up 10% # weight by alice": Play(order("weight", "10%")),
    "up 40% # load": Play(metrics=LOADED, weight="jruby"),
    "up 1% # a request has waited for over 10s": Play(
        metrics=WAITED, weight="jruby"),
    "up 30% # ramp after coming back": Play(up, gone, back, **RAMP),
    # The ramp is past that after two seconds, and the eight last for longer.
    "up 25% # JRubies are still being built": Play(
        up, gone, back, metrics=ONE_OF_FOUR, ramp="8s"),
    "up 1% # busy": Play(up, slow, weight="jruby", **HASTY),
    "# unknown server": Play(names=(P1, P2)),
    "up 0% # drain by alice: new disk": Play(
        up, DRAIN, usher_ready="never"),
    "up 0% # stopping": Play(behaviour=peers.stopping, usher_ready="never"),
    "fail 0% # connection refused": Play(up, gone, usher_ready="never"),
}


def shown():
    """The first column of the tables, and what is quoted beside them."""
    found = {cells[0] for page, heading in (("usherd.8", "Replies"),
                                            ("usher.conf.5", "REPLIES"))
             for cells in manual.rows(page, heading)} - {"Reply"}
    found |= {text for page in ("usherd.8", "usher.conf.5")
              for text in manual.read(page).quoted
              if re.fullmatch(r"\w.* \d+% # .+", text)}
    return sorted(found)


@pytest.mark.parametrize("reply", shown())
def test_reply(reply, start_pages):
    """One that has no play here is not known to be said."""
    PLAYS[reply].run(start_pages).wait_reply(reply)


def test_each_play_is_in_a_page():
    assert set(PLAYS) == set(shown())
