"""usherd stops for 30 s, as a host does that is moved or saved: what HAProxy
makes of it, with haproxy/tcp.cfg as it is, and what usherd says when it goes
on.
"""

import threading
import time

import pytest

import endless
import peer as peers
from haproxy import HAProxy
from ports import ReservedPort
from usherd import ME, ROOT, read_all
from waiting import wait_until

P1, P2 = "puppet1.example.com", "puppet2.example.com"
FREEZE_S = 30
DRAINED = "drain by " + ME
OUT = {"adm": 8}


class Watcher:
    """What HAProxy has of the servers, change by change, and since when."""

    def __init__(self, haproxy):
        self.haproxy = haproxy
        self.changes = {P1: [], P2: []}
        self.over = threading.Event()
        self.thread = threading.Thread(target=self.run, daemon=True)
        self.thread.start()

    def run(self):
        while not self.over.wait(0.05):
            for server, changes in self.changes.items():
                state = self.haproxy.state(server)
                if not changes or state != changes[-1][1]:
                    changes.append((time.monotonic(), state))

    def first(self, server, after, **fields):
        """When it was like that first."""
        return wait_until(
            lambda: next((at for at, state in list(self.changes[server])
                          if at >= after and fields.items() <= state.items()),
                         None), lambda: "%s" % self.changes[server])

    def stop(self):
        self.over.set()
        self.thread.join()


class Site:
    """Two Puppet Servers, usherd for both with its defaults, and HAProxy."""

    def __init__(self, pki, start_peer, start_usherd, config_for, cleanup):
        self.peers = [start_peer(ctx=peers.context(pki.identity(name)))
                      for name in (P1, P2)]
        self.ports = [ReservedPort(), ReservedPort()]
        for port in self.ports:
            cleanup.callback(port.close)
        config = config_for(*self.peers, usher_ready=None, **dict.fromkeys(
            ["tls_name", "interval", "fast_interval", "timeout", "rise",
             "fall"]))
        for name, old, port in zip((P1, P2), ("puppet1", "puppet2"),
                                   self.ports):
            config["server " + name] = {
                **config.pop("server " + old),
                "tls-name": name, "agent-listen": "127.0.0.1:%d" % port.number}
        self.usherd = start_usherd(config)
        self.haproxy = HAProxy(self.text(), "puppetserver",
                               self.environment(pki))
        cleanup.callback(self.haproxy.stop)
        self.watcher = Watcher(self.haproxy)
        cleanup.callback(self.watcher.stop)

    def text(self):
        """haproxy/tcp.cfg; sockets in place of addresses."""
        text = (ROOT / "haproxy" / "tcp.cfg").read_text()
        return text.replace("${PUPPET_BIND}", "unix@{folder}/front").replace(
            "${HAPROXY_SOCKET}", "{folder}/stats")

    def environment(self, pki):
        return {"PUPPET1": self.peers[0].address,
                "PUPPET2": self.peers[1].address,
                "USHER1_PORT": str(self.ports[0].number),
                "USHER2_PORT": str(self.ports[1].number),
                "PUPPET_CA": pki.ca_file}

    def polls(self):
        """One of each server, from somewhere else, to be answered later."""
        return [self.usherd.connect(port.number) for port in self.ports]


@pytest.fixture
def site(pki, start_peer, start_usherd, config_for, cleanup):
    return Site(pki, start_peer, start_usherd, config_for, cleanup)


def text_of(poll):
    with poll:
        return read_all(poll).decode()


def stand_still(usherd, seconds, polls):
    """Stops usherd for so long.  What it says to polls() that have come
    meanwhile, and when it went on.
    """
    began = time.monotonic()
    usherd.pause()
    came = polls()
    wait_until(lambda: time.monotonic() > began + seconds, "", 2 * seconds)
    resumed = time.monotonic()
    usherd.resume()
    return [text_of(poll) for poll in came], resumed


def test_half_a_minute(site, figure):
    """Who is drained stays so; who dies goes, by HAProxy's own check; what ran
    out is over from the first reply on, and no reply is of a verdict so old.
    """
    usherd, haproxy, dying = site.usherd, site.haproxy, site.peers[1]
    haproxy.wait_is(P2, status="UP")  # its own check has ended too
    usherd.order("drain", P1)
    usherd.order("weight", "50%", P2, "--for", "20s")
    haproxy.wait_is(P1, **OUT)
    haproxy.wait_is(P2, weight=50)
    dying.refuse()
    began = time.monotonic()
    said, resumed = stand_still(usherd, FREEZE_S, site.polls)
    assert said == ["drain 100%% # %s\n" % DRAINED, "# no verdict yet\n"]
    first = site.watcher.first
    silent, gone, told = (
        first(P1, began, agent="L7TOUT"), first(P2, began, op=0),
        first(P2, resumed, status="DOWN (agent)", weight=100))
    first(P1, resumed, agent="L7OK")
    assert silent < resumed and gone < resumed
    changes = site.watcher.changes[P1]
    assert all(state["adm"] == 8 for at, state in changes if at > began)
    assert not usherd.facts("polls"), usherd.log()
    dying.listen()
    haproxy.wait_is(P2, status="UP")
    figure("usherd stood still for %d s: polls were lost after %.1f s, HAProxy "
           "found the dead server after %.1f s; told %.2f s after the end"
           % (FREEZE_S, silent - began, gone - began, told - resumed))


def test_a_probe_under_way(peer, start_usherd, config_for):
    """Its deadline passes while nobody looks: that makes no server busy."""
    usherd = start_usherd(config_for(peer, timeout="2s"))
    usherd.wait_reply("up ready 100%")
    peer.behaviour = endless.silent
    peer.wait_more()
    said, _ = stand_still(usherd, 4, lambda: [usherd.connect()])
    peer.behaviour = peers.running
    assert said == ["up ready 100%\n"]
    usherd.wait_fact("probe", word="internal")
    usherd.wait_fact("probe", word="ok")
    assert len(usherd.facts("verdict")) == 1, usherd.log()
