"""How long it takes until what is true has reached HAProxy: four real ones,
that poll every second.  Each has the same Puppet Server a second time, with a
check of its own, which is no more than a connection.
"""

import contextlib
import os
import random
import statistics
import tempfile
import time
from pathlib import Path

from programs import NAME, PKI, Peer
from table import Row, beside

from haproxy import HAProxy, server_line
from usherd import Usherd
from waiting import wait_until

BALANCERS = 4
AGENT_INTER_MS = 1000
INTERVAL_MS, FAST_MS, FALL = 2000, 500, 3  # usherd's defaults
ROUNDS, ORDERS = 5, 100
LOOK_S = 0.01

HAPROXY = """\
global
    stats socket {folder}/stats mode 600 level admin
defaults
    mode tcp
    timeout connect 5s
    timeout client  10s
    timeout server  10s
frontend puppet
    bind unix@{folder}/front
    default_backend puppet
backend puppet
    default-server weight 100
{servers}
"""
AGENT = "agent-check agent-inter %dms" % AGENT_INTER_MS
CHECK = "check inter %dms fastinter %dms fall %d rise 1" % (
    INTERVAL_MS, FAST_MS, FALL)


def config(peer):
    return {
        "usher": {"agent-listen": "127.0.0.1:0"},
        "server " + NAME: {
            "address": "127.0.0.1:%d" % peer.port, "tls-name": NAME,
            "ca-file": PKI / "ca.pem", "crl-file": PKI / "crl.pem"}}


def summary(times, others):
    """Of each pair."""
    def median_ms(values):
        return round(1000 * statistics.median(values), 3)

    return {"n": len(times), "median_ms": median_ms(times),
            "max_ms": round(1000 * max(times), 3),
            "beside_ms": median_ms(others),
            "beside_max_ms": round(1000 * max(others), 3),
            "ratio": round(statistics.median(
                a / b for a, b in zip(times, others)), 3)}


class Farm:
    """One usherd, and the HAProxys that poll it."""

    def __init__(self, stack):
        self.stack = stack
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        self.peer = Peer()
        stack.callback(lambda: self.peer.stop())
        self.usherd = Usherd(folder, config(self.peer))
        stack.callback(self.usherd.stop)
        self.usherd.wait_reply("up ready 100%")
        self.haproxys = [self.balancer(i) for i in range(BALANCERS)]

    def balancer(self, i):
        at = "127.0.0.1:%d" % self.peer.port
        lines = (server_line("puppet1", at, self.usherd.agent_port, AGENT,
                             "source 127.0.0.%d" % (i + 2)),
                 "    server checked %s %s" % (at, CHECK))
        haproxy = HAProxy(HAPROXY.replace("{servers}", "\n".join(lines)))
        self.stack.callback(haproxy.stop)
        return haproxy

    def wait_all(self, status, server="puppet1"):
        """Until all of them say so."""
        wait_until(lambda: self.all_say(status, server), "all %s" % status,
                   every=LOOK_S)

    def all_say(self, status, server):
        return all(h.stat(server)["status"].startswith(status)
                   for h in self.haproxys)

    def die(self):
        """Puppet Server is killed; seconds until nobody sends it work, by
        usherd's word and by HAProxy's own checks.
        """
        self.peer.process.kill()
        began = time.monotonic()
        took = {}

        def known():
            for server in ("puppet1", "checked"):
                if server not in took and self.all_say("DOWN", server):
                    took[server] = time.monotonic() - began
            return len(took) == 2
        wait_until(known, "all DOWN", every=LOOK_S)
        self.peer.process.wait()
        self.peer.process.stdin.close()
        self.peer.process.stdout.close()
        return took["puppet1"], took["checked"]

    def revive(self):
        """At another port, which usherd and the checks are told."""
        self.peer = Peer()
        self.usherd.configure(config(self.peer))
        self.usherd.order("reload")
        for haproxy in self.haproxys:
            haproxy.ask("set server puppet/checked addr 127.0.0.1 port %d"
                        % self.peer.port)
        self.wait_all("no check")
        self.wait_all("UP", "checked")

    def drain(self):
        began = time.monotonic()
        self.usherd.order("drain")
        self.wait_all("DRAIN")
        took = time.monotonic() - began
        self.usherd.order("auto")
        self.wait_all("no check")
        return took


def anywhen(work):
    """At any moment between two polls and two probes."""
    time.sleep(random.uniform(0, (INTERVAL_MS + AGENT_INTER_MS) / 1000))
    return work()


def deaths(farm):
    times = []
    for _ in range(ROUNDS):
        times.append(anywhen(farm.die))
        farm.revive()
    own, checked = zip(*times)
    return summary(own, checked)


def drains(farm):
    times = [anywhen(farm.drain) for _ in range(ROUNDS)]
    return summary(times, [AGENT_INTER_MS / 1000] * ROUNDS)


# --- an order, and its reply, which comes when it is on disk ---

def save(folder, data):
    """What a durable replacement takes, and no more."""
    new = folder / "new"
    fd = os.open(new, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600)
    os.write(fd, data)
    os.fsync(fd)
    os.close(fd)
    os.rename(new, folder / "bare")
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    os.fsync(fd)
    os.close(fd)


def timed(work):
    began = time.monotonic()
    work()
    return time.monotonic() - began


def orders(farm):
    """One and the other in turn, in the same folder."""
    ordered, bare = [], []
    for i in range(ORDERS):
        line = b"drain -m %d\n" % i
        said = []
        ordered.append(timed(lambda: said.append(farm.usherd.say(line))))
        if not said[0].startswith(b"ok"):
            raise RuntimeError("an order was not taken: %r" % said[0])
        data = (farm.usherd.state / "state.json").read_bytes()
        bare.append(timed(lambda: save(farm.usherd.state, data)))
    return {**summary(ordered, bare), "bytes": len(data)}


def measure():
    with contextlib.ExitStack() as stack:
        farm = Farm(stack)
        return {"dies": deaths(farm), "drain": drains(farm),
                "order": orders(farm)}


ROWS = (("dies", "Puppet Server dies, to DOWN in %d HAProxies" % BALANCERS,
         "HAProxy's own tcp check"),
        ("drain", "usherctl drain, to DRAIN in %d HAProxies" % BALANCERS,
         "agent-inter, as set"),
        ("order", "an order, to its reply, on disk by then",
         "write, fsync, rename, fsync"))


def rows(bench):
    for key, what, companion in ROWS:
        found = bench["truth"][key]
        yield Row(what + ": median", found["median_ms"], "ms", companion,
                  found["beside_ms"], found["ratio"])
        yield beside(what + ": longest of %d" % found["n"], found["max_ms"],
                     "ms", companion, found["beside_max_ms"])
