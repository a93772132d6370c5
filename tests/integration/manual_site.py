"""The hosts that the manual pages speak of: Puppet Servers, an usherd, two
HAProxys, and alice at a shell.
"""

import pytest

from balanced import ONE, TWO
from haproxy import server_line
from manual import Shell, context


class Site:
    """Servers by the names of a page, and who polls them."""

    def __init__(self, usherd, peers, start_haproxy, shell):
        self.usherd, self.peers, self.shell = usherd, peers, shell
        self.start_haproxy = start_haproxy

    def wait_up(self):
        for name in self.peers:
            self.usherd.wait_fact("verdict", server=name, **{"is": "up"})

    def peer(self):
        return next(iter(self.peers.values()))

    def haproxy(self, source=ONE):
        """One that polls all of them, and has been told."""
        haproxy = self.start_haproxy(*(
            server_line(name, peer.address, self.usherd.agent_port, "source",
                        source, 'agent-send "%s\\n"' % name)
            for name, peer in self.peers.items()))
        for name in self.peers:
            self.usherd.wait_polled(source, name)
        return haproxy

    def haproxies(self):
        return self.haproxy(ONE), self.haproxy(TWO)


@pytest.fixture
def start_pages(start_peer, start_usherd, start_haproxy, config_for, own_pki,
                tmp_path, cleanup):
    """Servers with these names, and a shell with commands that act.  They
    are in service, unless prepare(peer) has been at them.
    """
    def start(*names, acts=(), prepare=None, **options):
        peers = {name: start_peer(ctx=context(own_pki, name))
                 for name in names}
        config = config_for(
            tls_name=None, ca_file=own_pki.ca_file, crl_file=own_pki.crl_file,
            **{"usher_ready": "auto", **options})
        for name, peer in peers.items():
            if prepare:
                prepare(peer)
            config["server " + name] = {"address": peer.address}
        usherd = start_usherd(config)
        folder = tmp_path / "shell"
        folder.mkdir()
        shell = Shell(folder, usherd, *acts)
        cleanup.callback(shell.stop)
        site = Site(usherd, peers, start_haproxy, shell)
        if not prepare:
            site.wait_up()
        return site
    return start
