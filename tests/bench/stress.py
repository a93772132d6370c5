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

from floor import REPLY, Listener, config_of
from probes import CA, CERTIFICATE, KEY, Responder
from programs import NAME, Peer, Polls, program

from preload import Preloaded
from usherd import Usherd

ROUNDS, WARM_S, COUNTED_S = 3, 0.2, 1
SETTLE_S = 0.5  # what has just started is slower
TIMES = 4  # in each round, where a ratio is asked for
POLLERS, PAUSE_MS = 50, 25
HANDSHAKE_MS = 100
# Of two servers, since it counts from the end of a probe: that often at least.
INTERVAL_MS = 140
HANGING = 100  # servers
FSYNC_MS = 50
# What is asked for, with handshakes.
P99_MAX_MS, MEDIAN_MAX = 25, 1.1
HANDSHAKES = ("a full handshake every %d ms" % HANDSHAKE_MS,
              "the same, with a certificate of ours")
SLOW_DISK = "orders; fsync takes %d ms" % FSYNC_MS


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


def hangs(stack, peer):
    """Who takes connections, and says no word."""
    silent = stack.enter_context(socket.create_server(("127.0.0.1", 0),
                                                      backlog=4096))
    at = "127.0.0.1:%d" % silent.getsockname()[1]
    scene = Scene(stack, peer, {
        "server hanging%d" % i: {"address": at, "timeout": "1s",
                                 **every_time()} for i in range(HANGING)})
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
    "%d Puppet Servers hang" % HANGING: hangs,
    SLOW_DISK: slow_disk,
    "all cores busy, nice 0": busy_at(0),
    "all cores busy, nice 10": busy_at(10),
}


def polled(port):
    polls = Polls(port, [("polled", REPLY)] * POLLERS, PAUSE_MS, WARM_S,
                  COUNTED_S)
    try:
        return polls.result()
    finally:
        polls.stop()


def play(scene_of, peer, others, turn):
    """The scene's polls, those of each of the others, and what happened."""
    with contextlib.ExitStack() as stack:
        scene = scene_of(stack, peer)
        time.sleep(SETTLE_S)
        ports = [scene.usherd.agent_port, *others]
        before, began = scene.did(), time.monotonic()
        asked = {port: polled(port) for port in ports[turn:] + ports[:turn]}
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
                for _ in range(TIMES if name in HANDSHAKES else 1):
                    played[name].append(play(scene_of, peer, others, turn))
    return {"rows": [{"while": name, **row(rounds)}
                     for name, rounds in played.items()]}


def bars(found):
    """What is asked for: text, whether it is so."""
    for r in found["rows"]:
        if r["while"] in HANDSHAKES:
            median = r["p50_of_idle"]
            yield ("%s: p99 %.1f ms (%d asked for); median %.2f times that of "
                   "the idle usherd (%.1f); %.1f a second (%d)" % (
                       r["while"], r["p99_us"] / 1000, P99_MAX_MS, median,
                       MEDIAN_MAX, r["happened_per_s"], 1000 / HANDSHAKE_MS),
                   r["p99_us"] <= 1000 * P99_MAX_MS and median <= MEDIAN_MAX
                   and r["happened_per_s"] >= 1000 / HANDSHAKE_MS)


def show(found):
    print("%d polls a second, us, beside those of an usherd with nothing to do "
          "and of\nthe epoll loop in the same breath; while there is" % (
              POLLERS * 1000 / PAUSE_MS))
    print("%-36s %5s %5s %5s %6s %6s %6s %6s %4s %6s" % (
        "", "p50", "idle", "floor", "p99", "idle", "floor", "max", "lost",
        "of it"))
    for r in found["rows"]:
        print("%(while)-36s %(p50_us)5d %(idle_p50_us)5d %(floor_p50_us)5d "
              "%(p99_us)6d %(idle_p99_us)6d %(floor_p99_us)6d %(max_us)6d "
              "%(lost)4d %(happened_per_s)4.0f/s" % r)
    for text, good in bars(found):
        print("%s: %s" % ("ok" if good else "MISSED", text))


def failed(found):
    """Also where what the polls were to be beside has not happened."""
    return any(r["wrong"] or r["lost"] or
               (r["while"] in (*HANDSHAKES, SLOW_DISK)
                and not r["happened_per_s"]) for r in found["rows"])
