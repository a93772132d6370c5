"""From one server to ten thousand in one usherd, each probed every ten
seconds: what grows, and how.
"""

import contextlib
import tempfile
import time

import fleet
from programs import Peer, Polls, Usage
from size import config, cpu_s

from usherd import Usherd
from waiting import wait_until

SERVERS = (1, 10, 100, 1000, 10000)
POLLERS, POLL_MS = 100, 500
COUNTED_S = 6
RELOAD_S = 3  # of polls, with a reload in the middle
REST_S = 6
BRING_UP_S = 600


def poll(usherd, count, seconds):
    return Polls(usherd.agent_port, [
        (fleet.name_of(i * max(1, count // POLLERS) % count), "up ready 100%")
        for i in range(POLLERS)], POLL_MS, 0, seconds)


def seconds_of(work):
    began = time.monotonic()
    work()
    return round(time.monotonic() - began, 3)


def reload(usherd, count):
    """How long it takes, and how long a poll waits meanwhile."""
    polls = poll(usherd, count, RELOAD_S)
    try:
        time.sleep(RELOAD_S / 3)
        took_s = seconds_of(lambda: usherd.order("reload"))
        polled = polls.result()
    finally:
        polls.stop()
    return took_s, polled


def row(count):
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        peer = Peer()
        stack.callback(peer.stop)
        began = time.monotonic()
        usherd = Usherd(folder, config(peer, count, folder, "10s"))
        stack.callback(usherd.stop)
        usherd.wait_open()
        start_s = time.monotonic() - began
        wait_until(lambda: peer.served().requests >= count,
                   "all servers probed", BRING_UP_S, 0.05)
        wait_until(lambda: fleet.all_up(usherd), "all servers up",
                   BRING_UP_S, 2)
        up_s = time.monotonic() - began
        time.sleep(REST_S)
        return {"servers": count, "start_s": round(start_s, 3),
                "up_s": round(up_s, 2), **steady(usherd, peer, count)}


def steady(usherd, peer, count):
    pid = usherd.process.pid
    before, began = cpu_s(pid), time.monotonic()
    probes = peer.served().requests
    polls = poll(usherd, count, COUNTED_S)
    try:
        polled = polls.result()
    finally:
        polls.stop()
    spent, span = cpu_s(pid) - before, time.monotonic() - began
    probed = peer.served().requests - probes
    rss_kb = Usage.of(pid).rss_kb
    took_s, during = reload(usherd, count)
    return {"cpu_percent": round(100 * spent / span, 2),
            "probes_per_s": round(probed / span, 1), "rss_kb": rss_kb,
            "reload_s": took_s,
            "reload_longest_poll_ms": round(during.max_us / 1000, 1),
            **polled._asdict()}


def measure():
    return {"rows": [row(count) for count in SERVERS]}


COLUMNS = (
    ("servers", "servers"), ("starts in s", "start_s"),
    ("all up in s", "up_s"), ("CPU %", "cpu_percent"),
    ("probes/s", "probes_per_s"), ("RSS KB", "rss_kb"),
    ("reload s", "reload_s"), ("poll then ms", "reload_longest_poll_ms"),
    ("p50 us", "p50_us"), ("p99 us", "p99_us"), ("lost", "lost"),
    ("wrong", "wrong"))


def show(found):
    print("One usherd, interval 10 s, %d pollers every %d ms"
          % (POLLERS, POLL_MS))
    print("  ".join(title for title, _ in COLUMNS))
    for r in found["rows"]:
        print("  ".join(str(r[key]).rjust(len(title))
                        for title, key in COLUMNS))
    for key in ("start_s", "cpu_percent", "rss_kb", "reload_s"):
        print("%s: %s times that of ten times fewer servers" % (
            key, ", ".join("%.1f" % (b[key] / max(a[key], 1e-3)) for a, b in
                           zip(found["rows"], found["rows"][1:]))))


def failed(found):
    return any(r["wrong"] or r["lost"] for r in found["rows"])
