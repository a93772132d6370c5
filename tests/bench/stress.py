"""Polls while usherd has other things to do, or the machine has; beside another
usherd that has nothing to do, and the bare epoll loop of floor.c.  They are
asked in the same breath, each first, second and third, since what usherd does
keeps the machine from all of them.

One server is polled, which has its verdict; what happens happens to others.
All scenes are played in turn, several times over.
"""

import contextlib
import os
import socket
import statistics
import subprocess
import sys
import tempfile
import threading
import time
from pathlib import Path

from floor import REPLY, config_of
from probes import CA, CERTIFICATE, KEY, Responder
from programs import Listener, Peer, polled, program
from table import Row, aim, bar, beside, none_of

from preload import Preloaded
from usherd import Usherd
from waiting import wait_until

ROUNDS, WARM_S, COUNTED_S = 3, 0.2, 1
SETTLE_S = 0.5  # what has just started is slower
TIMES = 3  # in each round, where a ratio is asked for, or cores are busy
# Not all on one beat: those that were held up together would come together
# ever after, where so few stand for many HAProxies.  5 is what HAProxy's
# manual recommends at most.
POLLERS, PAUSE_MS, SPREAD_PERCENT = 50, 25, 5
HANDSHAKE_MS = 100
# Of two servers, since it counts from the end of a probe: that often at least.
INTERVAL_MS = 140
# Servers.  usherd calls no more than some 64 new ones a second, and each hangs
# so long that all of them do at once.
HANGING, HANG_S = 100, 3
FSYNC_MS = 50
# What is asked for, with handshakes.
P99_MAX_MS, MEDIAN_MAX = 25, 1.1
# Else what the polls were to be beside has not happened.
HAPPENS_PER_S = 1000 / HANDSHAKE_MS
HANDSHAKES = ("full handshakes", "full handshakes with a certificate of ours")
HANGS = "%d Puppet Servers that hang" % HANGING
SLOW_DISK = "orders, each fsync %d ms" % FSYNC_MS
BUSY = ("all cores busy at nice 0", "all cores busy at nice 10")
HAPPENS = (*HANDSHAKES, HANGS, SLOW_DISK)


class Scene:
    """An usherd whose first server is polled; `more` is its configuration
    beyond that.  did() is how much has happened by now.
    """

    def __init__(self, stack, peer, more, wrap=()):
        self.folder = stack.enter_context(tempfile.TemporaryDirectory())
        self.usherd = Usherd(self.folder, {
            **config_of(peer), "server polled": {}, **more}, wrap)
        stack.callback(self.usherd.stop)
        self.usherd.wait_reply(REPLY, b"polled\n")

    def did(self):
        return 0


# --- what usherd has to do ---

def calm(stack, peer):
    return Scene(stack, peer, {"server other": {}})


def handshakes_with(client):
    def handshakes(stack, peer):
        """Full ones, each time, for a server with a key of RSA 4096."""
        responder = Responder("TLSv1_2", "full", client)
        stack.callback(responder.stop)
        own = {"cert-file": CERTIFICATE, "key-file": KEY} if client else {}
        other = {"address": "127.0.0.1:%d" % responder.port,
                 **every_time(), **own}
        scene = Scene(stack, peer, {"server other": other,
                                    "server another": other})
        scene.did = lambda: responder.served().full
        return scene
    return handshakes


def every_time():
    return {key: "%dms" % INTERVAL_MS for key in ("interval", "fast-interval")}


class Silent:
    """Takes connections, counts them, and says no word."""

    def __init__(self, stack):
        self.taken = []
        self.listener = socket.create_server(("127.0.0.1", 0), backlog=4096)
        self.port = self.listener.getsockname()[1]
        thread = threading.Thread(target=self.take)
        thread.start()
        stack.callback(thread.join)
        stack.callback(self.listener.shutdown, socket.SHUT_RDWR)

    def take(self):
        with contextlib.ExitStack() as stack, self.listener:
            # Until it is shut down.
            with contextlib.suppress(OSError):
                while True:
                    taken, _ = self.listener.accept()
                    self.taken.append(stack.enter_context(taken))


def hangs(stack, peer):
    """All at once, from the scene's begin on."""
    silent = Silent(stack)
    scene = Scene(stack, peer, {
        "server hanging%d" % i: {"address": "127.0.0.1:%d" % silent.port,
                                 "timeout": "%ds" % HANG_S,
                                 **every_time()} for i in range(HANGING)})
    scene.did = lambda: len(silent.taken)
    wait_until(lambda: scene.did() >= HANGING, scene.usherd.log)
    return scene


def slow_disk(stack, peer):
    """Orders for another server, one after the other."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    disk = Preloaded(folder, Path(__file__).with_name("slow_disk.c"),
                     "SLOW_DISK", 2)
    disk.put(0, FSYNC_MS)
    scene = Scene(stack, peer, {"server other": {}}, disk.wrap)
    over = threading.Event()

    def give_orders():
        while not over.is_set():
            scene.usherd.say(b"drain other -m stress\n")
    orders = threading.Thread(target=give_orders)
    orders.start()
    stack.callback(orders.join)
    stack.callback(over.set)
    scene.did = lambda: disk.get(1)
    return scene


# --- what the machine has to do ---

def busy_at(nice):
    def busy(stack, peer):
        for _ in range(os.cpu_count()):
            process = subprocess.Popen([
                "setpriv", "--pdeathsig", "KILL", "nice", "-n", str(nice),
                sys.executable, "-c", "while True: pass"])
            stack.callback(process.wait)
            stack.callback(process.kill)
        return calm(stack, peer)
    return busy


SCENES = {
    "nothing else": calm,
    HANDSHAKES[0]: handshakes_with(False),
    HANDSHAKES[1]: handshakes_with(True),
    HANGS: hangs,
    SLOW_DISK: slow_disk,
    BUSY[0]: busy_at(0),
    BUSY[1]: busy_at(10),
}


def poll(port):
    return polled(port, [("polled", REPLY)] * POLLERS, PAUSE_MS, WARM_S,
                  COUNTED_S, SPREAD_PERCENT)


def play(scene_of, peer, others, turn):
    """The scene's polls, those of each of the others, and what happened."""
    with contextlib.ExitStack() as stack:
        scene = scene_of(stack, peer)
        time.sleep(SETTLE_S)
        ports = [scene.usherd.agent_port, *others]
        before, began = scene.did(), time.monotonic()
        asked = {port: poll(port) for port in ports[turn:] + ports[:turn]}
        did, span_s = scene.did() - before, time.monotonic() - began
        return [asked[port] for port in ports], did / span_s


def row(rounds):
    """Medians; a ratio is one of two that were polled in the same breath."""
    asked, per_s = zip(*rounds)
    own, idle, floor = zip(*asked)

    def of(polls, key):
        return round(statistics.median(getattr(p, key) for p in polls))

    def ratio(others, key):
        return round(statistics.median(
            getattr(one, key) / getattr(other, key)
            for one, other in zip(own, others)), 3)
    return {"p50_us": of(own, "p50_us"), "p99_us": of(own, "p99_us"),
            "max_us": max(p.max_us for p in own),
            "idle_p50_us": of(idle, "p50_us"),
            "idle_p99_us": of(idle, "p99_us"),
            "floor_p50_us": of(floor, "p50_us"),
            "floor_p99_us": of(floor, "p99_us"),
            "p50_of_idle": ratio(idle, "p50_us"),
            "p99_of_idle": ratio(idle, "p99_us"),
            "p50_of_floor": ratio(floor, "p50_us"),
            "p99_of_floor": ratio(floor, "p99_us"),
            "polls": sum(p.polls for p in own),
            "wrong": sum(p.wrong for p in own),
            "lost": sum(p.lost for p in own),
            "happened_per_s": round(statistics.median(per_s), 1)}


def measure():
    played = {name: [] for name in SCENES}
    with contextlib.ExitStack() as stack:
        peer = Peer()
        stack.callback(peer.stop)
        floor = Listener([program("floor"), "asked"])
        stack.callback(floor.stop)
        others = [calm(stack, peer).usherd.agent_port, floor.port]
        for turn in range(ROUNDS):
            for name, scene_of in SCENES.items():
                for _ in range(TIMES if name in HANDSHAKES + BUSY else 1):
                    played[name].append(play(scene_of, peer, others, turn))
    return {"rows": [{"while": name, **row(rounds)}
                     for name, rounds in played.items()]}


# --- the table ---

def rows(bench):
    found = bench["stress"]["rows"]
    for r in found:
        yield from waits(r)
        if r["while"] in HAPPENS:
            yield beside("how often: " + r["while"], r["happened_per_s"],
                         "/s", "asked for", HAPPENS_PER_S,
                         bar("value", ">=", HAPPENS_PER_S))
    yield none_of("polls lost or wrong",
                  sum(r["wrong"] + r["lost"] for r in found),
                  sum(r["polls"] for r in found))


def waits(r):
    """Of polls, beside what is polled in the same breath."""
    median = longest = None
    if r["while"] in HANDSHAKES:
        median = aim("ratio", "<=", MEDIAN_MAX)
        longest = aim("value", "<=", P99_MAX_MS)
    for key, other, companion, asked in (
            ("p50_us", "idle", "idle usherd", median),
            ("p99_us", "idle", "idle usherd", longest),
            ("p99_us", "floor", "epoll loop", None)):
        yield Row("%s of polls, %s" % (key[:3], r["while"]),
                  r[key] / 1000, "ms", companion,
                  r["%s_%s" % (other, key)] / 1000,
                  r["%s_of_%s" % (key[:3], other)], asked)
