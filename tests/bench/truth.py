"""How long it takes until what is true has reached HAProxy: four real ones,
that poll every second.
"""

import contextlib
import os
import random
import statistics
import tempfile
import time
from pathlib import Path

from programs import NAME, PKI, Peer

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
    default-server weight 100 agent-check agent-inter %dms
%s
"""


def config(peer):
    return {
        "usher": {"agent-listen": "127.0.0.1:0"},
        "server " + NAME: {
            "address": "127.0.0.1:%d" % peer.port, "tls-name": NAME,
            "ca-file": PKI / "ca.pem", "crl-file": PKI / "crl.pem"}}


def summary(times, period_ms):
    return {"n": len(times),
            "median_ms": round(1000 * statistics.median(times), 2),
            "max_ms": round(1000 * max(times), 2),
            "period_ms": period_ms,
            "ratio": round(1000 * statistics.median(times) / period_ms, 2),
            "max_ratio": round(1000 * max(times) / period_ms, 2)}


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
        line = server_line("puppet1", "127.0.0.1:%d" % self.peer.port,
                           self.usherd.agent_port,
                           "source 127.0.0.%d" % (i + 2))
        haproxy = HAProxy(HAPROXY % (AGENT_INTER_MS, line))
        self.stack.callback(haproxy.stop)
        return haproxy

    def wait_all(self, status):
        """Until all of them say so."""
        wait_until(lambda: all(
            h.stat("puppet1")["status"].startswith(status)
            for h in self.haproxys), "all %s" % status, every=LOOK_S)

    def die(self):
        """Puppet Server is killed; seconds until nobody sends it work."""
        self.peer.process.kill()
        began = time.monotonic()
        self.wait_all("DOWN")
        took = time.monotonic() - began
        self.peer.process.wait()
        self.peer.process.stdin.close()
        self.peer.process.stdout.close()
        return took

    def revive(self):
        """At another port, which HAProxy need not know: it only polls."""
        self.peer = Peer()
        self.usherd.configure(config(self.peer))
        self.usherd.order("reload")
        self.wait_all("no check")

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
    # From a probe just before: a pause, two short ones, a poll.
    return summary(times, INTERVAL_MS + (FALL - 1) * FAST_MS + AGENT_INTER_MS)


def drains(farm):
    return summary([anywhen(farm.drain) for _ in range(ROUNDS)],
                   AGENT_INTER_MS)


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
    found = summary(ordered, 1000 * statistics.median(bare))
    return {**found, "period_ms": round(found["period_ms"], 3),
            "bare_max_ms": round(1000 * max(bare), 2), "bytes": len(data)}


def measure():
    with contextlib.ExitStack() as stack:
        farm = Farm(stack)
        return {"dies": deaths(farm), "drain": drains(farm),
                "order": orders(farm)}


ROWS = (("dies", "Puppet Server dies -> DOWN on all of %d" % BALANCERS,
         "interval + 2 x fast-interval + agent-inter"),
        ("drain", "usherctl drain -> DRAIN on all of %d" % BALANCERS,
         "agent-inter"),
        ("order", "order -> durable reply",
         "write, fsync, rename, fsync of the same bytes"))


def show(found):
    for key, what, beside in ROWS:
        print("%s: median %.2f ms, max %.2f ms of %d; %.2f (max %.2f) times "
              "%s, %.2f ms" % (
                  what, found[key]["median_ms"], found[key]["max_ms"],
                  found[key]["n"], found[key]["ratio"],
                  found[key]["max_ratio"], beside, found[key]["period_ms"]))


def failed(_found):
    return False
