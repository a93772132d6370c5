"""From one server to ten thousand in one usherd, each probed every ten
seconds: what grows, and how.
"""

import contextlib
import tempfile
import time

import fleet
from programs import Peer, Polls, Usage, cpu_s
from size import config
from table import aim, bar, beside, none_of

from usherd import Usherd
from waiting import wait_until

SERVERS = (1, 10, 100, 1000, 10000)
INTERVAL_S = 10
POLLERS, POLL_MS = 100, 500
COUNTED_S = 2 * INTERVAL_S  # some two probes of each server
RELOAD_S = 3  # of polls, with a reload in the middle
REST_S = 6
BRING_UP_S = 600
RENEWED_S = 600  # a session (src/session.h)


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
    with poll(usherd, count, RELOAD_S) as polls:
        time.sleep(RELOAD_S / 3)
        return seconds_of(lambda: usherd.order("reload")), polls.result()


def row(count):
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        peer = Peer()
        stack.callback(peer.stop)
        began = time.monotonic()
        usherd = Usherd(folder, config(peer, count, folder,
                                       "%ds" % INTERVAL_S))
        stack.callback(usherd.stop)
        usherd.wait_open(every=0.001)
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
    with poll(usherd, count, COUNTED_S) as polls:
        polled = polls.result()
    spent, span = cpu_s(pid) - before, time.monotonic() - began
    probed = peer.served().requests - probes
    rss_kb = Usage.of(pid).rss_kb
    took_s, during = reload(usherd, count)
    return {"cpu_percent": round(100 * spent / span, 2),
            "probes_per_s": round(probed / span, 1), "rss_kb": rss_kb,
            "reload_s": took_s,
            "reload_longest_poll_ms": round(during.max_us / 1000, 1),
            **polled._asdict(),
            **{key: getattr(polled, key) + getattr(during, key)
               for key in ("polls", "wrong", "lost")}}


def measure():
    return {"rows": [row(count) for count in SERVERS]}


# --- the table ---

TEN = 10  # times as many servers
ENOUGH = 100  # of which two probes more or less are no matter
FIGURES = (("cpu_percent", 1, "CPU", "% of a core"),
           ("rss_kb", 1, "memory", "KB"), ("start_s", 1000, "start", "ms"),
           ("reload_s", 1000, "reload", "ms"),
           ("reload_longest_poll_ms", 1, "longest poll meanwhile", "ms"),
           ("p99_us", 1, "p99 of polls", "us"))


def rows(bench):
    found = bench["scale"]["rows"]
    for fewer, more in zip(found, found[1:]):
        for key, scale, what, unit in FIGURES:
            yield beside("{}, {:,} servers".format(what, more["servers"]),
                         scale * more[key], unit,
                         "{:,} of them".format(fewer["servers"]),
                         scale * fewer[key], aim("ratio", "<=", TEN))
    # A pause is up to a tenth longer than the interval (src/server.c).
    for one in found:
        if one["servers"] >= ENOUGH:
            yield beside("probes, {:,} servers".format(one["servers"]),
                         one["probes_per_s"], "/s", "as set",
                         one["servers"] / INTERVAL_S,
                         bar("ratio", ">=", 0.85))
    many = found[-1]
    yield beside("all of {:,} probed".format(many["servers"]), many["up_s"],
                 "s", "interval, as set", INTERVAL_S)
    if "probes" in bench:
        yield renewals(bench["probes"], many)
    yield none_of("polls lost or wrong",
                  sum(r["wrong"] + r["lost"] for r in found),
                  sum(r["polls"] for r in found))


def renewals(probes, many):
    """Computed: a full handshake for each server every ten minutes, of which
    none falls into what was counted.
    """
    full = probes["tls"]["TLSv1_2"]["anonymous"]["full"]["usherd_ms"]
    percent = 100 * many["servers"] * full / 1000 / RENEWED_S
    return beside("more CPU for new sessions, {:,} servers (computed)".format(
        many["servers"]), percent, "% of a core", "all other CPU",
        many["cpu_percent"])
