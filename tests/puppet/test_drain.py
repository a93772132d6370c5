"""`--wait` and a real Puppet Server with two JRubies, both compiling for
agents that came through HAProxy.

Each test goes on where the one before it ended, because a start takes long:
they run in the order of this file, and all of them.
"""

import contextlib
import copy

import pytest

from balanced import DRAIN, ONE, UP
from farm import CATALOG_SECONDS
from follower import following
from haproxy import GENERATED, HAProxy, server_line
from ports import HOST, ReservedPort
from puppetserver import CERTNAME, DEADLINE, PuppetServer
from usherd import Usherd
from waiting import wait_until

STANDS = "; the order stays in force\n"


class Site:
    """A Puppet Server, an usherd, and an HAProxy with a port for agents."""

    def __init__(self, model, folder, cleanup):
        self.puppet = PuppetServer(folder / "puppetserver", jrubies=2)
        cleanup.callback(self.puppet.stop)
        self.puppet.setup_like(model)
        self.usherd = Usherd(folder, self.config())
        cleanup.callback(self.usherd.stop)
        self.front = ReservedPort()
        cleanup.callback(self.front.close)
        self.haproxy = HAProxy(self.haproxy_config())
        cleanup.callback(self.haproxy.stop)
        # For the agents: the same server at HAProxy's port.
        self.balanced = copy.copy(self.puppet)
        self.balanced.port = self.front.number

    def address(self):
        return "%s:%d" % (HOST, self.puppet.port)

    def config(self):
        return {
            "usher": {"agent-listen": HOST + ":0", "ready": None},
            "server puppet1": {
                "address": self.address(), "tls-name": CERTNAME,
                "ca-file": self.puppet.ca_file,
                "crl-file": self.puppet.crl_file,
                "interval": "500ms", "fast-interval": "200ms"},
        }

    def haproxy_config(self):
        """With time for a catalog."""
        line = server_line("puppet1", self.address(), self.usherd.agent_port,
                           "source", ONE)
        return GENERATED.replace("10s", "10m").replace(
            "unix@{folder}/front", "%s:%d" % (HOST, self.front.number)
        ).replace("{servers}", line)

    def up(self):
        self.haproxy.wait("puppet1", lambda state: all(
            state[key] == value for key, value in UP.items()), DEADLINE)

    def compile_two(self):
        """Two catalogs that are being compiled."""
        self.up()
        catalogs = [self.balanced.catalog(CATALOG_SECONDS) for _ in range(2)]
        wait_until(lambda: self.puppet.requests() == (2, 0),
                   lambda: "\n".join(map(str, catalogs)), DEADLINE)
        return catalogs


@pytest.fixture(scope="module")
def site(model, tmp_path_factory):
    with contextlib.ExitStack() as stack:
        site = Site(model, tmp_path_factory.mktemp("drain"), stack)
        site.puppet.start()
        site.puppet.wait_running()
        yield site


def finish(catalogs):
    for catalog in catalogs:
        catalog.join(DEADLINE)
    assert [c.status for c in catalogs] == [200, 200], list(map(str, catalogs))


def test_drain_waits_for_both(site):
    catalogs = site.compile_two()
    with following(site.usherd, "drain", "--wait") as waiter:
        waiter.wait_line("puppet1: delivered to 1 HAProxy")
        waiter.wait_line("puppet1: 2 requests running, 0 waiting")
        site.haproxy.wait_is("puppet1", **DRAIN)
        assert all(c.is_alive() for c in catalogs)
        said = waiter.finish(DEADLINE)
        assert not any(c.is_alive() for c in catalogs)
    assert (said.code, said.err) == (0, ""), said
    assert said.out.endswith("puppet1: 0 requests running, 0 waiting")
    finish(catalogs)
    assert site.puppet.requests() == (0, 0)
    site.haproxy.wait_is("puppet1", **DRAIN)
    site.usherd.order("auto")


def test_timeout(site):
    catalogs = site.compile_two()
    said = site.usherd.ctl("drain", "--wait", "--timeout", "5s")
    assert all(c.is_alive() for c in catalogs)
    assert said.code == 6
    assert said.err.endswith("2 requests running, 0 waiting" + STANDS), said
    finish(catalogs)
    site.haproxy.wait_is("puppet1", **DRAIN)
    assert site.usherd.status()["state"]["order"] == "drain"
    site.usherd.order("auto")


def test_hold_over_a_reload(site):
    """What a restart hook does, with catalogs under way: none is lost."""
    catalogs = site.compile_two()
    with following(site.usherd, "hold", "--wait") as waiter:
        assert waiter.finish(DEADLINE).code == 0, waiter
    finish(catalogs)
    site.puppet.hup()
    site.puppet.wait_closed()
    site.puppet.wait_running()
    with following(site.usherd, "wait", "serving") as waiter:
        assert waiter.finish(DEADLINE).code == 0, waiter
    site.usherd.wait_fact("order", by="usherd (the server is back)")
    site.up()
