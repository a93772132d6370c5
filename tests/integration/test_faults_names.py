"""Names that can't be looked up, and many that hang for as long as the test
wants: to everybody else nothing has happened.
"""

import json
import signal
import socket

import pytest

from balanced import ONE, TWO
from faults import Faults
from polls import Polls, rss_kb
from ports import HOST
from usherd import ME
from waiting import wait_until

MOST = 256  # threads: RESOLVE_MAX
UP, UNKNOWN = "up ready 100%", "# no verdict yet"
DRAINED = "up drain 100% # drain by " + ME


@pytest.fixture
def faults(tmp_path):
    return Faults(tmp_path)


class Farm:
    """So many servers whose names may hang, with options; behind them in
    usher.conf one with another name, and one without.
    """

    def __init__(self, slow, start_peer, start_usherd, config_for, faults,
                 options):
        self.peers = [start_peer(), start_peer()]
        self.slow_peer = start_peer()
        names = ["puppet%d" % n for n in range(1, slow + 3)]
        self.slow, self.others = names[:slow], names[slow:]
        config = config_for(*[self.slow_peer] * slow, *self.peers)
        for n, name in enumerate(self.slow):
            config["server " + name] = {
                "address": "slow%d.invalid:%d" % (n, self.slow_peer.port),
                **options}
        config["server " + self.others[0]]["address"] = (
            "quick.invalid:%d" % self.peers[0].port)
        self.config = config
        self.usherd = start_usherd(config, wrap=faults.wrap)

    def wait_replies(self, names, reply):
        for name in names:
            self.usherd.wait_reply(reply, name.encode() + b"\n")

    def others_go_on(self):
        """Probes, polls, and orders, which wait for the disk."""
        self.wait_replies(self.others, UP)
        for name in self.others:
            self.usherd.order("drain", name)
            assert self.usherd.reply(name.encode() + b"\n") == DRAINED
            self.usherd.order("auto", name)
        for peer in self.peers:
            peer.wait_more(3)
        self.wait_replies(self.others, UP)

    def polls_go_on(self, cleanup, figure):
        polls = Polls(self.usherd, self.others[0], UP)
        cleanup.callback(polls.process.kill)
        self.usherd.wait_poller(HOST, lambda p: p["polls"] > 500,
                                self.others[0])
        self.peers[0].wait_more(3)
        polls.finish()
        figure("%s; RSS %d KB" % (polls, rss_kb(self.usherd)))
        polls.check()


@pytest.fixture
def start_farm(start_peer, start_usherd, config_for, faults):
    def start(slow, **options):
        return Farm(slow, start_peer, start_usherd, config_for, faults,
                    options)
    return start


@pytest.mark.parametrize("slow", [1, 4, 8, 40])
def test_names_hang_from_the_start(start_farm, faults, slow, cleanup,
                                   figure):
    """They are not known, which says nothing against the servers; then they
    are found, and after one probe each there is nothing left of it.
    """
    faults.set(look_up_hang=1)
    farm = start_farm(slow, interval="1h")
    wait_until(lambda: faults.met("look_up_hang") == slow, "a name waits")
    farm.others_go_on()
    farm.polls_go_on(cleanup, figure)
    farm.wait_replies(farm.slow, UNKNOWN)
    assert faults.met("look_up_hang") == slow
    fds = farm.usherd.fds()
    faults.set(look_up_hang=0)
    farm.wait_replies(farm.slow, UP)
    wait_until(lambda: farm.usherd.fds() <= fds, "descriptors are left")
    assert not farm.usherd.facts("probe", level="warn"), farm.usherd.log()


def test_names_hang_later(start_farm, faults):
    """The last addresses are used; who is drained stays so; a reload and the
    end don't wait for a name.
    """
    farm = start_farm(8)
    farm.wait_replies(farm.slow + farm.others, UP)
    farm.usherd.order("drain", "puppet1")
    faults.set(look_up_hang=1)
    wait_until(lambda: faults.met("look_up_hang") >= 8, "names wait")
    farm.slow_peer.wait_more(16)
    farm.others_go_on()
    farm.usherd.order("reload")
    farm.wait_replies(farm.slow[1:] + farm.others, UP)
    farm.wait_replies(farm.slow[:1], DRAINED)
    farm.usherd.end()
    farm.usherd.start()
    farm.wait_replies(farm.slow[:1], "drain 100%% # drain by %s" % ME)
    faults.set(look_up_hang=0)
    farm.wait_replies(farm.slow[:1], DRAINED)


def test_more_names_hang_than_there_are_threads(start_farm, faults, cleanup,
                                                figure):
    """Who has had an address keeps it, others wait; all is well at once when
    names are found again, and the end doesn't wait.
    """
    farm = start_farm(MOST + 8, interval="5s")
    farm.wait_replies(farm.slow + farm.others, UP)
    faults.set(look_up_hang=1)
    wait_until(lambda: faults.met("look_up_hang") >= MOST,
               lambda: "%d hang" % faults.met("look_up_hang"), deadline=120)
    farm.others_go_on()
    farm.polls_go_on(cleanup, figure)
    farm.config["server new"] = {**farm.config["server puppet1"],
                                 "address": "new.invalid:%d"
                                 % farm.slow_peer.port}
    farm.usherd.configure(farm.config)
    farm.usherd.order("reload")
    farm.slow_peer.wait_more(MOST)
    farm.wait_replies(["new"], UNKNOWN)
    farm.wait_replies(farm.slow + farm.others, UP)
    assert faults.met("look_up_hang") == MOST
    faults.set(look_up_hang=0)
    farm.wait_replies(["new"], UP)
    faults.set(look_up_hang=1)
    faults.wait_met("look_up_hang", 8)
    farm.usherd.end()


def test_no_thread_to_look_up_with(start_farm, faults):
    """It is said, and who has had an address keeps it."""
    farm = start_farm(1)
    farm.wait_replies(farm.slow + farm.others, UP)
    faults.set(thread="EAGAIN")
    farm.usherd.wait_log("puppet1.*resource temporarily unavailable")
    farm.slow_peer.wait_more(3)
    farm.wait_replies(farm.slow + farm.others, UP)
    farm.config["server new"] = {**farm.config["server puppet1"]}
    farm.usherd.configure(farm.config)
    farm.usherd.order("reload")
    farm.usherd.wait_fact("probe", server="new", word="internal")
    farm.wait_replies(["new"], UNKNOWN)
    faults.set(thread=0)
    farm.wait_replies(["new"], UP)


def test_end_while_a_name_hangs_and_a_file_is_written(start_farm, faults):
    """Who has polled is written down to the last, name or no name."""
    faults.set(look_up_hang=1)
    farm = start_farm(1)
    farm.wait_replies(farm.others, UP)
    faults.set(fsync_hang=1)
    farm.usherd.poll(b"puppet2\n", source=ONE)
    wait_until(lambda: faults.met("fsync_hang") > 0, "nothing is written")
    farm.usherd.poll(b"puppet2\n", source=TWO)
    farm.usherd.process.send_signal(signal.SIGTERM)
    farm.usherd.wait_log("ending")
    faults.set(fsync_hang=0)
    assert farm.usherd.finish() == 0, farm.usherd.log()
    state = json.loads((farm.usherd.state / "state.json").read_text())
    told = json.dumps(state["servers"]["puppet2"])
    assert ONE in told and TWO in told, state
    assert not (farm.usherd.state / "state.json.new").exists()


@pytest.mark.parametrize("error, word, reply", [
    ("EAI_AGAIN", "dns", "fail ready 100% # host name not found"),
    ("EAI_FAIL", "dns", "fail ready 100% # host name not found"),
    ("EAI_MEMORY", "internal", UNKNOWN)])
def test_look_ups_fail(start_farm, faults, error, word, reply):
    """That usherd has no memory says nothing against a server."""
    faults.set(look_up=getattr(socket, error))
    farm = start_farm(1)
    farm.usherd.wait_fact("probe", server="puppet1", word=word)
    faults.wait_met("look_up", 8)
    farm.wait_replies(farm.slow, reply)
    farm.wait_replies(farm.others[1:], UP)
    faults.set(look_up=0)
    farm.wait_replies(farm.slow + farm.others, UP)
