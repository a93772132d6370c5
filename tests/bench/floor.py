"""Polls as fast as they go, beside the least that anything can cost: a bare
epoll loop, a bare libuv responder, an agent in asyncio, and xinetd, which runs
a script for each.

All take their turns in the same minute, so that what else the machine does
falls on each of them.
"""

import contextlib
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

from programs import NAME, PKI, Peer, Polls, program

from ports import ReservedPort
from usherd import Usherd
from xinetd import Xinetd

HERE = Path(__file__).resolve().parent
AT_ONCE = (1, 32, 256)
ROUNDS, WARM_S, COUNTED_S = 9, 0.1, 0.5
SLOW_S = 1.5       # of xinetd
MANY = 1000000     # polls of usherd, in all
MANY_AT_ONCE, MANY_S = 32, 5  # what is wanting to that, so many at a time
REPLY = "up ready 100%"
# What is asked for, at 32 and 256 at once.
RATE_MIN, P99_MAX = 0.95, 1.25


class Listener:
    """A program that prints its port, and ends with its input."""

    def __init__(self, command):
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        self.port = int(self.process.stdout.readline())

    def stop(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait(10)


def config_of(peer):
    """For servers that are there, and are probed once."""
    return {
        "usher": {"agent-listen": "127.0.0.1:0"},
        "defaults": {
            "address": "127.0.0.1:%d" % peer.port, "tls-name": NAME,
            "ca-file": PKI / "ca.pem", "crl-file": PKI / "crl.pem",
            # A probe that comes too late would change the reply.
            "interval": "5m"}}


def start_usherd(folder, peer, how):
    """Asked, it has two servers at one port, so that a name is needed."""
    names = ("puppet1",) if how == "said" else ("puppet1", "puppet2")
    usherd = Usherd(folder, {
        **config_of(peer), **{"server " + name: {} for name in names}})
    usherd.wait_reply(REPLY, b"puppet1\n")
    return usherd


def start_all(how, stack):
    """{name: what listens at its port}, all that take turns; and xinetd."""
    folder = stack.enter_context(tempfile.TemporaryDirectory())
    peer = Peer()
    stack.callback(peer.stop)
    usherd = start_usherd(folder, peer, how)
    stack.callback(usherd.stop)
    started = {"epoll": Listener([program("floor"), how]),
               "libuv": Listener([program("floor_uv"), how]),
               "asyncio": Listener([sys.executable,
                                     HERE / "floor_asyncio.py", how])}
    port = ReservedPort()
    stack.callback(port.close)
    xinetd = Xinetd(folder, port.number, HERE / "floor-check", peer.port, how)
    for one in (*started.values(), xinetd):
        stack.callback(one.stop)
    ports = {name: one.port for name, one in started.items()}
    return {"usherd": usherd.agent_port, **ports}, xinetd


def polled(port, how, at_once, seconds):
    send = "puppet1" if how == "asked" else ""
    polls = Polls(port, [(send, REPLY)] * at_once, 0, WARM_S, seconds)
    try:
        return polls.result()
    finally:
        polls.stop()


def turns(ports, how, at_once):
    """{name: [what was polled in each round]}, one after the other."""
    found = {name: [] for name in ports}
    for _ in range(ROUNDS):
        for name, port in ports.items():
            found[name].append(polled(port, how, at_once, COUNTED_S))
    return found


def slow_turn(xinetd, how, at_once):
    """Alone: what it leaves undone must not fall on the others."""
    found = polled(xinetd.port, how, at_once, SLOW_S)
    xinetd.wait_idle()
    return found


def row(rounds, seconds, floor):
    """Medians; a ratio is one of two that were polled in the same breath."""
    def of(key):
        return round(statistics.median(getattr(r, key) for r in rounds))

    def per_s(r, span_s):
        return (r.polls - r.lost) / span_s

    pairs = list(zip(rounds, floor))
    rate = statistics.median(per_s(r, seconds) / per_s(f, COUNTED_S)
                             for r, f in pairs)
    p99 = statistics.median(r.p99_us / f.p99_us for r, f in pairs)
    return {"per_s": round(statistics.median(
                per_s(r, seconds) for r in rounds)),
            "p50_us": of("p50_us"), "p99_us": of("p99_us"),
            "p999_us": of("p999_us"),
            "rate_of_floor": round(rate, 4), "p99_of_floor": round(p99, 3),
            "polls": sum(r.polls for r in rounds),
            "lost": sum(r.lost for r in rounds),
            "wrong": sum(r.wrong for r in rounds)}


def rows_of(how, ports, xinetd):
    for at_once in AT_ONCE:
        found = turns(ports, how, at_once)
        slow = slow_turn(xinetd, how, at_once)
        floor = found["epoll"]
        this = {"how": how, "at_once": at_once}
        for name, rounds in found.items():
            yield {**this, "way": name, **row(rounds, COUNTED_S, floor)}
        yield {**this, "way": "xinetd", **row([slow], SLOW_S, floor)}


def many(port, how, polls):
    """At least so many."""
    found = []
    while sum(p.polls for p in found) < polls:
        found.append(polled(port, how, MANY_AT_ONCE, MANY_S))
    return found


def measure():
    rows, total = [], {"polls": 0, "wrong": 0, "lost": 0}
    for how in ("said", "asked"):
        with contextlib.ExitStack() as stack:
            ports, xinetd = start_all(how, stack)
            rows += rows_of(how, ports, xinetd)
            own = [r for r in rows
                   if (r["way"], r["how"]) == ("usherd", how)]
            polls = sum(r["polls"] for r in own)
            own += [m._asdict() for m in many(
                ports["usherd"], how, MANY // 2 - polls)]
            for key in total:
                total[key] += sum(r[key] for r in own)
    return {"rows": rows, "usherd": total}


def bars(found):
    """What is asked for: text, whether it is so."""
    for row in found["rows"]:
        if row["way"] == "usherd" and row["at_once"] > 1:
            yield ("%s, %d at once: rate %.2f of the floor's (%.2f asked for),"
                   " p99 %.2f (%.2f)" % (
                       row["how"], row["at_once"], row["rate_of_floor"],
                       RATE_MIN, row["p99_of_floor"], P99_MAX),
                   row["rate_of_floor"] >= RATE_MIN and
                   row["p99_of_floor"] <= P99_MAX)


def show(found):
    print("Polls as fast as they go; said: the line comes at once, asked: a "
          "name is sent first")
    print("%-6s %7s %-8s %8s %7s %7s %7s %7s %7s %6s" % (
        "", "at once", "", "polls/s", "floor", "p50 us", "p99 us", "floor",
        "p99.9", "lost"))
    for row in found["rows"]:
        print("%(how)-6s %(at_once)7d %(way)-8s %(per_s)8d %(rate_of_floor)7.2f"
              " %(p50_us)7d %(p99_us)7d %(p99_of_floor)7.2f %(p999_us)7d "
              "%(lost)6d" % row)
    for text, good in bars(found):
        print("%s: %s" % ("ok" if good else "MISSED", text))
    print("%(polls)d polls of usherd: %(wrong)d wrong, %(lost)d lost"
          % found["usherd"])


def failed(found):
    return bool(found["usherd"]["wrong"] or found["usherd"]["lost"])
