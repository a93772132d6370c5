"""What the tests share: a PKI per run, and peers, usherds and HAProxys that
are gone, with what they had to say checked, when the test is over.
"""

import contextlib
import functools
import os
import resource

import pytest

import haproxy as haproxy_module
import peer as peer_module
from balanced import Site
from names import Names
from pki import NAME, Pki
from played import Played
from ports import ReservedPort
from usherd import Usherd


# As usherd.service has it; some tests open more than the usual 1,024.
DESCRIPTORS = 16382


def pytest_configure(config):
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    soft = DESCRIPTORS if hard == resource.RLIM_INFINITY else min(
        DESCRIPTORS, hard)
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
    config.addinivalue_line("filterwarnings",
                            "ignore:ssl.TLSVersion:DeprecationWarning")


def pytest_terminal_summary(terminalreporter):
    """What tests have measured, a line each; also when they have passed."""
    reports = [report for outcome in ("passed", "failed")
               for report in terminalreporter.getreports(outcome)]
    figures = [(report.nodeid.rpartition("/")[2], text)
               for report in sorted(reports, key=lambda r: r.nodeid)
               for name, text in report.user_properties if name == "figure"]
    if figures:
        terminalreporter.section("figures")
    for line in figures:
        terminalreporter.line("%s: %s" % line)


@pytest.fixture
def figure(record_property):
    """Says what the test has measured: figure("0.2 % of a processor")."""
    return functools.partial(record_property, "figure")


@pytest.fixture(scope="session")
def pki(tmp_path_factory):
    return Pki(tmp_path_factory.mktemp("pki"))


@pytest.fixture
def own_pki(tmp_path):
    """One whose files a test may change."""
    folder = tmp_path / "pki"
    folder.mkdir()
    return Pki(folder)


@pytest.fixture
def names(tmp_path):
    return Names(tmp_path, os.geteuid() == 0)


@pytest.fixture
def cleanup():
    """Runs everything that is to be stopped, also after a failure of one."""
    with contextlib.ExitStack() as stack:
        yield stack


@pytest.fixture
def start_peer(pki, cleanup):
    def start(behaviour=peer_module.running, ctx=None):
        started = peer_module.Peer(ctx or peer_module.context(pki.good),
                                   behaviour)
        cleanup.callback(started.stop)
        return started
    return start


@pytest.fixture
def peer(start_peer):
    return start_peer()


@pytest.fixture
def played(cleanup):
    usherd = Played()
    cleanup.callback(usherd.close)
    return usherd


@pytest.fixture
def start_usherd(tmp_path, cleanup):
    def start(config, wrap=()):
        usherd = Usherd(tmp_path, config, wrap)
        cleanup.callback(usherd.stop)
        return usherd
    return start


@pytest.fixture
def start_haproxy(cleanup):
    """HAProxy with lines made by haproxy.server_line()."""
    def start(*lines, states=""):
        config = haproxy_module.GENERATED.replace("{servers}",
                                                  "\n".join(lines))
        haproxy = haproxy_module.HAProxy(config, states=states)
        cleanup.callback(haproxy.stop)
        return haproxy
    return start


@pytest.fixture
def config_for(pki):
    """A configuration for the peers given, quick but patient.

    The servers are puppet1, puppet2, ... in the order given.  Options are of
    [defaults]; those of [usher] begin with "usher_".
    """
    def config(*peers, **options):
        usher = {"agent-listen": "127.0.0.1:0"}
        defaults = {
            "tls-name": NAME, "ca-file": pki.ca_file, "crl-file": pki.crl_file,
            "interval": "100ms", "fast-interval": "100ms", "timeout": "10s",
            "rise": 1, "fall": 2,
        }
        for key, value in options.items():
            section = usher if key.startswith("usher_") else defaults
            section[key.replace("usher_", "").replace("_", "-")] = value
        servers = {"server puppet%d" % i: {"address": p.address}
                   for i, p in enumerate(peers, 1)}
        return {"usher": usher, "defaults": defaults, **servers}
    return config


@pytest.fixture
def usherd(peer, start_usherd, config_for):
    """One server, in service."""
    usherd = start_usherd(config_for(peer))
    usherd.wait_reply("up ready 100%")
    return usherd


@pytest.fixture
def port(cleanup):
    port = ReservedPort()
    cleanup.callback(port.close)
    return port


@pytest.fixture
def start_site(peer, port, start_usherd, start_haproxy, config_for):
    """None: the option isn't set."""
    def start(ready=None):
        usherd = start_usherd(config_for(
            peer, usher_agent_listen="127.0.0.1:%d" % port.number,
            usher_ready=ready))
        usherd.wait_fact("verdict", **{"is": "up"})
        return Site(usherd, peer, port.number, start_haproxy)
    return start


@pytest.fixture
def site(start_site):
    """With `ready = auto`, as the default is."""
    return start_site()
