"""One usherd for many servers: what each further one costs, and what polls
notice of it.

The same number of polls comes to one server and to a thousand, so that what
differs is the servers.
"""

import contextlib
import json
import tempfile
import time
from pathlib import Path

from programs import NAME, PKI, Peer, Polls, Usage
from table import beside, none_of

from usherd import Usherd
from waiting import wait_until

SERVERS = (1, 1000)
POLLERS = 1000
INTERVAL_MS = 2000  # of the probes and of the polls
WARM_S = 5          # every poller has an interval that usherd knows
COUNTED_S = 15
BRING_UP_S = 120


def name_of(i):
    return "puppet%04d.test" % i


def percent_of(i):
    return 1 + i % 99


def orders(count):
    """A state file in which each server has a weight, with its own name as the
    reason.
    """
    return json.dumps({"version": 1, "servers": {
        name_of(i): {"ceiling": {
            "kind": "weight", "who": "bench", "why": name_of(i),
            "since": int(time.time()), "until": 0, "percent": percent_of(i),
            "left": False}}
        for i in range(count)}})


def reply_of(i):
    return "up ready %d%% # weight by bench: %s" % (percent_of(i), name_of(i))


def config(peer, count, folder):
    return {
        "usher": {"agent-listen": "127.0.0.1:0",
                  "state-dir": folder},
        "defaults": {
            "address": "127.0.0.1:%d" % peer.port, "tls-name": NAME,
            "ca-file": PKI / "ca.pem", "crl-file": PKI / "crl.pem",
            "interval": "%dms" % INTERVAL_MS},
        **{"server " + name_of(i): {} for i in range(count)}}


def all_up(usherd):
    servers = json.loads(usherd.order("status", "-j"))["servers"]
    return all(s["verdict"] == "up" for s in servers)


def row(count):
    """Starts `count` servers, polls them, and stops them."""
    with contextlib.ExitStack() as stack:
        folder = stack.enter_context(tempfile.TemporaryDirectory())
        peer = Peer()
        stack.callback(peer.stop)
        Path(folder, "state.json").write_text(orders(count))
        began = time.monotonic()
        usherd = Usherd(folder, config(peer, count, folder))
        stack.callback(usherd.stop)
        wait_until(lambda: all_up(usherd), "all servers up", BRING_UP_S, 0.2)
        ready_s = time.monotonic() - began
        return counted(usherd, peer, count, ready_s, stack)


def counted(usherd, peer, count, ready_s, stack):
    expected = [(name_of(i % count), reply_of(i % count))
                for i in range(POLLERS)]
    pid = usherd.process.pid
    start = peer.served()
    polls = stack.enter_context(Polls(
        usherd.agent_port, expected, INTERVAL_MS, WARM_S, COUNTED_S))
    time.sleep(WARM_S)
    before, served_before = Usage.of(pid), peer.served()
    polled = polls.result()
    after, served = Usage.of(pid), peer.served()
    span = after.at - before.at
    cpu_s = after.cpu_s - before.cpu_s
    probes = served.requests - served_before.requests
    return {
        "servers": count,
        "interval_ms": INTERVAL_MS,
        "ready_s": round(ready_s, 2),
        "first_full_handshakes": start.full,
        "first_failed_handshakes": start.failed,
        "span_s": round(span, 2),
        "probes": probes,
        "probes_per_s": round(probes / span, 1),
        "full_handshakes": served.full - served_before.full,
        "resumed_handshakes": served.resumed - served_before.resumed,
        "failed_handshakes": served.failed - served_before.failed,
        "cpu_s": round(cpu_s, 2),
        "cpu_percent": round(100 * cpu_s / span, 1),
        "rss_kb": after.rss_kb,
        **polled._asdict(),
    }


def measure():
    return {"rows": [row(count) for count in SERVERS]}


FIGURES = (("rss_kb", "memory", "KB"), ("cpu_percent", "CPU", "% of a core"),
           ("p50_us", "p50 of polls", "us"), ("p99_us", "p99 of polls", "us"))


def rows(bench):
    one, many = found = bench["fleet"]["rows"]
    for key, what, unit in FIGURES:
        yield beside("{}, {:,} servers".format(what, many["servers"]),
                     many[key], unit, "one server", one[key])
    yield none_of("polls lost or wrong",
                  sum(r["wrong"] + r["lost"] for r in found),
                  sum(r["polls"] for r in found))
