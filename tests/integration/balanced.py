"""An usherd and the HAProxys that poll it, each from an address of its own."""

from haproxy import server_line

ONE, TWO = "127.0.0.2", "127.0.0.3"  # of HAProxys
UP = {"status": "no check", "weight": 100, "adm": 0, "op": 2}
DRAIN = {"status": "DRAIN (agent)", "weight": 100, "adm": 8, "op": 2}
MAINT = {"status": "MAINT", "weight": 100, "adm": 1}
DOWN = {"status": "DOWN (agent)", "adm": 0, "op": 0}
EMPTY = {"status": "no check", "weight": 0, "adm": 0, "op": 2}
TAKEN = {"drain": DRAIN, "maint": MAINT, "down": DOWN}
TAKEN_BY_WEIGHT = {"drain": EMPTY, "maint": EMPTY, "down": DOWN}
POLICIES = {"auto": TAKEN, "always": TAKEN, "never": TAKEN_BY_WEIGHT}


class Site:
    """An usherd whose port stays its own, and HAProxys that poll it."""

    def __init__(self, usherd, peer, port, start_haproxy):
        self.usherd = usherd
        self.start_haproxy = start_haproxy
        self.line = ["puppet1", peer.address, port]

    def haproxy(self, *more, source=ONE, states=""):
        line = server_line(*self.line, "source", source, *more)
        haproxy = self.start_haproxy(line, states=states)
        self.usherd.wait_polled(source)
        return haproxy

    def drained(self, *more):
        """An HAProxy that has been told a drain."""
        haproxy = self.haproxy()
        self.usherd.order("drain", *more)
        haproxy.wait_is("puppet1", **DRAIN)
        return haproxy

    def stays(self, haproxy, source=ONE, **fields):
        """HAProxy has heeded some replies more, and is as it was."""
        self.usherd.wait_polled(source)
        state = haproxy.state("puppet1")
        assert {k: state[k] for k in fields} == fields, state

    def restart(self):
        self.usherd.kill()
        self.usherd.start()
